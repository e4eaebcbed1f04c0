"""From clean ink to what a scanner or camera makes of a worn document: a (28, width) crop.

Each step is one thing that happens to documents: printing, wear, paper, light, optics, sensor,
compression. How often each happens is in the constants here and nowhere else.
"""

from __future__ import annotations

import random

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.mrz.reader.recogniser import LINE_HEIGHT
from documents.mrz.reader.results import GrayPicture
from documents.mrz.reader.training.rendering import CAP_HEIGHT, PITCH, Ink

Floats = NDArray[np.float32]

_LOWEST_RESOLUTION = 0.34  # of the crop: characters 4 pixels wide
_BINARISED = 0.12


class Degrader:
    """Draws everything that happens to a line from two seeded generators."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - training data, no secret
        self._np = np.random.default_rng(seed)
        self._contrast = 255.0  # of the line at hand, grey levels

    def crop(self, canvas: Ink, *, middle: float) -> tuple[GrayPicture, float, float]:
        """Return what is seen of a canvas whose text is centred on row `middle`, pixels.

        Beside the picture, how columns of the canvas map to its columns at that row: factor and
        offset.
        """
        rng = self._rng
        ink = self._printed(canvas)
        if rng.random() < 0.25:
            ink = self._worn(ink)
        share = self._resolution()
        matrix, width = self._geometry(ink.shape, middle, share)
        height = max(7, round(LINE_HEIGHT * share))
        columns = max(16, round(width * share))
        warped = self._warped(_prefiltered(ink, matrix), matrix, columns, height)
        seen = self._on_paper(np.asarray(warped, np.float32) / np.float32(255))
        seen = self._lit(seen)
        seen = self._through_lens(seen)
        picture = self._recorded(seen)
        if picture.shape != (LINE_HEIGHT, width):
            how = rng.choice((cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_CUBIC))
            picture = np.asarray(cv2.resize(picture, (width, LINE_HEIGHT), interpolation=how))
        if rng.random() < _BINARISED:
            picture = self._binarised(picture)
        across = matrix[0, 0] / share
        offset = (matrix[0, 2] + matrix[0, 1] * middle) / share
        return picture, float(across), float(offset)

    def _printed(self, ink: Ink) -> Ink:
        """Stroke weight: swelling or thinning by a blurred edge that is cut at another level."""
        kind = self._rng.random()
        if kind < 0.35:
            return ink
        soft = cv2.GaussianBlur(ink, (0, 0), self._rng.uniform(0.8, 1.9)).astype(np.float32) / 255
        level = self._rng.uniform(0.16, 0.66)
        hardness = self._rng.uniform(1.5, 6)
        return np.asarray(np.clip((soft - level) * hardness + 0.5, 0, 1) * 255, np.uint8)

    def _worn(self, ink: Ink) -> Ink:
        """Patches where the ink is thin, speckles, scratches."""
        rng, height, width = self._rng, *ink.shape
        cells = self._np.random((max(2, height // 8), max(2, width // rng.choice((6, 12, 30)))))
        patches = cv2.resize(
            cells.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        least = rng.uniform(0.1, 0.8)
        kept = np.clip((patches - rng.uniform(0.0, 0.35)) * 5, least, 1)
        if rng.random() < 0.5:
            kept *= self._np.random(ink.shape, dtype=np.float32) > rng.uniform(0, 0.25)
        worn = np.asarray(ink * kept, np.uint8)
        for _ in range(rng.choice((0, 0, 1, 2, 4))):
            start = (rng.randrange(width), rng.randrange(height))
            end = (start[0] + rng.randint(-200, 200), rng.randrange(height))
            cv2.line(worn, start, end, rng.choice((0, 0, 90, 200)), rng.randint(1, 3))
        return worn

    def _resolution(self) -> float:
        kind = self._rng.random()
        if kind < 0.42:
            return 1.0
        if kind < 0.85:
            return self._rng.uniform(0.5, 1.0)
        return self._rng.uniform(_LOWEST_RESOLUTION, 0.5)

    def _geometry(
        self, shape: tuple[int, ...], middle: float, share: float
    ) -> tuple[NDArray[np.float64], int]:
        """The affine map of the canvas to the crop, and the crop's width at full resolution."""
        rng = self._rng
        across = rng.uniform(11.5, 16.5) / PITCH
        down = rng.uniform(14.5, 21.5) / CAP_HEIGHT
        slope, shear = rng.gauss(0, 0.006), rng.gauss(0, 0.07)
        left, right = rng.uniform(1.7, 4.6) * PITCH, rng.uniform(1.7, 4.6) * PITCH
        width = int((shape[1] + left + right - 5 * PITCH) * across)
        width = min(1100, max(48, width // 8 * 8))
        matrix = np.array(
            [
                [across, shear * down, (left - 2.5 * PITCH) * across],
                [slope * across, down, 0.0],
            ]
        )
        centre = shape[1] / 2
        matrix[0, 2] -= shear * down * middle
        matrix[1, 2] = LINE_HEIGHT / 2 + rng.gauss(0, 1.7) - down * middle
        matrix[1, 2] -= slope * across * centre
        return matrix * share, width

    def _warped(
        self, ink: Ink, matrix: NDArray[np.float64], columns: int, height: int
    ) -> NDArray[np.float32]:
        """The ink as the crop has it; pages that do not lie flat bend their lines."""
        if self._rng.random() < 0.65:
            flat = cv2.warpAffine(ink, matrix, (columns, height), flags=cv2.INTER_LINEAR)
            return np.asarray(flat, np.float32)
        inverse = cv2.invertAffineTransform(matrix)
        across = np.arange(columns, dtype=np.float64)[None]
        place = 2 * across / columns - 1
        bent = np.polyval([self._rng.gauss(0, 1.2), self._rng.gauss(0, 2), 0, 0], place)
        down = np.arange(height, dtype=np.float64)[:, None] + bent * height / LINE_HEIGHT
        x = inverse[0, 0] * across + inverse[0, 1] * down + inverse[0, 2]
        y = inverse[1, 0] * across + inverse[1, 1] * down + inverse[1, 2]
        sampled = cv2.remap(ink, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
        return np.asarray(sampled, np.float32)

    def _on_paper(self, ink: Floats) -> Floats:
        """Ink of some darkness on paper with tints, guilloches and stains."""
        rng = self._rng
        height, width = ink.shape
        light = rng.uniform(110, 255)
        dark = min(rng.uniform(0, 100), light - 60)
        density = rng.uniform(0.5, 1.0)
        self._contrast = density * (light - dark)
        paper = np.full((height, width), light, np.float32)
        down, across = np.mgrid[0:height, 0:width].astype(np.float32)
        if rng.random() < 0.5:
            for _ in range(rng.randint(1, 3)):
                angle, step = rng.uniform(0, np.pi), rng.uniform(0.04, 0.9)
                wave = across * np.cos(angle) + down * np.sin(angle)
                wave += rng.uniform(0, 5) * np.sin(across * rng.uniform(0.01, 0.15))
                wave = np.sin(wave * step + rng.uniform(0, 6.3))
                if rng.random() < 0.5:  # thin lines rather than waves
                    wave = (wave > rng.uniform(0.3, 0.9)).astype(np.float32)
                paper -= min(rng.uniform(4, 34), 0.4 * self._contrast) * wave
        if rng.random() < 0.25:
            grain = self._np.normal(0, 1, (height, width)).astype(np.float32)
            soft = cv2.GaussianBlur(grain, (0, 0), rng.uniform(1.5, 8))
            paper += np.asarray(soft, np.float32) * min(rng.uniform(5, 60), 0.5 * self._contrast)
        if rng.random() < 0.15:
            for _ in range(rng.randint(1, 4)):
                a = (rng.randrange(width), rng.randint(-8, height + 8))
                b = (rng.randrange(width), rng.randint(-8, height + 8))
                cv2.line(paper, a, b, rng.uniform(50, 235), rng.randint(1, 3))
        if rng.random() < 0.2:
            ink = ink * np.clip(self._np.normal(0.9, 0.22, ink.shape), 0, 1).astype(np.float32)
        return np.asarray(paper * (1 - ink * density) + dark * ink * density, np.float32)

    def _lit(self, seen: Floats) -> Floats:
        """Uneven light, shadows and reflections."""
        rng = self._rng
        height, width = seen.shape
        if rng.random() < 0.4:
            cells = self._np.uniform(0.65, 1.1, (2, rng.choice((2, 3, 6)))).astype(np.float32)
            seen = seen * cv2.resize(cells, (width, height), interpolation=cv2.INTER_LINEAR)
        if rng.random() < 0.13:
            across = np.arange(width, dtype=np.float32)[None]
            down = np.arange(height, dtype=np.float32)[:, None]
            along = across - rng.uniform(0, width) + down * rng.uniform(-2, 2)
            reflection = np.exp(-((along / (rng.uniform(0.4, 5) * height)) ** 2))
            seen = seen + reflection * rng.uniform(30, 210)
        return np.asarray(seen, np.float32)

    def _through_lens(self, seen: Floats) -> Floats:
        rng = self._rng
        if rng.random() < 0.5:
            seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.3, 1.25)))
        if rng.random() < 0.12:
            length = rng.randint(2, 5)
            kernel = np.ones((1, length) if rng.random() < 0.7 else (length, 1), np.float32)
            seen = np.asarray(cv2.filter2D(seen, -1, kernel / length))
        if rng.random() < 0.2:  # sharpening, as scanners and telephones do
            soft = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.7, 1.5))
            seen = seen + (seen - soft) * np.float32(rng.uniform(0.4, 1.8))
        return np.asarray(seen, np.float32)

    def _recorded(self, seen: Floats) -> GrayPicture:
        rng = self._rng
        if rng.random() < 0.6:
            noise = self._np.standard_normal(seen.shape, dtype=np.float32)
            spread = rng.uniform(1, min(22.0, 0.3 * self._contrast))
            seen = seen + noise * np.float32(spread)
        picture = np.asarray(np.clip(seen, 0, 255), np.uint8)
        if rng.random() < 0.5:
            quality = [cv2.IMWRITE_JPEG_QUALITY, rng.randint(12, 92)]
            _, data = cv2.imencode(".jpg", picture, quality)
            picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
        return picture

    def _binarised(self, picture: GrayPicture) -> GrayPicture:
        if self._rng.random() < 0.5:
            how = cv2.THRESH_BINARY | cv2.THRESH_OTSU
            return np.asarray(cv2.threshold(picture, 0, 255, how)[1], np.uint8)
        black = cv2.adaptiveThreshold(
            picture, 255, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY, 21, 12
        )
        return np.asarray(black, np.uint8)


def _prefiltered(ink: Ink, matrix: NDArray[np.float64]) -> Ink:
    """Blur before shrinking, as a sensor's pixels average what falls on them."""
    across, down = abs(matrix[0, 0]), abs(matrix[1, 1])
    sigma_x, sigma_y = (max(0.05, 0.42 * (1 / scale - 0.6)) for scale in (across, down))
    if max(sigma_x, sigma_y) < 0.3:
        return ink
    return np.asarray(cv2.GaussianBlur(ink, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y), np.uint8)
