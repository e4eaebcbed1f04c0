"""Where five points of the frame before lie in the next one: optical flow around a face.

A predictor of landmarks walks through megabytes of trees that the face network has meanwhile driven
out of the processor's cache; flow looks at 128 px around the face. Method: J.-Y. Bouguet,
"Pyramidal implementation of the Lucas Kanade feature tracker", Intel 2000, as OpenCV has it. Flow
follows anything that has corners, an empty seat included: whoever uses it must verify what is
there. On rendered frames its landmarks are 0.06 (L2 of one embedding) from a detection's, which is
how far detections in successive frames are from each other.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from biometrics.protocols import RGBPicture
from biometrics.results import FivePoints

_SIDE_PX = 128
_HALF_WIDTH = 1.0
"""Of the patch, in units of the width of the five points."""
_LEAST_SPREAD_PX = 8.0
_WINDOW = (15, 15)
_LEVELS = 2
_RECENTRE = 0.1
"""Of half the patch: further from its middle, points are followed in a new one."""


@dataclass(frozen=True, slots=True)
class _Patch:
    """A grey cut-out, and how pixels of the picture become its pixels."""

    pixels: NDArray[np.uint8]
    centre: tuple[float, float]
    half: float
    origin: NDArray[np.float64]
    scale: NDArray[np.float64]

    @classmethod
    def cut(cls, picture: RGBPicture, centre: tuple[float, float], half: float) -> "_Patch | None":
        height, width = picture.shape[:2]
        left, top = max(0, int(centre[0] - half)), max(0, int(centre[1] - half))
        right, bottom = min(width, int(centre[0] + half)), min(height, int(centre[1] + half))
        if right - left < _SIDE_PX // 8 or bottom - top < _SIDE_PX // 8:
            return None
        grey = np.asarray(
            cv2.cvtColor(picture[top:bottom, left:right], cv2.COLOR_RGB2GRAY), np.uint8
        )
        factor = min(1.0, _SIDE_PX / (2 * half))
        size = (max(8, round(grey.shape[1] * factor)), max(8, round(grey.shape[0] * factor)))
        scale = np.array([size[0] / grey.shape[1], size[1] / grey.shape[0]])
        while grey.shape[1] >= 2 * size[0] and grey.shape[0] >= 2 * size[1]:
            halved = (grey.shape[1] // 2, grey.shape[0] // 2)
            grey = np.asarray(cv2.resize(grey, halved, interpolation=cv2.INTER_AREA), np.uint8)
        pixels = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        return cls(pixels, centre, half, np.array([left, top], np.float64), scale)

    def inside(self, points: NDArray[np.float64]) -> NDArray[np.float32]:
        return ((points + 0.5 - self.origin) * self.scale - 0.5).astype(np.float32)

    def outside(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        return (points.astype(np.float64) + 0.5) / self.scale + self.origin - 0.5


class LandmarkFlow:
    """Follows five points from frame to frame; used by one thread."""

    def __init__(self) -> None:
        self._points: NDArray[np.float64] | None = None
        self._patch: _Patch | None = None

    def begin(self, picture: RGBPicture, landmarks: FivePoints) -> None:
        """Follow these points from this frame on."""
        self._points = landmarks.as_array()
        self._patch = self._around(picture)

    def follow(self, picture: RGBPicture) -> FivePoints | None:
        """Return where the points are in the next frame, of the same size; None when lost.

        Once lost, they are lost until `begin`.
        """
        points, before = self._points, self._patch
        self._points = self._patch = None
        if points is None or before is None:
            return None
        now = _Patch.cut(picture, before.centre, before.half)
        if now is None or now.pixels.shape != before.pixels.shape:
            return None
        found, status, _ = cv2.calcOpticalFlowPyrLK(
            before.pixels,
            now.pixels,
            before.inside(points)[:, None],
            np.empty(0, np.float32),
            winSize=_WINDOW,
            maxLevel=_LEVELS,
        )
        if not bool(np.all(status)):
            return None
        moved = now.outside(np.asarray(found, np.float32)[:, 0])
        if not bool(np.isfinite(moved).all()):
            return None
        self._points = moved
        away = np.linalg.norm(moved.mean(axis=0) - np.array(before.centre))
        self._patch = now if away <= _RECENTRE * before.half else self._around(picture)
        return FivePoints(*((float(x), float(y)) for x, y in moved))

    def _around(self, picture: RGBPicture) -> _Patch | None:
        assert self._points is not None
        x, y = self._points.mean(axis=0).tolist()
        spread = float(np.ptp(self._points[:, 0]))
        if not (np.isfinite([x, y]).all() and spread >= _LEAST_SPREAD_PX):
            return None
        return _Patch.cut(picture, (x, y), _HALF_WIDTH * spread)
