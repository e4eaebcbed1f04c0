"""What officers see and do, each put on record before it happens.

Reads the journal and its sealed parts; the only things written are entries `viewed` and
`resolution`. Without a disk that takes them nobody is shown a picture and nothing is resolved.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from kiosk_api.clock import Clock
from kiosk_api.core.decision import Outcome
from kiosk_api.core.journal import Entry
from kiosk_api.core.plain import CodecError
from kiosk_api.core.policy import Policy, policy_digest
from kiosk_api.core.review import Refusal, choose
from kiosk_api.journal.drafts import Draft, ResolutionDraft, Shown, ViewedDraft
from kiosk_api.journal.errors import JournalConflictError, JournalError
from kiosk_api.journal.jobs import Receipt
from kiosk_api.journal.payload import open_note, open_payload, seal_note
from kiosk_api.journal.pictures import FIRST_PAGE, Pictures, numbers_of
from kiosk_api.journal.resolutions import Resolution, read_resolution
from kiosk_api.journal.session_keys import SessionKeys
from kiosk_api.journal.store import Journal
from kiosk_api.records.errors import RecordError
from kiosk_api.records.repository import RecordRepository
from kiosk_api.review.queue import Case, ReviewQueue, case_of
from kiosk_api.sealing import SealBrokenError, Sealer
from kiosk_api.sessions.history import past_session
from kiosk_api.sessions.live import LiveSession, Told
from kiosk_api.sessions.repository import SessionRepository

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
_SECONDS = 3.0
"""How long an officer waits for a disk before the page says so."""


class ReviewProblem(StrEnum):
    """Why an officer is not shown something, or something was not done."""

    NO_CASE = "no_case"
    NOT_ON_RECORD = "not_on_record"  # the disk has not taken the referral yet
    NOT_KEPT = "not_kept"  # there is no such picture, or retention destroyed its key
    DISK = "disk"  # what must be on record first is not, or cannot be read
    RESOLVED = "resolved"


class ReviewError(Exception):
    """See `problem`; nothing was shown and nothing was done."""

    def __init__(self, problem: ReviewProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


class ResolutionRefusedError(Exception):
    """The table of `core.review` does not take it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A referred session as an officer sees it, without what identifies the traveler."""

    session_id: str
    lane_id: str
    told: Told
    is_on_record: bool
    policy: Policy | None  # None: it was decided under another policy than today's
    resolution: Resolution | None


@dataclass(frozen=True, slots=True)
class Identity:
    """What the document said."""

    mrz: tuple[str, ...] = field(repr=False)
    person_id: str | None = field(repr=False)


@dataclass(slots=True)
class ReviewService:
    """The officer's console.

    Args:
        find_live: a session of this process, also one that is not on record yet.
        executor: threads for disks that may hang.
    """

    policy: Policy
    journal: Journal
    repository: SessionRepository
    records: RecordRepository
    keys: SessionKeys
    pictures: Pictures
    find_live: Callable[[str], LiveSession | None]
    clock: Clock
    executor: Executor
    queue: ReviewQueue = field(default_factory=ReviewQueue)

    async def start(self) -> None:
        """Have everybody wait who was referred and not resolved before this start."""
        cases = await asyncio.to_thread(self._unresolved)
        self.queue.add(*cases)

    def told(self, live: LiveSession) -> None:
        """Take note of an answer that was just told."""
        told = live.told
        if told is not None and told.decision.outcome is Outcome.REFER:
            session = live.session
            self.queue.add(
                case_of(session.session_id, session.lane_id, told.decided_at, told.decision.reasons)
            )

    async def case(self, session_id: str) -> CaseFile:
        """A referred session, waiting or resolved.

        Raises:
            ReviewError: NO_CASE, DISK.
        """
        entry = await self._in_thread(self.journal.find, session_id)
        if entry is not None and entry.outcome == Outcome.REFER:
            file = await self._in_thread(self._file_of, entry)
            if file.resolution is not None:
                # Also one whose receipt came too late for the officer who entered it.
                self.queue.remove(session_id)
            return file
        live = self.find_live(session_id)
        if live is None or live.told is None or live.told.decision.outcome is not Outcome.REFER:
            raise ReviewError(ReviewProblem.NO_CASE)
        policy = self._policy_of(live.told)
        return CaseFile(session_id, live.session.lane_id, live.told, False, policy, None)

    async def identity(self, session_id: str, officer: str) -> Identity:
        """What the document said, once it is on record that the officer sees it.

        Raises:
            ReviewError: NO_CASE, NOT_ON_RECORD, NOT_KEPT, DISK.
        """
        entry = await self._recorded(session_id)
        payload = await self._in_thread(self._payload, entry)
        await self._view(session_id, officer, Shown.DOCUMENT)
        return payload

    async def live_picture(self, session_id: str, officer: str) -> bytes:
        """The picture that was taken at the kiosk, JPEG or PNG.

        Raises:
            ReviewError: NO_CASE, NOT_ON_RECORD, NOT_KEPT, DISK.
        """
        entry = await self._recorded(session_id)
        picture = await self._in_thread(self._live_picture, entry)
        await self._view(session_id, officer, Shown.LIVE)
        return picture

    async def page_numbers(self, session_id: str) -> tuple[int, ...]:
        """The numbers of the pictures of the document's page; shows none of them."""
        try:
            entry = await self._recorded(session_id)
        except ReviewError:
            return ()
        numbers = numbers_of(entry.body.get("pictures"), session_id)
        return tuple(number for number in numbers if number >= FIRST_PAGE)

    async def page_picture(self, session_id: str, number: int, officer: str) -> bytes:
        """A picture of the document's page, JPEG or PNG.

        Raises:
            ReviewError: NO_CASE, NOT_ON_RECORD, NOT_KEPT, DISK.
        """
        entry = await self._recorded(session_id)
        picture = await self._in_thread(self._page_picture, entry, number)
        await self._view(session_id, officer, Shown.DOCUMENT)
        return picture

    async def enrolled_portrait(self, session_id: str, officer: str) -> bytes:
        """The portrait on record, JPEG or PNG.

        Raises:
            ReviewError: NO_CASE, NOT_ON_RECORD, NOT_KEPT, DISK.
        """
        entry = await self._recorded(session_id)
        portrait = await self._in_thread(self._portrait, entry)
        await self._view(session_id, officer, Shown.ENROLLED)
        return portrait

    async def missing_pictures(self, session_id: str) -> frozenset[Shown]:
        """Which pictures there certainly are none of; shows nothing, so nothing goes on record."""
        missing = set()
        try:
            entry = await self._recorded(session_id)
        except ReviewError:
            return frozenset()
        for shown, read in ((Shown.LIVE, self._live_picture), (Shown.ENROLLED, self._portrait)):
            try:
                await self._in_thread(read, entry)
            except ReviewError as error:
                if error.problem is ReviewProblem.NOT_KEPT:
                    missing.add(shown)
        return frozenset(missing)

    async def note(self, resolution: Resolution, session_id: str) -> str | None:
        """The note of a resolution; None when none was written or its key is gone.

        Raises:
            ReviewError: DISK.
        """
        return await self._in_thread(self._note, resolution, session_id)

    async def resolve(
        self, session_id: str, officer: str, *, outcome: str, cause: str, note: str
    ) -> Resolution:
        """Record what an officer does with a session; durable on return.

        Args:
            officer: the account's name.
            outcome, cause, note: as the officer chose and wrote them, untrusted.

        Raises:
            ResolutionRefusedError: the table does not take it.
            ReviewError: NO_CASE, NOT_ON_RECORD, RESOLVED; DISK when it may not be on record.
        """
        file = await self.case(session_id)
        if file.resolution is not None:
            raise ReviewError(ReviewProblem.RESOLVED)
        decision = file.told.decision
        choice = choose(decision.outcome, decision.reasons, outcome=outcome, cause=cause, note=note)
        if isinstance(choice, Refusal):
            raise ResolutionRefusedError(choice)
        if not file.is_on_record:
            raise ReviewError(ReviewProblem.NOT_ON_RECORD)
        sealed = await self._in_thread(self._seal_note, session_id, note) if note.strip() else None
        now = self.clock.now()
        draft = ResolutionDraft(
            session_id=session_id, choice=choice, officer=officer, resolved_at=now, note=sealed
        )
        try:
            receipt = await self._append(draft)
        except ReviewError as error:
            if error.problem is ReviewProblem.RESOLVED:
                self.queue.remove(session_id)
            raise
        self.queue.remove(session_id)
        return Resolution(receipt.seq, choice.outcome, choice.cause, officer, now, sealed)

    def _unresolved(self) -> list[Case]:
        cases = []
        for session_id in self.repository.referred():
            if self.journal.is_resolved(session_id):
                continue
            try:
                entry = self.journal.find(session_id)
                past = None if entry is None else past_session(entry)
            except (CodecError, JournalError, OSError) as error:
                _LOG.error("a referral cannot be read: %s", type(error).__name__)
                continue
            if past is not None and past.told.decision.outcome is Outcome.REFER:
                told = past.told
                cases.append(
                    case_of(session_id, past.lane_id, told.decided_at, told.decision.reasons)
                )
        return cases

    async def _recorded(self, session_id: str) -> Entry:
        entry = await self._in_thread(self.journal.find, session_id)
        if entry is not None and entry.outcome == Outcome.REFER:
            return entry
        live = self.find_live(session_id)
        is_referred = (
            live is not None
            and live.told is not None
            and live.told.decision.outcome is Outcome.REFER
        )
        raise ReviewError(ReviewProblem.NOT_ON_RECORD if is_referred else ReviewProblem.NO_CASE)

    def _file_of(self, entry: Entry) -> CaseFile:
        past = past_session(entry)
        resolved = self.journal.resolution(past.session_id)
        return CaseFile(
            session_id=past.session_id,
            lane_id=past.lane_id,
            told=past.told,
            is_on_record=True,
            policy=self._policy_of(past.told),
            resolution=None if resolved is None else read_resolution(resolved),
        )

    def _policy_of(self, told: Told) -> Policy | None:
        same = told.decision.policy_digest == policy_digest(self.policy)
        return self.policy if same else None

    def _sealer(self, session_id: str) -> Sealer:
        sealer = self.keys.open(session_id)
        if sealer is None:
            raise ReviewError(ReviewProblem.NOT_KEPT)
        return sealer

    def _payload(self, entry: Entry) -> Identity:
        session_id, sealed = entry.header.session_id or "", entry.body.get("payload")
        if not isinstance(sealed, str):
            raise ReviewError(ReviewProblem.NOT_KEPT)
        match open_payload(self._sealer(session_id), session_id, sealed):
            case {"mrz": list(lines), "person_id": str() | None as person_id}:
                return Identity(tuple(map(str, lines)), person_id)
        raise ReviewError(ReviewProblem.NOT_KEPT)

    def _live_picture(self, entry: Entry) -> bytes:
        session_id = entry.header.session_id or ""
        numbers = numbers_of(entry.body.get("pictures"), session_id)
        taken = [number for number in numbers if number < FIRST_PAGE]
        if not taken:
            raise ReviewError(ReviewProblem.NOT_KEPT)
        # Numbered from 1 in the order of capture; the last is the one that was compared.
        return self.pictures.read(self._sealer(session_id), session_id, max(taken))

    def _page_picture(self, entry: Entry, number: int) -> bytes:
        session_id = entry.header.session_id or ""
        numbers = numbers_of(entry.body.get("pictures"), session_id)
        if number < FIRST_PAGE or number not in numbers:
            raise ReviewError(ReviewProblem.NOT_KEPT)
        return self.pictures.read(self._sealer(session_id), session_id, number)

    def _portrait(self, entry: Entry) -> bytes:
        person_id = self._payload(entry).person_id
        portrait = None if person_id is None else self.records.portrait(person_id)
        if portrait is None:
            raise ReviewError(ReviewProblem.NOT_KEPT)
        return portrait

    def _note(self, resolution: Resolution, session_id: str) -> str | None:
        if resolution.note is None:
            return None
        sealer = self.keys.open(session_id)
        return None if sealer is None else open_note(sealer, session_id, resolution.note)

    def _seal_note(self, session_id: str, note: str) -> str:
        return seal_note(self._sealer(session_id), session_id, note)

    async def _view(self, session_id: str, officer: str, shown: Shown) -> None:
        await self._append(ViewedDraft(session_id, officer, shown))

    async def _append(self, draft: Draft) -> Receipt:
        """Have an entry durable.

        Raises:
            ReviewError: RESOLVED, or DISK when it is not, or not known to be.
        """
        receipt = self.journal.append(draft, not_after=self.clock.monotonic() + _SECONDS)
        try:
            async with asyncio.timeout(_SECONDS):
                return await asyncio.shield(asyncio.wrap_future(receipt))
        except JournalConflictError as error:
            raise ReviewError(ReviewProblem.RESOLVED) from error
        except (JournalError, TimeoutError) as error:
            receipt.add_done_callback(lambda done: done.exception())
            raise ReviewError(ReviewProblem.DISK) from error

    async def _in_thread(self, work: Callable[..., _T], *arguments: Any) -> _T:
        """Run what a disk may hold up.

        Raises:
            ReviewError: what `work` raised; NOT_KEPT for a picture that is not there; else DISK.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(_SECONDS):
                return await loop.run_in_executor(self.executor, work, *arguments)
        except FileNotFoundError as error:
            raise ReviewError(ReviewProblem.NOT_KEPT) from error
        except (
            CodecError,
            JournalError,
            OSError,
            RecordError,
            SealBrokenError,
            SQLAlchemyError,
            TimeoutError,
        ) as error:
            _LOG.warning("a case could not be read: %s", type(error).__name__)
            raise ReviewError(ReviewProblem.DISK) from error
