"""The document of a session: read, looked at, looked up, and what of it the session keeps."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from documents.mrz import normalise
from kiosk_api.clock import Clock
from kiosk_api.core.evidence import Fault, NotMeasured, Stage, Why
from kiosk_api.core.policy import Policy
from kiosk_api.core.session import (
    DocumentExamined,
    DocumentRead,
    DocumentReadAgain,
    DocumentUnreadable,
    Faulted,
    SecondDocument,
)
from kiosk_api.intake.document import DocumentReading, read_document
from kiosk_api.intake.document_pages import PagesReading, not_seen, read_pages
from kiosk_api.intake.record import look_up
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.records.repository import FoundRecord, RecordRepository
from kiosk_api.sessions.live import LiveSession
from kiosk_api.sessions.readings import DocumentEvent

_LOOK_UP_SECONDS = 0.4
"""Kept back from reading pictures for looking up whom they name."""

_AGAIN_SECONDS = 0.5
"""How long a picture is read in a session that has its document already: a face may be waiting."""

AgainEvent = DocumentReadAgain | SecondDocument | Faulted


@dataclass(frozen=True, slots=True)
class TakenDocument:
    """What a document event came to.

    Args:
        event: for the session's table.
        problems: stable codes of what is wrong with the document, without content.
        fault: what went wrong besides; it moves the session on to its decision.
        portrait: as it is printed on the page; None when none was found.
    """

    event: DocumentRead | DocumentUnreadable
    problems: tuple[str, ...] = ()
    fault: Fault | None = None
    portrait: bytes | None = None


@dataclass(slots=True)
class DocumentStep:
    """Turns document events into facts.

    Args:
        pool: workers that read pictures; None: there are none.
        executor: threads for the database; they may hang, no answer waits for them.
    """

    policy: Policy
    records: RecordRepository
    clock: Clock
    executor: Executor
    pool: WorkerPool | None = None

    @property
    def today(self) -> date:
        """The day at the port."""
        return self.clock.now().astimezone(ZoneInfo(self.policy.timezone)).date()

    async def take(self, live: LiveSession, event: DocumentEvent) -> TakenDocument:
        """Read a document and find its holder's record; the caller holds the session's lock.

        What identifies the holder stays with `live`, to be sealed.
        """
        started = self.clock.monotonic()
        deadline = started + self.policy.times.document_step.total_seconds()
        live.pages = event.pages
        if event.pages and not event.lines:
            pages = await self._read(live, event, deadline - _LOOK_UP_SECONDS)
            unread = self._unread(live, event, pages)
            if unread is not None:
                live.timings_ms[Stage.DOCUMENT] = (self.clock.monotonic() - started) * 1000
                return unread
            return await self._take_lines(live, event, pages.lines, pages, deadline)
        if not event.pages:
            return await self._take_lines(live, event, event.lines, None, deadline)
        looking = asyncio.ensure_future(self._read(live, event, deadline))
        try:
            return await self._take_lines(live, event, event.lines, looking, deadline)
        finally:
            await looking

    async def take_again(self, live: LiveSession, event: DocumentEvent) -> AgainEvent:
        """Say what an event means to a session that has its document already.

        It adds nothing to the facts. A picture without a zone is no document: a camera sees hands
        and an empty glass, too.
        """
        if event.lines:
            same = _as_printed(event.lines) == _as_printed(live.mrz_lines)
            return DocumentReadAgain(event.source) if same else SecondDocument(event.source)
        if event.pages == live.pages or live.examined_in_vain:
            return DocumentReadAgain(event.source)
        seen = await read_pages(
            self.pool,
            event.pages,
            live.mrz_lines,
            today=self.today,
            deadline=self.clock.monotonic() + _AGAIN_SECONDS,
            examine=False,
        )
        if seen.fault is not None:
            return Faulted(seen.fault)
        if seen.optical == NotMeasured(Why.ENGINE_FAILED):
            # It may have shown anything, and has cost a worker: no further one is risked.
            live.examined_in_vain = True
            live.examined.append(DocumentExamined((not_seen("engine_failed"),)))
        # What was not made out contradicts nothing, as little as what is not there.
        return SecondDocument(event.source) if seen.contradicts else DocumentReadAgain(event.source)

    async def _read(self, live: LiveSession, event: DocumentEvent, deadline: float) -> PagesReading:
        started = self.clock.monotonic()
        pages = await read_pages(
            self.pool, event.pages, event.lines, today=self.today, deadline=deadline
        )
        live.timings_ms |= {f"page.{k}": ms for k, ms in pages.timings_ms.items()}
        live.timings_ms["page"] = (self.clock.monotonic() - started) * 1000
        return pages

    def _unread(
        self, live: LiveSession, event: DocumentEvent, pages: PagesReading
    ) -> TakenDocument | None:
        """What pictures alone come to when they are not to be taken for a document that was read.

        While there are scans left, the traveler may show a better picture. The last one counts as
        it is: an officer then learns what was unsure.
        """
        if isinstance(pages.optical, NotMeasured):
            why = pages.optical.why
        elif not pages.lines or (
            pages.is_poor and live.session.scans + 1 < self.policy.maximum_scans
        ):
            why = Why.TOO_POOR if pages.lines else Why.UNREADABLE
        else:
            return None
        return TakenDocument(DocumentUnreadable(event.source, why), pages.problems, pages.fault)

    async def _take_lines(
        self,
        live: LiveSession,
        event: DocumentEvent,
        lines: tuple[str, ...],
        pages: PagesReading | asyncio.Future[PagesReading] | None,
        deadline: float,
    ) -> TakenDocument:
        started = self.clock.monotonic()
        reading = read_document(lines, today=self.today)
        if reading.facts is None or reading.reading is None:
            live.timings_ms[Stage.DOCUMENT] = (self.clock.monotonic() - started) * 1000
            return TakenDocument(DocumentUnreadable(event.source), reading.problems)
        live.mrz_lines = lines
        found = await look_up(
            self.records,
            self.executor,
            reading.facts,
            reading.reading,
            deadline=deadline,
        )
        live.timings_ms[Stage.RECORD] = (self.clock.monotonic() - started) * 1000
        live.identifying = _identifying(lines, reading, found.found)
        if found.found is not None and found.found.record.template is not None:
            live.template = found.found.record.template.data
        facts, portrait = reading.facts, None
        if pages is not None:
            seen = pages if isinstance(pages, PagesReading) else await pages
            # Lines that a device read count without its pictures; a rule asks what became of them.
            facts, portrait = replace(facts, optical=seen.optical), seen.portrait
        read = DocumentRead(facts, found.record, event.source)
        return TakenDocument(read, reading.problems, found.fault, portrait)


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
