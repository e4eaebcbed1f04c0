"""The last step of every session: decide, put it on record, and only then tell.

An ADMIT is told when it is durable, or not at all. Whatever the disk does, an answer is there
before the budget ends; what could not be put on record in time is a referral that says so.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kiosk_api.clock import Clock, ClockGuard
from kiosk_api.core.decision import Decision, Outcome, decide
from kiosk_api.core.evidence import Evidence, Fault, FaultKind, Stage
from kiosk_api.core.policy import Policy
from kiosk_api.core.session import Admitted, Faulted, Referred, Session, advance
from kiosk_api.journal.drafts import DecisionDraft, Times
from kiosk_api.journal.errors import JournalError
from kiosk_api.journal.jobs import Receipt
from kiosk_api.journal.payload import seal_payload
from kiosk_api.journal.pictures import FIRST_PAGE, Pictures
from kiosk_api.journal.store import Journal
from kiosk_api.sessions.live import JournalPlace, LiveSession, Told
from kiosk_api.telemetry import Telemetry

_LOG = logging.getLogger(__name__)

TELL_MARGIN_SECONDS = 0.1
"""Kept back from the budget for telling: the event loop and the network take some, too."""

JOURNAL_SECONDS = 0.04
"""Kept back for the journal when a referral's pictures are written first."""


@dataclass(frozen=True, slots=True)
class _Due:
    """When an answer is due, monotonic seconds."""

    arrived: float | None  # of the face-capture event
    end: float  # of the budget

    @property
    def tell_by(self) -> float:
        return self.end - TELL_MARGIN_SECONDS


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A decision with what it was made of, and the session as it ends with it."""

    evidence: Evidence
    policy: Policy
    decision: Decision
    now: datetime
    ended: Session

    @property
    def admits(self) -> bool:
        return self.decision.outcome is Outcome.ADMIT


@dataclass(frozen=True, slots=True)
class Answerer:
    """Turns a session that is to be decided into an answer.

    Args:
        policy: what decide() is asked with.
        journal: where answers become durable.
        guard: notices a wall clock that was set.
        pictures: where the sealed pictures of referred sessions are kept.
        executor: threads that may hang on a disk.
    """

    policy: Policy
    journal: Journal
    clock: Clock
    guard: ClockGuard
    telemetry: Telemetry
    pictures: Pictures
    executor: Executor

    async def answer(self, live: LiveSession, *, arrived: float | None) -> Told:
        """Decide a session in state DECIDING; the caller holds its lock.

        Args:
            live: the session; it is admitted or referred afterwards.
            arrived: monotonic seconds of the face-capture event; None when there was none, then
                the budget runs from now.
        """
        started = self.clock.monotonic()
        budget = self.policy.times.budget.total_seconds()
        due = _Due(arrived, (started if arrived is None else arrived) + budget)
        try:
            if not self.guard.is_reliable(live.clock_mark):
                self._add_fault(live, FaultKind.CLOCK_UNRELIABLE, Stage.DECISION)
            verdict = self._decide(live, self.policy)
            live.timings_ms[Stage.DECISION] = (self.clock.monotonic() - started) * 1000
            if verdict.admits:
                place = await self._record_admission(live, verdict, due)
                if place is None:
                    verdict = self._take_back(live, due)
            else:
                await self._keep_pictures(live, due)
                place = await self._record(live, verdict, due)
        except Exception as error:  # noqa: BLE001  # whatever happens, the traveler gets an answer
            _LOG.error("an answer could not be put on record: %s", type(error).__name__)
            verdict, place = await self._last_resort(live, due)
        return self._tell(live, verdict, due, place)

    def _decide(self, live: LiveSession, policy: Policy) -> _Verdict:
        """Ask decide(), and have the session's table look once more before anything is written.

        Raises:
            IllegalEventError: the table does not admit what decide() does.
        """
        now = self.clock.now()
        evidence = live.session.evidence()
        decision = decide(evidence, policy, now)
        event = Admitted() if decision.outcome is Outcome.ADMIT else Referred()
        ended = advance(live.session, event, policy)
        return _Verdict(evidence, policy, decision, now, ended)

    def _add_fault(self, live: LiveSession, kind: FaultKind, stage: Stage) -> None:
        live.session = advance(live.session, Faulted(Fault(kind, stage)), self.policy)

    async def _record_admission(
        self, live: LiveSession, verdict: _Verdict, due: _Due
    ) -> JournalPlace | None:
        """The place in the journal, or None when the ADMIT was not durable in time."""
        draft = self._draft(live, verdict, due)
        live.receipt = self.journal.append(draft, not_after=due.tell_by)
        place = await self._wait(live, live.receipt, due)
        return place if self.clock.monotonic() <= due.tell_by else None

    async def _record(self, live: LiveSession, verdict: _Verdict, due: _Due) -> JournalPlace | None:
        """The place of a referral; None when the disk did not take it yet."""
        live.receipt = self.journal.append(self._draft(live, verdict, due))
        return await self._wait(live, live.receipt, due)

    def _take_back(self, live: LiveSession, due: _Due) -> _Verdict:
        """Refer instead of an ADMIT that is not durable; told now, written when that works."""
        self._add_fault(live, FaultKind.JOURNAL_UNAVAILABLE, Stage.JOURNAL)
        verdict = self._decide(live, self.policy)
        # Without waiting: the time is up.
        live.receipt = self.journal.supersede(self._draft(live, verdict, due))
        live.receipt.add_done_callback(_log_failure)
        return verdict

    async def _last_resort(
        self, live: LiveSession, due: _Due
    ) -> tuple[_Verdict, JournalPlace | None]:
        """Refer with what can always be written down: that there was a session, and it failed."""
        live.session = interrupted_session(
            live.session.session_id, live.session.lane_id, self.policy
        )
        live.identifying = {}
        policy = referring(self.policy, live.session.evidence(), self.clock.now())
        verdict = self._decide(live, policy)
        try:
            live.receipt = self.journal.supersede(self._draft(live, verdict, due))
            return verdict, await self._wait(live, live.receipt, due)
        except Exception as error:  # noqa: BLE001  # the next start finds the session unfinished
            _LOG.error("a referral could not be put on record: %s", type(error).__name__)
            live.receipt = None
        return verdict, None

    async def _wait(
        self, live: LiveSession, receipt: Future[Receipt], due: _Due
    ) -> JournalPlace | None:
        started = self.clock.monotonic()
        try:
            async with asyncio.timeout_at(due.tell_by):
                # The journal's future cannot be cancelled: ours is, and it goes on.
                durable = await asyncio.shield(asyncio.wrap_future(receipt))
        except TimeoutError:
            receipt.add_done_callback(_log_failure)
            return None
        except JournalError as error:
            _LOG.warning("not on record in time: %s", error.code)
            return None
        finally:
            live.timings_ms[Stage.JOURNAL] = (self.clock.monotonic() - started) * 1000
        return None if durable.late else JournalPlace(durable.seq, durable.hash)

    def _draft(self, live: LiveSession, verdict: _Verdict, due: _Due) -> DecisionDraft:
        session_id = live.session.session_id
        return DecisionDraft(
            session_id=session_id,
            lane=live.session.lane_id,
            evidence=verdict.evidence,
            policy=verdict.policy,
            decided_at=verdict.now,
            decision=verdict.decision,
            times=Times(
                budget_ms=self.policy.times.budget.total_seconds() * 1000,
                answer_ms=self._since(due.arrived),
                stages_ms=dict(live.timings_ms),
            ),
            event_ids=tuple(live.event_ids),
            payload=seal_payload(live.sealer, session_id, live.identifying)
            if live.identifying
            else None,
            pictures=tuple(live.picture_refs),
        )

    async def _keep_pictures(self, live: LiveSession, due: _Due) -> None:
        """Seal the pictures that an officer will need; of an admitted traveler none is kept.

        The traveler's come first: a picture that the disk does not take in time is not named in
        the journal, and missed.
        """
        loop = asyncio.get_running_loop()
        session_id = live.session.session_id
        pages = [page.data for page in live.pages]
        for number, picture in (
            *enumerate(live.pictures, start=1),
            *enumerate(pages, start=FIRST_PAGE),
        ):
            keeping = loop.run_in_executor(
                self.executor, self.pictures.keep, live.sealer, session_id, picture, number
            )
            try:
                async with asyncio.timeout_at(due.tell_by - JOURNAL_SECONDS):
                    live.picture_refs.append(await asyncio.shield(keeping))
            except OSError as error:
                _LOG.warning("a picture of a referral was not kept")
                if isinstance(error, TimeoutError):
                    return  # the time is up: each further one would only hold a thread

    def _tell(
        self, live: LiveSession, verdict: _Verdict, due: _Due, place: JournalPlace | None
    ) -> Told:
        live.session = verdict.ended
        answer_ms = self._since(due.arrived)
        told = Told(
            decision=verdict.decision,
            evidence=verdict.evidence,
            decided_at=verdict.now,
            answer_ms=answer_ms,
            over_budget=self.clock.monotonic() > due.end and due.arrived is not None,
            place=place,
            timings_ms=dict(live.timings_ms),
        )
        self.telemetry.decided(
            told.decision.outcome,
            tuple(str(finding.code) for finding in told.decision.reasons),
            told.answer_ms,
            told.over_budget,
            told.timings_ms,
        )
        _LOG.info("told %s", told.decision.outcome)
        return told

    def _since(self, arrived: float | None) -> float | None:
        return None if arrived is None else (self.clock.monotonic() - arrived) * 1000


def interrupted_session(session_id: str, lane_id: str, policy: Policy) -> Session:
    """A session of which only this is known: that it was, and that it was cut off."""
    fault = Fault(FaultKind.SESSION_INTERRUPTED, Stage.DECISION)
    return advance(Session(session_id, lane_id), Faulted(fault), policy)


def referring(policy: Policy, evidence: Evidence, now: datetime) -> Policy:
    """The policy if it refers this evidence; else itself without its rules, which refers all.

    For sessions that must be referred under any policy, also one that forgot the rule for it.
    """
    admits = decide(evidence, policy, now).outcome is Outcome.ADMIT
    return replace(policy, rules=()) if admits else policy


def _log_failure(future: Future[Any]) -> None:
    error = future.exception()
    if error is not None:
        # The type and our own codes only: an operating system's message may name a path.
        _LOG.error("written aside, it failed: %s", getattr(error, "code", type(error).__name__))
