"""One evaluation: labelled pictures and what became of them go in, the report comes out."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from biometrics.cohort.statistics import LEAST_COHORT
from biometrics.evaluation.acquisition import Acquired, Capture
from biometrics.evaluation.labels import LabelledPicture, LabelledSet, Person
from biometrics.evaluation.rates import (
    Trials,
    fnmr_at_fmr,
    group_rates,
    intervals,
    shipped_intervals,
    threshold_at_fmr,
)
from biometrics.evaluation.scoring import Faces, Floats, Integers, Scores, score_pairs
from biometrics.evaluation.shipped import Shipped, ShippedThresholds
from biometrics.evaluation.variants import (
    ATTEMPTS,
    FRAMES,
    Frame,
    Transactions,
    best_frames,
    fused,
)
from biometrics.results import TEMPLATE_DIMENSIONS, Purpose

KINDS = ("raw", "normalised")
GROUP_TARGETS = ("1e-2", "1e-3", "1e-4", "1e-5")
TRANSACTION_TARGETS = ("1e-3", "1e-4")
_WORST = 20
_CURVE_POINTS = 240
_BINS = 80


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One kind of score: a DET curve, ascending in FMR, and the shares of scores in bins."""

    fmr: Floats
    fnmr: Floats
    edges: Floats
    genuine: Floats
    impostor: Floats


@dataclass(frozen=True, slots=True)
class WorstPair:
    """A pair on the wrong side, by its pictures; `score` is of the kind that ranked it."""

    score: float
    enrolment: LabelledPicture
    probe: LabelledPicture


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """`report` is the JSON object; the rest is what only pictures show, by kind of score.

    `alike` are the strangers most alike and `unlike` the measured pairs of one person least so.
    """

    report: dict[str, Any]
    curves: dict[str, Curve]
    alike: dict[str, tuple[WorstPair, ...]]
    unlike: dict[str, tuple[WorstPair, ...]]


def evaluate(
    labelled: LabelledSet,
    acquired: Mapping[Capture, Acquired],
    shipped: ShippedThresholds,
) -> Evaluation:
    """Score all trials of a labelled set and report the rates (the keys: docs/biometrics.md).

    `acquired` holds every capture of `acquisition.captures_of`.
    """
    study = _Study(labelled, acquired)
    normalised = shipped.normalised
    scores = score_pairs(
        study.probes,
        study.records,
        study.records,
        None if normalised is None else normalised.calibrated,
    )
    attempted = np.array([len(person.probes) for person in labelled.people], dtype=np.intp)
    matrices = {"raw": scores.raw, "normalised": scores.normalised}
    decided = {
        "raw": scores.raw,
        "normalised": scores.normalised if normalised is None else normalised.decided(scores),
    }
    applies = {"raw": True, "normalised": len(study.records) >= LEAST_COHORT}
    ships = {"raw": shipped.raw, "normalised": normalised}
    limits = {kind: limit if applies[kind] else None for kind, limit in ships.items()}
    trials = {
        kind: Trials.of(matrix, scores, attempted)
        for kind, matrix in matrices.items()
        if matrix is not None
    }
    impostor = len(study.probes) * len(study.records) - int(scores.same.sum())
    report: dict[str, Any] = {
        "images": labelled.images,
        "identities": len(labelled.people),
        "failure_to_acquire": study.failures / labelled.images,
        "genuine": int(attempted.sum()),
        "impostor": impostor,
    }
    for kind in KINDS:
        report[kind] = _rates(
            study, scores, matrices[kind], decided[kind], trials.get(kind), attempted, ships[kind]
        )
        if (at_shipped := report[kind]["at_shipped_threshold"]) is not None:
            at_shipped["applies"] = applies[kind]
    report["multi_frame"] = _multi_frame(study)
    if normalised is not None:
        decided["normalised"] = normalised.decided(scores, sure=True)
    report["transaction"] = _transaction(study, scores, matrices, decided, report, limits)
    report["gates"] = study.gates()
    report["cohort"] = {"size": len(study.records), "least": LEAST_COHORT}
    return Evaluation(
        report=report,
        curves={kind: _curve(found) for kind, found in trials.items() if len(found.impostor)},
        alike={kind: study.worst(scores, matrices[kind], alike=True) for kind in trials},
        unlike={kind: study.worst(scores, matrices[kind], alike=False) for kind in trials},
    )


class _Study:
    """The labelled set as rows of templates."""

    def __init__(self, labelled: LabelledSet, acquired: Mapping[Capture, Acquired]) -> None:
        self.people = labelled.people
        self._acquired = acquired
        self.groups = {
            group: np.array([group in person.groups for person in labelled.people])
            for group in labelled.groups
        }
        enrolled = [
            (number, person.enrolment)
            for number, person in enumerate(self.people)
            if self._vector(person.enrolment, Purpose.ENROLMENT) is not None
        ]
        self.enrolment_pictures = [picture for _, picture in enrolled]
        self.records = self._faces(enrolled, Purpose.ENROLMENT)
        probes = [
            (number, probe)
            for number, person in enumerate(self.people)
            for probe in person.probes
            if self._vector(probe, Purpose.LIVE) is not None
        ]
        self.probe_pictures = [picture for _, picture in probes]
        self.probes = self._faces(probes, Purpose.LIVE)
        self.row_of = {picture.line: row for row, picture in enumerate(self.probe_pictures)}

    @property
    def failures(self) -> int:
        """How many pictures gave no template in the part that they play."""
        missing = (outcome.vector is None for _, outcome in self._captures())
        return sum(missing)

    def gates(self) -> dict[str, Any]:
        """Count what the product answers before it compares, by the part a picture plays."""
        gates: dict[str, Any] = {}
        for name, purpose in (("enrolments", Purpose.ENROLMENT), ("probes", Purpose.LIVE)):
            own = [outcome for part, outcome in self._captures() if part is purpose]
            turned_away = Counter(outcome.gate for outcome in own)
            gates[name] = {
                "images": len(own),
                "compared": turned_away.pop(None, 0),
                "referred": {gate.value: n for gate, n in sorted(turned_away.items()) if gate},
                "failed_measures": dict(
                    sorted(Counter(name.value for one in own for name in one.failed).items())
                ),
            }
        return gates

    def compares(self, picture: LabelledPicture, purpose: Purpose) -> bool:
        """Whether the product's gates let a picture through."""
        return self._acquired[Capture(picture.path, purpose)].gate is None

    def frames(self, people: Sequence[int]) -> list[Frame]:
        """The measured probes of some people."""
        return [
            Frame(number, row, self._acquired[Capture(probe.path, Purpose.LIVE)].measures)
            for number in people
            for probe in self.people[number].probes
            if (row := self.row_of.get(probe.line)) is not None
        ]

    def two_enrolments(self, people: Sequence[int]) -> Faces:
        """One record a person: the mean of the templates of the first two pictures."""
        vectors = {
            number: [
                vector
                for picture in self.people[number].pictures[:2]
                if (vector := self._vector(picture, Purpose.ENROLMENT)) is not None
            ]
            for number in people
        }
        means = {number: np.mean(found, axis=0) for number, found in vectors.items() if found}
        return _faces(list(means.items()))

    def worst(self, scores: Scores, matrix: Floats | None, *, alike: bool) -> tuple[WorstPair, ...]:
        """Return the strangers most alike, or the pairs of one person least alike."""
        if matrix is None:
            return ()
        cells = np.flatnonzero(scores.same.ravel() != alike)
        found = matrix.ravel()[cells] * (1 if alike else -1)
        kept = min(_WORST, len(found))
        if kept and kept < len(found):
            nearest = np.argpartition(found, kept - 1)[:kept]
        else:
            nearest = np.arange(kept)
        nearest = nearest[np.argsort(found[nearest], kind="stable")]
        rows, columns = np.unravel_index(cells[nearest], matrix.shape)
        return tuple(
            WorstPair(
                float(matrix[row, column]),
                self.enrolment_pictures[column],
                self.probe_pictures[row],
            )
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
        )

    def _captures(self) -> Iterable[tuple[Purpose, Acquired]]:
        """Every picture in the one part that it plays."""
        for person in self.people:
            for picture in person.pictures:
                purpose = Purpose.ENROLMENT if picture is person.enrolment else Purpose.LIVE
                yield purpose, self._acquired[Capture(picture.path, purpose)]

    def _vector(self, picture: LabelledPicture, purpose: Purpose) -> Any:
        return self._acquired[Capture(picture.path, purpose)].vector

    def _faces(self, pictures: Sequence[tuple[int, LabelledPicture]], purpose: Purpose) -> Faces:
        return _faces([(number, self._vector(picture, purpose)) for number, picture in pictures])


def _faces(rows: Sequence[tuple[int, Any]]) -> Faces:
    vectors = np.array([vector for _, vector in rows], dtype=np.float64)
    return Faces(
        vectors.reshape(len(rows), TEMPLATE_DIMENSIONS),
        np.array([number for number, _ in rows], dtype=np.intp),
    )


# --- the rates of single comparisons -------------------------------------------------------


def _rates(
    study: _Study,
    scores: Scores,
    matrix: Floats | None,
    decided: Floats | None,
    trials: Trials | None,
    attempted: Integers,
    shipped: Shipped | None,
) -> dict[str, Any]:
    if matrix is None or decided is None or trials is None:
        keys = ("fnmr_at_fmr", "threshold_at_fmr", "ci95", "at_shipped_threshold", "by_group")
        return dict.fromkeys(keys)
    thresholds = threshold_at_fmr(trials)
    rates: dict[str, Any] = {
        "fnmr_at_fmr": fnmr_at_fmr(trials),
        "threshold_at_fmr": thresholds,
        "ci95": intervals(trials),
        "at_shipped_threshold": None,
        "by_group": {
            group: group_rates(
                matrix,
                scores,
                attempted,
                members,
                {name: thresholds[name] for name in GROUP_TARGETS},
            )
            for group, members in study.groups.items()
        },
    }
    if shipped is not None:
        by_decision = Trials.of(decided, scores, attempted)
        rates["at_shipped_threshold"] = {
            "id": shipped.id,
            "threshold": shipped.value,
            "raw_at_most": shipped.raw_at_most,
            "fmr": by_decision.fmr(shipped.value),
            "fnmr": by_decision.fnmr(shipped.value),
            "ci95": shipped_intervals(by_decision, shipped.value),
        }
        for group, members in study.groups.items():
            at_shipped = group_rates(
                decided, scores, attempted, members, {"shipped": shipped.value}
            )
            for rate in ("fmr", "fnmr"):
                rates["by_group"][group][rate] |= at_shipped[rate]
    return rates


# --- several frames, several attempts ------------------------------------------------------


def _multi_frame(study: _Study) -> dict[str, Any]:
    """Rates of fused frames and enrolments, each beside one of both for the same people."""
    variants: dict[str, Any] = {}
    many = _with_probes(study.people, max(FRAMES))
    each_once = _trials_of(study, many, 1)
    frames = study.frames(many)
    for count in FRAMES:
        live = fused(study.probes, best_frames(frames, count))
        variants[f"frames_{count}"] = _variant(
            score_pairs(live, study.records, study.records), each_once, len(many)
        )
    several = _with_probes(study.people, 2)
    numbers = np.isin(study.records.people, several)
    first = {study.people[number].probes[0].line for number in several}
    rows = np.array(
        [
            number in set(several) and picture.line not in first
            for number, picture in zip(
                study.probes.people.tolist(), study.probe_pictures, strict=True
            )
        ],
        dtype=np.bool_,
    )
    rest = _trials_of(study, several, None)
    for count, records in (
        (1, study.records.take(numbers)),
        (2, study.two_enrolments(several)),
    ):
        variants[f"enrolments_{count}"] = _variant(
            score_pairs(study.probes.take(rows), records, study.records), rest, len(several)
        )
    return variants


def _with_probes(people: Sequence[Person], at_least: int) -> list[int]:
    return [number for number, person in enumerate(people) if len(person.probes) >= at_least]


def _trials_of(study: _Study, people: Sequence[int], each: int | None) -> Integers:
    """Genuine trials by person: `each`, or None for every probe but the first."""
    attempted = np.zeros(len(study.people), dtype=np.intp)
    for number in people:
        attempted[number] = len(study.people[number].probes) - 1 if each is None else each
    return attempted


def _variant(scores: Scores, attempted: Integers, people: int) -> dict[str, Any]:
    variant: dict[str, Any] = {
        "people": people,
        "genuine": int(attempted.sum()),
        "impostor": scores.raw.size - int(scores.same.sum()),
    }
    for kind, matrix in (("raw", scores.raw), ("normalised", scores.normalised)):
        trials = None if matrix is None else Trials.of(matrix, scores, attempted)
        variant[kind] = {
            "fnmr_at_fmr": None if trials is None else fnmr_at_fmr(trials),
            "threshold_at_fmr": None if trials is None else threshold_at_fmr(trials),
        }
    return variant


def _transaction(
    study: _Study,
    scores: Scores,
    matrices: Mapping[str, Floats | None],
    decided: Mapping[str, Floats | None],
    report: Mapping[str, Any],
    limits: Mapping[str, Shipped | None],
) -> dict[str, Any]:
    """Errors of people with as many probes as the most attempts, by the attempts permitted."""
    people = _with_probes(study.people, max(ATTEMPTS))
    enrolled = np.array(
        [study.compares(picture, Purpose.ENROLMENT) for picture in study.enrolment_pictures],
        dtype=np.bool_,
    )
    transactions: dict[str, Any] = {}
    for permitted in ATTEMPTS:
        attempts = {
            number: [
                study.row_of[probe.line] if study.compares(probe, Purpose.LIVE) else None
                for probe in study.people[number].probes[:permitted]
            ]
            for number in people
        }
        entry: dict[str, Any] = {"people": len(people)}
        for kind, matrix in matrices.items():
            entry[kind] = None
            if matrix is None:
                continue
            thresholds = report[kind]["threshold_at_fmr"]
            tried = Transactions.of(matrix, scores, attempts, enrolled)
            entry["impostor_transactions"] = tried.impostors
            entry[kind] = {
                name: None if thresholds[name] is None else tried.errors(thresholds[name])
                for name in TRANSACTION_TARGETS
            }
            limit, by_decision = limits[kind], decided[kind]
            entry[kind]["shipped"] = (
                None
                if limit is None or by_decision is None
                else Transactions.of(by_decision, scores, attempts, enrolled).errors(limit.value)
            )
        transactions[str(permitted)] = entry
    return transactions


# --- what only pictures show ---------------------------------------------------------------


def _curve(trials: Trials) -> Curve:
    impostors = len(trials.impostor)
    ranks = np.unique(np.geomspace(1, impostors, _CURVE_POINTS).astype(np.intp))
    thresholds = trials.impostor[ranks - 1]
    matched = np.searchsorted(trials.genuine, thresholds, "right")
    attempted = max(1, int(trials.attempted.sum()))
    both = np.concatenate([trials.genuine, trials.impostor])
    edges = np.linspace(float(both.min()), float(both.max()), _BINS + 1)
    return Curve(
        fmr=ranks / impostors,
        fnmr=1 - matched / attempted,
        edges=edges,
        genuine=_shares(trials.genuine, edges),
        impostor=_shares(trials.impostor, edges),
    )


def _shares(values: Floats, edges: Floats) -> Floats:
    return np.asarray(np.histogram(values, edges)[0] / max(1, len(values)))
