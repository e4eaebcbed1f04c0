"""What a lane shows now, for pages that follow it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from devices.commands import Signal


@dataclass(frozen=True, slots=True)
class Shown:
    """A signal, and its number: the board's first, second, third …"""

    number: int
    signal: Signal


class LaneBoard:
    """Holds one lane's signal; any number of pages may wait for the next one.

    A page that comes late, or back, is given what is shown now. One that is slow misses what was
    shown meanwhile: only the present tells a traveler what to do.
    """

    def __init__(self) -> None:
        self._shown = Shown(0, Signal.PROCESSING)
        self._changed = asyncio.Event()

    @property
    def shown(self) -> Shown:
        """What the lane shows now."""
        return self._shown

    def show(self, signal: Signal) -> None:
        """Show another signal."""
        self._shown = Shown(self._shown.number + 1, signal)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def after(self, number: int) -> Shown:
        """The present signal, once it is another than that with this number."""
        while self._shown.number == number:
            await self._changed.wait()
        return self._shown
