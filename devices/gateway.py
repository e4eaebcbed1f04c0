"""Where a vendor's agent, in any language, connects and becomes devices like any other."""

from __future__ import annotations

import contextlib
import logging
from typing import Final

from devices.credentials import AgentCredential
from devices.drivers.agent import wire
from devices.drivers.agent.driver import (
    DEFAULT_TIMING,
    AgentDriver,
    AgentTiming,
    receive_hello,
)
from devices.drivers.agent.ledger import Ledgers
from devices.errors import DeviceBusyError, DeviceError, DeviceLostError, UnauthorisedError
from devices.readings import Assurance
from devices.supervisor import DeviceSupervisor
from devices.transports.messages import CloseCode, ConnectionClosedError, MessageConnection

log = logging.getLogger(__name__)

ENDED_NORMALLY: Final = "released"


class DeviceGateway:
    """Runs agents' connections. One for all lanes; it remembers their events across reconnects."""

    def __init__(
        self,
        supervisor: DeviceSupervisor,
        *,
        timing: AgentTiming = DEFAULT_TIMING,
    ) -> None:
        """Connect agents to the lanes of `supervisor`."""
        self._supervisor = supervisor
        self._timing = timing
        self._ledgers = Ledgers()

    async def serve(self, connection: MessageConnection, credential: AgentCredential) -> str:
        """Run one authenticated connection until it ends; it is closed then.

        Returns the code of why it ended (`released`, `closed`, `heartbeat_missed`, `id_taken`,
        `unauthorised` and so on), for logs and counters. Raises nothing but CancelledError.
        """
        try:
            hello = await receive_hello(connection, credential, timeout=self._timing.hello)
            driver = AgentDriver(
                connection,
                hello,
                credential,
                epoch=self._supervisor.new_epoch(),
                ledgers=self._ledgers.of(credential.agent_id),
                assurance=Assurance.CHANNEL,
                timing=self._timing,
            )
            await self._supervisor.serve(driver)
        except DeviceError as error:
            await self._refuse(connection, error)
            log.info("agent %s ended: %s", credential.agent_id, error)
            return error.why or error.code.value
        finally:
            await connection.close(CloseCode.GOING_AWAY, "")  # harmless if closed for a reason
        return ENDED_NORMALLY

    async def _refuse(self, connection: MessageConnection, error: DeviceError) -> None:
        """Tell the agent why, if it still listens."""
        match error:
            case DeviceLostError():
                code = CloseCode.GOING_AWAY
            case DeviceBusyError():
                code = CloseCode.TRY_AGAIN_LATER
            case UnauthorisedError():
                code = CloseCode.POLICY_VIOLATION
            case _:
                code = CloseCode.PROTOCOL_ERROR
        reason = error.why or error.code.value
        with contextlib.suppress(ConnectionClosedError, TimeoutError):
            await connection.send(wire.encode(wire.Error(reason)), self._timing.send)
        await connection.close(code, reason)
