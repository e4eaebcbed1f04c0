"""Work that goes on beside the sessions, and that nobody who asked for it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Aside:
    """Holds on to running work, as the event loop does not."""

    def __init__(self) -> None:
        self._running: set[asyncio.Future[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Future[T]:
        """Have `work` run to its end, whatever becomes of whoever started it."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    @property
    def is_busy(self) -> bool:
        """Whether something runs."""
        return bool(self._running)

    async def wait(self, seconds: float) -> None:
        """Give what runs now so long to end."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
