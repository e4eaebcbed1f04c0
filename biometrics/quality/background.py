"""Is what stands behind the head plain? (ISO/IEC 29794-5, background uniformity)

The raw value is the mean step between neighbouring pixels of the background in a picture
reduced to about 80 px, so that neither noise nor the camera's resolution counts. Background
is what lies beside and above a generous outline of the head and the shoulders.

It matters for a portrait to be enrolled. A comparison does not see the background, so the
measure is at worst marginal, and a traveler in a busy hall is told nothing.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from biometrics.quality.framing import Frame
from biometrics.quality.view import FaceView
from biometrics.results import Measurement, NotMeasured, QualityName
from biometrics.thresholds import graded

_REDUCED_PX = 80
# In frontal eye distances: hair reaches so far sideways and up; below the chin are shoulders.
_HAIR_ASIDE = 1.9
_HAIR_ABOVE = 2.6
_CHIN_BELOW = 1.2
_LEAST_PIXELS = 60


def measure_background(face: FaceView) -> Measurement:
    """Return the mean step between neighbours, in levels (0 to 255) of the reduced picture."""
    name = QualityName.BACKGROUND_UNIFORMITY
    if face.picture is None:
        return NotMeasured(name, "the whole picture was not given")
    frame = Frame.of(face)
    if frame is None:
        return NotMeasured(name, "the eyes coincide")
    reduced = _reduced(face.picture)
    height, width = reduced.shape[:2]
    scale = width / face.picture.shape[1]
    eye_x, eye_y, unit = frame.eye_x * scale, frame.eye_y * scale, frame.unit * scale
    rows, columns = np.ogrid[:height, :width]
    head = (np.abs(columns + 0.5 - eye_x) < _HAIR_ASIDE * unit) & (
        rows + 0.5 > eye_y - _HAIR_ABOVE * unit
    )
    behind = ~head & (rows + 0.5 < eye_y + _CHIN_BELOW * unit)
    across, down = behind[:, 1:] & behind[:, :-1], behind[1:] & behind[:-1]
    count = int(across.sum()) + int(down.sum())
    if count < _LEAST_PIXELS:
        return NotMeasured(name, "the head leaves no background to be seen")
    steps = _steps(reduced[:, 1:], reduced[:, :-1], across)
    steps += _steps(reduced[1:], reduced[:-1], down)
    return graded(name, steps / (3 * count))


def _steps(a: NDArray[np.uint8], b: NDArray[np.uint8], where: NDArray[np.bool_]) -> float:
    """The sum of the absolute differences of two pictures over the pixels `where`."""
    return float(np.asarray(cv2.absdiff(a, b)).sum(axis=2, dtype=np.int32)[where].sum())


def _reduced(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture at about 80 px, each pixel the mean of four of the picture's.

    Reading every pixel of a frame would take as long as all the other measures together.
    """
    step = max(1, max(picture.shape[:2]) // (2 * _REDUCED_PX))
    sparse = np.ascontiguousarray(picture[::step, ::step])
    factor = min(1.0, _REDUCED_PX / max(sparse.shape[:2]))
    size = (max(2, round(sparse.shape[1] * factor)), max(2, round(sparse.shape[0] * factor)))
    return np.asarray(cv2.resize(sparse, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
