"""Reading a journal from its first entry to its last, from any process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kiosk_api.core.journal import Entry, EntryError, decode_line
from kiosk_api.journal import layout
from kiosk_api.journal.errors import JournalBrokenError


def entries(directory: Path) -> Iterator[Entry]:
    """All entries in order; the unfinished line that a writer is at, or left, is not one.

    Each entry's own hash is checked; whether they belong together is for `verify`.

    Raises:
        JournalBrokenError: there is no journal, or a line is no entry.
        OSError: a file cannot be read.
    """
    numbers = layout.segment_numbers(directory) if directory.is_dir() else []
    if not numbers:
        raise JournalBrokenError("there is no journal")
    for number in numbers:
        for offset, line in layout.lines(layout.segment_path(directory, number)):
            try:
                yield decode_line(line)
            except EntryError as error:
                if number == numbers[-1] and not line.endswith(b"\n"):
                    return
                raise JournalBrokenError(f"segment {number}, byte {offset}: {error}") from error
