"""From a captured picture to face facts, inside a deadline, in a worker that can be killed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from kiosk_api.core.evidence import (
    ChallengeFacts,
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
    SequenceFacts,
    Stage,
    Why,
)
from kiosk_api.core.policy import NormalisedPolicy
from kiosk_api.intake.workers import NoWorkerError, WorkerError, WorkerHungError, WorkerPool

_MEASURING_MARGIN_SECONDS = 0.02
"""The worker stops by itself so much before it would be killed: a kill costs a worker."""

MOST_FRAMES = 8
"""Of one capture; more are refused where they come in."""

PREVIEW_SECONDS = 0.3
"""How long a worker looks at a preview: no stage begins after it."""

_PREVIEW_HUNG_SECONDS = 1.5
"""A stage that is under way then is taken for one that hangs, and costs a worker."""

_PREVIEW_NEEDS_IDLE = 2
"""One for the preview, and one that waits for a decision."""


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
class TimedPicture:
    """One of several pictures of a capture; `at_ms` is when it was taken, by the camera's clock."""

    data: bytes = field(repr=False)
    at_ms: int


_NO_COHORT = NotMeasured(Why.NOT_ATTEMPTED)


@dataclass(frozen=True, slots=True)
class FaceReading:
    """What the face stage came to; `used` are the places of the pictures that were compared."""

    face: Measured[FaceFacts] | NotMeasured
    fault: Fault | None
    timings_ms: dict[str, float]
    used: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FacePreview:
    """What to tell the traveler before the capture; nothing of it is evidence.

    `guidance` are codes of `biometrics.guidance.Guidance`, the most useful first.
    """

    guidance: tuple[str, ...]
    ready: bool
    faces: int


class PreviewUnreadableError(Exception):
    """The bytes are no picture that can be read."""


class PreviewBusyError(Exception):
    """There is no worker, or no time, for a preview now."""


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


class _Sequence(_Strict):
    frames: Annotated[int, Field(ge=1, le=MOST_FRAMES)]
    measured: Annotated[int, Field(ge=1, le=MOST_FRAMES)]
    used: list[Annotated[int, Field(ge=0, lt=MOST_FRAMES)]] = Field(
        min_length=1, max_length=MOST_FRAMES
    )
    one_person: bool


class _Challenge(_Strict):
    kind: Literal["gesture", "light"]
    outcome: Literal["passed", "failed", "not_measured"]
    reason: _Name


class _PreviewAnswer(_Strict):
    outcome: Literal["looked", "not_looked", "unreadable", "engine_failed"]
    guidance: list[_Name] = Field(default_factory=list, max_length=8)
    ready: bool = False
    faces: Annotated[int, Field(ge=0)] = 0


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
    sequence: _Sequence | None = None
    challenge: _Challenge | None = None
    why: Literal["not_present", "incomparable"] | None = None
    timings_ms: dict[_Name, float] = Field(default_factory=dict, max_length=32)


async def measure_face(
    pool: WorkerPool,
    picture: bytes,
    reference: bytes | None,
    *,
    deadline: float,
    cohort: OpenedCohort | NotMeasured = _NO_COHORT,
    frames: tuple[TimedPicture, ...] = (),
    challenge: dict[str, Any] | None = None,
) -> FaceReading:
    """Measure one live picture, or those of one capture, and compare with the record's template.

    Args:
        pool: worker processes that run `kiosk_api.intake.face_worker`.
        picture: JPEG or PNG as the camera gave it, untrusted.
        reference: the record's template, or None when there is nothing to compare with.
        deadline: monotonic seconds; no answer comes later than a few milliseconds after it.
        cohort: what the score is normalised with, or why there is nothing that fits the picture.
        frames: all pictures of a capture that has several, at most `MOST_FRAMES`, `picture` being
            the first of them; empty when it has one.
        challenge: what the session was asked (`challenge_to_plain`); the frames' times are
            milliseconds since it was issued then. One picture alone answers none.
    """
    seconds = deadline - time.monotonic() - _MEASURING_MARGIN_SECONDS
    if seconds <= 0:
        return _failed(Why.DEADLINE, FaultKind.BUDGET_EXHAUSTED)
    blobs: tuple[bytes, ...] = (picture, reference or b"")
    try:
        message: dict[str, Any] = {"op": "measure", "seconds": seconds}
        if isinstance(cohort, OpenedCohort):
            message["cohort"] = cohort.request()
            blobs = (*blobs, cohort.content or b"")
        if len(frames) > 1:
            message["times_ms"] = [frame.at_ms for frame in frames]
            blobs = (*blobs, b"")[:3] + tuple(frame.data for frame in frames[1:])
            if challenge is not None:
                message["challenge"] = challenge
        reply, _ = await pool.run(message, blobs, deadline=deadline)
        answer = _WorkerAnswer.model_validate(reply)
        if not _is_of(answer, len(frames)):
            raise WorkerError("the worker speaks of other pictures than it was given")
        if not _answers(answer, message.get("challenge")):
            raise WorkerError("the worker speaks of another challenge than it was given")
    except (NoWorkerError, WorkerHungError):
        return _failed(Why.DEADLINE, FaultKind.BUDGET_EXHAUSTED)
    except (WorkerError, ValidationError):
        return _failed(Why.ENGINE_FAILED, FaultKind.MATCHER_FAILED)
    return _reading(answer, cohort, challenged=challenge is not None)


async def preview_face(pool: WorkerPool, picture: bytes) -> FacePreview:
    """Look at one picture before the capture; it is compared with nothing and kept nowhere.

    Never takes the last idle worker: a decision always comes first.

    Raises:
        PreviewUnreadableError: it is no picture.
        PreviewBusyError: fewer than two workers are idle, or the time was too short.
        WorkerError: the worker hung, died or talked nonsense; it is replaced.
    """
    if pool.idle < _PREVIEW_NEEDS_IDLE:
        raise PreviewBusyError
    deadline = time.monotonic() + _PREVIEW_HUNG_SECONDS
    message = {"op": "preview", "seconds": PREVIEW_SECONDS}
    # What costs one worker is not to cost the next one, which may be the last.
    reply, _ = await pool.run(message, (picture,), deadline=deadline, again=False)
    try:
        answer = _PreviewAnswer.model_validate(reply)
    except ValidationError as error:
        raise WorkerError("the worker talks nonsense") from error
    match answer.outcome:
        case "unreadable":
            raise PreviewUnreadableError
        case "not_looked":
            raise PreviewBusyError
        case "engine_failed":
            raise WorkerError("the engine failed")
        case "looked":
            return FacePreview(tuple(answer.guidance), answer.ready, answer.faces)


def _is_of(answer: _WorkerAnswer, frames: int) -> bool:
    """Whether an answer speaks of a sequence where there is one, and of pictures that are in it."""
    sequence = answer.sequence
    if sequence is None or frames < 2:
        return sequence is None and (frames < 2 or answer.outcome != "face")
    used = set(sequence.used)
    return (
        sequence.frames == frames
        and max(used) < frames
        and len(used) == len(sequence.used) <= sequence.measured <= frames
    )


def _answers(answer: _WorkerAnswer, asked: dict[str, Any] | None) -> bool:
    """Whether an answer speaks of the challenge where there is one, and of no other."""
    found = answer.challenge
    if found is None or asked is None:
        return found is None and (asked is None or answer.outcome != "face")
    passed = found.outcome == "passed"
    return found.kind == asked["kind"] and passed == (found.reason == "answered")


def _reading(
    answer: _WorkerAnswer, cohort: OpenedCohort | NotMeasured, *, challenged: bool
) -> FaceReading:
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
            facts = FaceFacts(
                1,
                quality,
                _match(answer, cohort),
                _presentation(answer),
                _sequence(answer),
                _challenge(answer, challenged=challenged),
            )
            face = Measured(facts)
    used = () if answer.sequence is None else tuple(answer.sequence.used)
    return FaceReading(face, None, answer.timings_ms, used)


def _match(
    answer: _WorkerAnswer, cohort: OpenedCohort | NotMeasured
) -> Measured[MatchFacts] | NotMeasured:
    if answer.sequence is not None and not answer.sequence.one_person:
        return NotMeasured(Why.UNREADABLE)
    if answer.match is None:
        return NotMeasured(Why.INCOMPARABLE if answer.why == "incomparable" else Why.NOT_PRESENT)
    match = answer.match
    return Measured(MatchFacts(match.distance, match.model, _normalised(match, cohort)))


def _normalised(
    match: _Match, cohort: OpenedCohort | NotMeasured
) -> Measured[NormalisedFacts] | NotMeasured:
    if isinstance(cohort, NotMeasured):
        return cohort
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


def _challenge(
    answer: _WorkerAnswer, *, challenged: bool
) -> Measured[ChallengeFacts] | NotMeasured:
    found = answer.challenge
    if found is None:
        return NotMeasured(Why.NOT_PRESENT if challenged else Why.NOT_ATTEMPTED)
    if found.outcome == "not_measured":
        poor = found.reason == "face_not_measured"
        return NotMeasured(Why.TOO_POOR if poor else Why.NOT_PRESENT)
    return Measured(ChallengeFacts(found.kind, found.outcome == "passed", found.reason))


def _sequence(answer: _WorkerAnswer) -> Measured[SequenceFacts] | NotMeasured:
    facts = answer.sequence
    if facts is None:
        return NotMeasured(Why.NOT_ATTEMPTED)
    return Measured(SequenceFacts(facts.frames, facts.measured, len(facts.used), facts.one_person))


def _failed(why: Why, kind: FaultKind, timings_ms: dict[str, float] | None = None) -> FaceReading:
    return FaceReading(NotMeasured(why), Fault(kind, Stage.FACE), timings_ms or {})
