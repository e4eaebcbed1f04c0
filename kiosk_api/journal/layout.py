"""The files of a journal: numbered segments, and the anchor of the last durable entry."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from kiosk_api.core.journal import MAXIMUM_LINE
from kiosk_api.journal.errors import JournalLockedError

ANCHOR = "HEAD"
"""Names the last entry that was durable, signed."""

ANCHOR_PARTIAL = "HEAD.partial"
"""The next anchor for the moment before it replaces the last one."""

_SEGMENT = re.compile(r"([0-9]{8})\.jsonl")
_LOCK_PATIENCE_S = 1.0
_LOCK_STEP_S = 0.01


def segment_path(directory: Path, number: int) -> Path:
    """The file of segment `number`, counted from 1."""
    return directory / f"{number:08}.jsonl"


def segment_numbers(directory: Path) -> list[int]:
    """The numbers of the segments that are there, ascending."""
    found = (_SEGMENT.fullmatch(path.name) for path in directory.iterdir())
    return sorted(int(match.group(1)) for match in found if match)


def foreign_files(directory: Path) -> list[str]:
    """Names of files that no journal has."""
    return sorted(
        path.name
        for path in directory.iterdir()
        if path.name not in (ANCHOR, ANCHOR_PARTIAL) and not _SEGMENT.fullmatch(path.name)
    )


def lines(path: Path, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """The lines of a segment, each with its offset; line ends are kept.

    The last may lack its end. A line longer than `MAXIMUM_LINE` comes in pieces, none of which
    is an entry.
    """
    with path.open("rb") as file:
        file.seek(start)
        offset = start
        while line := file.readline(MAXIMUM_LINE + 1):
            yield offset, line
            offset += len(line)


def lock(directory: Path) -> int:
    """Become the only writer; the descriptor holds the lock until it is closed.

    The lock is on the directory itself: a file for it would be one more that nobody can verify.

    Raises:
        JournalLockedError: another service holds it.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    # A verification looks whether there is a writer by taking the lock for an instant.
    until = time.monotonic() + _LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                os.close(descriptor)
                raise JournalLockedError("another service writes this journal") from error
            time.sleep(_LOCK_STEP_S)
        else:
            return descriptor


def is_written(directory: Path) -> bool:
    """Whether a service writes this journal at the moment."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
