"""The process that measures faces: pictures in, numbers out, no keys, no database.

Run as `python -m kiosk_api.intake.face_worker` by `WorkerPool`; frames on standard input and
output (see `devices.processes.frames`). One picture at a time; killed from outside when it hangs.
"""

from __future__ import annotations

import time
from typing import Any, assert_never

from biometrics.errors import BiometricsError
from biometrics.pipeline import FacePipeline, load_pipeline
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
from kiosk_api.logs import LogFormat, configure_logging


def main() -> None:
    """Serve frames until the service closes our standard input."""
    configure_logging(LogFormat.TEXT)  # an exception's text may quote the picture's content
    requests, answers = enter()
    pipeline = load_pipeline()
    answers.write(encode_frame({"ready": True}))
    answers.flush()
    while (frame := read_frame_blocking(requests)) is not None:
        message, blobs = frame
        answer = _answer(pipeline, message, blobs)
        answers.write(encode_frame({**answer, "job": message.get("job")}))
        answers.flush()


def _answer(
    pipeline: FacePipeline, message: dict[str, Any], blobs: tuple[bytes, ...]
) -> dict[str, Any]:
    match message.get("op"):
        case "ping":
            return {"pong": True}
        case "measure":
            reference = blobs[1] if len(blobs) > 1 else None
            deadline = time.monotonic() + float(message["seconds"])
            return _measure(pipeline, blobs[0], reference, deadline)
        case _:
            raise FrameError("unknown operation")


def _measure(
    pipeline: FacePipeline, picture: bytes, reference: bytes | None, deadline: float
) -> dict[str, Any]:
    try:
        measurement = pipeline.measure(picture, deadline=deadline)
        timings = {str(stage): ms for stage, ms in measurement.timings_ms.items()}
        outcome = measurement.outcome
        answer: dict[str, Any]
        match outcome:
            case UnreadablePicture():
                answer = {"outcome": "unreadable", "fault": str(outcome.fault)}
            case NoFace():
                answer = {"outcome": "no_face"}
            case SeveralFaces():
                answer = {"outcome": "several_faces", "faces": outcome.count}
            case TooPoor():
                answer = {"outcome": "too_poor", "quality": _quality(outcome.measures)}
            case OutOfTime():
                answer = {"outcome": "out_of_time"}
            case MeasuredFace():
                answer = {"outcome": "face", "quality": _quality(outcome.measures)}
                answer |= _compare(pipeline, outcome.template, reference)
            case _:
                assert_never(outcome)
    except BiometricsError as error:
        return {"outcome": "engine_failed", "code": str(error.code)}
    return answer | {"timings_ms": timings}


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


def _compare(pipeline: FacePipeline, live: FaceTemplate, reference: bytes | None) -> dict[str, Any]:
    if reference is None:
        return {"match": None, "why": "not_present"}
    try:
        enrolled = FaceTemplate.from_bytes(reference, expected=live.model)
    except BiometricsError:
        return {"match": None, "why": "incomparable"}
    result = pipeline.compare(live, enrolled)
    return {"match": {"distance": result.distance, "model": str(live.model)}}


if __name__ == "__main__":
    main()
