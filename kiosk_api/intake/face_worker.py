"""The process that measures faces: pictures in, numbers out, no keys, no database.

Run as `python -m kiosk_api.intake.face_worker` by `WorkerPool`; frames on standard input and
output (see `devices.processes.frames`). One picture at a time; killed from outside when it hangs.
It begins with the shipped matcher; a `setup` frame has it load that of somebody else, whose code
never runs where the keys are.
"""

from __future__ import annotations

import base64
import time
from functools import cache
from pathlib import Path
from typing import Any, assert_never

from biometrics.cohort.cohort import Cohort, CohortTooSmall
from biometrics.cohort.fictitious import fictitious_cohort
from biometrics.cohort.files import load_cohort
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.matchers.allowed import AllowedMatcher
from biometrics.matchers.errors import MatcherError
from biometrics.matching import distance
from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.presentation_attack import (
    MeasuredSignal,
    PresentationAssessment,
    PresentationStatus,
)
from biometrics.results import (
    FaceTemplate,
    MeasuredFace,
    Measurement,
    NoFace,
    OutOfTime,
    QualityMeasure,
    SeveralFaces,
    TooPoor,
    UnreadablePicture,
)
from devices.processes.child import enter
from devices.processes.frames import FrameError, encode_frame, read_frame_blocking
from kiosk_api.intake.challenge import verify_plain
from kiosk_api.intake.face_looks import SequenceFace, measure_sequence, preview_of
from kiosk_api.logs import LogFormat, configure_logging
from kiosk_api.records.enrolment import PortraitRefusal, embed_with

_WantedCohort = tuple[str, str | None, bytes]
"""Digest, public key of who may sign it (None for the fictitious one), and the signed content."""


def main() -> None:
    """Serve frames until the service closes our standard input."""
    configure_logging(LogFormat.TEXT)  # an exception's text may quote the picture's content
    requests, answers = enter()
    pipeline = load_pipeline()
    answers.write(encode_frame({"ready": True}))
    answers.flush()
    while (frame := read_frame_blocking(requests)) is not None:
        message, blobs = frame
        if message.get("op") == "setup":
            pipeline, answer = _set_up(pipeline, message)
        else:
            answer = _answer(pipeline, message, blobs)
        answers.write(encode_frame({**answer, "job": message.get("job")}))
        answers.flush()


def _set_up(pipeline: FacePipeline, message: dict[str, Any]) -> tuple[FacePipeline, dict[str, Any]]:
    """Load the matcher that the site's policy names, in the place of the shipped one."""
    # What examines a matcher is not loaded where none is used.
    from biometrics.matchers.pipeline import load_pipeline_of

    try:
        allowed = AllowedMatcher.from_plain(message["allow"])
        loaded = load_pipeline_of(message["model"], allowed, Path(message["data"]))
    except (MatcherError, BiometricsError) as error:
        return pipeline, {"ready": False, "why": str(error)}
    return loaded, {"ready": True}


def _answer(
    pipeline: FacePipeline, message: dict[str, Any], blobs: tuple[bytes, ...]
) -> dict[str, Any]:
    match message.get("op"):
        case "ping":
            return {"pong": True}
        case "measure":
            deadline = time.monotonic() + float(message["seconds"])
            times_ms = message.get("times_ms")
            cohort, challenge = message.get("cohort"), message.get("challenge")
            return _measure(pipeline, blobs, cohort, deadline, times_ms, challenge)
        case "preview":
            deadline = time.monotonic() + float(message["seconds"])
            return _preview(pipeline, blobs[0], deadline)
        case "enrol":
            return _enrol(pipeline, blobs[0])
        case _:
            raise FrameError("unknown operation")


def _measure(
    pipeline: FacePipeline,
    blobs: tuple[bytes, ...],
    cohort: dict[str, Any] | None,
    deadline: float,
    times_ms: list[int] | None = None,
    challenge: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Measure the picture in `blobs` and compare it; then come the template and the cohort.

    Either is empty where there is none. With `times_ms` the further pictures of the capture follow.
    """
    picture, reference, content = (*blobs, b"", b"")[:3]
    if times_ms is not None:
        pictures = (picture, *blobs[3:])
        frames = [(data, ms / 1000) for data, ms in zip(pictures, times_ms, strict=True)]
        wanted = None if cohort is None else (cohort["digest"], cohort["key"], content)
        return _measure_sequence(pipeline, frames, reference, wanted, deadline, challenge)
    try:
        measurement = pipeline.measure(picture, deadline=deadline)
        timings = {str(stage): ms for stage, ms in measurement.timings_ms.items()}
        outcome = measurement.outcome
        answer: dict[str, Any]
        match outcome:
            case MeasuredFace():
                answer = {"outcome": "face", "quality": _quality(outcome.measures)}
                wanted = None if cohort is None else (cohort["digest"], cohort["key"], content)
                answer |= _compare(outcome.template, reference, wanted)
                answer["presentation"] = _presentation(outcome.presentation)
            case _:
                answer = _without_face(outcome)
    except BiometricsError as error:
        return {"outcome": "engine_failed", "code": str(error.code)}
    return answer | {"timings_ms": timings}


def _measure_sequence(
    pipeline: FacePipeline,
    frames: list[tuple[bytes, float]],
    reference: bytes,
    cohort: _WantedCohort | None,
    deadline: float,
    challenge: dict[str, Any] | None,
) -> dict[str, Any]:
    answer: dict[str, Any]
    try:
        outcome, timings = measure_sequence(
            pipeline, frames, deadline=deadline, challenged=challenge is not None
        )
        match outcome:
            case SequenceFace():
                answer = {"outcome": "face", "quality": _quality(outcome.measures)}
                if outcome.template is not None:
                    answer |= _compare(outcome.template, reference, cohort)
                answer["presentation"] = _presentation(outcome.presentation)
                answer["sequence"] = {
                    "frames": len(frames),
                    "measured": outcome.measured,
                    "used": list(outcome.used),
                    "one_person": outcome.template is not None,
                }
                if challenge is not None:
                    complete = len(outcome.heads) == len(frames)
                    answer["challenge"] = verify_plain(challenge, outcome.heads, complete=complete)
            case _:
                answer = _without_face(outcome)
    except BiometricsError as error:
        return {"outcome": "engine_failed", "code": str(error.code)}
    return answer | {"timings_ms": timings}


def _without_face(
    outcome: UnreadablePicture | NoFace | SeveralFaces | TooPoor | OutOfTime,
) -> dict[str, Any]:
    match outcome:
        case UnreadablePicture():
            return {"outcome": "unreadable", "fault": str(outcome.fault)}
        case NoFace():
            return {"outcome": "no_face"}
        case SeveralFaces():
            return {"outcome": "several_faces", "faces": outcome.count}
        case TooPoor():
            return {"outcome": "too_poor", "quality": _quality(outcome.measures)}
        case OutOfTime():
            return {"outcome": "out_of_time"}
        case _:
            assert_never(outcome)


def _preview(pipeline: FacePipeline, picture: bytes, deadline: float) -> dict[str, Any]:
    try:
        look = preview_of(pipeline).look(picture, deadline=deadline)
    except BiometricsError:
        return {"outcome": "engine_failed"}
    if look is None or isinstance(look, UnreadablePicture):
        return {"outcome": "not_looked" if look is None else "unreadable"}
    return {
        "outcome": "looked",
        "guidance": [str(code) for code in look.guidance],
        "ready": look.ready,
        "faces": look.faces,
    }


def _enrol(pipeline: FacePipeline, portrait: bytes) -> dict[str, Any]:
    try:
        made = embed_with(pipeline)(portrait)
    except BiometricsError as error:
        return {"outcome": "engine_failed", "code": str(error.code)}
    if isinstance(made, PortraitRefusal):
        return {"outcome": made.value}
    template = base64.b64encode(made.to_bytes()).decode()
    return {"outcome": "template", "template": template}


def _quality(measures: tuple[Measurement, ...]) -> list[dict[str, Any]]:
    return [
        {
            "measure": str(measure.name),
            "status": str(measure.status)
            if isinstance(measure, QualityMeasure)
            else "not_measured",
            "score": measure.score if isinstance(measure, QualityMeasure) else None,
        }
        for measure in measures
    ]


def _presentation(found: PresentationAssessment | None) -> dict[str, Any] | None:
    if found is None or found.score is None:
        return None
    return {
        "suspicious": found.status is PresentationStatus.SUSPICIOUS,
        "score": found.score,
        "signals": [
            str(signal.name) for signal in found.signals if isinstance(signal, MeasuredSignal)
        ],
        "suspects": [str(name) for name in found.suspicious],
    }


def _compare(live: FaceTemplate, reference: bytes, cohort: _WantedCohort | None) -> dict[str, Any]:
    if not reference:
        return {"match": None, "why": "not_present"}
    try:
        enrolled = type(live).from_bytes(reference, expected=live.model)
    except BiometricsError:
        return {"match": None, "why": "incomparable"}
    match: dict[str, Any] = {"distance": distance(live, enrolled), "model": str(live.model)}
    if cohort is not None:
        match["normalised"] = _normalised(live, enrolled, cohort)
    return {"match": match}


def _normalised(
    live: FaceTemplate, enrolled: FaceTemplate, wanted: _WantedCohort
) -> dict[str, Any] | str:
    """The score before the cohort, or why there is none: `broken` or `too_small`.

    The record's side takes 0.1 ms, less than opening it sealed would: it is not stored.
    """
    try:
        cohort = _cohort(*wanted)
        reference = cohort.reference(enrolled, person=None)
        if isinstance(reference, CohortTooSmall):
            return "too_small"
        found = cohort.score(live, enrolled, reference)
    except BiometricsError:
        return "broken"
    return {
        "score": found.score,
        "cohort": found.cohort_digest,
        "cohort_size": found.cohort_size,
        "live": {"mean": found.live.mean, "deviation": found.live.deviation},
        "record": {"mean": found.record.mean, "deviation": found.record.deviation},
        "near_duplicates": found.near_duplicates,
        "closer_to_another": found.closer_to_another,
    }


@cache
def _cohort(digest: str, key: str | None, content: bytes) -> Cohort:
    """The cohort of this digest, verified once in the life of a worker."""
    if key is None:
        cohort = fictitious_cohort()
    else:
        cohort = load_cohort(content, trusted_keys=[bytes.fromhex(key)])
    if cohort.digest != digest:
        raise BiometricsError(
            BiometricsErrorCode.COHORT_REFERENCE_MISMATCHED, "the policy asks for another cohort"
        )
    return cohort


if __name__ == "__main__":
    main()
