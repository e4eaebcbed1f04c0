"""The driver of everything that connects as an agent: one connection, one or more devices.

It speaks `wire` over any `MessageConnection`: a WebSocket through the gateway, a folder through
its bridge, memory in tests. Above the transport all of them run this code.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from devices.credentials import AgentCredential
from devices.drivers.agent import wire
from devices.drivers.agent.devices import AgentDevice, make_device
from devices.drivers.agent.ledger import AgentLedgers, EventLedger
from devices.drivers.agent.link import AgentLink
from devices.errors import (
    DeviceError,
    DeviceLostError,
    DeviceTimeoutError,
    ProtocolViolationError,
    UnauthorisedError,
)
from devices.lifecycle import Change, DeviceState
from devices.protocols import Device, DeviceInfo, Driver
from devices.readings import Assurance, Origin, more_adverse
from devices.tasks import first_of
from devices.transports.messages import CloseCode, ConnectionClosedError, MessageConnection


@dataclass(frozen=True, slots=True)
class AgentTiming:
    """How long the driver waits, in seconds."""

    hello: float = 5.0  # from the connection to the first message
    send: float = 5.0  # for one message to be taken
    heartbeat: float = 5.0  # between a pong and the next ping
    pong: float = 5.0  # from a ping to its pong


DEFAULT_TIMING = AgentTiming()


async def receive_hello(
    connection: MessageConnection, credential: AgentCredential, *, timeout: float
) -> wire.Hello:
    """Wait for an agent's first message and check it against its credential.

    Raises device_timeout, device_lost, protocol_violation and unauthorised.
    """
    agent = credential.agent_id
    try:
        message = wire.decode_from_agent(await connection.receive(timeout))
    except TimeoutError as error:
        raise DeviceTimeoutError(agent, "hello") from error
    except ConnectionClosedError as error:
        raise DeviceLostError(agent, "closed") from error
    except wire.WireError as error:
        raise ProtocolViolationError(agent, error.code) from error
    if not isinstance(message, wire.Hello):
        raise ProtocolViolationError(agent, "hello_expected")
    if message.lane_id != credential.lane_id:
        raise UnauthorisedError(agent, "other_lane")
    if any(device.capability not in credential.capabilities for device in message.devices):
        raise UnauthorisedError(agent, "capability")
    return message


@dataclass(slots=True)
class _Counted:
    """What the driver keeps per device besides the device itself."""

    device: AgentDevice
    ledger: EventLedger
    last_sequence: int = -1


class AgentDriver(Driver):
    """One agent's connection, after its hello was accepted."""

    def __init__(
        self,
        connection: MessageConnection,
        hello: wire.Hello,
        credential: AgentCredential,
        *,
        epoch: int,
        ledgers: AgentLedgers,
        assurance: Assurance,
        timing: AgentTiming,
        name: str = "agent",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make devices of what `hello` declares; `name` is the driver's in the registry."""
        self._timing = timing
        self._clock = clock
        self._lane_id = credential.lane_id
        self._epoch = epoch
        self._link = AgentLink(connection, credential.agent_id, send_timeout=timing.send)
        self._released = asyncio.Event()
        self._counted: dict[str, _Counted] = {}
        for declared in hello.devices:
            info = DeviceInfo(
                device_id=declared.device_id,
                lane_id=credential.lane_id,
                capability=declared.capability,
                model=declared.model,
                driver=name,
                provenance=more_adverse(declared.provenance, credential.provenance),
                assurance=assurance,
                epoch=epoch,
            )
            device = make_device(info, self._link)
            self._counted[info.device_id] = _Counted(device, ledgers.of(info.device_id))

    @property
    def devices(self) -> Sequence[Device]:
        """The devices behind this connection."""
        return tuple(counted.device for counted in self._counted.values())

    def on_change(self, listener: Callable[[Device], None]) -> None:
        """Have `listener` called when the state of a device changes."""
        for counted in self._counted.values():
            counted.device.on_change(listener)

    async def release(self) -> None:
        """Close the connection and let run() return."""
        self._released.set()

    async def run(self) -> None:
        """Serve until released; raises the DeviceError that ended the connection."""
        why = "unexpected"
        try:
            await self._link.send(wire.Welcome(wire.PROTOCOL_VERSION, self._epoch, self._lane_id))
            for counted in self._counted.values():
                if counted.device.lifecycle.state is DeviceState.STARTING:
                    counted.device.advance(Change.CONNECTED)
            await first_of(self._read(), self._keep_alive(), self._until_released())
            why = ""
        except DeviceError as error:
            why = error.why or error.code
            raise
        except asyncio.CancelledError:
            why = "cancelled"
            raise
        finally:
            change = Change.CONNECTION_LOST if why else Change.RELEASED
            for counted in self._counted.values():
                counted.device.end(change, why)
            self._link.end(why or "released")
            if not why:
                await self._link.connection.close(CloseCode.NORMAL, "released")

    async def _until_released(self) -> None:
        await self._released.wait()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._timing.heartbeat)
            try:
                await self._link.ping(self._timing.pong)
            except TimeoutError as error:
                raise DeviceLostError(self._link.agent_id, "heartbeat_missed") from error

    async def _read(self) -> None:
        agent = self._link.agent_id
        while True:
            try:
                text = await self._link.connection.receive(self._timing.heartbeat)
                received_at = self._clock()
                message = wire.decode_from_agent(text)
            except TimeoutError:
                continue  # silence is the heartbeat's business
            except ConnectionClosedError as error:
                raise DeviceLostError(agent, "closed") from error
            except wire.WireError as error:
                raise ProtocolViolationError(agent, error.code) from error
            await self._handle(message, received_at)

    async def _handle(self, message: wire.AgentMessage, received_at: float) -> None:
        match message:
            case wire.Hello():
                raise ProtocolViolationError(self._link.agent_id, "second_hello")
            case wire.Pong():
                self._link.pong(message.token)
            case wire.PrintResult():
                counted = self._counted.get(message.device_id)
                if counted is not None:
                    counted.device.take_print_result(message)
            case (
                wire.DocumentScanned()
                | wire.FaceCaptured()
                | wire.CaptureFailed()
                | wire.DeviceStateReported()
            ):
                outcome, code = self._take(message, received_at)
                header = message.header
                await self._link.send(wire.Ack(header.device_id, header.event_id, outcome, code))
            case _:
                assert_never(message)

    def _take(
        self, event: wire.AgentEvent, received_at: float
    ) -> tuple[wire.AckOutcome, wire.Rejection | None]:
        header = event.header
        counted = self._counted.get(header.device_id)
        if counted is None:
            return wire.AckOutcome.REJECTED, wire.Rejection.UNKNOWN_DEVICE
        if header.event_id in counted.ledger:
            return wire.AckOutcome.DUPLICATE, None
        if header.sequence <= counted.last_sequence:
            return wire.AckOutcome.REJECTED, wire.Rejection.SEQUENCE_BACKWARDS
        info = counted.device.info
        origin = Origin(
            device_id=info.device_id,
            lane_id=info.lane_id,
            epoch=info.epoch,
            sequence=header.sequence,
            event_id=header.event_id,
            provenance=info.provenance,
            assurance=info.assurance,
            captured_at=header.captured_at,
            received_at=received_at,
        )
        rejection = counted.device.take(event, origin)
        if rejection is not None:
            return wire.AckOutcome.REJECTED, rejection
        counted.ledger.accept(header.event_id)
        counted.last_sequence = header.sequence
        return wire.AckOutcome.ACCEPTED, None
