"""Local accounts: who signs in with a browser, with which password, and as what.

Bearer tokens (`tokens`) are for programs; a browser's event stream carries no header, so people
and screens have accounts and a cookie (docs/decisions/0011-browser-sessions.md). A password is
bound to its account, role and lane under the index key: a hash that is put elsewhere, or was made
without the keys, lets nobody in.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Delete, Engine, delete, select
from sqlalchemy.orm import Session

from kiosk_api.config import LANE_RULE, is_lane_id
from kiosk_api.persistence.engine import reading, writing
from kiosk_api.persistence.models import AccountRow, BrowserSessionRow
from kiosk_api.sealing import Keyring

MINIMUM_PASSWORD = 15
"""Characters. NIST SP 800-63B-4 section 3.1.1.2: where a password is the only factor."""

MAXIMUM_PASSWORD = 256
NAME_RULE = "account names have 2 to 32 of a-z 0-9 . _ - and begin with a letter or digit"

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
# Argon2id with the second recommended parameters of RFC 9106 (64 MiB), the library's default.
_HASHER = PasswordHasher()


class AccountRole(StrEnum):
    """What an account may do."""

    SUPERVISOR = "supervisor"  # everything an officer and a screen may
    OFFICER = "officer"  # see and resolve referred sessions
    SCREEN = "screen"  # the traveler's screen of one lane


@dataclass(frozen=True, slots=True)
class Account:
    """An account, without its password."""

    account_id: str
    name: str
    role: AccountRole
    lane_id: str | None  # a screen's
    disabled_at: datetime | None

    def may_show(self, lane_id: str) -> bool:
        """Whether the account may show the traveler's page of a lane."""
        is_its_screen = self.role is AccountRole.SCREEN and self.lane_id == lane_id
        return is_its_screen or self.role is AccountRole.SUPERVISOR

    @property
    def may_review(self) -> bool:
        """Whether the account may see and resolve referred sessions."""
        return self.role in (AccountRole.OFFICER, AccountRole.SUPERVISOR)


_NO_ACCOUNT = Account("", "", AccountRole.OFFICER, None, None)


class AccountError(ValueError):
    """An account cannot be made or changed so; the message says why in one line."""


def create_account(
    engine: Engine,
    keyring: Keyring,
    name: str,
    role: AccountRole,
    password: str,
    now: datetime,
    *,
    lane_id: str | None = None,
) -> Account:
    """Make an account.

    Raises:
        AccountError: the name is taken or no name, the password is too short or too long, or a
            screen has no lane.
    """
    if _NAME.fullmatch(name) is None:
        raise AccountError(NAME_RULE)
    if role is AccountRole.SCREEN and (lane_id is None or not is_lane_id(lane_id)):
        raise AccountError(f"a screen needs a lane; {LANE_RULE}")
    if role is not AccountRole.SCREEN and lane_id is not None:
        raise AccountError("only a screen has a lane")
    account = Account(secrets.token_hex(8), name, role, lane_id, None)
    row = AccountRow(
        account_id=account.account_id,
        name=name,
        role=role.value,
        lane_id=lane_id,
        password_hash=_hash(keyring, account, password),
        created_at=now,
        disabled_at=None,
    )
    with writing(engine) as session:
        if session.scalar(select(AccountRow.account_id).where(AccountRow.name == name)):
            raise AccountError(f"there is an account {name} already")
        session.add(row)
    return account


def set_password(engine: Engine, keyring: Keyring, name: str, password: str) -> None:
    """Give an account another password; all its browsers are signed out.

    Raises:
        AccountError: there is no such account, it is disabled, or the password is too short or
            too long.
        ValueError: the account's role is none of this release.
    """
    _check_length(password)
    with reading(engine) as session:
        account = account_of(_row_of(session, name))
    password_hash = _hash(keyring, account, password)
    with writing(engine) as session:
        row = _row_of(session, name)
        if row.disabled_at is not None:
            raise AccountError("the account is disabled")
        row.password_hash = password_hash
        session.execute(_sessions_of(row))


def disable_account(engine: Engine, name: str, now: datetime) -> None:
    """End an account for good; what it did stays on record under its name.

    Raises:
        AccountError: there is no such account.
    """
    with writing(engine) as session:
        row = _row_of(session, name)
        row.disabled_at = row.disabled_at or now
        row.password_hash = ""  # verifies with nothing: clearing `disabled_at` brings nobody back
        session.execute(_sessions_of(row))


def list_accounts(engine: Engine) -> list[Account]:
    """All accounts ever made, by name."""
    with reading(engine) as session:
        return [account_of(row) for row in session.scalars(select(AccountRow).order_by("name"))]


def check_password(engine: Engine, keyring: Keyring, name: str, password: str) -> Account | None:
    """The account, if it may sign in with this password; takes as long for unknown names.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database does not answer.
    """
    nobody = _nobody()
    with reading(engine) as session:
        row = session.scalar(select(AccountRow).where(AccountRow.name == name))
        account = None if row is None or row.disabled_at is not None else account_of(row)
        password_hash = "" if row is None or account is None else row.password_hash
    # A longer one cannot be right; hashing it would only cost time.
    fits = len(password) <= MAXIMUM_PASSWORD
    peppered = _peppered(keyring, account or _NO_ACCOUNT, password if fits else "")
    try:
        _HASHER.verify(password_hash or nobody, peppered)
    except (VerificationError, InvalidHashError):
        return None
    return account if fits else None


def account_of(row: AccountRow) -> Account:
    """The account of a row.

    Raises:
        ValueError: the row's role is none of this release.
    """
    return Account(row.account_id, row.name, AccountRole(row.role), row.lane_id, row.disabled_at)


def _sessions_of(row: AccountRow) -> Delete:
    return delete(BrowserSessionRow).where(BrowserSessionRow.account_id == row.account_id)


@cache
def _nobody() -> str:
    """Verified in place of a hash that is not there, so that an unknown name takes as long."""
    return _HASHER.hash(secrets.token_urlsafe())


def _row_of(session: Session, name: str) -> AccountRow:
    row = session.scalar(select(AccountRow).where(AccountRow.name == name))
    if row is None:
        raise AccountError("there is no account with this name")
    return row


def _hash(keyring: Keyring, account: Account, password: str) -> str:
    _check_length(password)
    return _HASHER.hash(_peppered(keyring, account, password))


def _check_length(password: str) -> None:
    if len(password) < MINIMUM_PASSWORD:
        raise AccountError(f"a password has at least {MINIMUM_PASSWORD} characters")
    if len(password) > MAXIMUM_PASSWORD:
        raise AccountError(f"a password has at most {MAXIMUM_PASSWORD} characters")


def _peppered(keyring: Keyring, account: Account, password: str) -> bytes:
    """What is hashed: the password and whom it signs in as what, under the index key."""
    return keyring.blind_list(
        "password", [account.name, account.role, account.lane_id, _normal(password)]
    )


def _normal(password: str) -> str:
    # The same letters typed on another keyboard (NIST SP 800-63B-4 section 3.1.1.2).
    return unicodedata.normalize("NFKC", password)
