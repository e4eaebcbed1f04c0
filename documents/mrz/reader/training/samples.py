"""Training samples: a degraded crop and what it says; one in sixteen says nothing."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from documents.mrz.reader.results import GrayPicture
from documents.mrz.reader.training.content import line_text
from documents.mrz.reader.training.degradation import Degrader
from documents.mrz.reader.training.rendering import (
    FIRST_CENTRE,
    PITCH,
    ROW_HEIGHT,
    Ink,
    Typesetter,
)

_NOTHING = 0.06
_LINE_GAP = 70
"""Rows from one line's middle to the next: 6.35 mm at this pitch (ICAO Doc 9303-4, figure 3)."""
_CANVAS = 2 * _LINE_GAP + ROW_HEIGHT
_LOWER = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Sample:
    """A crop of shape (28, width), uint8, and its text; empty when no zone is to be seen.

    first, pitch: pixels, where the centre of the first character is and how far the next ones are.
    """

    picture: GrayPicture
    text: str
    first: float
    pitch: float


class Sampler:
    """An endless source of samples, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)  # noqa: S311 - training data, no secret
        self._degrader = Degrader(seed + 1)
        self._typesetter = Typesetter()

    def sample(self) -> Sample:
        """Return the next sample."""
        rng = self._rng
        text = line_text(rng)
        font = self._typesetter.choose(rng)
        jitter = rng.choice((0, 0, 0.4, 0.8))
        row = self._typesetter.row(text, font, rng, jitter)
        nothing = rng.random() < _NOTHING
        if nothing and rng.random() < 0.4:
            words = (_LOWER[: rng.randint(9, 26)] for _ in range(rng.randint(1, 6)))
            prose = " ".join("".join(rng.sample(w, rng.randint(2, 8))).title() for w in words)
            row = self._typesetter.prose(prose)
        canvas = np.zeros((_CANVAS, row.shape[1]), np.uint8)
        middle = _CANVAS // 2
        _put(canvas, row, middle)
        gap = rng.randint(52, 84)
        for side in (-1, 1):
            if rng.random() < 0.5:
                other = line_text(rng)[: len(text)]
                _put(canvas, self._typesetter.row(other, font, rng, 0), middle + side * gap)
        if nothing:
            canvas = np.ascontiguousarray(canvas[::-1, ::-1])
        picture, factor, offset = self._degrader.crop(canvas, middle=middle)
        first = factor * FIRST_CENTRE + offset
        return Sample(picture, "" if nothing else text, first, factor * PITCH)


def _put(canvas: Ink, row: Ink, middle: int) -> None:
    """Lay a row on the canvas as far as it fits."""
    top = middle - ROW_HEIGHT // 2
    first, last = max(0, top), min(len(canvas), top + ROW_HEIGHT)
    width = min(canvas.shape[1], row.shape[1])
    target = canvas[first:last, :width]
    np.maximum(target, row[first - top : last - top, :width], out=target)
