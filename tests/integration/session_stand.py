"""A session service with a real journal, database and workers, of which each part can be broken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from journal_cases import TestDisk
from records_people import embed, person, write

from documents.mrz import MRZContent, Sex, Template, encode
from kiosk_api.bootstrap import _reconcile
from kiosk_api.clock import ClockGuard
from kiosk_api.core.evidence import Assurance, Provenance, Source
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.journal.pictures import Pictures
from kiosk_api.journal.store import Journal, Limits
from kiosk_api.persistence.engine import open_database
from kiosk_api.persistence.migrations import upgrade
from kiosk_api.records.importer import import_records
from kiosk_api.records.repository import RecordRepository
from kiosk_api.sealing import create_keys
from kiosk_api.sessions.answering import Answerer
from kiosk_api.sessions.history import PastSession, past_session
from kiosk_api.sessions.live import LiveSession, Told
from kiosk_api.sessions.readings import DocumentEvent, FaceEvent
from kiosk_api.sessions.repository import SessionRepository
from kiosk_api.sessions.service import SessionService
from kiosk_api.sites import load_site
from kiosk_api.telemetry import Telemetry

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
POLICY = load_site("global_entry_airport").policy
BUDGET_S = POLICY.times.budget.total_seconds()
READER = Source("reader-1", 1, Provenance.DEVICE, Assurance.CHANNEL)
CAMERA = Source("camera-1", 1, Provenance.DEVICE, Assurance.CHANNEL)
SURNAME, NUMBER = "Arkfreith1", "XQ0000001"


def lines_of(number: str = NUMBER, surname: str = "Arkfreith") -> tuple[str, ...]:
    """The machine-readable zone of the fictitious member's passport."""
    return encode(
        MRZContent(
            template=Template.TD3,
            document_code="P",
            issuer="UTO",
            document_number=number,
            surname=surname,
            given_names="Thordis",
            nationality="UTO",
            birth_date=date(1974, 8, 12),
            sex=Sex.FEMALE,
            expiry_date=date(2030, 4, 15),
        )
    )


def picture(order: str) -> bytes:
    """A picture that has the worker do as told (`odd_worker`)."""
    return " ".join((order, POLICY.face.model, *POLICY.face.refuse_quality)).encode()


class SettableClock:
    """Runs with the machine, from a fixed day, and can be set."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.monotonic() - self._started) + self.offset

    def monotonic(self) -> float:
        return time.monotonic()


class Stand:
    """One kiosk; `start` may follow a `stop` or a `crash` on the same data."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.disk = TestDisk()
        self.clock = SettableClock()
        self.policy = POLICY
        self.keyring = create_keys(root / "keys")
        self.engine = open_database(root / "kiosk.db")
        upgrade(self.engine)
        entry = person(1, surname="Arkfreith", portrait=_portrait())
        report = import_records(
            self.engine, self.keyring, write(root / "people.jsonl", entry), embed=embed, now=NOW
        )
        assert report.imported == 1, report
        self._events = 0
        self._stack = AsyncExitStack()

    async def start(self, pool: WorkerPool, documents: WorkerPool | None = None) -> None:
        executor = ThreadPoolExecutor(4)
        self._stack.callback(executor.shutdown, wait=False, cancel_futures=True)
        self.journal = Journal.open(
            self.root / "journal",
            self.keyring,
            "kiosk-1",
            clock=self.clock,
            disk=self.disk,
            limits=Limits(first_retry_s=0.01, longest_retry_s=0.05, stalled_s=1.0),
        )
        self.repository = SessionRepository(self.engine, self.keyring)
        self.records = RecordRepository(self.engine, self.keyring)
        self.guard = ClockGuard(self.clock)
        self.guard.remember(self.journal.last_at)
        _reconcile(self.repository, self.journal, self.policy, self.clock)
        self.service = SessionService(
            policy=self.policy,
            lanes=("lane-1", "lane-2"),
            records=self.records,
            repository=self.repository,
            journal=self.journal,
            pool=pool,
            answerer=Answerer(
                self.policy,
                self.journal,
                self.clock,
                self.guard,
                Telemetry(),
                Pictures(self.root / "pictures"),
                executor,
            ),
            clock=self.clock,
            guard=self.guard,
            executor=executor,
            keyring=self.keyring,
            document_pool=documents,
            print_pool=documents,
        )

    async def stop(self) -> None:
        self.disk.free.set()
        self.disk.failing.clear()
        await self.service.interrupt_all()
        await asyncio.to_thread(self.journal.close)
        await self._stack.aclose()

    def next_id(self) -> str:
        self._events += 1
        return f"event-{self._events}"

    async def open(self, lane: str = "lane-1") -> LiveSession:
        return await self.service.open(lane, via="device")

    async def scan(
        self,
        live: LiveSession,
        lines: tuple[str, ...] | None = None,
        *,
        event_id: str | None = None,
        source: Source = READER,
    ) -> None:
        event = DocumentEvent(event_id or self.next_id(), source, lines or lines_of())
        await self.service.document(live, event)

    async def show_face(
        self,
        live: LiveSession,
        order: str = "same",
        *,
        event_id: str | None = None,
        source: Source = CAMERA,
    ) -> Told:
        event = FaceEvent(event_id or self.next_id(), source, picture(order), time.monotonic())
        return await self.service.face(live, event)

    async def visit(self, order: str = "same") -> Told:
        """A whole session of the member."""
        live = await self.open()
        await self.scan(live)
        return await self.show_face(live, order)

    def journaled(self, session_id: str) -> PastSession | None:
        entry = self.journal.find(session_id)
        return None if entry is None else past_session(entry)


async def until(condition: Callable[[], Any], seconds: float = 10.0) -> None:
    """Wait for what nobody tells."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # as the first line says
            await asyncio.sleep(0.01)


def codes(told: Told) -> set[str]:
    """The codes of the reasons."""
    return {str(finding.code) for finding in told.decision.reasons}


def with_times(**seconds: float) -> Any:
    """The policy with other times."""
    times = {name: timedelta(seconds=value) for name, value in seconds.items()}
    return replace(POLICY, times=replace(POLICY.times, **times))


def _portrait() -> str:
    import base64

    return base64.b64encode(b"\xff\xd8\xff\xe0 portrait").decode()
