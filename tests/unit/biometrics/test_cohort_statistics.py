"""The normalised score: numbers worked out by hand, its floor, and what it refuses."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from biometrics.cohort.statistics import (
    LEAST_COHORT,
    LEAST_NEIGHBOURS,
    SIGMA_FLOOR,
    CohortStatistics,
    neighbours_of,
    normalised_score,
    statistics_of,
)
from biometrics.errors import BiometricsError, BiometricsErrorCode


def _statistics(mean: float, deviation: float, size: int = 280) -> CohortStatistics:
    return CohortStatistics(mean, deviation, mean, 10, size)


@pytest.mark.parametrize(
    ("size", "expected"), [(1, 10), (280, 10), (294, 10), (308, 11), (1000, 36), (1400, 50)]
)
def test_a_share_of_the_cohort_counts(size: int, expected: int) -> None:
    assert neighbours_of(size) == expected


def test_the_least_cohort_is_where_the_share_finds_the_least_neighbours() -> None:
    assert round(LEAST_COHORT / 28) == LEAST_NEIGHBOURS
    assert LEAST_COHORT / 28 == LEAST_NEIGHBOURS


def test_only_the_smallest_distances_count() -> None:
    near = np.array([0.5, 0.6] * 5)
    far = np.linspace(0.9, 1.4, 270)
    found = statistics_of(np.concatenate([far[:100], near, far[100:]]))
    assert found.mean == pytest.approx(0.55)
    assert found.deviation == pytest.approx(0.05)
    assert (found.nearest, found.neighbours, found.size) == (0.5, 10, 280)
    far[:] = 1.9  # the far ones may lie where they like
    assert statistics_of(np.concatenate([near, far])) == found


def test_the_order_of_the_entries_does_not_matter() -> None:
    random = np.random.default_rng(3)
    distances = random.uniform(0.3, 1.2, 500)
    first = statistics_of(distances)
    second = statistics_of(random.permutation(distances))
    assert second.mean == pytest.approx(first.mean, abs=1e-12)
    assert second.deviation == pytest.approx(first.deviation, abs=1e-12)


def test_a_deviation_has_a_floor() -> None:
    assert statistics_of(np.full(LEAST_COHORT, 0.7)).deviation == SIGMA_FLOOR
    spread = np.linspace(0.5, 5.0, LEAST_COHORT)
    assert statistics_of(spread).deviation > SIGMA_FLOOR


def test_the_score_is_the_mean_of_both_sides() -> None:
    # live: (0.6 - 0.4) / 0.1 = 2; record: (0.8 - 0.4) / 0.05 = 8
    score = normalised_score(0.4, _statistics(0.6, 0.1), _statistics(0.8, 0.05))
    assert score == pytest.approx(-5.0)


def test_a_larger_distance_scores_higher_and_the_mean_itself_scores_zero() -> None:
    side = _statistics(0.6, 0.1)
    assert normalised_score(0.6, side, side) == 0
    assert normalised_score(0.5, side, side) < 0 < normalised_score(0.7, side, side)


def test_somebody_whose_others_lie_near_is_judged_more_strictly() -> None:
    crowded, alone = _statistics(0.5, 0.05), _statistics(0.7, 0.05)
    assert normalised_score(0.45, crowded, crowded) > normalised_score(0.45, alone, alone)


@pytest.mark.parametrize("size", [0, 1, LEAST_COHORT - 1])
def test_too_few_distances_are_refused(size: int) -> None:
    _refused(BiometricsErrorCode.COHORT_TOO_SMALL, lambda: statistics_of(np.full(size, 0.7)))
    assert statistics_of(np.full(LEAST_COHORT, 0.7)).size == LEAST_COHORT


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1e-9])
@pytest.mark.parametrize("at", [0, 150, 299])
def test_a_distance_that_is_none_is_refused_wherever_it_lies(value: float, at: int) -> None:
    distances = np.linspace(0.4, 1.2, 300)
    statistics_of(distances)
    distances[at] = value
    _refused(BiometricsErrorCode.DISTANCES_MALFORMED, lambda: statistics_of(distances))


def test_another_shape_is_refused() -> None:
    for distances in (np.full((300, 1), 0.7), np.array(0.7)):
        _refused(
            BiometricsErrorCode.DISTANCES_MALFORMED,
            lambda distances=distances: statistics_of(distances),
        )


@pytest.mark.parametrize("distance", [math.nan, math.inf, -0.1])
def test_a_score_of_no_distance_is_refused(distance: float) -> None:
    side = _statistics(0.6, 0.1)
    _refused(
        BiometricsErrorCode.DISTANCES_MALFORMED, lambda: normalised_score(distance, side, side)
    )


def test_two_sides_of_different_entries_are_refused() -> None:
    live, record = _statistics(0.6, 0.1, 300), _statistics(0.6, 0.1, 299)
    _refused(BiometricsErrorCode.DISTANCES_MALFORMED, lambda: normalised_score(0.4, live, record))


def _refused(code: BiometricsErrorCode, attempt: Callable[[], object]) -> None:
    with pytest.raises(BiometricsError) as caught:
        attempt()
    assert caught.value.code is code
