"""Find the machine-readable zone of a document in a picture of its page.

Three passes over small copies of the picture, for zones that fill it, that are a third of it or
that fill it with thirty characters, look for parallel bands of text at every angle. Lines are
measured only where such bands are. Layout: ICAO Doc 9303-3 section 4 (OCR-B size 1, 2.54 mm
pitch), parts 4 to 7 (two lines of 44 or 36, three of 30).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from documents.mrz.reader.bands import Band, find_bands, find_marks, shrink
from documents.mrz.reader.geometry import TextLine, Zone
from documents.mrz.reader.lines import Measured, measure, regularity
from documents.mrz.reader.results import GrayPicture

__all__ = ["TextLine", "Zone", "find_zones"]

_LONGER_SIDES_PX = (560, 320, 1100)
_MAX_ENLARGEMENT = 2.4
_MIN_SIDE_PX = 24
_MIN_REGULAR = 0.55
_MAX_MEASURED = 7
_MAX_MEASURED_AT_ONCE = 3
_SURE_SCORE, _MIN_SCORE = 0.85, 0.7
_MIN_COMB, _MIN_LONE_COMB = 0.42, 0.5
_MIN_COUNT, _MAX_COUNT = 24.0, 50.0
_TD1_BELOW = 33.5
_LENGTHS = (30.0, 36.0, 44.0)


@dataclass(frozen=True, slots=True)
class _Bundle:
    """Bands that may be the lines of one zone."""

    bands: tuple[Band, ...]
    score: float


def find_zones(
    gray: GrayPicture, *, deadline: float, enough: Callable[[], bool] = lambda: False
) -> Iterator[Zone]:
    """Yield what may be machine-readable zones of dark print, the most likely first.

    gray: shape (height, width), uint8, any orientation.
    deadline: `time.monotonic()` seconds; after it nothing more is looked for.
    enough: asked before each pass; once it says yes, only what was seen so far is yielded.

    Lazy: what is not asked for is not looked for. Nothing is yielded where there is none.
    """
    if min(gray.shape) < _MIN_SIDE_PX:
        return
    search = _Search(gray, deadline)
    for side in _LONGER_SIDES_PX:
        if side > _MAX_ENLARGEMENT * max(gray.shape):
            continue
        if time.monotonic() >= deadline:
            return
        small, factor = shrink(gray, side)
        if min(small.shape) < _MIN_SIDE_PX:
            continue
        for upright in (False, True):
            if time.monotonic() >= deadline or enough():
                return
            marks = find_marks(small, upright=upright)
            bands = [band.scaled(factor) for band in find_bands(marks, upright=upright)]
            yield from search.among(bands, small, factor)


class _Search:
    """What was measured in one picture so far, so that nothing is measured twice."""

    def __init__(self, gray: GrayPicture, deadline: float) -> None:
        self._gray = gray
        self._deadline = deadline
        self._budget = _MAX_MEASURED
        self._seen: list[Measured] = []
        self._yielded: list[Zone] = []

    def among(self, bands: list[Band], small: GrayPicture, factor: float) -> Iterator[Zone]:
        """Yield the zones among bands in pixels of the picture, the most likely first.

        small, factor: of `shrink`, the copy of the picture that the bands were found in.
        """
        held: list[tuple[Measured, float]] = []
        regular = cache(lambda band: regularity(small, band.scaled(1.0 / factor)) >= _MIN_REGULAR)
        allowed = _MAX_MEASURED_AT_ONCE
        for bundle in _bundles(bands):
            if min(allowed, self._budget) <= 0 or time.monotonic() >= self._deadline:
                break
            if any(_covers(measured.lines, bundle.bands) for measured in self._seen):
                continue
            # Measuring is dear, and most of what is long and thin is no lettering of fixed pitch.
            if not any(regular(band) for band in bundle.bands):
                continue
            allowed -= 1
            self._budget -= 1
            measured = measure(self._gray, bundle.bands)
            if measured is None or (score := _score(measured)) is None:
                continue
            self._seen.append(measured)
            if score >= _SURE_SCORE:
                yield from self._zones(measured, score)
            else:
                held.append((measured, score))
        for measured, score in sorted(held, key=lambda item: -item[1]):
            yield from self._zones(measured, score)

    def _zones(self, measured: Measured, score: float) -> Iterator[Zone]:
        place = next(
            (zone.place for zone in self._yielded if _same_place(zone.lines, measured.lines)),
            len({zone.place for zone in self._yielded}),
        )
        for zone in _views(measured, score, place, self._gray.shape):
            self._yielded.append(zone)
            yield zone


def _bundles(bands: list[Band]) -> list[_Bundle]:
    """Return bands side by side as two or three lines, and lone long ones, the best first."""
    bundles = []
    bands = sorted(bands, key=lambda band: -band.length)[:60]
    for index, band in enumerate(bands):
        partners = []
        for other in bands[index + 1 :]:
            off = _offset_beside(band, other)
            if off is not None:
                partners.append((off, other))
        own = min(band.length / band.thickness, 45.0)
        if own >= 20.0:
            bundles.append(_Bundle((band,), 0.35 * own))
        for number, (off, other) in enumerate(partners):
            pair = own + min(other.length / other.thickness, 45.0)
            bundles.append(_Bundle((band, other), pair))
            for off_2, third in partners[number + 1 :]:
                offs = sorted((0.0, off, off_2))
                ratio = (offs[1] - offs[0]) / max(offs[2] - offs[1], 1e-6)
                if 0.7 < ratio < 1.43:
                    triple = pair + min(third.length / third.thickness, 45.0)
                    bundles.append(_Bundle((band, other, third), triple))
    bundles.sort(key=lambda bundle: -bundle.score)
    chosen: list[_Bundle] = []
    for bundle in bundles:
        if len(chosen) >= 12:
            break
        if not any(set(bundle.bands) <= set(other.bands) for other in chosen):
            chosen.append(bundle)
    return chosen


def _offset_beside(band: Band, other: Band) -> float | None:
    """Return how far `other` runs beside `band`, signed, px; None when it is no neighbour."""
    turn = abs((band.angle - other.angle + math.pi / 2) % math.pi - math.pi / 2)
    if turn > 0.07 or not 0.55 < other.thickness / band.thickness < 1.8:
        return None
    cos, sin = math.cos(band.angle), math.sin(band.angle)
    dx, dy = other.x - band.x, other.y - band.y
    along, off = dx * cos + dy * sin, dy * cos - dx * sin
    thickness = (band.thickness + other.thickness) / 2.0
    overlap = (band.length + other.length) / 2.0 - abs(along)
    if not 1.25 < abs(off) / thickness < 6.5:
        return None
    if min(overlap, other.length) < 0.6 * other.length or other.length < 0.45 * band.length:
        return None
    return off


def _score(measured: Measured) -> float | None:
    """Return how much the lines look like a zone; None when they do not."""
    count = max(line.count for line in measured.lines)
    least = _MIN_LONE_COMB if len(measured.lines) == 1 else _MIN_COMB
    if measured.comb < least or not _MIN_COUNT <= count <= _MAX_COUNT:
        return None
    lines = len(measured.lines)
    expected = (30.0,) if lines == 3 else (36.0, 44.0)
    off = min(abs(count - length) for length in expected)
    score = measured.comb + 0.3 * min(measured.seen, 1.0) - 0.04 * min(off, 5.0)
    if score < _MIN_SCORE:
        return None
    return score - (0.3 if lines == 1 else 0.0)


def _views(measured: Measured, score: float, place: int, shape: tuple[int, ...]) -> Iterator[Zone]:
    """Yield the zone, and with two lines of about thirty characters also a third line."""
    lines = measured.lines
    count = max(line.count for line in lines)
    if len(lines) == 1:
        (line,) = lines
        for sign in (1.0, -1.0):
            other = _moved(line, sign * 2.5 * line.pitch)
            pair = (line, other) if sign > 0 else (other, line)
            yield _zone(pair, score, place, shape)
        return
    if len(lines) == 2 and count < _TD1_BELOW:
        first, second = lines
        step = _distance(first, second)
        yield _zone((first, second, _moved(second, step)), score, place, shape)
        yield _zone((_moved(first, -step), first, second), score - 0.01, place, shape)
        score -= 0.1
    yield _zone(lines, score, place, shape)
    if len(lines) == 3 and count > _TD1_BELOW:
        yield _zone(lines[:2], score - 0.1, place, shape)
        yield _zone(lines[1:], score - 0.1, place, shape)


def _zone(lines: tuple[TextLine, ...], score: float, place: int, shape: tuple[int, ...]) -> Zone:
    ux, uy = lines[0].direction
    turns = round(-math.degrees(math.atan2(uy, ux)) / 90.0) % 4
    return Zone(lines, turns, score, place, cut_off=_is_cut_off(lines, shape))


def _is_cut_off(lines: tuple[TextLine, ...], shape: tuple[int, ...]) -> bool:
    """Tell whether any line reaches the edge of the picture.

    A character box does, or the line has a wrong length and ends where one more would: of a
    halved letter nothing may be seen.
    """
    height, width = shape[0], shape[1]
    for line in lines:
        right_length = min(abs(line.count - length) for length in _LENGTHS) < 0.6
        reach = 0.5 if right_length else 1.7
        ux, uy = line.direction
        for (x, y), sign in ((line.start, -1.0), (line.end, 1.0)):
            for side in (-1.0, 1.0):
                px = x + sign * ux * reach * line.pitch - side * uy * 0.5 * line.cap_height
                py = y + sign * uy * reach * line.pitch + side * ux * 0.5 * line.cap_height
                if not (0.0 <= px <= width - 1.0 and 0.0 <= py <= height - 1.0):
                    return True
    return False


def _moved(line: TextLine, off: float) -> TextLine:
    """Return the line moved sideways, positive to the right of the reading direction."""
    ux, uy = line.direction
    (x0, y0), (x1, y1) = line.start, line.end
    return TextLine(
        (x0 - uy * off, y0 + ux * off),
        (x1 - uy * off, y1 + ux * off),
        line.pitch,
        line.cap_height,
        line.bow,
    )


def _distance(first: TextLine, second: TextLine) -> float:
    """Return how far the middle of the second line is to the right of the first, px."""
    ux, uy = first.direction
    dx = (second.start[0] + second.end[0] - first.start[0] - first.end[0]) / 2.0
    dy = (second.start[1] + second.end[1] - first.start[1] - first.end[1]) / 2.0
    return dy * ux - dx * uy


def _centre(lines: tuple[TextLine, ...]) -> tuple[float, float]:
    points = np.array([point for line in lines for point in (line.start, line.end)])
    x, y = points.mean(axis=0)
    return float(x), float(y)


def _covers(lines: tuple[TextLine, ...], bands: tuple[Band, ...]) -> bool:
    """Tell whether all the bands lie on measured lines."""
    return all(any(_lies_on(line, band.x, band.y) for line in lines) for band in bands)


def _same_place(lines: tuple[TextLine, ...], others: tuple[TextLine, ...]) -> bool:
    """Tell whether any line of one lies on any of the other."""
    return any(
        _lies_on(line, *_centre((other,))) or _lies_on(other, *_centre((line,)))
        for line in lines
        for other in others
    )


def _lies_on(line: TextLine, x: float, y: float) -> bool:
    ux, uy = line.direction
    dx, dy = x - line.start[0], y - line.start[1]
    along, off = dx * ux + dy * uy, dy * ux - dx * uy
    return -line.pitch < along < line.length + line.pitch and abs(off) < 0.9 * line.cap_height
