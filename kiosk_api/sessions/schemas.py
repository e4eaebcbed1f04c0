"""What the HTTP API says and hears about sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kiosk_api.core.answers import Finding
from kiosk_api.core.decision import Outcome, traveler_text
from kiosk_api.core.evidence import DocumentFacts, Measured
from kiosk_api.core.reasons import REASONS, TRAVELER_TEXTS, Language
from kiosk_api.core.session import SessionState
from kiosk_api.sessions.challenges import BUTTON, LIGHT, IssuedChallenge
from kiosk_api.sessions.history import PastSession
from kiosk_api.sessions.live import LiveSession, Told

LaneId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
EventId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]
MRZLine = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class SessionRequest(BaseModel):
    """Begin a session in a lane."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"lane_id": "lane-1"}})

    lane_id: LaneId


class DocumentRequest(BaseModel):
    """A document was read: the lines of its machine-readable zone (ICAO Doc 9303), as printed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "event_id": "scan-0001",
                "mrz": [
                    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
                    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
                ],
            }
        },
    )

    event_id: EventId
    mrz: list[MRZLine] = Field(min_length=1, max_length=3, repr=False)


class ScanRequest(BaseModel):
    """A document with pictures of its page: what else the body holds."""

    model_config = ConfigDict(extra="forbid")

    event_id: EventId
    mrz: list[MRZLine] = Field(max_length=3, repr=False)


class ReasonView(BaseModel):
    """One reason to refer."""

    code: str = Field(description="stable; see GET /v1/reasons")
    severity: str
    text: str = Field(description="plain English, for officers")
    detail: dict[str, str | int | float] = Field(default_factory=dict)


class PolicyView(BaseModel):
    """Which policy decided."""

    site: str
    version: str
    digest: str


class JournalView(BaseModel):
    """Where the decision stands in the journal."""

    seq: int
    hash: str


class DecisionView(BaseModel):
    """The answer of a session."""

    outcome: str = Field(description="ADMIT or REFER")
    reasons: list[ReasonView] = Field(description="the most severe first; empty for ADMIT")
    traveler: dict[str, str] = Field(description="what the traveler is told, by language")
    decided_at: datetime
    answer_ms: float | None = Field(
        description="from the face-capture event to the answer; null when no face was captured"
    )
    over_budget: bool
    stages_ms: dict[str, float]
    policy: PolicyView
    journal: JournalView | None = Field(
        description="null only for a REFER that the disk did not take in time"
    )


class DocumentView(BaseModel):
    """What became of the document, without what identifies its holder."""

    document_class: str
    issuer: str
    checks_failed: list[str]
    problems: list[str]


class ChallengeStepView(BaseModel):
    """One thing to ask for, and when."""

    prompt: str = Field(
        description="turn_left, turn_right, tilt_left, tilt_right, come_closer (left and right are "
        "the traveler's own), or the colour of the whole screen: red, green, blue"
    )
    shown_at_ms: int = Field(description="milliseconds after the challenge was issued")


class ChallengeView(BaseModel):
    """What this session alone is asked; its pictures must show the answer."""

    id: str
    kind: str = Field(description="gesture or light")
    steps: list[ChallengeStepView]
    issued_ms_ago: int = Field(description="so long before this response the challenge was issued")
    expires_in_ms: int = Field(description="pictures that are taken later do not count")
    alternatives: list[str] = Field(
        description="other kinds that may be chosen: light needs no movement, button is an officer"
    )


class ChallengeRequest(BaseModel):
    """Choose another kind of challenge."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"kind": "light"}})

    kind: Literal["light", "button"]


class SessionView(BaseModel):
    """A session as it stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "session_id": "5f0c2b8a9d3e4f60718293a4",
                "lane_id": "lane-1",
                "state": "awaiting_document",
                "opened_at": "2026-11-24T09:30:00Z",
                "document": None,
                "challenge": None,
                "decision": None,
            }
        }
    )

    session_id: str
    lane_id: str
    state: str = Field(
        description="awaiting_document, awaiting_face, deciding, admitted or referred"
    )
    opened_at: datetime | None
    document: DocumentView | None = None
    challenge: ChallengeView | None = Field(
        default=None, description="null where the policy asks for none, and once it is answered"
    )
    decision: DecisionView | None = None


class PreviewView(BaseModel):
    """What would make the capture better; nothing of a preview is kept, and none is evidence."""

    guidance: list[str] = Field(
        description="codes, the most useful first; empty when there is nothing to improve"
    )
    ready: bool = Field(description="whether a capture like this one could be compared")
    faces: int = Field(description="how many faces of comparable size")


def session_view(live: LiveSession, now: float) -> SessionView:
    """A session of this process; `now` is monotonic seconds."""
    session = live.session
    document = session.document
    return SessionView(
        session_id=session.session_id,
        lane_id=session.lane_id,
        state=session.state,
        opened_at=live.opened_at,
        document=_document_view(document.value) if isinstance(document, Measured) else None,
        challenge=None if live.challenge is None else _challenge_view(live.challenge, now),
        decision=_told_view(live.told) if live.told is not None else None,
    )


def _challenge_view(issued: IssuedChallenge, now: float) -> ChallengeView:
    challenge = issued.challenge
    return ChallengeView(
        id=challenge.id,
        kind=challenge.kind,
        steps=[
            ChallengeStepView(prompt=step.prompt, shown_at_ms=round(step.shown_at * 1000))
            for step in challenge.steps
        ],
        issued_ms_ago=int((now - issued.issued) * 1000),
        expires_in_ms=int(issued.expires_in(now) * 1000),
        alternatives=[BUTTON] if issued.chosen else [LIGHT, BUTTON],
    )


def journaled_view(past: PastSession) -> SessionView:
    """A session that only the journal knows any more."""
    admitted = past.told.decision.outcome is Outcome.ADMIT
    return SessionView(
        session_id=past.session_id,
        lane_id=past.lane_id,
        state=SessionState.ADMITTED if admitted else SessionState.REFERRED,
        opened_at=None,
        decision=_told_view(past.told),
    )


def _told_view(told: Told) -> DecisionView:
    decision = told.decision
    return DecisionView(
        outcome=decision.outcome,
        reasons=_reasons(decision.reasons),
        traveler=_traveler(decision.outcome, decision.reasons),
        decided_at=told.decided_at,
        answer_ms=told.answer_ms,
        over_budget=told.over_budget,
        stages_ms=told.timings_ms,
        policy=PolicyView(
            site=decision.policy_site,
            version=decision.policy_version,
            digest=decision.policy_digest,
        ),
        journal=JournalView(seq=told.place.seq, hash=told.place.hash) if told.place else None,
    )


def _reasons(findings: tuple[Finding, ...]) -> list[ReasonView]:
    return [
        ReasonView(
            code=finding.code,
            severity=REASONS[finding.code].severity.name.lower(),
            text=REASONS[finding.code].officer,
            detail=dict(finding.detail),
        )
        for finding in findings
    ]


def _traveler(outcome: Outcome, reasons: tuple[Finding, ...]) -> dict[str, str]:
    key = traveler_text(outcome, reasons)
    return {str(language): TRAVELER_TEXTS[key][language] for language in Language}


def _document_view(facts: DocumentFacts) -> DocumentView:
    return DocumentView(
        document_class=facts.document_class,
        issuer=facts.issuer,
        checks_failed=list(facts.checks_failed),
        problems=list(facts.problems),
    )
