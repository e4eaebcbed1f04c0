"""Sessions that are over: what the journal says they were told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from kiosk_api.core.codec import decode_decision, decode_evidence
from kiosk_api.core.journal import Entry
from kiosk_api.sessions.live import JournalPlace, Told


@dataclass(frozen=True, slots=True)
class PastSession:
    """A decided session as the journal has it."""

    session_id: str
    lane_id: str
    event_ids: tuple[str, ...]
    told: Told


def past_session(entry: Entry) -> PastSession:
    """Read the entry that `Journal.find` gave.

    Raises:
        CodecError: the entry is of another schema.
    """
    body = cast("Mapping[str, Any]", entry.body)
    return PastSession(
        session_id=entry.header.session_id or "",
        lane_id=body["lane"],
        event_ids=tuple(body["event_ids"]),
        told=Told(
            decision=decode_decision(body["decision"]),
            evidence=decode_evidence(body["evidence"]),
            decided_at=datetime.fromisoformat(body["decided_at"]),
            answer_ms=body["answer_ms"],
            over_budget=body["over_budget"],
            place=JournalPlace(entry.header.seq, entry.header.hash),
            timings_ms=dict(body["stages_ms"]),
        ),
    )
