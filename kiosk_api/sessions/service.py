"""What may happen in a session, in order, with the deadlines of each step.

Devices (through `kiosk_api.lanes`) and HTTP clients (through `endpoints`) come in here alike.
A session belongs to this process until it is decided; from then on it is the journal's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Executor, Future
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError

from documents.mrz import normalise
from kiosk_api.clock import Clock, ClockGuard
from kiosk_api.core.evidence import (
    ChallengeFacts,
    Fault,
    FaultKind,
    Measured,
    NotMeasured,
    Provenance,
    Source,
    Stage,
    Why,
)
from kiosk_api.core.policy import Policy
from kiosk_api.core.session import (
    DocumentRead,
    DocumentReadAgain,
    DocumentUnreadable,
    Event,
    FaceMeasured,
    Faulted,
    IllegalEventError,
    SecondDocument,
    Session,
    SessionState,
    advance,
)
from kiosk_api.intake import face as intake
from kiosk_api.intake.challenge import challenge_to_plain
from kiosk_api.intake.document import DocumentReading, read_document
from kiosk_api.intake.face import FacePreview, FaceReading, OpenedCohort, measure_face, preview_face
from kiosk_api.intake.record import look_up
from kiosk_api.intake.workers import WorkerError, WorkerPool
from kiosk_api.journal.errors import JournalError, JournalUnavailableError
from kiosk_api.journal.jobs import Receipt
from kiosk_api.journal.store import Journal
from kiosk_api.logs import log_as
from kiosk_api.records.repository import FoundRecord, RecordRepository
from kiosk_api.sealing import Keyring, Sealer
from kiosk_api.sessions import challenges
from kiosk_api.sessions.answering import Answerer
from kiosk_api.sessions.challenges import IssuedChallenge
from kiosk_api.sessions.errors import (
    ChallengeChosenError,
    EventReplayedError,
    LaneBusyError,
    LaneOutOfServiceError,
    OutOfOrderError,
    PreviewBusyError,
    PreviewTooSoonError,
    PreviewUnreadableError,
    RequestKeyReusedError,
    SessionError,
    SessionFinishedError,
    UnknownLaneError,
)
from kiosk_api.sessions.guidance import GuidanceBoard
from kiosk_api.sessions.history import PastSession, past_session
from kiosk_api.sessions.live import JournalPlace, LiveSession, Told
from kiosk_api.sessions.readings import DocumentEvent, FaceEvent
from kiosk_api.sessions.repository import RequestKey, SessionRepository

_LOG = logging.getLogger(__name__)
_REMEMBERED_SESSIONS = 1_000
_REMEMBERED_EVENTS = 50_000
_SWEEP_SECONDS = 0.5
_PREVIEW_PAUSE_SECONDS = 0.2
_FIRST_PAUSE_SECONDS = 0.05  # as the journal's own when the disk fails
_LONGEST_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Used:
    """An event that a session took: which one, and a keyed digest of what it said."""

    session_id: str
    content: bytes


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request with a key that is being served: what it asks, and what it will come to."""

    digest: bytes
    opening: asyncio.Future[tuple[str, bool]]


@dataclass(slots=True)
class SessionService:
    """All sessions of a kiosk.

    Args:
        executor: threads for the database; they may hang, no answer waits for them.
        pool: face workers.
        cohort: what face scores are normalised with; None when the policy has none.
        on_told: is called with every session that was answered; must not block.
    """

    policy: Policy
    lanes: tuple[str, ...]
    records: RecordRepository
    repository: SessionRepository
    journal: Journal
    pool: WorkerPool
    answerer: Answerer
    clock: Clock
    guard: ClockGuard
    executor: Executor
    keyring: Keyring
    cohort: OpenedCohort | None = None
    on_told: Callable[[LiveSession], None] = lambda _live: None
    _active: dict[str, LiveSession] = field(default_factory=dict)  # by lane
    _unrecorded: set[str] = field(default_factory=set)  # sessions told before they were durable
    _last: dict[str, str] = field(default_factory=dict)  # the newest session of each lane
    _opening: set[str] = field(default_factory=set)
    _sessions: OrderedDict[str, LiveSession] = field(default_factory=OrderedDict)
    _asked: dict[tuple[str, str], _Asked] = field(default_factory=dict)  # by principal and key
    _used_events: OrderedDict[tuple[str, str], _Used] = field(default_factory=OrderedDict)
    _challenged_frames: OrderedDict[bytes, str] = field(default_factory=OrderedDict)
    _steps: set[asyncio.Future[None]] = field(default_factory=set)
    _aside: set[asyncio.Future[Any]] = field(default_factory=set)
    _guidance: dict[str, GuidanceBoard] = field(default_factory=dict)  # by lane
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def in_service(self) -> bool:
        """Whether travelers may step up: what they are told can be put on record.

        An answer that was told and is not yet durable keeps the next traveler away.
        """
        return self.journal.healthy and not self._unrecorded

    def active(self, lane_id: str) -> LiveSession | None:
        """The session that goes on in a lane, or None."""
        return self._active.get(lane_id)

    def last(self, lane_id: str) -> str | None:
        """The id of a lane's newest session since the start, or None."""
        return self._last.get(lane_id)

    def find(self, session_id: str) -> LiveSession | None:
        """A session of this process, going on or just decided, or None."""
        return self._sessions.get(session_id)

    async def open(
        self,
        lane_id: str,
        *,
        via: str,
        request: RequestKey | None = None,
        opener: str | None = None,
    ) -> LiveSession:
        """Begin a session.

        Args:
            via: "device" or "http".
            request: names the request, so that the same one later finds this session.
            opener: id of the token that alone may lead the session; None when devices do.

        Raises:
            UnknownLaneError, LaneBusyError, LaneOutOfServiceError
        """
        if lane_id not in self.lanes:
            raise UnknownLaneError
        if not self.in_service:
            raise LaneOutOfServiceError
        if lane_id in self._active or lane_id in self._opening:
            raise LaneBusyError
        self._opening.add(lane_id)
        try:
            live = await self._open(lane_id, via, request)
        finally:
            self._opening.discard(lane_id)
        live.opener = opener
        self._active[lane_id] = live
        self._last[lane_id] = live.session.session_id
        self._remember(live)
        await live.publish("opened", {"lane_id": lane_id, "state": live.session.state})
        return live

    async def open_for(self, request: RequestKey, lane_id: str, *, via: str) -> tuple[str, bool]:
        """Begin a session, or find the one that the same request opened before.

        Requests with one key at the same time share what the first of them comes to.

        Returns:
            The session's id, and whether this very call opened it.

        Raises:
            RequestKeyReusedError: another request bore the key.
            UnknownLaneError, LaneBusyError, LaneOutOfServiceError
        """
        key = (request.principal, request.key)
        first = self._asked.get(key)
        if first is not None:
            if first.digest != request.digest:
                raise RequestKeyReusedError
            session_id, _ = await asyncio.shield(first.opening)
            return session_id, False
        opening = asyncio.ensure_future(self._find_or_open(request, lane_id, via))
        self._asked[key] = _Asked(request.digest, opening)
        opening.add_done_callback(lambda _: self._asked.pop(key))
        return await asyncio.shield(opening)

    async def _find_or_open(self, request: RequestKey, lane_id: str, via: str) -> tuple[str, bool]:
        before = await self.opened_by(request)
        if before is not None:
            return before, False
        live = await self.open(lane_id, via=via, request=request, opener=request.principal)
        return live.session.session_id, True

    async def _open(self, lane_id: str, via: str, request: RequestKey | None) -> LiveSession:
        session_id = secrets.token_hex(12)
        mark = self.guard.mark()
        opening = asyncio.get_running_loop().run_in_executor(
            self.executor, self.repository.open, session_id, lane_id, via, mark[0], request
        )
        try:
            async with asyncio.timeout(self.policy.times.document_step.total_seconds()):
                sealer = await asyncio.shield(opening)
        except TimeoutError as error:
            self._start_aside(self._end_late(opening, session_id, lane_id, via, mark))
            raise LaneOutOfServiceError from error
        except SQLAlchemyError as error:
            raise LaneOutOfServiceError from error
        return _live(session_id, lane_id, via, mark, sealer)

    async def _end_late(
        self,
        opening: asyncio.Future[Sealer],
        session_id: str,
        lane_id: str,
        via: str,
        mark: tuple[datetime, float],
    ) -> None:
        """Refer a session whose beginning was recorded after everybody had given up on it."""
        try:
            sealer = await opening
        except SQLAlchemyError:
            return
        live = _live(session_id, lane_id, via, mark, sealer)
        self._remember(live)
        await self.fault(live, Fault(FaultKind.SESSION_INTERRUPTED, Stage.DOCUMENT))

    def fingerprint(self, picture: bytes) -> str:
        """A keyed digest of a picture, 16 hexadecimal digits: it tells two apart, nothing else."""
        return self._picture_digest(picture).hex()[:16]

    async def opened_by(self, request: RequestKey) -> str | None:
        """The id of the session that the same request opened before, or None.

        Raises:
            RequestKeyReusedError: another request bore the key.
            LaneOutOfServiceError: the database does not answer.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.policy.times.document_step.total_seconds()):
                before = await loop.run_in_executor(
                    self.executor, self.repository.opened_by, request.principal, request.key
                )
        except (TimeoutError, SQLAlchemyError) as error:
            raise LaneOutOfServiceError from error
        if before is not None and before.request_digest != request.digest:
            raise RequestKeyReusedError
        return None if before is None else before.session_id

    async def past(self, session_id: str) -> PastSession | None:
        """A decided session, as the journal has it; None when it has none.

        Raises:
            JournalBrokenError, OSError, TimeoutError: the journal cannot be read.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self.policy.times.document_step.total_seconds()):
            entry = await loop.run_in_executor(self.executor, self.journal.find, session_id)
        return None if entry is None else past_session(entry)

    async def document(self, live: LiveSession, event: DocumentEvent) -> None:
        """Take a document that was read; the session may be referred by it.

        Raises:
            SessionFinishedError, OutOfOrderError, EventReplayedError
        """
        await self._to_its_end(live, self._document(live, event))

    async def _document(self, live: LiveSession, event: DocumentEvent) -> None:
        async with live.lock:
            if self._is_repeated(live, event):
                return
            if live.told is not None:
                raise SessionFinishedError
            if live.session.state is not SessionState.AWAITING_DOCUMENT:
                await self._document_again(live, event)
                return
            self._use(live, event)
            started = self.clock.monotonic()
            today = self.clock.now().astimezone(ZoneInfo(self.policy.timezone)).date()
            reading = read_document(event.lines, today=today)
            if reading.facts is None or reading.reading is None:
                live.timings_ms[Stage.DOCUMENT] = (self.clock.monotonic() - started) * 1000
                await self._step(live, DocumentUnreadable(event.source), reading.problems)
                return
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
            if found.fault is not None:
                # Kept with the reading; the fault moves the session on to its decision.
                live.session = advance(live.session, read, self.policy)
                await self._step(live, Faulted(found.fault))
                return
            if challenges.RULE in self.policy.rules:
                live.challenge = challenges.issue(self.clock.monotonic())
            await self._step(live, read, reading.problems)

    async def choose_challenge(self, live: LiveSession, kind: str) -> None:
        """Ask the traveler for something else, once; the button is an officer, without blame.

        Args:
            kind: "light" or "button".

        Raises:
            SessionFinishedError, OutOfOrderError, ChallengeChosenError
        """
        async with live.lock:
            if live.told is not None:
                raise SessionFinishedError
            issued = live.challenge
            if issued is None or live.session.state is not SessionState.AWAITING_FACE:
                raise OutOfOrderError
            if kind != challenges.BUTTON:
                if issued.chosen:
                    raise ChallengeChosenError
                live.touched = self.clock.monotonic()
                live.challenge = challenges.issue(live.touched, kind, chosen=True)
                await live.publish("challenge_chosen", {"state": live.session.state})
                return
        await self.fault(live, Fault(FaultKind.OPTED_OUT, Stage.CAPTURE))

    async def _document_again(self, live: LiveSession, event: DocumentEvent) -> None:
        if _as_printed(event.lines) == _as_printed(live.mrz_lines):
            # Tells nothing new, and keeps no idle session going.
            await self._step(live, DocumentReadAgain(event.source))
            return
        self._use(live, event)
        await self._step(live, SecondDocument(event.source))

    async def face(self, live: LiveSession, event: FaceEvent) -> Told:
        """Take a captured face, and answer.

        Raises:
            SessionFinishedError, OutOfOrderError, EventReplayedError
        """
        await self._to_its_end(live, self._face(live, event))
        return _answer(live)

    async def _face(self, live: LiveSession, event: FaceEvent) -> None:
        if live.session.state is SessionState.AWAITING_DOCUMENT:
            raise OutOfOrderError  # also while a record is looked up, which may outlast the budget
        times = self.policy.times
        deadline = event.arrived + (times.budget - times.reserve).total_seconds()
        async with _held(live.lock, deadline):
            if live.told is not None:
                raise SessionFinishedError
            if live.session.state is not SessionState.AWAITING_FACE:
                raise OutOfOrderError
            if self._is_used(live, event):
                raise OutOfOrderError  # the same device's document bore this id
            self._use(live, event)
            live.pictures.append(event.picture)
            self.guidance(live.session.lane_id).clear()
            started = self.clock.monotonic()
            asked = live.challenge
            reading = await measure_face(
                self.pool,
                event.picture,
                live.template,
                deadline=deadline,
                cohort=self._cohort_for(event.source),
                frames=event.frames,
                challenge=None if asked is None else challenge_to_plain(asked.challenge),
            )
            if asked is not None:
                reading = self._bound(live, event, asked, reading)
            if reading.used:
                # Of several pictures an officer sees the first of those that were compared.
                live.pictures[-1] = event.frames[reading.used[0]].data
            live.timings_ms[Stage.FACE] = (self.clock.monotonic() - started) * 1000
            live.timings_ms |= {f"face.{k}": ms for k, ms in reading.timings_ms.items()}
            live.session = advance(
                live.session, FaceMeasured(reading.face, event.source), self.policy
            )
            if reading.fault is not None:
                live.session = advance(live.session, Faulted(reading.fault), self.policy)
            await self._conclude(live, event.arrived)

    def _bound(
        self, live: LiveSession, event: FaceEvent, asked: IssuedChallenge, reading: FaceReading
    ) -> FaceReading:
        """The reading; an answer that cannot be this session's own, fresh one has failed."""
        session_id = live.session.session_id
        fault = asked.binding_fault(tuple(f.at_ms for f in event.frames), event.arrived)
        for frame in event.frames:
            digest = self._picture_digest(frame.data)
            if self._challenged_frames.setdefault(digest, session_id) != session_id:
                fault = fault or "replayed"
        while len(self._challenged_frames) > _REMEMBERED_EVENTS:
            self._challenged_frames.popitem(last=False)
        if fault is None or isinstance(reading.face, NotMeasured):
            return reading
        failed = Measured(ChallengeFacts(str(asked.challenge.kind), False, fault))
        return replace(reading, face=Measured(replace(reading.face.value, challenge=failed)))

    def guidance(self, lane_id: str) -> GuidanceBoard:
        """What the traveler in a lane is told before the capture."""
        return self._guidance.setdefault(lane_id, GuidanceBoard())

    async def preview(self, live: LiveSession, picture: bytes) -> FacePreview:
        """Say what would make the capture better; no event, no evidence, and kept nowhere.

        It keeps no idle session going, and never takes the last idle worker.

        Raises:
            SessionFinishedError, OutOfOrderError, PreviewBusyError, PreviewTooSoonError,
            PreviewUnreadableError
        """
        if live.told is not None:
            raise SessionFinishedError
        if live.session.state is not SessionState.AWAITING_FACE:
            raise OutOfOrderError
        if live.lock.locked() or live.previews_ended:
            raise PreviewBusyError
        now = self.clock.monotonic()
        if live.previewing or (
            live.preview_at is not None and now - live.preview_at < _PREVIEW_PAUSE_SECONDS
        ):
            raise PreviewTooSoonError
        live.previewing, live.preview_at = True, now
        # It goes on when its caller goes away: a worker that is left in mid-job is killed.
        looking = asyncio.ensure_future(self._preview(live, picture))
        self._aside.add(looking)
        looking.add_done_callback(self._aside.discard)
        return await asyncio.shield(looking)

    async def _preview(self, live: LiveSession, picture: bytes) -> FacePreview:
        try:
            found = await preview_face(self.pool, picture)
        except intake.PreviewUnreadableError as error:
            raise PreviewUnreadableError from error
        except intake.PreviewBusyError as error:
            raise PreviewBusyError from error
        except WorkerError as error:
            live.previews_ended = True  # what costs one worker is not to cost the next one
            raise PreviewBusyError from error
        finally:
            live.previewing = False
        if live.session.state is SessionState.AWAITING_FACE and not live.lock.locked():
            code = found.guidance[0] if found.guidance else None
            if self.guidance(live.session.lane_id).show(code):
                await live.publish("guidance", {"guidance": code, "ready": found.ready})
        return found

    def _cohort_for(self, source: Source) -> OpenedCohort | NotMeasured:
        """The cohort, unless it is fictitious and the picture may show a real person."""
        if self.cohort is None:
            return NotMeasured(Why.NOT_ATTEMPTED)
        if self.cohort.policy.fictitious and source.provenance is not Provenance.SIMULATED:
            return NotMeasured(Why.UNFIT)
        return self.cohort

    async def fault(self, live: LiveSession, fault: Fault) -> Told:
        """Refer a session because something went wrong; harmless when it has its answer."""
        await self._to_its_end(live, self._fault(live, fault))
        return _answer(live)

    async def _fault(self, live: LiveSession, fault: Fault) -> None:
        async with live.lock:
            if live.told is None:
                live.session = advance(live.session, Faulted(fault), self.policy)
                await self._conclude(live, None)

    async def sweep(self) -> None:
        """Refer sessions that nobody goes on with; runs until cancelled."""
        idle = self.policy.times.session_idle.total_seconds()
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = self.clock.monotonic()
            for live in tuple(self._active.values()):
                if now - live.touched > idle and not live.lock.locked():
                    await self.fault(live, Fault(FaultKind.SESSION_EXPIRED, live.stage))

    async def interrupt_all(self) -> None:
        """Refer every open session, because the service ends."""
        for live in tuple(self._active.values()):
            await self.fault(live, Fault(FaultKind.SESSION_INTERRUPTED, Stage.DECISION))
        if self._aside:
            await asyncio.wait(self._aside, timeout=1.0)
        self._ending.set()  # what is not copied by now, the next start finds

    async def _to_its_end(self, live: LiveSession, step: Coroutine[Any, Any, None]) -> None:
        """Run a step that goes on when its caller goes away: what it journals, it also tells."""
        task = asyncio.ensure_future(self._or_refer(live, step))
        self._steps.add(task)
        task.add_done_callback(self._steps.discard)
        await asyncio.shield(task)

    async def _or_refer(self, live: LiveSession, step: Coroutine[Any, Any, None]) -> None:
        """Run a step; what nobody expected refers the session instead of leaving it stuck."""
        log_as(lane=live.session.lane_id, session_id=live.session.session_id)
        try:
            await step
        except SessionError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever happens, the traveler gets an answer
            _LOG.error("a session was cut off: %s", type(error).__name__)
            await self._fault(live, Fault(FaultKind.SESSION_INTERRUPTED, Stage.DECISION))

    async def _step(self, live: LiveSession, event: Event, problems: tuple[str, ...] = ()) -> None:
        """Advance, tell the watchers, and answer when that is due."""
        try:
            live.session = advance(live.session, event, self.policy)
        except IllegalEventError as error:
            raise OutOfOrderError from error
        if live.session.state is SessionState.DECIDING:
            await self._conclude(live, None)
            return
        data = {"state": live.session.state, "problems": list(problems)}
        await live.publish(_published_name(event), data)

    async def _conclude(self, live: LiveSession, arrived: float | None) -> None:
        told = await self.answerer.answer(live, arrived=arrived)
        live.told = told
        self.guidance(live.session.lane_id).clear()
        live.ended.set()
        live.forget()
        if self._active.get(live.session.lane_id) is live:
            del self._active[live.session.lane_id]
        if live.receipt is not None:
            if told.place is None:
                self._unrecorded.add(live.session.session_id)
            self._start_aside(self._copy_outcome(live, told, live.receipt))
        self.on_told(live)
        await live.publish(
            "decided",
            {"state": live.session.state, "outcome": told.decision.outcome},
            last=True,
        )

    async def _copy_outcome(self, live: LiveSession, told: Told, receipt: Future[Receipt]) -> None:
        """Copy the outcome to the database once the journal has it.

        Until then the row stays unfinished, so that a start after a crash looks at it again.
        """
        try:
            place = await self._durable_place(live.session.session_id, told, receipt)
        finally:
            self._unrecorded.discard(live.session.session_id)
        if place is None:
            return
        if told.place is None:
            live.told = replace(told, place=place)
        await self._finish_row(live.session, told)

    async def _durable_place(
        self, session_id: str, told: Told, receipt: Future[Receipt]
    ) -> JournalPlace | None:
        """Where an answer stands once it is durable; None when that is left to the next start."""
        try:
            durable = await asyncio.wrap_future(receipt)
            return JournalPlace(durable.seq, durable.hash)
        except JournalError as error:
            _LOG.warning("the journal does not have an outcome yet: %s", error.code)
            if not (isinstance(error, JournalUnavailableError) and error.kept):
                return None
        loop = asyncio.get_running_loop()
        for pause in _pauses():
            # The journal writes what it kept, and has nobody to tell any more.
            with suppress(JournalError, OSError):
                entry = await loop.run_in_executor(self.executor, self.journal.find, session_id)
                if entry is not None and entry.outcome == told.decision.outcome:
                    return JournalPlace(entry.header.seq, entry.header.hash)
            if await self._ends_within(pause):
                break
        return None

    async def _finish_row(self, session: Session, told: Told) -> None:
        loop = asyncio.get_running_loop()
        for pause in _pauses():
            try:
                await loop.run_in_executor(
                    self.executor,
                    self.repository.finish,
                    session.session_id,
                    session.state,
                    str(told.decision.outcome),
                    told.decided_at,
                )
            except SQLAlchemyError as error:
                _LOG.warning("the database lacks an outcome: %s", type(error).__name__)
            else:
                return
            if await self._ends_within(pause):
                return

    async def _ends_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return False
        return True

    def _start_aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    def _is_used(self, live: LiveSession, event: DocumentEvent | FaceEvent) -> bool:
        """Whether an event with this id was used in the session.

        Raises:
            EventReplayedError: another session had it.
        """
        used = self._used_events.get((event.source.device_id, event.event_id))
        if used is not None and used.session_id != live.session.session_id:
            raise EventReplayedError
        return used is not None

    def _is_repeated(self, live: LiveSession, event: DocumentEvent | FaceEvent) -> bool:
        """Whether the session had this very event before: its id alone proves nothing.

        Raises:
            EventReplayedError: another session had it.
        """
        if not self._is_used(live, event):
            return False
        used = self._used_events[event.source.device_id, event.event_id]
        return used.content == self._content(event)

    def _use(self, live: LiveSession, event: DocumentEvent | FaceEvent) -> None:
        """Note an event that the session takes; no other session will."""
        live.touched = self.clock.monotonic()
        live.event_ids.append(event.event_id)
        used = _Used(live.session.session_id, self._content(event))
        self._used_events[event.source.device_id, event.event_id] = used
        while len(self._used_events) > _REMEMBERED_EVENTS:
            self._used_events.popitem(last=False)

    def _content(self, event: DocumentEvent | FaceEvent) -> bytes:
        """A keyed digest: event ids are remembered long after what they named was forgotten."""
        match event:
            case DocumentEvent():
                return self.keyring.blind_index("event.document", json.dumps(event.lines))
            case FaceEvent():
                return self._picture_digest(event.content)
            case _:
                assert_never(event)

    def _picture_digest(self, picture: bytes) -> bytes:
        return self.keyring.blind_index("capture", sha256(picture).hexdigest())

    def _remember(self, live: LiveSession) -> None:
        self._sessions[live.session.session_id] = live
        while len(self._sessions) > _REMEMBERED_SESSIONS:
            oldest = next(iter(self._sessions.values()))
            if not oldest.finished:
                return
            del self._sessions[oldest.session.session_id]


def _live(
    session_id: str, lane_id: str, via: str, mark: tuple[datetime, float], sealer: Sealer
) -> LiveSession:
    return LiveSession(
        session=Session(session_id, lane_id),
        opened_at=mark[0],
        clock_mark=mark,
        sealer=sealer,
        via=via,
        touched=mark[1],
    )


def _pauses() -> Iterator[float]:
    """Seconds between attempts at what fails for a while: ever longer ones, without an end."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


@asynccontextmanager
async def _held(lock: asyncio.Lock, deadline: float) -> AsyncIterator[None]:
    """Hold a session's lock, but do not wait for it beyond `deadline`, monotonic seconds.

    Raises:
        OutOfOrderError: it was not free in time; whoever holds it is answering the session.
    """
    try:
        async with asyncio.timeout_at(deadline):
            await lock.acquire()
    except TimeoutError as error:
        raise OutOfOrderError from error
    try:
        yield
    finally:
        lock.release()


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


def _answer(live: LiveSession) -> Told:
    """The answer of a session that was just answered."""
    assert live.told is not None
    return live.told


def _published_name(event: Event) -> str:
    match event:
        case DocumentUnreadable():
            return "document_unreadable"
        case DocumentRead():
            return "document_read"
        case _:
            return "document_read_again"
