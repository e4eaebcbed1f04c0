"""How long an identification takes beside plain Faiss, in the same rounds, and how right it is.

Plain Faiss is one search of `IndexScalarQuantizer(QT_8bit)` for as many candidates, without
exact distances, persons, thresholds or a margin. All variants take turns on every live
picture, in an order that changes, because a shared machine is never the same twice.

The people are made up and alike in what matters for a search: templates have a norm of about
1.4 and a common direction, those of one person lie about 0.4 apart and one in 10,000 pairs of
strangers within about 0.46, as measured on photographs. Their error rates say nothing about
faces.
"""

import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from biometrics.gallery.answers import Ambiguous, Identification, Identified, Unknown
from biometrics.gallery.members import CANDIDATES, FaceGallery
from biometrics.gallery.thresholds import DLIB_RESNET_V1
from biometrics.results import TEMPLATE_DIMENSIONS, FaceTemplate, ModelIdentity

_MODEL = ModelIdentity(*DLIB_RESNET_V1.model.split("/"))
_COMMON_NORM = 1.3
_PERSON_NORM = 0.48
_PICTURE_NORM = 0.28
_DECAY = 0.96  # of the spread from one direction to the next
_CHANGES = 100  # single additions and removals that are timed
_Answers = Counter[str]


@dataclass(frozen=True, slots=True)
class Times:
    """The middle and the slow end of repeated calls, in microseconds."""

    p50_us: float
    p95_us: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Times":
        """Summarise at least one call."""
        p50, p95 = np.percentile(seconds, [50, 95]) * 1e6
        return cls(round(float(p50), 1), round(float(p95), 1))


@dataclass(frozen=True, slots=True)
class GalleryBench:
    """One size. `ratio` is the median of identify() over that of plain Faiss.

    `nearest_exact` is the share of answers that told the distance of the nearest template as
    a search of all float32 vectors finds it; `plain_nearest` the share in which plain Faiss
    put that template first. `members` and `strangers` count the answers to live pictures of
    people in and not in the gallery.
    """

    persons: int
    lives: int
    plain_faiss: Times
    identify: Times
    brute_force: Times
    ratio: float
    nearest_exact: float
    plain_nearest: float
    threshold: float
    members: dict[str, int]
    strangers: dict[str, int]
    load_ms: float
    add: Times
    remove: Times
    bytes_per_member: int


def run_bench(sizes: Iterable[int], lives: int, seed: int) -> Iterator[GalleryBench]:
    """Measure galleries of these sizes with so many live pictures each, a quarter strangers.

    For the whole run Faiss is on one thread, as identify() always is.
    """
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        for persons in sizes:
            yield _measured(persons, lives, np.random.default_rng(seed))
    finally:
        faiss.omp_set_num_threads(threads)


class _People:
    """Made-up people with as many different pictures of each as are asked for."""

    def __init__(self, count: int, rng: np.random.Generator) -> None:
        spread = _DECAY ** np.arange(TEMPLATE_DIMENSIONS)
        self._spread = spread / np.linalg.norm(spread)
        common = rng.normal(size=TEMPLATE_DIMENSIONS)
        self._means = rng.normal(size=(count, TEMPLATE_DIMENSIONS)) * self._spread * _PERSON_NORM
        self._means += common * (_COMMON_NORM / np.linalg.norm(common))
        self._rng = rng

    def pictures(self, people: NDArray[np.int64]) -> list[FaceTemplate]:
        """Return one picture of each of these people, who may repeat."""
        noise = self._rng.normal(size=(len(people), TEMPLATE_DIMENSIONS)) * self._spread
        vectors = (self._means[people] + noise * _PICTURE_NORM).astype(np.float32)
        return [FaceTemplate(_MODEL, vector) for vector in vectors]


def _measured(persons: int, lives: int, rng: np.random.Generator) -> GalleryBench:
    strangers = max(lives // 4, 1)
    people = _People(persons + max(strangers, _CHANGES), rng)
    templates = people.pictures(np.arange(persons))
    shown = rng.integers(persons, size=lives)
    shown[:strangers] = persons + np.arange(strangers)

    gallery = FaceGallery(_MODEL)
    load, _ = _timed(gallery.add, _members(templates))
    enrolled = np.stack([template.vector for template in templates])
    times: dict[str, list[float]] = {}
    exact = plain_exact = 0
    members, others = _Answers(), _Answers()
    for person, live, measured in _in_turns(gallery, enrolled, shown, people.pictures(shown)):
        for name, (seconds, _) in measured.items():
            times.setdefault(name, []).append(seconds)
        difference = enrolled - live.vector.astype(np.float64)
        truth = np.sqrt(np.vecdot(difference, difference))
        answer = measured["identify"][1]
        exact += _nearest_told(answer) == truth.min()
        plain_exact += int(measured["plain_faiss"][1][1][0, 0]) == int(truth.argmin())
        (members if person < persons else others)[_kind(answer, _key(person))] += 1

    newcomers = np.arange(persons, persons + _CHANGES)
    pairs = [
        (_key(person), template)
        for person, template in zip(newcomers.tolist(), people.pictures(newcomers), strict=True)
    ]
    added = [_timed(gallery.add, [pair])[0] for pair in pairs]
    removed = [_timed(gallery.remove, _key(at))[0] for at in rng.permutation(newcomers).tolist()]
    return GalleryBench(
        persons=persons,
        lives=lives,
        plain_faiss=Times.of(times["plain_faiss"]),
        identify=Times.of(times["identify"]),
        brute_force=Times.of(times["brute_force"]),
        ratio=round(float(np.median(times["identify"]) / np.median(times["plain_faiss"])), 2),
        nearest_exact=exact / lives,
        plain_nearest=plain_exact / lives,
        threshold=round(gallery.threshold.value, 4),
        members=_counts(members),
        strangers=_counts(others),
        load_ms=round(load * 1000, 1),
        add=Times.of(added),
        remove=Times.of(removed),
        bytes_per_member=_bytes_held(templates) // persons,
    )


def _in_turns(
    gallery: FaceGallery,
    enrolled: NDArray[np.float32],
    shown: NDArray[np.int64],
    lives: Sequence[FaceTemplate],
) -> Iterator[tuple[int, FaceTemplate, dict[str, tuple[float, Any]]]]:
    """Yield person, live picture, and seconds and result of every variant."""
    plain = faiss.IndexScalarQuantizer(
        TEMPLATE_DIMENSIONS, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_L2
    )
    plain.train(enrolled)
    plain.add(enrolled)
    squares = (enrolled * enrolled).sum(axis=1)
    variants: list[tuple[str, Callable[[FaceTemplate], Any]]] = [
        ("plain_faiss", lambda live: plain.search(live.vector[None], CANDIDATES)),
        ("identify", gallery.identify),
        ("brute_force", lambda live: np.argmin(squares - 2.0 * (enrolled @ live.vector))),
    ]
    for _, variant in variants:
        variant(lives[0])  # the first call allocates
    for person, live in zip(shown.tolist(), lives, strict=True):
        yield person, live, {name: _timed(variant, live) for name, variant in variants}
        variants.append(variants.pop(0))


def _members(templates: Iterable[FaceTemplate]) -> Iterator[tuple[bytes, FaceTemplate]]:
    return ((_key(at), template) for at, template in enumerate(templates))


def _key(person: int) -> bytes:
    return person.to_bytes(16, "big")


def _nearest_told(answer: Identification) -> float | None:
    match answer:
        case Identified(distance=nearest) | Unknown(nearest=nearest):
            return nearest
        case Ambiguous(distances=distances):
            return distances[0]


def _kind(answer: Identification, person: bytes) -> str:
    match answer:
        case Identified(person=found):
            return "right" if found == person else "wrong"
        case Ambiguous():
            return "ambiguous"
        case Unknown():
            return "unknown"


def _counts(answers: _Answers) -> dict[str, int]:
    return {kind: answers[kind] for kind in ("right", "wrong", "ambiguous", "unknown")}


def _bytes_held(templates: Sequence[FaceTemplate]) -> int:
    """What a gallery of these holds: memory that Python and NumPy count, and Faiss's codes."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        gallery = FaceGallery(_MODEL)
        gallery.add(_members(templates))
        after, _ = tracemalloc.get_traced_memory()
        return after - before + gallery.templates * TEMPLATE_DIMENSIONS
    finally:
        tracemalloc.stop()


def _timed(call: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    result = call(*arguments)
    return time.perf_counter() - started, result
