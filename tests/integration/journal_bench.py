"""How fast the journal is on this machine's disk.

Run as `python tests/integration/journal_bench.py [DECISIONS [DIRECTORY]]`; prints one JSON object.
Latency is from handing over a draft to its receipt, encoding included.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import quantiles

from journal_cases import KEYS, draft, open_journal

from kiosk_api.journal.reader import entries
from kiosk_api.journal.replay import replay
from kiosk_api.journal.store import Journal
from kiosk_api.journal.verify import verify


def append_all(journal: Journal, count: int, lanes: int, prefix: str) -> dict[str, float]:
    """Append `count` decisions from `lanes` threads, each waiting for its receipt."""
    took: list[float] = []

    def lane(number: int) -> None:
        for one in range(count // lanes):
            prepared = draft(f"{prefix}-{number}-{one}")
            start = time.perf_counter()
            journal.append(prepared).result()
            took.append(time.perf_counter() - start)

    start = time.perf_counter()
    threads = [threading.Thread(target=lane, args=(number,)) for number in range(lanes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    per_second = len(took) / (time.perf_counter() - start)
    cuts = quantiles(took, n=100)
    return {
        "per_s": round(per_second),
        "p50_ms": round(cuts[49] * 1e3, 2),
        "p99_ms": round(cuts[98] * 1e3, 2),
    }


def main(count: int, directory: Path) -> dict[str, object]:
    """Measure appending, opening, verifying and replaying."""
    journal = open_journal(directory)
    appended = {f"append_{n}_lanes": append_all(journal, count, n, f"n{n}") for n in (1, 8)}
    journal.close()
    size = sum(path.stat().st_size for path in directory.iterdir())
    rates: dict[str, object] = {"entries": 0, "bytes": size, **appended}

    start = time.perf_counter()
    open_journal(directory).close()
    opened = time.perf_counter() - start
    start = time.perf_counter()
    report = verify(directory, public_key=KEYS.journal_key.public_key())
    verified = time.perf_counter() - start
    start = time.perf_counter()
    replayed = sum(not one.differences for one in replay(entries(directory)))
    again = time.perf_counter() - start
    assert report.is_sound
    return {
        **rates,
        "entries": report.entries,
        "open_entries_per_s": round(report.entries / opened),
        "verify_entries_per_s": round(report.entries / verified),
        "replay_decisions_per_s": round(replayed / again),
    }


if __name__ == "__main__":
    decisions = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as name:
        sys.stdout.write(json.dumps(main(decisions, Path(name))) + "\n")
