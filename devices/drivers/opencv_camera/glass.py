"""When a document has come to rest under a camera that looks down on it; no clock, no I/O.

It knows nothing of documents: something moved, then nothing moved for a while, and what lies there
now has detail, as print has. Whether it is a document, and another one than before, is for whoever
reads the picture to say.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.drivers.opencv_camera.scoring import Image
from devices.drivers.opencv_camera.selection import VideoFrame

_COLUMNS, _ROWS = 16, 12
"""The picture's parts that are compared; a hand or a moved page changes some of them."""
_MOVED_LEVELS: Final = 6.0  # mean grey levels of a part: far above a sensor's noise
_LONG_SIDE_PX: Final = 640  # of what detail is measured in
_CONTRAST_LEVELS: Final = 40  # between the darkest and the brightest of 5 x 5 pixels
_WINDOW: Final = np.ones((5, 5), np.uint8)

Parts = NDArray[np.float32]


class Glass:
    """Watches the frames of one epoch, and picks one whenever something has come to rest.

    What lies there when the camera is opened may have lain there before: it is picked once it was
    moved. A document that is moved a little is picked again, as one that could not be read must be.
    """

    def __init__(self, *, still: float, detail: float) -> None:
        """Take for at rest what did not move for `still` seconds.

        `detail` is the least share of the picture, 0 to 1, that must hold print (`detail_of`).
        """
        self._still = still
        self._detail = detail
        self._before: Parts | None = None
        self._moved_at: float | None = None  # None: nothing moved since the last decision
        self._best: VideoFrame | None = None
        self._best_sharpness = 0.0

    def consider(self, frame: VideoFrame) -> VideoFrame | None:
        """Return the sharpest frame of a document that has just come to rest, or None."""
        gray = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
        parts = _parts(gray)
        before, self._before = self._before, parts
        if before is None:
            return None
        if _differ(before, parts):
            self._moved_at, self._best = frame.read_at, None
            return None
        if self._moved_at is None:
            return None
        sharpness = float(cv2.Laplacian(gray, cv2.CV_32F).var())
        if self._best is None or sharpness > self._best_sharpness:
            self._best, self._best_sharpness = frame, sharpness
        if frame.read_at - self._moved_at < self._still:
            return None
        best, self._best, self._moved_at = self._best, None, None
        return best if detail_of(best.image) >= self._detail else None


def detail_of(image: Image) -> float:
    """Return the share of a picture with strong contrast within a few pixels, 0 to 1.

    Print has it, a bare surface and sensor noise do not.
    """
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    scale = _LONG_SIDE_PX / max(gray.shape)
    if scale < 1.0:
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    contrast = cv2.morphologyEx(gray, cv2.MORPH_GRADIENT, _WINDOW)
    return float(np.mean(contrast >= _CONTRAST_LEVELS))


def _parts(gray: cv2.typing.MatLike) -> Parts:
    small = cv2.resize(gray, (_COLUMNS, _ROWS), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32)


def _differ(one: Parts, other: Parts) -> bool:
    return bool(np.max(np.abs(one - other)) >= _MOVED_LEVELS)
