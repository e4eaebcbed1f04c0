"""A page under one light, drawn in millimetres."""

from collections.abc import Sequence
from math import ceil, cos, floor, radians, sin
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.documents.glyphs import Outline, Typeface
from simulators.documents.light import Ink, Light, Paper

Picture: TypeAlias = NDArray[np.uint8]
"""RGB, (height, width, 3)."""
Plane: TypeAlias = NDArray[np.float32]
"""(height, width) or (height, width, 3), 0 to 1."""
Points: TypeAlias = NDArray[np.floating]
"""(n, 2): x, y."""

_OVER = 4
"""Outlines are filled at four times the resolution."""
_SHIFT = 4


class Canvas:
    """`pixels` is RGB float32 (height, width, 3), 0 to 1, of a page lit by `light`; `blank` (3,)
    is the colour of its paper there."""

    def __init__(
        self, size_mm: tuple[float, float], px_per_mm: float, light: Light, paper: Paper
    ) -> None:
        self.size_mm = size_mm
        self.px_per_mm = px_per_mm
        self.light = light
        self.paper = paper
        width, height = (round(side * px_per_mm) for side in size_mm)
        self.blank = np.asarray(paper.under(light), np.float32)
        self.pixels: Plane = np.empty((height, width, 3), np.float32)
        self.pixels[:] = self.blank

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        return self.pixels.shape[0], self.pixels.shape[1]

    def paint(self, coverage: Plane, ink: Ink, at: tuple[int, int] = (0, 0)) -> None:
        """Print where `coverage` (h, w), 0 to 1, is; its top left pixel lies at `at` (x, y)."""
        if not ink.shows(self.light):
            return
        part, coverage = self._part(coverage, at)
        share = coverage[..., None]
        match self.light:
            case Light.WHITE:
                part *= 1.0 - share * (1.0 - np.asarray(ink.colour, np.float32))
            case Light.INFRARED:
                part *= 1.0 - share * np.float32(ink.infrared)
            case Light.ULTRAVIOLET:
                part *= 1.0 - share * np.float32(ink.quench)
                part += share * np.asarray(ink.glow, np.float32)

    def wash(self, ink: Ink, towards: Ink) -> None:
        """A tint over the whole page that runs from one ink into another, left to right."""
        ramp = np.broadcast_to(np.linspace(0.0, 1.0, self.shape[1], dtype=np.float32), self.shape)
        self.paint(np.asarray(1.0 - ramp, np.float32), ink)
        self.paint(np.asarray(ramp, np.float32), towards)

    def lines(
        self, curves: Sequence[Points], ink: Ink, towards: Ink | None = None, width_mm: float = 0.1
    ) -> None:
        """Draw curves (points in mm). `towards` is the ink at the right edge: a rainbow print."""
        inks = [ink] if towards is None else [ink, towards]
        if not any(one.shows(self.light) for one in inks):
            return
        px = width_mm * self.px_per_mm
        reach = px + 2.0
        everything = np.concatenate(curves) * self.px_per_mm
        height, width = self.shape
        left, top = (max(0, floor(value - reach)) for value in everything.min(axis=0))
        right, bottom = (ceil(value + reach) for value in everything.max(axis=0))
        right, bottom = min(right, width), min(bottom, height)
        if right <= left or bottom <= top:
            return
        mask = np.zeros((bottom - top, right - left), np.uint8)
        corner, scale = np.array((left, top)), 1 << _SHIFT
        fixed = [
            np.round((curve * self.px_per_mm - corner) * scale).astype(np.int32) for curve in curves
        ]
        cv2.polylines(mask, fixed, False, 255, max(1, round(px)), cv2.LINE_AA, _SHIFT)
        cover = mask.astype(np.float32) * np.float32(min(1.0, px) / 255.0)
        if towards is None:
            self.paint(cover, ink, (left, top))
            return
        ramp = np.linspace(0.0, 1.0, width, dtype=np.float32)[left:right]
        self.paint(cover * (1.0 - ramp), ink, (left, top))
        self.paint(cover * ramp, towards, (left, top))

    def area(self, outlines: Sequence[Points], ink: Ink) -> None:
        """Fill polygons (points in mm), even-odd."""
        self._fill([outline * self.px_per_mm for outline in outlines], ink, 0.0)

    def box(self, corner: tuple[float, float], size: tuple[float, float], ink: Ink) -> None:
        """Fill a rectangle, mm."""
        (x, y), (width, height) = corner, size
        self.area(
            [np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])], ink
        )

    def text(
        self,
        at: tuple[float, float],
        text: str,
        face: Typeface,
        cap_mm: float,
        ink: Ink,
        *,
        pitch_mm: float | None = None,
        weight_mm: float = 0.0,
        fit_mm: float | None = None,
        angle: float = 0.0,
    ) -> None:
        """Write a line whose baseline begins at `at` (mm).

        cap_mm: height of the capitals. pitch_mm: distance of the characters, where it is fixed.
        weight_mm: added to the strokes (taken off when negative). fit_mm: the text is narrowed to
        this width. angle: degrees, counter-clockwise.
        """
        if not ink.shows(self.light) or not text.strip():
            return
        em = cap_mm / face.cap_height
        outlines = face.outlines(text, None if pitch_mm is None else pitch_mm / em)
        narrow = 1.0
        if fit_mm is not None:
            narrow = min(1.0, fit_mm / (face.advance(text) * em))
        c, s = cos(radians(angle)), sin(radians(angle))
        turn = np.array([[c * narrow, -s * narrow], [s, c]]) * em * self.px_per_mm
        origin = np.asarray(at) * self.px_per_mm
        self._fill([outline @ turn + origin for outline in outlines], ink, weight_mm)

    def _fill(self, outlines: Sequence[Outline | Points], ink: Ink, weight_mm: float) -> None:
        if not ink.shows(self.light):
            return
        everything = np.concatenate(outlines)
        reach = abs(weight_mm) * self.px_per_mm + 1.0
        left, top = (floor(value - reach) for value in everything.min(axis=0))
        right, bottom = (ceil(value + reach) for value in everything.max(axis=0))
        mask = np.zeros(((bottom - top) * _OVER, (right - left) * _OVER), np.uint8)
        scale = _OVER * (1 << _SHIFT)
        # A pixel's centre, not its corner, is where OpenCV puts whole numbers.
        offset = np.array([left, top]) + 0.5 / _OVER
        fixed = [np.round((one - offset) * scale).astype(np.int32) for one in outlines]
        cv2.fillPoly(mask, fixed, 255, cv2.LINE_8, _SHIFT)
        stroke = round(abs(weight_mm) * self.px_per_mm * _OVER)
        if stroke:
            tone = 255 if weight_mm > 0.0 else 0
            cv2.polylines(mask, fixed, True, tone, stroke, cv2.LINE_8, _SHIFT)
        small = cv2.resize(mask, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
        self.paint(small.astype(np.float32) / np.float32(255.0), ink, (left, top))

    def image(self, picture: Plane, corner: tuple[float, float]) -> None:
        """Multiply the page with a picture (h, w, 3), 0 to 1, at this corner (mm)."""
        x, y = (round(side * self.px_per_mm) for side in corner)
        part, picture = self._part(picture, (x, y))
        part *= picture

    def _part(self, coverage: Plane, at: tuple[int, int]) -> tuple[Plane, Plane]:
        """What of the page lies under `coverage`, both cut to each other."""
        x, y = at
        height, width = self.shape
        rows = slice(max(y, 0), min(y + coverage.shape[0], height))
        columns = slice(max(x, 0), min(x + coverage.shape[1], width))
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return self.pixels[:0, :0], coverage[:0, :0]
        cut = coverage[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
        return self.pixels[rows, columns], cut


def as_picture(pixels: Plane) -> Picture:
    """The pixels as uint8."""
    return cv2.convertScaleAbs(np.clip(pixels, 0.0, 1.0), alpha=255.0).astype(np.uint8, copy=False)
