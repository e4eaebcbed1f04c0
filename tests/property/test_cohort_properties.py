"""The normalised score is blind to who the live face is. Each property has a broken twin."""

import json
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from biometrics.cohort.cohort import (
    NEAR_DUPLICATE_AT_MOST,
    Cohort,
    CohortKind,
    CohortTooSmall,
    NormalisedComparison,
    RecordReference,
)
from biometrics.cohort.content import CohortContent
from biometrics.cohort.statistics import LEAST_COHORT, normalised_score, statistics_of
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.matching import distance
from biometrics.results import FaceTemplate, ModelIdentity

MODEL = ModelIdentity("net", "1", "mirror")
# Shrinking is left out: a smaller seed is no simpler cohort. No deadline: machines are shared.
quickly = settings(max_examples=40, deadline=None, phases=[Phase.generate])
seeds = st.integers(0, 2**32)
sizes = st.integers(LEAST_COHORT + 20, 420)


def _key(number: int) -> bytes:
    return number.to_bytes(16, "big")


TRAVELERS = 4


class Scene:
    """A cohort with some entries of its own travelers, and these travelers' templates.

    Traveler i has the person key i. Some entries are theirs, within 0.5 of how they look, as
    their live faces are.
    """

    def __init__(self, seed: int, size: int) -> None:
        random = np.random.default_rng(seed)

        def near(vector: np.ndarray) -> np.ndarray:
            step = random.normal(0, 1, 128)
            return np.asarray(vector + random.uniform(0, 0.5) * step / np.linalg.norm(step))

        vectors = random.normal(0, 0.05, (size, 128))
        truths = random.normal(0, 0.05, (TRAVELERS, 128))
        self.persons = [_key(TRAVELERS + number) for number in range(size)]
        for place in random.permutation(size)[:8]:
            who = int(random.integers(TRAVELERS))
            vectors[place] = near(truths[who])
            self.persons[place] = _key(who)
        self.vectors = vectors.astype(np.float32)
        self.records = [FaceTemplate(MODEL, truth) for truth in truths]
        self.lives = [FaceTemplate(MODEL, near(truth)) for truth in truths]

    @property
    def cohort(self) -> Cohort:
        return _cohort(self.vectors, self.persons)


def _cohort(vectors: np.ndarray, persons: list[bytes]) -> Cohort:
    size = len(vectors)
    return Cohort(
        CohortContent(
            model=MODEL,
            version="test-1",
            kind=CohortKind.MEMBERS,
            created_on=date(2026, 1, 2),
            generator="random numbers",
            strata=("all",),
            vectors=vectors,
            persons=np.frombuffer(b"".join(persons), np.uint8).reshape(size, 16),
            stratum_of=np.zeros(size, np.uint16),
        )
    )


scenes = st.builds(Scene, seeds, sizes)
Score = Callable[[Cohort, FaceTemplate, FaceTemplate, bytes | None, bytes], NormalisedComparison]
"""Cohort, live face, record, claimed person, and whose the live face really is: a label that the
product never has, here for the broken twins."""


def _score(
    cohort: Cohort, live: FaceTemplate, record: FaceTemplate, claimed: bytes | None, _: bytes
) -> NormalisedComparison:
    reference = cohort.reference(record, person=claimed)
    assert isinstance(reference, RecordReference)
    return cohort.score(live, record, reference)


def _check_blind_to_the_label(score: Score) -> None:
    """Whoever the live face really is: the same two templates score the same."""

    @quickly
    @given(scenes, st.permutations(range(TRAVELERS)))
    def holds(scene: Scene, labels: list[int]) -> None:
        cohort = scene.cohort
        for claimed, record in enumerate(scene.records):
            for truly, live in enumerate(scene.lives):
                first = score(cohort, live, record, _key(claimed), _key(truly))
                second = score(cohort, live, record, _key(claimed), _key(labels[truly]))
                assert first == second

    holds()


def _check_the_same_entries_on_both_sides_for_everybody(score: Score) -> None:
    """The record's statistics and the number of entries do not depend on the live face."""

    @quickly
    @given(scenes)
    def holds(scene: Scene) -> None:
        cohort = scene.cohort
        for claimed, record in enumerate(scene.records):
            found = [
                score(cohort, live, record, _key(claimed), _key(truly))
                for truly, live in enumerate(scene.lives)
            ]
            assert len({comparison.record for comparison in found}) == 1
            assert {comparison.live.size for comparison in found} == {found[0].record.size}

    holds()


def _check_own_entries_make_no_difference(score: Score) -> None:
    """With the claimed person's entries or without them: one score."""

    @quickly
    @given(scenes)
    def holds(scene: Scene) -> None:
        for claimed, record in enumerate(scene.records):
            others = [at for at, key in enumerate(scene.persons) if key != _key(claimed)]
            without = _cohort(scene.vectors[others], [scene.persons[at] for at in others])
            for truly, live in enumerate(scene.lives):
                first = score(scene.cohort, live, record, _key(claimed), _key(truly))
                second = score(without, live, record, _key(claimed), _key(truly))
                assert first.score == pytest.approx(second.score, abs=1e-9)
                assert first.near_duplicates == second.near_duplicates
                assert first.closer_to_another == second.closer_to_another

    holds()


def _check_near_duplicates_make_no_difference(score: Score) -> None:
    """The record enrolled once more, under a key that nobody knows, changes no score."""

    @quickly
    @given(scenes, st.floats(0, NEAR_DUPLICATE_AT_MOST - 1e-3))
    def holds(scene: Scene, away: float) -> None:
        record = scene.records[0]
        step = np.ones(128) * away / np.sqrt(128)
        again = (record.vector + step).astype(np.float32)
        doubled = _cohort(np.vstack([scene.vectors, again]), [*scene.persons, _key(9_999)])
        for truly, live in enumerate(scene.lives):
            first = score(scene.cohort, live, record, _key(0), _key(truly))
            second = score(doubled, live, record, _key(0), _key(truly))
            assert first.score == pytest.approx(second.score, abs=1e-9)
            assert second.near_duplicates == first.near_duplicates + 1

    holds()


def _check_the_order_of_entries_is_nothing(score: Score) -> None:
    @quickly
    @given(scenes, seeds)
    def holds(scene: Scene, seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(scene.vectors))
        shuffled = _cohort(scene.vectors[order], [scene.persons[at] for at in order])
        live, record = scene.lives[1], scene.records[0]
        first = score(scene.cohort, live, record, _key(0), _key(1))
        second = score(shuffled, live, record, _key(0), _key(1))
        assert first.score == pytest.approx(second.score, abs=1e-9)

    holds()


def _without(cohort: Cohort, person: bytes) -> np.ndarray:
    return np.asarray((cohort.content.persons != np.frombuffer(person, np.uint8)).any(axis=1))


def _compared(
    cohort: Cohort, live: FaceTemplate, record: FaceTemplate, kept: np.ndarray
) -> NormalisedComparison:
    """Score against the entries that a broken twin keeps."""
    vectors = cohort.content.vectors[kept].astype(np.float64)
    sides = [
        statistics_of(np.linalg.norm(vectors - face.vector.astype(np.float64), axis=1))
        for face in (live, record)
    ]
    measured = distance(live, record)
    return NormalisedComparison(
        distance=measured,
        score=normalised_score(measured, *sides),
        live=sides[0],
        record=sides[1],
        cohort_digest=cohort.digest,
        cohort_size=cohort.size,
        near_duplicates=0,
        closer_to_another=sides[0].nearest < measured,
    )


def _leaves_out_the_probes_own(
    cohort: Cohort, live: FaceTemplate, record: FaceTemplate, claimed: bytes | None, truly: bytes
) -> NormalisedComparison:
    assert claimed is not None
    return _compared(cohort, live, record, _without(cohort, claimed) & _without(cohort, truly))


def _leaves_out_near_the_live_face(
    cohort: Cohort, live: FaceTemplate, record: FaceTemplate, claimed: bytes | None, _: bytes
) -> NormalisedComparison:
    assert claimed is not None
    far = np.linalg.norm(cohort.content.vectors - live.vector, axis=1) > NEAR_DUPLICATE_AT_MOST
    return _compared(cohort, live, record, _without(cohort, claimed) & far)


def _leaves_out_nobody(
    cohort: Cohort, live: FaceTemplate, record: FaceTemplate, _claimed: bytes | None, _: bytes
) -> NormalisedComparison:
    return _compared(cohort, live, record, np.ones(cohort.size, np.bool_))


def _takes_the_first_entries(
    cohort: Cohort, live: FaceTemplate, record: FaceTemplate, _claimed: bytes | None, _: bytes
) -> NormalisedComparison:
    return _compared(cohort, live, record, np.arange(cohort.size) < LEAST_COHORT)


PROPERTIES = [
    _check_blind_to_the_label,
    _check_the_same_entries_on_both_sides_for_everybody,
    _check_own_entries_make_no_difference,
    _check_near_duplicates_make_no_difference,
    _check_the_order_of_entries_is_nothing,
]


@pytest.mark.parametrize("check", PROPERTIES)
def test_scoring_keeps(check: Callable[[Score], None]) -> None:
    check(_score)


@pytest.mark.parametrize(
    ("check", "broken"),
    list(
        zip(
            PROPERTIES,
            [
                _leaves_out_the_probes_own,
                _leaves_out_near_the_live_face,
                _leaves_out_nobody,
                _leaves_out_nobody,
                _takes_the_first_entries,
            ],
            strict=True,
        )
    ),
)
def test_each_property_catches_its_broken_twin(
    check: Callable[[Score], None], broken: Score
) -> None:
    with pytest.raises(AssertionError):
        check(broken)


@quickly
@given(scenes)
def test_distances_are_those_of_float64_differences(scene: Scene) -> None:
    cohort, live, record = scene.cohort, scene.lives[0], scene.records[1]
    reference = cohort.reference(record, person=None)
    assert isinstance(reference, RecordReference)
    kept = np.delete(np.arange(cohort.size), list(reference.excluded))
    exact = _compared(cohort, live, record, kept)
    found = cohort.score(live, record, reference)
    assert found.score == pytest.approx(exact.score, abs=1e-6)
    assert found.live.nearest == pytest.approx(exact.live.nearest, abs=1e-6)


@quickly
@given(seeds, st.integers(LEAST_COHORT - 6, LEAST_COHORT + 30))
def test_a_reference_exists_exactly_when_enough_is_left(seed: int, size: int) -> None:
    scene = Scene(seed, size)
    for claimed, record in enumerate(scene.records):
        near = np.linalg.norm(scene.vectors - record.vector, axis=1) <= NEAR_DUPLICATE_AT_MOST
        own = np.array([key == _key(claimed) for key in scene.persons])
        left = int((~(near | own)).sum())
        found = scene.cohort.reference(record, person=_key(claimed))
        if left < LEAST_COHORT:
            assert found == CohortTooSmall(left, size, int((near & ~own).sum()))
        else:
            assert isinstance(found, RecordReference)
            assert found.statistics.size == left


@quickly
@given(scenes)
def test_a_stored_reference_comes_back_the_same(scene: Scene) -> None:
    cohort, record = scene.cohort, scene.records[0]
    reference = cohort.reference(record, person=_key(0))
    assert isinstance(reference, RecordReference)
    data = reference.to_bytes()
    stored = RecordReference.from_bytes(data, cohort_digest=cohort.digest, record=record)
    assert stored == reference


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_make_reading_a_reference_raise_anything_else(data: bytes) -> None:
    record = FaceTemplate(MODEL, np.zeros(128, np.float32))
    for bytes_ in (data, b"CREF\1" + data):
        with pytest.raises(BiometricsError) as caught:
            RecordReference.from_bytes(bytes_, cohort_digest="00" * 32, record=record)
        assert caught.value.code is BiometricsErrorCode.COHORT_MALFORMED


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=2_000), st.integers(0, 2_000))
def test_no_bytes_make_reading_a_content_raise_anything_else(data: bytes, length: int) -> None:
    lead = b"KIOSKCHT\1\0" + length.to_bytes(4, "little")
    for bytes_ in (data, lead + data, lead + b"{" + data):
        with pytest.raises(BiometricsError) as caught:
            CohortContent.from_bytes(bytes_)
        assert caught.value.code is BiometricsErrorCode.COHORT_MALFORMED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("members"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
FIELDS = ["created_on", "dimension", "generator", "kind", "model", "size", "strata", "version"]


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=8), st.booleans())
def test_no_header_makes_reading_a_content_raise_anything_else(
    changes: dict[str, object], whole: bool
) -> None:
    vectors = np.zeros((1, 128), np.float32)
    good = _cohort(vectors, [_key(0)]).content.to_bytes()
    length = int.from_bytes(good[10:14], "little")
    header = json.loads(good[14 : 14 + length]) if whole else {}
    text = json.dumps({**header, **changes}, sort_keys=True, separators=(",", ":")).encode()
    data = good[:10] + len(text).to_bytes(4, "little") + text + good[14 + length :]
    if data == good:
        assert CohortContent.from_bytes(data).to_bytes() == good
        return
    with pytest.raises(BiometricsError) as caught:
        CohortContent.from_bytes(data)
    assert caught.value.code is BiometricsErrorCode.COHORT_MALFORMED
