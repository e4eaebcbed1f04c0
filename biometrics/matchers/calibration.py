"""Thresholds and error rates of a matcher on labelled pictures, by the protocol of this product.

The same as `kiosk evaluate faces` (see `biometrics.evaluation`): of each identity the first ten
pictures count, the first enrols, the others probe, all pairs are scored. What cannot be measured
is a non-match at every threshold. Two matchers are compared on the same pictures, and their
difference by resampling the same people for both.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biometrics.evaluation.labels import LabelledSet, LabelsError, load_labelled_set
from biometrics.evaluation.rates import BOOTSTRAP_ROUNDS, Trials, intervals, shipped_intervals
from biometrics.evaluation.scoring import Faces, score_pairs
from biometrics.matchers.card import Calibration, Score, sealed
from biometrics.matchers.errors import MatcherError, MatcherErrorCode
from biometrics.matchers.measuring import Described, Source, describe
from biometrics.results import Purpose

PROTOCOL = (
    "first 10 pictures of each identity in the order of the CSV, the first enrols, the others "
    "probe, all pairs; not measured is not matched"
)
TARGETS = {1e-3: 1_000, 1e-4: 10_000}
_COMPARISON_SEED = 20_190_905


@dataclass(frozen=True, slots=True)
class Labelled:
    """A labelled set with the digest of its table, and what it is called in a card."""

    pictures: LabelledSet
    csv_sha256: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """All trials of one matcher on one set, by score."""

    trials: dict[Score, Trials]
    pictures_sha256: str
    failure_to_acquire: int


@dataclass(frozen=True, slots=True)
class Row:
    """FNMR at an FMR, with the 95 % interval over people; fractions."""

    fmr_target: float
    fnmr: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two matchers at one FMR: each one's FNMR, and that of the first less that of the second."""

    score: Score
    first: Row
    second: Row
    difference: Row


def load_labelled(table: Path, dataset: str | None) -> Labelled:
    """Read a table of pictures and people.

    Raises:
        MatcherError: PICTURES_UNUSABLE.
    """
    try:
        pictures = load_labelled_set(table, dataset)
        digest = hashlib.sha256(table.read_bytes()).hexdigest()
    except LabelsError as error:
        raise MatcherError(MatcherErrorCode.PICTURES_UNUSABLE, str(error)) from error
    except OSError as error:
        raise MatcherError(
            MatcherErrorCode.PICTURES_UNUSABLE, f"{table}: {error.strerror or 'cannot be read'}"
        ) from error
    return Labelled(pictures, digest, dataset or table.stem)


def measure(
    source: Source, labelled: Labelled, on_picture: Callable[[], None] = lambda: None
) -> Measured:
    """Measure every picture that counts and score all pairs.

    Raises:
        MatcherError: as `measuring.describe`; PICTURES_UNUSABLE when there is nothing to score.
    """
    people = labelled.pictures.people
    wanted = [
        (labelled.pictures.folder / picture.path, Purpose.LIVE if number else Purpose.ENROLMENT)
        for person in people
        for number, picture in enumerate(person.pictures)
    ]
    described: list[Described] = []
    for one in describe(source, wanted):
        described.append(one)
        on_picture()
    records: list[tuple[int, NDArray[np.float32]]] = []
    live: list[tuple[int, NDArray[np.float32]]] = []
    waiting = iter(described)
    for number, person in enumerate(people):
        for place in range(len(person.pictures)):
            vector = next(waiting).vector
            if vector is not None:
                (live if place else records).append((number, vector))
    attempted = np.array([len(person.probes) for person in people], dtype=np.intp)
    if not records or not live or not attempted.any():
        raise MatcherError(
            MatcherErrorCode.PICTURES_UNUSABLE,
            "nobody has two pictures with a face that can be measured",
        )
    enrolled = _faces(records)
    scores = score_pairs(_faces(live), enrolled, enrolled)
    trials = {Score.RAW: Trials.of(scores.raw, scores, attempted)}
    if scores.normalised is not None:
        trials[Score.NORMALISED] = Trials.of(scores.normalised, scores, attempted)
    digests = "".join(f"{one.sha256}\n" for one in described)
    return Measured(
        trials,
        hashlib.sha256(digests.encode()).hexdigest(),
        sum(one.vector is None for one in described),
    )


def calibrations(
    source: Source, labelled: Labelled, measured: Measured, command: str
) -> list[Calibration]:
    """Return what goes into the card: one for each score that has trials enough for a threshold.

    `command` is what a reader types to measure again.

    Raises:
        MatcherError: PICTURES_UNUSABLE when no target has enough impostor trials.
    """
    found = [
        sealed(
            score=score,
            model=str(source.model),
            command=command,
            protocol=PROTOCOL,
            data=labelled.name,
            csv_sha256=labelled.csv_sha256,
            pictures_sha256=measured.pictures_sha256,
            images=labelled.pictures.images,
            identities=len(labelled.pictures.people),
            failure_to_acquire=measured.failure_to_acquire,
            genuine=int(trials.attempted.sum()),
            impostor=len(trials.impostor),
            at=rows,
        )
        for score, trials in measured.trials.items()
        if (rows := list(_rows(trials)))
    ]
    if not found:
        raise MatcherError(
            MatcherErrorCode.PICTURES_UNUSABLE,
            f"there are too few impostor trials for a threshold at FMR 1e-3: "
            f"{len(measured.trials[Score.RAW].impostor)}",
        )
    return found


def _rows(trials: Trials) -> Iterator[dict[str, Any]]:
    of_fnmr = {float(name): interval for name, interval in intervals(trials).items()}
    for target, one_in in TARGETS.items():
        threshold = trials.threshold_at(one_in)
        if threshold is None:
            continue
        fixed = shipped_intervals(trials, threshold)
        # Of the FNMR at this FMR, looking for the threshold anew, as `kiosk evaluate faces` does;
        # in few trials too few rounds find one.
        fnmr_interval = of_fnmr[target] or fixed["fnmr"]
        if fnmr_interval is None or fnmr_interval[1] == 0:
            fnmr_interval = _of_none(int(trials.attempted.sum()))
        fmr, fnmr = trials.fmr(threshold), trials.fnmr(threshold)
        assert fmr is not None
        assert fnmr is not None
        yield {
            "fmr_target": target,
            "threshold": threshold,
            "fmr": fmr,
            "fmr_ci95": list(fixed["fmr"] or _of_none(len(trials.impostor))),
            "fnmr": fnmr,
            "fnmr_ci95": list(fnmr_interval),
        }


def _of_none(trials: int) -> tuple[float, float]:
    """The 95 % interval where not one error was seen: the rule of three (ISO/IEC 19795-1)."""
    return 0.0, min(1.0, 3.0 / trials)


def compare(first: Measured, second: Measured) -> list[Comparison]:
    """Compare two matchers on one set, for each score and FMR that both have trials for.

    Every round of the bootstrap draws people, looks for both thresholds anew, and takes the
    difference, so that what the two have in common is not counted as uncertainty.
    """
    found = []
    for score in Score:
        if score not in first.trials or score not in second.trials:
            continue
        pair = (first.trials[score], second.trials[score])
        for target, one_in in TARGETS.items():
            whole = [
                _fnmr(trials, np.ones(len(trials.attempted), np.intp), one_in) for trials in pair
            ]
            if whole[0] is None or whole[1] is None:
                continue
            rounds = np.array(list(_rounds(pair, one_in))).reshape(-1, 2)
            if len(rounds) * 2 < BOOTSTRAP_ROUNDS:
                continue
            found.append(
                Comparison(
                    score,
                    _row(target, whole[0], rounds[:, 0]),
                    _row(target, whole[1], rounds[:, 1]),
                    _row(target, whole[0] - whole[1], rounds[:, 0] - rounds[:, 1]),
                )
            )
    return found


def _rounds(pair: tuple[Trials, Trials], one_in: int) -> Iterator[tuple[float, float]]:
    random = np.random.default_rng(_COMPARISON_SEED)
    people = len(pair[0].attempted)
    for _ in range(BOOTSTRAP_ROUNDS):
        weight = np.bincount(random.integers(0, people, people), minlength=people)
        first, second = (_fnmr(trials, weight, one_in) for trials in pair)
        if first is not None and second is not None:
            yield first, second


def _fnmr(trials: Trials, weight: NDArray[np.intp], one_in: int) -> float | None:
    """The FNMR at an FMR when each person counts so often; None with too few trials."""
    live, records = weight * trials.live, weight * trials.records
    pairs = int(live.sum()) * int(records.sum()) - int((live * records).sum())
    attempted = int((weight * trials.attempted).sum())
    rows, columns = trials.tail_persons
    errors = np.cumsum(weight[rows] * weight[columns])
    first_too_many = int(np.searchsorted(errors, pairs // one_in, "right"))
    if pairs < one_in or not attempted or first_too_many == len(errors):
        return None
    # The threshold lies just below that impostor's score.
    matched = int(np.searchsorted(trials.genuine, trials.impostor[first_too_many], "left"))
    return 1 - int(weight[trials.genuine_person[:matched]].sum()) / attempted


def _row(target: float, value: float, samples: NDArray[np.float64]) -> Row:
    low, high = np.quantile(samples, [0.025, 0.975])
    return Row(target, value, float(low), float(high))


def _faces(rows: list[tuple[int, NDArray[np.float32]]]) -> Faces:
    return Faces(
        np.array([vector for _, vector in rows], dtype=np.float64),
        np.array([person for person, _ in rows], dtype=np.intp),
    )
