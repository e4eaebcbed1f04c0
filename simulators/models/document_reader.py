"""A document reader: a document is put on it, and a moment later it has been read."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from devices.readings import Picture


@dataclass(frozen=True, slots=True)
class PlacedDocument:
    """What lies on the reader: the lines of its machine-readable zone, and its page."""

    mrz_lines: tuple[str, ...] = field(repr=False)
    pages: tuple[Picture, ...] = ()


class DocumentReaderModel:
    """Reads one document after the other, each in `read_seconds`."""

    def __init__(self, *, read_seconds: float = 0.02) -> None:
        """Start with an empty glass."""
        self._read_seconds = read_seconds
        self._placed: deque[PlacedDocument] = deque()
        self._elapsed = 0.0

    @property
    def is_moving(self) -> bool:
        """Whether step() would bring it further."""
        return bool(self._placed)

    def place(self, document: PlacedDocument) -> None:
        """Put a document on the glass, after those that wait."""
        self._placed.append(document)

    def step(self, dt: float) -> tuple[PlacedDocument, ...]:
        """Move on by `dt` seconds; returns what was read meanwhile."""
        if not self._placed:
            return ()
        self._elapsed += dt
        read = []
        while self._placed and self._elapsed >= self._read_seconds:
            self._elapsed -= self._read_seconds
            read.append(self._placed.popleft())
        if not self._placed:
            self._elapsed = 0.0
        return tuple(read)
