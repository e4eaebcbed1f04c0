"""What a face worker measures beside one picture for a decision: previews, and sequences.

A preview is measured exactly as a decision measures, only without a template; a sequence is
measured frame by frame until the deadline, its frames chosen by quality and averaged.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from biometrics.guidance import Guidance, guide
from biometrics.pictures import decode_picture
from biometrics.pipeline import FacePipeline
from biometrics.presentation_attack import PadFrame, PresentationAssessment, assess
from biometrics.protocols import AlignedFace, FaceChips, FaceEngine, RGBPicture
from biometrics.results import (
    TEMPLATE_DIMENSIONS,
    Box,
    Detection,
    FaceMeasurement,
    FaceTemplate,
    FivePoints,
    MeasuredFace,
    Measurement,
    ModelIdentity,
    NoFace,
    OutOfTime,
    Purpose,
    QualityMeasure,
    SeveralFaces,
    TooPoor,
    UnreadablePicture,
)
from biometrics.sequence import Contradictory, FusedFace, LiveFrame, fuse

_CAPTURE = "one event"
"""All frames of one event are one capture: the client says so with its token."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a preview says: what to do, and whether a capture now would be compared."""

    guidance: tuple[Guidance, ...]
    ready: bool
    faces: int


class Preview:
    """Measures frames as `pipeline` does, and makes no template of any."""

    def __init__(self, pipeline: FacePipeline) -> None:
        self._engine = _LookingEngine(pipeline.engine)
        self._pipeline = FacePipeline(self._engine, threshold=pipeline.threshold)

    def look(self, picture: bytes, *, deadline: float) -> Look | UnreadablePicture | None:
        """Look at the bytes of a JPEG or PNG picture, untrusted.

        Args:
            picture: kept nowhere.
            deadline: monotonic seconds; no stage begins after it.

        Returns:
            None when the time was too short.

        Raises:
            BiometricsError: ENGINE_FAILED.
        """
        outcome = self._pipeline.measure(picture, deadline=deadline).outcome
        picture_px = self._engine.picture_px
        match outcome:
            case UnreadablePicture():
                return outcome
            case OutOfTime():
                return None
            case NoFace():
                return Look(_guide((), None, None, picture_px, 0), False, 0)
            case SeveralFaces():
                said = _guide((), None, None, picture_px, outcome.count)
                return Look(said, False, outcome.count)
            case TooPoor() | MeasuredFace():
                said = _guide(outcome.measures, outcome.box, outcome.landmarks, picture_px, 1)
                return Look(said, isinstance(outcome, MeasuredFace), 1)


@lru_cache(maxsize=1)
def preview_of(pipeline: FacePipeline) -> Preview:
    """The preview of a worker's pipeline, made once."""
    return Preview(pipeline)


def _guide(
    measures: Sequence[Measurement],
    box: Box | None,
    points: FivePoints | None,
    picture_px: tuple[int, int],
    faces: int,
) -> tuple[Guidance, ...]:
    return guide(measures, box=box, landmarks=points, picture_px=picture_px, faces=faces)


class _LookingEngine:
    """An engine that finds and aligns as another does, and embeds nothing.

    `picture_px` is the width and height of the picture that was searched last.
    """

    def __init__(self, engine: FaceEngine) -> None:
        self._of = engine
        self.picture_px = (0, 0)

    @property
    def model(self) -> ModelIdentity:
        return self._of.model

    def detect(self, picture: RGBPicture) -> list[Detection]:
        self.picture_px = (picture.shape[1], picture.shape[0])
        return self._of.detect(picture)

    def landmarks(self, picture: RGBPicture, box: Box) -> FivePoints:
        return self._of.landmarks(picture, box)

    def align(self, picture: RGBPicture, landmarks: FivePoints, purpose: Purpose) -> AlignedFace:
        return self._of.align(picture, landmarks, purpose)

    def embed(self, chips: FaceChips) -> FaceTemplate:
        """Return a template of nobody, which the preview drops."""
        nobody = np.zeros(TEMPLATE_DIMENSIONS, np.float32)
        nobody[0] = 1.0
        return FaceTemplate(self.model, nobody)


@dataclass(frozen=True, slots=True)
class SequenceFace:
    """One person's face out of several frames.

    Attributes:
        template: None when the frames show different people.
        measures: of each kind the poorest among the frames that were used.
        used: places of the frames that were used, in order of time.
        measured: how many frames had a face that could be compared.
        heads: where a challenge is to be verified, all frames that show one face, also one too
            poor to compare: a turned head is.
    """

    template: FaceTemplate | None = field(repr=False)
    measures: tuple[Measurement, ...]
    presentation: PresentationAssessment
    used: tuple[int, ...]
    measured: int
    heads: tuple[PadFrame, ...] = field(default=(), repr=False)


SequenceOutcome = SequenceFace | SeveralFaces | TooPoor | NoFace | OutOfTime | UnreadablePicture


def measure_sequence(
    pipeline: FacePipeline,
    frames: Sequence[tuple[bytes, float]],
    *,
    deadline: float,
    challenged: bool = False,
) -> tuple[SequenceOutcome, dict[str, float]]:
    """Measure the frames of one capture, choose by quality, never by distance, and average.

    Several people in any frame are several people before the camera. A frame that is empty, too
    poor or broken counts for nothing beside others that can be compared. Frames for which no time
    is left, with the search for attacks over all that were measured, are not looked at.

    Args:
        frames: pictures, untrusted, and when they were taken, seconds, in the order of arrival.
        deadline: monotonic seconds.
        challenged: whether the heads of all frames are wanted.

    Returns:
        The outcome, and the milliseconds of each stage, all frames together.

    Raises:
        BiometricsError: ENGINE_FAILED.
    """
    timings: dict[str, float] = {}
    seen: list[tuple[int, float, RGBPicture, MeasuredFace]] = []
    others: list[SequenceOutcome] = []
    started = time.monotonic()
    heads: list[PadFrame] = []
    for place, (picture, at) in enumerate(frames):
        if place and not _has_time(started, place, deadline):
            break
        decoded = decode_picture(picture)
        if isinstance(decoded, UnreadablePicture):
            others.append(decoded)
            continue
        measurement = pipeline.measure_frame(decoded, deadline=deadline)
        _add(timings, measurement)
        outcome = measurement.outcome
        if isinstance(outcome, MeasuredFace):
            seen.append((place, at, decoded, outcome))
        else:
            others.append(outcome)
        if challenged and isinstance(outcome, MeasuredFace | TooPoor):
            heads.append(PadFrame(decoded, outcome.box, outcome.landmarks, at))
        if isinstance(outcome, SeveralFaces | OutOfTime):
            break
    several = next((outcome for outcome in others if isinstance(outcome, SeveralFaces)), None)
    if several is not None:
        return several, timings
    if not seen:
        return min(others, key=_tells), timings
    live = [LiveFrame.of(face, capture=_CAPTURE, at=at) for _, at, _, face in seen]
    # All are measured already, and `_has_time` kept time for what is left.
    fusion = fuse(live, threshold=pipeline.threshold, deadline=None)
    presentation = assess(
        [PadFrame(picture, face.box, face.landmarks, at) for _, at, picture, face in seen]
    )
    match fusion:
        case FusedFace() | Contradictory():
            chosen = fusion.frames
            template = fusion.template if isinstance(fusion, FusedFace) else None
        case _:  # no frame that the pipeline measured is too poor to be chosen
            chosen, template = (0,), None
    measures = _poorest([seen[i][3].measures for i in chosen])
    used = tuple(seen[i][0] for i in chosen)
    return SequenceFace(template, measures, presentation, used, len(seen), tuple(heads)), timings


def _has_time(started: float, looked_at: int, deadline: float) -> bool:
    """Whether another frame can be measured and all be searched before the deadline.

    The search over several frames takes up to 0.8 of the time that measuring each of them took.
    A worker that is late is killed, and what it measured is lost.
    """
    now = time.monotonic()
    each = (now - started) / looked_at
    return now + each + (looked_at + 1) * each <= deadline


def _add(timings: dict[str, float], measurement: FaceMeasurement) -> None:
    for stage, milliseconds in measurement.timings_ms.items():
        timings[str(stage)] = timings.get(str(stage), 0.0) + milliseconds


def _tells(outcome: SequenceOutcome) -> int:
    """Which of the frames without a usable face says most about the traveler; the least first."""
    order = (TooPoor, OutOfTime, NoFace, UnreadablePicture)
    return next(rank for rank, kind in enumerate(order) if isinstance(outcome, kind))


def _poorest(of_frames: Sequence[tuple[Measurement, ...]]) -> tuple[Measurement, ...]:
    """Of each kind the poorest; what was not measured in one of the frames is the poorest."""

    def rank(measure: Measurement) -> float:
        return measure.score if isinstance(measure, QualityMeasure) else -1.0

    by_name: dict[str, Measurement] = {}
    for measures in of_frames:
        for measure in measures:
            known = by_name.get(measure.name)
            if known is None or rank(measure) < rank(known):
                by_name[measure.name] = measure
    return tuple(by_name.values())
