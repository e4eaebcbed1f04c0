"""Accounts, signed-in browsers, and how often a sign-in may fail."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, select

from kiosk_api.access.accounts import (
    MAXIMUM_PASSWORD,
    Account,
    AccountError,
    AccountRole,
    check_password,
    create_account,
    disable_account,
    list_accounts,
    set_password,
)
from kiosk_api.access.browsers import EXPIRY, Browser, BrowserBook, _seal, form_token, is_form_token
from kiosk_api.access.login import Login, LoginRefusal
from kiosk_api.access.throttle import (
    ACCOUNT_LIMIT,
    ADDRESS_LIMIT,
    PAIR_LIMIT,
    WINDOW_SECONDS,
    LoginThrottle,
)
from kiosk_api.account_commands import accounts
from kiosk_api.persistence.engine import open_database, reading
from kiosk_api.persistence.migrations import upgrade
from kiosk_api.persistence.models import AccountRow, BrowserSessionRow
from kiosk_api.sealing import Keyring

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PASSWORD = "a long enough passphrase"
KEYS = Keyring(bytes(32), bytes(32), Ed25519PrivateKey.generate())


class HandClock:
    """Goes only when it is told to."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def now(self) -> datetime:
        return NOW + self.passed

    def monotonic(self) -> float:
        return self.passed.total_seconds()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(tmp_path / "kiosk.db")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def officer(engine: Engine) -> Account:
    return create_account(engine, KEYS, "anna", AccountRole.OFFICER, PASSWORD, NOW)


def stored_hash(engine: Engine) -> str:
    with reading(engine) as session:
        return session.scalars(select(AccountRow.password_hash)).one()


# --- accounts ------------------------------------------------------------------------------


def test_the_right_password_and_no_other(engine: Engine, officer: Account) -> None:
    assert check_password(engine, KEYS, "anna", PASSWORD) == officer
    for wrong in ("", PASSWORD + " ", PASSWORD.upper(), "x" * (MAXIMUM_PASSWORD + 1)):
        assert check_password(engine, KEYS, "anna", wrong) is None
    assert check_password(engine, KEYS, "berta", PASSWORD) is None


def test_a_password_is_kept_as_argon2id_and_nowhere_else(engine: Engine, officer: Account) -> None:
    assert stored_hash(engine).startswith("$argon2id$")
    assert PASSWORD not in stored_hash(engine) + repr(officer)


def test_the_same_letters_from_another_keyboard_are_the_same(engine: Engine) -> None:
    composed, decomposed = (
        "pass\u00e9 compos\u00e9 \u00e9l\u00e9phant",
        "passe\u0301 compose\u0301 e\u0301le\u0301phant",
    )
    create_account(engine, KEYS, "anna", AccountRole.OFFICER, composed, NOW)
    assert check_password(engine, KEYS, "anna", decomposed) is not None


@pytest.mark.parametrize("length", [0, 14, MAXIMUM_PASSWORD + 1])
def test_a_password_of_the_wrong_length_is_refused(engine: Engine, length: int) -> None:
    with pytest.raises(AccountError, match="characters"):
        create_account(engine, KEYS, "anna", AccountRole.OFFICER, "x" * length, NOW)
    assert list_accounts(engine) == []


@pytest.mark.parametrize("name", ["", "a", "Anna", "-anna", "an na", "anna\n", "a" * 33, "ánna"])
def test_a_name_that_is_none_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(AccountError, match="account names"):
        create_account(engine, KEYS, name, AccountRole.OFFICER, PASSWORD, NOW)


def test_a_name_belongs_to_one(engine: Engine, officer: Account) -> None:
    with pytest.raises(AccountError, match="already"):
        create_account(engine, KEYS, officer.name, AccountRole.SUPERVISOR, PASSWORD, NOW)


def test_a_screen_has_a_lane_and_nobody_else(engine: Engine) -> None:
    with pytest.raises(AccountError, match="needs a lane"):
        create_account(engine, KEYS, "screen", AccountRole.SCREEN, PASSWORD, NOW)
    with pytest.raises(AccountError, match="only a screen"):
        create_account(engine, KEYS, "anna", AccountRole.OFFICER, PASSWORD, NOW, lane_id="lane-1")
    screen = create_account(engine, KEYS, "s1", AccountRole.SCREEN, PASSWORD, NOW, lane_id="lane-1")
    assert screen.may_show("lane-1")
    assert not screen.may_show("lane-2")
    assert not screen.may_review


def test_who_may_do_what(engine: Engine, officer: Account) -> None:
    supervisor = create_account(engine, KEYS, "carla", AccountRole.SUPERVISOR, PASSWORD, NOW)
    assert (officer.may_review, officer.may_show("lane-1")) == (True, False)
    assert (supervisor.may_review, supervisor.may_show("lane-1")) == (True, True)


# --- browsers ------------------------------------------------------------------------------


def test_a_browser_outlives_the_process_and_its_cookie_is_not_kept(
    engine: Engine, officer: Account, clock: HandClock
) -> None:
    cookie = BrowserBook(engine, KEYS, clock).begin(officer)
    assert len(cookie) >= 43  # 256 bits
    book = BrowserBook(engine, KEYS, clock)
    assert book.find(cookie) is None
    book.refresh()
    found = book.find(cookie)
    assert found is not None
    assert found.account == officer
    with reading(engine) as session:
        assert cookie.encode() not in session.scalars(select(BrowserSessionRow.token_digest)).one()


def test_idleness_and_age_end_a_browser(engine: Engine, officer: Account, clock: HandClock) -> None:
    book, expiry = BrowserBook(engine, KEYS, clock), EXPIRY[AccountRole.OFFICER]
    cookie = book.begin(officer)
    step = expiry.idle - timedelta(seconds=1)
    while clock.passed + step < expiry.absolute:
        clock.passed += step
        found = book.find(cookie)
        assert found is not None, clock.passed
        book.touch(found)
        book.refresh()
    clock.passed = expiry.absolute
    assert book.find(cookie) is None
    idle = book.begin(officer)
    clock.passed += expiry.idle
    assert book.find(idle) is None
    book.refresh()
    with reading(engine) as session:
        assert session.scalars(select(BrowserSessionRow)).all() == []


def test_use_is_remembered_over_a_restart(
    engine: Engine, officer: Account, clock: HandClock
) -> None:
    book = BrowserBook(engine, KEYS, clock)
    cookie = book.begin(officer)
    clock.passed = EXPIRY[AccountRole.OFFICER].idle - timedelta(minutes=1)
    found = book.find(cookie)
    assert found is not None
    book.touch(found)
    book.refresh()
    clock.passed += timedelta(minutes=5)
    again = BrowserBook(engine, KEYS, clock)
    again.refresh()
    assert again.find(cookie) is not None


@pytest.mark.parametrize("how", ["disable", "password", "end"])
def test_a_browser_that_is_signed_out_is_out(
    engine: Engine, officer: Account, clock: HandClock, how: str
) -> None:
    book = BrowserBook(engine, KEYS, clock)
    cookie = book.begin(officer)
    found = book.find(cookie)
    assert found is not None
    if how == "disable":
        disable_account(engine, officer.name, NOW)
    elif how == "password":
        set_password(engine, KEYS, officer.name, "another long passphrase")
    else:
        book.end(found)
        assert not book.is_signed_in(found)
    book.refresh()
    assert book.find(cookie) is None
    assert not book.is_signed_in(found)
    again = BrowserBook(engine, KEYS, clock)
    again.refresh()
    assert again.find(cookie) is None


def test_an_account_that_makes_no_sense_is_not_let_in(
    engine: Engine, officer: Account, clock: HandClock
) -> None:
    cookie = BrowserBook(engine, KEYS, clock).begin(officer)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
        connection.exec_driver_sql("UPDATE accounts SET role = 'emperor'")
    book = BrowserBook(engine, KEYS, clock)
    book.refresh()
    assert book.find(cookie) is None


def test_a_form_token_belongs_to_its_cookie() -> None:
    assert is_form_token("cookie-1", form_token("cookie-1"))
    for other in ("", "cookie-1", form_token("cookie-2"), "\ud800"):
        assert not is_form_token("cookie-1", other)


# --- signing in ----------------------------------------------------------------------------


def test_failures_are_counted_apart_and_forgotten_in_time(clock: HandClock) -> None:
    throttle = LoginThrottle(clock.monotonic)
    for _ in range(PAIR_LIMIT):
        assert throttle.wait("anna", "10.0.0.1") == 0
        throttle.failed("anna", "10.0.0.1")
    assert throttle.wait("anna", "10.0.0.1") == WINDOW_SECONDS
    assert throttle.wait("anna", "10.0.0.2") == 0  # who sits elsewhere is not locked out
    assert throttle.wait("berta", "10.0.0.1") == 0
    clock.passed = timedelta(seconds=WINDOW_SECONDS)
    assert throttle.wait("anna", "10.0.0.1") == 0


def test_trying_many_names_or_from_many_addresses_is_noticed(clock: HandClock) -> None:
    throttle = LoginThrottle(clock.monotonic)
    for number in range(ADDRESS_LIMIT):
        throttle.failed(f"name-{number}", "10.0.0.1")
    assert throttle.wait("somebody-else", "10.0.0.1") > 0
    for number in range(ACCOUNT_LIMIT):
        throttle.failed("carla", f"10.1.0.{number}")
    assert throttle.wait("carla", "10.2.0.1") > 0


def test_counts_do_not_grow_without_end(clock: HandClock) -> None:
    throttle = LoginThrottle(clock.monotonic)
    for number in range(6_000):
        throttle.failed(f"name-{number}", f"address-{number}")
    assert len(throttle._failures) <= 10_000
    assert throttle.wait("name-5999", "address-5999") == 0


async def test_signing_in(engine: Engine, officer: Account, clock: HandClock) -> None:
    book = BrowserBook(engine, KEYS, clock)
    login = Login(engine, KEYS, book, clock)
    cookie = await login.sign_in(" Anna ", PASSWORD, "10.0.0.1")
    assert not isinstance(cookie, LoginRefusal)
    found = book.find(cookie)
    assert found is not None
    assert found.account == officer
    for _ in range(PAIR_LIMIT):
        assert await login.sign_in("anna", "wrong", "10.0.0.1") is LoginRefusal.WRONG
    assert await login.sign_in("anna", PASSWORD, "10.0.0.1") is LoginRefusal.TOO_MANY
    engine.dispose()


async def test_a_crowd_does_not_queue_for_ever(
    engine: Engine, officer: Account, clock: HandClock
) -> None:
    login = Login(engine, KEYS, BrowserBook(engine, KEYS, clock), clock)
    answers = await asyncio.gather(
        *(login.sign_in("anna", PASSWORD, f"10.0.0.{n}") for n in range(12))
    )
    assert answers.count(LoginRefusal.BUSY) == 4
    assert sum(not isinstance(answer, LoginRefusal) for answer in answers) == 8


# --- the command ---------------------------------------------------------------------------


def test_the_command_takes_a_password_from_standard_input(tmp_path: Path) -> None:
    run = CliRunner().invoke
    data = f"--data={tmp_path / 'kiosk'}"
    made = run(
        accounts, ["create", "anna", data, "--role=officer", "--password-stdin"], PASSWORD + "\n"
    )
    assert made.exit_code == 0, made.output
    assert PASSWORD not in made.output
    asked = run(accounts, ["create", "berta", data, "--role=officer"], f"{PASSWORD}\n{PASSWORD}\n")
    assert asked.exit_code == 0, asked.output
    assert PASSWORD not in asked.output
    short = run(accounts, ["password", "anna", data, "--password-stdin"], "short\n")
    assert (short.exit_code, short.output) == (
        1,
        "Error: a password has at least 15 characters\n",
    )
    assert run(accounts, ["disable", "anna", data]).exit_code == 0
    assert run(accounts, ["disable", "nobody", data]).exit_code == 1
    listed = run(accounts, ["list", data])
    assert "disabled" in listed.output
    assert "berta" in listed.output


# --- who can write the database, and has no keys -------------------------------------------


def change(engine: Engine, statement: str, *values: object) -> None:
    """Change the file as any program could, without this one's code."""
    with closing(sqlite3.connect(str(engine.url.database))) as plain:
        assert plain.execute(statement, values).rowcount == 1
        plain.commit()


def find(engine: Engine, clock: HandClock, cookie: str) -> Browser | None:
    book = BrowserBook(engine, KEYS, clock)
    book.refresh()
    return book.find(cookie)


BETTER = [
    "role = 'supervisor'",
    "name = 'another'",
    "lane_id = 'lane-1'",
]


@pytest.mark.parametrize("better", BETTER)
def test_an_account_that_was_changed_signs_nobody_in(
    engine: Engine, officer: Account, clock: HandClock, better: str
) -> None:
    cookie = BrowserBook(engine, KEYS, clock).begin(officer)
    assert find(engine, clock, cookie) is not None
    assert check_password(engine, KEYS, "anna", PASSWORD) == officer
    change(engine, f"UPDATE accounts SET {better}")
    assert find(engine, clock, cookie) is None
    assert check_password(engine, KEYS, "anna", PASSWORD) is None
    assert check_password(engine, KEYS, "another", PASSWORD) is None


def test_a_hash_from_elsewhere_opens_no_account(engine: Engine, officer: Account) -> None:
    create_account(engine, KEYS, "carla", AccountRole.SUPERVISOR, "another long passphrase", NOW)
    kept = stored_hash_of(engine, "carla")
    own = stored_hash_of(engine, "anna")
    for planted in (PasswordHasher().hash(PASSWORD), own, ""):
        change(engine, "UPDATE accounts SET password_hash = ? WHERE name = 'carla'", planted)
        assert check_password(engine, KEYS, "carla", PASSWORD) is None
    change(engine, "UPDATE accounts SET password_hash = ? WHERE name = 'carla'", kept)
    assert check_password(engine, KEYS, "carla", "another long passphrase") is not None


def stored_hash_of(engine: Engine, name: str) -> str:
    with reading(engine) as session:
        query = select(AccountRow.password_hash).where(AccountRow.name == name)
        return session.scalars(query).one()


def test_an_inserted_account_signs_nobody_in(engine: Engine) -> None:
    planted = PasswordHasher().hash(PASSWORD)
    change(
        engine,
        "INSERT INTO accounts VALUES"
        " ('a', 'mallory', 'supervisor', NULL, ?, '2026-06-01 12:00:00', NULL)",
        planted,
    )
    assert check_password(engine, KEYS, "mallory", PASSWORD) is None


def test_a_disabled_account_does_not_come_back(engine: Engine, officer: Account) -> None:
    disable_account(engine, "anna", NOW)
    change(engine, "UPDATE accounts SET disabled_at = NULL")
    assert check_password(engine, KEYS, "anna", PASSWORD) is None


def test_a_disabled_account_gets_no_password(engine: Engine, officer: Account) -> None:
    disable_account(engine, "anna", NOW)
    with pytest.raises(AccountError, match="disabled"):
        set_password(engine, KEYS, "anna", PASSWORD)


def test_an_inserted_browser_is_not_signed_in(
    engine: Engine, officer: Account, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    """With a plain digest, or with a seal that other keys made; the control is a seal of ours."""
    cookie = "c" * 43
    digest = sha256(cookie.encode()).digest()
    other = Keyring(bytes(32), b"\1" * 32, KEYS.journal_key)
    for seal in (b"", bytes(32), _seal(other, digest, officer, NOW)):
        change(
            engine,
            "INSERT INTO browser_sessions VALUES (?, ?, ?, ?)",
            digest + seal,
            officer.account_id,
            *["2026-06-01 12:00:00.000000"] * 2,
        )
        assert find(engine, clock, cookie) is None
        assert officer.account_id in caplog.text
        change(engine, "DELETE FROM browser_sessions")
    change(
        engine,
        "INSERT INTO browser_sessions VALUES (?, ?, ?, ?)",
        digest + _seal(KEYS, digest, officer, NOW),
        officer.account_id,
        *["2026-06-01 12:00:00.000000"] * 2,
    )
    assert find(engine, clock, cookie) is not None


@pytest.mark.parametrize("better", ["created_at = '2026-06-01 12:00:01.000000'", "account_id = ?"])
def test_a_browser_that_was_changed_is_signed_out(
    engine: Engine, officer: Account, clock: HandClock, better: str
) -> None:
    carla = create_account(engine, KEYS, "carla", AccountRole.SUPERVISOR, PASSWORD, NOW)
    cookie = BrowserBook(engine, KEYS, clock).begin(officer)
    values = [carla.account_id] * better.count("?")
    assert find(engine, clock, cookie) is not None
    change(engine, f"UPDATE browser_sessions SET {better}", *values)
    clock.passed = timedelta(seconds=1)
    assert find(engine, clock, cookie) is None
