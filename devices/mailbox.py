"""A bounded queue with an end: what was accepted before the end is still delivered."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """For one event loop and one consumer, who iterates; a full box refuses, it never drops."""

    def __init__(self, capacity: int) -> None:
        """Hold at most `capacity` items (1 or more)."""
        self._capacity = capacity
        self._items: deque[T] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    def offer(self, item: T) -> bool:
        """Take an item; False when the box is full or closed, and then the sender keeps it."""
        if self._closed or len(self._items) >= self._capacity:
            return False
        self._items.append(item)
        self._changed.set()
        return True

    def close(self) -> None:
        """Accept nothing more; the consumer gets what is there and then the end."""
        self._closed = True
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[T]:
        """Deliver in order of arrival until the box is closed and empty."""
        while True:
            while self._items:
                yield self._items.popleft()
            if self._closed:
                return
            self._changed.clear()
            await self._changed.wait()
