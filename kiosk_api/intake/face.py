"""From a captured picture to face facts, inside a deadline, in a worker that can be killed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from kiosk_api.core.evidence import (
    FaceFacts,
    Fault,
    FaultKind,
    MatchFacts,
    Measured,
    NotMeasured,
    QualityFact,
    QualityStatus,
    Stage,
    Why,
)
from kiosk_api.intake.workers import NoWorkerError, WorkerError, WorkerHungError, WorkerPool

_MEASURING_MARGIN_SECONDS = 0.02
"""The worker stops by itself so much before it would be killed: a kill costs a worker."""


@dataclass(frozen=True, slots=True)
class FaceReading:
    """What the face stage came to."""

    face: Measured[FaceFacts] | NotMeasured
    fault: Fault | None
    timings_ms: dict[str, float]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


# Names that a worker sends end in journals and as labels of metrics.
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,31}$")]


class _Quality(_Strict):
    measure: _Name
    status: Annotated[QualityStatus, Field(strict=False)]
    score: float | None


class _Match(_Strict):
    distance: float
    model: str = Field(max_length=200)


class _WorkerAnswer(_Strict):
    """What a worker may say; anything else is treated as a worker that broke."""

    outcome: Literal[
        "unreadable",
        "no_face",
        "several_faces",
        "too_poor",
        "out_of_time",
        "face",
        "engine_failed",
    ]
    fault: str | None = None
    code: str | None = None
    faces: int | None = None
    quality: list[_Quality] = Field(default_factory=list, max_length=32)
    match: _Match | None = None
    why: Literal["not_present", "incomparable"] | None = None
    timings_ms: dict[_Name, float] = Field(default_factory=dict, max_length=32)


async def measure_face(
    pool: WorkerPool, picture: bytes, reference: bytes | None, *, deadline: float
) -> FaceReading:
    """Measure one live picture and compare it with the record's template.

    Args:
        pool: worker processes that run `kiosk_api.intake.face_worker`.
        picture: JPEG or PNG as the camera gave it, untrusted.
        reference: the record's template, or None when there is nothing to compare with.
        deadline: monotonic seconds; no answer comes later than a few milliseconds after it.
    """
    seconds = deadline - time.monotonic() - _MEASURING_MARGIN_SECONDS
    if seconds <= 0:
        return _failed(Why.DEADLINE, FaultKind.BUDGET_EXHAUSTED)
    blobs = (picture,) if reference is None else (picture, reference)
    try:
        reply, _ = await pool.run({"op": "measure", "seconds": seconds}, blobs, deadline=deadline)
        answer = _WorkerAnswer.model_validate(reply)
    except (NoWorkerError, WorkerHungError):
        return _failed(Why.DEADLINE, FaultKind.BUDGET_EXHAUSTED)
    except (WorkerError, ValidationError):
        return _failed(Why.ENGINE_FAILED, FaultKind.MATCHER_FAILED)
    return _reading(answer)


def _reading(answer: _WorkerAnswer) -> FaceReading:
    quality = tuple(
        QualityFact(q.measure, q.status, None if q.score is None else float(q.score))
        for q in answer.quality
    )
    unmatched = NotMeasured(Why.TOO_POOR)
    face: Measured[FaceFacts] | NotMeasured
    match answer.outcome:
        case "unreadable":
            face = NotMeasured(Why.UNREADABLE)
        case "out_of_time":
            return _failed(Why.DEADLINE, FaultKind.BUDGET_EXHAUSTED, answer.timings_ms)
        case "engine_failed":
            return _failed(Why.ENGINE_FAILED, FaultKind.MATCHER_FAILED, answer.timings_ms)
        case "no_face":
            face = Measured(FaceFacts(0, (), NotMeasured(Why.NOT_PRESENT)))
        case "several_faces":
            face = Measured(FaceFacts(max(2, answer.faces or 2), (), unmatched))
        case "too_poor":
            face = Measured(FaceFacts(1, quality, unmatched))
        case "face":
            face = Measured(FaceFacts(1, quality, _match(answer)))
    return FaceReading(face, None, answer.timings_ms)


def _match(answer: _WorkerAnswer) -> Measured[MatchFacts] | NotMeasured:
    if answer.match is not None:
        return Measured(MatchFacts(answer.match.distance, answer.match.model))
    return NotMeasured(Why.INCOMPARABLE if answer.why == "incomparable" else Why.NOT_PRESENT)


def _failed(why: Why, kind: FaultKind, timings_ms: dict[str, float] | None = None) -> FaceReading:
    return FaceReading(NotMeasured(why), Fault(kind, Stage.FACE), timings_ms or {})
