"""Entries that become durable together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from kiosk_api.core.journal import EntryKind, encode_line
from kiosk_api.core.plain import canonical_json
from kiosk_api.journal.jobs import Job, Receipt
from kiosk_api.journal.recovery import TOLD, Tail, pack_place


@dataclass(slots=True)
class Batch:
    """Lines for one file, and the state that the journal has once they are durable."""

    tail: Tail
    at: datetime
    unsigned: int  # entries since the last checkpoint
    data: bytearray = field(default_factory=bytearray)
    starts_segment: bool = False
    places: dict[str, int] = field(default_factory=dict)
    resolved: dict[str, int] = field(default_factory=dict)
    policies: set[str] = field(default_factory=set)
    told: dict[str, tuple[Receipt, str | None]] = field(default_factory=dict)  # receipt, outcome
    settled: list[tuple[Job, Receipt]] = field(default_factory=list)

    def make_room(self, segment_bytes: int) -> None:
        """Go on in a new file if the last one is full; only the first entry of a batch may."""
        if self.data or self.tail.end < segment_bytes:
            return
        number = self.tail.segment + 1
        self.tail = replace(self.tail, segment=number, start=0, end=0)
        self.starts_segment = True
        self.add(EntryKind.SEGMENT, None, canonical_json({"segment": number}))

    def add(self, kind: EntryKind, session_id: str | None, body: bytes) -> Receipt:
        """Link one more entry."""
        seq, start = self.tail.seq + 1, self.tail.end
        line, digest = encode_line(
            seq=seq,
            kind=kind,
            at=self.at,
            session_id=session_id,
            body=body,
            prev=self.tail.hash,
        )
        self.data += line
        self.tail = Tail(self.tail.segment, start, start + len(line), seq, digest)
        self.unsigned = 0 if kind is EntryKind.CHECKPOINT else self.unsigned + 1
        if kind in TOLD and session_id is not None:
            self.places[session_id] = pack_place(self.tail.segment, start)
        elif kind is EntryKind.RESOLUTION and session_id is not None:
            self.resolved[session_id] = pack_place(self.tail.segment, start)
        return Receipt(seq, digest)

    def add_job(self, kind: EntryKind, job: Job, policies: set[str]) -> None:
        """Link a job's entry, after its policy if that is in neither `policies` nor here."""
        if job.policy is not None:
            digest, body = job.policy
            if digest not in policies and digest not in self.policies:
                self.policies.add(digest)
                self.add(EntryKind.POLICY, None, body)
        receipt = self.add(kind, job.session_id, job.body)
        if kind in TOLD:
            self.told[job.session_id] = receipt, job.outcome
        self.settled.append((job, receipt))
