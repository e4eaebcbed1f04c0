"""What the same page looks like in infrared and ultraviolet light.

**Infrared.** 9303-3 section 4.5 wants a zone that reads in the B900 band, because most inks of
offices and homes vanish there. The lines must be there and say what they say in white light.

**Ultraviolet.** 9303-2 wants paper that is dull, or that shines in another colour than the
blue-white of common paper, whose optical brightener turns 365 nm into light of about 440 nm. The
statistic is the *shine* of the paper: over those pixels that are paper in white light (brighter
than the page's median), the 30th percentile of the lesser of green and blue. Lesser, because
dull paper throws back the lamp's own violet, which reaches a camera's blue (and red) pixels and
hardly its green ones, while brightened paper is bright in both. A low percentile, because
fluorescent fibres, threads and emblems cover part of a page and brightener covers all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.mrz.reader.results import Character, MRZScan, ScannedLine, ScanStatus
from documents.page.geometry import PagePlace, clip, cut, gray_of, line_strip
from documents.page.results import (
    RGB,
    CheckOutcome,
    Gray,
    Light,
    PageCheck,
    PageFinding,
    not_measured,
)

# --- infrared ------------------------------------------------------------------------------

# Two readings of a character contradict each other when both are this sure of it.
_SURE = 0.9
# ... and neither holds the other's reading for possible.
_POSSIBLE = 0.02
# More differences than these come from a line read one place to the side, not from a forger.
_MANY_DIFFERENCES = 12
# Correlation of the zone in both lights, at its best within a search of a character.
_SEEN = 0.5
_GONE = 0.25
# The brightest tenth of a zone's paper below this is a lamp that did not burn.
_DARK = 40.0
# Pictures of one camera have one shape.
_SAME_SHAPE = 0.03

_PITCH = 14.0
_STRIP_HEIGHT = 24
_SEARCH = (14, 8)


def check_infrared(pages: Mapping[Light, RGB], scans: Mapping[Light, MRZScan]) -> PageFinding:
    """Compare the zone in infrared with the zone in white light.

    value: characters that clearly differ, or the correlation of the zone in both lights where
    none was read in infrared.
    """
    check = PageCheck.MRZ_IN_INFRARED
    infrared, white = scans.get(Light.INFRARED), scans.get(Light.WHITE)
    if Light.INFRARED not in pages:
        return not_measured(check, "no_infrared_picture")
    if infrared is None or infrared.status is ScanStatus.OUT_OF_TIME:
        return not_measured(check, "infrared_not_searched")
    if white is None or white.status is not ScanStatus.READ:
        if infrared.status is ScanStatus.READ:
            return PageFinding(
                check, CheckOutcome.PASSED, infrared.confidence, "mrz_only_in_infrared"
            )
        return not_measured(check, "no_mrz_in_either_light")
    if infrared.status is ScanStatus.NO_MRZ:
        return _unread_in_infrared(pages, white)
    return _compare(white, infrared)


def _compare(white: MRZScan, infrared: MRZScan) -> PageFinding:
    check = PageCheck.MRZ_IN_INFRARED
    accepted = white.accepted and infrared.accepted
    shapes = [tuple(len(line.characters) for line in scan.lines) for scan in (white, infrared)]
    if shapes[0] != shapes[1]:
        if accepted:
            return PageFinding(check, CheckOutcome.SUSPICIOUS, 0.9, "mrz_differs_in_infrared")
        return not_measured(check, "mrz_unclear_in_infrared")
    pairs = [
        pair
        for ours, theirs in zip_longest(white.lines, infrared.lines)
        for pair in zip(ours.characters, theirs.characters, strict=True)
    ]
    different = [pair for pair in pairs if pair[0].value != pair[1].value]
    clear = [pair for pair in different if _contradict(*pair)]
    sureness = max((min(a.confidence, b.confidence) for a, b in clear), default=0.0)
    if clear and (accepted or len(different) <= _MANY_DIFFERENCES):
        return PageFinding(
            check, CheckOutcome.SUSPICIOUS, sureness, "mrz_differs_in_infrared", float(len(clear))
        )
    if len(different) > _MANY_DIFFERENCES:
        return not_measured(check, "mrz_unclear_in_infrared")
    confidence = min(white.confidence, infrared.confidence)
    code = "mrz_nearly_same_in_infrared" if different else "mrz_same_in_infrared"
    return PageFinding(check, CheckOutcome.PASSED, confidence, code, 0.0)


def _contradict(a: Character, b: Character) -> bool:
    return (
        min(a.confidence, b.confidence) >= _SURE
        and dict(a.alternatives).get(b.value, 0.0) < _POSSIBLE
        and dict(b.alternatives).get(a.value, 0.0) < _POSSIBLE
    )


def _unread_in_infrared(pages: Mapping[Light, RGB], white: MRZScan) -> PageFinding:
    """Tell a zone that is not there in infrared from one that only could not be read."""
    check = PageCheck.MRZ_IN_INFRARED
    infrared = pages[Light.INFRARED]
    picture = pages.get(Light.WHITE)
    missing = PageFinding(check, CheckOutcome.SUSPICIOUS, 0.6, "mrz_missing_in_infrared")
    gray = gray_of(infrared)
    if float(np.percentile(gray[::4, ::4], 90)) < _DARK:
        return PageFinding(check, CheckOutcome.POOR, 0.9, "infrared_too_dark")
    if picture is None:
        return missing
    rows, columns = gray.shape
    factor_x, factor_y = columns / picture.shape[1], rows / picture.shape[0]
    if abs(factor_x / factor_y - 1) > _SAME_SHAPE:
        return missing
    sameness = [
        match
        for line in white.lines
        if (match := _match(gray_of(picture), gray, line, factor_x, factor_y)) is not None
    ]
    if not sameness:
        return not_measured(check, "mrz_unclear_in_infrared")
    correlation = max(sameness)
    if correlation >= _SEEN:
        return PageFinding(
            check, CheckOutcome.POOR, correlation, "mrz_unread_in_infrared", correlation
        )
    if correlation >= _GONE:
        return PageFinding(
            check, CheckOutcome.NOT_MEASURED, 0.0, "mrz_unclear_in_infrared", correlation
        )
    confidence = min(1 - max(correlation, 0.0) / _SEEN, 0.99)
    return PageFinding(
        check, CheckOutcome.SUSPICIOUS, confidence, "mrz_missing_in_infrared", correlation
    )


def _match(
    white: Gray, infrared: Gray, line: ScannedLine, factor_x: float, factor_y: float
) -> float | None:
    """Correlation of a line in both lights, -1 to 1; None where white light shows no strokes."""
    strokes = _strokes(line_strip(white, line, _PITCH, _STRIP_HEIGHT))
    if float(strokes.std()) < 1.0:
        return None
    corners = np.asarray(line.corners, np.float32) * np.array([factor_x, factor_y], np.float32)
    along = (corners[1] - corners[0]) * (_SEARCH[0] / strokes.shape[1])
    down = (corners[3] - corners[0]) * (_SEARCH[1] / _STRIP_HEIGHT)
    wider = corners + np.array([-along - down, along - down, along + down, down - along])
    size = (strokes.shape[1] + 2 * _SEARCH[0], _STRIP_HEIGHT + 2 * _SEARCH[1])
    around = _strokes(cut(infrared, np.asarray(wider, np.float32), *size))
    if float(around.std()) < 0.5:
        return 0.0
    found = cv2.matchTemplate(around, strokes, cv2.TM_CCOEFF_NORMED)
    best = float(found.max())
    return best if np.isfinite(best) else 0.0


def _strokes(strip: Gray) -> NDArray[np.float32]:
    """Leave what is finer than a character."""
    values = strip.astype(np.float32)
    return np.asarray(values - cv2.GaussianBlur(values, (0, 0), 6.0), np.float32)


# --- ultraviolet ---------------------------------------------------------------------------

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
_PX_PER_MM = 2.0


@dataclass(frozen=True, slots=True)
class Shine:
    """What the paper gives back: 30th percentiles, 0 to 255, of its pixels.

    shine: of the lesser of green and blue. brightest: 99.5th percentile over the page of the
    greatest of the three.
    """

    red: float
    green: float
    blue: float
    shine: float
    brightest: float


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
    return Shine(red, green, blue, shine, brightest)


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
