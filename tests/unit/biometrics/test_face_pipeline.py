"""The pipeline around a scripted engine: outcomes, stages, deadlines."""

import cv2
import numpy as np
import pytest

from biometrics.pipeline import FacePipeline
from biometrics.protocols import AlignedFace, FaceChips, FaceEngine, RGBPicture
from biometrics.results import (
    Box,
    Detection,
    FaceTemplate,
    FivePoints,
    MeasuredFace,
    ModelIdentity,
    NoFace,
    OutOfTime,
    PictureFault,
    Purpose,
    QualityName,
    SeveralFaces,
    Stage,
    TooPoor,
    UnreadablePicture,
    failed_measures,
)
from biometrics.thresholds import threshold_table

_name, _version, _variant = next(iter(threshold_table().comparison.values())).model.split("/")
MODEL = ModelIdentity(_name, _version, _variant)

PICTURE = cv2.imencode(".png", np.full((200, 200, 3), 90, np.uint8))[1].tobytes()
NOT_A_PICTURE = b"no picture at all"


class Clock:
    """Stands still until it is moved; seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class ScriptedEngine(FaceEngine):
    """Finds faces of the given widths; every step takes 10 ms of the clock."""

    def __init__(self, clock: Clock, widths: list[float], *, blurred: bool = False) -> None:
        self.clock = clock
        self.widths = widths
        self.blur = 4.0 if blurred else 0.6
        self.calls: list[str] = []
        self.purposes: list[Purpose] = []

    @property
    def model(self) -> ModelIdentity:
        return MODEL

    def detect(self, picture: RGBPicture) -> list[Detection]:
        self._step("detect")
        return [Detection(Box(10, 10, width, width), 1.0) for width in self.widths]

    def landmarks(self, picture: RGBPicture, box: Box) -> FivePoints:
        self._step("landmarks")
        at_200_px = [(111, 46), (90, 48), (37, 46), (58, 48), (74, 88)]
        return FivePoints(*((x * box.width / 200, y * box.width / 200) for x, y in at_200_px))

    def align(self, picture: RGBPicture, landmarks: FivePoints, purpose: Purpose) -> AlignedFace:
        self._step("align")
        self.purposes.append(purpose)
        noise = np.random.default_rng(1).normal(120, 60, (150, 150, 1)).astype(np.float32)
        detail = cv2.GaussianBlur(noise, (0, 0), self.blur)
        coarse = cv2.GaussianBlur(noise, (0, 0), 5)
        plane = 120 + 40 * (detail - 120) / detail.std() + 40 * (coarse - 120) / coarse.std()
        chip = np.repeat(np.clip(plane, 0, 255)[..., None], 3, axis=2).astype(np.uint8)
        return AlignedFace(chip, np.zeros((2, 150, 150, 3), np.uint8))  # no quality is to be seen

    def embed(self, chips: FaceChips) -> FaceTemplate:
        self._step("embed")
        return FaceTemplate(MODEL, np.full(128, 0.1, np.float32))

    def _step(self, name: str) -> None:
        self.calls.append(name)
        self.clock.now += 0.01


def _pipeline(widths: list[float], *, blurred: bool = False) -> tuple[FacePipeline, ScriptedEngine]:
    clock = Clock()
    engine = ScriptedEngine(clock, widths, blurred=blurred)
    return FacePipeline(engine, clock=clock), engine


def test_one_good_face_is_measured_and_every_stage_timed() -> None:
    pipeline, _ = _pipeline([120])
    measurement = pipeline.measure(PICTURE, deadline=None)
    assert isinstance(measurement.outcome, MeasuredFace)
    assert list(measurement.timings_ms) == list(Stage)
    assert measurement.timings_ms[Stage.EMBED] == pytest.approx(10)
    assert measurement.timings_ms[Stage.LANDMARKS] == pytest.approx(20)


def test_no_face_is_an_answer() -> None:
    pipeline, engine = _pipeline([])
    measurement = pipeline.measure(PICTURE, deadline=None)
    assert measurement.outcome == NoFace()
    assert engine.calls == ["detect"]
    assert set(measurement.timings_ms) == {Stage.DECODE, Stage.DETECT}


def test_what_is_no_picture_reaches_no_engine() -> None:
    pipeline, engine = _pipeline([120])
    outcome = pipeline.measure(NOT_A_PICTURE, deadline=None).outcome
    assert outcome == UnreadablePicture(PictureFault.NOT_JPEG_OR_PNG)
    assert engine.calls == []


@pytest.mark.parametrize(
    ("widths", "count"), [([100, 100], 2), ([200, 109], 2), ([100, 80, 60, 20], 3)]
)
def test_faces_of_comparable_size_are_several(widths: list[float], count: int) -> None:
    pipeline, engine = _pipeline(widths)
    assert pipeline.measure(PICTURE, deadline=None).outcome == SeveralFaces(count)
    assert "embed" not in engine.calls


def test_faces_in_the_distance_are_ignored() -> None:
    pipeline, _ = _pipeline([200, 107, 80])
    outcome = pipeline.measure(PICTURE, deadline=None).outcome
    assert isinstance(outcome, MeasuredFace)
    assert outcome.box.width == 200


def test_the_size_of_a_face_is_that_of_its_landmarks_and_not_of_its_box() -> None:
    # A detector that knows sizes only in steps may give equal boxes to unequal faces.
    pipeline, engine = _pipeline([200, 100])
    engine.detect = lambda _: [Detection(Box(0, 0, w, w), 1.0) for w in (200, 116)]  # type: ignore[method-assign]
    true_widths = iter([200, 100])
    true_landmarks = engine.landmarks
    engine.landmarks = lambda picture, _: true_landmarks(  # type: ignore[method-assign]
        picture, Box(0, 0, width := next(true_widths), width)
    )
    assert isinstance(pipeline.measure(PICTURE, deadline=None).outcome, MeasuredFace)


def test_a_blurred_face_is_too_poor_and_gets_no_template() -> None:
    pipeline, engine = _pipeline([120], blurred=True)
    outcome = pipeline.measure(PICTURE, deadline=None).outcome
    assert isinstance(outcome, TooPoor)
    assert outcome.failed == (QualityName.SHARPNESS,)
    assert len(outcome.measures) == len(QualityName)
    assert "embed" not in engine.calls


@pytest.mark.parametrize(
    ("seconds", "stage"),
    [
        (0.0, Stage.DECODE),
        (0.005, Stage.LANDMARKS),
        (0.025, Stage.QUALITY),
        (0.03, Stage.QUALITY),
    ],
)
def test_no_stage_begins_after_the_deadline(seconds: float, stage: Stage) -> None:
    pipeline, engine = _pipeline([120])
    deadline = engine.clock.now + seconds
    measurement = pipeline.measure(PICTURE, deadline=deadline)
    assert measurement.outcome == OutOfTime(stage)
    assert stage not in measurement.timings_ms
    assert "embed" not in engine.calls


def test_a_deadline_that_holds_changes_nothing() -> None:
    pipeline, engine = _pipeline([120])
    measurement = pipeline.measure(PICTURE, deadline=engine.clock.now + 0.035)
    assert isinstance(measurement.outcome, MeasuredFace)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_the_engine_is_told_what_the_template_is_for(purpose: Purpose) -> None:
    pipeline, engine = _pipeline([120])
    pipeline.measure(PICTURE, deadline=None, purpose=purpose)
    assert engine.purposes == [purpose]


def test_an_evaluation_measures_what_the_product_would_refuse() -> None:
    pipeline, _ = _pipeline([100, 100], blurred=True)
    outcome = pipeline.measure(PICTURE, deadline=None, refuse=False).outcome
    assert isinstance(outcome, MeasuredFace)
    assert outcome.faces == 2
    failed = {QualityName.SHARPNESS, QualityName.SINGLE_FACE_PRESENT}
    assert set(failed_measures(outcome.measures)) == failed


def test_the_subject_is_the_most_central_of_equal_faces() -> None:
    pipeline, engine = _pipeline([])
    boxes = [Box(0, 0, 60, 60), Box(70, 70, 60, 60)]
    engine.detect = lambda _: [Detection(box, 1.0) for box in boxes]  # type: ignore[method-assign]
    at_origin = engine.landmarks
    engine.landmarks = lambda picture, box: FivePoints(  # type: ignore[method-assign]
        *((x + box.left, y + box.top) for x, y in at_origin(picture, box).as_array())
    )
    outcome = pipeline.measure(PICTURE, deadline=None, refuse=False).outcome
    assert isinstance(outcome, MeasuredFace)
    assert outcome.box == boxes[1]


def test_a_face_that_a_tracker_verified_is_not_detected_again() -> None:
    pipeline, engine = _pipeline([])
    frame = np.full((200, 200, 3), 90, np.uint8)
    box = Box(10, 10, 120, 120)
    followed = (box, engine.landmarks(frame, box))
    measurement = pipeline.measure_frame(frame, deadline=None, followed=followed)
    assert isinstance(measurement.outcome, MeasuredFace)
    assert measurement.outcome.landmarks == followed[1]
    assert engine.calls.count("landmarks") == 1
    assert "detect" not in engine.calls
    assert Stage.DETECT not in measurement.timings_ms
    assert pipeline.measure_frame(frame, deadline=None).outcome == NoFace()
    assert engine.calls.count("detect") == 1


def test_warming_up_runs_every_model() -> None:
    pipeline, engine = _pipeline([])
    pipeline.warm_up()
    assert engine.calls == ["detect", "landmarks", "align", "embed"]
