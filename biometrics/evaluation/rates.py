"""From scores to thresholds, error rates, intervals and groups.

False match rate (FMR): the share of impostor pairs that match. False non-match rate (FNMR): the
share of genuine trials that do not. Genuine trials are counted as attempted: a probe, or an
enrolment, that could not be measured is a non-match at every threshold. Impostor pairs are
counted as measured, since a pair without a score would only dilute the FMR. A score matches when
it is at most the threshold.

Intervals are from a bootstrap over people, of percentiles 2.5 and 97.5: pairs that share a person
are not independent, so resampling pairs would flatter. A person drawn k times counts k times and
a pair of people as often as the product of both; every round looks for its own threshold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from biometrics.evaluation.scoring import Flags, Floats, Integers, Scores

TARGETS: Mapping[str, int] = {"1e-2": 100, "1e-3": 1_000, "1e-4": 10_000, "1e-5": 100_000}
"""False match rates by the name in the report, as one in so many."""

BOOTSTRAP_ROUNDS = 200
_BOOTSTRAP_SEED = 20_190_905
_TAIL = 3
"""How many times the impostors below the largest target a round may need for its threshold."""


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """The scores of one protocol, ready to be counted.

    `genuine` and `impostor` are sorted, ascending, with the person (two for `impostor`) of each;
    of the impostors only the most alike carry theirs. `attempted` counts the genuine trials of
    each person, `live` and `records` the measured faces and records of each.
    """

    genuine: Floats
    genuine_person: Integers
    impostor: Floats
    tail_persons: tuple[Integers, Integers]
    attempted: Integers
    live: Integers
    records: Integers

    @classmethod
    def of(cls, matrix: Floats, scores: Scores, attempted: Integers) -> Self:
        """Collect the trials of a matrix of the shape of `scores.raw`.

        `attempted` is the number of genuine trials of each person, measured or not.
        """
        same = scores.same
        people = len(attempted)
        row, column = np.nonzero(same)
        genuine = matrix[row, column]
        order = np.argsort(genuine, kind="stable")
        impostor = np.sort(matrix[~same])
        tail = min(len(impostor), max(_TAIL * len(impostor) // min(TARGETS.values()), 1_000))
        tail_row = tail_column = np.empty(0, dtype=np.intp)
        if tail:
            within = ~same & (matrix <= impostor[tail - 1])
            tail_row, tail_column = np.nonzero(within)
            nearest = np.argsort(matrix[tail_row, tail_column], kind="stable")[:tail]
            tail_row, tail_column = tail_row[nearest], tail_column[nearest]
        return cls(
            genuine=genuine[order],
            genuine_person=scores.live.people[row][order],
            impostor=impostor,
            tail_persons=(scores.live.people[tail_row], scores.records.people[tail_column]),
            attempted=attempted,
            live=np.bincount(scores.live.people, minlength=people),
            records=np.bincount(scores.records.people, minlength=people),
        )

    def threshold_at(self, one_in: int) -> float | None:
        """Return the largest threshold whose FMR does not exceed one in so many.

        None with fewer impostor pairs than that: they could not tell the rate from nought.
        """
        allowed = len(self.impostor) // one_in
        if allowed == 0:
            return None
        return float(np.nextafter(self.impostor[allowed], -np.inf))

    def fmr(self, threshold: float) -> float | None:
        """Return the share of impostor pairs that match, None without a pair."""
        return _share(int(np.searchsorted(self.impostor, threshold, "right")), len(self.impostor))

    def fnmr(self, threshold: float) -> float | None:
        """Return the share of genuine trials that do not match, None without a trial."""
        attempted = int(self.attempted.sum())
        matched = int(np.searchsorted(self.genuine, threshold, "right"))
        return _share(attempted - matched, attempted)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def fnmr_at_fmr(trials: Trials) -> dict[str, float | None]:
    """Return the FNMR at the threshold of each target, None where there is no threshold."""
    return {
        name: None if threshold is None else trials.fnmr(threshold)
        for name, threshold in threshold_at_fmr(trials).items()
    }


def threshold_at_fmr(trials: Trials) -> dict[str, float | None]:
    """Return the threshold of each target."""
    return {name: trials.threshold_at(one_in) for name, one_in in TARGETS.items()}


def intervals(
    trials: Trials, rounds: int = BOOTSTRAP_ROUNDS
) -> dict[str, tuple[float, float] | None]:
    """Return the 95 % interval of the FNMR at each target.

    None where there is no threshold, or where fewer than half of the rounds found one.
    """
    samples: dict[str, list[float]] = {name: [] for name in TARGETS}
    supported = [
        name for name, threshold in threshold_at_fmr(trials).items() if threshold is not None
    ]
    if supported:
        for weight in _draws(len(trials.attempted), rounds):
            _resample(trials, weight, supported, samples)
    return {
        name: _percentiles(found) if len(found) * 2 >= rounds else None
        for name, found in samples.items()
    }


def shipped_intervals(
    trials: Trials, threshold: float, rounds: int = BOOTSTRAP_ROUNDS
) -> dict[str, tuple[float, float] | None]:
    """Return the 95 % intervals of both rates at a fixed threshold.

    None for a rate of which not one error was seen: resampling no errors always yields none.
    The FMR's is None too when the threshold lies beyond the impostors whose people are kept.
    """
    errors: dict[str, list[float]] = {"fmr": [], "fnmr": []}
    matched = int(np.searchsorted(trials.genuine, threshold, "right"))
    accepted = int(np.searchsorted(trials.impostor, threshold, "right"))
    kept = len(trials.tail_persons[0])
    for weight in _draws(len(trials.attempted), rounds):
        attempted = int((weight * trials.attempted).sum())
        if attempted:
            hits = int(weight[trials.genuine_person[:matched]].sum())
            errors["fnmr"].append(1 - hits / attempted)
        pairs = _impostor_weight(trials, weight)
        if pairs and accepted <= kept:
            live, record = (persons[:accepted] for persons in trials.tail_persons)
            errors["fmr"].append(float((weight[live] * weight[record]).sum() / pairs))
    return {name: _percentiles(found) if any(found) else None for name, found in errors.items()}


def _draws(people: int, rounds: int) -> Any:
    random = np.random.default_rng(_BOOTSTRAP_SEED)
    for _ in range(rounds):
        yield np.bincount(random.integers(0, people, people), minlength=people)


def _impostor_weight(trials: Trials, weight: Integers) -> int:
    live, records = weight * trials.live, weight * trials.records
    return int(live.sum()) * int(records.sum()) - int((live * records).sum())


def _resample(
    trials: Trials, weight: Integers, supported: list[str], samples: dict[str, list[float]]
) -> None:
    pairs = _impostor_weight(trials, weight)
    attempted = int((weight * trials.attempted).sum())
    if not pairs or not attempted:
        return
    live, record = trials.tail_persons
    errors = np.cumsum(weight[live] * weight[record])
    hits = np.concatenate([[0], np.cumsum(weight[trials.genuine_person])])
    for name in supported:
        allowed = pairs // TARGETS[name]
        first_too_many = int(np.searchsorted(errors, allowed, "right"))
        if allowed == 0 or first_too_many == len(errors):
            continue
        # The threshold lies just below that impostor's score.
        matched = int(np.searchsorted(trials.genuine, trials.impostor[first_too_many], "left"))
        samples[name].append(1 - float(hits[matched]) / attempted)


def _percentiles(samples: list[float]) -> tuple[float, float] | None:
    if not samples:
        return None
    low, high = np.quantile(samples, [0.025, 0.975])
    return float(low), float(high)


# --- groups --------------------------------------------------------------------------------


def group_rates(
    matrix: Floats,
    scores: Scores,
    attempted: Integers,
    members: Flags,
    thresholds: Mapping[str, float | None],
) -> dict[str, Any]:
    """Return the rates of one group at thresholds set for everybody.

    An impostor pair belongs to the group when both people do, a genuine trial when its person
    does. `members` is by the number of a person.
    """
    live, records = members[scores.live.people], members[scores.records.people]
    inside = matrix[np.ix_(live, records)]
    same = scores.same[np.ix_(live, records)]
    genuine, impostor = inside[same], inside[~same]
    trials = int(attempted[members].sum())
    return {
        "people": int(members.sum()),
        "genuine": trials,
        "impostor": len(impostor),
        "fmr": {
            name: None if t is None else _share(int((impostor <= t).sum()), len(impostor))
            for name, t in thresholds.items()
        },
        "fnmr": {
            name: None if t is None else _share(trials - int((genuine <= t).sum()), trials)
            for name, t in thresholds.items()
        },
    }
