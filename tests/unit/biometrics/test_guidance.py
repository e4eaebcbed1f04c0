"""What the traveler is told: the order, the kinds, and whose left is left."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biometrics.guidance import MOST_AT_ONCE, Guidance, guide
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
from biometrics.thresholds import graded

PICTURE_PX = (640, 480)
CENTRED = Box(220, 120, 200, 200)
GRADED = sorted(set(QualityName) - {QualityName.HEAD_POSE_PITCH})

# A raw value of each measure that is good, and one that is as poor as the measure can say.
_GOOD = {
    QualityName.INTER_EYE_DISTANCE: 80.0,
    QualityName.FACE_WIDTH: 200.0,
    QualityName.SHARPNESS: 0.5,
    QualityName.LUMINANCE_MEAN: 120.0,
    QualityName.DYNAMIC_RANGE: 7.0,
    QualityName.LUMINANCE_VARIANCE: 0.02,
    QualityName.EYES_VISIBLE: 1.0,
    QualityName.EYES_OPEN: 5.0,
    QualityName.MOUTH_OCCLUSION_PREVENTION: 7.0,
    QualityName.MOUTH_CLOSED: 3.0,
    QualityName.LEFTWARD_CROP: 2.0,
    QualityName.RIGHTWARD_CROP: 2.0,
    QualityName.MARGIN_ABOVE: 1.0,
    QualityName.MARGIN_BELOW: 1.0,
}
GOOD: dict[QualityName, Measurement] = {name: graded(name, _GOOD.get(name, 0.0)) for name in GRADED}


def _said(
    *changed: Measurement,
    box: Box | None = CENTRED,
    faces: int = 1,
) -> tuple[Guidance, ...]:
    measures = GOOD | {measure.name: measure for measure in changed}
    return guide(
        tuple(measures.values()), box=box, landmarks=None, picture_px=PICTURE_PX, faces=faces
    )


def test_nothing_is_said_about_a_good_picture() -> None:
    assert all(
        isinstance(measure, QualityMeasure) and measure.status is QualityStatus.GOOD
        for measure in GOOD.values()
    )
    assert _said() == ()


@pytest.mark.parametrize(
    ("name", "raw", "guidance"),
    [
        (QualityName.INTER_EYE_DISTANCE, 15, Guidance.COME_CLOSER),
        (QualityName.FACE_WIDTH, 60, Guidance.COME_CLOSER),
        (QualityName.HEAD_SIZE, -1.5, Guidance.COME_CLOSER),
        (QualityName.HEAD_SIZE, 1.2, Guidance.STEP_BACK),
        # The picture's right is the subject's left: no room on their left, so to their right.
        (QualityName.LEFTWARD_CROP, -0.8, Guidance.MOVE_RIGHT),
        (QualityName.RIGHTWARD_CROP, -0.8, Guidance.MOVE_LEFT),
        (QualityName.MARGIN_ABOVE, -1.7, Guidance.MOVE_DOWN),
        (QualityName.MARGIN_BELOW, -1, Guidance.MOVE_UP),
        # Yaw is positive towards the subject's left.
        (QualityName.HEAD_POSE_YAW, 30, Guidance.TURN_RIGHT),
        (QualityName.HEAD_POSE_YAW, -60, Guidance.TURN_LEFT),
        (QualityName.HEAD_POSE_ROLL, 30, Guidance.LEVEL_HEAD),
        (QualityName.HEAD_POSE_ROLL, -30, Guidance.LEVEL_HEAD),
        (QualityName.LUMINANCE_MEAN, 10, Guidance.MORE_LIGHT),
        (QualityName.UNDER_EXPOSURE_PREVENTION, 0.9, Guidance.MORE_LIGHT),
        (QualityName.OVER_EXPOSURE_PREVENTION, 0.9, Guidance.TOO_BRIGHT),
        (QualityName.DYNAMIC_RANGE, 1, Guidance.TURN_TO_THE_LIGHT),
        (QualityName.ILLUMINATION_UNIFORMITY, -2, Guidance.TURN_TO_THE_LIGHT),
        (QualityName.SHARPNESS, 0.1, Guidance.HOLD_STILL),
        (QualityName.EYES_OPEN, -5, Guidance.OPEN_EYES),
        (QualityName.MOUTH_CLOSED, -5, Guidance.CLOSE_MOUTH),
        (QualityName.EYES_VISIBLE, 0.1, Guidance.TAKE_OFF_DARK_GLASSES),
        (QualityName.MOUTH_OCCLUSION_PREVENTION, -6, Guidance.UNCOVER_FACE),
        (QualityName.SINGLE_FACE_PRESENT, 0.9, Guidance.ONE_PERSON_ONLY),
    ],
)
def test_each_defect_asks_for_its_remedy(name: QualityName, raw: float, guidance: Guidance) -> None:
    assert _said(graded(name, raw)) == (guidance,)


def test_pitch_of_an_engine_that_measures_it() -> None:
    def pitch(raw: float) -> QualityMeasure:
        return QualityMeasure(
            QualityName.HEAD_POSE_PITCH, raw, "degree", 50, QualityStatus.MARGINAL
        )

    assert _said(pitch(25)) == (Guidance.RAISE_CHIN,)
    assert _said(pitch(-25)) == (Guidance.LOWER_CHIN,)


@pytest.mark.parametrize("name", GRADED)
def test_whatever_is_too_poor_is_said(name: QualityName) -> None:
    poor = replace(GOOD[name], raw=-1.0, score=0, status=QualityStatus.TOO_POOR)
    said = _said(poor)
    # A busy background is no fault of the traveler's, and none of the comparison's.
    assert bool(said) is (name is not QualityName.BACKGROUND_UNIFORMITY)


def test_nobody_is_asked_to_uncover_on_a_mere_suspicion() -> None:
    suspicion = (
        graded(QualityName.EYES_VISIBLE, 0.5),
        graded(QualityName.MOUTH_OCCLUSION_PREVENTION, -1),
    )
    assert {m.status for m in suspicion} == {QualityStatus.MARGINAL}
    assert _said(*suspicion) == ()
    foreign = graded(QualityName.FACE_OCCLUSION_PREVENTION, 0.6)
    assert _said(foreign) == ()
    assert _said(foreign, *suspicion) == (Guidance.UNCOVER_FACE,)


def test_presence_comes_before_everything() -> None:
    dark = graded(QualityName.LUMINANCE_MEAN, 5)
    assert _said(dark, faces=0) == (Guidance.NOBODY_SEEN,)
    assert _said(dark, faces=2) == (Guidance.ONE_PERSON_ONLY,)
    assert guide((), box=None, landmarks=None, picture_px=(0, 0), faces=0) == (
        Guidance.NOBODY_SEEN,
    )


def test_what_refuses_comes_before_what_could_be_better() -> None:
    near = graded(QualityName.FACE_WIDTH, 60)
    blurred = graded(QualityName.SHARPNESS, 0.1)
    assert near.status is QualityStatus.MARGINAL
    assert _said(near, blurred) == (Guidance.HOLD_STILL, Guidance.COME_CLOSER)
    assert _said(graded(QualityName.FACE_WIDTH, 20), blurred) == (
        Guidance.COME_CLOSER,
        Guidance.HOLD_STILL,
    )


def test_one_thing_of_a_kind_and_two_in_all() -> None:
    poor = [
        graded(QualityName.HEAD_POSE_YAW, 60),
        graded(QualityName.HEAD_POSE_ROLL, 60),
        graded(QualityName.LUMINANCE_MEAN, 5),
        graded(QualityName.SHARPNESS, 0.1),
    ]
    assert _said(*poor) == (Guidance.TURN_RIGHT, Guidance.MORE_LIGHT)


def test_a_head_cut_on_both_sides_is_too_near() -> None:
    sides = [graded(name, -0.3) for name in (QualityName.LEFTWARD_CROP, QualityName.RIGHTWARD_CROP)]
    assert _said(*sides) == (Guidance.STEP_BACK,)
    # Few pixels in a head that fills the frame: coming closer would not help.
    small = graded(QualityName.INTER_EYE_DISTANCE, 30)
    assert _said(small, graded(QualityName.HEAD_SIZE, 1.2)) == (Guidance.STEP_BACK,)


@pytest.mark.parametrize(
    ("box", "said"),
    [
        # At the left edge of the camera's picture stands who is too far to their own right.
        (Box(10, 140, 200, 200), (Guidance.MOVE_LEFT,)),
        (Box(430, 140, 200, 200), (Guidance.MOVE_RIGHT,)),
        (Box(220, -20, 200, 200), (Guidance.MOVE_DOWN,)),
        (Box(220, 20, 200, 200), ()),
        (Box(220, 290, 200, 200), (Guidance.MOVE_UP,)),
        (Box(10, -20, 200, 200), (Guidance.MOVE_LEFT, Guidance.MOVE_DOWN)),
        (None, ()),
    ],
)
def test_where_the_face_lies(box: Box | None, said: tuple[Guidance, ...]) -> None:
    assert _said(box=box) == said


def test_landmarks_tell_the_place_better_than_the_box() -> None:
    points = FivePoints(*[(600.0, 240.0)] * 5)
    said = guide((), box=CENTRED, landmarks=points, picture_px=PICTURE_PX, faces=1)
    assert said == (Guidance.MOVE_RIGHT,)


# --- properties -------------------------------------------------------------------------------

_any_float = st.floats(allow_nan=True, allow_infinity=True)
_measured = st.builds(
    QualityMeasure,
    st.sampled_from(QualityName),
    _any_float,
    st.just("unit"),
    st.integers(0, 100),
    st.sampled_from(QualityStatus),
)
_measurement = _measured | st.builds(NotMeasured, st.sampled_from(QualityName), st.just("why"))
_points = st.lists(st.tuples(_any_float, _any_float), min_size=5, max_size=5).map(
    lambda points: FivePoints(*points)
)
_KINDS = (
    {Guidance.STEP_BACK, Guidance.COME_CLOSER},
    {Guidance.MOVE_LEFT, Guidance.MOVE_RIGHT},
    {Guidance.MOVE_UP, Guidance.MOVE_DOWN},
    {Guidance.TURN_LEFT, Guidance.TURN_RIGHT, Guidance.LEVEL_HEAD},
    {Guidance.RAISE_CHIN, Guidance.LOWER_CHIN},
    {Guidance.MORE_LIGHT, Guidance.TOO_BRIGHT},
)


@given(
    measures=st.lists(_measurement, max_size=40, unique_by=lambda measure: measure.name),
    box=st.none() | st.builds(Box, _any_float, _any_float, _any_float, _any_float),
    landmarks=st.none() | _points,
    picture_px=st.tuples(st.integers(-5, 5000), st.integers(-5, 5000)),
    faces=st.integers(-1, 4),
)
def test_guidance_is_total_short_and_never_contradicts_itself(
    measures: list[Measurement],
    box: Box | None,
    landmarks: FivePoints | None,
    picture_px: tuple[int, int],
    faces: int,
) -> None:
    said = guide(measures, box=box, landmarks=landmarks, picture_px=picture_px, faces=faces)
    assert len(said) <= MOST_AT_ONCE
    assert len(set(said)) == len(said)
    assert all(len(kind.intersection(said)) <= 1 for kind in _KINDS)
    shuffled = list(reversed({measure.name: measure for measure in measures}.values()))
    assert said == guide(shuffled, box=box, landmarks=landmarks, picture_px=picture_px, faces=faces)


@given(measures=st.lists(st.builds(NotMeasured, st.sampled_from(QualityName), st.just("why"))))
def test_what_was_not_measured_is_no_reason_to_say_anything(measures: list[Measurement]) -> None:
    said = guide(measures, box=CENTRED, landmarks=None, picture_px=PICTURE_PX, faces=1)
    assert said == ()


def test_a_raw_value_that_is_no_number_is_not_measured() -> None:
    assert (
        _said(QualityMeasure(QualityName.SHARPNESS, math.nan, "", 0, QualityStatus.TOO_POOR)) == ()
    )


_MIRROR = {
    Guidance.MOVE_LEFT: Guidance.MOVE_RIGHT,
    Guidance.MOVE_RIGHT: Guidance.MOVE_LEFT,
    Guidance.TURN_LEFT: Guidance.TURN_RIGHT,
    Guidance.TURN_RIGHT: Guidance.TURN_LEFT,
}
_SHAPE = np.array([(111, 46), (90, 48), (37, 46), (58, 48), (74, 88)], float) - (74, 47)


@given(
    x=st.integers(0, 640),
    y=st.integers(0, 480),
    eyes_px=st.integers(20, 150).map(lambda px: px + 0.3),  # off every limit, where rounding rules
    turned=st.integers(-40, 40),
    lean=st.integers(-40, 40),
    shade=st.floats(-1, 1),
)
def test_a_mirrored_picture_swaps_left_and_right(
    x: int, y: int, eyes_px: float, turned: int, lean: int, shade: float
) -> None:
    shape = _SHAPE + np.array([(0, 0)] * 4 + [(turned, 0)])
    angle = math.radians(lean)
    rotation = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    points = shape @ rotation.T * (eyes_px / 53) + (x + 0.3, y + 0.3)
    width, height = PICTURE_PX
    picture = np.full((height, width, 3), 128, np.uint8)
    light = 110 * (1 + shade * np.linspace(-0.9, 0.9, 150))
    texture = np.random.default_rng(1).normal(0, 8, (150, 150))
    chip = np.repeat(np.clip(light + texture, 0, 255).astype(np.uint8)[..., None], 3, axis=2)

    def said(points: np.ndarray, chip: np.ndarray, picture: np.ndarray) -> tuple[Guidance, ...]:
        landmarks = FivePoints(*(tuple(point) for point in points))
        left, top = points.min(axis=0)
        box = Box(float(left), float(top), 100.0, 100.0)
        measures = measure_quality(FaceView(box, landmarks, chip, picture, ()))
        return guide(measures, box=box, landmarks=landmarks, picture_px=PICTURE_PX, faces=1)

    # The subject's left eye is the one at the right of the picture: mirroring swaps the eyes.
    mirrored = (points * (-1, 1) + (width, 0))[[2, 3, 0, 1, 4]]
    before = said(points, chip, picture)
    after = said(mirrored, np.ascontiguousarray(chip[:, ::-1]), picture[:, ::-1])
    assert after == tuple(_MIRROR.get(guidance, guidance) for guidance in before)
