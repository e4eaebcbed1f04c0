"""A process that appends until it is killed; prints a session id once it is acknowledged.

Run as `python journal_process.py DIRECTORY PREFIX [MAXIMUM_FILE_SIZE]`; with a size it reports
how decisions fare when a file may not grow beyond it, and that the journal recovers.
"""

from __future__ import annotations

import itertools
import resource
import signal
import sys
import threading
from pathlib import Path

from journal_cases import NOTHING, draft, open_journal

from kiosk_api.journal.errors import JournalUnavailableError
from kiosk_api.journal.store import Journal


def append_for_ever(journal: Journal, prefix: str) -> None:
    """Four lanes, each with one decision at a time."""

    def lane(number: int) -> None:
        for count in itertools.count():
            session_id = f"{prefix}-{number}-{count}"
            journal.append(draft(session_id)).result()
            sys.stdout.write(session_id + "\n")
            sys.stdout.flush()

    for number in range(4):
        threading.Thread(target=lane, args=(number,), daemon=True).start()
    signal.pause()


def fill_the_disk(journal: Journal, size: int) -> None:
    """Append until the limit, be referred, lift the limit, go on."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    for count in itertools.count():
        error = journal.append(draft(f"s-{count}")).exception(10)
        if error is not None:
            assert isinstance(error, JournalUnavailableError)
            assert not error.kept
            break
    error = journal.append(draft(f"s-{count}", NOTHING)).exception(10)
    assert isinstance(error, JournalUnavailableError)
    assert error.kept
    assert not journal.healthy
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    while not journal.healthy:
        threading.Event().wait(0.01)
    journal.append(draft("s-after")).result(10)
    journal.close()
    sys.stdout.write(f"{count}\n")


if __name__ == "__main__":
    opened = open_journal(Path(sys.argv[1]), segment_bytes=200_000)
    if len(sys.argv) > 3:
        fill_the_disk(opened, int(sys.argv[3]))
    else:
        append_for_ever(opened, sys.argv[2])
