"""Quality measures on generated chips: what each one sees, and what it must not confuse."""

import cv2
import numpy as np
import pytest

from biometrics.quality import measure_quality
from biometrics.quality.view import FaceView
from biometrics.results import (
    Box,
    FivePoints,
    NotMeasured,
    QualityMeasure,
    QualityName,
    QualityStatus,
    failed_measures,
)

# The five points of a frontal face in a 150 px chip (dlib's mean shape).
FRONTAL = FivePoints((111, 46), (90, 48), (37, 46), (58, 48), (74, 88))


def _textured_chip(contrast: float = 30, mean: float = 120) -> np.ndarray:
    """Detail at every scale, like a face: the sum of noise blurred ever more widely."""
    random = np.random.default_rng(3)
    plane = np.zeros((150, 150), np.float32)
    for sigma, weight in ((0.7, 0.5), (1.5, 0.7), (3.0, 1.0), (6.0, 1.4), (12.0, 2.0)):
        layer = cv2.GaussianBlur(
            random.standard_normal((150, 150)).astype(np.float32), (0, 0), sigma
        )
        plane += weight * layer / layer.std()
    plane = mean + contrast * plane / plane.std()
    return np.repeat(np.clip(plane, 0, 255)[..., None], 3, axis=2).astype(np.uint8)


def _measures(
    chip: np.ndarray, points: FivePoints = FRONTAL, width: float = 100
) -> dict[QualityName, QualityMeasure | NotMeasured]:
    face = FaceView(Box(0, 0, width, width), points, chip)
    return {measure.name: measure for measure in measure_quality(face)}


def _measured(chip: np.ndarray, name: QualityName, points: FivePoints = FRONTAL) -> QualityMeasure:
    measure = _measures(chip, points)[name]
    assert isinstance(measure, QualityMeasure)
    return measure


def _noisy(chip: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(5).normal(0, sigma, chip.shape)
    return np.clip(chip + noise, 0, 255).astype(np.uint8)


def _turned(offset: float) -> FivePoints:
    return FivePoints((111, 46), (90, 48), (37, 46), (58, 48), (74 + offset, 88))


def test_every_measure_answers_once() -> None:
    measures = measure_quality(FaceView(Box(0, 0, 100, 100), FRONTAL, _textured_chip()))
    assert [measure.name for measure in measures] == list(dict.fromkeys(m.name for m in measures))
    assert {measure.name for measure in measures} == set(QualityName)
    assert failed_measures(measures) == ()


def test_blur_is_too_poor_and_noise_does_not_hide_it() -> None:
    sharp = _textured_chip()
    blurred = cv2.GaussianBlur(sharp, (0, 0), 3)
    assert _measured(sharp, QualityName.SHARPNESS).status is QualityStatus.GOOD
    for chip in (blurred, _noisy(blurred, 4)):
        assert _measured(chip, QualityName.SHARPNESS).status is QualityStatus.TOO_POOR


def test_sharpness_falls_with_every_step_of_blur() -> None:
    steps = [0.5, 1, 1.5, 2, 3]
    raw = [
        _measured(cv2.GaussianBlur(_textured_chip(), (0, 0), sigma), QualityName.SHARPNESS).raw
        for sigma in steps
    ]
    assert raw == sorted(raw, reverse=True)
    assert raw[0] > 2 * raw[-1]


def test_dim_and_noisy_is_neither_blurred_nor_dark() -> None:
    chip = _noisy((_textured_chip() * 0.45).astype(np.uint8), 5)
    face = FaceView(Box(0, 0, 100, 100), FRONTAL, chip)
    assert failed_measures(measure_quality(face)) == ()


def test_sharpness_of_a_flat_face_is_not_measured_rather_than_zero() -> None:
    measure = _measures(np.full((150, 150, 3), 128, np.uint8))[QualityName.SHARPNESS]
    assert isinstance(measure, NotMeasured)
    assert "contrast" in measure.why


def test_darkness_is_too_poor() -> None:
    dark = (_textured_chip() * 0.15).astype(np.uint8)
    assert dark.mean() < 25
    assert _measured(dark, QualityName.LUMINANCE_MEAN).status is QualityStatus.TOO_POOR
    under = _measured(dark, QualityName.UNDER_EXPOSURE_PREVENTION)
    assert under.status is QualityStatus.TOO_POOR
    assert under.raw > 0.6


def test_a_darker_face_in_good_light_is_good() -> None:
    chip = _textured_chip(contrast=18, mean=65)
    for name in (
        QualityName.LUMINANCE_MEAN,
        QualityName.UNDER_EXPOSURE_PREVENTION,
        QualityName.DYNAMIC_RANGE,
    ):
        assert _measured(chip, name).status is QualityStatus.GOOD


def test_glare_is_over_exposure() -> None:
    chip = _textured_chip(mean=120)
    chip[:, 70:] = 255
    over = _measured(chip, QualityName.OVER_EXPOSURE_PREVENTION)
    assert over.status is QualityStatus.TOO_POOR
    assert over.raw == pytest.approx(50 / 90)


def test_dynamic_range_is_the_entropy_of_the_histogram() -> None:
    two_levels = np.full((150, 150, 3), 100, np.uint8)
    two_levels[:, 75:] = 160  # the inner face spans columns 30 to 120: half and half
    assert _measured(two_levels, QualityName.DYNAMIC_RANGE).raw == pytest.approx(1.0)


def test_inter_eye_distance_is_between_the_eye_centres() -> None:
    measure = _measured(_textured_chip(), QualityName.INTER_EYE_DISTANCE)
    assert measure.raw == pytest.approx(100.5 - 47.5)
    assert measure.unit == "px"


@pytest.mark.parametrize(
    ("width", "status"),
    [(47, QualityStatus.TOO_POOR), (48, QualityStatus.MARGINAL), (100, QualityStatus.GOOD)],
)
def test_face_width_changes_status_at_its_limits(width: float, status: QualityStatus) -> None:
    measure = _measures(_textured_chip(), width=width)[QualityName.FACE_WIDTH]
    assert isinstance(measure, QualityMeasure)
    assert measure.status is status


def test_roll_is_positive_towards_the_right_shoulder() -> None:
    # The head leans to the subject's right: in the picture the right eye (on the left) sinks.
    leaning = FivePoints((111, 40), (90, 43), (37, 58), (58, 55), (78, 90))
    assert _measured(_textured_chip(), QualityName.HEAD_POSE_ROLL, leaning).raw == pytest.approx(
        15.8, abs=1
    )


def test_yaw_is_signed_symmetric_and_graded_by_magnitude() -> None:
    left, frontal, right = (
        _measured(_textured_chip(), QualityName.HEAD_POSE_YAW, _turned(offset))
        for offset in (12, 0, -12)
    )
    assert left.raw == pytest.approx(-right.raw)
    assert 20 < left.raw < 35
    assert frontal.raw == pytest.approx(0)
    assert left.score == right.score < frontal.score == 100
    profile = _measured(_textured_chip(), QualityName.HEAD_POSE_YAW, _turned(-30))
    assert profile.status is QualityStatus.TOO_POOR


def test_yaw_does_not_depend_on_roll() -> None:
    centre = np.array([74.0, 60.0])
    angle = np.radians(20)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    straight = _turned(10)
    rolled = FivePoints(
        *(tuple(rotation @ (point - centre) + centre) for point in straight.as_array())
    )
    yaw = [
        _measured(_textured_chip(), QualityName.HEAD_POSE_YAW, points).raw
        for points in (straight, rolled)
    ]
    assert yaw[0] == pytest.approx(yaw[1])


def test_pitch_is_not_measured_and_says_why() -> None:
    pitch = _measures(_textured_chip())[QualityName.HEAD_POSE_PITCH]
    assert isinstance(pitch, NotMeasured)
    assert "nose" in pitch.why


def test_eyes_in_one_point_leave_pose_unmeasured() -> None:
    collapsed = FivePoints((50, 50), (50, 50), (50, 50), (50, 50), (50, 80))
    measures = _measures(_textured_chip(), collapsed)
    assert isinstance(measures[QualityName.HEAD_POSE_YAW], NotMeasured)
    assert isinstance(measures[QualityName.HEAD_POSE_ROLL], NotMeasured)
