"""What a simulated agent speaks on: a WebSocket, or anything else of this shape."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from devices.drivers.agent.wire import MAX_MESSAGE_BYTES


class ChannelClosedError(Exception):
    """The service has closed the connection, or could not be reached."""


class AgentChannel(Protocol):
    """A connection for whole messages; every wait ends within `timeout` seconds."""

    @abstractmethod
    async def receive(self, timeout: float) -> str | bytes:
        """Return the next message; raises TimeoutError or ChannelClosedError."""

    @abstractmethod
    async def send(self, text: str, timeout: float) -> None:
        """Send a message; raises TimeoutError or ChannelClosedError."""

    @abstractmethod
    async def close(self) -> None:
        """Close; harmless when closed already."""


class WebSocketChannel(AgentChannel):
    """A WebSocket (RFC 6455) to the service's device gateway."""

    def __init__(self, connection: ClientConnection) -> None:
        """Speak on an open connection; use `open()`."""
        self._connection = connection

    @classmethod
    async def open(cls, url: str, token: str, *, timeout: float) -> WebSocketChannel:
        """Connect with a bearer token; raises ChannelClosedError when it is refused."""
        try:
            connection = await connect(
                url,
                additional_headers={"Authorization": f"Bearer {token}"},
                max_size=MAX_MESSAGE_BYTES,
                open_timeout=timeout,
                close_timeout=1.0,
                proxy=None,
            )
        except (OSError, InvalidHandshake, ConnectionClosed) as error:
            raise ChannelClosedError("refused") from error
        return cls(connection)

    async def receive(self, timeout: float) -> str | bytes:
        """Return the next message."""
        try:
            async with asyncio.timeout(timeout):
                return await self._connection.recv()
        except ConnectionClosed as error:
            raise ChannelClosedError(str(error.rcvd.reason if error.rcvd else "lost")) from error

    async def send(self, text: str, timeout: float) -> None:
        """Send a message."""
        try:
            async with asyncio.timeout(timeout):
                await self._connection.send(text)
        except ConnectionClosed as error:
            raise ChannelClosedError("closed") from error

    async def close(self) -> None:
        """Close the WebSocket."""
        await self._connection.close()
