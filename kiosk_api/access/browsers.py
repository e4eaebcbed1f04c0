"""Browsers that are signed in: a random cookie each, kept as a digest, with two expiries.

The stored id of a browser is the digest of its cookie and a seal: an HMAC, under the index key,
over that digest, the account with its name, role and lane, and the time of signing in. So a row
that was written or changed without the keys signs nobody in.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy import Engine, delete, select, update

from kiosk_api.access.accounts import Account, AccountRole, account_of
from kiosk_api.clock import Clock
from kiosk_api.persistence.engine import reading, writing
from kiosk_api.persistence.models import AccountRow, BrowserSessionRow
from kiosk_api.sealing import Keyring

_LOG = logging.getLogger(__name__)
_SECRET_BYTES = 32
_DIGEST_BYTES = 32
_SEEN_STEP = timedelta(minutes=1)  # how exactly the database knows when a browser was seen


@dataclass(frozen=True, slots=True)
class Expiry:
    """How long a browser stays signed in: without being used, and at all."""

    idle: timedelta
    absolute: timedelta


EXPIRY = {
    AccountRole.SUPERVISOR: Expiry(timedelta(minutes=30), timedelta(hours=12)),
    AccountRole.OFFICER: Expiry(timedelta(minutes=30), timedelta(hours=12)),
    # A screen is used by its open page; it must come back by itself after a weekend without power.
    AccountRole.SCREEN: Expiry(timedelta(days=14), timedelta(days=180)),
}


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that is signed in."""

    digest: bytes = field(repr=False)  # of the cookie
    seal: bytes = field(repr=False)
    account: Account
    created_at: datetime
    seen_at: datetime

    @property
    def row_id(self) -> bytes:
        """Under which the database has it."""
        return self.digest + self.seal

    def is_valid(self, now: datetime) -> bool:
        """Whether neither expiry has passed."""
        expiry = EXPIRY[self.account.role]
        return now - self.seen_at < expiry.idle and now - self.created_at < expiry.absolute


class BrowserBook:
    """The browsers that are signed in, in memory: a page must not wait for a disk.

    `begin`, `end` and `refresh` block on the database: call them in a thread.
    """

    def __init__(self, engine: Engine, keyring: Keyring, clock: Clock) -> None:
        self._engine = engine
        self._keyring = keyring
        self._clock = clock
        self._changing = threading.Lock()  # held over a change of both, database and book
        self._book: dict[bytes, Browser] = {}
        self._seen: dict[bytes, datetime] = {}  # since the last refresh

    def refresh(self) -> None:
        """Read anew who is signed in, and write down who was seen; ends what has expired.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database does not answer.
        """
        with self._changing:
            now, seen_at = self._clock.now(), dict(self._seen)
            book: dict[bytes, Browser] = {}
            seen: list[Browser] = []
            expired: list[bytes] = []
            for stored in self._stored():
                browser = replace(
                    stored, seen_at=max(stored.seen_at, seen_at.get(stored.digest, stored.seen_at))
                )
                if not browser.is_valid(now):
                    expired.append(browser.row_id)
                    continue
                book[browser.digest] = browser
                if browser.seen_at - stored.seen_at >= _SEEN_STEP:
                    seen.append(browser)
            self._book = book
            for digest in seen_at.keys() - book.keys():
                self._seen.pop(digest, None)
            if seen or expired:
                self._write(seen, expired)

    def begin(self, account: Account) -> str:
        """Sign a browser in; returns its cookie, 256 random bits, which is not kept.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database does not take it.
        """
        token, now = secrets.token_urlsafe(_SECRET_BYTES), self._clock.now()
        digest = _digest(token)
        browser = Browser(digest, _seal(self._keyring, digest, account, now), account, now, now)
        with self._changing:
            with writing(self._engine) as session:
                session.add(
                    BrowserSessionRow(
                        token_digest=browser.row_id,
                        account_id=account.account_id,
                        created_at=now,
                        seen_at=now,
                    )
                )
            self._book = {**self._book, browser.digest: browser}
        return token

    def end(self, browser: Browser) -> None:
        """Sign a browser out; from now on its cookie means nothing.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: the database did not take it; the next `refresh` finds
                the browser signed in again.
        """
        with self._changing:
            self._book = {d: b for d, b in self._book.items() if d != browser.digest}
            self._write([], [browser.row_id])

    def find(self, token: str) -> Browser | None:
        """The browser with this cookie, or None. Found by its digest: no text is compared."""
        return self._valid(_digest(token))

    def is_signed_in(self, browser: Browser) -> bool:
        """Whether a browser that was found before still is signed in."""
        return self._valid(browser.digest) is not None

    def touch(self, browser: Browser) -> None:
        """Note that a browser is used, so that it does not expire for idleness."""
        self._seen[browser.digest] = self._clock.now()

    def _valid(self, digest: bytes) -> Browser | None:
        browser = self._book.get(digest)
        if browser is None:
            return None
        browser = replace(
            browser, seen_at=max(browser.seen_at, self._seen.get(digest, browser.seen_at))
        )
        return browser if browser.is_valid(self._clock.now()) else None

    def _stored(self) -> list[Browser]:
        query = select(BrowserSessionRow, AccountRow).join(
            AccountRow, AccountRow.account_id == BrowserSessionRow.account_id
        )
        found = []
        with reading(self._engine) as session:
            for row, account in session.execute(query.where(AccountRow.disabled_at.is_(None))):
                try:
                    who = account_of(account)
                except ValueError:
                    # Of another version, or changed by hand: nobody is let in on a guess.
                    _LOG.warning("the account %s makes no sense", account.account_id)
                    continue
                digest, seal = row.token_digest[:_DIGEST_BYTES], row.token_digest[_DIGEST_BYTES:]
                expected = _seal(self._keyring, digest, who, row.created_at)
                if not hmac.compare_digest(seal, expected):
                    _LOG.warning("a browser of the account %s is not sealed", who.account_id)
                    continue
                found.append(Browser(digest, seal, who, row.created_at, row.seen_at))
        return found

    def _write(self, seen: list[Browser], ended: list[bytes]) -> None:
        with writing(self._engine) as session:
            for browser in seen:
                session.execute(
                    update(BrowserSessionRow)
                    .where(BrowserSessionRow.token_digest == browser.row_id)
                    .values(seen_at=browser.seen_at)
                )
            if ended:
                session.execute(
                    delete(BrowserSessionRow).where(BrowserSessionRow.token_digest.in_(ended))
                )


def form_token(cookie: str) -> str:
    """The token that forms of this cookie's browser carry against request forgery (CSRF).

    Who cannot read the cookie cannot make it, and the page that has it shows it to nobody else.
    """
    return hmac.new(cookie.encode(errors="surrogatepass"), b"form", sha256).hexdigest()


def is_form_token(cookie: str, token: str) -> bool:
    """Whether a form's token belongs to the cookie, in constant time."""
    return hmac.compare_digest(form_token(cookie).encode(), token.encode(errors="surrogatepass"))


def _digest(token: str) -> bytes:
    # 256 random bits cannot be guessed, so a fast hash is enough.
    return sha256(token.encode(errors="surrogatepass")).digest()


def _seal(keyring: Keyring, digest: bytes, account: Account, created_at: datetime) -> bytes:
    return keyring.blind_list(
        "browser",
        [
            digest.hex(),
            account.account_id,
            account.name,
            account.role,
            account.lane_id,
            created_at.astimezone(UTC).isoformat(),
        ],
    )
