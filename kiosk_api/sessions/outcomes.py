"""What follows an answer: the database learns of it once the journal has it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field, replace

from sqlalchemy.exc import SQLAlchemyError

from kiosk_api.core.session import Session
from kiosk_api.journal.errors import JournalError, JournalUnavailableError
from kiosk_api.journal.jobs import Receipt
from kiosk_api.journal.store import Journal
from kiosk_api.sessions.live import JournalPlace, LiveSession, Told
from kiosk_api.sessions.repository import SessionRepository

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS = 0.05  # as the journal's own when the disk fails
_LONGEST_PAUSE_SECONDS = 1.0


@dataclass(slots=True)
class OutcomeCopier:
    """Copies outcomes to the rows of their sessions.

    Args:
        executor: threads that may hang on a disk.
    """

    repository: SessionRepository
    journal: Journal
    executor: Executor
    _unrecorded: set[str] = field(default_factory=set)  # sessions told before they were durable
    _ending: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def unrecorded(self) -> frozenset[str]:
        """The sessions whose answers were told and are not durable yet."""
        return frozenset(self._unrecorded)

    def end(self) -> None:
        """Stop trying; what is not copied by now, the next start finds."""
        self._ending.set()

    def note(self, live: LiveSession, told: Told) -> None:
        """Remember an answer that was told before it was durable."""
        if told.place is None:
            self._unrecorded.add(live.session.session_id)

    async def copy(self, live: LiveSession, told: Told, receipt: Future[Receipt]) -> None:
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


def _pauses() -> Iterator[float]:
    """Seconds between attempts at what fails for a while: ever longer ones, without an end."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
