"""Light on the face: mean, share of pixels lost in black and in white, dynamic range.

Definitions of ISO/IEC 29794-5:2025 (luminance mean, under- and over-exposure prevention,
dynamic range), taken over the inner face. The limits must not confuse dark skin with little
light: they sit where detail is lost, not where a face is darker than another.
"""

import numpy as np

from biometrics.quality.view import FaceView
from biometrics.results import Measurement, QualityName
from biometrics.thresholds import graded

_UNDER_EXPOSED_TO = 25
_OVER_EXPOSED_FROM = 247


def measure_exposure(face: FaceView) -> tuple[Measurement, ...]:
    """Return mean (0-255), fractions of lost pixels (0-1) and histogram entropy (0-8 bit)."""
    levels = face.inner_luminance.astype(np.uint8)
    shares = np.bincount(levels.ravel(), minlength=256) / levels.size
    occupied = shares[shares > 0]
    return (
        graded(QualityName.LUMINANCE_MEAN, float(shares @ np.arange(256))),
        graded(QualityName.UNDER_EXPOSURE_PREVENTION, float(shares[: _UNDER_EXPOSED_TO + 1].sum())),
        graded(QualityName.OVER_EXPOSURE_PREVENTION, float(shares[_OVER_EXPOSED_FROM:].sum())),
        graded(QualityName.DYNAMIC_RANGE, float(-(occupied * np.log2(occupied)).sum())),
    )
