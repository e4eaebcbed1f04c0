"""The document of a session: read, looked up, and what of it the session keeps."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from documents.mrz import normalise
from kiosk_api.clock import Clock
from kiosk_api.core.evidence import Fault, Stage
from kiosk_api.core.policy import Policy
from kiosk_api.core.session import DocumentRead, DocumentUnreadable
from kiosk_api.intake.document import DocumentReading, read_document
from kiosk_api.intake.record import look_up
from kiosk_api.records.repository import FoundRecord, RecordRepository
from kiosk_api.sessions.live import LiveSession
from kiosk_api.sessions.readings import DocumentEvent


@dataclass(frozen=True, slots=True)
class TakenDocument:
    """What a document event came to.

    Args:
        event: for the session's table.
        problems: stable codes of what is wrong with the document, without content.
        fault: what went wrong besides; it moves the session on to its decision.
    """

    event: DocumentRead | DocumentUnreadable
    problems: tuple[str, ...] = ()
    fault: Fault | None = None


@dataclass(slots=True)
class DocumentStep:
    """Turns document events into facts.

    Args:
        executor: threads for the database; they may hang, no answer waits for them.
    """

    policy: Policy
    records: RecordRepository
    clock: Clock
    executor: Executor

    async def take(self, live: LiveSession, event: DocumentEvent) -> TakenDocument:
        """Read a document and find its holder's record; the caller holds the session's lock.

        What identifies the holder stays with `live`, to be sealed.
        """
        started = self.clock.monotonic()
        today = self.clock.now().astimezone(ZoneInfo(self.policy.timezone)).date()
        reading = read_document(event.lines, today=today)
        if reading.facts is None or reading.reading is None:
            live.timings_ms[Stage.DOCUMENT] = (self.clock.monotonic() - started) * 1000
            return TakenDocument(DocumentUnreadable(event.source), reading.problems)
        live.mrz_lines = event.lines
        found = await look_up(
            self.records,
            self.executor,
            reading.facts,
            reading.reading,
            deadline=started + self.policy.times.document_step.total_seconds(),
        )
        live.timings_ms[Stage.RECORD] = (self.clock.monotonic() - started) * 1000
        live.identifying = _identifying(event.lines, reading, found.found)
        if found.found is not None and found.found.record.template is not None:
            live.template = found.found.record.template.data
        read = DocumentRead(reading.facts, found.record, event.source)
        return TakenDocument(read, reading.problems, found.fault)


def is_same_document(live: LiveSession, event: DocumentEvent) -> bool:
    """Whether an event tells of the document that the session has already."""
    return _as_printed(event.lines) == _as_printed(live.mrz_lines)


def _identifying(
    lines: tuple[str, ...], reading: DocumentReading, found: FoundRecord | None
) -> dict[str, Any]:
    """What is sealed for the officer, apart from what decide() sees."""
    return {
        "mrz": list(lines),
        "person_id": found.record.person_id if found is not None else None,
    }


def _as_printed(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Lines without what differs from one reading to the next: case, spaces, look-alikes."""
    return normalise("\n".join(lines)).lines
