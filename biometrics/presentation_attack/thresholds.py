"""The table of what counts as suspicious, read from `thresholds.toml`.

Apart from `biometrics.thresholds`: these limits are versioned by themselves, because they change
with every instrument that is learnt of, while those of the comparison change with the model.
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
from biometrics.presentation_attack.results import MeasuredSignal, SignalName

_DIRECTIONS = ("more_is_suspicious", "less_is_suspicious")


@dataclass(frozen=True, slots=True)
class SuspicionScale:
    """How the raw value of a signal becomes a suspicion.

    Three knots: `none` is 0, `limit` 0.5, `certain` 1, linear between them.
    """

    name: SignalName
    unit: str
    direction: str
    none: float
    limit: float
    certain: float
    source: str

    def judge(self, raw: float) -> MeasuredSignal:
        """Return the measured signal.

        Raises:
            ValueError: The raw value is not finite.
        """
        if not math.isfinite(raw):
            raise ValueError(f"{self.name} is not finite")
        sign = 1.0 if self.direction == "more_is_suspicious" else -1.0
        knots = [sign * knot for knot in (self.none, self.limit, self.certain)]
        suspicion = float(np.interp(sign * raw, knots, [0.0, 0.5, 1.0]))
        return MeasuredSignal(self.name, float(raw), self.unit, suspicion)


@dataclass(frozen=True, slots=True)
class ChallengeLimits:
    """The limits of `challenge`: seconds for moments, the units of the table for the rest."""

    lead: float
    gesture_interval: float
    light_interval: float
    reaction: float
    light_delay: float
    turn: float
    tilt: float
    closer: float
    light: float


@dataclass(frozen=True, slots=True)
class PresentationThresholds:
    """The whole table; `version` goes into the assessment."""

    version: str
    signals: Mapping[SignalName, SuspicionScale]
    challenge: ChallengeLimits


@cache
def presentation_thresholds() -> PresentationThresholds:
    """Return the table that ships with this package, read once.

    Raises:
        BiometricsError: THRESHOLD_TABLE_INVALID.
    """
    table = files("biometrics.presentation_attack").joinpath("thresholds.toml")
    return parse_thresholds(table.read_text(encoding="utf-8"))


def parse_thresholds(text: str) -> PresentationThresholds:
    """Read a table from TOML; every signal has exactly one row, with knots in its direction.

    Raises:
        BiometricsError: THRESHOLD_TABLE_INVALID.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(text)
        signals = {
            SignalName(name): SuspicionScale(name=SignalName(name), **row)
            for name, row in raw.pop("signal").items()
        }
        rows = raw.pop("challenge")
        challenge = ChallengeLimits(**{name: _limit(name, rows[name]) for name in rows})
        table = PresentationThresholds(signals=signals, challenge=challenge, **raw)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _invalid(f"{type(error).__name__}: {error}") from error
    _check_text(table.version, "the version")
    missing = sorted(set(SignalName) - set(signals))
    if missing:
        raise _invalid(f"no row for {', '.join(missing)}")
    for scale in signals.values():
        _check(scale)
    return table


def judged(name: SignalName, raw: float) -> MeasuredSignal:
    """Judge a raw value by the shipped scale of its signal."""
    return presentation_thresholds().signals[name].judge(raw)


def _check(scale: SuspicionScale) -> None:
    if scale.direction not in _DIRECTIONS:
        raise _invalid(f"{scale.name} has no direction")
    knots = (scale.none, scale.limit, scale.certain)
    if not all(_is_number(knot) for knot in knots):
        raise _invalid(f"the knots of {scale.name} are not numbers")
    rising = scale.none < scale.limit < scale.certain
    falling = scale.none > scale.limit > scale.certain
    if not (rising if scale.direction == "more_is_suspicious" else falling):
        raise _invalid(f"the knots of {scale.name} do not follow its direction")
    _check_text(scale.unit, f"the unit of {scale.name}")
    _check_text(scale.source, f"the source of {scale.name}")


def _limit(name: str, row: Mapping[str, Any]) -> float:
    """The value of a challenge's row, which is positive and has a unit, a direction, a source."""
    if set(row) != {"value", "unit", "direction", "source"}:
        raise _invalid(f"the row of {name} has other keys")
    for key in ("unit", "direction", "source"):
        _check_text(row[key], f"the {key} of {name}")
    if not (_is_number(row["value"]) and row["value"] > 0):
        raise _invalid(f"{name} is not positive")
    return float(row["value"])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _check_text(value: object, what: str) -> None:
    if not isinstance(value, str) or not value:
        raise _invalid(f"{what} is no text")


def _invalid(detail: str) -> BiometricsError:
    return BiometricsError(BiometricsErrorCode.THRESHOLD_TABLE_INVALID, detail)
