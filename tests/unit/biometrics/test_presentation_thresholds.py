"""The table of suspicions refuses what would silently judge wrongly."""

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.presentation_attack.results import SignalName
from biometrics.presentation_attack.thresholds import parse_thresholds, presentation_thresholds

TEXT = files("biometrics.presentation_attack").joinpath("thresholds.toml").read_text("utf-8")


def test_the_shipped_table_has_a_row_for_every_signal_and_says_where_from() -> None:
    table = presentation_thresholds()
    assert set(table.signals) == set(SignalName)
    assert "PENDING" not in TEXT


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[signal.flat_depth]", "[signal.flat_earth]"),
        ("none = 6.0", "none = 1.0"),
        ('direction = "less_is_suspicious"', 'direction = "more_is_suspicious"'),
        ('direction = "less_is_suspicious"', 'direction = "up"'),
        ('unit = "mm"', 'unit = ""'),
        ('unit = "mm"', "unit = 1"),
        ('unit = "mm"', 'unit = "mm"\nweight = 2'),
        ("limit = 3.5", "limit = nan"),
        ("limit = 3.5", 'limit = "3.5"'),
        ("[challenge.tilt]", "[challenge.tip]"),
        ("value = 8.0", "value = -8.0"),
        ("value = 8.0", ""),
        ("version = ", "edition = "),
        ("version = ", "version 7 "),
    ],
)
def test_a_damaged_table_is_refused(old: str, new: str) -> None:
    assert old in TEXT
    with pytest.raises(BiometricsError) as caught:
        parse_thresholds(TEXT.replace(old, new))
    assert caught.value.code is BiometricsErrorCode.THRESHOLD_TABLE_INVALID


@pytest.mark.parametrize("name", list(SignalName))
def test_the_knots_are_met(name: SignalName) -> None:
    scale = presentation_thresholds().signals[name]
    assert scale.judge(scale.none).suspicion == 0
    assert scale.judge(scale.limit).suspicion == 0.5
    assert scale.judge(scale.certain).suspicion == 1


@given(st.sampled_from(SignalName), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_suspicion_follows_the_direction(name: SignalName, a: float, b: float) -> None:
    scale = presentation_thresholds().signals[name]
    low, high = sorted((a, b))
    rising = scale.judge(low).suspicion <= scale.judge(high).suspicion
    falling = scale.judge(low).suspicion >= scale.judge(high).suspicion
    assert rising if scale.direction == "more_is_suspicious" else falling


def test_what_is_no_number_is_not_judged() -> None:
    with pytest.raises(ValueError, match="not finite"):
        presentation_thresholds().signals[SignalName.FLAT_DEPTH].judge(float("nan"))
