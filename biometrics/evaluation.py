"""Error rates on labelled photographs, by ISO/IEC 19795-1.

Every picture goes once through the product's own pipeline. Genuine trials are the pairs of one
identity in `pairs.csv`, impostor trials all pairs of measured pictures of two identities.
Intervals come from a bootstrap over identities: pairs that share a person are not independent,
so resampling pairs would flatter.

What a traveler meets is the false rejection rate: FRR = FTA + (1 - FTA) FNMR, where FTA is the
share of pictures that could not be measured and FNMR that of measured genuine pairs above the
threshold. It presumes that the portrait on record could be measured, as enrolment demands.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from biometrics.pipeline import FacePipeline
from biometrics.results import (
    FaceOutcome,
    FaceTemplate,
    MeasuredFace,
    NoFace,
    OutOfTime,
    SeveralFaces,
    TooPoor,
    UnreadablePicture,
)
from biometrics.thresholds import ComparisonThreshold

FMR_TARGETS = (1e-2, 1e-3, 1e-4)
_BOOTSTRAP_ROUNDS = 200
_BOOTSTRAP_SEED = 20_190_905


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One row of `images.csv`: the path below the data folder, and who it shows."""

    path: str
    identity: str


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Labelled pictures of one data set and the pairs among them."""

    folder: Path
    pictures: tuple[LabelledPicture, ...]
    pairs: tuple[tuple[str, str], ...]


class OutcomeName(StrEnum):
    """How measuring one picture ended, without the details."""

    MEASURED = "measured"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_POOR = "too_poor"
    UNREADABLE = "unreadable"
    OUT_OF_TIME = "out_of_time"


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What became of each picture of a set, by its path."""

    templates: Mapping[str, FaceTemplate]
    outcomes: Mapping[str, OutcomeName]


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval, as fractions."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RateAtTarget:
    """The largest threshold whose FMR does not exceed a target, and the FNMR there.

    `threshold` and `fnmr` are None when there are too few impostor pairs to say.
    """

    fmr_target: float
    threshold: float | None
    fnmr: float | None


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Error rates at the threshold that the product ships.

    `frr` is the false rejection rate of one picture against a measured one. An interval is None
    when not one error was seen: resampling no errors always yields none.
    """

    threshold_id: str
    threshold: float
    fmr: float | None
    fmr_interval: Interval | None
    fnmr: float | None
    fnmr_interval: Interval | None
    frr: float | None
    frr_interval: Interval | None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The report of one run; rates are fractions, None where nothing could be measured."""

    pictures: int
    identities: int
    outcomes: dict[OutcomeName, int]
    detection_rate: float | None
    too_poor_rate: float | None
    genuine_pairs: int
    genuine_pairs_measured: int
    impostor_pairs_measured: int
    at_fmr: tuple[RateAtTarget, ...]
    shipped: OperatingPoint


def load_labelled_set(folder: Path, dataset: str, limit: int | None = None) -> LabelledSet:
    """Read `images.csv` and `pairs.csv`, keeping one data set and its first `limit` pictures.

    Raises:
        OSError: A file cannot be read.
        ValueError: A column is missing, or no picture is left.
    """
    try:
        pictures = [
            LabelledPicture(row["path"], row["identity"])
            for row in _rows(folder / "images.csv")
            if row["dataset"] == dataset
        ][:limit]
        kept = {picture.path for picture in pictures}
        pairs = tuple(
            (row["path_a"], row["path_b"])
            for row in _rows(folder / "pairs.csv")
            if row["path_a"] in kept and row["path_b"] in kept
        )
    except KeyError as missing:
        raise ValueError(f"the column {missing} is missing") from None
    if not pictures:
        raise ValueError(f"no picture of data set {dataset!r}")
    return LabelledSet(folder, tuple(pictures), pairs)


def acquire(
    folder: Path, pictures: Iterable[LabelledPicture], pipeline: FacePipeline
) -> Acquisition:
    """Measure every picture; about 0.05 s each on one core."""
    templates: dict[str, FaceTemplate] = {}
    outcomes: dict[str, OutcomeName] = {}
    for picture in pictures:
        outcome = pipeline.measure((folder / picture.path).read_bytes(), deadline=None).outcome
        outcomes[picture.path] = name_of(outcome)
        if isinstance(outcome, MeasuredFace):
            templates[picture.path] = outcome.template
    return Acquisition(templates, outcomes)


def evaluate(
    labelled: LabelledSet, acquisition: Acquisition, threshold: ComparisonThreshold
) -> Evaluation:
    """Score all trials of a set and report the rates."""
    trials = _Trials.of(labelled, acquisition.templates)
    counts = Counter(acquisition.outcomes.values())
    readable = len(labelled.pictures) - counts[OutcomeName.UNREADABLE]
    detected = readable - counts[OutcomeName.NO_FACE]
    return Evaluation(
        pictures=len(labelled.pictures),
        identities=len({picture.identity for picture in labelled.pictures}),
        outcomes={name: counts[name] for name in OutcomeName},
        detection_rate=_ratio(detected, readable),
        too_poor_rate=_ratio(counts[OutcomeName.TOO_POOR], detected),
        genuine_pairs=trials.genuine_attempted,
        genuine_pairs_measured=len(trials.genuine),
        impostor_pairs_measured=len(trials.impostor),
        at_fmr=tuple(_rate_at(trials, target) for target in FMR_TARGETS),
        shipped=_operating_point(trials, threshold),
    )


def name_of(outcome: FaceOutcome) -> OutcomeName:
    """Return the name under which an outcome is counted."""
    match outcome:
        case MeasuredFace():
            return OutcomeName.MEASURED
        case NoFace():
            return OutcomeName.NO_FACE
        case SeveralFaces():
            return OutcomeName.SEVERAL_FACES
        case TooPoor():
            return OutcomeName.TOO_POOR
        case UnreadablePicture():
            return OutcomeName.UNREADABLE
        case OutOfTime():
            return OutcomeName.OUT_OF_TIME
        case _:
            assert_never(outcome)


@dataclass(frozen=True, slots=True)
class _Trials:
    """Distances of all trials, with the identities (by number) that each one involves."""

    genuine: NDArray[np.float64]
    genuine_identity: NDArray[np.intp]
    genuine_attempted: int
    impostor: NDArray[np.float64]
    impostor_identities: NDArray[np.intp]  # shape (trials, 2)
    pictures: NDArray[np.intp]  # how many each identity has
    measured: NDArray[np.intp]  # and how many of them could be measured

    @classmethod
    def of(cls, labelled: LabelledSet, templates: Mapping[str, FaceTemplate]) -> "_Trials":
        identity_of = {picture.path: picture.identity for picture in labelled.pictures}
        numbers = {name: i for i, name in enumerate(dict.fromkeys(identity_of.values()))}
        number_of = {path: numbers[name] for path, name in identity_of.items()}
        measured = [path for path in identity_of if path in templates]
        row = {path: i for i, path in enumerate(measured)}
        vectors = np.array([templates[path].vector for path in measured], dtype=np.float64).reshape(
            len(measured), -1
        )
        identity = np.array([number_of[path] for path in measured], dtype=np.intp)
        genuine = [pair for pair in labelled.pairs if identity_of[pair[0]] == identity_of[pair[1]]]
        genuine_rows = np.array(
            [(row[a], row[b]) for a, b in genuine if a in row and b in row], dtype=np.intp
        ).reshape(-1, 2)
        a, b = np.triu_indices(len(measured), 1)
        strangers = identity[a] != identity[b]
        impostor_rows = np.stack([a[strangers], b[strangers]], axis=1)
        return cls(
            genuine=_distances(vectors, genuine_rows),
            genuine_identity=identity[genuine_rows[:, 0]],
            genuine_attempted=len(genuine),
            impostor=_distances(vectors, impostor_rows),
            impostor_identities=identity[impostor_rows],
            pictures=np.bincount(list(number_of.values()), minlength=len(numbers)),
            measured=np.bincount(identity, minlength=len(numbers)),
        )


def _distances(vectors: NDArray[np.float64], pairs: NDArray[np.intp]) -> NDArray[np.float64]:
    # In blocks: a million pairs of 128 doubles at once would be two gigabytes.
    blocks = [
        np.linalg.norm(vectors[block[:, 0]] - vectors[block[:, 1]], axis=1)
        for block in np.array_split(pairs, max(1, len(pairs) // 50_000))
    ]
    return np.concatenate(blocks)


def _rate_at(trials: _Trials, target: float) -> RateAtTarget:
    allowed = int(target * len(trials.impostor))
    if allowed == 0:
        return RateAtTarget(target, None, None)
    threshold = float(np.partition(trials.impostor, allowed - 1)[allowed - 1])
    return RateAtTarget(target, threshold, _share(trials.genuine > threshold))


def _operating_point(trials: _Trials, threshold: ComparisonThreshold) -> OperatingPoint:
    missed = trials.genuine > threshold.value
    accepted = trials.impostor <= threshold.value
    fmr, fnmr = _share(accepted), _share(missed)
    frr = _false_rejection(int(trials.measured.sum()), int(trials.pictures.sum()), fnmr)
    fmrs, fnmrs, frrs = _resampled(trials, missed, accepted)
    return OperatingPoint(
        threshold_id=threshold.id,
        threshold=threshold.value,
        fmr=fmr,
        fmr_interval=_interval(fmrs) if fmr else None,
        fnmr=fnmr,
        fnmr_interval=_interval(fnmrs) if fnmr else None,
        frr=frr,
        frr_interval=_interval(frrs) if frr else None,
    )


def _resampled(
    trials: _Trials, missed: NDArray[np.bool_], accepted: NDArray[np.bool_]
) -> tuple[list[float], list[float], list[float]]:
    """Return FMR, FNMR and FRR of sets of as many identities, drawn with replacement.

    An identity drawn k times counts k times, and a pair of identities as often as the product
    of both; the weight of all impostor pairs follows from the pictures of each identity alone.
    """
    random = np.random.default_rng(_BOOTSTRAP_SEED)
    identities = len(trials.pictures)
    accepted_identities = trials.impostor_identities[accepted]
    fmrs: list[float] = []
    fnmrs: list[float] = []
    frrs: list[float] = []
    for _ in range(_BOOTSTRAP_ROUNDS):
        weight = np.bincount(random.integers(0, identities, identities), minlength=identities)
        measured = weight * trials.measured
        impostor_weight = (int(measured.sum()) ** 2 - int((measured**2).sum())) // 2
        if impostor_weight:
            fmrs.append(float(weight[accepted_identities].prod(axis=1).sum() / impostor_weight))
        genuine_weight = weight[trials.genuine_identity]
        if genuine_weight.sum():
            fnmr = float(genuine_weight[missed].sum() / genuine_weight.sum())
            fnmrs.append(fnmr)
            frr = _false_rejection(int(measured.sum()), int((weight * trials.pictures).sum()), fnmr)
            if frr is not None:
                frrs.append(frr)
    return fmrs, fnmrs, frrs


def _false_rejection(measured: int, pictures: int, fnmr: float | None) -> float | None:
    if fnmr is None or not pictures:
        return None
    return 1 - measured / pictures * (1 - fnmr)


def _interval(samples: Sequence[float]) -> Interval | None:
    if not samples:
        return None
    low, high = np.quantile(samples, [0.025, 0.975])
    return Interval(float(low), float(high))


def _share(flags: NDArray[np.bool_]) -> float | None:
    return float(flags.mean()) if flags.size else None


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)
