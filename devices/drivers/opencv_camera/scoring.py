"""Which of a camera's frames is worth measuring: a cheap pre-selection without biometrics.

The score ranks the frames of one capture against each other and means nothing beyond: whether a
picture is good enough is decided by the measures of `biometrics`, which see the chosen one only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
"""Blue, green, red; shape (height, width, 3)."""

Score: TypeAlias = Callable[[Image], float | None]
"""Higher is better; None: this frame must not be chosen. Any measure may take the place of ours,
see `worker.serve`."""

_LONG_SIDE_PX: Final = 320  # of what is measured: sensor noise is no sharpness
_DARKEST, _BRIGHTEST = 8, 247  # levels beyond which a pixel holds no detail


def central_quality(image: Image) -> float:
    """Return sharpness times exposure of the middle of a frame, 0 or more.

    Sharpness is the variance of the Laplacian (Pech-Pacheco et al., ICPR 2000) of the luminance
    in the middle half of width and height, where travelers stand; exposure is the share of its
    pixels that are neither black nor burnt out, 0 to 1.
    """
    height, width = image.shape[:2]
    middle = image[height // 4 : height - height // 4, width // 4 : width - width // 4]
    luminance = cv2.cvtColor(middle, cv2.COLOR_BGR2GRAY)
    scale = _LONG_SIDE_PX / max(luminance.shape)
    if scale < 1.0:
        luminance = cv2.resize(luminance, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    sharpness = float(cv2.Laplacian(luminance, cv2.CV_32F).var())
    exposed = float(np.mean((luminance > _DARKEST) & (luminance < _BRIGHTEST)))
    return sharpness * exposed
