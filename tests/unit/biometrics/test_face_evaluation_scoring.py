"""Scoring all pairs at once: the product's numbers, and no look at who is who."""

from datetime import date

import numpy as np
import pytest

from biometrics.cohort.cohort import (
    NEAR_DUPLICATE_AT_MOST,
    Cohort,
    NormalisedComparison,
    RecordReference,
)
from biometrics.cohort.content import CohortContent, CohortKind
from biometrics.cohort.statistics import neighbours_of
from biometrics.evaluation.scoring import CalibratedRange, Faces, Scores, distances, score_pairs
from biometrics.results import FaceTemplate, ModelIdentity

MODEL = ModelIdentity("net", "1", "mirror")
# Where one entry more or less left out changes how many neighbours count.
SIZE = 323
TWINS = (7, 8)
TRIPLETS = (20, 21, 22)


def _key(person: int) -> bytes:
    return person.to_bytes(16, "big")


def _people(size: int = SIZE) -> np.ndarray:
    random = np.random.default_rng(5)
    vectors = random.normal(0, 0.05, (size, 128))
    # Some people look alike, so that who is left out matters.
    vectors[::3] = vectors[0] + random.normal(0, 0.03, (len(vectors[::3]), 128))
    for first, *others in (TWINS, TRIPLETS):
        for other in others:
            vectors[other] = vectors[first] + random.normal(0, 0.01, 128)
    return vectors.astype(np.float32).astype(np.float64)


def _probes(vectors: np.ndarray, people: np.ndarray) -> np.ndarray:
    random = np.random.default_rng(6)
    probes = vectors[people] + random.normal(0, 0.03, (len(people), 128))
    return probes.astype(np.float32).astype(np.float64)


VECTORS = _people()
PROBERS = np.array([0, 3, 3, 7, 8, 9, 20, 21, 50, 300, 322])
PROBES = _probes(VECTORS, PROBERS)


def _faces(left_out: tuple[int, ...] = ()) -> Faces:
    kept = np.setdiff1d(np.arange(SIZE), left_out)
    return Faces(VECTORS[kept], kept)


def _score(cohort: Faces, records: Faces | None = None) -> Scores:
    return score_pairs(Faces(PROBES, PROBERS), records or _faces(), cohort)


def _by_product(cohort: Faces, probe: int, record: int) -> NormalisedComparison:
    """The product's path, with the entry of whoever stands before the camera taken out."""
    kept = cohort.take(cohort.people != PROBERS[probe])
    keys = np.frombuffer(b"".join(_key(int(one)) for one in kept.people), np.uint8)
    content = CohortContent(
        model=MODEL,
        version="test",
        kind=CohortKind.FICTITIOUS,
        created_on=date(2026, 1, 1),
        generator="test",
        strata=("all",),
        vectors=kept.vectors.astype(np.float32),
        persons=keys.reshape(-1, 16),
        stratum_of=np.zeros(len(kept), np.uint16),
    )
    claimed = FaceTemplate(MODEL, VECTORS[record].astype(np.float32))
    live = FaceTemplate(MODEL, PROBES[probe].astype(np.float32))
    product = Cohort(content)
    reference = product.reference(claimed, person=_key(record))
    assert isinstance(reference, RecordReference)
    return product.score(live, claimed, reference)


@pytest.mark.parametrize("not_enrolled", [(), (3, 50), (20,)])
def test_every_pair_has_the_score_that_the_product_gives_it(not_enrolled: tuple[int, ...]) -> None:
    assert neighbours_of(SIZE - 1) != neighbours_of(SIZE - 2)
    cohort = _faces(not_enrolled)
    mean_between, max_deviation = (0.45, 0.77), 0.06
    scores = score_pairs(
        Faces(PROBES, PROBERS), cohort, cohort, CalibratedRange(mean_between, max_deviation)
    )
    found = scores.normalised
    assert found is not None
    seen = set()
    looked_at = [0, 3, 7, 8, 20, 21, 22, 50, 51, 300]
    for probe in range(len(PROBERS)):
        for record in looked_at:
            if record in not_enrolled:
                continue
            column = int(np.flatnonzero(cohort.people == record)[0])
            one = _by_product(cohort, probe, record)
            assert found[probe, column] == pytest.approx(one.score, abs=1e-9)
            assert scores.doubtful[probe, column] == (
                one.closer_to_another or one.near_duplicates > 0
            )
            in_range = all(
                mean_between[0] <= side.mean <= mean_between[1] and side.deviation <= max_deviation
                for side in (one.live, one.record)
            )
            assert scores.in_range[probe, column] == in_range
            seen |= {(in_range, one.closer_to_another)}
    assert len({here for here, _ in seen}) == len({closer for _, closer in seen}) == 2


def test_the_planted_twins_are_near_enough_to_matter() -> None:
    between = distances(_faces(), _faces())
    assert between[TWINS] <= NEAR_DUPLICATE_AT_MOST
    assert (between[TRIPLETS[0], list(TRIPLETS[1:])] <= NEAR_DUPLICATE_AT_MOST).all()


def test_raw_scores_are_plain_distances() -> None:
    raw = _score(_faces()).raw
    wanted = np.linalg.norm(PROBES[:, None] - VECTORS[None], axis=2)
    np.testing.assert_allclose(raw, wanted, atol=1e-9)


def test_who_a_probe_is_said_to_be_changes_only_what_is_left_out() -> None:
    """Relabelled people without an entry: no score may move, not even of genuine pairs."""
    cohort = _faces(tuple(int(one) for one in PROBERS))
    true = _score(cohort).normalised
    outsiders = PROBERS.tolist()
    lied = score_pairs(
        Faces(PROBES, np.array(outsiders[3:] + outsiders[:3])), _faces(), cohort
    ).normalised
    assert true is not None
    assert lied is not None
    np.testing.assert_array_equal(true, lied)


def test_a_label_moves_only_pairs_whose_cohort_it_changes() -> None:
    """With entries, a swap of two labels leaves the pairs that both labels leave alone."""
    true = _score(_faces()).normalised
    swapped = PROBERS.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    lied = score_pairs(Faces(PROBES, swapped), _faces(), _faces()).normalised
    assert true is not None
    assert lied is not None
    np.testing.assert_array_equal(true[2:], lied[2:])
    # Each was compared with the other's record and its own: the same two are left out either
    # way from the pair with the other's, and from no other pair.
    assert not np.array_equal(true[:2], lied[:2])


def test_the_claimed_record_is_never_in_the_cohort() -> None:
    """Put it in or leave it out, for everybody's pairs with it: the same scores."""
    record = 5
    alone = _faces().take(np.array([record]))
    with_it = _score(_faces(), alone).normalised
    without = _score(_faces((record,)), alone).normalised
    assert with_it is not None
    assert without is not None
    np.testing.assert_allclose(with_it, without, atol=1e-12)


def test_a_probe_s_own_entry_never_counts() -> None:
    """A stranger with an entry scores like the same stranger without one."""
    row = np.array([4])
    stranger = int(PROBERS[4])
    with_it = _score(_faces()).normalised
    without = _score(_faces((stranger,))).normalised
    assert with_it is not None
    assert without is not None
    others = np.arange(SIZE) != stranger
    np.testing.assert_allclose(with_it[row][:, others], without[row][:, others], atol=1e-12)
    # A control: somebody else's entry does count.
    neighbour = int(np.argsort(distances(_faces(), Faces(PROBES[row], PROBERS[row]))[:, 0])[1])
    elsewhere = _score(_faces((neighbour,))).normalised
    assert elsewhere is not None
    assert not np.allclose(with_it[row][:, others], elsewhere[row][:, others], atol=1e-12)


def test_the_size_of_a_block_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _score(_faces())
    monkeypatch.setattr("biometrics.evaluation.scoring._BLOCK_CELLS", 3 * SIZE)
    parts = _score(_faces())
    assert whole.normalised is not None
    assert parts.normalised is not None
    np.testing.assert_allclose(whole.raw, parts.raw, atol=1e-12)
    np.testing.assert_allclose(whole.normalised, parts.normalised, atol=1e-9)


@pytest.mark.parametrize("size", [0, 1, 11])
def test_too_few_entries_give_no_normalised_score(size: int) -> None:
    few = Faces(VECTORS[100 : 100 + size], np.arange(100, 100 + size))
    assert _score(few).normalised is None


def test_just_enough_entries_give_finite_scores() -> None:
    few = Faces(VECTORS[100:112], np.arange(100, 112))
    own = score_pairs(few, few, few).normalised
    assert own is not None
    assert np.isfinite(own).all()


def test_two_records_of_one_person_are_refused() -> None:
    twice = Faces(VECTORS[:2], np.array([1, 1]))
    with pytest.raises(ValueError, match="records"):
        score_pairs(Faces(PROBES, PROBERS), twice, _faces())
    with pytest.raises(ValueError, match="cohort"):
        score_pairs(Faces(PROBES, PROBERS), _faces(), twice)
