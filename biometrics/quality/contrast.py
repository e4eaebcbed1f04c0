"""Contrast on the face: the variance of its luminance (ISO/IEC 29794-5, luminance variance).

Luma is taken from 0 to 1, as in the standard, over the inner face. Little contrast is fog, a
dirty lens or light from everywhere; it is at worst marginal, because what spoils a comparison
is the loss of levels, which `dynamic_range` measures.
"""

from biometrics.quality.view import FaceView
from biometrics.results import QualityMeasure, QualityName
from biometrics.thresholds import graded


def measure_contrast(face: FaceView) -> QualityMeasure:
    """Return the variance of luma (0 to 0.25, of a luma from 0 to 1)."""
    return graded(QualityName.LUMINANCE_VARIANCE, float(face.inner_luminance.var()) / 255**2)
