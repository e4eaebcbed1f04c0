"""What use does to a document, and how it lies on the reader's glass."""

from dataclasses import dataclass
from math import cos, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.documents.canvas import Canvas, Plane
from simulators.documents.light import Light

_LID = 0.07
"""The dark lid of the reader around a page that does not fill the picture."""
_REFLECTED = {Light.WHITE: 1.0, Light.INFRARED: 0.7, Light.ULTRAVIOLET: 0.25}


@dataclass(frozen=True, slots=True)
class Condition:
    """All zero: a new document, flat on the glass, in focus.

    wear: 0 to 1, scratches, rubbed print, stains. glare: 0 to 1, the reflection of the lamp in
    the laminate; from about 0.5 on it covers characters. tilt: degrees, counter-clockwise. blur:
    standard deviation, px at the resolution of the page.
    """

    wear: float = 0.0
    glare: float = 0.0
    tilt: float = 0.0
    blur: float = 0.0

    def __post_init__(self) -> None:
        if not (0.0 <= self.wear <= 1.0 and 0.0 <= self.glare <= 1.0 and self.blur >= 0.0):
            raise ValueError("wear and glare are shares from 0 to 1, and blur is not negative")


def wear_out(canvas: Canvas, level: float, rng: np.random.Generator) -> None:
    """Wear the drawn page; the same seed wears it alike under every light."""
    height, width = canvas.shape
    pixels = canvas.pixels
    blank = np.median(pixels.reshape(-1, 3)[:: max(1, height * width // 4000)], axis=0)
    rubbed = _blotches(rng, (height, width), 7) * _blotches(rng, (height, width), 90)
    fade = np.clip(rubbed * 1.7 - 0.35, 0.0, 1.0)[..., None] * np.float32(0.85 * level)
    pixels += (np.maximum(blank, pixels) - pixels) * fade
    stains = np.clip(_blotches(rng, (height, width), 4) * 2.4 - 1.35, 0.0, 1.0)[..., None]
    held = {
        Light.WHITE: (0.12, 0.2, 0.34),
        Light.INFRARED: (0.05,) * 3,
        Light.ULTRAVIOLET: (0.3,) * 3,
    }[canvas.light]
    pixels *= 1.0 - stains * np.float32(level) * np.asarray(held, np.float32)
    scratches = np.zeros((height, width), np.float32)
    for _ in range(round(46 * level)):
        start = rng.uniform((0, 0), (width, height))
        heading = rng.normal(0.0, 0.5) + (np.pi / 2 if rng.uniform() < 0.3 else 0.0)
        length = rng.uniform(0.04, 0.5) * width
        t = np.linspace(0.0, 1.0, 12)
        bend = heading + rng.normal(0.0, 0.3) * t
        path = start + np.cumsum(np.stack([np.cos(bend), np.sin(bend)], 1) * length / 12, axis=0)
        tone = float(rng.uniform(-0.5, 0.8))
        fixed = np.round(path * 16).astype(np.int32)
        thickness = 2 if rng.uniform() < 0.2 else 1
        cv2.polylines(scratches, [fixed], False, tone, thickness, cv2.LINE_8, 4)
    scratches = np.asarray(cv2.GaussianBlur(scratches, (0, 0), 0.7), np.float32)
    bright = np.clip(scratches, 0.0, 1.0)[..., None] * np.float32(0.8)
    pixels += (blank - pixels) * bright
    pixels *= 1.0 - np.clip(-scratches, 0.0, 1.0)[..., None] * np.float32(0.5)


def finish(
    canvas: Canvas, condition: Condition, corner_mm: float, rng: np.random.Generator
) -> tuple[Plane, NDArray[np.float64]]:
    """Photograph the page: rounded corners, reflection, tilt, focus, lamp and noise.

    Returns the pixels and the matrix (2, 3) from the page's pixels to those of the picture.
    """
    pixels = canvas.pixels
    height, width = canvas.shape
    if condition.glare > 0.0:
        _reflect(pixels, condition.glare * _REFLECTED[canvas.light], rng)
    if corner_mm > 0.0:
        inside = rounded((height, width), corner_mm * canvas.px_per_mm)
        pixels = pixels * inside + np.float32(_LID) * (1.0 - inside)
    matrix = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    if condition.tilt:
        pixels, matrix = _tilted(pixels, condition.tilt)
    pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.45 + condition.blur), np.float32)
    height, width = pixels.shape[:2]
    lamp = _lamp(rng, (height, width))
    noise = rng.standard_normal((height, width, 1), dtype=np.float32)
    strength = 0.007 if canvas.light is Light.WHITE else 0.011
    return np.asarray(pixels * lamp + noise * np.float32(strength), np.float32), matrix


def rounded(shape: tuple[int, int], radius: float) -> Plane:
    """1 inside a rectangle with round corners, 0 outside; (h, w, 1)."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    dx = np.maximum(radius - np.minimum(x + 0.5, shape[1] - x - 0.5), 0.0)
    dy = np.maximum(radius - np.minimum(y + 0.5, shape[0] - y - 0.5), 0.0)
    return np.asarray(np.clip(radius + 0.5 - np.hypot(dx, dy), 0.0, 1.0)[..., None], np.float32)


def _blotches(rng: np.random.Generator, shape: tuple[int, int], cells: int) -> Plane:
    """Smooth noise, 0 to 1."""
    rows = max(2, round(cells * shape[0] / shape[1]))
    lattice = rng.uniform(0.0, 1.0, (rows, cells)).astype(np.float32)
    return np.asarray(
        cv2.resize(lattice, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32
    )


def _reflect(pixels: Plane, strength: float, rng: np.random.Generator) -> None:
    """A bent, soft-edged streak across the page that passes through the lower third."""
    height, width = pixels.shape[:2]
    small_h, small_w = max(2, height // 4), max(2, width // 4)
    y, x = np.mgrid[0:small_h, 0:small_w].astype(np.float32) / np.float32(small_w)
    centre_x, centre_y = rng.uniform(0.25, 0.75), rng.uniform(0.72, 0.92) * height / width
    angle = rng.uniform(-0.9, 0.9)
    along = (x - centre_x) * cos(angle) + (y - centre_y) * sin(angle)
    across = -(x - centre_x) * sin(angle) + (y - centre_y) * cos(angle) + 0.5 * along**2
    wide, long = rng.uniform(0.025, 0.05), rng.uniform(0.12, 0.3)
    core = np.exp(-((across / wide) ** 2) - (along / long) ** 4)
    halo = np.exp(-((across / (3 * wide)) ** 2) - (along / (1.5 * long)) ** 2)
    light = (1.5 * core + 0.25 * halo) * strength
    pixels += np.asarray(cv2.resize(light, (width, height)), np.float32)[..., None]


def _tilted(pixels: Plane, degrees: float) -> tuple[Plane, NDArray[np.float64]]:
    height, width = pixels.shape[:2]
    c, s = abs(cos(radians(degrees))), abs(sin(radians(degrees)))
    new_width, new_height = round(width * c + height * s), round(width * s + height * c)
    matrix = np.asarray(
        cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0), np.float64
    )
    matrix[:, 2] += (new_width - width) / 2, (new_height - height) / 2
    turned = cv2.warpAffine(
        pixels,
        matrix,
        (new_width, new_height),
        flags=cv2.INTER_CUBIC,
        borderValue=(_LID, _LID, _LID),
    )
    return np.asarray(turned, np.float32), matrix


def _lamp(rng: np.random.Generator, shape: tuple[int, int]) -> Plane:
    """A lamp that is a little uneven; (h, w, 1)."""
    slope = rng.uniform(-0.035, 0.035, 2)
    y = np.linspace(-1.0, 1.0, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1.0, 1.0, shape[1], dtype=np.float32)[None, :]
    light = 1.0 - 0.03 * (x**2 + y**2) + np.float32(slope[0]) * x + np.float32(slope[1]) * y
    return np.asarray(light[..., None], np.float32)
