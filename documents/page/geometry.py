"""Where things are on a page, told by the machine-readable zone.

The characters of a zone stand 2.54 mm apart (9303-3 section 4.2), so that their pixels give the
picture's resolution, and the zone's place on a page is fixed by the size of the document (9303-4
to 9303-7). One similarity maps millimetres of the page to pixels: over a page the perspective of
a document reader's camera is below a millimetre, and two lines 6.35 mm apart are too near each
other to estimate more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.mrz.layouts import Template
from documents.mrz.reader.results import MRZScan, ScannedLine, ScanStatus
from documents.page.results import RGB, Corners, Gray

PITCH_MM = 2.54
LINE_STEP_MM = 6.35
# A capital letter of OCR-B size 1 (ISO 1073-2), rounded up.
_CAP_MM = 2.6

# No picture is this wide (`imaging.pictures`), nor does a line lie this far outside one.
_FARTHEST_PX = 20_000.0

Box = tuple[float, float, float, float]
"""Left, top, width, height: millimetres of a page, or pixels of a picture."""


@dataclass(frozen=True, slots=True)
class PageSize:
    """Nominal size of the page that bears a zone, where its characters begin, and where the
    middle of its last line is, mm from the upper left corner."""

    width: float
    height: float
    left: float
    last_line_y: float


_TD1 = PageSize(85.6, 54.0, 4.7, 54.0 - 5.3)
_TD2 = PageSize(105.0, 74.0, 6.0, 74.0 - 9.4)
_TD3 = PageSize(125.0, 88.0, 6.0, 88.0 - 9.4)
_MRV_A = PageSize(120.0, 80.0, 4.0, 80.0 - 9.4)
_SIZES = {
    Template.TD1: _TD1,
    Template.TD2: _TD2,
    Template.TD3: _TD3,
    Template.MRV_A: _MRV_A,
    Template.MRV_B: _TD2,
    Template.FRENCH_ID: _TD2,
}


@dataclass(frozen=True, slots=True)
class PagePlace:
    """The page in a picture.

    to_px: (2, 3) float64, maps millimetres of the upright page to pixels of the picture.
    scale: pixels per millimetre. columns: characters of a line. zone: of all lines, mm.
    """

    size: PageSize
    to_px: NDArray[np.float64]
    scale: float
    columns: int
    rows: int
    zone: Box

    @property
    def page(self) -> Box:
        """The whole page in mm."""
        return (0.0, 0.0, self.size.width, self.size.height)

    def corners(self, box: Box) -> Corners:
        """Return the corners of a box of the page, mm, in pixels of the picture."""
        left, top, width, height = box
        points = np.array(
            [
                [left, top, 1.0],
                [left + width, top, 1.0],
                [left + width, top + height, 1.0],
                [left, top + height, 1.0],
            ]
        )
        return np.asarray(points @ self.to_px.T, np.float32)

    def scaled(self, factor_x: float, factor_y: float) -> PagePlace:
        """Return the place in the same picture at another size."""
        to_px = self.to_px * np.array([[factor_x], [factor_y]])
        scale = self.scale * math.sqrt(factor_x * factor_y)
        return PagePlace(self.size, to_px, scale, self.columns, self.rows, self.zone)


def place_of(scan: MRZScan | None) -> PagePlace | None:
    """Return where the page is that the scan's lines stand on; None when there are no lines."""
    if scan is None or scan.status is not ScanStatus.READ or len(scan.lines) < 2:
        return None
    columns = len(scan.lines[0].characters)
    if columns < 2 or not all(_possible(line) for line in scan.lines):
        return None
    centres = [_ends(line) for line in scan.lines]
    along = sum(((end - start) for start, end in centres), np.zeros(2)) / len(centres)
    length = float(np.hypot(*along))
    scale = length / (columns * PITCH_MM)
    if scale < 0.1:
        return None
    x_axis = along / length
    y_axis = np.array([-x_axis[1], x_axis[0]])
    size = _size_of(scan, columns)
    start, end = centres[-1]
    middle = (start + end) / 2
    middle_mm = np.array([size.left + columns * PITCH_MM / 2, size.last_line_y])
    width_mm = columns * PITCH_MM
    rows = len(scan.lines)
    to_px = np.column_stack([x_axis * scale, y_axis * scale, np.zeros(2)])
    to_px[:, 2] = middle - to_px[:, :2] @ middle_mm
    first_y = size.last_line_y - (rows - 1) * LINE_STEP_MM
    zone = (
        size.left,
        first_y - _CAP_MM / 2,
        width_mm,
        (rows - 1) * LINE_STEP_MM + _CAP_MM,
    )
    return PagePlace(size, to_px, scale, columns, rows, zone)


def _possible(line: ScannedLine) -> bool:
    """Say whether a line has characters, corners within reason and some extent each way."""
    corners = np.asarray(line.corners, np.float64)
    if corners.shape != (4, 2) or not line.characters:
        return False
    if not np.isfinite(corners).all() or float(np.abs(corners).max()) > _FARTHEST_PX:
        return False
    across, down = corners[1] - corners[0], corners[3] - corners[0]
    area = abs(float(across[0] * down[1] - across[1] * down[0]))
    return area >= len(line.characters)


def _size_of(scan: MRZScan, columns: int) -> PageSize:
    if scan.template is not None:
        return _SIZES[scan.template]
    if columns >= 40:
        return _TD3
    return _TD1 if len(scan.lines) == 3 else _TD2


def _ends(line: ScannedLine) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The middles of a line's left and right edge."""
    corners = np.asarray(line.corners, np.float64).reshape(4, 2)
    return (corners[0] + corners[3]) / 2, (corners[1] + corners[2]) / 2


def clip(place: PagePlace, box: Box, picture: RGB) -> Box:
    """Return the part of a box of the page, mm, that lies on the picture.

    Exact for an upright or sideways page; of a tilted one a sliver beyond the picture may stay.
    """
    rows, columns = picture.shape[:2]
    inverse = cv2.invertAffineTransform(place.to_px)
    points = np.array([[0, 0, 1], [columns, 0, 1], [columns, rows, 1], [0, rows, 1]], np.float64)
    millimetres = points @ inverse.T
    left, top = np.maximum(millimetres.min(axis=0), box[:2])
    right, bottom = np.minimum(millimetres.max(axis=0), (box[0] + box[2], box[1] + box[3]))
    return (
        float(left),
        float(top),
        float(max(right - left, 1.0)),
        float(max(bottom - top, 1.0)),
    )


def cut(picture: NDArray[np.uint8], corners: Corners, width: int, height: int) -> NDArray[np.uint8]:
    """Sample the parallelogram of `corners` as an upright (height, width) picture.

    Shrinking averages over areas. Pixels outside the picture repeat its border.
    """
    source, points = picture, np.asarray(corners, np.float64)
    step = max(
        float(np.hypot(*(points[1] - points[0]))) / width,
        float(np.hypot(*(points[3] - points[0]))) / height,
    )
    left, top = np.floor(points.min(axis=0) - 2 * step - 1)
    right, bottom = np.ceil(points.max(axis=0) + 2 * step + 2)
    rows, columns = picture.shape[:2]
    left, right = (int(np.clip(v, 0, columns)) for v in (left, right))
    top, bottom = (int(np.clip(v, 0, rows)) for v in (top, bottom))
    if right - left < 1 or bottom - top < 1:
        shape = (height, width, *picture.shape[2:])
        return np.zeros(shape, np.uint8)
    source = picture[top:bottom, left:right]
    points = points - (left, top)
    if step > 1.5:
        factor = 1 / step
        size = (
            max(round(source.shape[1] * factor), 1),
            max(round(source.shape[0] * factor), 1),
        )
        ratio = np.array([size[0] / source.shape[1], size[1] / source.shape[0]])
        source = np.asarray(cv2.resize(source, size, interpolation=cv2.INTER_AREA), np.uint8)
        points = points * ratio
    target = np.array([[0, 0], [width, 0], [0, height]], np.float32)
    matrix = cv2.getAffineTransform(np.asarray(points[[0, 1, 3]], np.float32), target)
    return np.asarray(
        cv2.warpAffine(
            source,
            matrix,
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )


def line_strip(gray: Gray, line: ScannedLine, pitch: float, height: int) -> Gray:
    """Cut one line at `pitch` pixels a character, `height` pixels for the line's corners."""
    width = max(round(len(line.characters) * pitch), 1)
    return cut(gray, np.asarray(line.corners, np.float32).reshape(4, 2), width, height)


def gray_of(rgb: RGB) -> Gray:
    """Return the luma of a picture."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
