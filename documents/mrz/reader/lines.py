"""Lines of text measured precisely, where a band has been found.

The surroundings of the bands are cut out upright, capital letters about `_CAP_PX` high; there
the marks of each line are found, a curve is fitted through their middles and a comb through
their gaps, which gives the pitch and tells fixed-pitch lettering from ordinary text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.mrz.reader.bands import Band, ink, label
from documents.mrz.reader.geometry import TextLine
from documents.mrz.reader.rectify import warp
from documents.mrz.reader.results import GrayPicture

Floats = NDArray[np.float64]

_CAP_PX = 16.0
_BLACKHAT_PX, _REACH_PX = (13, 1), 40
_MAX_WIDTH_PX, _MAX_HEIGHT_PX = 1280, 400
_MAX_COUNT = 47.0
_STRIP_PX = 8
_MIN_MARKS = 8
_HOPELESS_COMB = 0.33
# Pitch in cap heights: 1.05 in ICAO Doc 9303-3 (2.54 mm to about 2.4 mm), more or less in
# specimens, with perspective and with a cap height that is measured badly.
_LEAST_PITCH_PX, _MOST_PITCH_PX = 0.62 * _CAP_PX, 1.75 * _CAP_PX
# Profiles are resampled to one length, so that one table of combs serves them all.
_SAMPLES = 288
_CYCLES = np.arange(8.0, 75.0, 0.4)
# How much the pitch at an end may differ from that in the middle: so does a strong perspective.
_CHANGES = tuple(0.025 * step for step in range(-6, 7))
_EVERY_CHANGE, _SOME_CHANGES = 1, 2
_WIDE_GAP = 1.25
_MAX_RUNS = 12
_OUTSIDE_COST, _GAP_COST, _IRREGULAR_COST = 0.08, 0.05, 4.0
_TD1_BELOW = 33.5
_LENGTHS = (30.0, 36.0, 44.0)


@dataclass(frozen=True, slots=True)
class Measured:
    """Lines measured together.

    lines: top to bottom, in pixels of the full picture.
    comb: how regular the lettering is, 0 to 1: over 0.3 for fixed pitch, under 0.2 otherwise.
    seen: share of the characters of the weakest line where there is any mark, 0 to 1.
    """

    lines: tuple[TextLine, ...]
    comb: float
    seen: float


@dataclass(slots=True)
class _Row:
    """A line in the upright cut-out: y = a + b x + c x^2 with x from the middle, px."""

    curve: Floats
    left: Floats
    right: Floats
    cap: float
    pitch: float = 0.0
    comb: float = 0.0
    start: float = 0.0
    end: float = 0.0

    def middle(self, x: Floats | float) -> Floats:
        """Return the height of the middle of the line at x."""
        return np.asarray(np.polyval(self.curve, x), np.float64)


def measure(gray: GrayPicture, bands: Sequence[Band]) -> Measured | None:
    """Measure the lines of one to three parallel bands; None when no text is there."""
    angle, cap = bands[0].angle, float(np.median([band.thickness for band in bands]))
    cos, sin = math.cos(angle), math.sin(angle)
    along = [band.x * cos + band.y * sin for band in bands]
    across = [band.y * cos - band.x * sin for band in bands]
    left = min(a - band.length / 2 for a, band in zip(along, bands, strict=True))
    right = max(a + band.length / 2 for a, band in zip(along, bands, strict=True))
    room = min(max(_MAX_COUNT * cap - (right - left), 5.0 * cap), 18.0 * cap)
    left, right = left - room, right + room
    top, bottom = min(across) - 4.0 * cap, max(across) + 4.0 * cap
    scale = max(
        cap / _CAP_PX, (right - left) / _MAX_WIDTH_PX, (bottom - top) / _MAX_HEIGHT_PX, 1e-3
    )
    width, height = round((right - left) / scale), round((bottom - top) / scale)
    origin_x, origin_y = left * cos - top * sin, left * sin + top * cos
    affine = np.array([[cos * scale, -sin * scale, origin_x], [sin * scale, cos * scale, origin_y]])
    cut = warp(gray, affine, width, height, enlarging=cv2.INTER_LINEAR)
    dark, marks = ink(cut, _BLACKHAT_PX, _REACH_PX)
    boxes = _mark_boxes(marks)
    half = (width - 1) / 2.0
    rows = []
    for band, a in zip(bands, across, strict=True):
        middle = ((band.x * cos + band.y * sin) - left) / scale - half
        slope = math.tan((band.angle - angle + math.pi / 2) % math.pi - math.pi / 2)
        y = (a - top) / scale
        row = _fit_row(boxes, np.array([slope, y - slope * middle]), half)
        if row is not None:
            rows.append(row)
    if not rows:
        return None
    rows.sort(key=lambda row: float(row.middle(0.0)))
    _measure_combs(rows, dark, half)
    if max(row.comb for row in rows) < _HOPELESS_COMB:
        return None
    rows = _alike(_with_neighbours(rows, boxes, dark, half))
    seen = _settle_ends(rows, dark, half)
    lines = tuple(_to_picture(row, affine, half) for row in rows)
    combs = sorted((row.comb for row in rows), reverse=True)
    return Measured(lines, float(np.mean(combs[:2])), seen)


def regularity(gray: GrayPicture, band: Band) -> float:
    """Return how regular the strokes along a band are, 0 to 1: a cheap foretaste of `measure`.

    gray: the picture that the band was found in.
    """
    scale = max(band.thickness / _CAP_PX, 1e-3)
    width = min(round(band.length / scale), _MAX_WIDTH_PX)
    cos, sin = math.cos(band.angle), math.sin(band.angle)
    across = band.thickness / _STRIP_PX
    x, y = (width - 1) / 2.0 * scale, (_STRIP_PX - 1) / 2.0 * across
    affine = np.array(
        [
            [cos * scale, -sin * across, band.x - cos * x + sin * y],
            [sin * scale, cos * across, band.y - sin * x - cos * y],
        ]
    )
    strip = cv2.warpAffine(
        gray,
        affine,
        (width, _STRIP_PX),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, _BLACKHAT_PX)
    dark = cv2.morphologyEx(strip, cv2.MORPH_BLACKHAT, kernel)
    return _comb(_evened(np.asarray(dark.sum(axis=0), np.float64)), _SOME_CHANGES)[1]


def _mark_boxes(marks: GrayPicture) -> Floats:
    """Return (n, 4): left, right, top, bottom of marks that may be characters or some."""
    _, stats = label(marks)
    x, y, width, height, area = np.asarray(stats.T, np.float64)
    fits = (height >= 5) & (height <= 27) & (width >= 2) & (width <= 90) & (area >= 10)
    fits[0] = False
    return np.asarray(np.stack([x, x + width, y, y + height], axis=1)[fits], np.float64)


def _fit_row(boxes: Floats, guess: Floats, half: float) -> _Row | None:
    """Fit a curve through the middles of the marks near the line `guess` (slope, height)."""
    x = (boxes[:, 0] + boxes[:, 1] - 1) / 2.0 - half
    y = (boxes[:, 2] + boxes[:, 3] - 1) / 2.0
    height = boxes[:, 3] - boxes[:, 2]
    weight = np.minimum(boxes[:, 1] - boxes[:, 0], 12.0) * (height >= 9)
    curve = np.asarray(guess, np.float64)
    near = np.abs(y - np.polyval(curve, x)) < 0.65 * _CAP_PX
    for degree, reach, rounds in ((1, 0.45, 2), (1, 0.35, 2), (2, 0.3, 3)):
        use = near & (weight > 0)
        if int(use.sum()) < _MIN_MARKS:
            return None
        curve = _robust_fit(x[use], y[use], weight[use], degree, rounds)
        near = np.abs(y - np.polyval(curve, x)) < reach * _CAP_PX
    near = np.abs(y - np.polyval(curve, x)) < 0.45 * _CAP_PX
    single = near & (height >= 9) & (boxes[:, 1] - boxes[:, 0] <= 1.5 * _CAP_PX)
    if int(single.sum()) < _MIN_MARKS // 2:
        return None
    cap = float(np.percentile(height[single], 75)) - 1.0
    order = np.argsort(boxes[near, 0])
    return _Row(curve, boxes[near, 0][order] - half, boxes[near, 1][order] - 1 - half, cap)


def _robust_fit(x: Floats, y: Floats, weight: Floats, degree: int, rounds: int) -> Floats:
    scale = max(float(np.abs(x).max()), 1.0)
    powers = np.vander(x / scale, degree + 1)
    weights: Floats = weight
    # A little ridge on the bend: clutter at one end must not curl a short line.
    ridge = np.zeros(degree + 1)
    if degree == 2:
        ridge[0] = 0.004 * float(weight.sum())
    solution: Floats = np.zeros(degree + 1)
    for _ in range(rounds):
        weighted = powers * weights[:, None]
        solution = np.asarray(
            np.linalg.solve(weighted.T @ powers + np.diag(ridge + 1e-9), weighted.T @ y), np.float64
        )
        residual = np.abs(powers @ solution - y)
        spread = max(float(np.partition(residual, len(x) // 2)[len(x) // 2]), 0.4)
        weights = weight / np.maximum(residual / spread, 1.0) ** 2
    return np.asarray(solution / scale ** np.arange(degree, -1, -1), np.float64)


def _profile(row: _Row, dark: GrayPicture, half: float, first: float, last: float) -> Floats:
    """Return how much ink each column of the line has, from x first to last, evened out."""
    columns = np.arange(
        max(math.floor(first + half), 0), min(math.ceil(last + half) + 1, dark.shape[1])
    )
    reach = round(0.55 * _CAP_PX)
    middle = np.round(row.middle(columns - half)).astype(int)
    lines = middle[None, :] + np.arange(-reach, reach + 1)[:, None]
    lines = np.clip(lines, 0, dark.shape[0] - 1)
    return _evened(np.asarray(dark[lines, columns[None, :]].sum(axis=0), np.float64))


def _evened(sums: Floats) -> Floats:
    """Return the profile with its peaks cut off, so that bold characters count like others."""
    place = int(0.6 * len(sums))
    limit = max(float(np.partition(sums, place)[place]), 1.0) if len(sums) else 1.0
    return np.asarray(np.minimum(sums, limit), np.float64)


def _measure_combs(rows: Sequence[_Row], dark: GrayPicture, half: float) -> None:
    for row in rows:
        first, last = _longest_run(row, 2.2 * _CAP_PX)
        row.start, row.end = first, last
        row.pitch, row.comb = _comb(_profile(row, dark, half, first, last))


@cache
def _combs(step: int) -> NDArray[np.float32]:
    """Return shape (cycles, changes, 2, samples): waves whose period changes evenly."""
    place = np.linspace(-1.0, 1.0, _SAMPLES)
    change = np.array(_CHANGES[::step])[None, :, None]
    warped = (place + change / 2.0 * (place**2 - 1.0)) / 2.0
    phase = 2.0 * math.pi * _CYCLES[:, None, None] * warped
    return np.stack([np.cos(phase), np.sin(phase)], axis=2).astype(np.float32)


def _comb(profile: Floats, step: int = _EVERY_CHANGE) -> tuple[float, float]:
    """Return the pitch, px, and how well a comb of it fits, 0 to 1.

    The pitch may change evenly from one end to the other, as perspective makes it.
    """
    size = len(profile)
    if size < 10 * _LEAST_PITCH_PX:
        return _CAP_PX, 0.0
    level = cv2.blur(profile[None, :], (int(2 * _CAP_PX) | 1, 1))
    how = cv2.INTER_AREA if size > _SAMPLES else cv2.INTER_LINEAR
    wave = np.asarray(
        cv2.resize(profile[None, :] - level, (_SAMPLES, 1), interpolation=how)[0], np.float32
    )
    power = float((wave**2).sum())
    if power < 1e-6:
        return _CAP_PX, 0.0
    least, most = np.searchsorted(_CYCLES, (size / _MOST_PITCH_PX, size / _LEAST_PITCH_PX))
    if most - least < 3:
        return _CAP_PX, 0.0
    table = _combs(step)[least:most]
    parts = (table.reshape(-1, _SAMPLES) @ wave).reshape(table.shape[:3])
    response = np.hypot(parts[:, :, 0], parts[:, :, 1])
    index, change = np.unravel_index(int(np.argmax(response)), response.shape)
    height = float(response[index, change])
    cycles = float(_CYCLES[least + index])
    if 0 < index < len(response) - 1:
        before, after = float(response[index - 1, change]), float(response[index + 1, change])
        bend = before - 2.0 * height + after
        if bend < 0.0:
            cycles += 0.5 * (before - after) / bend * float(_CYCLES[1] - _CYCLES[0])
    return size / cycles, height / math.sqrt(power * _SAMPLES / 2.0)


def _longest_run(row: _Row, gap: float) -> tuple[float, float]:
    """Return the ends of the longest run of marks with no gap over `gap`."""
    runs = _runs(row, gap)
    first, last = runs[int(np.argmax(runs[:, 1] - runs[:, 0]))]
    return float(first), float(last)


def _with_neighbours(rows: list[_Row], boxes: Floats, dark: GrayPicture, half: float) -> list[_Row]:
    """Add the lines that the bands missed: one beside a lone line, a third beside two."""
    rows = list(rows)
    if len(rows) >= 3:
        return rows
    pitch = float(np.median([row.pitch for row in rows]))
    if len(rows) == 2:
        step = float(rows[1].middle(0.0) - rows[0].middle(0.0))
        steps = [(rows[0], -step), (rows[1], step)]
    else:
        steps = [(rows[0], sign * pitch * f) for f in (2.5, 2.0, 3.0) for sign in (-1, 1)]
    for base, step in steps:
        if len(rows) >= 3:
            break
        guess = base.curve[-2:] + np.array([0.0, step])
        row = _fit_row(boxes, guess, half)
        if row is None or any(
            abs(float(row.middle(0.0) - other.middle(0.0))) < 0.8 * _CAP_PX for other in rows
        ):
            continue
        if abs(float(row.middle(0.0) - base.middle(0.0)) - step) > 0.5 * _CAP_PX:
            continue
        _measure_combs([row], dark, half)
        overlap = min(row.end, base.end) - max(row.start, base.start)
        if (
            overlap > 0.6 * (base.end - base.start)
            and row.comb > 0.25
            and 0.78 < row.cap / base.cap < 1.28
            and 0.93 < row.pitch / base.pitch < 1.07
        ):
            rows.append(row)
    rows.sort(key=lambda row: float(row.middle(0.0)))
    return rows


def _alike(rows: list[_Row]) -> list[_Row]:
    """Return the rows without one that differs from the others in height or pitch.

    Three lines are of thirty characters; of three longer ones an outer one is something else.
    """
    if len(rows) < 3:
        return rows
    best = max(rows, key=lambda row: row.comb)

    def strangeness(row: _Row) -> float:
        return (
            abs(math.log(row.cap / best.cap))
            + abs(math.log(row.pitch / best.pitch))
            + max(0.0, 0.35 - row.comb)
        )

    outer = max((rows[0], rows[-1]), key=strangeness)
    long = (best.end - best.start) / best.pitch > _TD1_BELOW
    if long or abs(math.log(outer.cap / best.cap)) > 0.3:
        return [row for row in rows if row is not outer]
    return rows


def _settle_ends(rows: Sequence[_Row], dark: GrayPicture, half: float) -> float:
    """Set pitch and ends of all lines, which stand one below the other and are equally long.

    Returns the share of the weakest line where there is any mark.
    """
    pitch = _common_pitch(rows)
    runs = [_runs(row, _WIDE_GAP * pitch) for row in rows]
    profiles = [_profile(row, dark, half, -half, half) for row in rows]
    first, last = _common_ends(runs, pitch, profiles, half)
    if any(row.end - row.start < 0.8 * (last - first) for row in rows):
        # The combs were laid through a part of the line only.
        for row in rows:
            row.pitch, row.comb = _comb(_profile(row, dark, half, first, last))
        pitch = _common_pitch(rows)
        first, last = _common_ends(runs, pitch, profiles, half)
    seen = 1.0
    for row, run in zip(rows, runs, strict=True):
        row.pitch = pitch
        # Its own end where it agrees, for lines may stand a little askew.
        row.start = _nearest(run[:, 0], first, 0.7 * pitch)
        row.end = _nearest(run[:, 1], last, 0.7 * pitch)
        inside = np.minimum(run[:, 1], last) - np.maximum(run[:, 0], first)
        seen = min(seen, float(np.maximum(inside, 0.0).sum()) / max(last - first, 1.0))
    return seen


def _common_pitch(rows: Sequence[_Row]) -> float:
    weights = np.array([row.comb + 1e-3 for row in rows])
    pitches = np.array([row.pitch for row in rows])
    best = float(pitches[int(np.argmax(weights))])
    weights = weights * (np.abs(pitches / best - 1.0) < 0.06)
    return float((pitches * weights).sum() / weights.sum())


def _runs(row: _Row, gap: float) -> Floats:
    """Return (n, 2): the ends of runs of marks with no gap over `gap` inside."""
    reach = np.maximum.accumulate(row.right)
    breaks = np.nonzero(row.left[1:] - reach[:-1] > gap)[0] + 1
    starts = np.concatenate([[0], breaks])
    ends = np.concatenate([breaks - 1, [len(row.left) - 1]])
    return np.stack([row.left[starts], reach[ends]], axis=1)


def _common_ends(
    runs: Sequence[Floats], pitch: float, profiles: Sequence[Floats], half: float
) -> tuple[float, float]:
    """Choose among the ends of runs those between which a zone stands most likely.

    A length of 30, 36 or 44 and a regular pitch speak for them; marks outside and gaps inside
    speak against.
    """
    every = np.concatenate(runs)
    every = every[np.argsort(every[:, 0] - every[:, 1], kind="stable")][:_MAX_RUNS]
    first, last = (axis.ravel() for axis in np.meshgrid(every[:, 0], every[:, 1]))
    lengths = last - first
    count = lengths / pitch + 0.35
    cost = np.abs(count[:, None] - np.array(_LENGTHS)).min(axis=1)
    cost = np.minimum(cost, 2.0)
    for run in runs:
        inside = np.minimum(run[:, 1], last[:, None]) - np.maximum(run[:, 0], first[:, None])
        marks = np.maximum(inside, 0.0).sum(axis=1)
        outside = float((run[:, 1] - run[:, 0]).sum()) - marks
        cost = cost + (_OUTSIDE_COST * outside + _GAP_COST * (lengths - marks)) / pitch
    regular = np.mean([_regularity(p, pitch, first + half, last + half) for p in profiles], axis=0)
    cost = cost + _IRREGULAR_COST * (1.0 - regular)
    cost[lengths < 10 * pitch] = math.inf
    best = int(np.argmin(cost))
    if not math.isfinite(cost[best]):
        return float(every[:, 0].min()), float(every[:, 1].max())
    return float(first[best]), float(last[best])


def _regularity(profile: Floats, pitch: float, first: Floats, last: Floats) -> Floats:
    """Return how well a comb of this pitch fits the profile between columns, 0 to 1."""
    wave = profile - cv2.blur(profile[None, :], (int(2 * _CAP_PX) | 1, 1))[0]
    turns = np.exp((-2j * math.pi / pitch) * np.arange(len(wave)))
    sums = np.concatenate([[0.0], np.cumsum(wave * turns)])
    power = np.concatenate([[0.0], np.cumsum(wave**2)])
    low = np.clip(np.round(first).astype(int), 0, len(wave))
    high = np.clip(np.round(last).astype(int) + 1, low, len(wave))
    total = (power[high] - power[low]) * (high - low) / 2.0
    return np.asarray(np.abs(sums[high] - sums[low]) / np.sqrt(np.maximum(total, 1e-6)), np.float64)


def _nearest(values: Floats, target: float, reach: float) -> float:
    """Return the value nearest to the target, or the target when none is within reach."""
    nearest = float(values[int(np.argmin(np.abs(values - target)))])
    return nearest if abs(nearest - target) < reach else target


def _to_picture(row: _Row, affine: Floats, half: float) -> TextLine:
    """Return the row in pixels of the picture; ends move in by half a character."""
    inset = 0.33 * row.pitch
    xs = np.array([row.start + inset, (row.start + row.end) / 2.0, row.end - inset])
    ys = row.middle(xs)
    scale = math.hypot(affine[0, 0], affine[1, 0])
    points = affine[:, :2] @ np.stack([xs + half, ys]) + affine[:, 2:]
    slope = math.cos(math.atan2(ys[2] - ys[0], xs[2] - xs[0]))
    bow = (ys[1] - (ys[0] + ys[2]) / 2.0) * slope * scale
    return TextLine(
        (float(points[0, 0]), float(points[1, 0])),
        (float(points[0, 2]), float(points[1, 2])),
        row.pitch / slope * scale,
        max(row.cap, 4.0) * scale,
        float(bow),
    )
