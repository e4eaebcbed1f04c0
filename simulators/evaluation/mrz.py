"""Reading pictures against a table of truth, and a stress book against what it was made from."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

import cv2

from documents.mrz.evaluation.scoring import Answer, Scored, character_error_rate, report
from documents.mrz.evaluation.truth import TruthKind, TruthRow, TruthTable
from documents.mrz.reader.results import GrayPicture, MRZScan
from imaging.pictures import MAX_FILE_BYTES, decode_gray
from imaging.results import PictureFault
from simulators.figures import percentile


class Reader(Protocol):
    """What is measured; `documents.mrz.reader.reader.MRZReader` is one."""

    def read(self, gray: GrayPicture, *, today: date) -> MRZScan:
        """Return what a picture says."""


class Page(Protocol):
    """A rendered page of a stress book."""

    @property
    def jpeg(self) -> bytes: ...
    @property
    def lines(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Timed:
    """An answer and how long it took, in milliseconds."""

    answer: Answer
    ms: float


def read_picture(reader: Reader, source: Path | bytes, today: date) -> Timed:
    """Read one picture, timed from the file on disk, or from its bytes, to the result.

    Raises:
        OSError: the file cannot be read.
    """
    started = time.perf_counter()
    data = source if isinstance(source, bytes) else _read_file(source)
    gray = decode_gray(data, own_file=True)
    if isinstance(gray, PictureFault):
        return Timed(Answer((), picture_fault=gray.value), (time.perf_counter() - started) * 1000)
    scan = reader.read(gray, today=today)
    spent = (time.perf_counter() - started) * 1000
    return Timed(Answer(scan.texts, scan.accepted), spent)


def _read_file(path: Path) -> bytes:
    """Read a file, of one that is too long only so much that it shows."""
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)


def on_one_thread() -> None:
    """Keep OpenCV of this process to the calling thread, as a kiosk's workers do."""
    cv2.setNumThreads(1)


def evaluate(
    truth: TruthTable, reader: Reader, *, progress: Callable[[Sequence[TruthRow]], Iterable[Any]]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Read every picture of a table once and count.

    Args:
        progress: is given the rows and hands them on, one by one.

    Returns:
        The report, ready for JSON, and the files that were missed, with how.

    Raises:
        OSError: a picture cannot be read from disk.
    """
    on_one_thread()
    today = datetime.now(tz=UTC).date()
    read_picture(reader, truth.path(truth.rows[0]), today)  # the first call allocates
    scored, times = [], []
    for row in progress(truth.rows):
        timed = read_picture(reader, truth.path(row), today)
        scored.append(Scored(row, timed.answer))
        times.append(timed.ms)
    found = report(scored)
    by_type = found.pop("by_type")
    return (
        {**found, **spread(times), "by_type": by_type},
        {each.row.file: miss.value for each in scored if (miss := each.miss) is not None},
    )


def spread(times: Iterable[float]) -> dict[str, float]:
    """Return median, 95th percentile (nearest rank) and the longest, in milliseconds."""
    ordered = sorted(times)
    return {
        "ms_median": round(statistics.median(ordered), 2),
        "ms_p95": round(percentile(ordered, 0.95), 2),
        "ms_max": round(ordered[-1], 2),
    }


def stress(
    names: Iterable[str],
    book: Callable[[str], Iterable[Page]],
    reader: Reader,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read the pages of each stress, as they are rendered, and count.

    Args:
        names: of the stresses.
        book: renders the pages of one.

    Yields:
        Each name with its figures. Every page carries a sound zone, so rates are over all pages.
        `accepted_wrong` counts readings that were vouched for and differ in any character.
    """
    on_one_thread()
    today = datetime.now(tz=UTC).date()
    for name in names:
        yield name, _stress_figures(book(name), reader, today)


def _stress_figures(pages: Iterable[Page], reader: Reader, today: date) -> dict[str, Any]:
    scored, times, errors = [], [], []
    for page in pages:
        timed = read_picture(reader, page.jpeg, today)
        row = TruthRow("", "", tuple(page.lines), TruthKind.SOUND)
        scored.append(Scored(row, timed.answer))
        times.append(timed.ms)
        errors.append(character_error_rate(row.lines, timed.answer.lines))
    count = len(scored)
    exact = sum(each.exact for each in scored)
    accepted = sum(each.answer.accepted for each in scored)
    wrong = sum(each.accepted_wrong for each in scored)
    return {
        "pages": count,
        "exact": exact,
        "exact_rate": round(exact / count, 5),
        "accepted_exact": accepted - wrong,
        "accepted_exact_rate": round((accepted - wrong) / count, 5),
        "accepted_wrong": wrong,
        "accepted_wrong_rate": round(wrong / count, 5),
        "character_error_rate": round(statistics.fmean(errors), 5),
        **spread(times),
    }
