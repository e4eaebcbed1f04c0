"""Every reader takes its turn on every picture; medians and ratios are of one run.

A shared machine is never the same twice, so only ratios between readings that took turns say
anything. Each reader is timed inside its own process, from the file to the result.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from documents.mrz.evaluation.scoring import Answer, Scored
from documents.mrz.evaluation.truth import TruthKind, TruthRow, TruthTable
from simulators.evaluation.mrz import Reader, on_one_thread, read_picture, spread
from simulators.mrz_bench.peers import Installed, Peer

TIMES_PASSPORTEYE = 15.0
TIMES_PASSPORTEYE_MRZ = 6.0
MOST_TIMES_OWN_MEDIAN = 5.0
_ONE_THREAD_SHARE = 0.98
_PEERS = ("passporteye", "passporteye_mrz")

Progress = Callable[[Sequence["Picture"]], Iterable["Picture"]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A file, with what is printed on it."""

    path: Path
    row: TruthRow


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one reader did with one picture of the table."""

    scored: Scored
    ms: float
    failure: str | None = None


@dataclass(slots=True)
class _Clock:
    """Processor time of this process while our reader ran, and that of its own thread."""

    process: float = 0.0
    thread: float = 0.0


@dataclass(slots=True)
class _Run:
    ours: list[_Turn] = field(default_factory=list)
    without_zone: list[_Turn] = field(default_factory=list)
    peers: dict[str, list[_Turn]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    clock: _Clock = field(default_factory=_Clock)


def pictures_of(truth: TruthTable, ordinary: Iterable[Path]) -> list[Picture]:
    """Return the pictures of a table and, where it has none without a zone, ordinary pages."""
    pictures = [Picture(truth.path(row), row) for row in truth.rows]
    if not any(row.kind is TruthKind.NO_ZONE for row in truth.rows):
        pictures += [
            Picture(path, TruthRow(path.name, "", (), TruthKind.NO_ZONE)) for path in ordinary
        ]
    return pictures


def run_bench(
    pictures: Sequence[Picture],
    reader: Reader,
    there: Installed,
    *,
    rounds: int,
    progress: Progress,
) -> dict[str, Any]:
    """Time all readers, interleaved.

    Args:
        pictures: with a zone and without, at least one of each.
        there: which peers there are; without any, only ours is timed.
        rounds: how often each picture is read.
        progress: is given the pictures of all rounds and hands them on, one by one.

    Returns:
        Figures, ready for JSON; what needs a peer that is not there is None.

    Raises:
        OSError: a picture cannot be read from disk.
        PeerError: a peer does not start, or ended.
    """
    on_one_thread()
    today = datetime.now(tz=UTC).date()
    run = _Run()
    with ExitStack() as stack:
        peers = dict(_started(there, stack))
        first = pictures[0].path
        read_picture(reader, first, today)  # the first call of each allocates
        for name, (peer, options) in peers.items():
            run.versions[name] = peer.version
            run.peers[name] = []
            peer.read(first, options)
        for number, picture in enumerate(progress([*pictures] * rounds)):
            _take_turns(run, picture, reader, peers, today, ours_first=number % 2 == 0)
    return _figures(run, there, rounds)


def _started(there: Installed, stack: ExitStack) -> Iterator[tuple[str, tuple[Peer, str]]]:
    if there.python is None or not there.usable:
        return
    yield "passporteye", (stack.enter_context(Peer(there.python)), "")
    if there.options is not None:
        yield "passporteye_mrz", (stack.enter_context(Peer(there.python)), there.options)


def _take_turns(
    run: _Run,
    picture: Picture,
    reader: Reader,
    peers: dict[str, tuple[Peer, str]],
    today: date,
    *,
    ours_first: bool,
) -> None:
    """Let each reader read it; whoever comes first may find the file cold, so they change."""
    if ours_first:
        _ours(run, picture, reader, today)
    for name, (peer, options) in peers.items():
        if picture.row.lines:  # what a page without a zone costs is asked of ours only
            answer = peer.read(picture.path, options)
            scored = Scored(picture.row, Answer(answer.lines))
            run.peers[name].append(_Turn(scored, answer.ms, answer.failure))
    if not ours_first:
        _ours(run, picture, reader, today)


def _ours(run: _Run, picture: Picture, reader: Reader, today: date) -> None:
    thread, process = time.thread_time(), time.process_time()
    timed = read_picture(reader, picture.path, today)
    run.clock.thread += time.thread_time() - thread
    run.clock.process += time.process_time() - process
    turn = _Turn(Scored(picture.row, timed.answer), timed.ms)
    (run.ours if picture.row.lines else run.without_zone).append(turn)


def _figures(run: _Run, there: Installed, rounds: int) -> dict[str, Any]:
    ours = _reader_figures(run.ours, rounds)
    answers = [turn.scored for turn in run.ours]
    ours["accepted_wrong"] = sum(each.accepted_wrong for each in answers[: len(answers) // rounds])
    median = statistics.median(turn.ms for turn in run.ours)
    empty = sorted(turn.ms for turn in run.without_zone)
    peers = {
        name: {"version": run.versions[name], **_reader_figures(turns, rounds)}
        for name, turns in run.peers.items()
    }
    ratios: dict[str, float | None] = {
        name: _times(run.peers.get(name, []), median) for name in _PEERS
    }
    p95, without = ours["ms_p95"] / median, statistics.median(empty) / median
    ratios["p95_to_median"] = round(p95, 2)
    ratios["without_zone_to_median"] = round(without, 2)
    share = run.clock.thread / run.clock.process if run.clock.process else 1.0
    return {
        "pictures": len(run.ours) // rounds,
        "documents": ours["documents"],
        "rounds": rounds,
        "ours": ours,
        "without_zone": {
            "pages": len(empty) // rounds,
            **spread(empty),
            "accepted": sum(turn.scored.answer.accepted for turn in run.without_zone) // rounds,
        },
        **{name: peers.get(name) for name in _PEERS},
        "tesseract": there.tesseract,
        "ratios": ratios,
        "one_thread_share": round(share, 4),
        "holds": {
            "passporteye_15_times": _at_least(ratios["passporteye"], TIMES_PASSPORTEYE),
            "passporteye_mrz_6_times": _at_least(ratios["passporteye_mrz"], TIMES_PASSPORTEYE_MRZ),
            "p95_at_most_5_medians": p95 <= MOST_TIMES_OWN_MEDIAN,
            "without_zone_at_most_5_medians": without <= MOST_TIMES_OWN_MEDIAN,
            "one_thread": share >= _ONE_THREAD_SHARE,
        },
        "missing": list(there.missing),
    }


def _reader_figures(turns: Sequence[_Turn], rounds: int) -> dict[str, Any]:
    """Of one reader: times of all rounds, and what it read in the first."""
    first = turns[: len(turns) // rounds]
    counted = [turn for turn in first if turn.scored.row.counts]
    return {
        **spread([turn.ms for turn in turns]),
        "documents": len(counted),
        "exact": sum(turn.scored.exact for turn in counted),
        "failures": sum(turn.failure is not None for turn in first),
    }


def _times(turns: Sequence[_Turn], median: float) -> float | None:
    return round(statistics.median(turn.ms for turn in turns) / median, 1) if turns else None


def _at_least(ratio: float | None, wanted: float) -> bool | None:
    return None if ratio is None else ratio >= wanted
