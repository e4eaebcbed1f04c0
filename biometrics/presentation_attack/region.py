"""Cutting the face and what surrounds it out of a picture."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from biometrics.results import Box

_Scalar = TypeVar("_Scalar", bound=np.generic)


def cut(
    picture: NDArray[_Scalar], box: Box, half_width: float
) -> tuple[NDArray[_Scalar], float, float]:
    """Return the square of this half width (px) around the middle of the box, cut at the borders.

    With it the middle of the box in the coordinates of the cut. The cut is a view and may be empty.
    """
    x, y = box.left + box.width / 2, box.top + box.height / 2
    if not (np.isfinite(x) and np.isfinite(y) and np.isfinite(half_width)):
        return picture[:0, :0], 0.0, 0.0
    height, width = picture.shape[:2]
    left, right = _between(x - half_width, width), _between(x + half_width, width)
    top, bottom = _between(y - half_width, height), _between(y + half_width, height)
    return picture[top:bottom, left:right], x - left, y - top


def _between(value: float, end: int) -> int:
    return int(min(max(round(value), 0), end))
