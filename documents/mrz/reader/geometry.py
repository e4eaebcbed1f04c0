"""Where text stands in a picture: points, lines of text, zones of two or three lines.

All coordinates are pixels of the picture that was given to the localiser, x to the right and
y downwards, the centre of the first pixel being (0, 0).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text.

    start, end: centres of the first and the last character, in reading direction.
    pitch: distance of neighbouring characters, px, the mean over the line.
    cap_height: height of a capital letter, px.
    bow: how far the middle of the line stands off the chord from start to end, px; positive
        to the right hand of the reading direction, which is below for upright text.
    """

    start: Point
    end: Point
    pitch: float
    cap_height: float
    bow: float = 0.0

    @property
    def length(self) -> float:
        """Distance of the first character from the last, px."""
        return math.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1])

    @property
    def count(self) -> float:
        """Characters, estimated from length and pitch."""
        return self.length / self.pitch + 1.0

    @property
    def direction(self) -> Point:
        """Unit vector of the reading direction."""
        length = max(self.length, 1e-6)
        return (
            (self.end[0] - self.start[0]) / length,
            (self.end[1] - self.start[1]) / length,
        )

    def reversed(self) -> TextLine:
        """Return the same line read from its other end, upside down."""
        return replace(self, start=self.end, end=self.start, bow=-self.bow)


@dataclass(frozen=True, slots=True)
class Zone:
    """Lines that may be a machine-readable zone, top to bottom.

    turns: quarter turns clockwise, 0 to 3, that make the picture of the zone upright.
    score: how much it looks like a machine-readable zone; only good for ordering.
    place: zones of one `place` are alternative views of the same lines: with a third line
        above, with one below, without one. Zones of two places are different zones.
    cut_off: it reaches the edge of the picture, so that something may be missing.
    upright_known: False when it may as well be upside down; then try `turned()` too.
    """

    lines: tuple[TextLine, ...]
    turns: int
    score: float
    place: int = 0
    cut_off: bool = False
    upright_known: bool = False

    def turned(self) -> Zone:
        """Return the same zone read upside down."""
        lines = tuple(line.reversed() for line in reversed(self.lines))
        return replace(self, lines=lines, turns=(self.turns + 2) % 4)
