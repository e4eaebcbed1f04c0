"""Where the ink of a line really runs, when its crop was cut along something else.

A page that does not lie flat bends its lines, and a camera close to it shears them. The localiser
fits a curve through what it took for characters; here the characters are known to be there, and
the curve is fitted again through the middle of their ink.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from documents.mrz.reader.decoding import Glimpse
from documents.mrz.reader.geometry import TextLine
from documents.mrz.reader.rectify import CROP_CAP_PX, CROP_HEIGHT_PX, CROP_PITCH_PX, crop
from documents.mrz.reader.results import GrayPicture

_TALLER = 1.5  # than the crop that is recognised: ink that left it is seen again
_HALF_WINDOW = 6  # columns to each side of a character's centre
_LEAST_CHARACTERS = 10
_STRAIGHT = 0.7  # crop pixels; less changes nothing


def straightened(
    gray: GrayPicture, line: TextLine, seen: Glimpse, margin: float
) -> TextLine | None:
    """Return the line along its characters' middles; None when it runs there already.

    seen: what was recognised in `crop(gray, line, margin)`.
    """
    tall = crop(gray, replace(line, cap_height=line.cap_height * _TALLER), margin)
    columns = np.arange(0.0, tall.shape[1])
    # Where characters were missed the ink is looked for as well, at the places between.
    centres = _all_centres(seen.centres, tall.shape[1])
    if len(centres) < _LEAST_CHARACTERS:
        return None
    middles, weights = _middles(tall, centres)
    middle = columns[-1] / 2
    places = (centres - middle) / max(middle, 1.0)
    fit = _robust_curve(places, middles, weights)
    first = (margin * CROP_PITCH_PX - middle) / max(middle, 1.0)
    ends = np.polyval(fit, [first, 0.0, -first]) - (CROP_HEIGHT_PX - 1) / 2
    if np.abs(ends).max() * _TALLER < _STRAIGHT:
        return None
    scale = line.cap_height * _TALLER / CROP_CAP_PX
    start, centre, end = (float(value) * scale for value in ends)
    ux, uy = line.direction
    (x0, y0), (x1, y1) = line.start, line.end
    return replace(
        line,
        start=(x0 - uy * start, y0 + ux * start),
        end=(x1 - uy * end, y1 + ux * end),
        bow=line.bow + centre - (start + end) / 2,
    )


def _all_centres(seen: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """A place every pitch from the first character to the last, and a little beyond."""
    if len(seen) < 2:
        return seen
    first = max(seen[0] - CROP_PITCH_PX, _HALF_WINDOW)
    last = min(seen[-1] + 4 * CROP_PITCH_PX, width - _HALF_WINDOW)
    return np.arange(first, last, CROP_PITCH_PX)


def _middles(
    tall: GrayPicture, centres: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The row in the middle of the ink around each centre, and how much ink there is."""
    rows = np.arange(tall.shape[0], dtype=np.float64)
    middles, weights = np.empty(len(centres)), np.empty(len(centres))
    for place, centre in enumerate(centres):
        a = max(0, round(centre) - _HALF_WINDOW)
        window = tall[:, a : a + 2 * _HALF_WINDOW].astype(np.float64)
        paper = np.percentile(window, 80)
        dark = np.maximum(paper - window - 0.35 * max(paper - window.min(), 1.0), 0).sum(axis=1)
        weights[place] = dark.sum()
        middles[place] = rows @ dark / weights[place] if weights[place] > 0 else 0.0
    typical = np.median(weights)
    return middles, np.clip(weights / max(typical, 1e-6), 0, 1)


def _robust_curve(
    places: NDArray[np.float64], middles: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """A parabola through most of the points."""
    fit = np.polyfit(places, middles, 2, w=weights + 1e-3)
    for _ in range(3):
        off = np.abs(np.polyval(fit, places) - middles)
        near = weights / (1 + (off / 1.5) ** 2)
        fit = np.polyfit(places, middles, 2, w=near + 1e-3)
    return fit
