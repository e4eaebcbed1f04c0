"""Where the holder's portrait is, cut out for a face engine.

9303-4 puts it left of the data above the zone (zone V), so do 9303-6 and 9303-7; on cards of size
TD1 it is often on the other side. A face finder, where the caller has one, is asked first; without
it the portrait is looked for by skin and by where the layout has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.mrz.layouts import Template
from documents.mrz.reader.results import MRZScan
from documents.page.geometry import Box, PagePlace, clip, cut, gray_of
from documents.page.results import (
    RGB,
    CheckOutcome,
    Corners,
    PageCheck,
    PageFinding,
    Portrait,
    not_measured,
)

FaceFinder: TypeAlias = Callable[[RGB], Sequence[Box]]
"""Finds faces in an upright RGB picture: left, top, width, height of each, pixels."""

# What a face finder is shown: 7 px a millimetre make a face of 18 mm some 125 pixels wide.
_FINDER_PX_PER_MM = 7.0
_FINDER_SIDE = 1000
# What goes with a face, in parts of its box: hair, chin, ears and some background.
_BESIDE, _ABOVE, _BELOW = 0.6, 0.7, 0.6
_LONGEST_CROP = 800
_LEAST_CROP = 24


def find_portrait(
    white: RGB, scan: MRZScan | None, place: PagePlace | None, find_faces: FaceFinder | None
) -> tuple[PageFinding, Portrait | None]:
    """Return where the portrait is; value: width of the face or window over that of the page."""
    if find_faces is not None:
        return _by_face(white, scan, place, find_faces)
    if place is None:
        return not_measured(PageCheck.PORTRAIT_FOUND, "no_mrz_to_measure_by"), None
    return _by_layout(white, scan, place)


def _by_face(
    white: RGB, scan: MRZScan | None, place: PagePlace | None, find_faces: FaceFinder
) -> tuple[PageFinding, Portrait | None]:
    check = PageCheck.PORTRAIT_FOUND
    view, corners = _upright(white, place)
    faces = [box for box in find_faces(view) if _sane(box)]
    if not faces:
        if place is not None and _must_bear_portrait(scan):
            return PageFinding(check, CheckOutcome.POOR, 0.6, "no_portrait_found"), None
        return not_measured(check, "no_portrait_on_this_side"), None
    # The holder's portrait is the largest; the others are its ghosts in the background.
    left, top, width, height = max(faces, key=lambda box: box[2] * box[3])
    crop = (
        left - _BESIDE * width,
        top - _ABOVE * height,
        width * (1 + 2 * _BESIDE),
        height * (1 + _ABOVE + _BELOW),
    )
    portrait = _cut_out(white, _mapped(corners, view, crop))
    if portrait is None:
        return PageFinding(check, CheckOutcome.POOR, 0.6, "portrait_too_small"), None
    share = width / view.shape[1]
    return PageFinding(check, CheckOutcome.PASSED, 0.9, "face_found", share), portrait


def _sane(box: Box) -> bool:
    return all(np.isfinite(box)) and box[2] >= 8 and box[3] >= 8


def _must_bear_portrait(scan: MRZScan | None) -> bool:
    return scan is not None and scan.template in (Template.TD3, Template.MRV_A, Template.MRV_B)


def _upright(white: RGB, place: PagePlace | None) -> tuple[RGB, Corners]:
    """Return an upright view of the page above the zone, or of the picture, and its corners."""
    if place is None:
        rows, columns = white.shape[:2]
        corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
        factor = min(_FINDER_SIDE / max(rows, columns), 1.0)
        width, height = (max(round(v * factor), 1) for v in (columns, rows))
        return cut(white, corners, width, height), corners
    above = (0.0, 0.0, place.size.width, place.zone[1])
    box = clip(place, above, white)
    scale = min(_FINDER_PX_PER_MM, max(place.scale, 1.0))
    corners = place.corners(box)
    width, height = (max(round(v * scale), 8) for v in box[2:])
    return cut(white, corners, width, height), corners


def _mapped(corners: Corners, view: RGB, box: Box) -> Corners:
    """Return the corners, in the picture, of a box of pixels of a view with known corners."""
    origin = corners[0].astype(np.float64)
    across = (corners[1] - origin) / view.shape[1]
    down = (corners[3] - origin) / view.shape[0]
    left, top = max(box[0], 0.0), max(box[1], 0.0)
    right = min(box[0] + box[2], float(view.shape[1]))
    bottom = min(box[1] + box[3], float(view.shape[0]))
    return np.array(
        [
            origin + across * x + down * y
            for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))
        ],
        np.float32,
    )


def _cut_out(white: RGB, corners: Corners) -> Portrait | None:
    """Cut at the picture's own resolution, 800 pixels at most."""
    width = float(np.hypot(*(corners[1] - corners[0])))
    height = float(np.hypot(*(corners[3] - corners[0])))
    if min(width, height) < _LEAST_CROP:
        return None
    factor = min(_LONGEST_CROP / max(width, height), 1.0)
    crop = cut(white, corners, round(width * factor), round(height * factor))
    return Portrait(corners, crop)


# --- without a face finder -----------------------------------------------------------------

# Skin in YCrCb, as offsets from neutral, wide enough for every skin under white light: D. Chai
# and K. N. Ngan, "Face segmentation using skin-color map", IEEE T-CSVT 9 (1999).
_RED_OFFSET = (5, 45)
_BLUE_OFFSET = (-51, -1)
_SEEK_PX_PER_MM = 3.0
# Portraits are 26 mm by 32 mm to 35 mm by 45 mm on TD3 and down to 21 mm wide on cards.
_WINDOWS_MM = ((35.0, 45.0), (30.0, 38.5), (25.0, 32.0), (21.0, 27.0))
_LEAST_SKIN = 0.35
_LEAST_LEAD = 0.15
_STANDARD_MM = (4.0, 37.0, 47.0)  # left edge, width, height of zone V with its tolerance
_LEAST_TEXTURE = 12.0


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A window of the search view, pixels, and how much more skin it has within than around."""

    box: Box
    lead: float
    skin: float


def _by_layout(
    white: RGB, scan: MRZScan | None, place: PagePlace
) -> tuple[PageFinding, Portrait | None]:
    check = PageCheck.PORTRAIT_FOUND
    box = clip(place, (0.0, 0.0, place.size.width, place.zone[1]), white)
    corners = place.corners(box)
    width, height = (max(round(v * _SEEK_PX_PER_MM), 8) for v in box[2:])
    view = cut(white, corners, width, height)
    best = _most_skin(view, _SEEK_PX_PER_MM)
    if best is not None:
        portrait = _cut_out(white, _mapped(corners, view, best.box))
        if portrait is not None:
            confidence = min(0.45 + best.lead / 2, 0.75)
            share = best.box[2] / width
            return PageFinding(
                check, CheckOutcome.PASSED, confidence, "skin_found", share
            ), portrait
    if not _must_bear_portrait(scan):
        return not_measured(check, "no_portrait_on_this_side"), None
    left, standard_width, standard_height = _STANDARD_MM
    top = max(place.zone[1] - standard_height - 5.0, 0.0)
    standard = clip(place, (left, top, standard_width, place.zone[1] - 3.0 - top), white)
    portrait = _cut_out(white, place.corners(standard))
    if portrait is None or float(gray_of(portrait.crop).std()) < _LEAST_TEXTURE:
        return PageFinding(check, CheckOutcome.POOR, 0.5, "no_portrait_found"), None
    return PageFinding(
        check, CheckOutcome.PASSED, 0.3, "portrait_where_layout_has_it", standard_width
    ), portrait


def _most_skin(view: RGB, scale: float) -> _Candidate | None:
    """Return the window whose middle is skin and whose rim is not, if there is one."""
    skin = _skin(view)
    rows, columns = skin.shape
    table = np.asarray(cv2.integral(skin), np.float64)
    best: _Candidate | None = None
    for width_mm, height_mm in _WINDOWS_MM:
        width, height = round(width_mm * scale), round(height_mm * scale)
        if width > columns or height > rows:
            continue
        whole = _sums(table, width, height)
        # The face: the middle half of the width, 20 % to 75 % of the height.
        inner_w, inner_h = round(width * 0.5), round(height * 0.55)
        dx, dy = round(width * 0.25), round(height * 0.2)
        inner = _sums(table, inner_w, inner_h)[dy : dy + whole.shape[0], dx : dx + whole.shape[1]]
        inside = inner / (inner_w * inner_h)
        around = (whole - inner) / (width * height - inner_w * inner_h)
        lead = inside - around
        y, x = np.unravel_index(int(lead.argmax()), lead.shape)
        candidate = _Candidate(
            (float(x), float(y), float(width), float(height)),
            float(lead[y, x]),
            float(inside[y, x]),
        )
        if (
            candidate.skin >= _LEAST_SKIN
            and candidate.lead >= _LEAST_LEAD
            and (best is None or candidate.lead > best.lead + 0.03)
        ):
            best = candidate
    return best


def _sums(table: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """Sums over all windows of a size, from the integral picture."""
    return (
        table[height:, width:]
        - table[:-height, width:]
        - table[height:, :-width]
        + table[:-height, :-width]
    )


def _skin(view: RGB) -> NDArray[np.uint8]:
    """Mark what has the colour of skin, seen against the colour of the page itself."""
    smooth = cv2.GaussianBlur(view, (0, 0), 1.5)
    ycc = cv2.cvtColor(smooth, cv2.COLOR_RGB2YCrCb).astype(np.int16)
    luma, red, blue = ycc[..., 0], ycc[..., 1], ycc[..., 2]
    bright = luma >= np.percentile(luma, 50)
    # Against paper under a warm or cold lamp, but never by more than a cast can be.
    red_paper = float(np.clip(np.median(red[bright]), 120, 136))
    blue_paper = float(np.clip(np.median(blue[bright]), 120, 136))
    dr, db = red - red_paper, blue - blue_paper
    mark = (
        (dr >= _RED_OFFSET[0])
        & (dr <= _RED_OFFSET[1])
        & (db >= _BLUE_OFFSET[0])
        & (db <= _BLUE_OFFSET[1])
        & (luma >= 40)
        & (luma <= 245)
    )
    return np.asarray(mark, np.uint8)
