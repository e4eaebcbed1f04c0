"""The thresholds that the product ships, as an evaluation holds scores against them."""

from dataclasses import dataclass

import numpy as np

from biometrics.evaluation.scoring import CalibratedRange, Floats, Scores
from biometrics.thresholds import ThresholdTable

COHORT = "own enrolments"
"""How the table of thresholds names the cohort of an evaluation."""


@dataclass(frozen=True, slots=True)
class Shipped:
    """A score matches at `value` or less.

    Of a normalised score, the raw distance must be at most `raw_at_most` as well, and the
    statistics of both sides within the calibrated range.
    """

    id: str
    value: float
    raw_at_most: float | None = None
    calibrated: CalibratedRange | None = None

    def decided(self, scores: Scores, *, sure: bool = False) -> Floats | None:
        """Return the normalised scores, infinite where distance or range forbids a match.

        With `sure`, also where the product refers because somebody else is too near.
        """
        if scores.normalised is None:
            return None
        counts = scores.in_range
        if self.raw_at_most is not None:
            counts = counts & (scores.raw <= self.raw_at_most)
        if sure:
            counts = counts & ~scores.doubtful
        return np.where(counts, scores.normalised, np.inf)


@dataclass(frozen=True, slots=True)
class ShippedThresholds:
    """One threshold a kind of score; None where the product ships none."""

    raw: Shipped | None
    normalised: Shipped | None


def shipped_thresholds(table: ThresholdTable, model: str) -> ShippedThresholds:
    """Return the thresholds of a model, by the string of its identity."""
    raw = [Shipped(row.id, row.value) for row in table.comparison.values() if row.model == model]
    normalised = [
        Shipped(
            row.id,
            row.value,
            row.max_distance,
            CalibratedRange(row.mean_between, row.max_deviation),
        )
        for row in table.normalised.values()
        if row.model == model and row.cohort == COHORT
    ]
    return ShippedThresholds(
        raw=raw[0] if len(raw) == 1 else None,
        normalised=normalised[0] if len(normalised) == 1 else None,
    )
