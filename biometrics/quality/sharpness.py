"""Is fine detail present in proportion to coarse contrast?

The raw value is the contrast of the face in a fine band (0.8 to 1.6 px of the chip) over its
contrast in a coarse band (3 to 6 px). A ratio, because brightness and contrast scale both
bands alike: a dim face is not a blurred one. Sensor noise fills the fine band and would make
a blurred face look sharp, so the share that white noise of the estimated strength has in each
band is subtracted first.

Noise estimate: J. Immerkær, "Fast noise variance estimation", CVIU 64 (1996), with the median
in place of the mean, so that the edges of a sharp face do not count as noise.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from biometrics.quality.view import INNER_FACE, FaceView, value_at
from biometrics.results import Measurement, NotMeasured, QualityName
from biometrics.thresholds import graded

_FINE = (0.8, 1.6)
_COARSE = (3.0, 6.0)

# How far the fine filters reach beyond the inner face, px of the chip.
_REACH = 8

# Responds to noise and hardly to structure; its output has six times the noise's deviation.
_IMMERKAER = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
_IMMERKAER_GAIN = 6.0
_MEDIAN_OF_ABSOLUTE_NORMAL = 0.6745

# Luma steps are whole numbers: below this deviation a band holds rounding, not a face.
_LEAST_CONTRAST = 1.0


def measure_sharpness(face: FaceView) -> Measurement:
    """Return the ratio of fine to coarse contrast (0 to about 1), noise subtracted."""
    luma = face.luminance
    around = tuple(slice(side.start - _REACH, side.stop + _REACH) for side in INNER_FACE)
    near = luma[around]
    noise = _noise_variance(near)
    # A coarse band loses nothing at half the size, and is ready in a fifth of the time.
    size = (luma.shape[1] // 2, luma.shape[0] // 2)
    half = np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
    band = _band(half, (_COARSE[0] / 2, _COARSE[1] / 2))
    within = tuple(slice(side.start // 2, side.stop // 2) for side in INNER_FACE)
    coarse = float(band[within].var()) - noise * _noise_gain(_COARSE)
    if coarse < _LEAST_CONTRAST**2:
        return NotMeasured(QualityName.SHARPNESS, "the face has too little contrast")
    fine_band = _band(near, _FINE)[_REACH:-_REACH, _REACH:-_REACH]
    fine = max(0.0, float(fine_band.var()) - noise * _noise_gain(_FINE))
    return graded(QualityName.SHARPNESS, float(np.sqrt(fine / coarse)))


def _band(luma: NDArray[np.float32], band: tuple[float, float]) -> NDArray[np.float32]:
    low, high = (cv2.GaussianBlur(luma, (0, 0), sigma) for sigma in band)
    return np.asarray(low - high, dtype=np.float32)


def _noise_gain(band: tuple[float, float]) -> float:
    """Share of the variance of white noise that passes the difference of two Gaussians.

    The integral of the squared kernel: 1/(4 pi a^2) + 1/(4 pi b^2) - 1/(pi (a^2 + b^2)).
    """
    a, b = band[0] ** 2, band[1] ** 2
    return float((1 / (4 * a) + 1 / (4 * b) - 1 / (a + b)) / np.pi)


def _noise_variance(near: NDArray[np.float32]) -> float:
    response = cv2.filter2D(near, -1, _IMMERKAER)[_REACH:-_REACH, _REACH:-_REACH]
    median = value_at(np.abs(response), 0.5)
    return (median / (_MEDIAN_OF_ABSOLUTE_NORMAL * _IMMERKAER_GAIN)) ** 2
