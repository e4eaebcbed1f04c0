"""Lines of text as ink on a canvas, at twice the resolution that the recogniser sees."""

from __future__ import annotations

import random
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from documents.mrz.reader.recogniser import ALPHABET

Ink = NDArray[np.uint8]
"""Shape (height, width), uint8: 0 no ink to 255 full ink."""

PITCH = 28
"""Pixels from one character to the next on the canvas."""
FIRST_CENTRE = 1.5 * PITCH - 0.5
"""Column of a row where the first character's centre is."""
ROW_HEIGHT = 44
"""Height of a row on the canvas; the characters' centre is in its middle."""
CAP_HEIGHT = 26.5
"""Of OCR-B at this pitch: 2.4 mm of 2.54 mm, ISO 1073-2 size I."""

_OVERSAMPLING = 4
_OTHER_CUT = 0.5


@dataclass(frozen=True, slots=True)
class _Face:
    path: str
    share: float  # of the training lines
    advance: float  # width of a character, in em


FONTS = (
    _Face("/usr/share/fonts/opentype/ocr-b/OCRB.otf", 0.58, 0.723),
    _Face("/usr/share/fonts/opentype/ocr-b/OCRBS.otf", 0.24, 0.723),
    _Face("/usr/share/fonts/opentype/ocr-b/OCRBL.otf", 0.08, 0.723),
    # Cards of the field that are not printed in OCR-B: no more of these than keeps them readable.
    _Face("/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf", 0.05, 0.602),
    _Face("/usr/share/fonts/truetype/liberation/LiberationMono-Regular.ttf", 0.03, 0.6),
    _Face("/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf", 0.02, 0.602),
)
_PROSE = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


class Typesetter:
    """Holds the glyphs of every font, drawn once."""

    def __init__(self) -> None:
        self._atlases = [_atlas(face) for face in FONTS]
        self._prose = ImageFont.truetype(_PROSE, 34)

    def choose(self, rng: random.Random) -> int:
        """Return the index of a font, in the proportions of `FONTS`."""
        return rng.choices(range(len(FONTS)), [face.share for face in FONTS])[0]

    def row(self, text: str, font: int, rng: random.Random, jitter: float) -> Ink:
        """Return the ink of one row; `jitter` pixels is how far characters stray."""
        glyphs = self._atlases[font]
        if rng.random() < _OTHER_CUT:
            wide, tall = rng.uniform(0.84, 1.12), rng.uniform(0.93, 1.07)
            glyphs = {char: _shaped(glyphs[char], wide, tall) for char in set(text)}
        ink = np.zeros((ROW_HEIGHT, PITCH * len(text) + 2 * PITCH), np.uint8)
        for place, char in enumerate(text):
            glyph = glyphs[char]
            at = PITCH // 2 + place * PITCH
            if jitter:
                at += round(rng.gauss(0, jitter))
                glyph = np.roll(glyph, round(rng.gauss(0, 0.6 * jitter)), axis=0)
            np.maximum(ink[:, at : at + 2 * PITCH], glyph, out=ink[:, at : at + 2 * PITCH])
        return ink

    def prose(self, text: str) -> Ink:
        """Return ordinary proportional text, as the printed zone has it."""
        width = max(40, int(self._prose.getlength(text)) + 8)
        image = Image.new("L", (width, ROW_HEIGHT), 0)
        ImageDraw.Draw(image).text((4, 1), text, font=self._prose, fill=255)
        return np.asarray(image)


def _shaped(glyph: Ink, wide: float, tall: float) -> Ink:
    """Draw a glyph wider or taller about its middle: every foundry cuts OCR-B a little else."""
    height, width = glyph.shape
    matrix = np.array([[wide, 0, width / 2 * (1 - wide)], [0, tall, height / 2 * (1 - tall)]])
    return np.asarray(cv2.warpAffine(glyph, matrix, (width, height)), np.uint8)


def _atlas(face: _Face) -> dict[str, Ink]:
    """Draw each character in the middle of a box of two pitches."""
    scale = _OVERSAMPLING
    font = ImageFont.truetype(face.path, round(PITCH * scale / face.advance))
    top, bottom = font.getbbox("H", anchor="ls")[1::2]
    # Fonts for screens are taller for their width than OCR-B; their letters are made to fit.
    stretch = CAP_HEIGHT * scale / (bottom - top)
    atlas = {}
    for char in ALPHABET:
        size = (2 * PITCH * scale, ROW_HEIGHT * scale)
        image = Image.new("L", size, 0)
        draw = ImageDraw.Draw(image)
        baseline = size[1] / 2 + (bottom - top) / 2
        draw.text((size[0] / 2, baseline), char, font=font, fill=255, anchor="ms")
        glyph = np.asarray(image)
        matrix = np.array([[1, 0, 0], [0, stretch, size[1] / 2 * (1 - stretch)]])
        glyph = cv2.warpAffine(glyph, matrix, size)
        glyph = cv2.resize(glyph, (2 * PITCH, ROW_HEIGHT), interpolation=cv2.INTER_AREA)
        atlas[char] = np.asarray(glyph, np.uint8)
    return atlas
