"""Peaks in the spectrum: the grid of a screen or of a printer's dots, and its moiré.

A camera that samples the stripes of sub-pixels or the dots of a halftone leaves lines in the
spectrum that no skin has. The raw value is the highest peak, in decibel over the spectrum around
it, in brightness and in red minus green (moiré of a colour screen is coloured), of the 128 px
around the middle of the face at the camera's own resolution: scaling down would remove what is
looked for. Left out are low frequencies, where the face itself lies, and the multiples of an eighth
of a cycle a pixel in both directions, where the blocks of a JPEG lie.

Blind to: prints and screens whose grid is finer than the camera resolves.
"""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from biometrics.presentation_attack.region import cut
from biometrics.presentation_attack.results import PadFrame, Signal, SignalName, SignalNotMeasured
from biometrics.presentation_attack.thresholds import judged

_SIDE = 128
_AROUND = 25
"""Bins to each side, in all, that a peak is compared with."""
_LOWEST = 0.11
"""Cycles a pixel: wavelengths of more than 9 px are the face."""
_JPEG_BLOCK = 8
_FLOOR = 1e-6
_DECIBEL = 10.0 / np.log(10.0)


def measure_spectrum(frame: PadFrame) -> Signal:
    """Return the highest peak in dB; needs 128 px of picture around the middle of the face."""
    square, _, _ = cut(frame.picture, frame.box, _SIDE / 2)
    if square.shape[:2] != (_SIDE, _SIDE):
        return SignalNotMeasured(
            SignalName.SPECTRAL_PEAKS, f"less than {_SIDE} px of picture around the face"
        )
    colours = square.astype(np.float32)
    brightness = np.asarray(cv2.cvtColor(square, cv2.COLOR_RGB2GRAY), np.float32)
    planes = (brightness, colours[..., 0] - colours[..., 1])
    return judged(SignalName.SPECTRAL_PEAKS, max(_highest_peak(plane) for plane in planes))


def _highest_peak(plane: NDArray[np.float32]) -> float:
    windowed = (plane - plane.mean()) * _window()
    transform = cv2.dft(windowed, flags=cv2.DFT_COMPLEX_OUTPUT)
    power = np.fft.fftshift(cv2.magnitude(transform[..., 0], transform[..., 1]) ** 2)
    # Means of whole neighbourhoods: a single bin of a spectrum scatters by 100 %.
    peak = np.log(_mean(power, 3) + _FLOOR)
    around = _mean(np.log(power + _FLOOR), _AROUND)
    # A constant plane has no spectrum; what rounding leaves of it is below any sensor's noise.
    loud = float(power.mean()) > 1.0
    return float((peak - around)[_searched()].max() * _DECIBEL) if loud else 0.0


def _mean(plane: Any, side: int) -> NDArray[np.float32]:
    smooth = cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(smooth, np.float32)


@cache
def _window() -> NDArray[np.float32]:
    return np.outer(np.hanning(_SIDE), np.hanning(_SIDE)).astype(np.float32)


@cache
def _searched() -> NDArray[np.bool_]:
    bins = np.arange(_SIDE) - _SIDE // 2
    beyond = np.hypot(bins[:, None], bins[None]) / _SIDE >= _LOWEST
    step = _SIDE // _JPEG_BLOCK
    on_grid = np.minimum(bins % step, -bins % step) <= 1
    return beyond & ~(on_grid[:, None] & on_grid[None])
