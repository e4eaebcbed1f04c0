"""What the page looks like under ultraviolet light.

9303-2 wants paper that is dull, or that shines in another colour than the blue-white of common
paper, whose optical brightener turns 365 nm into light of about 440 nm. The statistic is the
*shine* of the paper: over those pixels that are paper in white light (brighter than the page's
median), the 30th percentile of the lesser of green and blue. Lesser, because dull paper throws
back the lamp's own violet, which reaches a camera's blue (and red) pixels and hardly its green
ones, while brightened paper is bright in both. A low percentile, because fluorescent fibres,
threads and emblems cover part of a page and brightener covers all of it.

The same is asked of each block of 3 mm: a photograph that was glued on shines in one piece.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from documents.page.geometry import PagePlace, clip, cut, gray_of
from documents.page.results import (
    RGB,
    CheckOutcome,
    Light,
    PageCheck,
    PageFinding,
    not_measured,
)

# Shine, 0 to 255: up to DULL the paper is dull, from BRIGHT on it is not.
_DULL = 60.0
_BRIGHT = 90.0
# Shine of brightened paper is next to the brightest there is; a long exposure of dull paper
# leaves its fluorescent print far brighter than the paper.
_LEAST_SHARE = 0.35
# Blue-white: blue leads red by this factor. Neutral paper was lit by something else.
_BLUE = 1.08
_COLOURED = 0.9
_NO_LAMP = 16.0
# The smallest portrait is 21 mm by 27 mm. A piece is compact when it fills its rectangle.
_LEAST_PATCH = 300.0
_COMPACT = 0.75
_LEAST_OF_PATCH = 45.0
_ABOVE_PAPER = 2.5
_BLOCK_MM = 3
_PX_PER_MM = 2.0


@dataclass(frozen=True, slots=True)
class Shine:
    """What the paper gives back: 30th percentiles, 0 to 255, of its pixels.

    shine: of the lesser of green and blue. brightest: 99.5th percentile over the page of the
    greatest of the three. patch: mm² of the largest compact piece that is brightened.
    """

    red: float
    green: float
    blue: float
    shine: float
    brightest: float
    patch: float


def check_ultraviolet(pages: Mapping[Light, RGB], place: PagePlace | None) -> PageFinding:
    """Say whether the paper is dull; value: its shine, 0 to 255.

    place: of the page in the white picture; without it the whole picture counts as page.
    """
    check = PageCheck.DULL_UNDER_ULTRAVIOLET
    ultraviolet = pages.get(Light.ULTRAVIOLET)
    if ultraviolet is None:
        return not_measured(check, "no_ultraviolet_picture")
    seen = measure_shine(ultraviolet, pages.get(Light.WHITE), place)
    if seen.brightest < _NO_LAMP:
        return PageFinding(check, CheckOutcome.POOR, 0.9, "ultraviolet_too_dark", seen.shine)
    if seen.shine <= _DULL and seen.patch >= _LEAST_PATCH:
        return PageFinding(
            check, CheckOutcome.SUSPICIOUS, 0.8, "part_of_page_brightened", seen.patch
        )
    if seen.shine <= _DULL:
        confidence = 0.6 + 0.39 * (1 - seen.shine / _DULL)
        return PageFinding(check, CheckOutcome.PASSED, confidence, "paper_dull", seen.shine)
    if seen.red > seen.blue / _BLUE and seen.green > seen.blue / _BLUE:
        neutral = seen.red > _COLOURED * max(seen.green, seen.blue)
        code = "lit_by_other_light" if neutral else "paper_shines_in_a_colour"
        outcome = CheckOutcome.POOR if neutral else CheckOutcome.NOT_MEASURED
        return PageFinding(check, outcome, 0.5 if neutral else 0.0, code, seen.shine)
    if seen.green > _BLUE * seen.blue:
        return PageFinding(
            check, CheckOutcome.NOT_MEASURED, 0.0, "paper_shines_in_a_colour", seen.shine
        )
    if seen.shine < _BRIGHT or seen.shine < _LEAST_SHARE * seen.brightest:
        return PageFinding(check, CheckOutcome.NOT_MEASURED, 0.0, "paper_unclear", seen.shine)
    confidence = min(0.7 + 0.29 * (seen.shine - _BRIGHT) / _BRIGHT, 0.99)
    return PageFinding(check, CheckOutcome.SUSPICIOUS, confidence, "paper_brightened", seen.shine)


def measure_shine(ultraviolet: RGB, white: RGB | None, place: PagePlace | None) -> Shine:
    """Measure the paper of a page; see the module's text for the statistic."""
    page = _page_view(ultraviolet, ultraviolet, white, place)
    flat = page.reshape(-1, 3).astype(np.float32)
    brightest = float(np.percentile(flat.max(axis=1), 99.5))
    if white is not None:
        luma = gray_of(_page_view(white, ultraviolet, white, place)).reshape(-1)
        paper = luma > np.median(luma)
        if int(paper.sum()) >= luma.size // 8:
            flat = flat[paper]
    red, green, blue = (float(v) for v in np.percentile(flat, 30, axis=0))
    shine = float(np.percentile(np.minimum(flat[:, 1], flat[:, 2]), 30))
    return Shine(red, green, blue, shine, brightest, _largest_patch(page, shine))


def _largest_patch(page: RGB, paper: float) -> float:
    """Return the area of the largest compact piece that shines blue-white, mm².

    paper: the shine of the paper around it. A photograph's dark parts shine too, but less.
    """
    least = max(_LEAST_OF_PATCH, _ABOVE_PAPER * paper)
    step = round(_BLOCK_MM * _PX_PER_MM)
    rows, columns = page.shape[0] // step, page.shape[1] // step
    if rows < 3 or columns < 3:
        return 0.0
    blocks = (
        page[: rows * step, : columns * step]
        .reshape(rows, step, columns, step, 3)
        .transpose(0, 2, 1, 3, 4)
        .reshape(rows, columns, step * step, 3)
    )
    red, green, blue = np.moveaxis(np.percentile(blocks, 30, axis=2), -1, 0)
    bright = (np.minimum(green, blue) >= least) & (blue >= red * _BLUE) & (blue >= green)
    count, _, stats, _ = cv2.connectedComponentsWithStats(bright.astype(np.uint8), connectivity=4)
    areas = [
        float(area) * _BLOCK_MM**2
        for _, _, width, height, area in stats[1:count]
        if area >= _COMPACT * width * height and min(width, height) >= 4
    ]
    return max(areas, default=0.0)


def _page_view(picture: RGB, ultraviolet: RGB, white: RGB | None, place: PagePlace | None) -> RGB:
    """Cut the page out of a picture at 2 pixels a millimetre, or shrink the whole picture."""
    if place is None or white is None:
        return np.asarray(cv2.resize(picture, (250, 176), interpolation=cv2.INTER_AREA), np.uint8)
    rows, columns = picture.shape[:2]
    here = place.scaled(columns / white.shape[1], rows / white.shape[0])
    # A millimetre of margin keeps what lies under the page out of it.
    inner = (1.0, 1.0, place.size.width - 2.0, place.size.height - 2.0)
    box = clip(here, inner, picture)
    width, height = (max(round(v * _PX_PER_MM), 8) for v in box[2:])
    return cut(picture, here.corners(box), width, height)
