"""One key for each session's payload and pictures; destroying it forgets the traveler."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Protocol

from sqlalchemy import Engine, select

from kiosk_api.clock import Clock
from kiosk_api.persistence.engine import reading, writing
from kiosk_api.persistence.models import SessionKeyRow
from kiosk_api.sealing import KEY_BYTES, Keyring, Sealer


class SessionKeyError(Exception):
    """A session's key cannot be made; the message names no traveler."""


class SessionKeys(Protocol):
    """The keys of sessions, each wrapped by the key-encryption key."""

    def create(self, session_id: str) -> Sealer:
        """Make the session's key, durable on return.

        Raises:
            SessionKeyError: the session had a key already.
        """
        ...

    def open(self, session_id: str) -> Sealer | None:
        """The session's key; None when it has none, or none any more."""
        ...

    def destroy(self, session_id: str) -> bool:
        """Forget the session's key for good; whether there was one."""
        ...


class DatabaseSessionKeys:
    """Session keys in the kiosk's database.

    The file is opened with `secure_delete`, so that a destroyed key does not stay in free pages.
    """

    def __init__(self, engine: Engine, keyring: Keyring, clock: Clock) -> None:
        self._engine = engine
        self._sealer = keyring.sealer
        self._clock = clock

    def create(self, session_id: str) -> Sealer:
        """See `SessionKeys`; `sqlalchemy.exc.OperationalError` when the database is busy."""
        row, sealer = new_session_key(self._sealer, session_id, self._clock.now())
        with writing(self._engine) as session:
            if session.get(SessionKeyRow, session_id) is not None:
                raise SessionKeyError("the session had a key already")
            session.add(row)
        return sealer

    def open(self, session_id: str) -> Sealer | None:
        """See `SessionKeys`; `SealBrokenError` when the key-encryption key is another."""
        with reading(self._engine) as session:
            row = session.get(SessionKeyRow, session_id)
            if row is None or row.destroyed_at is not None:
                return None
            return Sealer(self._sealer.open(row.wrapped_key, _place(session_id)))

    def destroy(self, session_id: str) -> bool:
        """See `SessionKeys`."""
        with writing(self._engine) as session:
            row = session.get(SessionKeyRow, session_id)
            if row is None or row.destroyed_at is not None:
                return False
            row.wrapped_key = b""
            row.destroyed_at = self._clock.now()
            return True

    def created_before(self, moment: datetime) -> list[str]:
        """Sessions whose key is older than `moment` and not destroyed, oldest first."""
        query = (
            select(SessionKeyRow.session_id)
            .where(SessionKeyRow.destroyed_at.is_(None), SessionKeyRow.created_at < moment)
            .order_by(SessionKeyRow.created_at)
        )
        with reading(self._engine) as session:
            return list(session.scalars(query))


def new_session_key(kek: Sealer, session_id: str, now: datetime) -> tuple[SessionKeyRow, Sealer]:
    """A fresh key: its row, wrapped under the key-encryption key, and what seals under it.

    For a caller who adds the row to a transaction of its own.
    """
    key = os.urandom(KEY_BYTES)
    row = SessionKeyRow(
        session_id=session_id,
        wrapped_key=kek.seal(key, _place(session_id)),
        created_at=now,
        destroyed_at=None,
    )
    return row, Sealer(key)


def _place(session_id: str) -> str:
    return f"journal/session-key/{session_id}"
