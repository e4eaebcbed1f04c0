"""Sizes of documents and where their machine-readable zone stands, in millimetres.

Sizes: TD1 9303-5 section 2, TD2 9303-6, TD3 9303-4, visas 9303-7. OCR-B size 1 with 10 characters
to the inch (pitch 2.54 mm) and lines 6.35 mm apart (9303-3, section 4.4); the zone fills 23.2 mm at
the lower edge. Where the standard leaves a tolerance, pages stand in its middle.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from documents.mrz import Template
from simulators.documents.canvas import Canvas
from simulators.documents.glyphs import typeface
from simulators.documents.light import Ink

PITCH = 2.54
LINE_SPACING = 6.35
ZONE_HEIGHT = 23.2
EM = PITCH / 0.723
"""The em of OCR-B size 1: a character advances 0.723 em."""
CAP_HEIGHT = 0.7 * EM
"""Of the letters, baseline to top; 2.46 mm (digits rise to 2.76 mm)."""


@dataclass(frozen=True, slots=True)
class Format:
    """width and height; left: of the first character position; bottom_line: the middle of the
    last line above the lower edge; corner: radius of rounded corners."""

    width: float
    height: float
    left: float
    bottom_line: float
    corner: float = 0.0

    @property
    def size(self) -> tuple[float, float]:
        return self.width, self.height

    def baselines(self, count: int) -> tuple[float, ...]:
        """Where the baselines of `count` lines lie, from the top."""
        last = self.height - self.bottom_line + CAP_HEIGHT / 2
        return tuple(last - LINE_SPACING * (count - 1 - line) for line in range(count))


_TD1 = Format(85.6, 54.0, 4.7, 5.25, corner=3.18)
_SMALL = Format(105.0, 74.0, 6.0, 9.4)
_LARGE = Format(125.0, 88.0, 6.0, 9.4)
FORMATS = {
    Template.TD1: _TD1,
    Template.TD2: _SMALL,
    Template.TD3: _LARGE,
    Template.MRV_A: Format(120.0, 80.0, 4.0, 9.4),
    Template.MRV_B: _SMALL,
    Template.FRENCH_ID: _SMALL,
}


def print_zone(
    canvas: Canvas,
    form: Format,
    lines: tuple[str, ...],
    ink: Ink,
    *,
    weight_mm: float = 0.0,
    jitter_mm: tuple[float, float] = (0.0, 0.0),
) -> None:
    """Print the lines of a machine-readable zone; `jitter_mm` moves all of it."""
    dx, dy = jitter_mm
    face = typeface("ocrb")
    for line, baseline in zip(lines, form.baselines(len(lines)), strict=True):
        canvas.text(
            (form.left + dx, baseline + dy),
            line,
            face,
            face.cap_height * EM,
            ink,
            pitch_mm=PITCH,
            weight_mm=weight_mm,
        )


def line_corners(form: Format, lines: tuple[str, ...], px_per_mm: float) -> NDArray[np.float32]:
    """The corners of every line, (lines, 4, 2), px, from the top left clockwise.

    They enclose the character cells from left to right, and baseline and height of the capitals.
    """
    return np.array(
        [
            [
                (form.left, baseline - CAP_HEIGHT),
                (form.left + PITCH * len(line), baseline - CAP_HEIGHT),
                (form.left + PITCH * len(line), baseline),
                (form.left, baseline),
            ]
            for line, baseline in zip(lines, form.baselines(len(lines)), strict=True)
        ],
        np.float32,
    ) * np.float32(px_per_mm)


def zone_corners(each: NDArray[np.float32]) -> NDArray[np.float32]:
    """The corners (4, 2) of the zone of these lines."""
    return np.stack([each[0, 0], each[0, 1], each[-1, 2], each[-1, 3]])
