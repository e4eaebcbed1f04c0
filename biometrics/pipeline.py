"""Picture bytes to a measured face, stage by stage under a deadline.

The pipeline holds the loaded models of one process. No stage can be interrupted, and a decoder
or a detector that hangs on hostile bytes would hang its caller, so whoever has a budget runs this
in a process that can be killed; the deadline here only stops work that nobody waits for any more.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from biometrics import matching
from biometrics.pictures import decode_picture
from biometrics.presentation_attack import PadFrame, assess
from biometrics.protocols import FaceEngine, RGBPicture
from biometrics.quality import measure_quality
from biometrics.quality.view import FaceView
from biometrics.results import (
    Box,
    FaceMeasurement,
    FaceOutcome,
    FaceTemplate,
    FivePoints,
    MatchResult,
    MeasuredFace,
    NoFace,
    OutOfTime,
    Purpose,
    SeveralFaces,
    Stage,
    TooPoor,
    UnreadablePicture,
    failed_measures,
)
from biometrics.thresholds import ComparisonThreshold

COMPARABLE_SIZE = 0.54
"""A further face counts when its landmarks spread at least this fraction of the traveler's.

Whoever waits behind stands at twice the distance or more (0.5 and below, with the usual spread of
head sizes 0.45); a companion beside the traveler shows 0.65 and more. The line is the geometric
mean of these two. Landmarks tell them apart and the boxes of HOG do not: those come in steps of
1.2, and both 0.45 and 0.65 were seen as 0.58. In frames composed of one photograph twice, all of
106 companions at 0.65 were counted (seen as 0.547 to 0.673) and none of 106 bystanders at 0.45 (to
0.512). Of 2,957 press photographs with a face, 3.9 % have a second one of this size (box width
over 0.4: 4.7 %); nearly all are real people, so a laxer line would overlook companions.
"""


class FacePipeline:
    """Measures pictures and compares templates with one engine."""

    def __init__(
        self,
        engine: FaceEngine,
        *,
        threshold: ComparisonThreshold | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take a loaded engine.

        Args:
            engine: Measures and embeds.
            threshold: For one picture against one; None takes the shipped one of the model.
            clock: Returns monotonic seconds.

        Raises:
            BiometricsError: THRESHOLD_TABLE_INVALID when no threshold is calibrated for the
                engine's model.
        """
        self._engine = engine
        self._clock = clock
        self._threshold = threshold or matching.single_frame_threshold(engine.model)

    @property
    def engine(self) -> FaceEngine:
        """The loaded models: too large to load twice for whoever measures beside the pipeline."""
        return self._engine

    @property
    def threshold(self) -> ComparisonThreshold:
        """The threshold that `compare` holds distances against."""
        return self._threshold

    def measure(
        self,
        picture: bytes,
        *,
        deadline: float | None,
        purpose: Purpose = Purpose.LIVE,
        refuse: bool = True,
    ) -> FaceMeasurement:
        """Measure the face in the bytes of a JPEG or PNG picture.

        Args:
            picture: Untrusted bytes.
            deadline: Monotonic seconds of the pipeline's clock, or None for no limit. No stage
                begins after it; a stage under way runs to its end.
            purpose: What the template is for.
            refuse: Make no template of a face among several, or of one too poor to compare.
                Without, the largest and most central face is measured whatever it looks like:
                for evaluations, which count what the product would refuse by themselves.

        Raises:
            BiometricsError: ENGINE_FAILED. Nothing that a picture shows raises.
        """
        stages = _Stages(self._clock, deadline)
        try:
            with stages.begin(Stage.DECODE):
                decoded = decode_picture(picture)
            outcome: FaceOutcome = (
                decoded
                if isinstance(decoded, UnreadablePicture)
                else self._outcome(decoded, None, stages, purpose, refuse)
            )
        except _OutOfTimeError as stop:
            outcome = OutOfTime(stop.stage)
        return FaceMeasurement(outcome, stages.timings_ms)

    def measure_frame(
        self,
        frame: RGBPicture,
        *,
        deadline: float | None,
        followed: tuple[Box, FivePoints] | None = None,
    ) -> FaceMeasurement:
        """Measure a decoded, upright frame of a live sequence, shape (height, width, 3), uint8.

        Args:
            frame: A frame that the caller decoded.
            deadline: As of `measure`.
            followed: Box and landmarks of the one face, which a tracker verified in this very
                frame; detection is left out then. None detects.

        Raises:
            BiometricsError: ENGINE_FAILED.
        """
        stages = _Stages(self._clock, deadline)
        try:
            outcome = self._outcome(frame, followed, stages, Purpose.LIVE, True)
        except _OutOfTimeError as stop:
            outcome = OutOfTime(stop.stage)
        return FaceMeasurement(outcome, stages.timings_ms)

    def compare(self, a: FaceTemplate, b: FaceTemplate) -> MatchResult:
        """Compare two templates of this pipeline's model against its threshold.

        Raises:
            BiometricsError: TEMPLATE_OF_ANOTHER_MODEL.
        """
        return matching.compare(a, b, self._threshold)

    def warm_up(self) -> None:
        """Run every model once on a generated picture, so that the first traveler waits less.

        A picture without a face would stop at detection, so the later stages are called on a
        box that is claimed to hold one.
        """
        noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
        self._engine.detect(noise)
        landmarks = self._engine.landmarks(noise, Box(220, 140, 200, 200))
        aligned = self._engine.align(noise, landmarks, Purpose.LIVE)
        face = FaceView(Box(220, 140, 200, 200), landmarks, aligned.standard, picture=noise)
        measure_quality(face)
        self._engine.embed(aligned.chips)

    def _outcome(
        self,
        picture: RGBPicture,
        followed: tuple[Box, FivePoints] | None,
        stages: "_Stages",
        purpose: Purpose,
        refuse: bool,
    ) -> FaceOutcome:
        each = [] if followed is None else [followed]
        if followed is None:
            with stages.begin(Stage.DETECT):
                boxes = [face.box for face in self._engine.detect(picture)]
            if not boxes:
                return NoFace()
        with stages.begin(Stage.LANDMARKS):
            if followed is None:
                each = [(box, self._engine.landmarks(picture, box)) for box in boxes]
            box, landmarks = max(each, key=lambda face: _prominence(face[1], picture.shape))
            line = COMPARABLE_SIZE * landmarks.spread
            faces = sum(points.spread >= line for _, points in each)
            if faces > 1 and refuse:
                return SeveralFaces(faces)
            aligned = self._engine.align(picture, landmarks, purpose)
        with stages.begin(Stage.QUALITY):
            measures = measure_quality(
                FaceView(
                    box,
                    landmarks,
                    aligned.standard,
                    picture=picture,
                    others=tuple(
                        points.spread / landmarks.spread
                        for _, points in each
                        if points is not landmarks
                    ),
                )
            )
        if refuse and failed_measures(measures):
            return TooPoor(box, landmarks, measures)
        presentation = None
        if purpose is Purpose.LIVE:
            # A portrait is a picture of a picture; only what is live can be an attack.
            with stages.begin(Stage.PRESENTATION):
                presentation = assess([PadFrame(picture, box, landmarks, captured_at=0.0)])
        with stages.begin(Stage.EMBED):
            template = self._engine.embed(aligned.chips)
        return MeasuredFace(box, landmarks, measures, template, faces, presentation)


def _prominence(landmarks: FivePoints, shape: tuple[int, ...]) -> float:
    """How much a face is the picture's subject: its size, halved on the way to a corner."""
    height, width = shape[:2]
    x, y = landmarks.as_array().mean(axis=0)
    off_centre = math.hypot(x - width / 2, y - height / 2) / (math.hypot(width, height) / 2)
    return landmarks.spread * (1 - min(1.0, off_centre) / 2)


def load_pipeline() -> FacePipeline:
    """Load the models, run them once, and return a pipeline that is really warm.

    Takes about a second. Nothing of the result pickles: call it in the process that measures.

    Raises:
        BiometricsError: MODEL_FILE_MISSING, MODEL_FILE_ALTERED, MODEL_FILE_MALFORMED,
            SELF_CHECK_FAILED or ENGINE_FAILED.
    """
    # dlib and onnxruntime load only where they are used.
    from biometrics.engines.resnet_engine import ResNetEngine

    pipeline = FacePipeline(ResNetEngine.load())
    pipeline.warm_up()
    return pipeline


class _OutOfTimeError(Exception):
    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.stage = stage


class _Stages:
    """Times the stages of one measurement and refuses to begin one after the deadline."""

    def __init__(self, clock: Callable[[], float], deadline: float | None) -> None:
        self._clock = clock
        self._deadline = deadline
        self.timings_ms: dict[Stage, float] = {}

    @contextmanager
    def begin(self, stage: Stage) -> Iterator[None]:
        started = self._clock()
        if self._deadline is not None and started >= self._deadline:
            raise _OutOfTimeError(stage)
        yield
        self.timings_ms[stage] = (self._clock() - started) * 1000
