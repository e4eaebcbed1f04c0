"""The normalised score: adaptive symmetric score normalisation (AS-norm) with a floor.

With d the distance of a live face and a record, and for each of the two the mean and the standard
deviation of its smallest distances to other people:

    s = -1/2 * ((mean_live - d) / deviation_live + (mean_record - d) / deviation_record)

Smaller is more alike; a stranger as near as the nearest others scores about 0. After Matejka et
al., "Analysis of Score Normalization in Multilingual Speaker Recognition", Interspeech 2017.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biometrics.errors import BiometricsError, BiometricsErrorCode

NEIGHBOUR_FRACTION = 1 / 28
"""The share of the cohort whose distances count. A share and not a number, so that one threshold
holds for cohorts of 300 to 1,400: their false match rate then stays within 1.0e-4 to 1.4e-4, and
with 50 neighbours in all of them it would range to 5e-4 (lfw, own enrolments as the cohort)."""
LEAST_NEIGHBOURS = 10
"""Fewer would make the deviation a matter of chance."""
SIGMA_FLOOR = 0.025
"""Least deviation, in units of the distance. Ten near distances that chance to be alike would
otherwise make any score extreme; the floor takes FNMR at FMR 1e-4 from 0.098 to 0.088 (lfw)."""
LEAST_COHORT = 280
"""The least number of entries for which the thresholds of the score hold: with fewer, the share
above no longer finds `LEAST_NEIGHBOURS`."""


@dataclass(frozen=True, slots=True)
class CohortStatistics:
    """How near a face lies to its most similar others.

    `mean` and `deviation` (population; at least SIGMA_FLOOR) are those of the `neighbours`
    smallest of `size` distances, and `nearest` is the smallest; L2 distances, 0 and up.
    """

    mean: float
    deviation: float
    nearest: float
    neighbours: int
    size: int


def neighbours_of(size: int) -> int:
    """Return how many of the distances to a cohort of this size count."""
    return max(LEAST_NEIGHBOURS, round(size * NEIGHBOUR_FRACTION))


def statistics_of(distances: NDArray[np.float64]) -> CohortStatistics:
    """Return the statistics of a face from its distances to every other person of a cohort.

    Args:
        distances: Shape (n,), L2, in any order, with n at least LEAST_COHORT.

    Raises:
        BiometricsError: COHORT_TOO_SMALL for fewer than LEAST_COHORT; whoever scores travelers
            asks `Cohort.reference`, which says so without raising. DISTANCES_MALFORMED for
            another shape, and for a distance that is negative or not finite.
    """
    if distances.ndim != 1:
        raise _malformed(f"distances to a cohort have one dimension, not {distances.ndim}")
    size = len(distances)
    if size < LEAST_COHORT:
        raise BiometricsError(
            BiometricsErrorCode.COHORT_TOO_SMALL,
            f"{size} distances cannot normalise a score; {LEAST_COHORT} are needed",
        )
    neighbours = neighbours_of(size)
    nearest = np.partition(distances.astype(np.float64, copy=False), neighbours - 1)[:neighbours]
    # Infinities and NaN may hide among the distances that do not count: look at all of them.
    if not (bool(np.isfinite(distances).all()) and bool((nearest >= 0).all())):
        raise _malformed("a distance to a cohort is negative or not finite")
    return CohortStatistics(
        mean=float(nearest.mean()),
        deviation=max(float(nearest.std()), SIGMA_FLOOR),
        nearest=float(nearest.min()),
        neighbours=neighbours,
        size=size,
    )


def normalised_score(distance: float, live: CohortStatistics, record: CohortStatistics) -> float:
    """Return the normalised score of a distance; smaller is more alike, and it may be negative.

    Args:
        distance: L2 distance of the live face and the record, 0 and up.
        live: The live face against the cohort without the excluded entries.
        record: The record against the same entries.

    Raises:
        BiometricsError: DISTANCES_MALFORMED when the distance is negative or not finite, or the
            statistics are of different numbers of entries.
    """
    if not (math.isfinite(distance) and distance >= 0):
        raise _malformed("a distance is finite and not negative")
    if live.size != record.size:
        raise _malformed(f"{live.size} entries on one side and {record.size} on the other")
    live_side = (live.mean - distance) / live.deviation
    record_side = (record.mean - distance) / record.deviation
    return -0.5 * (live_side + record_side)


def _malformed(detail: str) -> BiometricsError:
    return BiometricsError(BiometricsErrorCode.DISTANCES_MALFORMED, detail)
