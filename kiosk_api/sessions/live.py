"""A session that is going on: the pure state, what must not leave this process, who listens."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kiosk_api.core.decision import Decision
from kiosk_api.core.evidence import Evidence, Stage
from kiosk_api.core.session import (
    DocumentExamined,
    DocumentReadAgain,
    Faulted,
    SecondDocument,
    Session,
    SessionState,
)
from kiosk_api.intake.document_pages import PagePicture
from kiosk_api.journal.drafts import PictureRef
from kiosk_api.journal.jobs import Receipt
from kiosk_api.sealing import Sealer
from kiosk_api.sessions.challenges import IssuedChallenge


@dataclass(frozen=True, slots=True)
class JournalPlace:
    """Where an answer stands in the journal."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Told:
    """The answer of a session, as everybody is told it."""

    decision: Decision
    evidence: Evidence
    decided_at: datetime
    answer_ms: float | None  # from the face-capture event; None when the session had none
    over_budget: bool
    place: JournalPlace | None  # None: told before it was durable, and therefore never ADMIT
    timings_ms: dict[str, float]


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """One step of a session for those who watch it; without personal data."""

    number: int  # 1, 2, 3 … within the session
    kind: str
    data: dict[str, Any]


@dataclass(eq=False, slots=True)
class LiveSession:
    """Mutable holder of one session; whoever changes it holds `lock`."""

    session: Session
    opened_at: datetime
    clock_mark: tuple[datetime, float]
    sealer: Sealer = field(repr=False)
    via: str
    touched: float  # monotonic seconds of the last event
    opener: str | None = None  # id of the token that opened it over HTTP
    nonce: str = field(default_factory=lambda: secrets.token_hex(16))
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    mrz_lines: tuple[str, ...] = field(default=(), repr=False)
    pages: tuple[PagePicture, ...] = ()  # of the document that was put on the reader last
    examined: list[DocumentExamined] = field(default_factory=list)
    """What became known of the page meanwhile; the answer takes it into account."""
    looks: list[asyncio.Future[DocumentReadAgain | SecondDocument | Faulted]] = field(
        default_factory=list
    )
    """At documents that were shown after the session had its own."""
    examined_in_vain: bool = False  # a later picture cost a worker
    template: bytes | None = field(default=None, repr=False)
    identifying: dict[str, Any] = field(default_factory=dict, repr=False)
    pictures: list[bytes] = field(default_factory=list, repr=False)
    picture_refs: list[PictureRef] = field(default_factory=list)
    event_ids: list[str] = field(default_factory=list)
    timings_ms: dict[str, float] = field(default_factory=dict)
    preview_at: float | None = None  # monotonic seconds of the last one
    previewing: bool = False
    previews_ended: bool = False  # one of them cost a worker
    challenge: IssuedChallenge | None = field(default=None, repr=False)
    told: Told | None = None
    receipt: Future[Receipt] | None = field(default=None, repr=False)
    """Of what the journal was handed last: it holds once what was told is durable."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _events: list[SessionEvent] = field(default_factory=list)
    _complete: bool = False
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def stage(self) -> Stage:
        """The stage that a traveler who goes away leaves."""
        waits = self.session.state is SessionState.AWAITING_DOCUMENT
        return Stage.DOCUMENT if waits else Stage.CAPTURE

    @property
    def finished(self) -> bool:
        """Whether the answer is there."""
        return self.told is not None

    async def publish(self, kind: str, data: dict[str, Any], *, last: bool = False) -> None:
        """Tell the watchers; nothing comes after the `last` event."""
        async with self._news:
            self._events.append(SessionEvent(len(self._events) + 1, kind, data))
            self._complete = last
            self._news.notify_all()

    async def watch(self, after: int = 0) -> AsyncIterator[SessionEvent]:
        """All events with a number above `after`, then new ones to the last."""
        position = after
        complete = False
        while not complete:
            async with self._news:
                while len(self._events) <= position and not self._complete:
                    await self._news.wait()
                fresh, complete = self._events[position:], self._complete
            for event in fresh:
                yield event
            position += len(fresh)

    def forget(self) -> None:
        """Drop what identifies a person, as soon as it was sealed or is not needed any more."""
        self.mrz_lines = ()
        self.pages = ()
        self.template = None
        self.identifying = {}
        self.pictures = []
        self.challenge = None
