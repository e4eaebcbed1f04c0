"""The table of thresholds of this package, read from `thresholds.toml`.

One place for every number that a measured value is held against, each with its unit, its
direction and its source; the engine and whoever shows a limit to an officer read the same.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.results import QualityMeasure, QualityName, QualityStatus

# The scores at the knots of every quality scale: below 30 is too poor, from 70 on good.
_SCORE_TOO_POOR_BELOW = 30.0
_SCORE_GOOD_FROM = 70.0


@dataclass(frozen=True, slots=True)
class ComparisonThreshold:
    """The largest distance at which two templates of `model` count as one person.

    `fmr` and `fnmr` are what was measured at `value` (ISO/IEC 19795-1), as fractions.
    """

    id: str
    value: float
    unit: str
    direction: str
    model: str
    fmr: float
    fnmr: float
    source: str


@dataclass(frozen=True, slots=True)
class NormalisedThreshold:
    """The largest normalised score at which two templates of `model` count as one person.

    Attributes:
        cohort: Digest of the cohort that it belongs to; "own enrolments" for the evaluation,
            whose cohort is the set that is evaluated.
        max_distance: The raw distance (L2) must not exceed this cap either.
        mean_between: Least and most mean of either side's nearest distances for which the
            threshold was found, and `max_deviation` the largest deviation of them.
        fmr: Measured at `value` (ISO/IEC 19795-1), as a fraction, and `fnmr` likewise.
    """

    id: str
    value: float
    unit: str
    direction: str
    model: str
    cohort: str
    max_distance: float
    mean_between: tuple[float, float]
    max_deviation: float
    fmr: float
    fnmr: float
    source: str


@dataclass(frozen=True, slots=True)
class QualityScale:
    """How raw values of one measure become a score and a status.

    Four knots, rising when larger is better and falling when smaller is: `worst` scores 0,
    values short of `too_poor` are too poor, values from `good` on are good, `ideal` scores
    100. Between knots the score is linear. With `magnitude` the sign of a value is ignored.
    """

    name: QualityName
    unit: str
    worst: float
    too_poor: float
    good: float
    ideal: float
    magnitude: bool
    source: str

    def grade(self, raw: float) -> QualityMeasure:
        """Return the measure with its score (0-100) and status; both say the same."""
        direction = 1.0 if self.ideal > self.worst else -1.0
        value = direction * (abs(raw) if self.magnitude else raw)
        knots = [direction * knot for knot in (self.worst, self.too_poor, self.good, self.ideal)]
        score = float(
            np.interp(value, knots, [0.0, _SCORE_TOO_POOR_BELOW, _SCORE_GOOD_FROM, 100.0])
        )
        if value < knots[1]:
            status = QualityStatus.TOO_POOR
        elif value < knots[2]:
            status = QualityStatus.MARGINAL
        else:
            status = QualityStatus.GOOD
        # Rounded down, so that a score of 30 or 70 is never shown for a value short of it.
        return QualityMeasure(self.name, raw, self.unit, int(score), status)


@dataclass(frozen=True, slots=True)
class ThresholdTable:
    """The whole table; `version` goes into evidence beside every value."""

    version: str
    comparison: Mapping[str, ComparisonThreshold]
    normalised: Mapping[str, NormalisedThreshold]
    quality: Mapping[QualityName, QualityScale]


@cache
def threshold_table() -> ThresholdTable:
    """Return the table that ships with this package, read once.

    Raises:
        BiometricsError: THRESHOLD_TABLE_INVALID.
    """
    text = files("biometrics").joinpath("thresholds.toml").read_text(encoding="utf-8")
    return parse_thresholds(text)


def parse_thresholds(text: str) -> ThresholdTable:
    """Read a table from TOML, refusing unknown and missing keys and disordered knots.

    Raises:
        BiometricsError: THRESHOLD_TABLE_INVALID.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(text)
        comparison = {
            id_: ComparisonThreshold(id=id_, **row) for id_, row in raw.pop("comparison").items()
        }
        normalised = {
            id_: NormalisedThreshold(id=id_, mean_between=_pair(row.pop("mean_between")), **row)
            for id_, row in raw.pop("normalised").items()
        }
        quality = {
            QualityName(name): QualityScale(name=QualityName(name), **row)
            for name, row in raw.pop("quality").items()
        }
        table = ThresholdTable(comparison=comparison, normalised=normalised, quality=quality, **raw)
    except (KeyError, TypeError, ValueError) as error:  # TOMLDecodeError is a ValueError
        raise BiometricsError(
            BiometricsErrorCode.THRESHOLD_TABLE_INVALID, f"{type(error).__name__}: {error}"
        ) from error
    for threshold in comparison.values():
        if not threshold.value > 0 or threshold.direction != "at_most":
            raise _invalid(f"{threshold.id} is not a largest distance")
    for score in normalised.values():
        if not _is_sound(score):
            raise _invalid(f"{score.id} is not a largest score")
    for scale in quality.values():
        knots = [scale.worst, scale.too_poor, scale.good, scale.ideal]
        if len(set(knots)) < len(knots) or knots not in (sorted(knots), sorted(knots)[::-1]):
            raise _invalid(f"the knots of {scale.name} neither rise nor fall")
    return table


def normalised_threshold(cohort: str) -> NormalisedThreshold | None:
    """Return the shipped threshold of a cohort, by its digest; None when there is none."""
    rows = threshold_table().normalised.values()
    return next((row for row in rows if row.cohort == cohort), None)


def graded(name: QualityName, raw: float) -> QualityMeasure:
    """Grade a raw value by the shipped scale of its measure."""
    return threshold_table().quality[name].grade(raw)


def _pair(row: list[float]) -> tuple[float, float]:
    least, most = row
    return (least, most)


def _is_sound(score: NormalisedThreshold) -> bool:
    return (
        math.isfinite(score.value)
        and score.direction == "at_most"
        and score.max_distance > 0
        and score.max_deviation > 0
        and score.mean_between[0] < score.mean_between[1]
    )


def _invalid(detail: str) -> BiometricsError:
    return BiometricsError(BiometricsErrorCode.THRESHOLD_TABLE_INVALID, detail)
