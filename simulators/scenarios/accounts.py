"""Accounts for one run of a demonstration, with passwords that nobody chose."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kiosk_api.access.accounts import AccountRole, create_account
from kiosk_api.bootstrap import open_store
from kiosk_api.config import DataDir
from simulators.scenarios.service import LANE


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account and its password."""

    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DemoAccounts:
    """One account of every role."""

    supervisor: DemoAccount
    officer: DemoAccount
    screen: DemoAccount


def make_accounts(data: DataDir) -> DemoAccounts:
    """Make an account of every role; the screen's shows the simulated lane."""
    store = open_store(data)
    try:

        def make(name: str, role: AccountRole, lane_id: str | None = None) -> DemoAccount:
            password = secrets.token_urlsafe(12)
            create_account(
                store.engine,
                store.keyring,
                name,
                role,
                password,
                datetime.now(UTC),
                lane_id=lane_id,
            )
            return DemoAccount(name, password)

        return DemoAccounts(
            supervisor=make("supervisor", AccountRole.SUPERVISOR),
            officer=make("officer", AccountRole.OFFICER),
            screen=make("screen-1", AccountRole.SCREEN, LANE),
        )
    finally:
        store.engine.dispose()
