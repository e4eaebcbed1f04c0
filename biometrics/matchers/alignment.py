"""Turning a found face into what a matcher's network eats."""

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from biometrics.matchers.card import DlibChip, Input, PointTemplate
from biometrics.protocols import RGBPicture
from biometrics.results import FivePoints

Aligner = Callable[[RGBPicture, FivePoints], NDArray[np.uint8]]
"""From an upright picture and the five points of a face to (crops, height, width, 3), RGB."""

_LARGEST_STEP = 2.0
_MARGIN_PX = 4


def aligner(what: Input) -> Aligner:
    """Return the alignment that a card describes."""
    alignment = what.alignment
    if isinstance(alignment, DlibChip):
        return _dlib_aligner(alignment.paddings, what.width)
    template = alignment
    return lambda picture, points: cut_to(picture, points, template, what.width, what.height)[None]


def cut_to(
    picture: RGBPicture, found: FivePoints, template: PointTemplate, width: int, height: int
) -> RGBPicture:
    """Cut a face out so that its points lie where a template has them.

    A least-squares similarity transform without reflection (Umeyama, PAMI 13 (1991)); what lies
    outside the picture is black. Where one pixel of the result spans more than two of the
    picture, the picture is averaged first, or fine detail would alias.

    Returns:
        Shape (height, width, 3), uint8.
    """
    there = np.array(list(template.points.values()), dtype=np.float64)
    here = np.array(template.found_in(found), dtype=np.float64)
    transform = similarity(there, here)
    step = float(np.hypot(transform[0, 0], transform[1, 0]))
    # Points that fall together, or that lie so far apart that the face would be the whole world.
    if not np.isfinite(transform).all() or not 0 < step * max(width, height) < 1 << 15:
        return np.zeros((height, width, 3), dtype=np.uint8)
    corners = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]])
    seen = corners @ transform.T
    low = np.floor(seen.min(axis=0) - _MARGIN_PX * max(1.0, step)).astype(int).clip(min=0)
    high = np.ceil(seen.max(axis=0) + _MARGIN_PX * max(1.0, step)).astype(int).clip(min=0)
    region = picture[low[1] : high[1], low[0] : high[0]]
    if region.size == 0:
        return np.zeros((height, width, 3), dtype=np.uint8)
    transform[:, 2] -= low
    if step > _LARGEST_STEP:
        shrunk = cv2.resize(region, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
        # A pixel's centre lies at its index plus one half; sides are rounded by `resize`.
        factor = np.array([shrunk.shape[1] / region.shape[1], shrunk.shape[0] / region.shape[0]])
        transform[:, 2] = (transform[:, 2] + 0.5) * factor - 0.5
        transform[:, :2] *= factor[:, None]
        region = np.asarray(shrunk, dtype=np.uint8)
    return np.asarray(
        cv2.warpAffine(
            region,
            transform,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
        ),
        dtype=np.uint8,
    )


def similarity(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (2, 3) transform that takes the points `start` closest to `end`, both (n, 2)."""
    a, b = start - start.mean(axis=0), end - end.mean(axis=0)
    spread = float((a**2).sum())
    if spread == 0:
        return np.full((2, 3), np.nan)
    along = float((a * b).sum()) / spread
    across = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / spread
    turn = np.array([[along, -across], [across, along]])
    return np.hstack([turn, (end.mean(axis=0) - turn @ start.mean(axis=0))[:, None]])


def _dlib_aligner(paddings: Sequence[float], side: int) -> Aligner:
    import dlib

    def align(picture: RGBPicture, points: FivePoints) -> NDArray[np.uint8]:
        parts = [dlib.point(int(x), int(y)) for x, y in points.as_array()]
        # get_face_chip reads the parts only; the rectangle merely has to be one.
        shape: Any = dlib.full_object_detection(dlib.rectangle(0, 0, 1, 1), parts)
        return np.stack([dlib.get_face_chip(picture, shape, side, padding) for padding in paddings])

    return align
