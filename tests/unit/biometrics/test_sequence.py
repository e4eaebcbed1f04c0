"""Choosing and averaging the frames of a live capture."""

import inspect
import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biometrics import sequence
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.results import (
    Box,
    FaceTemplate,
    FivePoints,
    MeasuredFace,
    ModelIdentity,
    NotMeasured,
    QualityMeasure,
    QualityName,
    QualityStatus,
)
from biometrics.sequence import (
    MOST_SEEN,
    Contradictory,
    FusedFace,
    LiveFrame,
    NoUsableFrame,
    choose,
    fuse,
)
from biometrics.thresholds import ComparisonThreshold

MODEL = ModelIdentity("model", "1", "plain")
THRESHOLD = ComparisonThreshold(
    id="raw",
    value=0.5,
    unit="L2 distance",
    direction="at_most",
    model=str(MODEL),
    fmr=1e-4,
    fnmr=0.1,
    source="made up",
)


def _measures(*scores: int | None) -> tuple[QualityMeasure | NotMeasured, ...]:
    names = itertools.cycle(QualityName)
    return tuple(
        NotMeasured(name, "hidden")
        if score is None
        else QualityMeasure(name, float(score), "unit", score, _status(score))
        for name, score in zip(names, scores, strict=False)
    )


def _status(score: int) -> QualityStatus:
    if score < 30:
        return QualityStatus.TOO_POOR
    return QualityStatus.GOOD if score >= 70 else QualityStatus.MARGINAL


def _template(place: float = 0.0, model: ModelIdentity = MODEL) -> FaceTemplate:
    """Templates lie on a line: their distance is that of their places."""
    vector = np.zeros(128, np.float32)
    vector[0], vector[1] = 1, place
    return FaceTemplate(model, vector)


def _frame(
    at: float, *scores: int | None, place: float = 0.0, capture: str = "camera 1"
) -> LiveFrame:
    return LiveFrame(capture, at, _measures(*scores), _template(place))


def _fuse(frames: list[LiveFrame], **options: float) -> FusedFace | NoUsableFrame | Contradictory:
    return fuse(frames, threshold=THRESHOLD, deadline=None, **options)


def test_the_best_frames_are_averaged() -> None:
    frames = [
        _frame(0, 60, 95, place=0.40),
        _frame(1, 90, 90, place=0.00),
        _frame(2, 80, 80, place=0.10),
        _frame(3, 40, 99, place=0.49),
        _frame(4, 85, 85, place=0.20),
    ]
    fused = _fuse(frames)
    assert isinstance(fused, FusedFace)
    assert fused.frames == (1, 2, 4)
    assert fused.seen == 5
    assert np.allclose(fused.template.vector, _template(0.10).vector)
    assert fused.template.model == MODEL


def test_one_frame_is_its_own_template() -> None:
    fused = _fuse([_frame(0, 80, place=0.3)])
    assert fused == FusedFace(_template(0.3), (0,), 1)


def test_frames_that_follow_closely_count_once() -> None:
    frames = [_frame(at, 90 - i) for i, at in enumerate((0, 0.05, 0.1, 0.5, 0.55, 1.0))]
    assert choose(frames) == (0, 3, 5)
    assert choose(frames, least_gap=0.0) == (0, 1, 2)
    assert choose(frames, most=1) == (0,)


def test_the_weakest_measure_decides_and_the_mean_among_equals() -> None:
    assert choose([_frame(0, 99, 99, 40), _frame(1, 60, 60, 60)], most=1) == (1,)
    assert choose([_frame(0, 60, 70), _frame(1, 60, 99)], most=1) == (1,)
    assert choose([_frame(0, 70), _frame(1, 70)], most=1) == (0,)


def test_what_was_not_measured_counts_against_a_frame() -> None:
    assert choose([_frame(0, 99, None), _frame(1, 40, 40)], most=1) == (1,)
    assert choose([_frame(0, None), _frame(1)], most=1) == (1,)


def test_frames_that_are_too_poor_are_never_used() -> None:
    assert choose([_frame(0, 99, 29), _frame(1, 31, 31)]) == (1,)
    assert _fuse([_frame(0, 29), _frame(1, 5)]) == NoUsableFrame(2)
    assert _fuse([]) == NoUsableFrame(0)


def test_several_people_in_one_capture_are_refused() -> None:
    frames = [_frame(0, 90, place=0.0), _frame(1, 80, place=0.3), _frame(2, 70, place=0.6)]
    found = _fuse(frames)
    assert isinstance(found, Contradictory)
    assert found.frames == (0, 1, 2)
    assert found.distance == pytest.approx(0.6)
    # Control: a little nearer, they are one.
    frames[2] = _frame(2, 70, place=0.5)
    assert isinstance(_fuse(frames), FusedFace)


def test_frames_of_two_captures_are_never_averaged() -> None:
    with pytest.raises(ValueError, match="two captures"):
        _fuse([_frame(0, 90), _frame(1, 90, capture="camera 2")])


@pytest.mark.parametrize("number", [1, 2])
def test_frames_of_another_model_are_an_error(number: int) -> None:
    other = ModelIdentity("model", "2", "plain")
    frames = [LiveFrame("camera 1", i, _measures(80), _template(0, other)) for i in range(number)]
    with pytest.raises(BiometricsError) as caught:
        _fuse(frames)
    assert caught.value.code is BiometricsErrorCode.TEMPLATE_OF_ANOTHER_MODEL


def test_nothing_is_asked_for_after_the_deadline() -> None:
    now, asked = [0.0], []

    def camera() -> Iterator[LiveFrame]:
        for i in range(100):
            asked.append(i)
            now[0] += 0.3
            yield _frame(now[0], 80)

    fused = fuse(camera(), threshold=THRESHOLD, deadline=1.0, clock=lambda: now[0])
    assert isinstance(fused, FusedFace)
    assert asked == [0, 1, 2, 3]
    assert fused.seen == 4
    late = fuse(camera(), threshold=THRESHOLD, deadline=1.0, clock=lambda: 1.0)
    assert late == NoUsableFrame(0)
    assert asked == [0, 1, 2, 3]


def test_a_stream_without_an_end_is_left() -> None:
    endless = (_frame(i, 80) for i in itertools.count())
    fused = fuse(endless, threshold=THRESHOLD, deadline=None)
    assert isinstance(fused, FusedFace)
    assert fused.seen == MOST_SEEN


def test_a_measured_face_becomes_a_frame() -> None:
    points = FivePoints((3, 0), (2, 0), (0, 0), (1, 0), (1.5, 1))
    face = MeasuredFace(Box(0, 0, 9, 9), points, _measures(80), _template(0.2))
    frame = LiveFrame.of(face, capture="camera 1", at=3.0)
    assert frame == LiveFrame("camera 1", 3.0, face.measures, face.template)


_SCORES = st.lists(st.one_of(st.none(), st.integers(0, 100)), min_size=1, max_size=4)
_FRAMES = st.lists(
    st.builds(
        lambda at, scores, place: _frame(at, *scores, place=place),
        st.floats(0, 3),
        _SCORES,
        st.floats(0, 1, width=32),
    ),
    max_size=12,
)


@given(_FRAMES, st.integers(1, 5), st.floats(0, 1))
def test_the_choice_is_sound_and_blind_to_templates(
    frames: list[LiveFrame], most: int, least_gap: float
) -> None:
    chosen = choose(frames, most=most, least_gap=least_gap)
    assert len(chosen) == len(set(chosen)) <= most
    times = [frames[i].at for i in chosen]
    assert all(b - a >= least_gap for a, b in itertools.pairwise(times))
    usable = [frame for frame in frames if not sequence.failed_measures(frame.measures)]
    assert bool(chosen) == bool(usable)
    if chosen:
        best = max(sequence._rank(frame.measures) for frame in usable)
        assert best in [sequence._rank(frames[i].measures) for i in chosen]
    elsewhere = [
        LiveFrame(frame.capture, frame.at, frame.measures, _template(7.0 * i))
        for i, frame in enumerate(frames)
    ]
    assert choose(elsewhere, most=most, least_gap=least_gap) == chosen


@given(_FRAMES)
def test_a_fused_template_is_the_mean_of_frames_that_agree(frames: list[LiveFrame]) -> None:
    found = _fuse(frames)
    assert found.seen == len(frames)
    if isinstance(found, NoUsableFrame):
        return
    vectors = np.array([frames[i].template.vector for i in found.frames], dtype=np.float64)
    largest = max(float(np.linalg.norm(a - b)) for a, b in itertools.product(vectors, vectors))
    if isinstance(found, Contradictory):
        assert largest > THRESHOLD.value
        assert found.distance == largest
    else:
        assert largest <= THRESHOLD.value
        assert np.allclose(found.template.vector, vectors.mean(axis=0), atol=1e-6)


def test_nothing_here_can_be_given_a_record_to_choose_by() -> None:
    for function in (fuse, choose):
        types = str(inspect.signature(function))
        assert "FaceTemplate" not in types
        assert "record" not in types
