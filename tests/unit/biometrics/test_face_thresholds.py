"""The threshold table: what ships is sound, and nonsense is refused."""

import dataclasses
import itertools

import pytest

from biometrics import matching
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.model_files import RESNET_V1
from biometrics.results import ModelIdentity, QualityName, QualityStatus
from biometrics.thresholds import QualityScale, parse_thresholds, threshold_table

SHIPPED_MODEL = ModelIdentity("dlib-resnet-v1", RESNET_V1.sha256[:12], "crops3-mirror")

ROW = """
version = "t"
[comparison."c"]
value = 0.5
unit = "L2 distance"
direction = "at_most"
model = "m"
fmr = 1e-4
fnmr = 0.2
source = "s"
[normalised."n"]
value = -4.0
unit = "normalised score"
direction = "at_most"
model = "m"
cohort = "some"
max_distance = 0.6
mean_between = [0.4, 0.8]
max_deviation = 0.1
fmr = 1e-4
fnmr = 0.1
source = "s"
[quality.sharpness]
unit = "ratio"
worst = 0
too_poor = 0.2
good = 0.4
ideal = 0.8
magnitude = false
source = "s"
"""


def test_every_quality_name_that_can_be_measured_has_a_scale() -> None:
    # Pitch is not measured from five points, so no number may pretend to judge it.
    assert set(threshold_table().quality) == set(QualityName) - {QualityName.HEAD_POSE_PITCH}


def test_the_shipped_comparison_threshold_is_conservative() -> None:
    threshold = matching.single_frame_threshold(SHIPPED_MODEL)
    assert threshold.value < 0.6
    assert threshold.fmr <= 1e-4


def test_no_threshold_for_an_unknown_model() -> None:
    for stranger in (
        dataclasses.replace(SHIPPED_MODEL, variant="plain"),
        dataclasses.replace(SHIPPED_MODEL, version="0"),
    ):
        with pytest.raises(BiometricsError) as caught:
            matching.single_frame_threshold(stranger)
        assert caught.value.code is BiometricsErrorCode.THRESHOLD_TABLE_INVALID


def test_a_sound_table_is_read() -> None:
    table = parse_thresholds(ROW)
    assert table.comparison["c"].value == 0.5
    assert table.quality[QualityName.SHARPNESS].good == 0.4


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('unit = "ratio"', ""),
        ('unit = "ratio"', 'unit = "ratio"\nextra = 1'),
        ("[quality.sharpness]", "[quality.beauty]"),
        ("good = 0.4", "good = 0.1"),
        ("good = 0.4", "good = 0.2"),
        ("value = 0.5", "value = -0.5"),
        ("value = 0.5", "value = nan"),
        ('direction = "at_most"', 'direction = "at_least"'),
        ("value = -4.0", "value = nan"),
        ("mean_between = [0.4, 0.8]", "mean_between = [0.8, 0.4]"),
        ("mean_between = [0.4, 0.8]", "mean_between = [0.4]"),
        ("max_distance = 0.6", "max_distance = 0"),
        ("max_deviation = 0.1", ""),
        ('version = "t"', ""),
        ('version = "t"', "version = "),
    ],
)
def test_nonsense_is_refused(old: str, new: str) -> None:
    assert old in ROW
    with pytest.raises(BiometricsError) as caught:
        parse_thresholds(ROW.replace(old, new))
    assert caught.value.code is BiometricsErrorCode.THRESHOLD_TABLE_INVALID


@pytest.mark.parametrize("scale", list(threshold_table().quality.values()), ids=lambda s: s.name)
def test_score_and_status_say_the_same_along_every_scale(scale: QualityScale) -> None:
    knots = [scale.worst, scale.too_poor, scale.good, scale.ideal]
    measures = [
        scale.grade(a + (b - a) * i / 50) for a, b in itertools.pairwise(knots) for i in range(50)
    ]
    scores = [measure.score for measure in measures]
    assert scores == sorted(scores)
    assert (scores[0], scale.grade(scale.ideal).score) == (0, 100)
    for measure in measures:
        expected = (
            QualityStatus.TOO_POOR
            if measure.score < 30
            else QualityStatus.MARGINAL
            if measure.score < 70
            else QualityStatus.GOOD
        )
        assert measure.status is expected, measure
