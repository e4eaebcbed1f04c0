"""The shipped network on rendered pages: read as printed, accepted only when that is sure."""

from __future__ import annotations

import time
from datetime import date

import cv2
import numpy as np
import pytest

from documents.mrz.reader.glare import blotted_columns, washed_columns
from documents.mrz.reader.reader import MRZReader, load_reader
from documents.mrz.reader.results import GrayPicture, ScanProblem, ScanStatus
from simulators.documents.stress_book import StressPage, stress_book

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def reader() -> MRZReader:
    return load_reader()


def picture(page: StressPage) -> GrayPicture:
    return np.asarray(cv2.imdecode(np.frombuffer(page.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE))


@pytest.fixture(scope="module")
def pages() -> list[StressPage]:
    return list(stress_book("plain", 12, 505))


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is busy is no reader's fault."""
    monkeypatch.setattr("documents.mrz.reader.reader.BUDGET_SECONDS", 10.0)


def test_pages_of_every_kind_are_read_as_printed(
    reader: MRZReader, pages: list[StressPage]
) -> None:
    scans = [reader.read(picture(page), today=TODAY) for page in pages]
    assert [scan.texts for scan in scans] == [page.lines for page in pages]
    assert sum(scan.accepted for scan in scans) >= 10


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_any_way_up(reader: MRZReader, pages: list[StressPage], turns: int) -> None:
    page = pages[0]
    # np.rot90 turns against the clock, so that many clockwise turns bring it upright.
    scan = reader.read(np.ascontiguousarray(np.rot90(picture(page), turns)), today=TODAY)
    assert scan.texts == page.lines
    assert scan.turns == turns


def test_the_corners_lie_around_the_zone(reader: MRZReader, pages: list[StressPage]) -> None:
    gray = picture(pages[0])
    scan = reader.read(gray, today=TODAY)
    assert scan.corners is not None
    inked = gray.copy()
    cv2.fillPoly(inked, [np.rint(scan.corners).astype(np.int32)], 255)
    assert reader.read(inked, today=TODAY).texts != pages[0].lines


def test_two_documents_in_one_picture_are_nobodys(
    reader: MRZReader, pages: list[StressPage]
) -> None:
    first, second = picture(pages[0]), picture(pages[1])
    width = min(first.shape[1], second.shape[1])
    both = np.vstack([first[:, :width], second[:, :width]])
    scan = reader.read(both, today=TODAY)
    assert not scan.accepted
    assert ScanProblem.SEVERAL_ZONES in scan.problems


def test_a_hidden_character_is_not_made_up(reader: MRZReader, pages: list[StressPage]) -> None:
    page = pages[0]
    gray = picture(page)
    scan = reader.read(gray, today=TODAY)
    corners = scan.lines[0].corners
    place = 8
    share = (place + 0.5) / len(page.lines[0])
    top = corners[0] + share * (corners[1] - corners[0])
    bottom = corners[3] + share * (corners[2] - corners[3])
    reach = np.linalg.norm(corners[1] - corners[0]) / len(page.lines[0]) * 0.5
    half = np.array([reach, 0])
    hidden = gray.copy()
    box = np.array([top - half, top + half, bottom + half, bottom - half])
    cv2.fillPoly(hidden, [np.rint(box).astype(np.int32)], 235)
    again = reader.read(hidden, today=TODAY)
    assert not again.accepted or again.texts == page.lines


@pytest.mark.parametrize("seed", [1, 2])
def test_damaged_pages_are_accepted_only_when_read_right(reader: MRZReader, seed: int) -> None:
    for stress in ("glare", "noise", "blur"):
        for page in stress_book(stress, 6, seed):
            scan = reader.read(picture(page), today=TODAY)
            assert not scan.accepted or scan.texts == page.lines


def test_pictures_of_one_page_vote(reader: MRZReader) -> None:
    rng = np.random.default_rng(7)
    (page,) = stress_book("plain", 1, 91)
    gray = picture(page)

    def shot(level: float) -> GrayPicture:
        noise = rng.normal(0, level, gray.shape)
        return np.asarray(np.clip(gray + noise, 0, 255), np.uint8)

    scan = reader.read_frames([shot(20) for _ in range(3)], today=TODAY)
    assert scan.texts == page.lines
    assert scan.accepted


def test_pictures_of_two_pages_do_not_vote_for_either(
    reader: MRZReader, pages: list[StressPage]
) -> None:
    by_kind: dict[str, list[StressPage]] = {}
    for page in pages:
        if reader.read(picture(page), today=TODAY).accepted:
            by_kind.setdefault(page.template, []).append(page)
    first, second = next(same for same in by_kind.values() if len(same) > 1)[:2]
    scan = reader.read_frames([picture(first), picture(second)], today=TODAY)
    assert not scan.accepted
    assert ScanProblem.FRAMES_DISAGREE in scan.problems


def test_no_picture_is_no_question(reader: MRZReader) -> None:
    with pytest.raises(ValueError, match="no picture"):
        reader.read_frames([], today=TODAY)


def test_nothing_is_found_where_nothing_is(reader: MRZReader) -> None:
    blank = np.full((600, 900), 230, np.uint8)
    for line in range(12):
        text = "ordinary words that fill a page of paper"
        cv2.putText(blank, text, (40, 60 + 40 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 20, 2)
    scan = reader.read(blank, today=TODAY)
    assert scan.status is ScanStatus.NO_MRZ
    assert scan.texts == ()
    assert not scan.accepted


def test_without_time_nothing_is_concluded(reader: MRZReader, pages: list[StressPage]) -> None:
    scan = reader.read(picture(pages[0]), today=TODAY, deadline=time.monotonic() - 1)
    assert scan.status is ScanStatus.OUT_OF_TIME


def test_no_text_is_in_a_repr(reader: MRZReader, pages: list[StressPage]) -> None:
    scan = reader.read(picture(pages[0]), today=TODAY)
    said = repr(scan) + repr(scan.lines) + repr(scan.lines[0].characters)
    assert all(line not in said for line in pages[0].lines)


def test_a_reflection_is_seen_on_paper_and_not_on_a_white_scan() -> None:
    paper = np.full((28, 200), 205, np.uint8)
    assert not washed_columns(paper).any()
    paper[:, 80:120] = 255
    assert washed_columns(paper)[85:115].all()
    assert not washed_columns(paper)[:70].any()
    assert not washed_columns(np.full((28, 200), 255, np.uint8)).any()


def test_a_dark_patch_is_a_blot_and_no_stroke_is(reader: MRZReader) -> None:
    line = np.full((28, 200), 205, np.uint8)
    for x in range(10, 190, 14):
        line[5:23, x : x + 4] = 30
    assert not blotted_columns(line).any()
    line[8:20, 100:112] = 30
    assert blotted_columns(line)[102:110].all()
    assert not blotted_columns(line)[:90].any()
