"""A simulated lane in real time: an agent that connects to the service as a vendor's would."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn, TypeAlias, TypeVar

from devices.drivers.agent import wire
from devices.readings import MediaType, Picture
from simulators.hosts.channel import AgentChannel, ChannelClosedError, WebSocketChannel
from simulators.interfaces.agent import AgentInterface, LaneIds, LaneModels
from simulators.models.camera import AgentUnplugged
from simulators.models.document_reader import PlacedDocument
from simulators.models.faults import Fault

TICK = 0.01
"""Seconds that the models move at a time, and between two steps."""

_SEND_TIMEOUT = 5.0
_SILENCE = 60.0  # seconds; how often the wait for the service's messages is renewed
_REMEMBERED = 256  # signals, acknowledgements and receipts that are kept for whoever asks

T = TypeVar("T")

Connector: TypeAlias = Callable[[float], Awaitable[AgentChannel]]
"""Opens a connection within so many seconds; raises ChannelClosedError or TimeoutError."""


@dataclass(frozen=True, slots=True)
class ShownSignal:
    """A signal as it arrived at the agent."""

    signal: wire.Signal
    session_id: str | None
    at: float  # time.monotonic() seconds


class SimulatedAgent:
    """Connects a lane's models to the service, and lets a scenario act on them.

    Scenarios call `connect`, `set_face`, `present_document` and `wait_signal`; no wait is
    without its timeout. What arrived before a document was presented is not waited for.
    """

    def __init__(
        self,
        lane_id: str,
        connector: Connector,
        *,
        models: LaneModels | None = None,
        claims: wire.Provenance = wire.Provenance.SIMULATED,
        run_id: str | None = None,
        has_camera: bool = True,
    ) -> None:
        """Prepare an agent; `claims` is what it says of itself, which no credential must trust.

        Without a camera the lane is to have one from elsewhere.
        """
        self._models = models or LaneModels()
        self._interface = AgentInterface(
            lane_id,
            self._models,
            run_id=run_id or uuid.uuid4().hex,
            claims=claims,
            has_camera=has_camera,
        )
        self._connector = connector
        self._channel: AgentChannel | None = None
        self._running: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._arrived = asyncio.Condition()
        self._signals: deque[ShownSignal] = deque(maxlen=_REMEMBERED)
        self._receipts: deque[wire.Receipt] = deque(maxlen=_REMEMBERED)
        self.acks: deque[wire.Ack] = deque(maxlen=_REMEMBERED)
        self._scan_event_id = ""  # of the document that was presented last
        self.epoch: int | None = None  # of the current connection
        self.face_sent_at: float | None = None  # time.monotonic() before the last face was sent
        self.ended_by: str = ""  # the code with which the service ended the last connection

    @classmethod
    def over_websocket(
        cls,
        url: str,
        token: str,
        lane_id: str,
        *,
        models: LaneModels | None = None,
        has_camera: bool = True,
    ) -> SimulatedAgent:
        """Make an agent for a service at `ws://host:port/v1/devices/gateway`."""

        async def open_channel(seconds: float) -> AgentChannel:
            return await WebSocketChannel.open(url, token, timeout=seconds)

        return cls(lane_id, open_channel, models=models, has_camera=has_camera)

    @property
    def ids(self) -> LaneIds:
        """The device ids of the lane."""
        return self._interface.ids

    @property
    def is_connected(self) -> bool:
        """Whether the service has welcomed the agent and not gone since."""
        return self.epoch is not None

    async def connect(self, *, timeout: float = 10.0) -> None:
        """Connect and wait until the lane has its devices.

        Raises ChannelClosedError (refused, see `ended_by`) and TimeoutError.
        """
        await self.disconnect()
        self.ended_by = ""
        async with asyncio.timeout(timeout):
            channel = await self._connector(timeout)
            try:
                await channel.send(wire.encode(self._interface.hello()), timeout)
                answer = wire.decode_from_service(await channel.receive(timeout))
                if isinstance(answer, wire.Error):
                    self.ended_by = answer.code
                if not isinstance(answer, wire.Welcome):
                    raise ChannelClosedError(self.ended_by or "no_welcome")
            except BaseException:
                await channel.close()
                raise
        self._channel, self.epoch = channel, answer.epoch
        self._running = asyncio.ensure_future(self._run(channel))
        events = self._interface.connected(_now())
        for event in events:
            await self._send(channel, event)
        # The service that acknowledges has the lane's devices in use.
        told = {event.header.event_id for event in events}
        await self._wait(lambda: told <= {ack.event_id for ack in self.acks} or None, timeout)

    async def disconnect(self) -> None:
        """Pull the cable; harmless without a connection."""
        self.epoch = None
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    async def wait_disconnected(self, *, timeout: float) -> None:
        """Wait until the connection has ended, from whichever side."""
        await self._wait(lambda: None if self.is_connected else True, timeout)

    def set_face(self, data: bytes | None) -> None:
        """Have a person (a JPEG or PNG file's bytes) before the camera, or nobody."""
        if data is None:
            self._models.camera.face = None
            return
        is_png = data.startswith(b"\x89PNG\r\n\x1a\n")
        self._models.camera.face = Picture(MediaType.PNG if is_png else MediaType.JPEG, data)

    def inject(self, fault: Fault) -> None:
        """Break something until clear(); a new fault replaces the old one."""
        self._interface.inject(fault)

    async def clear(self) -> None:
        """Repair everything, and tell the service where it needs to know."""
        messages = self._interface.clear(_now())
        if self._channel is not None and self.is_connected:
            for message in messages:
                await self._send(self._channel, message)

    async def present_document(
        self, mrz_lines: Sequence[str], *, pages: Sequence[Picture] = (), timeout: float = 5.0
    ) -> wire.Ack:
        """Put a document on the reader; returns how the service acknowledged its scan.

        Like all waits it raises TimeoutError, and ChannelClosedError without a connection.
        """
        if not self.is_connected:
            raise ChannelClosedError(self.ended_by or "closed")
        self._signals.clear()
        self._receipts.clear()
        self._scan_event_id = ""
        self._models.reader.place(PlacedDocument(tuple(mrz_lines), tuple(pages)))
        self._wake.set()

        def acknowledged() -> wire.Ack | None:
            return next((ack for ack in self.acks if ack.event_id == self._scan_event_id), None)

        return await self._wait(acknowledged, timeout)

    async def wait_signal(
        self, signals: Collection[wire.Signal], *, timeout: float, session_id: str | None = None
    ) -> ShownSignal:
        """Wait until one of `signals` was shown (for that session, if one is given)."""

        def shown() -> ShownSignal | None:
            for each in self._signals:
                if each.signal in signals and session_id in (None, each.session_id):
                    return each
            return None

        return await self._wait(shown, timeout)

    async def wait_receipt(self, *, timeout: float) -> wire.Receipt:
        """Wait for the receipt of the document that was presented last."""
        return await self._wait(lambda: self._receipts[0] if self._receipts else None, timeout)

    async def _wait(self, look: Callable[[], T | None], timeout: float) -> T:
        async with asyncio.timeout(timeout), self._arrived:
            while True:
                found = look()
                if found is not None:
                    return found
                if not self.is_connected:
                    raise ChannelClosedError(self.ended_by or "closed")
                await self._arrived.wait()

    async def _run(self, channel: AgentChannel) -> None:
        """Listen and step until the connection ends."""
        listening = asyncio.ensure_future(self._listen(channel))
        stepping = asyncio.ensure_future(self._step(channel))
        both = (listening, stepping)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            ends = await asyncio.gather(*both, return_exceptions=True)
            self.epoch = None
            with contextlib.suppress(ChannelClosedError):
                await channel.close()
            async with self._arrived:
                self._arrived.notify_all()
        for end in ends:
            if isinstance(end, Exception) and not isinstance(end, ChannelClosedError):
                raise end

    async def _listen(self, channel: AgentChannel) -> NoReturn:
        while True:
            try:
                message = wire.decode_from_service(await channel.receive(_SILENCE))
            except TimeoutError:
                continue
            at = time.monotonic()
            for answer in self._interface.take(message):
                await self._send(channel, answer)
            self._wake.set()
            async with self._arrived:
                self._remember(message, at)
                self._arrived.notify_all()

    def _remember(self, message: wire.ServiceMessage, at: float) -> None:
        match message:
            case wire.Indicate():
                self._signals.append(ShownSignal(message.signal, message.session_id, at))
            case wire.Print():
                self._receipts.append(message.receipt)
            case wire.Ack():
                self.acks.append(message)
            case wire.Error():
                self.ended_by = message.code
            case _:
                pass  # nobody asks for the others

    async def _step(self, channel: AgentChannel) -> None:
        while True:
            if not self._interface.is_moving:
                self._wake.clear()
                await self._wake.wait()
            await asyncio.sleep(TICK)
            for output in self._interface.step(TICK, _now()):
                if isinstance(output, AgentUnplugged):
                    return
                if isinstance(output, wire.DocumentScanned):
                    self._scan_event_id = output.header.event_id
                if isinstance(output, wire.FaceCaptured):
                    self.face_sent_at = time.monotonic()
                await self._send(channel, output)

    @staticmethod
    async def _send(channel: AgentChannel, message: wire.AgentMessage) -> None:
        await channel.send(wire.encode(message), _SEND_TIMEOUT)


def _now() -> datetime:
    return datetime.now(UTC)
