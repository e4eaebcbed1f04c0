"""All pairs of live faces and records, raw and normalised, as the product scores one pair.

The cohort holds one entry a person and is cut down for each pair. The product leaves out the
claimed person and whatever lies so near to the record that it may be the same person enrolled
twice. An evaluation leaves out the entry of the person in front of the camera as well: it asks
how often a stranger passes, and a stranger has no entry. Both sides of a pair see the same
entries, and no step asks whether the pair is of one person: for a genuine pair the claimed and
the live person's entry are one and the same.

Instead of sorting a cohort per pair, each face keeps its nearest entries, a few more than count;
what is left out of a pair is taken from that list, which is exact and a thousand times cheaper.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from biometrics.cohort.cohort import NEAR_DUPLICATE_AT_MOST
from biometrics.cohort.statistics import LEAST_NEIGHBOURS, SIGMA_FLOOR, neighbours_of

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Flags = NDArray[np.bool_]

_BLOCK_CELLS = 2_000_000
"""Cells of one matrix in a block, 16 MB; about ten such matrices are alive at a time."""
_NOBODY = -1


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Templates as rows: `vectors` (n, d), float64; `people` (n,), the number of each's person."""

    vectors: Floats
    people: Integers

    def __len__(self) -> int:
        return len(self.people)

    def take(self, rows: Integers | Flags) -> Self:
        """Return some of the rows."""
        return type(self)(self.vectors[rows], self.people[rows])


@dataclass(frozen=True, slots=True)
class CalibratedRange:
    """Where a threshold of the normalised score was found, for either side of a pair.

    `mean_between` holds the least and the most mean, `max_deviation` the largest deviation.
    """

    mean_between: tuple[float, float] = (-np.inf, np.inf)
    max_deviation: float = np.inf


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Scores of every live face (rows) and every record (columns), float64; smaller is more alike.

    `normalised` is None when the cohort has too few entries to say anything. `in_range` tells
    which pairs lie within the calibrated range. `doubtful` tells which the product refers
    whatever their score: somebody else's entry lies near the record like a duplicate, or nearer
    to the live face than the record does.
    """

    live: Faces
    records: Faces
    raw: Floats
    normalised: Floats | None
    in_range: Flags
    doubtful: Flags

    @property
    def same(self) -> Flags:
        """Which pairs are of one person, shape (rows, columns)."""
        return np.asarray(self.live.people[:, None] == self.records.people[None, :])


def distances(a: Faces, b: Faces) -> Floats:
    """L2 distances, shape (len(a), len(b)), float64."""
    squares = (
        np.einsum("ij,ij->i", a.vectors, a.vectors)[:, None]
        + np.einsum("ij,ij->i", b.vectors, b.vectors)[None, :]
        - 2.0 * (a.vectors @ b.vectors.T)
    )
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


def score_pairs(
    live: Faces, records: Faces, cohort: Faces, calibrated: CalibratedRange | None = None
) -> Scores:
    """Score every live face against every record.

    Args:
        live: Any number of a person.
        records: At most one of a person.
        cohort: At most one of a person.
        calibrated: What `Scores.in_range` tells; None is everything.

    Raises:
        ValueError: Two records, or two entries of the cohort, are of one person.
    """
    for name, faces in (("records", records), ("entries of the cohort", cohort)):
        if len(np.unique(faces.people)) != len(faces):
            raise ValueError(f"two {name} are of one person")
    raw = np.empty((len(live), len(records)))
    for rows in _blocks(len(live), len(records)):
        raw[rows] = distances(live.take(rows), records)
    in_range = np.ones(raw.shape, dtype=np.bool_)
    doubtful = np.zeros(raw.shape, dtype=np.bool_)
    normalised = _normalised(
        live, records, cohort, raw, calibrated or CalibratedRange(), in_range, doubtful
    )
    return Scores(live, records, raw, normalised, in_range, doubtful)


def _normalised(
    live: Faces,
    records: Faces,
    cohort: Faces,
    raw: Floats,
    calibrated: CalibratedRange,
    in_range: Flags,
    doubtful: Flags,
) -> Floats | None:
    """Return the scores, and write to `in_range` and `doubtful`."""
    column_of = _numbering(live.people, records.people, cohort.people)
    duplicates = _near_duplicates(records, cohort)
    most = max((len(entries) for entries in duplicates.values()), default=0)
    size = len(cohort)
    if size - 2 - most < LEAST_NEIGHBOURS:
        return None
    length = min(size, neighbours_of(size) + 2 + most)
    live_columns, record_columns = column_of[live.people], column_of[records.people]
    of_live = _Nearest.of(live, live_columns, cohort, length)
    of_records = _Nearest.of(records, record_columns, cohort, length)
    scores = np.empty_like(raw)
    live_sides = _WithoutOne.of(of_live, live_columns, size)
    record_sides = _WithoutOne.of(of_records, record_columns, size)
    record_of = np.full(size, _NOBODY)
    record_of[record_columns[record_columns != _NOBODY]] = np.flatnonzero(record_columns != _NOBODY)
    by_column = record_sides.by_column()
    for rows in _blocks(len(live), len(records)):
        live_side = live_sides.for_records(rows, record_columns, record_of)
        one_side = record_sides.for_live(live_columns[rows], by_column)
        scores[rows] = _formula(raw[rows], *live_side, *one_side)
        in_range[rows] = _within(calibrated, *live_side) & _within(calibrated, *one_side)
        doubtful[rows] = raw[rows] > of_live.nearest(rows, record_of, len(records))
    for record, entries in duplicates.items():
        left_out = np.zeros(size, np.bool_)
        left_out[entries] = True
        if record_columns[record] != _NOBODY:
            left_out[record_columns[record]] = True
        live_side = of_live.without(left_out, live_columns)
        one_side = of_records.row(record, len(live)).without(left_out, live_columns)
        scores[:, record] = _formula(raw[:, record], *live_side, *one_side)
        in_range[:, record] = _within(calibrated, *live_side) & _within(calibrated, *one_side)
        doubtful[:, record] |= (entries[None, :] != live_columns[:, None]).any(axis=1)
    return scores


def _formula(
    raw: Floats,
    live_mean: Floats,
    live_deviation: Floats,
    record_mean: Floats,
    record_deviation: Floats,
) -> Floats:
    """`biometrics.cohort.statistics.normalised_score`, for arrays of one shape."""
    live_side = (live_mean - raw) / np.maximum(live_deviation, SIGMA_FLOOR)
    record_side = (record_mean - raw) / np.maximum(record_deviation, SIGMA_FLOOR)
    return np.asarray(-0.5 * (live_side + record_side))


def _within(calibrated: CalibratedRange, mean: Floats, deviation: Floats) -> Flags:
    least, most = calibrated.mean_between
    floored = np.maximum(deviation, SIGMA_FLOOR)
    return (mean >= least) & (mean <= most) & (floored <= calibrated.max_deviation)


def _numbering(live: Integers, records: Integers, cohort: Integers) -> Integers:
    """Return, by the number of a person, the entry of the cohort, or -1."""
    people = max((int(numbers.max(initial=0)) for numbers in (live, records, cohort)), default=0)
    column_of = np.full(people + 1, _NOBODY)
    column_of[cohort] = np.arange(len(cohort))
    return column_of


def _near_duplicates(records: Faces, cohort: Faces) -> dict[int, Integers]:
    """Return, for each record that has some, the entries of other people that lie too near."""
    found: dict[int, Integers] = {}
    for rows in _blocks(len(records), len(cohort)):
        some = records.take(rows)
        near = distances(some, cohort) <= NEAR_DUPLICATE_AT_MOST
        near &= some.people[:, None] != cohort.people[None, :]
        for row in np.flatnonzero(near.any(axis=1)):
            found[int(rows[row])] = np.flatnonzero(near[row])
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Nearest:
    """Each face's nearest entries but its own: distances and columns, (n, length), ascending."""

    values: Floats
    columns: Integers

    @classmethod
    def of(cls, faces: Faces, own: Integers, cohort: Faces, length: int) -> Self:
        values = np.empty((len(faces), length))
        columns = np.empty((len(faces), length), dtype=np.intp)
        for rows in _blocks(len(faces), len(cohort)):
            block = distances(faces.take(rows), cohort)
            has = own[rows] != _NOBODY
            block[np.flatnonzero(has), own[rows][has]] = np.inf
            if length < len(cohort):
                nearest = np.argpartition(block, length - 1, axis=1)[:, :length]
            else:
                nearest = np.broadcast_to(np.arange(length), (len(rows), length))
            found = np.take_along_axis(block, nearest, axis=1)
            order = np.argsort(found, axis=1, kind="stable")
            values[rows] = np.take_along_axis(found, order, axis=1)
            columns[rows] = np.take_along_axis(nearest, order, axis=1)
        return cls(values, columns)

    def nearest(self, rows: Integers, record_of: Integers, records: int) -> Floats:
        """Return the distance of these faces to the nearest entry but that of each record."""
        found = np.repeat(self.values[rows, :1], records, axis=1)
        nearest_record = record_of[self.columns[rows, 0]]
        has = nearest_record != _NOBODY
        found[np.flatnonzero(has), nearest_record[has]] = self.values[rows[has], 1]
        return found

    def row(self, index: int, times: int) -> Self:
        """Return the list of one face as often as there are faces to pair it with."""
        shape = (times, self.values.shape[1])
        return type(self)(
            np.broadcast_to(self.values[index], shape), np.broadcast_to(self.columns[index], shape)
        )

    def without(self, left_out: Flags, others: Integers) -> tuple[Floats, Floats]:
        """Return mean and deviation of each row, leaving out a set and one entry of its own.

        Args:
            left_out: By entry of the cohort.
            others: By row, a further entry to leave out, or -1.
        """
        has = others != _NOBODY
        gone = int(left_out.sum()) + (has & ~left_out[np.where(has, others, 0)])
        size = len(left_out) - gone
        counted = np.array([neighbours_of(int(n)) for n in size])
        stays = ~left_out[self.columns] & (self.columns != others[:, None])
        stays &= np.cumsum(stays, axis=1) <= counted[:, None]
        kept = np.where(stays, self.values, 0.0)
        mean = kept.sum(axis=1) / counted
        squares = np.einsum("ij,ij->i", kept, kept) / counted
        return mean, np.sqrt(np.maximum(squares - mean**2, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class _WithoutOne:
    """Statistics of each face without its own entry, and without one more.

    `whole` is the mean and deviation where no other entry is left out; `rest` those where one
    is that is not among the neighbours; `mean` and `deviation` (n, most neighbours), valid below
    `counted`, those where it is the neighbour of that rank.
    """

    whole: tuple[Floats, Floats]
    rest: tuple[Floats, Floats]
    mean: Floats
    deviation: Floats
    columns: Integers
    counted: Integers
    own: Integers

    @classmethod
    def of(cls, nearest: _Nearest, own: Integers, size: int) -> Self:
        left = np.where(own == _NOBODY, size, size - 1)
        neighbours = {n: neighbours_of(n) for n in (size, size - 1, size - 2)}
        counted_whole = np.array([neighbours[int(n)] for n in left], dtype=np.intp)
        counted = np.array([neighbours[int(n) - 1] for n in left], dtype=np.intp)
        most = max(neighbours.values())
        rows = np.arange(len(own))
        sums = np.cumsum(nearest.values, axis=1)
        squares = np.cumsum(nearest.values**2, axis=1)
        values = nearest.values[:, :most]
        mean = (sums[rows, counted][:, None] - values) / counted[:, None]
        second = (squares[rows, counted][:, None] - values**2) / counted[:, None]
        return cls(
            whole=_moments(
                sums[rows, counted_whole - 1], squares[rows, counted_whole - 1], counted_whole
            ),
            rest=_moments(sums[rows, counted - 1], squares[rows, counted - 1], counted),
            mean=mean,
            deviation=np.sqrt(np.maximum(second - mean**2, 0.0)),
            columns=nearest.columns[:, :most],
            counted=counted,
            own=own,
        )

    def for_records(
        self, rows: Integers, record_columns: Integers, record_of: Integers
    ) -> tuple[Floats, Floats]:
        """Return the statistics of these live faces in front of each record, (rows, records)."""
        one_more = (record_columns != _NOBODY)[None, :] & (
            record_columns[None, :] != self.own[rows][:, None]
        )
        mean = np.where(one_more, self.rest[0][rows][:, None], self.whole[0][rows][:, None])
        deviation = np.where(one_more, self.rest[1][rows][:, None], self.whole[1][rows][:, None])
        ranks = np.arange(self.columns.shape[1])[None, :] < self.counted[rows][:, None]
        records = record_of[self.columns[rows]]
        at, rank = np.nonzero(ranks & (records != _NOBODY))
        to = records[at, rank]
        mean[at, to] = self.mean[rows][at, rank]
        deviation[at, to] = self.deviation[rows][at, rank]
        return mean, deviation

    def by_column(self) -> dict[int, tuple[Integers, Floats, Floats]]:
        """Return, by entry, the faces that it is a neighbour of, and their statistics without."""
        ranks = np.arange(self.columns.shape[1])[None, :] < self.counted[:, None]
        face, rank = np.nonzero(ranks)
        columns = self.columns[face, rank]
        order = np.argsort(columns, kind="stable")
        face, rank, columns = face[order], rank[order], columns[order]
        present, starts = np.unique(columns, return_index=True)
        if not len(present):
            return {}  # of nothing, `split` would make one part
        parts = zip(
            present.tolist(),
            np.split(face, starts[1:]),
            np.split(self.mean[face, rank], starts[1:]),
            np.split(self.deviation[face, rank], starts[1:]),
            strict=True,
        )
        return {column: (faces, mean, deviation) for column, faces, mean, deviation in parts}

    def for_live(
        self, live_columns: Integers, by_column: dict[int, tuple[Integers, Floats, Floats]]
    ) -> tuple[Floats, Floats]:
        """Return the statistics of every record in front of these live faces, (rows, records)."""
        one_more = (live_columns != _NOBODY)[:, None] & (live_columns[:, None] != self.own[None, :])
        mean = np.where(one_more, self.rest[0][None, :], self.whole[0][None, :])
        deviation = np.where(one_more, self.rest[1][None, :], self.whole[1][None, :])
        for row, column in enumerate(live_columns.tolist()):
            if column in by_column:
                faces, means, deviations = by_column[column]
                mean[row, faces] = means
                deviation[row, faces] = deviations
        return mean, deviation


def _moments(sums: Floats, squares: Floats, counted: Integers) -> tuple[Floats, Floats]:
    mean = sums / counted
    return mean, np.sqrt(np.maximum(squares / counted - mean**2, 0.0))


def _blocks(rows: int, columns: int) -> Iterator[Integers]:
    """Yield row numbers in runs whose matrices stay within a block."""
    step = max(1, _BLOCK_CELLS // max(1, columns))
    for start in range(0, rows, step):
        yield np.arange(start, min(start + step, rows))
