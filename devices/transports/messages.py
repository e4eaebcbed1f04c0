"""A connection that carries whole text messages, such as a WebSocket."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class CloseCode(IntEnum):
    """Why we close a connection (RFC 6455 section 7.4.1 and its IANA registry)."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    POLICY_VIOLATION = 1008  # the credential does not cover what was asked for
    TRY_AGAIN_LATER = 1013  # the device id is taken by a living connection


class ConnectionClosedError(Exception):
    """The connection has ended, from either side; nothing more will come or go."""


class MessageConnection(Protocol):
    """What a driver needs of a transport. Adapters raise nothing but what stands here."""

    @abstractmethod
    async def receive(self, timeout: float) -> str | bytes:
        """Return the next message; bytes for a frame that was not text.

        Raises TimeoutError (nothing is lost, a later call gets the message) and
        ConnectionClosedError.
        """

    @abstractmethod
    async def send(self, text: str, timeout: float) -> None:
        """Send one message; raises TimeoutError or ConnectionClosedError."""

    @abstractmethod
    async def close(self, code: int, reason: str) -> None:
        """Close; harmless when closed already. `reason` is a code of at most 100 characters."""


@dataclass(slots=True)
class _Shared:
    """What both ends of a pair know."""

    changed: asyncio.Condition
    close_code: int | None = None
    close_reason: str = ""


class MemoryConnection(MessageConnection):
    """One end of a connection inside this process; `pair()` gives both."""

    def __init__(
        self, inbox: deque[str], outbox: deque[str], capacity: int, shared: _Shared
    ) -> None:
        """Join two queues; use `pair()`."""
        self._inbox = inbox
        self._outbox = outbox
        self._capacity = capacity
        self._shared = shared

    @classmethod
    def pair(cls, capacity: int = 64) -> tuple[MemoryConnection, MemoryConnection]:
        """Return two ends; each direction holds at most `capacity` messages."""
        there: deque[str] = deque()
        back: deque[str] = deque()
        shared = _Shared(asyncio.Condition())
        return cls(there, back, capacity, shared), cls(back, there, capacity, shared)

    @property
    def close_code(self) -> int | None:
        """The code of whoever closed first; None while open."""
        return self._shared.close_code

    @property
    def close_reason(self) -> str:
        """The reason of whoever closed first; empty while open."""
        return self._shared.close_reason

    async def receive(self, timeout: float) -> str | bytes:
        """Return the next message; what was sent before a close still arrives."""
        async with asyncio.timeout(timeout), self._shared.changed:
            await self._shared.changed.wait_for(lambda: self._inbox or self._closed)
            if not self._inbox:
                raise ConnectionClosedError
            self._shared.changed.notify_all()
            return self._inbox.popleft()

    async def send(self, text: str, timeout: float) -> None:
        """Hand a message to the other end; waits while its queue is full."""
        async with asyncio.timeout(timeout), self._shared.changed:
            await self._shared.changed.wait_for(
                lambda: len(self._outbox) < self._capacity or self._closed
            )
            if self._closed:
                raise ConnectionClosedError
            self._outbox.append(text)
            self._shared.changed.notify_all()

    async def close(self, code: int, reason: str) -> None:
        """Close both directions."""
        async with self._shared.changed:
            if not self._closed:
                self._shared.close_code, self._shared.close_reason = code, reason
                self._shared.changed.notify_all()

    @property
    def _closed(self) -> bool:
        return self._shared.close_code is not None
