"""Crops of lines have one size of letters, however the line stands in the picture."""

import numpy as np
import pytest
from numpy.typing import NDArray

from documents.mrz.reader.geometry import TextLine
from documents.mrz.reader.rectify import CROP_HEIGHT_PX, corners_of, crop

COUNT = 20


def barred(
    pitch: float, cap: float, angle: float = 0.0, bow: float = 0.0
) -> tuple[NDArray[np.uint8], TextLine]:
    """A picture with one bar, a third of the pitch wide, for each character of a line."""
    start = np.array([120.0, 300.0])
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    y, x = np.mgrid[0:900, 0:1700].astype(np.float64)
    place = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / pitch
    off = (x - start[0]) * across[0] + (y - start[1]) * across[1]
    share = place / (COUNT - 1)
    off -= bow * 4.0 * share * (1.0 - share)
    bar = np.abs(place - np.round(place)) < 1.0 / 6.0
    bar &= (place > -0.5) & (place < COUNT - 0.5) & (np.abs(off) < cap / 2)
    end = start + along * pitch * (COUNT - 1)
    line = TextLine((start[0], start[1]), (float(end[0]), float(end[1])), pitch, cap, bow)
    return np.where(bar, 30, 220).astype(np.uint8), line


def centres(row: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The middles of the runs of True."""
    edges = np.diff(np.concatenate([[0], row.astype(int), [0]]))
    return (np.nonzero(edges == 1)[0] + np.nonzero(edges == -1)[0] - 1) / 2.0


@pytest.mark.parametrize(
    ("pitch", "cap", "angle", "bow"),
    [
        (14.0, 18.0, 0.0, 0.0),
        (7.0, 7.5, 0.0, 0.0),
        (22.0, 20.0, 0.2, 0.0),
        (40.0, 36.0, -0.1, 0.0),
        (70.0, 62.0, 0.0, 0.0),
        (30.0, 27.0, 0.1, 12.0),
        (60.0, 55.0, 0.05, -20.0),
    ],
)
def test_pitch_and_height_are_the_same_in_every_crop(
    pitch: float, cap: float, angle: float, bow: float
) -> None:
    picture, line = barred(pitch, cap, angle, bow)
    strip = crop(picture, line)
    assert strip.shape[0] == CROP_HEIGHT_PX
    assert strip.shape[1] % 8 == 0
    dark = np.asarray(strip < 125)
    middles = centres(np.asarray(dark[13:15].any(axis=0)))
    assert len(middles) == COUNT
    assert middles[0] == pytest.approx(2.5 * 14, abs=1.2)
    assert np.diff(middles) == pytest.approx(14.0, abs=1.2)
    heights = dark[:, dark.any(axis=0)].sum(axis=0)
    assert float(np.median(heights)) == pytest.approx(18.0, abs=2.0)
    rows = np.nonzero(dark.sum(axis=1) > dark.sum(axis=1).max() / 2)[0]
    assert (rows[0] + rows[-1]) / 2 == pytest.approx(13.5, abs=1.0)


def test_margin_shifts_the_line() -> None:
    picture, line = barred(20.0, 18.0)
    narrow, wide = crop(picture, line, margin=1.0), crop(picture, line, margin=6.0)
    assert centres(wide[14] < 125)[0] - centres(narrow[14] < 125)[0] == pytest.approx(70, abs=1)


def test_shrinking_averages_instead_of_skipping() -> None:
    checks = (np.indices((900, 1700)).sum(axis=0) % 2 * 255).astype(np.uint8)
    strip = crop(checks, TextLine((200.0, 400.0), (1400.0, 430.0), 63.0, 81.0))
    assert np.abs(strip.astype(float) - 127.5).max() < 18.0


def test_crop_is_bounded_and_repeats_the_border() -> None:
    picture = np.full((40, 60), 90, np.uint8)
    strip = crop(picture, TextLine((-500.0, 20.0), (900.0, 25.0), 1.0, 9.0), margin=40.0)
    assert strip.shape == (28, 1096)
    assert (strip == 90).all()


def test_corners_surround_the_line_in_reading_order() -> None:
    line = TextLine((100.0, 50.0), (300.0, 50.0), 10.0, 10.0)
    assert corners_of(line) == pytest.approx(
        np.array([[95, 44], [305, 44], [305, 56], [95, 56]], np.float32)
    )
    # Upside down the first corner is at the other end.
    assert corners_of(line.reversed())[0] == pytest.approx([305, 56])
