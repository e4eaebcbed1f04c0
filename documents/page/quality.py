"""Is the picture good enough to conclude anything from it?

Measured where it matters, on the machine-readable zone, in units of the page, so that one
threshold serves every resolution. A poor picture is no fault of the document: it is taken again.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.mrz.reader.results import MRZScan
from documents.page.geometry import PITCH_MM, Box, PagePlace, clip, cut, gray_of, line_strip
from documents.page.results import (
    RGB,
    CheckOutcome,
    Gray,
    PageCheck,
    PageFinding,
    not_measured,
)

# --- resolution ----------------------------------------------------------------------------

# 9303-9 wants portraits scanned with 300 dots per inch; half of that still shows 50 pixels
# between the eyes of a portrait of 35 mm by 45 mm.
_LEAST_DPI = 150.0
_MM_PER_INCH = 25.4


def check_resolution(place: PagePlace | None) -> PageFinding:
    """Tell the resolution by the distance of characters; value: dots per inch."""
    if place is None:
        return not_measured(PageCheck.RESOLUTION, "no_mrz_to_measure_by")
    dpi = place.scale * _MM_PER_INCH
    good = dpi >= _LEAST_DPI
    return PageFinding(
        PageCheck.RESOLUTION,
        CheckOutcome.PASSED if good else CheckOutcome.POOR,
        _sureness(dpi / _LEAST_DPI),
        "resolution_enough" if good else "resolution_too_low",
        dpi,
    )


# --- sharpness -----------------------------------------------------------------------------

# Deviation of a Gaussian that blurs as much, mm. Strokes are 0.35 mm wide: beyond this
# one stroke is two edges in one, and the estimate levels off near 0.3 mm.
_MOST_BLUR_MM = 0.22
_PITCH = 20.0
_SMOOTHING = 1.0
# A cell with less contrast than this says nothing about edges, 0 to 255.
_LEAST_CONTRAST = 12.0
_SQRT_TAU = float(np.sqrt(2 * np.pi))


def check_sharpness(gray: Gray, scan: MRZScan | None, place: PagePlace | None) -> PageFinding:
    """Estimate the blur of the zone's edges; value: its standard deviation in mm.

    The steepest slope of an edge of contrast c under a Gaussian blur of deviation s is
    c / (s sqrt(2 pi)). Measured in each character's cell, on the median cell.
    """
    check = PageCheck.SHARPNESS
    if scan is None or place is None:
        return not_measured(check, "no_mrz_to_measure_by")
    slopes: list[float] = []
    for line in scan.lines:
        strip = _strip(gray, line.corners, len(line.characters)).astype(np.float32)
        smooth = np.asarray(cv2.GaussianBlur(strip, (0, 0), _SMOOTHING), np.float32)
        gx = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
        gy = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
        slope = np.asarray(np.sqrt(gx * gx + gy * gy), np.float32)
        for cell, steep in zip(_cells(smooth), _cells(slope), strict=True):
            contrast = float(np.percentile(cell, 97) - np.percentile(cell, 3))
            if contrast >= _LEAST_CONTRAST:
                slopes.append(float(np.percentile(steep, 98)) / contrast)
    if len(slopes) < 4:
        return not_measured(check, "mrz_without_contrast")
    deviation = 1 / (max(float(np.median(slopes)), 1e-3) * _SQRT_TAU)
    blur_px = float(np.sqrt(max(deviation**2 - _SMOOTHING**2, 0.0)))
    blur = blur_px * PITCH_MM / _PITCH
    good = blur <= _MOST_BLUR_MM
    return PageFinding(
        check,
        CheckOutcome.PASSED if good else CheckOutcome.POOR,
        _sureness(_MOST_BLUR_MM / max(blur, 0.01)),
        "sharp" if good else "blurred",
        blur,
    )


def _strip(gray: Gray, corners: NDArray[np.float32], count: int) -> Gray:
    """Cut a line at 20 pixels a character, in proportion."""
    points = np.asarray(corners, np.float64).reshape(4, 2)
    width = float(np.hypot(*(points[1] - points[0])))
    height = float(np.hypot(*(points[3] - points[0])))
    pitch = max(width / max(count, 1), 1e-3)
    rows = int(np.clip(round(height / pitch * _PITCH), 8, 80))
    return cut(gray, np.asarray(points, np.float32), max(round(count * _PITCH), 1), rows)


def _cells(strip: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    step = round(_PITCH)
    return [strip[:, at : at + step] for at in range(0, strip.shape[1] - step + 1, step)]


def _sureness(ratio: float) -> float:
    """Confidence of a measure by how far it is from its threshold: 0.5 at it, 0.95 at double."""
    ratio = max(ratio, 1e-6)
    far = abs(float(np.log2(ratio)))
    return min(0.5 + 0.45 * far, 0.99)


# --- glare ---------------------------------------------------------------------------------

_SATURATED = 250
# Share of the page that a reflection may cover.
_MOST_GLARE = 0.01
_LEAST_BLOB = 0.001
# Light falls off around a reflection; around white print it ends at an edge.
_SOFT = 0.45
# A character keeps at least this share of the zone's usual contrast.
_LEAST_SHARE = 0.3
_WASHED = 235.0
_GLARE_PX_PER_MM = 4.0


def check_glare(
    white: RGB, gray: Gray, scan: MRZScan | None, place: PagePlace | None
) -> PageFinding:
    """Look for light that washes out the zone or the page; value: share of the page, 0 to 1."""
    check = PageCheck.GLARE
    washed = _washed_characters(gray, scan if place is not None else None)
    share = _glare_share(white, place)
    if washed:
        return PageFinding(
            check, CheckOutcome.POOR, min(0.6 + 0.1 * washed, 0.99), "glare_on_mrz", share
        )
    if share is None:
        return not_measured(check, "picture_over_exposed")
    if share > _MOST_GLARE:
        return PageFinding(
            check, CheckOutcome.POOR, _sureness(share / _MOST_GLARE), "glare_on_page", share
        )
    return PageFinding(
        check,
        CheckOutcome.PASSED,
        _sureness(_MOST_GLARE / max(share, _MOST_GLARE / 4)),
        "no_glare",
        share,
    )


def _washed_characters(gray: Gray, scan: MRZScan | None) -> int:
    """Count characters without ink on brightness; every position of a zone is printed."""
    if scan is None:
        return 0
    contrasts: list[float] = []
    levels: list[float] = []
    for line in scan.lines:
        strip = line_strip(gray, line, _PITCH, 28).astype(np.float32)
        for cell in _cells(strip):
            contrasts.append(float(np.percentile(cell, 97) - np.percentile(cell, 3)))
            levels.append(float(np.median(cell)))
    if not contrasts:
        return 0
    usual = float(np.median(contrasts))
    return sum(
        contrast < _LEAST_SHARE * usual and level >= _WASHED
        for contrast, level in zip(contrasts, levels, strict=True)
    )


def _glare_share(white: RGB, place: PagePlace | None) -> float | None:
    """Share of the page under reflections; None when the paper itself is white to the limit."""
    page = _page(white, place)
    least = page.min(axis=2)
    if float(np.median(least)) >= _SATURATED - 5:
        return None
    full = (least >= _SATURATED).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(full, connectivity=8)
    luma = gray_of(page)
    total = 0.0
    areas = stats[1:count, cv2.CC_STAT_AREA]
    for label in np.argsort(-areas)[:12] + 1:
        area = int(stats[label, cv2.CC_STAT_AREA])
        if area < _LEAST_BLOB * full.size:
            break
        if _soft((labels == label).astype(np.uint8), luma):
            total += area / full.size
    return total


def _soft(blob: NDArray[np.uint8], luma: Gray) -> bool:
    """Say whether brightness falls off slowly around a blob."""
    near = _ring(blob, 1, 3)
    far = _ring(blob, 8, 10)
    if not near.any() or not far.any():
        return False
    around, beyond = float(np.median(luma[near])), float(np.median(luma[far]))
    return 255 - beyond >= 15 and (around - beyond) / (255 - beyond) >= _SOFT


def _ring(blob: NDArray[np.uint8], inner: int, outer: int) -> NDArray[np.bool_]:
    def grown(by: int) -> NDArray[np.uint8]:
        size = 2 * by + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        return np.asarray(cv2.dilate(blob, kernel), np.uint8)

    return np.asarray((grown(outer) > 0) & (grown(inner) == 0), np.bool_)


def _page(white: RGB, place: PagePlace | None) -> RGB:
    if place is None:
        rows, columns = white.shape[:2]
        factor = min(500 / max(rows, columns), 1.0)
        size = (max(round(columns * factor), 1), max(round(rows * factor), 1))
        return np.asarray(cv2.resize(white, size, interpolation=cv2.INTER_AREA), np.uint8)
    box = clip(place, place.page, white)
    width, height = (max(round(v * _GLARE_PX_PER_MM), 8) for v in box[2:])
    return cut(white, place.corners(box), width, height)


# --- cut off -------------------------------------------------------------------------------

# How far a corner of the nominal page may lie outside, mm: sizes, the zone's place and the
# window of a reader have tolerances.
_MOST_OUTSIDE_MM = 5.0


def check_cut_off(white: RGB, place: PagePlace | None) -> PageFinding:
    """Say whether all of the page is on the picture; value: mm by which a corner lies outside."""
    check = PageCheck.CUT_OFF
    if place is None:
        return not_measured(check, "no_mrz_to_measure_by")
    rows, columns = white.shape[:2]

    def outside(box: Box) -> float:
        x, y = place.corners(box).T
        beyond = max(
            float(-x.min()), float(-y.min()), float(x.max()) - columns, float(y.max()) - rows
        )
        return float(beyond / place.scale)

    if outside(place.zone) > 0:
        return PageFinding(
            check, CheckOutcome.POOR, 0.9, "mrz_at_edge", max(outside(place.page), 0.0)
        )
    beyond = max(outside(place.page), 0.0)
    if beyond > _MOST_OUTSIDE_MM:
        return PageFinding(
            check, CheckOutcome.POOR, _sureness(beyond / _MOST_OUTSIDE_MM), "page_cut_off", beyond
        )
    confidence = _sureness(_MOST_OUTSIDE_MM / max(beyond, _MOST_OUTSIDE_MM / 4))
    return PageFinding(check, CheckOutcome.PASSED, confidence, "page_complete", beyond)
