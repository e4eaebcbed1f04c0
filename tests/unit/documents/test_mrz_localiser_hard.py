"""Zones on dark waves and in strong perspective; the test that comes before measuring."""

import time

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from documents.mrz.reader import localiser
from documents.mrz.reader.bands import find_bands, find_marks
from documents.mrz.reader.lines import measure, regularity
from documents.mrz.reader.localiser import find_zones

Gray = NDArray[np.uint8]

PITCH, WIDTH, HEIGHT = 20.0, 1000, 700
LINES = (
    "P<UTOWINTERGREEN<<IDA<MARLENE<<<<<<<<<<<<<<<",
    "X730021A46UTO8803127F3106159ZE184226B<<<<<14",
)


def drawn(waves: int | None = None) -> tuple[Gray, NDArray[np.float32]]:
    """A passport's page, on waves of this darkness, and the ends of its lines (2, 2, 2)."""
    page = np.full((HEIGHT, WIDTH), 225, np.uint8)
    if waves is not None:
        x = np.arange(0, WIDTH, 5)
        for number, y in enumerate(range(0, HEIGHT + 30, 9)):
            points = np.stack([x, y + 9 * np.sin(x / 140 + number / 9)], axis=1)
            cv2.polylines(page, [(points * 16).astype(np.int32)], False, waves, 2, cv2.LINE_AA, 4)
    ends = []
    for y, text in zip((560, 610), LINES, strict=True):
        for place, letter in enumerate(text):
            (width, height), _ = cv2.getTextSize(letter, cv2.FONT_HERSHEY_SIMPLEX, 0.85, 2)
            at = (round(60 + place * PITCH - width / 2), round(y + height / 2))
            cv2.putText(page, letter, at, cv2.FONT_HERSHEY_SIMPLEX, 0.85, 40, 2, cv2.LINE_AA)
        ends.append([(60, y), (60 + (len(text) - 1) * PITCH, y)])
    return page, np.array(ends, np.float32)


def assert_found(page: Gray, ends: NDArray[np.float32]) -> None:
    zone = next(find_zones(page, deadline=time.monotonic() + 30), None)
    assert zone is not None
    found = [
        np.array([[line.start, line.end] for line in view.lines]) for view in (zone, zone.turned())
    ]
    assert any(np.shape(f) == ends.shape and np.abs(f - ends).max() < 0.8 * PITCH for f in found)


@pytest.mark.parametrize("quarters", [0, 1])
@pytest.mark.parametrize("waves", [190, 150, 120])
def test_waves_along_the_lines_hide_no_zone(waves: int, quarters: int) -> None:
    page, ends = drawn(waves)
    if quarters:
        page = np.asarray(cv2.rotate(page, cv2.ROTATE_90_CLOCKWISE), np.uint8)
        ends = np.stack([HEIGHT - 1 - ends[..., 1], ends[..., 0]], axis=2)
    assert_found(page, ends)


@pytest.mark.parametrize("narrowing", [0.06, -0.06, 0.09])
def test_perspective_may_change_the_pitch_along_a_line(narrowing: float) -> None:
    page, ends = drawn()
    whole = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)], np.float32)
    left, right = max(narrowing, 0) * HEIGHT, max(-narrowing, 0) * HEIGHT
    seen = whole + np.array([(0, left), (0, right), (0, -right), (0, -left)], np.float32)
    matrix = cv2.getPerspectiveTransform(whole, seen)
    page = np.asarray(
        cv2.warpPerspective(page, matrix, (WIDTH, HEIGHT), borderValue=(110,)), np.uint8
    )
    assert_found(page, np.asarray(cv2.perspectiveTransform(ends, matrix), np.float32))


def _ordinary_text() -> Gray:
    page = np.full((HEIGHT, WIDTH), 235, np.uint8)
    words = "the quick brown fox jumps over a lazy dog while it rains in Utopia all day long"
    shuffled = words.split()
    for turn, y in enumerate(range(40, HEIGHT - 10, 38)):
        text = " ".join(shuffled[turn % 16 :] + shuffled[: turn % 16])
        cv2.putText(page, text, (20, y), cv2.FONT_HERSHEY_COMPLEX, 0.66, 20, 1, cv2.LINE_AA)
    return page


def _small(page: Gray) -> Gray:
    return np.asarray(cv2.resize(page, (560, 392), interpolation=cv2.INTER_AREA), np.uint8)


def test_lettering_of_fixed_pitch_is_more_regular_than_ordinary_text() -> None:
    regular, ordinary = (
        [
            regularity(picture, band)
            for band in find_bands(find_marks(picture, upright=False), upright=False)
        ]
        for picture in (_small(drawn(190)[0]), _small(_ordinary_text()))
    )
    assert min(sorted(regular)[-2:]) > 0.65
    assert ordinary
    assert np.median(ordinary) < 0.5


def test_ordinary_text_is_hardly_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(*args: object) -> object:
        calls.append(args)
        return measure(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(localiser, "measure", counted)
    assert not list(find_zones(_ordinary_text(), deadline=time.monotonic() + 30))
    assert len(calls) <= 1
    calls.clear()
    assert next(find_zones(drawn()[0], deadline=time.monotonic() + 30), None) is not None
    assert calls
