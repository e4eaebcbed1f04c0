"""Whatever lies on the glass, the reader answers in time with a reason, and never with a guess.

Pictures are made here or come from the stress book; people and documents are fictitious.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from documents.mrz import CheckStatus
from documents.mrz.reader.reader import MRZReader, load_reader
from documents.mrz.reader.recogniser import PITCH, STRIDE, LogProbabilities, Recogniser
from documents.mrz.reader.results import MRZScan, ScanProblem, ScanStatus
from imaging.pictures import decode_gray
from simulators.documents.stress_book import StressPage, stress_book

Gray = NDArray[np.uint8]

TODAY = date(2026, 1, 15)
SECONDS = 0.5
# What comes after the deadline may be one piece of work; what hangs takes for ever.
OVERRUN_SECONDS = 2.0


# --- pictures ------------------------------------------------------------------------------


def _grid(height: int = 700, width: int = 1000) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    rows, columns = np.mgrid[0:height, 0:width]
    return rows, columns


def _noise(height: int, width: int, values: int = 256) -> Gray:
    levels = np.random.default_rng(5).integers(0, values, (height, width), np.uint8)
    return levels * np.uint8(255 // (values - 1))


def _stripes(px: int, along: str) -> Gray:
    rows, columns = _grid()
    place = {"rows": rows, "columns": columns, "diagonals": rows + columns}[along]
    return (place // px % 2 * 255).astype(np.uint8)


def _checkers(px: int) -> Gray:
    rows, columns = _grid()
    return ((rows // px + columns // px) % 2 * 255).astype(np.uint8)


def _dashes(px: int) -> Gray:
    """Rows of evenly spaced marks, as like a zone as can be without a character in it."""
    rows, columns = _grid()
    return np.where((rows // (2 * px) % 2 == 0) & (columns // px % 2 == 0), 0, 255).astype(np.uint8)


NOTHING_TO_READ: dict[str, Callable[[], Gray]] = {
    "one pixel": lambda: np.zeros((1, 1), np.uint8),
    "one row": lambda: _noise(1, 3000),
    "one column": lambda: _noise(3000, 1),
    "small": lambda: _noise(64, 64),
    "very wide": lambda: _noise(64, 8192),
    "very tall": lambda: _noise(8192, 64),
    "black": lambda: np.zeros((700, 1000), np.uint8),
    "white": lambda: np.full((700, 1000), 255, np.uint8),
    "grey": lambda: np.full((700, 1000), 128, np.uint8),
    "a step": lambda: (_grid()[0] // 350 * 255).astype(np.uint8),
    "noise": lambda: _noise(700, 1000),
    "black and white noise": lambda: _noise(700, 1000, 2),
    "coarse noise": lambda: cv2.resize(
        _noise(70, 100), (1000, 700), interpolation=cv2.INTER_NEAREST
    ).astype(np.uint8),
    "huge noise": lambda: _noise(3000, 8000),
    **{
        f"{along} of {px} px": lambda px=px, along=along: _stripes(px, along)  # type: ignore[misc]
        for px in (2, 7, 20)
        for along in ("rows", "columns", "diagonals")
    },
    **{f"checkers of {px} px": lambda px=px: _checkers(px) for px in (3, 9, 20)},  # type: ignore[misc]
    **{f"dashes of {px} px": lambda px=px: _dashes(px) for px in (5, 9, 14, 20)},  # type: ignore[misc]
}


def _gray(page: StressPage) -> Gray:
    picture = decode_gray(page.jpeg)
    assert isinstance(picture, np.ndarray)
    return picture


@pytest.fixture(scope="module")
def pages() -> list[StressPage]:
    return list(stress_book("plain", 4, 11))


@pytest.fixture(scope="module")
def reader() -> MRZReader:
    return load_reader()


# --- what an answer is ---------------------------------------------------------------------


def assert_answer(scan: MRZScan) -> None:
    """Nothing, for a reason that the status tells; or lines, with a reason or without doubt."""
    if scan.status is not ScanStatus.READ:
        assert scan.lines == ()
        assert scan.reading is None
        assert not scan.accepted
        return
    assert len(scan.lines) in (2, 3)
    assert 0.0 <= scan.confidence <= 1.0
    assert scan.turns in range(4)
    for line in scan.lines:
        assert line.corners.shape == (4, 2)
        assert np.isfinite(line.corners).all()
        assert all(0.0 <= character.confidence <= 1.0 for character in line.characters)
    if not scan.accepted:
        assert scan.problems
        return
    assert scan.reading is not None
    assert any(check.status is CheckStatus.PASS for check in scan.reading.checks)
    assert scan.reading.checks_failed == ()


def read(reader: MRZReader, gray: Gray, seconds: float = SECONDS) -> MRZScan:
    before = time.process_time()
    scan = reader.read(gray, today=TODAY, deadline=time.monotonic() + seconds)
    assert time.process_time() - before < seconds + OVERRUN_SECONDS
    assert_answer(scan)
    return scan


# --- pictures without a zone ---------------------------------------------------------------


@pytest.mark.parametrize("name", NOTHING_TO_READ)
def test_where_nothing_is_printed_nothing_is_accepted(reader: MRZReader, name: str) -> None:
    assert not read(reader, NOTHING_TO_READ[name]()).accepted


def test_control_a_page_is_accepted(reader: MRZReader, pages: list[StressPage]) -> None:
    scans = [read(reader, _gray(page), 20.0) for page in pages]
    accepted = [page.lines == scan.texts for page, scan in zip(pages, scans, strict=True)]
    assert sum(accepted) >= len(pages) - 1
    assert any(scan.accepted for scan in scans)


# --- pictures with more or less than a zone ------------------------------------------------


def test_of_two_documents_it_is_said_that_there_are_two(
    reader: MRZReader, pages: list[StressPage]
) -> None:
    one, other = (_gray(page) for page in pages[:2])
    width = max(one.shape[1], other.shape[1])
    both = np.full((one.shape[0] + other.shape[0] + 60, width), 90, np.uint8)
    both[: one.shape[0], : one.shape[1]] = one
    both[-other.shape[0] :, : other.shape[1]] = other
    scan = read(reader, both, 20.0)
    assert scan.status is ScanStatus.READ
    assert scan.texts in (pages[0].lines, pages[1].lines)
    assert ScanProblem.SEVERAL_ZONES in scan.problems


@pytest.mark.parametrize("edge", ["left", "right", "bottom"])
def test_a_zone_cut_off_at_the_edge_is_not_accepted(
    reader: MRZReader, pages: list[StressPage], edge: str
) -> None:
    cut_off = 0
    for page in pages:
        gray = _gray(page)
        whole = read(reader, gray, 20.0)
        if whole.texts != page.lines:
            continue
        first, last = whole.lines[0].corners, whole.lines[-1].corners
        part = {
            "left": gray[:, int(first[0, 0] + 0.05 * (first[1, 0] - first[0, 0])) :],
            "right": gray[:, : int(first[1, 0] - 0.05 * (first[1, 0] - first[0, 0]))],
            "bottom": gray[: int((last[0, 1] + last[3, 1]) / 2)],
        }[edge]
        scan = read(reader, part, 20.0)
        # Fillers may be missing and be known to be missing; nobody vouches for them.
        assert not scan.accepted
        cut_off += ScanProblem.CUT_OFF in scan.problems
    if edge != "bottom":  # half a line of letters is none: what is left looks whole
        assert cut_off


@pytest.mark.parametrize("scale", [0.1, 0.2, 5.0])
def test_a_page_of_any_size_is_an_answer(
    reader: MRZReader, pages: list[StressPage], scale: float
) -> None:
    gray = cv2.resize(_gray(pages[0]), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    scan = read(reader, gray.astype(np.uint8))
    assert not scan.accepted or scan.texts == pages[0].lines


def test_pictures_that_cannot_be_written_to_or_lie_apart_in_memory_are_read(
    reader: MRZReader, pages: list[StressPage]
) -> None:
    gray = _gray(pages[0])
    fixed = gray.copy()
    fixed.setflags(write=False)
    apart = np.asfortranarray(gray)[::1, ::1]
    assert not apart.flags.c_contiguous
    assert read(reader, fixed, 20.0).texts == read(reader, apart, 20.0).texts
    assert read(reader, np.ascontiguousarray(gray[::-1])[::-1], 20.0).texts


def test_after_the_deadline_nothing_is_said(reader: MRZReader, pages: list[StressPage]) -> None:
    gray = _gray(pages[0])
    scan = reader.read(gray, today=TODAY, deadline=time.monotonic() - 1.0)
    assert_answer(scan)
    assert scan.status is ScanStatus.OUT_OF_TIME
    frames = reader.read_frames([gray] * 3, today=TODAY, deadline=time.monotonic() - 1.0)
    assert frames.status is ScanStatus.OUT_OF_TIME


def test_frames_of_anything_are_an_answer(reader: MRZReader, pages: list[StressPage]) -> None:
    grays = [_gray(pages[0]), _noise(700, 1000), np.zeros((1, 1), np.uint8), _gray(pages[1])]
    deadline = time.monotonic() + 20.0
    scan = reader.read_frames(grays, today=TODAY, deadline=deadline)
    assert_answer(scan)
    assert not scan.accepted or scan.texts in (pages[0].lines, pages[1].lines)


# --- damaged pages: what is accepted is what is printed ------------------------------------


_PAINT = 170  # grey level; the paper of the pages is lighter


def _damaged(draw: st.DrawFn, gray: Gray) -> Gray:
    """A page with boxes of one grey, specks and a cut, as stickers, thumbs and scratches are.

    The boxes are darker than paper and no pen's strokes: an E whose right half is painted over is
    a clean L, and a T with one bar more is an I.
    """
    damaged = gray.copy()
    height, width = gray.shape
    for _ in range(draw(st.integers(0, 4))):
        left, top = draw(st.integers(0, width - 1)), draw(st.integers(height // 2, height - 1))
        wide, high = draw(st.integers(14, width // 3)), draw(st.integers(14, 60))
        damaged[top : top + high, left : left + wide] = draw(st.integers(0, _PAINT))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    specks = random.random(gray.shape) < draw(st.sampled_from([0.0, 0.001, 0.01, 0.05]))
    damaged[specks] = draw(st.sampled_from([0, 255]))
    if draw(st.booleans()):
        damaged = damaged[:, : draw(st.integers(width // 2, width))]
    return np.ascontiguousarray(np.rot90(damaged, draw(st.integers(0, 3))))


def test_what_is_accepted_of_a_damaged_page_is_what_is_printed(
    reader: MRZReader, pages: list[StressPage]
) -> None:
    accepted: list[bool] = []

    @settings(max_examples=25, deadline=None, derandomize=True)
    @given(st.data())
    def damaged_page(data: st.DataObject) -> None:
        page = data.draw(st.sampled_from(pages))
        damaged = data.draw(st.composite(_damaged)(_gray(page)))
        scan = read(reader, damaged, 20.0)
        accepted.append(scan.accepted)
        assert not scan.accepted or scan.texts == page.lines

    damaged_page()
    assert {True, False} <= set(accepted)  # or the damage is too great, or too small, to tell


# --- a network that says anything ----------------------------------------------------------


class _Oracle(Recogniser):
    """Says characters by chance, as plainly as it is told to, wherever it looks."""

    def __init__(self, seed: int, plain: float, pitch: float) -> None:
        self._random = np.random.default_rng(seed)
        self._plain = plain
        self._pitch = pitch

    def recognise(self, lines: Sequence[Gray]) -> list[LogProbabilities]:
        return [self._said(max(1, line.shape[1] // STRIDE)) for line in lines]

    def _said(self, steps: int) -> LogProbabilities:
        said = self._random.normal(0.0, 1.0, (steps, 38)).astype(np.float32)
        said[:, 0] += self._plain
        places = (np.arange(0.5, steps, self._pitch / STRIDE)).astype(int)
        said[places, 0] -= 2 * self._plain
        said[places, self._random.integers(1, 38, len(places))] += self._plain
        said -= said.max(axis=1, keepdims=True)
        said -= np.log(np.exp(said).sum(axis=1, keepdims=True))
        return said


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0.0, 60.0),
    st.sampled_from([PITCH, PITCH, 0.7 * PITCH, 1.4 * PITCH]),
    st.sampled_from(["dashes of 9 px", "dashes of 14 px", "noise", "one pixel", "columns of 7 px"]),
)
def test_whatever_the_network_says_there_is_an_answer(
    seed: int, plain: float, pitch: float, name: str
) -> None:
    scan = read(MRZReader(_Oracle(seed, plain, pitch)), NOTHING_TO_READ[name](), 0.3)
    assert not scan.accepted


def test_control_a_network_that_says_anything_is_listened_to() -> None:
    scans = [read(MRZReader(_Oracle(1, 12.0, PITCH)), NOTHING_TO_READ["dashes of 14 px"](), 20.0)]
    assert any(scan.status is ScanStatus.READ for scan in scans)
