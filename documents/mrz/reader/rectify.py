"""Lines of text as small upright pictures, cut from the full picture.

A crop is `CROP_HEIGHT_PX` high, capital letters are `CROP_CAP_PX` high and stand
`CROP_PITCH_PX` apart, whatever their size, slope or curvature in the picture.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.mrz.reader.geometry import TextLine
from documents.mrz.reader.results import Corners, GrayPicture

CROP_HEIGHT_PX = 28
CROP_CAP_PX = 18.0
CROP_PITCH_PX = 14.0
MAX_CROP_WIDTH_PX = 1100
WIDTH_STEP_PX = 8

# Beyond this many source pixels per crop pixel, bilinear sampling would skip pixels.
_MAX_STEP = 1.5
# Below this the crop is an enlargement, where cubic sampling keeps strokes apart.
_CUBIC_BELOW = 0.9
_STRAIGHT_PX = 0.25

Affine = NDArray[np.float64]


def warp(
    gray: GrayPicture,
    affine: Affine,
    width: int,
    height: int,
    enlarging: int = cv2.INTER_CUBIC,
) -> GrayPicture:
    """Sample a (height, width) uint8 picture; `affine` (2, 3) maps its pixels into `gray`.

    Shrinking averages over areas, enlarging interpolates as told, and the border of `gray` is
    repeated.
    """
    corners = np.array(
        [[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]], np.float64
    )
    step = max(float(np.hypot(*affine[:, 0])), float(np.hypot(*affine[:, 1])))
    source, offset, factor = _shrunk_part(gray, corners @ affine.T, step)
    moved = affine.copy()
    moved[:, 2] -= offset
    moved /= factor
    moved[:, 2] += 0.5 / factor - 0.5
    return np.asarray(
        cv2.warpAffine(
            source,
            moved,
            (width, height),
            flags=_interpolation(step, enlarging) | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )


def crop(gray: GrayPicture, line: TextLine, margin: float = 2.5) -> GrayPicture:
    """Cut one line, with `margin` pitches beyond the centres of its first and last character.

    Returns shape (28, width) uint8, width a multiple of 8 and at most 1100. Pixels outside
    `gray` repeat its border.
    """
    width = _crop_width(line, margin)
    across = line.cap_height / CROP_CAP_PX
    along = line.pitch / CROP_PITCH_PX
    step = max(across, along)
    affine = _line_affine(line, margin)
    bow = line.bow / across
    if abs(bow) < _STRAIGHT_PX:
        return warp(gray, affine, width, CROP_HEIGHT_PX)
    columns = np.arange(width, dtype=np.float64)
    rows = np.arange(CROP_HEIGHT_PX, dtype=np.float64)[:, None] + _bow_of(line, margin, columns)
    across_grid = np.broadcast_to(columns, rows.shape)
    x = affine[0, 0] * across_grid + affine[0, 1] * rows + affine[0, 2]
    y = affine[1, 0] * across_grid + affine[1, 1] * rows + affine[1, 2]
    points = np.array([[x.min(), y.min()], [x.max(), y.max()]])
    source, offset, factor = _shrunk_part(gray, points, step)
    shift = 0.5 / factor - 0.5
    return np.asarray(
        cv2.remap(
            source,
            ((x - offset[0]) / factor + shift).astype(np.float32),
            ((y - offset[1]) / factor + shift).astype(np.float32),
            _interpolation(step, cv2.INTER_CUBIC),
            borderMode=cv2.BORDER_REPLICATE,
        ),
        np.uint8,
    )


def corners_of(line: TextLine, margin: float = 0.5) -> Corners:
    """Give the corners of a line, its characters just inside when `margin` is 0.5 pitch."""
    ux, uy = line.direction
    along, half = margin * line.pitch, line.cap_height * 0.6
    low, high = min(line.bow, 0.0) - half, max(line.bow, 0.0) + half
    ends = ((line.start, -along, low), (line.end, along, low), (line.end, along, high))
    points = [
        (x + ux * reach - uy * off, y + uy * reach + ux * off)
        for (x, y), reach, off in (*ends, (line.start, -along, high))
    ]
    return np.array(points, np.float32)


def _crop_width(line: TextLine, margin: float) -> int:
    width = round((line.count - 1.0 + 2.0 * margin) * CROP_PITCH_PX)
    stepped = -(-width // WIDTH_STEP_PX) * WIDTH_STEP_PX
    return min(max(stepped, 5 * WIDTH_STEP_PX), MAX_CROP_WIDTH_PX // WIDTH_STEP_PX * WIDTH_STEP_PX)


def _line_affine(line: TextLine, margin: float) -> Affine:
    """Map crop pixels to picture pixels along the chord of the line."""
    ux, uy = line.direction
    along, across = line.pitch / CROP_PITCH_PX, line.cap_height / CROP_CAP_PX
    middle = (CROP_HEIGHT_PX - 1) / 2.0
    reach = margin * line.pitch
    return np.array(
        [
            [ux * along, -uy * across, line.start[0] - ux * reach + uy * across * middle],
            [uy * along, ux * across, line.start[1] - uy * reach - ux * across * middle],
        ]
    )


def _bow_of(line: TextLine, margin: float, columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the offset of the line from its chord at crop columns, in crop pixels."""
    place = (columns / CROP_PITCH_PX - margin) * line.pitch / max(line.length, 1e-6)
    parabola = 4.0 * place * (1.0 - place)
    return np.maximum(parabola, -1.0) * (line.bow * CROP_CAP_PX / line.cap_height)


def _interpolation(step: float, enlarging: int) -> int:
    return enlarging if step < _CUBIC_BELOW else cv2.INTER_LINEAR


def _shrunk_part(
    gray: GrayPicture, points: NDArray[np.float64], step: float
) -> tuple[GrayPicture, NDArray[np.float64], int]:
    """Return the part of `gray` around points, shrunk by a whole factor to at most `_MAX_STEP`.

    The part, its origin in `gray` (x, y) and the factor.
    """
    factor = max(int(np.ceil(step / _MAX_STEP)), 1)
    if factor == 1:
        return gray, np.zeros(2), 1
    height, width = gray.shape
    margin = 2 * factor
    x0, y0 = np.floor(points.min(axis=0)).astype(int) - margin
    x1, y1 = np.ceil(points.max(axis=0)).astype(int) + margin
    x0, y0 = int(np.clip(x0, 0, max(width - factor, 0))), int(np.clip(y0, 0, height - 1))
    x1, y1 = int(np.clip(x1, x0 + factor, width)), int(np.clip(y1, y0 + factor, height))
    x1, y1 = x0 + (x1 - x0) // factor * factor, y0 + (y1 - y0) // factor * factor
    if x1 <= x0 or y1 <= y0:
        return gray, np.zeros(2), 1
    part = gray[y0:y1, x0:x1]
    small = cv2.resize(
        part, ((x1 - x0) // factor, (y1 - y0) // factor), interpolation=cv2.INTER_AREA
    )
    return np.asarray(small, np.uint8), np.array([x0, y0], np.float64), factor
