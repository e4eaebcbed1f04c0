"""Comparison is a metric with a threshold. Each property has a broken twin that it catches."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from biometrics import matching
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.results import FaceTemplate, MatchResult, ModelIdentity, Verdict
from biometrics.thresholds import ComparisonThreshold

MODEL = ModelIdentity("net", "1", "mirror")
Compare = Callable[[FaceTemplate, FaceTemplate, ComparisonThreshold], MatchResult]


def _template(seed: int, spread: float, model: ModelIdentity = MODEL) -> FaceTemplate:
    vector = np.random.default_rng(seed).normal(0, spread, 128)
    return FaceTemplate(model, vector.astype(np.float32))


def _threshold(value: float, model: ModelIdentity = MODEL) -> ComparisonThreshold:
    return ComparisonThreshold(
        id="t",
        value=value,
        unit="L2 distance",
        direction="at_most",
        model=str(model),
        fmr=1e-4,
        fnmr=0.2,
        source="test",
    )


templates = st.builds(_template, st.integers(0, 2**32), st.floats(0.001, 1.0))
thresholds = st.floats(0.01, 20.0)
# Shrinking is left out: a smaller seed is no simpler template. No deadline: machines are shared.
quickly = settings(max_examples=100, deadline=None, phases=[Phase.generate])


def _check_symmetric(compare: Compare) -> None:
    @quickly
    @given(templates, templates, thresholds)
    def holds(a: FaceTemplate, b: FaceTemplate, value: float) -> None:
        assert compare(a, b, _threshold(value)) == compare(b, a, _threshold(value))

    holds()


def _check_zero_for_itself(compare: Compare) -> None:
    @quickly
    @given(templates, thresholds)
    def holds(a: FaceTemplate, value: float) -> None:
        result = compare(a, a, _threshold(value))
        assert (result.distance, result.margin, result.verdict) == (0, value, Verdict.SAME)

    holds()


def _check_threshold_direction(compare: Compare) -> None:
    """At or below the threshold is the same person, above it is not."""

    @quickly
    @given(templates, templates, thresholds)
    def holds(a: FaceTemplate, b: FaceTemplate, value: float) -> None:
        edge = matching.distance(a, b)
        for threshold in (value, edge, edge * 0.999):
            matched = compare(a, b, _threshold(threshold)).verdict is Verdict.SAME
            assert matched == (edge <= threshold)

    holds()


PROPERTIES = [_check_symmetric, _check_zero_for_itself, _check_threshold_direction]


@pytest.mark.parametrize("check", PROPERTIES)
def test_compare_keeps(check: Callable[[Compare], None]) -> None:
    check(matching.compare)


def _asymmetric(a: FaceTemplate, b: FaceTemplate, t: ComparisonThreshold) -> MatchResult:
    distance = float(np.abs(a.vector * 2 - b.vector).sum())
    verdict = Verdict.SAME if distance <= t.value else Verdict.DIFFERENT
    return MatchResult(distance, t.value, t.id, verdict)


def _never_zero(a: FaceTemplate, b: FaceTemplate, t: ComparisonThreshold) -> MatchResult:
    result = matching.compare(a, b, t)
    return MatchResult(result.distance + 1e-6, t.value, t.id, result.verdict)


def _turned_round(a: FaceTemplate, b: FaceTemplate, t: ComparisonThreshold) -> MatchResult:
    result = matching.compare(a, b, t)
    verdict = Verdict.SAME if result.distance >= t.value else Verdict.DIFFERENT
    return MatchResult(result.distance, t.value, t.id, verdict)


@pytest.mark.parametrize(
    ("check", "broken"),
    list(zip(PROPERTIES, [_asymmetric, _never_zero, _turned_round], strict=True)),
)
def test_each_property_catches_its_broken_twin(
    check: Callable[[Compare], None], broken: Compare
) -> None:
    with pytest.raises(AssertionError):
        check(broken)


@quickly
@given(templates, st.integers(0, 2**32))
def test_the_triangle_inequality_holds(a: FaceTemplate, seed: int) -> None:
    b, c = _template(seed, 0.1), _template(seed + 1, 0.1)
    direct = matching.distance(a, c)
    assert direct <= matching.distance(a, b) + matching.distance(b, c) + 1e-9


@pytest.mark.parametrize(
    "other",
    [ModelIdentity("net", "1", "plain"), ModelIdentity("net", "2", "mirror")],
)
def test_another_models_template_or_threshold_is_refused(other: ModelIdentity) -> None:
    ours, theirs = _template(1, 0.1), _template(1, 0.1, other)
    for a, b, threshold in (
        (ours, theirs, _threshold(9.0)),
        (theirs, ours, _threshold(9.0)),
        (ours, ours, _threshold(9.0, other)),
    ):
        with pytest.raises(BiometricsError) as caught:
            matching.compare(a, b, threshold)
        assert caught.value.code is BiometricsErrorCode.TEMPLATE_OF_ANOTHER_MODEL
