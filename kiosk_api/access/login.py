"""Signing in: a name and a password become a cookie, or one of four refusals."""

from __future__ import annotations

import asyncio
import logging
from enum import StrEnum

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from kiosk_api.access.accounts import check_password
from kiosk_api.access.browsers import BrowserBook
from kiosk_api.access.throttle import LoginThrottle
from kiosk_api.clock import Clock
from kiosk_api.sealing import Keyring

_LOG = logging.getLogger(__name__)
_WAITING = 8
_NAME_LENGTH = 64


class LoginRefusal(StrEnum):
    """Why somebody was not signed in."""

    WRONG = "wrong"  # unknown name, wrong password, disabled: nobody is told which
    TOO_MANY = "too_many"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"  # the database does not answer


class Login:
    """Checks passwords, one at a time: a hash takes a core, which travelers need, too."""

    def __init__(
        self, engine: Engine, keyring: Keyring, browsers: BrowserBook, clock: Clock
    ) -> None:
        self._engine = engine
        self._keyring = keyring
        self._browsers = browsers
        self._throttle = LoginThrottle(clock.monotonic)
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    async def sign_in(self, name: str, password: str, address: str) -> str | LoginRefusal:
        """Check a password and sign the browser in; returns its cookie."""
        name = name.strip().lower()[:_NAME_LENGTH]
        if self._waiting >= _WAITING:
            return LoginRefusal.BUSY
        self._waiting += 1
        try:
            async with self._turn:
                if self._throttle.wait(name, address) > 0:
                    return LoginRefusal.TOO_MANY
                account = await asyncio.to_thread(
                    check_password, self._engine, self._keyring, name, password
                )
                if account is None:
                    self._throttle.failed(name, address)
                    _LOG.warning("a sign-in failed")
                    return LoginRefusal.WRONG
                self._throttle.succeeded(name, address)
                return await asyncio.to_thread(self._browsers.begin, account)
        except SQLAlchemyError as error:
            _LOG.warning("a sign-in was not possible: %s", type(error).__name__)
            return LoginRefusal.UNAVAILABLE
        finally:
            self._waiting -= 1
