"""The threshold of an identification follows the size of the gallery and the measured curve."""

import dataclasses
import math
from typing import Any

import pytest

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.gallery.thresholds import (
    CEILING_FMR,
    DLIB_RESNET_V1,
    FalseMatchCurve,
    identification_threshold,
    shipped_curve,
)
from biometrics.results import ModelIdentity
from biometrics.thresholds import threshold_table

PLAIN = dataclasses.replace(DLIB_RESNET_V1, relief=())


@pytest.mark.parametrize("n", [500, 1000, 3333, 10_000, 10**7])
def test_the_rate_of_the_gallery_is_what_was_aimed_at(n: int) -> None:
    threshold = identification_threshold(n, PLAIN)
    assert -math.expm1(n * math.log1p(-threshold.fmr)) == pytest.approx(PLAIN.fpir)


@pytest.mark.parametrize(("n", "factor"), [(300, 2.8), (1000, 4.5), (50_000, 4.5)])
def test_relief_multiplies_the_rate_and_ends_where_measuring_ended(n: int, factor: float) -> None:
    threshold = identification_threshold(n)
    expected = min(-math.expm1(n * math.log1p(-threshold.fmr)), 1)
    assert expected == pytest.approx(DLIB_RESNET_V1.fpir * factor, rel=1e-6)


def test_it_never_rises_with_the_gallery() -> None:
    for curve in (DLIB_RESNET_V1, PLAIN):
        values = [
            identification_threshold(n, curve).value
            for n in (*range(2000), *(10**e for e in range(4, 12)))
        ]
        assert values == sorted(values, reverse=True)
        assert values[0] > values[1999] > values[-1] >= 0


def test_a_small_gallery_asks_no_less_than_a_verification() -> None:
    for n in (0, 1, 2, 100):
        threshold = identification_threshold(n)
        assert (threshold.fmr, threshold.value) == (CEILING_FMR, 0.46)
        assert threshold.templates == max(n, 1)


def test_points_are_met_and_what_lies_between_is_between() -> None:
    points = dict(DLIB_RESNET_V1.points)
    for distance, fmr in points.items():
        if fmr <= CEILING_FMR:
            n = round(math.log1p(-PLAIN.fpir) / math.log1p(-fmr))
            assert identification_threshold(n, PLAIN).value == pytest.approx(distance, abs=1e-3)
    assert 0.417 < identification_threshold(500, PLAIN).value < 0.436


def test_what_was_never_measured_says_so() -> None:
    assert not identification_threshold(10_000).extrapolated
    beyond = identification_threshold(100_000)
    assert beyond.extrapolated
    assert beyond.value < DLIB_RESNET_V1.points[0][0]


def test_the_curve_belongs_to_the_shipped_model() -> None:
    models = {row.model for row in threshold_table().comparison.values()}
    assert DLIB_RESNET_V1.model in models
    assert shipped_curve(ModelIdentity(*DLIB_RESNET_V1.model.split("/"))) is DLIB_RESNET_V1
    with pytest.raises(BiometricsError) as caught:
        shipped_curve(ModelIdentity("another", "1", "plain"))
    assert caught.value.code is BiometricsErrorCode.THRESHOLD_TABLE_INVALID


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": ()},
        {"points": ((0.4, 1e-5),)},
        {"points": ((0.4, 1e-5), (0.4, 1e-3))},
        {"points": ((0.4, 1e-5), (0.5, 1e-5))},
        {"points": ((0.4, 1e-3), (0.5, 1e-2))},  # ends above what a small gallery needs
        {"points": ((0.4, 1e-6), (0.5, 1e-5))},
        {"points": ((0.0, 1e-5), (0.5, 1e-3))},
        {"points": ((math.nan, 1e-5), (0.5, 1e-3))},
        {"points": ((0.4, 0.0), (0.5, 1e-3))},
        {"points": ((0.4, 1e-5), (0.5, 1.0))},
        {"margin": 0.0},
        {"margin": math.nan},
        {"margin": math.inf},
        {"fpir": 0.0},
        {"fpir": 1.0},
        {"relief": ((0, 2.0),)},
        {"relief": ((10, 0.5),)},
        {"relief": ((10, 2.0), (10, 3.0))},
        {"relief": ((10, 3.0), (20, 2.0))},
        {"relief": ((10, math.inf),)},
        {"relief": ((10, math.nan),)},
    ],
)
def test_a_table_that_is_no_curve_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BiometricsError) as caught:
        dataclasses.replace(DLIB_RESNET_V1, **wrong)
    assert caught.value.code is BiometricsErrorCode.THRESHOLD_TABLE_INVALID


def test_an_absurd_aim_stays_a_threshold() -> None:
    curve: FalseMatchCurve = dataclasses.replace(
        DLIB_RESNET_V1, fpir=0.9, relief=((1, 100.0), (2, 1000.0))
    )
    assert identification_threshold(1, curve).value == 0.46
