"""The only clock of the service: wall time for dates, monotonic time for deadlines."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

STEP_TOLERANCE = timedelta(seconds=5)
"""How far wall and monotonic time may part before the wall clock is not believed.

NTP slews by at most 500 ppm (RFC 5905), 5 s would take hours; anything faster was a step.
"""


class Clock(Protocol):
    """What the service asks for the time."""

    def now(self) -> datetime:
        """The wall-clock time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean something."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """The wall-clock time, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


@dataclass(slots=True)
class ClockGuard:
    """Notices a wall clock that was set while we looked.

    A clock that was set back makes expired things valid and stale things fresh, one that was set
    forward lies about both ends; during either, nobody is admitted (fail to REFER).
    """

    clock: Clock
    highest: datetime = field(default_factory=lambda: datetime.min.replace(tzinfo=UTC))

    def remember(self, seen: datetime) -> None:
        """Take note of a time that has been, e.g. that of the journal's last entry."""
        self.highest = max(self.highest, seen)

    def mark(self) -> tuple[datetime, float]:
        """Both clocks at the start of something whose end `is_reliable` will judge."""
        return self.clock.now(), self.clock.monotonic()

    def is_reliable(self, mark: tuple[datetime, float]) -> bool:
        """Whether wall time agrees with monotonic time since `mark`, and with the past."""
        wall, monotonic = self.mark()
        elapsed = timedelta(seconds=monotonic - mark[1])
        stepped = abs((wall - mark[0]) - elapsed) > STEP_TOLERANCE
        behind = self.highest - wall > STEP_TOLERANCE
        if not stepped:
            self.remember(wall)
        return not stepped and not behind
