"""Scoring in front of a cohort: what is left out, on both sides, and what is refused."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

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
from biometrics.results import FaceTemplate, ModelIdentity

MODEL = ModelIdentity("net", "1", "mirror")
OTHER_MODEL = ModelIdentity("net", "2", "mirror")


def _key(number: int) -> bytes:
    return number.to_bytes(16, "big")


def _vectors(count: int, seed: int = 0) -> np.ndarray:
    """Vectors whose distances are spread about 0.8 with a norm of about 1.4, as of faces."""
    random = np.random.default_rng(seed)
    centre = random.normal(0, 1, 128)
    centre *= 1.3 / np.linalg.norm(centre)
    return (centre + random.normal(0, 0.05, (count, 128))).astype(np.float32)


def _cohort(
    vectors: np.ndarray, persons: list[bytes] | None = None, kind: CohortKind = CohortKind.MEMBERS
) -> Cohort:
    size = len(vectors)
    keys = persons or [_key(number) for number in range(size)]
    return Cohort(
        CohortContent(
            model=MODEL,
            version="test-1",
            kind=kind,
            created_on=date(2026, 1, 2),
            generator="random numbers",
            strata=("a", "b"),
            vectors=vectors,
            persons=np.frombuffer(b"".join(keys), np.uint8).reshape(size, 16),
            stratum_of=np.arange(size, dtype=np.uint16) % 2,
        )
    )


def _template(vector: np.ndarray, model: ModelIdentity = MODEL) -> FaceTemplate:
    return FaceTemplate(model, vector)


def _near(vector: np.ndarray, distance: float, seed: int = 1) -> np.ndarray:
    step = np.random.default_rng(seed).normal(0, 1, 128)
    return (vector + distance * step / np.linalg.norm(step)).astype(np.float32)


def _reference(
    cohort: Cohort, record: FaceTemplate, person: bytes | None = None
) -> RecordReference:
    reference = cohort.reference(record, person=person)
    assert isinstance(reference, RecordReference)
    return reference


def _exact(vectors: np.ndarray, template: FaceTemplate) -> np.ndarray:
    differences = vectors.astype(np.float64) - template.vector.astype(np.float64)
    return np.asarray(np.sqrt((differences**2).sum(axis=1)))


def test_the_score_is_that_of_the_exact_distances() -> None:
    vectors = _vectors(1000)
    people = _vectors(4, seed=8)
    cohort = _cohort(vectors)
    for record in map(_template, people[:2]):
        reference = _reference(cohort, record)
        for live in map(_template, people):
            found = cohort.score(live, record, reference)
            sides = [statistics_of(_exact(vectors, face)) for face in (live, record)]
            assert found.live.mean == pytest.approx(sides[0].mean, abs=1e-6)
            assert found.record.deviation == pytest.approx(sides[1].deviation, abs=1e-6)
            assert found.distance == pytest.approx(_exact(record.vector[None], live)[0])
            expected = normalised_score(found.distance, *sides)
            assert found.score == pytest.approx(expected, abs=1e-4)
            assert (found.cohort_size, found.cohort_digest) == (1000, cohort.digest)


def test_small_distances_do_not_drown_in_rounding() -> None:
    """In float32 the expanded square would be off by up to 1e-3 here."""
    vectors = _vectors(300)
    record = _template(_vectors(1, seed=5)[0])
    vectors[7] = _near(record.vector, NEAR_DUPLICATE_AT_MOST + 2e-6)
    cohort = _cohort(vectors)
    reference = _reference(cohort, record)
    assert reference.excluded == ()
    assert reference.statistics.nearest == pytest.approx(NEAR_DUPLICATE_AT_MOST, abs=4e-6)
    live = _template(_near(vectors[9], 1e-5))
    found = cohort.score(live, record, reference).live.nearest
    assert found == pytest.approx(_exact(vectors, live).min(), rel=1e-3)


def test_near_duplicates_of_the_record_are_left_out_and_counted() -> None:
    vectors = _vectors(400)
    record = _template(_vectors(1, seed=5)[0])
    vectors[3] = _near(record.vector, NEAR_DUPLICATE_AT_MOST - 1e-4)
    vectors[200] = record.vector
    vectors[300] = _near(record.vector, NEAR_DUPLICATE_AT_MOST + 1e-4)
    reference = _reference(_cohort(vectors), record)
    assert reference.excluded == (3, 200)
    assert reference.near_duplicates == 2
    assert reference.statistics.size == 398
    assert reference.statistics.nearest == pytest.approx(NEAR_DUPLICATE_AT_MOST + 1e-4, abs=1e-5)


def test_the_claimed_persons_entries_are_left_out_and_are_no_duplicates() -> None:
    vectors = _vectors(400)
    record = _template(_vectors(1, seed=5)[0])
    vectors[10] = _near(record.vector, 0.1)
    vectors[20] = _near(record.vector, 0.45)
    keys = [_key(number) for number in range(400)]
    keys[20] = keys[10]
    cohort = _cohort(vectors, keys)
    reference = _reference(cohort, record, person=keys[10])
    assert (reference.excluded, reference.near_duplicates) == ((10, 20), 0)
    # Nobody said whose record it is: only the near entry shows, as a duplicate.
    reference = _reference(cohort, record, person=None)
    assert (reference.excluded, reference.near_duplicates) == ((10,), 1)


def test_an_unknown_person_leaves_nobody_out() -> None:
    cohort = _cohort(_vectors(300))
    record = _template(_vectors(1, seed=5)[0])
    assert _reference(cohort, record, _key(999)) == _reference(cohort, record, None)


def test_the_live_face_decides_nothing_about_who_is_left_out() -> None:
    """The impostor's own entry stays, however near it is to the impostor."""
    vectors = _vectors(400)
    record, live = map(_template, _vectors(2, seed=5))
    vectors[5] = live.vector
    cohort = _cohort(vectors)
    found = cohort.score(live, record, _reference(cohort, record))
    assert found.live.size == found.record.size == 400
    assert found.live.nearest == pytest.approx(0, abs=1e-6)
    assert found.near_duplicates == 0
    assert found.closer_to_another


def test_closer_to_another_ignores_those_left_out() -> None:
    vectors = _vectors(400)
    record = _template(_vectors(1, seed=5)[0])
    live = _template(_near(record.vector, 0.25))
    vectors[5] = _near(record.vector, 0.25)  # the live face itself, so near to the record
    cohort = _cohort(vectors)
    assert not cohort.score(live, record, _reference(cohort, record)).closer_to_another
    vectors[5] = _near(live.vector, 0.2, seed=2)
    assert np.linalg.norm(vectors[5] - record.vector) > NEAR_DUPLICATE_AT_MOST
    cohort = _cohort(vectors)
    assert cohort.score(live, record, _reference(cohort, record)).closer_to_another


def test_a_probe_identical_to_the_record_scores() -> None:
    cohort = _cohort(_vectors(300))
    record = _template(_vectors(1, seed=5)[0])
    found = cohort.score(record, record, _reference(cohort, record))
    assert found.distance == 0
    assert found.live == found.record
    assert found.score == pytest.approx(-found.record.mean / found.record.deviation)


@pytest.mark.parametrize("size", [1, LEAST_COHORT - 1])
def test_a_small_cohort_gives_no_reference(size: int) -> None:
    record = _template(_vectors(1, seed=5)[0])
    vectors = _vectors(max(size, 2))
    cohort = _cohort(vectors)
    if size == 1:
        cohort = Cohort(
            replace(
                cohort.content,
                strata=("a",),
                vectors=vectors[:1],
                persons=cohort.content.persons[:1],
                stratum_of=np.zeros(1, np.uint16),
            )
        )
    assert cohort.reference(record, person=None) == CohortTooSmall(size, size, 0)


def test_a_cohort_that_exclusion_makes_too_small_says_so() -> None:
    record = _template(_vectors(1, seed=5)[0])
    vectors = _vectors(LEAST_COHORT)
    cohort = _cohort(vectors)
    assert isinstance(cohort.reference(record, person=None), RecordReference)
    too_small = CohortTooSmall(LEAST_COHORT - 1, LEAST_COHORT, 0)
    assert cohort.reference(record, person=_key(4)) == too_small
    vectors[9] = _near(record.vector, 0.2)
    assert _cohort(vectors).reference(record, person=_key(4)) == CohortTooSmall(
        LEAST_COHORT - 2, LEAST_COHORT, 1
    )


def test_another_model_is_refused_on_every_side() -> None:
    cohort = _cohort(_vectors(300))
    record, live = map(_template, _vectors(2, seed=5))
    foreign = _template(live.vector, OTHER_MODEL)
    reference = _reference(cohort, record)
    _refused(
        BiometricsErrorCode.COHORT_OF_ANOTHER_MODEL,
        lambda: cohort.reference(foreign, person=None),
    )
    _refused(
        BiometricsErrorCode.TEMPLATE_OF_ANOTHER_MODEL,
        lambda: cohort.score(foreign, record, reference),
    )
    own = replace(reference, record_digest=b"")
    _refused(
        BiometricsErrorCode.COHORT_REFERENCE_MISMATCHED,
        lambda: cohort.score(live, _template(record.vector, OTHER_MODEL), own),
    )


def test_a_reference_serves_its_record_and_its_cohort_only() -> None:
    vectors = _vectors(300)
    cohort = _cohort(vectors)
    record, live = map(_template, _vectors(2, seed=5))
    reference = _reference(cohort, record)
    cohort.score(live, record, reference)
    nudged = vectors.copy()
    nudged[0, 0] = np.nextafter(nudged[0, 0], np.float32(9))
    for attempt in (
        lambda: cohort.score(live, live, reference),
        lambda: _cohort(nudged).score(live, record, reference),
        lambda: cohort.score(live, record, replace(reference, excluded=(300,))),
        lambda: cohort.score(live, record, replace(reference, excluded=(1,))),
    ):
        _refused(BiometricsErrorCode.COHORT_REFERENCE_MISMATCHED, attempt)


def test_a_person_key_has_sixteen_bytes() -> None:
    cohort = _cohort(_vectors(300))
    record = _template(_vectors(1, seed=5)[0])
    for key in (b"", b"x" * 15, b"x" * 17):
        _refused(
            BiometricsErrorCode.COHORT_MALFORMED,
            lambda key=key: cohort.reference(record, person=key),
        )


def test_extreme_vectors_still_give_a_finite_score() -> None:
    cohort = _cohort(_vectors(300))
    record = _template(_vectors(1, seed=5)[0])
    live = _template(np.full(128, 3e38, np.float32))
    found = cohort.score(live, record, _reference(cohort, record))
    assert np.isfinite(found.score)
    assert found.score > 0


# --- the reference as bytes ----------------------------------------------------------------


def test_a_stored_reference_gives_the_very_same_score() -> None:
    vectors = _vectors(400)
    record, live = map(_template, _vectors(2, seed=5))
    vectors[3] = _near(record.vector, 0.1)
    cohort = _cohort(vectors)
    reference = _reference(cohort, record, person=_key(8))
    stored = RecordReference.from_bytes(
        reference.to_bytes(), cohort_digest=cohort.digest, record=record
    )
    assert stored == reference
    assert stored is not None
    assert cohort.score(live, record, stored) == cohort.score(live, record, reference)


def test_a_stored_reference_of_another_cohort_or_record_is_none() -> None:
    vectors = _vectors(300)
    cohort = _cohort(vectors)
    record, other = map(_template, _vectors(2, seed=5))
    data = _reference(cohort, record).to_bytes()
    newer = _cohort(vectors, kind=CohortKind.FICTITIOUS)
    assert RecordReference.from_bytes(data, cohort_digest=cohort.digest, record=record) is not None
    assert RecordReference.from_bytes(data, cohort_digest=newer.digest, record=record) is None
    assert RecordReference.from_bytes(data, cohort_digest=cohort.digest, record=other) is None


def test_bytes_that_are_no_reference_are_refused() -> None:
    cohort = _cohort(_vectors(300))
    record = _template(_vectors(1, seed=5)[0])
    reference = _reference(cohort, record)
    data = reference.to_bytes()
    statistics = reference.statistics
    wrong = [
        b"",
        data[:-1],
        data + b"\0",
        b"X" + data[1:],
        data[:4] + b"\2" + data[5:],
        replace(reference, statistics=replace(statistics, mean=float("nan"))).to_bytes(),
        replace(reference, statistics=replace(statistics, deviation=0.0)).to_bytes(),
        replace(reference, statistics=replace(statistics, nearest=-0.1)).to_bytes(),
        replace(reference, statistics=replace(statistics, nearest=9.0)).to_bytes(),
        replace(reference, statistics=replace(statistics, neighbours=301)).to_bytes(),
        replace(reference, statistics=replace(statistics, size=20)).to_bytes(),
        replace(reference, excluded=(2, 1)).to_bytes(),
        replace(reference, near_duplicates=1).to_bytes(),
    ]
    for bytes_ in wrong:
        _refused(
            BiometricsErrorCode.COHORT_MALFORMED,
            lambda bytes_=bytes_: RecordReference.from_bytes(
                bytes_, cohort_digest=cohort.digest, record=record
            ),
        )


# --- the cohort itself ---------------------------------------------------------------------


def test_fictitious_people_are_not_fit_for_real_ones() -> None:
    vectors = _vectors(300)
    assert _cohort(vectors).fit_for_real_people
    assert not _cohort(vectors, kind=CohortKind.FICTITIOUS).fit_for_real_people


def test_a_cohort_tells_what_it_is() -> None:
    cohort = _cohort(_vectors(301))
    assert (cohort.size, cohort.version, cohort.model) == (301, "test-1", MODEL)
    assert cohort.strata == {"a": 151, "b": 150}
    assert len(bytes.fromhex(cohort.digest)) == 32


def test_nothing_shows_a_template_or_a_person() -> None:
    cohort = _cohort(_vectors(300))
    record = _template(_vectors(1, seed=5)[0])
    reference = _reference(cohort, record, person=_key(4))
    shown = f"{cohort!r} {cohort.content!r} {reference!r}"
    assert "array" not in shown
    assert "excluded" not in shown
    assert reference.record_digest.hex() not in shown


def test_results_pickle() -> None:
    cohort = _cohort(_vectors(300))
    record, live = map(_template, _vectors(2, seed=5))
    reference = _reference(cohort, record)
    found: NormalisedComparison = cohort.score(live, record, reference)
    assert pickle.loads(pickle.dumps((reference, found))) == (reference, found)
    again: Cohort = pickle.loads(pickle.dumps(cohort))
    assert again.score(live, record, reference) == found


def _refused(code: BiometricsErrorCode, attempt: Callable[[], object]) -> None:
    with pytest.raises(BiometricsError) as caught:
        attempt()
    assert caught.value.code is code
