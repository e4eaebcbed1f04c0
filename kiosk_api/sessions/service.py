"""What may happen in a session, in order, with the deadlines of each step.

Devices (through `kiosk_api.lanes`) and HTTP clients (through `endpoints`) come in here alike.
A session belongs to this process until it is decided; from then on it is the journal's.

Each step has a module of its own: `opening`, `document_step`, `previews`, `face_step`,
`answering`, and `outcomes` for what follows an answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from kiosk_api.clock import Clock, ClockGuard
from kiosk_api.core.evidence import Fault, FaultKind, Stage
from kiosk_api.core.policy import Policy
from kiosk_api.core.session import (
    DocumentRead,
    DocumentUnreadable,
    Event,
    FaceMeasured,
    Faulted,
    IllegalEventError,
    SecondDocument,
    SessionState,
    advance,
)
from kiosk_api.intake.face import FacePreview, OpenedCohort
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.journal.store import Journal
from kiosk_api.logs import log_as
from kiosk_api.records.repository import RecordRepository
from kiosk_api.sealing import Keyring
from kiosk_api.sessions import challenges
from kiosk_api.sessions.answering import Answerer
from kiosk_api.sessions.aside import Aside
from kiosk_api.sessions.document_step import AgainEvent, DocumentStep
from kiosk_api.sessions.errors import (
    ChallengeChosenError,
    LaneBusyError,
    LaneOutOfServiceError,
    OutOfOrderError,
    SessionError,
    SessionFinishedError,
    UnknownLaneError,
)
from kiosk_api.sessions.face_step import FaceStep
from kiosk_api.sessions.guidance import GuidanceBoard
from kiosk_api.sessions.history import PastSession, past_session
from kiosk_api.sessions.live import LiveSession, Told
from kiosk_api.sessions.opening import SessionOpener
from kiosk_api.sessions.outcomes import OutcomeCopier
from kiosk_api.sessions.page_aside import PageAside
from kiosk_api.sessions.previews import Previews
from kiosk_api.sessions.readings import DocumentEvent, FaceEvent
from kiosk_api.sessions.repository import RequestKey, SessionRepository
from kiosk_api.sessions.used_events import UsedEvents

_LOG = logging.getLogger(__name__)
_REMEMBERED_SESSIONS = 1_000
_SWEEP_SECONDS = 0.5


@dataclass(slots=True)
class SessionService:
    """All sessions of a kiosk.

    Args:
        executor: threads for the database; they may hang, no answer waits for them.
        pool: face workers.
        cohort: what face scores are normalised with; None when the policy has none.
        document_pool: workers that read pictures of documents; None: there are none, and such
            pictures are not examined.
        print_pool: workers that compare the print of a page with its zone while nobody waits; None:
            that is not done.
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
    document_pool: WorkerPool | None = None
    print_pool: WorkerPool | None = None
    on_told: Callable[[LiveSession], None] = lambda _live: None
    opener: SessionOpener = field(init=False)
    documents: DocumentStep = field(init=False)
    pages: PageAside = field(init=False)
    previews: Previews = field(init=False)
    faces: FaceStep = field(init=False)
    outcomes: OutcomeCopier = field(init=False)
    used: UsedEvents = field(init=False)
    aside: Aside = field(init=False, default_factory=Aside)
    _active: dict[str, LiveSession] = field(init=False, default_factory=dict)  # by lane
    _last: dict[str, str] = field(init=False, default_factory=dict)  # the newest of each lane
    _opening: set[str] = field(init=False, default_factory=set)
    _sessions: OrderedDict[str, LiveSession] = field(init=False, default_factory=OrderedDict)
    _steps: set[asyncio.Future[None]] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        self.used = UsedEvents(self.keyring)
        self.opener = SessionOpener(
            self.repository,
            self.guard,
            self.executor,
            self.aside,
            self.policy.times.document_step.total_seconds(),
            self._end_late,
        )
        self.documents = DocumentStep(
            self.policy, self.records, self.clock, self.executor, self.document_pool
        )
        self.pages = PageAside(self.policy, self.documents, self.pool, self.print_pool, self.aside)
        self.previews = Previews(self.pool, self.clock, self.aside)
        self.faces = FaceStep(self.pool, self.clock, self.used, self.cohort)
        self.outcomes = OutcomeCopier(self.repository, self.journal, self.executor)

    @property
    def in_service(self) -> bool:
        """Whether travelers may step up: what they are told can be put on record.

        An answer that was told and is not yet durable keeps the next traveler away.
        """
        return self.journal.healthy and not self.outcomes.unrecorded

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
            live = await self.opener.record(lane_id, via, request)
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
        return await self.opener.once(
            request,
            lambda: self.open(lane_id, via=via, request=request, opener=request.principal),
        )

    async def _end_late(self, live: LiveSession) -> None:
        """Refer a session whose beginning was recorded after everybody had given up on it."""
        self._remember(live)
        await self.fault(live, Fault(FaultKind.SESSION_INTERRUPTED, Stage.DOCUMENT))

    def fingerprint(self, picture: bytes) -> str:
        """A keyed digest of a picture, 16 hexadecimal digits: it tells two apart, nothing else."""
        return self.used.picture_digest(picture).hex()[:16]

    async def opened_by(self, request: RequestKey) -> str | None:
        """The id of the session that the same request opened before, or None.

        Raises:
            RequestKeyReusedError: another request bore the key.
            LaneOutOfServiceError: the database does not answer.
        """
        return await self.opener.opened_by(request)

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
        again: AgainEvent | None = None
        if live.session.state is SessionState.AWAITING_FACE:
            self.used.is_used(live, event)  # another session's is not worth a look
            # Without the lock: a face that comes meanwhile is measured beside it.
            look = asyncio.ensure_future(self.documents.take_again(live, event))
            live.looks.append(look)
            again = await look
        async with live.lock:
            live.looks = [each for each in live.looks if not each.done()]
            if self.used.is_repeated(live, event):
                return
            if live.told is not None:
                raise SessionFinishedError
            if live.session.state is not SessionState.AWAITING_DOCUMENT:
                await self._document_again(
                    live, event, again or await self.documents.take_again(live, event)
                )
                return
            self._use(live, event)
            taken = await self.documents.take(live, event)
            if taken.fault is not None:
                # Kept with the reading; the fault moves the session on to its decision.
                live.session = advance(live.session, taken.event, self.policy)
                await self._step(live, Faulted(taken.fault))
                return
            if isinstance(taken.event, DocumentRead) and challenges.RULE in self.policy.rules:
                live.challenge = challenges.issue(self.clock.monotonic())
            await self._step(live, taken.event, taken.problems)
            if live.session.state is SessionState.AWAITING_FACE:
                self.pages.begin(live, taken.portrait)

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

    async def _document_again(
        self, live: LiveSession, event: DocumentEvent, again: AgainEvent
    ) -> None:
        # One that tells nothing new keeps no idle session going.
        if isinstance(again, SecondDocument):
            self._use(live, event)
        await self._step(live, again)

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
            if self.used.is_used(live, event):
                raise OutOfOrderError  # the same device's document bore this id
            self._use(live, event)
            self.guidance(live.session.lane_id).clear()
            reading = await self.faces.take(live, event, deadline=deadline)
            live.session = advance(
                live.session, FaceMeasured(reading.face, event.source), self.policy
            )
            if reading.fault is not None:
                live.session = advance(live.session, Faulted(reading.fault), self.policy)
            await self._await_looks(live, deadline)
            await self._conclude(live, event.arrived)

    async def _await_looks(self, live: LiveSession, deadline: float) -> None:
        """Have documents count that were shown before the answer and are still looked at."""
        looks, live.looks = live.looks, []
        if not looks:
            return
        await asyncio.wait(looks, timeout=max(0.0, deadline - self.clock.monotonic()))
        for look in looks:
            late = Faulted(Fault(FaultKind.BUDGET_EXHAUSTED, Stage.DOCUMENT))
            seen = look.result() if look.done() else late
            live.session = advance(live.session, seen, self.policy)

    def guidance(self, lane_id: str) -> GuidanceBoard:
        """What the traveler in a lane is told before the capture."""
        return self.previews.guidance(lane_id)

    async def preview(self, live: LiveSession, picture: bytes) -> FacePreview:
        """Say what would make the capture better; no event, no evidence, and kept nowhere.

        Raises:
            SessionFinishedError, OutOfOrderError, PreviewBusyError, PreviewTooSoonError,
            PreviewUnreadableError
        """
        return await self.previews.look(live, picture)

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
        await self.aside.wait(1.0)
        self.outcomes.end()

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
        for examined in live.examined:
            live.session = advance(live.session, examined, self.policy)
        told = await self.answerer.answer(live, arrived=arrived)
        live.told = told
        self.guidance(live.session.lane_id).clear()
        live.ended.set()
        live.forget()
        if self._active.get(live.session.lane_id) is live:
            del self._active[live.session.lane_id]
        if live.receipt is not None:
            self.outcomes.note(live, told)
            self.aside.start(self.outcomes.copy(live, told, live.receipt))
        self.on_told(live)
        await live.publish(
            "decided",
            {"state": live.session.state, "outcome": told.decision.outcome},
            last=True,
        )

    def _use(self, live: LiveSession, event: DocumentEvent | FaceEvent) -> None:
        live.touched = self.clock.monotonic()
        self.used.use(live, event)

    def _remember(self, live: LiveSession) -> None:
        self._sessions[live.session.session_id] = live
        while len(self._sessions) > _REMEMBERED_SESSIONS:
            oldest = next(iter(self._sessions.values()))
            if not oldest.finished:
                return
            del self._sessions[oldest.session.session_id]


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
