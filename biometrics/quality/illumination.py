"""Is the face lit from both sides alike? (ISO/IEC 29794-5, illumination uniformity)

The standard intersects the histograms of two cheeks, which says how unlike they are and not
which is darker. Here the raw value is the ratio of the light on the two halves of the inner
face in stops (a step of one doubles the light), so that a traveler can be told where to turn.
Positive: the subject's left side is the lighter. A turned head moves one cheek out of sight
and is no defect of light, so the halves are cut at the chip's middle and not at the nose.
At worst marginal: hard light from the side raises distances but seldom spoils them.
"""

import math

import numpy as np

from biometrics.quality.view import FaceView
from biometrics.results import Measurement, NotMeasured, QualityName
from biometrics.thresholds import graded

_GAMMA = 2.2
_TO_LIGHT = (np.arange(256) / 255) ** _GAMMA
# Every third pixel of a half is 450 samples: the mean needs no more.
_STEP = 3
# Light of luma 16: below it a half holds the sensor's noise.
_LEAST_LIGHT = float(_TO_LIGHT[16])
# Further apart than any camera can show; the scale's `too_poor`, which is never passed.
_MOST_STOPS = 8.0


def measure_illumination(face: FaceView) -> Measurement:
    """Return the light on the subject's left over that on the right half, in stops (signed)."""
    levels = face.inner_luminance[::_STEP, _STEP // 2 :: _STEP].astype(np.uint8)
    light = _TO_LIGHT[levels].mean(axis=0)
    middle = len(light) // 2
    subjects_right, subjects_left = float(light[:middle].mean()), float(light[-middle:].mean())
    if max(subjects_right, subjects_left) < _LEAST_LIGHT:
        return NotMeasured(QualityName.ILLUMINATION_UNIFORMITY, "the face is too dark")
    floor = _LEAST_LIGHT / 4
    stops = math.log2(max(subjects_left, floor) / max(subjects_right, floor))
    stops = min(_MOST_STOPS, max(-_MOST_STOPS, stops))
    return graded(QualityName.ILLUMINATION_UNIFORMITY, stops)
