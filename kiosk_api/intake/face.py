"""From a captured picture to face facts, inside a deadline, in a worker that can be killed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from kiosk_api.core.evidence import (
    CohortSide,
    FaceFacts,
    Fault,
    FaultKind,
    MatchFacts,
    Measured,
    NormalisedFacts,
    NotMeasured,
    PresentationFacts,
    QualityFact,
    QualityStatus,
    Stage,
    Why,
)
from kiosk_api.core.policy import NormalisedPolicy
from kiosk_api.intake.workers import NoWorkerError, WorkerError, WorkerHungError, WorkerPool

_MEASURING_MARGIN_SECONDS = 0.02
"""The worker stops by itself so much before it would be killed: a kill costs a worker."""


@dataclass(frozen=True, slots=True)
class OpenedCohort:
    """The cohort that a policy normalises scores with, as a worker is told of it.

    Args:
        policy: names the cohort by its digest, and the largest score.
        content: the signed file, opened; None is the fictitious cohort that ships with the product.
        trusted_key: Ed25519 public key of who may sign it, 32 bytes; None with `content`.
    """

    policy: NormalisedPolicy
    content: bytes | None = field(default=None, repr=False)
    trusted_key: bytes | None = None

    def request(self) -> dict[str, Any]:
        """What a worker is told beside the content."""
        key = None if self.trusted_key is None else self.trusted_key.hex()
        return {"digest": self.policy.cohort, "key": key}


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


class _Side(_Strict):
    mean: float
    deviation: float


class _Normalised(_Strict):
    score: float
    cohort: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    cohort_size: Annotated[int, Field(ge=1)]
    live: _Side
    record: _Side
    near_duplicates: Annotated[int, Field(ge=0)]
    closer_to_another: bool


class _Match(_Strict):
    distance: float
    model: str = Field(max_length=200)
    normalised: _Normalised | Literal["too_small", "broken"] | None = None


class _Presentation(_Strict):
    suspicious: bool
    score: Annotated[float, Field(ge=0, le=1)]
    signals: list[_Name] = Field(max_length=32)
    suspects: list[_Name] = Field(max_length=32)


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
    presentation: _Presentation | None = None
    why: Literal["not_present", "incomparable"] | None = None
    timings_ms: dict[_Name, float] = Field(default_factory=dict, max_length=32)


async def measure_face(
    pool: WorkerPool,
    picture: bytes,
    reference: bytes | None,
    *,
    deadline: float,
    cohort: OpenedCohort | None = None,
) -> FaceReading:
    """Measure one live picture and compare it with the record's template.

    Args:
        pool: worker processes that run `kiosk_api.intake.face_worker`.
        picture: JPEG or PNG as the camera gave it, untrusted.
        reference: the record's template, or None when there is nothing to compare with.
        deadline: monotonic seconds; no answer comes later than a few milliseconds after it.
        cohort: what the score is normalised with; None when there is none that fits the picture.
    """
    seconds = deadline - time.monotonic() - _MEASURING_MARGIN_SECONDS
    if seconds <= 0:
        return _failed(Why.DEADLINE, FaultKind.BUDGET_EXHAUSTED)
    blobs: tuple[bytes, ...] = (picture, reference or b"")
    try:
        message = {"op": "measure", "seconds": seconds}
        if cohort is not None:
            message["cohort"] = cohort.request()
            blobs = (*blobs, cohort.content or b"")
        reply, _ = await pool.run(message, blobs, deadline=deadline)
        answer = _WorkerAnswer.model_validate(reply)
    except (NoWorkerError, WorkerHungError):
        return _failed(Why.DEADLINE, FaultKind.BUDGET_EXHAUSTED)
    except (WorkerError, ValidationError):
        return _failed(Why.ENGINE_FAILED, FaultKind.MATCHER_FAILED)
    return _reading(answer, cohort)


def _reading(answer: _WorkerAnswer, cohort: OpenedCohort | None) -> FaceReading:
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
            face = Measured(FaceFacts(1, quality, _match(answer, cohort), _presentation(answer)))
    return FaceReading(face, None, answer.timings_ms)


def _match(
    answer: _WorkerAnswer, cohort: OpenedCohort | None
) -> Measured[MatchFacts] | NotMeasured:
    if answer.match is None:
        return NotMeasured(Why.INCOMPARABLE if answer.why == "incomparable" else Why.NOT_PRESENT)
    match = answer.match
    return Measured(MatchFacts(match.distance, match.model, _normalised(match, cohort)))


def _normalised(
    match: _Match, cohort: OpenedCohort | None
) -> Measured[NormalisedFacts] | NotMeasured:
    if cohort is None:
        return NotMeasured(Why.NOT_ATTEMPTED)
    facts = match.normalised
    if facts is None or facts == "broken":
        return NotMeasured(Why.ENGINE_FAILED)
    if facts == "too_small":
        return NotMeasured(Why.NOT_PRESENT)
    return Measured(
        NormalisedFacts(
            score=facts.score,
            cohort=facts.cohort,
            cohort_size=facts.cohort_size,
            live=CohortSide(facts.live.mean, facts.live.deviation),
            record=CohortSide(facts.record.mean, facts.record.deviation),
            near_duplicates=facts.near_duplicates,
            closer_to_another=facts.closer_to_another,
            threshold=cohort.policy.max_score,
            margin=cohort.policy.max_score - facts.score,
        )
    )


def _presentation(answer: _WorkerAnswer) -> Measured[PresentationFacts] | NotMeasured:
    facts = answer.presentation
    if facts is None:
        return NotMeasured(Why.NOT_ATTEMPTED)
    return Measured(
        PresentationFacts(
            facts.suspicious, facts.score, tuple(facts.signals), tuple(facts.suspects)
        )
    )


def _failed(why: Why, kind: FaultKind, timings_ms: dict[str, float] | None = None) -> FaceReading:
    return FaceReading(NotMeasured(why), Fault(kind, Stage.FACE), timings_ms or {})
