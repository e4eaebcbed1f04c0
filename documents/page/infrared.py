"""What the page looks like in infrared light.

9303-3 section 4.5 wants a zone that reads in the B900 band, because most inks of offices and homes
vanish there. The lines must be there, say what they say in white light, and no character may be
missing that white light shows: one that was scraped off and printed anew in another ink is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.mrz.reader.results import Character, MRZScan, ScannedLine, ScanStatus
from documents.page.geometry import cut, gray_of, line_strip, place_of
from documents.page.results import (
    RGB,
    CheckOutcome,
    Gray,
    Light,
    PageCheck,
    PageFinding,
    not_measured,
)

# Two readings of a character contradict each other when both are this sure of it.
_SURE = 0.9
# ... and neither holds the other's reading for possible.
_POSSIBLE = 0.02
# More differences than these come from a line read one place to the side, not from a forger.
_MANY_DIFFERENCES = 12
# Correlation of the zone in both lights, at its best within a search of a character.
_SEEN = 0.5
_GONE = 0.25
# A character whose ink keeps less than this of the usual contrast is missing; one that white light
# shows more faintly than this says nothing.
_MISSING = 0.3
_SHOWN = 0.5
_PRESENT = 0.6
_LONGEST_GAP = 3
# Paper as bright as this is a reflection that hides ink.
_WASHED = 253.0
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
    compared = _compare(white, infrared)
    if compared.outcome is CheckOutcome.SUSPICIOUS:
        return compared
    beneath = _look_beneath(pages, white) or []
    missing = _without_some(beneath)
    if missing is not None:
        return missing
    if any(line.washed for line in beneath) and not infrared.accepted:
        return PageFinding(
            PageCheck.MRZ_IN_INFRARED, CheckOutcome.POOR, 0.7, "glare_on_mrz_in_infrared"
        )
    return compared


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
        for ours, theirs in zip(white.lines, infrared.lines, strict=True)
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
    gray = gray_of(pages[Light.INFRARED])
    if float(np.percentile(gray[::4, ::4], 90)) < _DARK:
        return PageFinding(check, CheckOutcome.POOR, 0.9, "infrared_too_dark")
    seen = _look_beneath(pages, white)
    if seen is None:
        return PageFinding(check, CheckOutcome.SUSPICIOUS, 0.6, "mrz_missing_in_infrared")
    matches = [match for line in seen if (match := line.correlation) is not None]
    if not matches:
        return not_measured(check, "mrz_unclear_in_infrared")
    best = max(matches)
    if best >= _SEEN:
        return _without_some(seen) or PageFinding(
            check, CheckOutcome.POOR, best, "mrz_unread_in_infrared", best
        )
    if best >= _GONE:
        return PageFinding(check, CheckOutcome.NOT_MEASURED, 0.0, "mrz_unclear_in_infrared", best)
    confidence = min(1 - max(best, 0.0) / _SEEN, 0.99)
    return PageFinding(check, CheckOutcome.SUSPICIOUS, confidence, "mrz_missing_in_infrared", best)


@dataclass(frozen=True, slots=True)
class _Beneath:
    """A line in both lights, laid upon each other.

    correlation: of the strokes, -1 to 1; None where white light shows none. ink: of each
    character, its contrast in infrared over that in white light, the line's median being 1; NaN
    where white light shows too little. washed: how many are hidden by light in infrared alone.
    """

    correlation: float | None
    ink: NDArray[np.float64]
    washed: int = 0


def _look_beneath(pages: Mapping[Light, RGB], white: MRZScan) -> list[_Beneath] | None:
    """Compare the strokes of each line; None when there are no two pictures of one camera."""
    picture, infrared = pages.get(Light.WHITE), pages.get(Light.INFRARED)
    if picture is None or infrared is None or place_of(white) is None:
        return None
    (rows, columns), (white_rows, white_columns) = infrared.shape[:2], picture.shape[:2]
    factor = np.array([columns / white_columns, rows / white_rows], np.float32)
    if abs(float(factor[0] / factor[1]) - 1) > _SAME_SHAPE:
        return None
    grays = gray_of(picture), gray_of(infrared)
    return [_beneath(*grays, line, factor) for line in white.lines]


def _beneath(
    white: Gray, infrared: Gray, line: ScannedLine, factor: NDArray[np.float32]
) -> _Beneath:
    count = len(line.characters)
    nothing = np.full(count, np.nan)
    strokes = _strokes(line_strip(white, line, _PITCH, _STRIP_HEIGHT))
    if float(strokes.std()) < 1.0:
        return _Beneath(None, nothing)
    corners = np.asarray(line.corners, np.float32) * factor
    along = (corners[1] - corners[0]) * (_SEARCH[0] / strokes.shape[1])
    down = (corners[3] - corners[0]) * (_SEARCH[1] / _STRIP_HEIGHT)
    wider = corners + np.array([-along - down, along - down, along + down, down - along])
    size = (strokes.shape[1] + 2 * _SEARCH[0], _STRIP_HEIGHT + 2 * _SEARCH[1])
    strip = cut(infrared, np.asarray(wider, np.float32), *size)
    around = _strokes(strip)
    if float(around.std()) < 0.5:
        return _Beneath(0.0, nothing)
    found = cv2.matchTemplate(around, strokes, cv2.TM_CCOEFF_NORMED)
    y, x = np.unravel_index(int(found.argmax()), found.shape)
    best = float(found[y, x])
    if not np.isfinite(best):
        return _Beneath(0.0, nothing)
    window = (slice(y, y + strokes.shape[0]), slice(x, x + strokes.shape[1]))
    shown, kept = _contrasts(strokes, count), _contrasts(around[window], count)
    lit = _levels(strip[window], count) < _WASHED
    inked = shown >= _SHOWN * np.median(shown)
    told = lit & inked
    share = np.where(told, kept / np.maximum(shown, 1e-6), np.nan)
    usual = float(np.nanmedian(share)) if np.isfinite(share).any() else 0.0
    return _Beneath(best, share / usual if usual > 0 else nothing, int((inked & ~lit).sum()))


def _levels(strip: Gray, count: int) -> NDArray[np.float64]:
    """The brightness of each character's paper."""
    cells = strip.reshape(strip.shape[0], count, -1).transpose(1, 0, 2).reshape(count, -1)
    return np.asarray(np.percentile(cells, 90, axis=1), np.float64)


def _contrasts(strokes: NDArray[np.float32], count: int) -> NDArray[np.float64]:
    """The contrast of each character: its darkest strokes against its lightest paper."""
    cells = strokes.reshape(strokes.shape[0], count, -1).transpose(1, 0, 2).reshape(count, -1)
    low, high = np.percentile(cells, (4, 90), axis=1)
    return np.asarray(high - low, np.float64)


def _alone(ink: NDArray[np.float64]) -> list[float]:
    """Return the ink of missing characters that stand between characters that are there.

    A stretch that fades into whiteness is a reflection or wear.
    """
    found: list[float] = []
    at = 0
    while at < len(ink):
        end = at
        while end < len(ink) and ink[end] < _MISSING:
            end += 1
        beside = [ink[i] for i in (at - 1, end) if 0 <= i < len(ink)]
        if 1 <= end - at <= _LONGEST_GAP and all(value >= _PRESENT for value in beside):
            found += [float(value) for value in ink[at:end]]
        at = max(end, at + 1)
    return found


def _without_some(seen: list[_Beneath]) -> PageFinding | None:
    """Return the finding that single characters are not there in infrared, if that is so."""
    lines = [line for line in seen if (line.correlation or 0.0) >= _SEEN]
    missing = [ink for line in lines for ink in _alone(line.ink)]
    if not missing:
        return None
    confidence = 0.7 + 0.25 * (1 - max(min(missing), 0.0) / _MISSING)
    return PageFinding(
        PageCheck.MRZ_IN_INFRARED,
        CheckOutcome.SUSPICIOUS,
        confidence,
        "characters_missing_in_infrared",
        float(len(missing)),
    )


def _strokes(strip: Gray) -> NDArray[np.float32]:
    """Leave what is finer than a character."""
    values = strip.astype(np.float32)
    return np.asarray(values - cv2.GaussianBlur(values, (0, 0), 6.0), np.float32)
