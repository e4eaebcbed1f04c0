"""What a lane's traveler is told before the capture, for the screen that follows it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Guided:
    """What the newest preview says; `code` is of `biometrics.guidance`, None: stay like this."""

    number: int = 0
    active: bool = False  # whether somebody is before the camera and is guided
    code: str | None = None


@dataclass(slots=True)
class GuidanceBoard:
    """Holds one lane's guidance; any number of pages may wait for the next one."""

    guided: Guided = Guided()
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def show(self, code: str | None) -> bool:
        """Show another guidance; returns whether it is another."""
        return self._set(active=True, code=code)

    def clear(self) -> None:
        """Guide nobody any more."""
        self._set(active=False, code=None)

    async def after(self, number: int) -> Guided:
        """The present guidance, once it is another than that with this number."""
        while self.guided.number == number:
            await self._changed.wait()
        return self.guided

    def _set(self, *, active: bool, code: str | None) -> bool:
        if (self.guided.active, self.guided.code) == (active, code):
            return False
        self.guided = Guided(self.guided.number + 1, active, code)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        return True
