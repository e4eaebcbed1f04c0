"""How a session begins: recorded first, at most once for each request, never waited for long."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from kiosk_api.clock import ClockGuard
from kiosk_api.core.session import Session
from kiosk_api.sealing import Sealer
from kiosk_api.sessions.aside import Aside
from kiosk_api.sessions.errors import LaneOutOfServiceError, RequestKeyReusedError
from kiosk_api.sessions.live import LiveSession
from kiosk_api.sessions.repository import RequestKey, SessionRepository


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request with a key that is being served: what it asks, and what it will come to."""

    digest: bytes
    opening: asyncio.Future[tuple[str, bool]]


@dataclass(slots=True)
class SessionOpener:
    """Records beginnings.

    Args:
        seconds: how long the database may take.
        executor: threads for the database; they may hang, no answer waits for them.
        on_late: ends a session whose beginning was recorded after everybody had given up on it.
    """

    repository: SessionRepository
    guard: ClockGuard
    executor: Executor
    aside: Aside
    seconds: float
    on_late: Callable[[LiveSession], Awaitable[None]]
    _asked: dict[tuple[str, str], _Asked] = field(default_factory=dict)  # by principal and key

    async def record(self, lane_id: str, via: str, request: RequestKey | None) -> LiveSession:
        """Begin a session.

        Raises:
            LaneOutOfServiceError: the database does not take it.
        """
        session_id = secrets.token_hex(12)
        mark = self.guard.mark()
        opening = asyncio.get_running_loop().run_in_executor(
            self.executor, self.repository.open, session_id, lane_id, via, mark[0], request
        )
        try:
            async with asyncio.timeout(self.seconds):
                sealer = await asyncio.shield(opening)
        except TimeoutError as error:
            self.aside.start(self._end_late(opening, session_id, lane_id, via, mark))
            raise LaneOutOfServiceError from error
        except SQLAlchemyError as error:
            raise LaneOutOfServiceError from error
        return _live(session_id, lane_id, via, mark, sealer)

    async def once(
        self, request: RequestKey, begin: Callable[[], Awaitable[LiveSession]]
    ) -> tuple[str, bool]:
        """Begin a session, or find the one that the same request opened before.

        Requests with one key at the same time share what the first of them comes to.

        Returns:
            The session's id, and whether this very call opened it.

        Raises:
            RequestKeyReusedError: another request bore the key.
            SessionError: what `begin` raises.
        """
        key = (request.principal, request.key)
        first = self._asked.get(key)
        if first is not None:
            if first.digest != request.digest:
                raise RequestKeyReusedError
            session_id, _ = await asyncio.shield(first.opening)
            return session_id, False
        opening = asyncio.ensure_future(self._find_or_begin(request, begin))
        self._asked[key] = _Asked(request.digest, opening)
        opening.add_done_callback(lambda _: self._asked.pop(key))
        return await asyncio.shield(opening)

    async def opened_by(self, request: RequestKey) -> str | None:
        """The id of the session that the same request opened before, or None.

        Raises:
            RequestKeyReusedError: another request bore the key.
            LaneOutOfServiceError: the database does not answer.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.seconds):
                before = await loop.run_in_executor(
                    self.executor, self.repository.opened_by, request.principal, request.key
                )
        except (TimeoutError, SQLAlchemyError) as error:
            raise LaneOutOfServiceError from error
        if before is not None and before.request_digest != request.digest:
            raise RequestKeyReusedError
        return None if before is None else before.session_id

    async def _find_or_begin(
        self, request: RequestKey, begin: Callable[[], Awaitable[LiveSession]]
    ) -> tuple[str, bool]:
        before = await self.opened_by(request)
        if before is not None:
            return before, False
        live = await begin()
        return live.session.session_id, True

    async def _end_late(
        self,
        opening: asyncio.Future[Sealer],
        session_id: str,
        lane_id: str,
        via: str,
        mark: tuple[datetime, float],
    ) -> None:
        try:
            sealer = await opening
        except SQLAlchemyError:
            return
        await self.on_late(_live(session_id, lane_id, via, mark, sealer))


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
