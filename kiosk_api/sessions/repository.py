"""What of a session must outlive the process before it is decided: that it exists, and its key.

The decision itself lies in the journal, never here alone; `outcome` is a copy for look-ups.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select

from kiosk_api.core.session import SessionState
from kiosk_api.journal.session_keys import new_session_key
from kiosk_api.persistence.engine import reading, writing
from kiosk_api.persistence.models import IdempotencyRow, SessionRow
from kiosk_api.sealing import Keyring, Sealer


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session's row."""

    session_id: str
    lane_id: str
    opened_at: datetime
    outcome: str | None


@dataclass(frozen=True, slots=True)
class RequestKey:
    """Names one request: whose, its idempotency key, the digest of what was asked."""

    principal: str
    key: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class OpenedBefore:
    """The session that a request with an idempotency key opened."""

    session_id: str
    request_digest: bytes


class SessionRepository:
    """Rows of sessions, session keys and given answers. Blocking: call it in a thread."""

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def open(
        self,
        session_id: str,
        lane_id: str,
        via: str,
        now: datetime,
        request: RequestKey | None = None,
    ) -> Sealer:
        """Record a new session, its key and the request for it in one transaction.

        Returns:
            What seals under the session's key.
        """
        key, sealer = new_session_key(self._keyring.sealer, session_id, now)
        with writing(self._engine) as session:
            session.add(
                SessionRow(
                    session_id=session_id,
                    lane_id=lane_id,
                    state=SessionState.AWAITING_DOCUMENT,
                    opened_at=now,
                    updated_at=now,
                    outcome=None,
                    via=via,
                )
            )
            session.add(key)
            if request is not None:
                session.add(
                    IdempotencyRow(
                        principal=request.principal,
                        key=request.key,
                        request_digest=request.digest,
                        status=201,
                        body={"session_id": session_id},
                        created_at=now,
                    )
                )
        return sealer

    def finish(self, session_id: str, state: SessionState, outcome: str, now: datetime) -> None:
        """Copy the journaled outcome to the session's row."""
        with writing(self._engine) as session:
            row = session.get(SessionRow, session_id)
            if row is not None:
                row.state, row.outcome, row.updated_at = state, outcome, now

    def get(self, session_id: str) -> StoredSession | None:
        """A session's row, or None."""
        with reading(self._engine) as session:
            row = session.get(SessionRow, session_id)
            return None if row is None else _stored(row)

    def unfinished(self) -> list[StoredSession]:
        """Sessions without an outcome: those that a crash interrupted, right after a start."""
        with reading(self._engine) as session:
            query = (
                select(SessionRow)
                .where(SessionRow.outcome.is_(None))
                .order_by(SessionRow.opened_at)
            )
            return [_stored(row) for row in session.scalars(query)]

    def referred(self) -> list[str]:
        """Ids of all sessions that were referred, oldest first."""
        with reading(self._engine) as session:
            query = (
                select(SessionRow.session_id)
                .where(SessionRow.outcome == "REFER")
                .order_by(SessionRow.opened_at)
            )
            return list(session.scalars(query))

    def opened_by(self, principal: str, key: str) -> OpenedBefore | None:
        """The session that this request opened before, or None."""
        with reading(self._engine) as session:
            row = session.get(IdempotencyRow, (principal, key))
            return None if row is None else OpenedBefore(row.body["session_id"], row.request_digest)


def _stored(row: SessionRow) -> StoredSession:
    return StoredSession(row.session_id, row.lane_id, row.opened_at, row.outcome)
