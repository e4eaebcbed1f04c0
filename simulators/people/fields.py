"""The small mathematics that the head is made of: bumps, ridges, steps, profiles and noise.

A *field* is a float32 array over a mesh grid (rows, columns); lengths are centimetres.
"""

from collections.abc import Sequence
from typing import TypeAlias, cast

import cv2
import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

Field: TypeAlias = npt.NDArray[np.floating]
Colour: TypeAlias = npt.NDArray[np.floating]
"""A linear RGB triple, shape (3,), 0..1."""


def smoothstep(start: float | Field, end: float | Field, x: Field) -> Field:
    """0 before `start`, 1 after `end`, smooth between; a falling step where `start > end`."""
    t = np.clip((x - start) / (end - start), 0.0, 1.0)
    return cast(Field, t * t * (3.0 - 2.0 * t))


def bump(dx: Field, dy: Field, sigma_x: float, sigma_y: float) -> Field:
    """A two-dimensional Gaussian of height 1 at zero offset."""
    return cast(Field, np.exp(-0.5 * ((dx / sigma_x) ** 2 + (dy / sigma_y) ** 2)))


def ridge(d: Field, width: float | Field) -> Field:
    """A ridge `exp(-(d/width)²)` along the curve where the distance `d` is zero."""
    return cast(Field, np.exp(-((d / width) ** 2)))


def profile(knots: Sequence[float] | Field, values: Sequence[float] | Field, at: Field) -> Field:
    """A shape-preserving cubic (PCHIP) through the knots, evaluated at `at`, as float32."""
    return np.asarray(PchipInterpolator(knots, values)(at), np.float32)


def value_noise(
    rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int], octaves: int = 1
) -> Field:
    """Smooth noise of roughly unit variance: a random lattice of `cells`, enlarged to `shape`.

    Each further octave has twice the cells and half the height.
    """
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        lattice = rng.standard_normal((cells[0] << octave, cells[1] << octave), dtype=np.float32)
        enlarged = cv2.resize(lattice, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
        total += np.asarray(enlarged, np.float32) * 0.5**octave
    return total


def blurred(field: Field, sigma: float) -> Field:
    """The field after a Gaussian blur of `sigma` pixels."""
    return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32)
