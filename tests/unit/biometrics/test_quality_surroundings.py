"""Measures of what is around the face: room, size, background, and who else is there."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biometrics.quality import measure_quality
from biometrics.quality.view import FaceView
from biometrics.results import (
    Box,
    FivePoints,
    Measurement,
    NotMeasured,
    QualityMeasure,
    QualityName,
    QualityStatus,
)

WIDTH, HEIGHT = 640, 480
SIDES = (
    QualityName.LEFTWARD_CROP,
    QualityName.RIGHTWARD_CROP,
    QualityName.MARGIN_ABOVE,
    QualityName.MARGIN_BELOW,
)
# A frontal face (dlib's mean shape): the eyes 53 px apart, the middle between them at the origin.
_SHAPE = np.array([(111, 46), (90, 48), (37, 46), (58, 48), (74, 88)], float) - (74, 47)
_GREY = np.full((150, 150, 3), 128, np.uint8)


def _points(x: float, y: float, eyes_px: float = 80) -> FivePoints:
    return FivePoints(*(tuple(point) for point in _SHAPE * (eyes_px / 53) + (x, y)))


def _of(
    points: FivePoints,
    picture: np.ndarray | None = None,
    others: tuple[float, ...] | None = None,
) -> dict[QualityName, Measurement]:
    if picture is None:
        picture = np.full((HEIGHT, WIDTH, 3), 140, np.uint8)
    face = FaceView(Box(0, 0, 100, 100), points, _GREY, picture, others)
    return {measure.name: measure for measure in measure_quality(face)}


def _raw(measures: dict[QualityName, Measurement], name: QualityName) -> float:
    measure = measures[name]
    assert isinstance(measure, QualityMeasure), measure
    return measure.raw


def _status(measures: dict[QualityName, Measurement], name: QualityName) -> QualityStatus:
    measure = measures[name]
    assert isinstance(measure, QualityMeasure), measure
    return measure.status


def _wall(texture: float, seed: int = 1) -> np.ndarray:
    """A wall with large patches whose contrast is `texture` levels."""
    patches = np.random.default_rng(seed).normal(0, 1, (HEIGHT // 16, WIDTH // 16, 3))
    large = cv2.resize(patches, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)
    return np.clip(128 + texture * large, 0, 255).astype(np.uint8)


# --- framing --------------------------------------------------------------------------------


def test_a_well_framed_head_is_good_on_every_side() -> None:
    measures = _of(_points(320, 210))
    for name in (QualityName.HEAD_SIZE, *SIDES):
        assert _status(measures, name) is QualityStatus.GOOD, name


def test_room_is_the_subjects_own_left_and_right() -> None:
    # The right of the picture is the subject's left.
    measures = _of(_points(540, 210))
    left, right = (_raw(measures, name) for name in SIDES[:2])
    assert left < right
    assert left + right == pytest.approx(WIDTH / 80 - 2.4, abs=0.05)


@pytest.mark.parametrize(
    ("steps", "falling", "rising"),
    [
        ([(x, 210) for x in (320, 420, 520, 620, 680)], SIDES[0], SIDES[1]),
        ([(x, 210) for x in (320, 220, 120, 20, -40)], SIDES[1], SIDES[0]),
        ([(320, y) for y in (210, 140, 70, 0, -40)], SIDES[2], SIDES[3]),
        ([(320, y) for y in (210, 280, 350, 420, 500)], SIDES[3], SIDES[2]),
    ],
)
def test_room_falls_as_the_head_leaves_and_the_rest_stays(
    steps: list[tuple[float, float]], falling: QualityName, rising: QualityName
) -> None:
    series = [_of(_points(x, y)) for x, y in steps]
    raw = [_raw(measures, falling) for measures in series]
    assert raw == sorted(raw, reverse=True)
    other = [_raw(measures, rising) for measures in series]
    assert other == sorted(other)
    assert _status(series[0], falling) is QualityStatus.GOOD
    assert _status(series[-1], falling) is QualityStatus.TOO_POOR
    untouched = [QualityName.HEAD_SIZE, *(side for side in SIDES if side not in (falling, rising))]
    for name in untouched:
        values = [_raw(measures, name) for measures in series]
        assert values == pytest.approx([values[0]] * len(values))


def test_a_cut_off_crown_or_chin_is_marginal_and_a_cut_off_mouth_is_too_poor() -> None:
    assert _status(_of(_points(320, 80)), QualityName.MARGIN_ABOVE) is QualityStatus.MARGINAL
    assert _status(_of(_points(320, 350)), QualityName.MARGIN_BELOW) is QualityStatus.MARGINAL
    assert _status(_of(_points(320, 385)), QualityName.MARGIN_BELOW) is QualityStatus.TOO_POOR


def test_head_size_is_signed_and_never_too_poor() -> None:
    series = [_of(_points(320, 210, eyes)) for eyes in (8, 30, 73, 160, 400)]
    raw = [_raw(measures, QualityName.HEAD_SIZE) for measures in series]
    assert raw == sorted(raw)
    assert raw[0] < 0 < raw[-1]
    assert raw[2] == pytest.approx(0, abs=0.1)
    statuses = [_status(measures, QualityName.HEAD_SIZE) for measures in series]
    assert statuses == [
        QualityStatus.MARGINAL,
        QualityStatus.MARGINAL,
        QualityStatus.GOOD,
        QualityStatus.MARGINAL,
        QualityStatus.MARGINAL,
    ]


def test_turning_the_head_changes_its_size_less_than_the_distance_of_the_eyes() -> None:
    turned = _SHAPE * (0.87, 1)  # by 30 degrees, which takes 0.2 octaves from that distance
    turned[4, 0] += 15
    frontal = _raw(_of(_points(320, 210)), QualityName.HEAD_SIZE)
    points = FivePoints(*(tuple(point) for point in turned * (80 / 53) + (320, 210)))
    assert _raw(_of(points), QualityName.HEAD_SIZE) == pytest.approx(frontal, abs=0.12)


# --- single face ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("others", "raw", "status"),
    [
        ((), 0.0, QualityStatus.GOOD),
        ((0.2, 0.44), 0.44, QualityStatus.GOOD),
        ((0.5,), 0.5, QualityStatus.MARGINAL),
        ((0.1, 0.6), 0.6, QualityStatus.TOO_POOR),
        ((1.4,), 1.4, QualityStatus.TOO_POOR),
    ],
)
def test_the_largest_other_face_counts(
    others: tuple[float, ...], raw: float, status: QualityStatus
) -> None:
    measures = _of(_points(320, 210), others=others)
    assert _raw(measures, QualityName.SINGLE_FACE_PRESENT) == raw
    assert _status(measures, QualityName.SINGLE_FACE_PRESENT) is status


def test_faces_that_nobody_counted_are_not_none() -> None:
    measure = _of(_points(320, 210))[QualityName.SINGLE_FACE_PRESENT]
    assert isinstance(measure, NotMeasured)


# --- background -----------------------------------------------------------------------------


def test_background_grows_with_texture_and_nothing_else_moves() -> None:
    series = [_of(_points(320, 210), _wall(texture)) for texture in (0, 5, 15, 40, 90)]
    raw = [_raw(measures, QualityName.BACKGROUND_UNIFORMITY) for measures in series]
    assert raw == sorted(raw)
    assert raw[0] == 0
    assert _status(series[0], QualityName.BACKGROUND_UNIFORMITY) is QualityStatus.GOOD
    # However busy a hall is, it is no reason to refuse a comparison.
    assert _status(series[-1], QualityName.BACKGROUND_UNIFORMITY) is QualityStatus.MARGINAL
    for name in set(QualityName) - {QualityName.BACKGROUND_UNIFORMITY}:
        assert all(measures[name] == series[0][name] for measures in series)


def test_what_lies_on_the_head_and_the_body_is_no_background() -> None:
    picture = np.full((HEIGHT, WIDTH, 3), 140, np.uint8)
    picture[40:, 180:460] = _wall(90)[40:, 180:460]  # head and hair
    picture[320:] = _wall(90)[320:]  # clothes
    plain = _raw(_of(_points(320, 210), picture), QualityName.BACKGROUND_UNIFORMITY)
    assert plain < 1
    picture[:200, :120] = _wall(90)[:200, :120]
    assert _raw(_of(_points(320, 210), picture), QualityName.BACKGROUND_UNIFORMITY) > 5


def test_background_neither_counts_noise_nor_resolution() -> None:
    noise = np.random.default_rng(2).normal(0, 4, (HEIGHT, WIDTH, 3))
    noisy = np.clip(140 + noise, 0, 255).astype(np.uint8)
    assert _status(_of(_points(320, 210), noisy), QualityName.BACKGROUND_UNIFORMITY) is (
        QualityStatus.GOOD
    )
    wall = _wall(40)
    twice = cv2.resize(wall, (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_LINEAR)
    once = _raw(_of(_points(320, 210), wall), QualityName.BACKGROUND_UNIFORMITY)
    assert _raw(
        _of(_points(640, 420, 160), twice), QualityName.BACKGROUND_UNIFORMITY
    ) == pytest.approx(once, rel=0.15)


def test_a_head_that_fills_the_picture_leaves_no_background() -> None:
    measure = _of(_points(320, 210, 250))[QualityName.BACKGROUND_UNIFORMITY]
    assert isinstance(measure, NotMeasured)
    assert "background" in measure.why


# --- what is not known ----------------------------------------------------------------------


def test_without_the_picture_its_measures_are_not_made() -> None:
    face = FaceView(Box(0, 0, 100, 100), _points(320, 210), _GREY)
    measures = {measure.name: measure for measure in measure_quality(face)}
    for name in (QualityName.HEAD_SIZE, *SIDES, QualityName.BACKGROUND_UNIFORMITY):
        assert isinstance(measures[name], NotMeasured), name


def test_points_that_coincide_span_no_frame() -> None:
    measures = _of(FivePoints(*[(50.0, 50.0)] * 5))
    for name in (QualityName.HEAD_SIZE, *SIDES, QualityName.BACKGROUND_UNIFORMITY):
        assert isinstance(measures[name], NotMeasured), name


AT_WORST_MARGINAL = {
    QualityName.LUMINANCE_VARIANCE,
    QualityName.ILLUMINATION_UNIFORMITY,
    QualityName.EYES_OPEN,
    QualityName.MOUTH_CLOSED,
    QualityName.FACE_OCCLUSION_PREVENTION,
    QualityName.HEAD_SIZE,
    QualityName.BACKGROUND_UNIFORMITY,
}


def test_a_face_half_in_the_dark_is_at_worst_marginal() -> None:
    chip = np.zeros((150, 150, 3), np.uint8)
    chip[:, 75:] = 255
    face = FaceView(Box(0, 0, 100, 100), _points(320, 210), chip)
    measures = {measure.name: measure for measure in measure_quality(face)}
    assert _raw(measures, QualityName.ILLUMINATION_UNIFORMITY) == 8
    assert _status(measures, QualityName.ILLUMINATION_UNIFORMITY) is QualityStatus.MARGINAL


_COORDINATE = st.integers(-2000, 4000).map(float)


@settings(max_examples=60, deadline=None)
@given(
    points=st.lists(st.tuples(_COORDINATE, _COORDINATE), min_size=5, max_size=5),
    size=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    level=st.integers(0, 255),
    noise=st.integers(0, 255),
    others=st.none() | st.tuples(st.floats(0, 5)),
)
def test_every_measure_answers_once_with_a_number_or_a_reason(
    points: list[tuple[float, float]],
    size: tuple[int, int],
    level: int,
    noise: int,
    others: tuple[float, ...] | None,
) -> None:
    random = np.random.default_rng(level)
    picture = np.full((*size, 3), level, np.uint8)
    chip = np.clip(level + noise * random.standard_normal((150, 150, 3)), 0, 255).astype(np.uint8)
    face = FaceView(Box(-5, -5, 50, 50), FivePoints(*points), chip, picture, others)
    measures = measure_quality(face)
    assert sorted(measure.name for measure in measures) == sorted(QualityName)
    for measure in measures:
        if isinstance(measure, QualityMeasure):
            assert np.isfinite(measure.raw)
            assert 0 <= measure.score <= 100
            if measure.name in AT_WORST_MARGINAL:
                assert measure.status is not QualityStatus.TOO_POOR
        else:
            assert measure.why
