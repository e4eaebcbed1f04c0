"""The reader of machine-readable zones: locate, recognise, lay out, judge.

Zones come from the localiser one by one, the most likely first. The first that is accepted ends
the search; otherwise the best of them is the answer when the time is up or none is left.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

import numpy as np

from documents.mrz.layouts import LINE_LENGTHS
from documents.mrz.reader.acceptance import Judged, judge
from documents.mrz.reader.decoding import Glimpse, GridLine, count_of, glimpse, lay_out
from documents.mrz.reader.geometry import TextLine, Zone
from documents.mrz.reader.glare import discounted
from documents.mrz.reader.localiser import find_zones
from documents.mrz.reader.recogniser import PITCH, STRIDE, LogProbabilities, Recogniser
from documents.mrz.reader.rectify import corners_of, crop
from documents.mrz.reader.results import (
    Corners,
    GrayPicture,
    MRZScan,
    ScannedLine,
    ScanProblem,
    ScanStatus,
)
from documents.mrz.reader.straightening import straightened
from documents.mrz.reader.voting import vote

BUDGET_SECONDS = 0.5
"""How long a picture is looked at when the caller names no deadline."""

_MARGIN = 2.5  # pitches beyond the ends of a line
_WIDER = 7.0  # where lines seem to go on beyond that
_LEGIBLE = 0.6  # mean probability of the characters; less is no machine-readable zone
_PLAIN = 0.85  # no need to look whether it is plainer upside down
_EVERY_ONE_PLAIN = 0.985  # of lines that no other crop would show better
_MOST_OF_THEM = 0.85  # of the characters that a line has by its length
_LEAST_CHARACTERS = 8  # in the longest line, of what is looked at
_COUNT_OFF = 4.0  # characters by which a line's extent may miss its template's length
_LINE_GAP = 2.5  # pitches from line to line: 6.35 mm of 2.54 mm (ICAO Doc 9303-4, 9303-6)
_ALIGNED = 8.0  # pitches between the starts of two lines of one zone, at most
_PLACES_LOOKED_AT = 3  # zones beside the accepted one that are looked at for a second document


@dataclass(slots=True)
class _Stopwatch:
    """Milliseconds per stage."""

    spent: dict[str, float] = field(default_factory=dict)
    last: float = field(default_factory=time.perf_counter)

    def stop(self, stage: str) -> None:
        now = time.perf_counter()
        self.spent[stage] = self.spent.get(stage, 0.0) + (now - self.last) * 1000
        self.last = now


@dataclass(frozen=True, slots=True)
class _Lines:
    """What the network said of the lines of a zone."""

    crops: tuple[GrayPicture, ...]
    logs: tuple[LogProbabilities, ...]
    glimpses: tuple[Glimpse, ...]
    legibility: float


@dataclass(frozen=True, slots=True)
class _Candidate:
    zone: Zone
    lines: tuple[TextLine, ...]
    grid: tuple[GridLine, ...]
    judged: Judged
    legibility: float  # mean probability of the characters seen, 0 to 1

    @property
    def is_plain(self) -> bool:
        """Whether every character was seen for what it is, whatever they say together."""
        complete = all(line.seen.all() and line.strays == 0 for line in self.grid)
        return complete and self.legibility >= _EVERY_ONE_PLAIN

    @property
    def rank(self) -> tuple[float, ...]:
        return (self.judged.accepted, self.judged.checks_passed + 2 * self.legibility)


@dataclass(slots=True)
class _Found:
    """What a search came to so far."""

    best: _Candidate | None = None
    others: list[_Candidate] = field(default_factory=list)
    tried: bool = False
    looked_beside: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether no other view of the same zone would be read better."""
        best = self.best
        return best is not None and (best.judged.accepted or best.is_plain)

    @property
    def several(self) -> bool:
        """Whether another zone stands somewhere else in the picture."""
        best = self.best
        return best is not None and any(_is_another(other, best) for other in self.others)

    def take(self, candidate: _Candidate | None) -> None:
        """Keep a candidate; the better one is the best."""
        if candidate is None:
            return
        if self.best is None:
            self.best = candidate
        elif candidate.rank > self.best.rank:
            self.others.append(self.best)
            self.best = candidate
        else:
            self.others.append(candidate)


@dataclass(frozen=True, slots=True)
class _Look:
    """What one picture came to."""

    best: _Candidate | None
    several: bool
    late: bool


class MRZReader:
    """Reads machine-readable zones in pictures; one thread, one picture at a time."""

    def __init__(self, recogniser: Recogniser | None = None) -> None:
        """Load the shipped network, or use another one."""
        self._recogniser = recogniser or Recogniser()

    def read(self, gray: GrayPicture, *, today: date, deadline: float | None = None) -> MRZScan:
        """Read the machine-readable zone of a page.

        gray: shape (height, width), uint8, any orientation; dark characters on light paper.
        today: the day of reading, for the century of dates.
        deadline: `time.monotonic()` seconds; without one, `BUDGET_SECONDS` from now.

        Total: no picture raises. It stops within some tens of milliseconds of the deadline.
        """
        if deadline is None:
            deadline = time.monotonic() + BUDGET_SECONDS
        watch = _Stopwatch()
        look = self._look(gray, today, deadline, watch)
        return _scan(look, watch)

    def read_frames(
        self, grays: Sequence[GrayPicture], *, today: date, deadline: float | None = None
    ) -> MRZScan:
        """Read several pictures of one document and let them vote, character by character.

        grays: at least one, each as for `read`; a live feed gives two or three.

        Corners, turns and timings are those of the picture that was read best. Pictures that are
        each accepted and say different things accept nothing (`FRAMES_DISAGREE`).

        Raises:
            ValueError: there is no picture.
        """
        if not grays:
            raise ValueError("no picture to read")
        if deadline is None:
            deadline = time.monotonic() + BUDGET_SECONDS * len(grays)
        watch = _Stopwatch()
        looks: list[_Look] = []
        for place, gray in enumerate(grays):
            left = deadline - time.monotonic()
            # What one picture does not use, the next ones may.
            share = time.monotonic() + left / (len(grays) - place)
            looks.append(self._look(gray, today, share, watch))
            if time.monotonic() >= deadline:
                break
        best = max(looks, key=lambda look: look.best.rank if look.best else (False, -1.0))
        if best.best is None:
            return _scan(best, watch)
        shape = _shape(best.best)
        same = [look.best for look in looks if look.best and _shape(look.best) == shape]
        judged = judge(vote([candidate.grid for candidate in same]), today=today)
        texts = {c.judged.texts for c in same if c.judged.accepted}
        if len(texts) > 1:
            problems = (*judged.problems, ScanProblem.FRAMES_DISAGREE)
            judged = replace(judged, problems=problems, accepted=False)
        several = any(look.several for look in looks)
        return _scan(_Look(replace(best.best, judged=judged), several, best.late), watch)

    def _look(self, gray: GrayPicture, today: date, deadline: float, watch: _Stopwatch) -> _Look:
        found = _Found()
        zones = find_zones(gray, deadline=deadline, enough=lambda: found.is_settled)
        for zone in _timed(zones, watch):
            if found.is_settled:
                # From here on for a second document only.
                if found.best is not None and zone.place == found.best.zone.place:
                    continue
                found.looked_beside += 1
                if found.looked_beside > _PLACES_LOOKED_AT:
                    break
            if found.tried and not self._is_worth_a_look(gray, zone, watch):
                continue
            found.tried = True
            found.take(self._candidate(gray, zone, today, watch))
            if time.monotonic() >= deadline:
                break
        return _Look(found.best, found.several, time.monotonic() >= deadline)

    def _candidate(
        self, gray: GrayPicture, zone: Zone, today: date, watch: _Stopwatch
    ) -> _Candidate | None:
        """What a zone says, read as it stands or, where that is open, upside down."""
        best: tuple[Zone, tuple[TextLine, ...], _Lines] | None = None
        for way in (zone,) if zone.upright_known else (zone, zone.turned()):
            lines = _aligned(way.lines)
            seen = self._recognise(gray, lines, _MARGIN, watch)
            if best is None or seen.legibility > best[2].legibility:
                best = way, lines, seen
            if seen.legibility >= _PLAIN:
                break
        assert best is not None
        zone, lines, seen = best
        moved = _other_side(lines, seen)
        if moved is not None:
            other = self._recognise(gray, moved, _MARGIN, watch)
            if other.legibility > seen.legibility:
                lines, seen = moved, other
        if seen.legibility < _LEGIBLE:
            return None
        found = self._laid_out(gray, zone, lines, seen, today, watch)
        if found is not None and (found.judged.accepted or found.is_plain):
            return found
        straight = tuple(
            straightened(gray, line, glimpse, _MARGIN)
            for line, glimpse in zip(lines, seen.glimpses, strict=True)
        )
        if not any(straight):
            return found
        lines = tuple(new or old for new, old in zip(straight, lines, strict=True))
        seen = self._recognise(gray, lines, _MARGIN, watch)
        again = self._laid_out(gray, zone, lines, seen, today, watch)
        return max((c for c in (found, again) if c), key=lambda c: c.rank, default=None)

    def _laid_out(
        self,
        gray: GrayPicture,
        zone: Zone,
        lines: tuple[TextLine, ...],
        seen: _Lines,
        today: date,
        watch: _Stopwatch,
    ) -> _Candidate | None:
        """What was seen as lines of the right length, and the judgement of them."""
        length = _length(seen.glimpses)
        if length is None or _reaches_edge(seen, length):
            wider = self._recognise(gray, lines, _WIDER, watch)
            if wider.legibility >= _LEGIBLE:
                seen, length = wider, _length(wider.glimpses)
        grid = None if length is None else lay_out(seen.logs, seen.glimpses, length)
        if grid is None:
            return None
        grid = [discounted(line, crop) for line, crop in zip(grid, seen.crops, strict=True)]
        judged = judge(grid, today=today)
        watch.stop("decode")
        return _Candidate(zone, lines, tuple(grid), judged, seen.legibility)

    def _is_worth_a_look(self, gray: GrayPicture, zone: Zone, watch: _Stopwatch) -> bool:
        """Whether the middle of one line has characters, either way up."""
        line = _middle(max(zone.lines, key=lambda line: line.count))
        ways = (line,) if zone.upright_known else (line, line.reversed())
        logs = self._recogniser.recognise([crop(gray, way, _MARGIN) for way in ways])
        found = max(_legibility([glimpse(log)], [line]) for log in logs)
        watch.stop("recognise")
        return found >= _LEGIBLE

    def _recognise(
        self, gray: GrayPicture, lines: Sequence[TextLine], margin: float, watch: _Stopwatch
    ) -> _Lines:
        watch.last = time.perf_counter()
        crops = tuple(crop(gray, line, margin) for line in lines)
        logs = self._recogniser.recognise(crops)
        watch.stop("recognise")
        glimpses = [glimpse(log) for log in logs]
        found = _Lines(crops, tuple(logs), tuple(glimpses), _legibility(glimpses, lines))
        watch.stop("decode")
        return found


def load_reader() -> MRZReader:
    """Return a reader with the shipped network."""
    return MRZReader()


def _timed(zones: Iterator[Zone], watch: _Stopwatch) -> Iterator[Zone]:
    watch.last = time.perf_counter()
    for zone in zones:
        watch.stop("locate")
        yield zone
        watch.last = time.perf_counter()
    watch.stop("locate")


def _aligned(lines: tuple[TextLine, ...]) -> tuple[TextLine, ...]:
    """Let all lines begin and end one below the other, as far out as any of them."""
    direction = np.mean([line.direction for line in lines], axis=0)
    starts = np.array([np.dot(line.start, direction) for line in lines])
    ends = np.array([np.dot(line.end, direction) for line in lines])
    reach = _ALIGNED * float(np.median([line.pitch for line in lines]))
    pitch = float(np.median([line.pitch for line in lines]))
    cap = float(np.median([line.cap_height for line in lines]))
    moved = []
    for line, start, end in zip(lines, starts, ends, strict=True):
        ahead = min(start - starts.min(), reach)
        behind = min(ends.max() - end, reach)
        ux, uy = line.direction
        moved.append(
            replace(
                line,
                start=(line.start[0] - ux * ahead, line.start[1] - uy * ahead),
                end=(line.end[0] + ux * behind, line.end[1] + uy * behind),
                pitch=pitch,
                cap_height=cap,
            )
        )
    return tuple(moved)


def _other_side(lines: tuple[TextLine, ...], seen: _Lines) -> tuple[TextLine, ...] | None:
    """The plain one of two lines with a neighbour on its other side, when the other is no text."""
    if len(lines) != 2:
        return None
    plain = [
        _legibility([glimpse], [line]) for glimpse, line in zip(seen.glimpses, lines, strict=True)
    ]
    good = int(np.argmax(plain))
    if plain[good] < _PLAIN or plain[1 - good] >= _LEGIBLE:
        return None
    line = lines[good]
    ux, uy = line.direction
    # The illegible one was below the first: then the new one is above it; or the other way round.
    across = 1.0 if good == 0 else -1.0
    gap = _LINE_GAP * line.pitch * across
    (x0, y0), (x1, y1) = line.start, line.end
    found = replace(line, start=(x0 + uy * gap, y0 - ux * gap), end=(x1 + uy * gap, y1 - ux * gap))
    return (found, line) if good == 0 else (line, found)


def _middle(line: TextLine) -> TextLine:
    """The middle third of a line."""
    (x0, y0), (x1, y1) = line.start, line.end
    dx, dy = (x1 - x0) / 3, (y1 - y0) / 3
    return replace(line, start=(x0 + dx, y0 + dy), end=(x1 - dx, y1 - dy), bow=line.bow / 9)


def _legibility(glimpses: Sequence[Glimpse], lines: Sequence[TextLine]) -> float:
    """How plainly there is text, 0 to 1: mean probability, where as many characters are as should.

    Upside down a few characters look like others and very sure ones at that: 6, 9 and 0.
    """
    counts = [len(line.centres) for line in glimpses]
    if max(counts) < _LEAST_CHARACTERS:
        return 0.0
    expected = max(sum(counts), _MOST_OF_THEM * sum(line.count for line in lines))
    return sum(c * line.confidence for c, line in zip(counts, glimpses, strict=True)) / expected


def _length(lines: Sequence[Glimpse]) -> int | None:
    """How many characters the lines of a zone have: that length which most of them fit."""
    lengths = LINE_LENGTHS[len(lines)]
    extents = [count_of(line) for line in lines if len(line.centres) >= 8]
    if not extents:
        return None
    extent = float(np.median(extents)) if len(extents) != 2 else max(extents)
    best = min(lengths, key=lambda length: min(abs(e - length) for e in (*extents, extent)))
    return best if min(abs(e - best) for e in extents) <= _COUNT_OFF else None


def _reaches_edge(lines: _Lines, length: int) -> bool:
    """Whether characters stand at an end of a crop while some are missing."""
    for line, log in zip(lines.glimpses, lines.logs, strict=True):
        if not len(line.centres) or count_of(line) > length - 0.5:
            continue
        if line.centres[0] < PITCH or line.centres[-1] > STRIDE * len(log) - PITCH:
            return True
    return False


def _is_another(other: _Candidate, best: _Candidate) -> bool:
    """Whether a second machine-readable zone stands somewhere else in the picture."""
    return other.zone.place != best.zone.place and other.judged.checks_passed >= 0.5


def _shape(candidate: _Candidate) -> tuple[int, int]:
    return len(candidate.grid), len(candidate.grid[0].evidence)


def _scan(look: _Look, watch: _Stopwatch) -> MRZScan:
    timings = MappingProxyType(watch.spent)
    best = look.best
    if best is None:
        status = ScanStatus.OUT_OF_TIME if look.late else ScanStatus.NO_MRZ
        return MRZScan(status, timings_ms=timings)
    judged = best.judged
    problems = list(judged.problems)
    if look.several:
        problems.append(ScanProblem.SEVERAL_ZONES)
    if best.zone.cut_off and not judged.accepted:
        problems.append(ScanProblem.CUT_OFF)
    corners = [corners_of(line) for line in best.lines]
    lines = tuple(
        ScannedLine(characters, places)
        for characters, places in zip(judged.lines, corners, strict=True)
    )
    whole: Corners = np.array(
        [corners[0][0], corners[0][1], corners[-1][2], corners[-1][3]], np.float32
    )
    return MRZScan(
        ScanStatus.READ,
        lines,
        judged.reading,
        judged.confidence,
        judged.repaired,
        judged.accepted and not look.several,
        tuple(problems),
        best.zone.turns,
        whole,
        timings,
    )
