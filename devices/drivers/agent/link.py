"""What the devices of one agent share: sending on their connection, and pinging through it."""

from __future__ import annotations

import asyncio
import logging
import uuid

from devices.drivers.agent import wire
from devices.errors import DeviceLostError
from devices.transports.messages import ConnectionClosedError, MessageConnection

log = logging.getLogger(__name__)


class AgentLink:
    """The sending half of a connection."""

    def __init__(
        self, connection: MessageConnection, agent_id: str, *, send_timeout: float
    ) -> None:
        """Send on `connection`; a message that is not taken in `send_timeout` s ends it."""
        self.agent_id = agent_id
        self.connection = connection
        self._send_timeout = send_timeout
        self._sending = asyncio.Lock()
        self._pings: dict[str, asyncio.Future[None]] = {}
        self._posts: set[asyncio.Task[None]] = set()

    async def send(self, message: wire.ServiceMessage) -> None:
        """Send; raises device_lost when the connection is closed or takes nothing."""
        text = wire.encode(message)
        try:
            async with asyncio.timeout(self._send_timeout), self._sending:
                await self.connection.send(text, self._send_timeout)
        except ConnectionClosedError as error:
            raise DeviceLostError(self.agent_id, "closed") from error
        except TimeoutError as error:
            raise DeviceLostError(self.agent_id, "send_blocked") from error

    def post(self, message: wire.ServiceMessage) -> None:
        """Send without waiting; when that fails, the connection is ending anyway."""
        task = asyncio.ensure_future(self._post(message))
        self._posts.add(task)
        task.add_done_callback(self._posts.discard)

    async def _post(self, message: wire.ServiceMessage) -> None:
        try:
            await self.send(message)
        except DeviceLostError as error:
            log.debug("not sent: %s", error)

    async def ping(self, timeout: float) -> None:
        """Send a ping and wait for its pong; raises TimeoutError or device_lost."""
        token = uuid.uuid4().hex
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pings[token] = answer
        try:
            async with asyncio.timeout(timeout):
                await self.send(wire.Ping(token))
                await answer
        finally:
            del self._pings[token]

    def pong(self, token: str) -> None:
        """Take a pong; one that nobody waits for any more is ignored."""
        answer = self._pings.get(token)
        if answer is not None and not answer.done():
            answer.set_result(None)

    def end(self, why: str) -> None:
        """Let whoever waits for a pong know that none will come."""
        for answer in self._pings.values():
            if not answer.done():
                answer.set_exception(DeviceLostError(self.agent_id, why))
        for task in self._posts:
            task.cancel()
