"""Comparing two templates: a distance, and the threshold that belongs to their model.

A comparison answers on which side of a threshold a distance lies. What follows from it for a
traveler is decided elsewhere.
"""

import numpy as np

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.results import FaceTemplate, MatchResult, ModelIdentity, Verdict
from biometrics.thresholds import ComparisonThreshold, threshold_table


def distance(a: FaceTemplate, b: FaceTemplate) -> float:
    """Return the Euclidean distance of two templates (0 and up; smaller is more alike).

    Raises:
        BiometricsError: TEMPLATE_OF_ANOTHER_MODEL when the models differ; the number would
            look like a distance and mean nothing.
    """
    if a.model != b.model:
        raise BiometricsError(
            BiometricsErrorCode.TEMPLATE_OF_ANOTHER_MODEL,
            f"templates of {a.model} and {b.model} cannot be compared",
        )
    return float(np.linalg.norm(a.vector.astype(np.float64) - b.vector.astype(np.float64)))


def compare(a: FaceTemplate, b: FaceTemplate, threshold: ComparisonThreshold) -> MatchResult:
    """Compare two templates against a threshold of their model; at the threshold is the same.

    Raises:
        BiometricsError: TEMPLATE_OF_ANOTHER_MODEL, also when the threshold was calibrated for
            another model.
    """
    measured = distance(a, b)
    if threshold.model != str(a.model):
        raise BiometricsError(
            BiometricsErrorCode.TEMPLATE_OF_ANOTHER_MODEL,
            f"threshold {threshold.id} was calibrated for {threshold.model}, not {a.model}",
        )
    return MatchResult(
        distance=measured,
        threshold=threshold.value,
        threshold_id=threshold.id,
        verdict=Verdict.SAME if measured <= threshold.value else Verdict.DIFFERENT,
    )


def single_frame_threshold(model: ModelIdentity) -> ComparisonThreshold:
    """Return the shipped threshold for one picture against one picture of this model.

    Raises:
        BiometricsError: THRESHOLD_TABLE_INVALID when the table has none, or several.
    """
    rows = [row for row in threshold_table().comparison.values() if row.model == str(model)]
    if len(rows) != 1:
        raise BiometricsError(
            BiometricsErrorCode.THRESHOLD_TABLE_INVALID,
            f"{len(rows)} thresholds are calibrated for {model}, expected one",
        )
    return rows[0]
