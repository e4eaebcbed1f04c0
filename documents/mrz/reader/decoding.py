"""From the network's steps to characters on the grid of a monospaced line.

Characters of a zone stand 2.54 mm apart (ICAO Doc 9303-3, section 4.4): so a line of the right
number of characters is found by fitting a grid to where they were seen, which mends what a
sequence alone cannot: a stray mark before the line, a character that glare hid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from documents.mrz.reader.recogniser import ALPHABET, PITCH, STRIDE, LogProbabilities

_FLOOR = -16.0
_BLANK = 0
_EVEN = np.log(0.5)
_BESIDE = 1.35  # pitches from the line's end, within which a mark may be one more character
_MOST_STEPS = 4  # of one character, which is 2.9 to 4.3 steps from the next


@dataclass(frozen=True, slots=True, repr=False)
class Glimpse:
    """What greedy decoding saw in one line, in pixels of its crop.

    centres: shape (n,), float64, where each character stands. evidence: shape (n, 37), float32,
    natural logarithms of how likely each character is there. present: shape (n,), float32, the
    probability that there is a character at all.
    """

    centres: NDArray[np.float64]
    evidence: NDArray[np.float32]
    present: NDArray[np.float32]

    @property
    def confidence(self) -> float:
        """Mean probability of the most likely characters, 0 when there are none."""
        if not len(self.centres):
            return 0.0
        return float(np.exp(self.evidence.max(axis=1)).mean())

    @property
    def text(self) -> str:
        """The most likely characters."""
        return "".join(ALPHABET[place] for place in self.evidence.argmax(axis=1))


@dataclass(frozen=True, slots=True, repr=False)
class GridLine:
    """A line of exactly as many characters as its template has.

    evidence: shape (count, 37), float32, natural logarithms, each row's exponentials sum to 1.
    seen: shape (count,), bool: whether greedy decoding saw exactly one character there.
    strays: how many characters it saw beside the grid, near enough to belong to the line, or
        between its places.
    """

    evidence: NDArray[np.float32]
    seen: NDArray[np.bool_]
    strays: int
    first: float
    pitch: float


def glimpse(logs: LogProbabilities) -> Glimpse:
    """Collapse the steps into characters.

    A character is a stretch of steps that see one, whichever it is: a step that hesitates
    between two look-alikes begins no new one. Only what is too long for one character is divided
    where the most likely class changes.
    """
    stretches = _stretches(logs)
    count = len(stretches)
    centres = np.empty(count)
    evidence = np.empty((count, len(ALPHABET)), np.float32)
    present = np.empty(count, np.float32)
    for place, (a, b) in enumerate(stretches):
        weights = 1 - np.exp(logs[a:b, _BLANK])
        centres[place] = (np.arange(a, b) @ weights / weights.sum() + 0.5) * STRIDE
        evidence[place], present[place] = _evidence(logs[a:b])
    return Glimpse(centres, evidence, present)


def _stretches(logs: LogProbabilities) -> list[tuple[int, int]]:
    """Where characters are: first step and the one behind the last."""
    full = np.flatnonzero(np.diff(logs[:, _BLANK] < _EVEN, prepend=False, append=False))
    found: list[tuple[int, int]] = []
    for a, b in full.reshape(-1, 2).tolist():
        if b - a <= _MOST_STEPS:
            found.append((a, b))
            continue
        best = logs[a:b, 1:].argmax(axis=1)
        cuts = (np.flatnonzero(np.diff(best)) + a + 1).tolist()
        found += zip([a, *cuts], [*cuts, b], strict=True)
    return found


def _evidence(steps: LogProbabilities) -> tuple[NDArray[np.float32], float]:
    """What some steps say together: each as far as it sees a character at all."""
    weights = (1 - np.exp(steps[:, _BLANK])) ** 2 + 1e-6
    logs = np.maximum(steps[:, 1:] - np.logaddexp.reduce(steps[:, 1:], axis=1)[:, None], _FLOOR)
    mean = weights @ logs / weights.sum()
    mean = mean - np.logaddexp.reduce(mean)
    return mean.astype(np.float32), float(1 - np.exp(steps[:, _BLANK].min()))


@dataclass(frozen=True, slots=True)
class _Grid:
    first: float  # pixels, the centre of the first character
    pitch: float
    bend: float  # pixels per character squared: perspective changes the pitch along the line

    def at(self, places: NDArray[np.float64] | float) -> NDArray[np.float64]:
        places = np.asarray(places, np.float64)
        return np.asarray(self.first + self.pitch * places + self.bend * places * places)

    def places(self, centres: NDArray[np.float64], count: int) -> NDArray[np.float64]:
        """The inverse of `at`, near the line."""
        knots = np.arange(-8.0, count + 8.0)
        return np.asarray(np.interp(centres, self.at(knots), knots), np.float64)


def count_of(line: Glimpse) -> float:
    """How many characters a line has by its extent, those that were not seen included."""
    if len(line.centres) < 2:
        return float(len(line.centres))
    return float(line.centres[-1] - line.centres[0]) / _pitch(line.centres) + 1


def lay_out(
    logs: Sequence[LogProbabilities], lines: Sequence[Glimpse], count: int
) -> list[GridLine] | None:
    """Fit every line to `count` characters, or None where that cannot be.

    The lines of a zone begin one below the other: a line that lost its ends takes them from the
    others. The crops of all lines have the same origin and scale.
    """
    grids: list[_Grid | None] = [_fit(line, count) for line in lines]
    sure = [
        grid
        for grid, line in zip(grids, lines, strict=True)
        if grid and len(line.centres) == count and _regular(line, grid, count)
    ]
    if sure:
        start = float(np.median([grid.first for grid in sure]))
        end = float(np.median([grid.at(count - 1.0) for grid in sure]))
        grids = [
            grid if grid in sure else _fit(line, count, (start, end))
            for grid, line in zip(grids, lines, strict=True)
        ]
    known = sure or [grid for grid in grids if grid is not None]
    if not known:
        return None
    first = float(np.median([grid.first for grid in known]))
    pitch = float(np.median([grid.pitch for grid in known]))
    laid = []
    for line, log, grid in zip(lines, logs, grids, strict=True):
        if len(line.centres) == count and grid is not None and _regular(line, grid, count):
            seen = np.ones(count, np.bool_)
            laid.append(GridLine(line.evidence, seen, 0, grid.first, grid.pitch))
            continue
        laid.append(_sampled(log, line, _settled(line, grid, first, pitch, count), count))
    return laid


def _pitch(centres: NDArray[np.float64]) -> float:
    steps = np.diff(centres)
    near = steps[(steps > 0.6 * PITCH) & (steps < 1.5 * PITCH)]
    # The mean: single steps are whole numbers of the network's strides.
    return float(near.mean()) if len(near) else PITCH


def _fit(line: Glimpse, count: int, ends: tuple[float, float] | None = None) -> _Grid | None:
    """A grid through what was seen; of too much, one end is cut.

    ends: pixels, where other lines begin and end: the end that stands out more is cut. Without
        them the less likely one is.
    """
    if len(line.centres) < max(6, count // 4):
        return None
    pitch = _pitch(line.centres)
    places = np.concatenate([[0.0], np.cumsum(np.round(np.diff(line.centres) / pitch))])
    centres, present = line.centres, np.exp(line.evidence.max(axis=1)) * line.present
    first, last = 0, len(places) - 1
    while places[last] - places[first] + 1 > count and last > first:
        if ends is None:
            ahead = present[first : first + 2].mean() <= present[last - 1 : last + 1].mean()
        else:
            ahead = ends[0] - centres[first] > centres[last] - ends[1]
        if ahead:
            first += 1
        else:
            last -= 1
    kept = slice(first, last + 1)
    if places[last] - places[first] < 5:
        return None
    numbers, seen = places[kept] - places[first], centres[kept]
    curved = len(numbers) >= 0.6 * count
    fitted = np.polyfit(numbers, seen, 2 if curved else 1)
    bend, slope, start = (0.0, *fitted) if not curved else fitted
    if not 0.6 * PITCH < slope < 1.5 * PITCH:
        return None
    return _Grid(float(start), float(slope), float(bend))


def _regular(line: Glimpse, grid: _Grid, count: int) -> bool:
    """Whether the characters stand where the grid has them, each in a place of its own."""
    places = grid.places(line.centres, count)
    return bool(np.abs(places - np.arange(count)).max() < 0.5)


def _settled(line: Glimpse, grid: _Grid | None, first: float, pitch: float, count: int) -> _Grid:
    """Number the places of a line that lost characters as its neighbours have them."""
    if grid is None:
        return _Grid(first, pitch, 0.0)
    span = grid.places(line.centres[-1:], count)[0] + 1
    if span > count - 0.5:
        return grid
    ahead = round((grid.first - first) / pitch)
    ahead = min(max(0, ahead), count - round(span)) if ahead >= 0 else 0
    moved = grid.at(float(-ahead))
    slope = grid.pitch - 2 * grid.bend * ahead
    return _Grid(float(moved), slope, grid.bend)


def _sampled(log: LogProbabilities, line: Glimpse, grid: _Grid, count: int) -> GridLine:
    """Ask the steps around each place of the grid what stands there."""
    places = grid.places(line.centres, count)
    nearest = np.round(places).astype(int)
    inside = (nearest >= 0) & (nearest < count)
    hits = np.bincount(nearest[inside], minlength=count)
    evidence = np.empty((count, len(ALPHABET)), np.float32)
    present = np.empty(count, np.float32)
    centres = grid.at(np.arange(count, dtype=np.float64))
    for place, centre in enumerate(centres):
        own = np.flatnonzero(inside & (nearest == place))
        if len(own) == 1:
            evidence[place], present[place] = line.evidence[own[0]], line.present[own[0]]
            continue
        middle = centre / STRIDE - 0.5
        a = min(max(0, round(middle - 1.3)), len(log) - 1)
        evidence[place], present[place] = _evidence(log[a : max(a + 1, round(middle + 1.3) + 1)])
    seen = hits == 1
    # What stands further off than the next character would is the edge of a card or a frame.
    beside = ~inside & (places > -_BESIDE) & (places < count - 1 + _BESIDE)
    strays = int(np.count_nonzero(beside) + np.maximum(hits - 1, 0).sum())
    present[seen] = 1
    return GridLine(_with_presence(evidence, present), seen, strays, float(centres[0]), grid.pitch)


def _with_presence(
    evidence: NDArray[np.float32], present: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Spread the doubt whether there is a character at all over the whole alphabet."""
    shares = np.clip(present, 1e-3, 1)[:, None]
    mixed = shares * np.exp(evidence) + (1 - shares) / evidence.shape[1]
    return np.asarray(np.log(mixed), np.float32)
