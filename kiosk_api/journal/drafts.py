"""What a caller hands to the journal; the journal adds position, time and hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from kiosk_api.core import codec
from kiosk_api.core.decision import Decision
from kiosk_api.core.evidence import Evidence
from kiosk_api.core.journal import is_session_id, time_text
from kiosk_api.core.plain import Plain, canonical_json
from kiosk_api.core.policy import Policy
from kiosk_api.core.review import Choice


@dataclass(frozen=True, slots=True)
class Times:
    """How long a session's stages took, milliseconds.

    `answer_ms` runs from the face-capture event until the decision went to the journal; None
    when the session ended without a capture, so that no budget ran.
    """

    budget_ms: float
    answer_ms: float | None
    stages_ms: Mapping[str, float]  # by `Stage`, and "face.detect" and the like within one

    @property
    def over_budget(self) -> bool:
        """Whether the answer came later than the full budget."""
        return self.answer_ms is not None and self.answer_ms > self.budget_ms


@dataclass(frozen=True, slots=True)
class PictureRef:
    """A sealed picture that was kept beside the journal, by the digest of its ciphertext."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionDraft:
    """A decision with all that it saw, ready for the journal.

    Args:
        decided_at: the `now` that decide() was given; a replay gives it the same.
        event_ids: idempotency keys of the events that made up the session.
        payload: the sealed payload that identifies the traveler (`payload.seal_payload`).

    Raises:
        ValueError: the session id cannot be one, or `decided_at` names no moment.
    """

    session_id: str
    lane: str
    evidence: Evidence
    policy: Policy
    decided_at: datetime
    decision: Decision
    times: Times
    event_ids: tuple[str, ...] = ()
    payload: str | None = None
    pictures: tuple[PictureRef, ...] = ()

    def __post_init__(self) -> None:
        if not is_session_id(self.session_id):
            raise ValueError("not a session id")
        if self.decided_at.utcoffset() is None:
            raise ValueError("decided_at has no time zone")

    def body(self) -> bytes:
        """The body of the entry, canonical.

        Raises:
            CodecError: a value is not of its declared type, or a time has no zone.
            ValueError: a duration is not finite.
        """
        stages_ms: dict[str, Plain] = {**self.times.stages_ms}
        return canonical_json(
            {
                "answer_ms": self.times.answer_ms,
                "budget_ms": self.times.budget_ms,
                "decided_at": time_text(self.decided_at),
                "decision": codec.encode_decision(self.decision),
                "event_ids": list(self.event_ids),
                "evidence": codec.encode_evidence(self.evidence),
                "lane": self.lane,
                "over_budget": self.times.over_budget,
                "payload": self.payload,
                "pictures": [
                    {"name": picture.name, "sha256": picture.sha256} for picture in self.pictures
                ],
                "policy": self.decision.policy_digest,
                "stages_ms": stages_ms,
            }
        )


@dataclass(frozen=True, slots=True)
class KeyDestroyedDraft:
    """A session's key was destroyed: its payload and pictures cannot be read any more.

    Raises:
        ValueError: the session id cannot be one.
    """

    session_id: str
    reason: str

    def __post_init__(self) -> None:
        if not is_session_id(self.session_id):
            raise ValueError("not a session id")

    def body(self) -> bytes:
        """The body of the entry, canonical."""
        return canonical_json({"reason": self.reason})


class Shown(StrEnum):
    """What an officer was shown of a referred traveler."""

    DOCUMENT = "document"  # what the document says
    LIVE = "live"  # the picture that was taken at the kiosk
    ENROLLED = "enrolled"  # the portrait on record


@dataclass(frozen=True, slots=True)
class ViewedDraft:
    """An officer is about to be shown what identifies a referred traveler.

    Raises:
        ValueError: the session id cannot be one.
    """

    session_id: str
    officer: str
    shown: Shown

    def __post_init__(self) -> None:
        if not is_session_id(self.session_id):
            raise ValueError("not a session id")

    def body(self) -> bytes:
        """The body of the entry, canonical."""
        return canonical_json({"officer": self.officer, "shown": self.shown.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionDraft:
    """What an officer did with a referred session: their decision, never the kiosk's.

    Args:
        officer: the account's name.
        note: sealed under the session's key (`payload.seal_note`); None when none was written.

    Raises:
        ValueError: the session id cannot be one, or `resolved_at` names no moment.
    """

    session_id: str
    choice: Choice
    officer: str
    resolved_at: datetime
    note: str | None = None

    def __post_init__(self) -> None:
        if not is_session_id(self.session_id):
            raise ValueError("not a session id")
        if self.resolved_at.utcoffset() is None:
            raise ValueError("resolved_at has no time zone")

    def body(self) -> bytes:
        """The body of the entry, canonical."""
        return canonical_json(
            {
                "cause": self.choice.cause.value,
                "note": self.note,
                "officer": self.officer,
                "outcome": self.choice.outcome.value,
                "resolved_at": time_text(self.resolved_at),
            }
        )


Draft: TypeAlias = DecisionDraft | KeyDestroyedDraft | ViewedDraft | ResolutionDraft
