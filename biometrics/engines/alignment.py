"""Cutting an aligned face out of a picture: dlib's chips, at a fraction of the time.

A least-squares similarity transform takes the five points of a mean face to those that were
found, and a square around it is sampled to 150 px. Where a pixel of the chip covers more than two
of the picture, the picture is halved first, as dlib does, or fine detail would alias into the
chip. On 480 px portraits the embedding of such a chip is 0.01 from that of dlib's own (L2).

Two conventions of dlib are kept, or embeddings move by 0.1. A rectangle of n pixels spans n - 1,
so that 149 px of the chip are stretched over (150 scale - 1) px of the picture; and halving
shifts coordinates by half a pixel, differently in x and y.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from biometrics.protocols import RGBPicture
from biometrics.results import FivePoints

CHIP_SIZE_PX = 150
"""The side of a chip; at the standard padding the eyes of a frontal face are 53 px apart."""

STANDARD_PADDING = 0.25
"""dlib's measure of how much is seen around a face: a chip's side is (1 + 2 padding) times the
face's. On this scale quality is measured."""

# The mean face in units of its own square, in the order of `FivePoints`; dlib's constants.
_MEAN_FACE = np.array(
    [
        [0.8595674595992, 0.2134981538014],
        [0.6460604764104, 0.2289674387677],
        [0.1205750620789, 0.2137274526848],
        [0.3340850613712, 0.2290642403242],
        [0.4901123135679, 0.6277975316475],
    ]
)
_CENTRED = _MEAN_FACE - _MEAN_FACE.mean(axis=0)
_SPREAD = float((_CENTRED**2).sum())
_TURNED = np.stack([-_CENTRED[:, 1], _CENTRED[:, 0]], axis=1)  # by a quarter
_MIDDLE_OF_FACE = np.array([0.5, 0.5]) - _MEAN_FACE.mean(axis=0)
_LARGEST_STEP_PX = 2.0
_MARGIN_PX = 8
_CENTRE = (CHIP_SIZE_PX - 1) / 2
_CORNERS = ((0, 0), (CHIP_SIZE_PX, 0), (0, CHIP_SIZE_PX), (CHIP_SIZE_PX, CHIP_SIZE_PX))
_HALVING_SHIFT = np.array([-0.5, 0.5])
_LARGEST_SIDE_PX = 16_384
"""A chip that spans more than this of a picture is no face: its points were far out."""


@dataclass(frozen=True, slots=True)
class Crop:
    """How much is cut out around a face, and whether it is mirrored."""

    padding: float
    mirrored: bool = False


def cut_chips(
    picture: RGBPicture, landmarks: FivePoints, crops: Sequence[Crop]
) -> NDArray[np.uint8]:
    """Cut one face out as often as there are crops; what lies outside the picture is black.

    Args:
        picture: shape (height, width, 3), uint8.
        landmarks: of the face, in pixels of the picture; they may lie outside it.
        crops: at least one.

    Returns:
        Shape (len(crops), 150, 150, 3), uint8.
    """
    turn, centre = _similarity(landmarks.as_array())
    chips = np.zeros((len(crops), CHIP_SIZE_PX, CHIP_SIZE_PX, 3), dtype=np.uint8)
    transforms = [_transform(turn, centre, crop.padding) for crop in crops]
    if not all(
        np.isfinite(t).all() and _step(t) * CHIP_SIZE_PX < _LARGEST_SIDE_PX for t in transforms
    ):
        return chips
    left, top, right, bottom = _bounds(transforms)
    region = picture[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    if region.size == 0:
        return chips
    pyramid, origin = [region], np.array([max(left, 0), max(top, 0)], dtype=np.float64)
    for chip, crop, transform in zip(chips, crops, transforms, strict=True):
        level, local = _at_level(pyramid, transform, origin)
        cv2.warpAffine(
            level,
            local,
            (CHIP_SIZE_PX, CHIP_SIZE_PX),
            dst=chip,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
        )
        if crop.mirrored:
            chip[:] = chip[:, ::-1].copy()
    return chips


def _similarity(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rotation and scale (2, 2) from the mean face to the picture, and where the
    mean face's centroid lies there (least squares, no reflection; Umeyama, PAMI 13 (1991))."""
    centroid = points.mean(axis=0)
    centred = points - centroid
    a = float(np.vdot(_CENTRED, centred)) / _SPREAD
    b = float(np.vdot(_TURNED, centred)) / _SPREAD
    return np.array([[a, -b], [b, a]]), centroid


def _transform(
    turn: NDArray[np.float64], centroid: NDArray[np.float64], padding: float
) -> NDArray[np.float64]:
    """Return the affine transform (2, 3) from pixels of a chip to pixels of the picture."""
    unit_px = CHIP_SIZE_PX / (1 + 2 * padding)
    centre = centroid + turn @ _MIDDLE_OF_FACE
    scaled = turn / unit_px
    step = _step(scaled)
    if step > 0:
        scaled = scaled * ((CHIP_SIZE_PX * step - 1) / ((CHIP_SIZE_PX - 1) * step))
    offset = centre - scaled @ np.array([_CENTRE, _CENTRE])
    return np.hstack([scaled, offset[:, None]])


def _step(transform: NDArray[np.float64]) -> float:
    """How many pixels of the picture a pixel of the chip spans."""
    return math.hypot(transform[0, 0], transform[1, 0])


def _bounds(transforms: list[NDArray[np.float64]]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of all chips in the picture, with a margin."""
    xs, ys, margin = [], [], float(_MARGIN_PX)
    for (a, b, x), (c, d, y) in (transform.tolist() for transform in transforms):
        margin = max(margin, _MARGIN_PX * math.hypot(a, c))
        for column, row in _CORNERS:
            xs.append(a * column + b * row + x)
            ys.append(c * column + d * row + y)
    left, top = math.floor(min(xs) - margin), math.floor(min(ys) - margin)
    right, bottom = math.ceil(max(xs) + margin) + 1, math.ceil(max(ys) + margin) + 1
    return left, top, right, bottom


def _at_level(
    pyramid: list[NDArray[np.uint8]], transform: NDArray[np.float64], origin: NDArray[np.float64]
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return the region, halved as often as this transform needs, and the transform into it."""
    local = transform.copy()
    local[:, 2] -= origin
    level = 0
    while _step(local) > _LARGEST_STEP_PX:
        local[:, 2] += _HALVING_SHIFT
        local /= 2
        level += 1
        if level == len(pyramid):
            pyramid.append(np.asarray(cv2.pyrDown(pyramid[-1]), dtype=np.uint8))
    return pyramid[level], local
