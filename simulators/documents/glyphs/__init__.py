"""Two typefaces as outlines, so that drawing a document needs no installed font.

OCRB is Norbert Schwarz's OCR-B (free without limitation; ISO 1073-2, which 9303-3 section 4.4
asks for), SANS a condensed sans serif for the printed zone. Where they
come from and on what terms stands in the files, which `extract.py` writes.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Outline: TypeAlias = NDArray[np.float64]
"""A closed polygon: points (n, 2), x to the right and y down, in em."""

_TOKENS = re.compile(r"[A-Z]|-?\d+")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "Q": 4, "C": 6, "Z": 0}
_STEPS = 7
_T = np.linspace(0.0, 1.0, _STEPS + 1)[1:, None]


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character: how far it moves on, in em, and its outlines on the baseline y = 0."""

    advance: float
    outlines: tuple[Outline, ...] = field(repr=False)


_GAP = Glyph(0.723, ())


@dataclass(frozen=True, slots=True)
class Typeface:
    """Glyphs by character; cap_height is the height of H over the baseline, in em."""

    name: str
    cap_height: float
    glyphs: dict[str, Glyph] = field(repr=False)

    def advance(self, text: str) -> float:
        """The width of a text, in em."""
        return sum(self._glyph(character).advance for character in text)

    def outlines(self, text: str, pitch: float | None = None) -> list[Outline]:
        """The outlines of a text that begins at x = 0; `pitch` (em) sets every character apart
        by the same distance. A character without a glyph leaves a gap."""
        placed, x = [], 0.0
        for character in text:
            glyph = self._glyph(character)
            placed += [outline + np.array((x, 0.0)) for outline in glyph.outlines]
            x += glyph.advance if pitch is None else pitch
        return placed

    def _glyph(self, character: str) -> Glyph:
        return self.glyphs.get(character) or _GAP


@cache
def typeface(name: str) -> Typeface:
    """The typeface of this name: "ocrb" (digits, A to Z and the filler) or "sans" (Latin-1)."""
    file = json.loads(files(__name__).joinpath(f"{name}.json").read_text("utf-8"))
    glyphs = {
        character: Glyph(advance / 1000.0, tuple(_outlines(path)))
        for character, (advance, path) in file["glyphs"].items()
    }
    return Typeface(name, file["cap_height"] / 1000.0, glyphs)


def _outlines(path: str) -> list[Outline]:
    """The polygons of an SVG path of absolute commands, curves in straight steps."""
    outlines: list[Outline] = []
    points: list[NDArray[np.float64]] = []
    tokens = _TOKENS.findall(path)
    at, command = 0, ""
    while at < len(tokens):
        if tokens[at].isalpha():
            command, at = tokens[at], at + 1
        count = _ARGUMENTS[command]
        numbers = [float(number) for number in tokens[at : at + count]]
        at += count
        if command == "Z":
            outlines.append(np.concatenate(points) * (0.001, -0.001))
            points = []
        elif command == "H":
            points.append(np.array([[numbers[0], points[-1][-1, 1]]]))
        elif command == "V":
            points.append(np.array([[points[-1][-1, 0], numbers[0]]]))
        elif command in "ML":
            points.append(np.array([numbers]))
        else:
            points.append(_curve(points[-1][-1], numbers))
    return outlines


def _curve(start: NDArray[np.float64], numbers: Sequence[float]) -> NDArray[np.float64]:
    """Points of a Bézier curve of the second or third degree after its start."""
    control = [start, *np.asarray(numbers).reshape(-1, 2)]
    while len(control) > 1:
        control = [(1.0 - _T) * a + _T * b for a, b in pairwise(control)]
    return np.asarray(control[0])
