"""Accounts, signed-in browsers, and how often a sign-in may fail."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
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
from kiosk_api.access.browsers import EXPIRY, BrowserBook, form_token, is_form_token
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

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PASSWORD = "a long enough passphrase"


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
    return create_account(engine, "anna", AccountRole.OFFICER, PASSWORD, NOW)


def stored_hash(engine: Engine) -> str:
    with reading(engine) as session:
        return session.scalars(select(AccountRow.password_hash)).one()


# --- accounts ------------------------------------------------------------------------------


def test_the_right_password_and_no_other(engine: Engine, officer: Account) -> None:
    assert check_password(engine, "anna", PASSWORD) == officer
    for wrong in ("", PASSWORD + " ", PASSWORD.upper(), "x" * (MAXIMUM_PASSWORD + 1)):
        assert check_password(engine, "anna", wrong) is None
    assert check_password(engine, "berta", PASSWORD) is None


def test_a_password_is_kept_as_argon2id_and_nowhere_else(engine: Engine, officer: Account) -> None:
    assert stored_hash(engine).startswith("$argon2id$")
    assert PASSWORD not in stored_hash(engine) + repr(officer)


def test_the_same_letters_from_another_keyboard_are_the_same(engine: Engine) -> None:
    composed, decomposed = (
        "pass\u00e9 compos\u00e9 \u00e9l\u00e9phant",
        "passe\u0301 compose\u0301 e\u0301le\u0301phant",
    )
    create_account(engine, "anna", AccountRole.OFFICER, composed, NOW)
    assert check_password(engine, "anna", decomposed) is not None


@pytest.mark.parametrize("length", [0, 14, MAXIMUM_PASSWORD + 1])
def test_a_password_of_the_wrong_length_is_refused(engine: Engine, length: int) -> None:
    with pytest.raises(AccountError, match="characters"):
        create_account(engine, "anna", AccountRole.OFFICER, "x" * length, NOW)
    assert list_accounts(engine) == []


@pytest.mark.parametrize("name", ["", "a", "Anna", "-anna", "an na", "anna\n", "a" * 33, "ánna"])
def test_a_name_that_is_none_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(AccountError, match="account names"):
        create_account(engine, name, AccountRole.OFFICER, PASSWORD, NOW)


def test_a_name_belongs_to_one(engine: Engine, officer: Account) -> None:
    with pytest.raises(AccountError, match="already"):
        create_account(engine, officer.name, AccountRole.SUPERVISOR, PASSWORD, NOW)


def test_a_screen_has_a_lane_and_nobody_else(engine: Engine) -> None:
    with pytest.raises(AccountError, match="needs a lane"):
        create_account(engine, "screen", AccountRole.SCREEN, PASSWORD, NOW)
    with pytest.raises(AccountError, match="only a screen"):
        create_account(engine, "anna", AccountRole.OFFICER, PASSWORD, NOW, lane_id="lane-1")
    screen = create_account(engine, "s1", AccountRole.SCREEN, PASSWORD, NOW, lane_id="lane-1")
    assert screen.may_show("lane-1")
    assert not screen.may_show("lane-2")
    assert not screen.may_review


def test_who_may_do_what(engine: Engine, officer: Account) -> None:
    supervisor = create_account(engine, "carla", AccountRole.SUPERVISOR, PASSWORD, NOW)
    assert (officer.may_review, officer.may_show("lane-1")) == (True, False)
    assert (supervisor.may_review, supervisor.may_show("lane-1")) == (True, True)


# --- browsers ------------------------------------------------------------------------------


def test_a_browser_outlives_the_process_and_its_cookie_is_not_kept(
    engine: Engine, officer: Account, clock: HandClock
) -> None:
    cookie = BrowserBook(engine, clock).begin(officer)
    assert len(cookie) >= 43  # 256 bits
    book = BrowserBook(engine, clock)
    assert book.find(cookie) is None
    book.refresh()
    found = book.find(cookie)
    assert found is not None
    assert found.account == officer
    with reading(engine) as session:
        assert cookie.encode() not in session.scalars(select(BrowserSessionRow.token_digest)).one()


def test_idleness_and_age_end_a_browser(engine: Engine, officer: Account, clock: HandClock) -> None:
    book, expiry = BrowserBook(engine, clock), EXPIRY[AccountRole.OFFICER]
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
    book = BrowserBook(engine, clock)
    cookie = book.begin(officer)
    clock.passed = EXPIRY[AccountRole.OFFICER].idle - timedelta(minutes=1)
    found = book.find(cookie)
    assert found is not None
    book.touch(found)
    book.refresh()
    clock.passed += timedelta(minutes=5)
    again = BrowserBook(engine, clock)
    again.refresh()
    assert again.find(cookie) is not None


@pytest.mark.parametrize("how", ["disable", "password", "end"])
def test_a_browser_that_is_signed_out_is_out(
    engine: Engine, officer: Account, clock: HandClock, how: str
) -> None:
    book = BrowserBook(engine, clock)
    cookie = book.begin(officer)
    found = book.find(cookie)
    assert found is not None
    if how == "disable":
        disable_account(engine, officer.name, NOW)
    elif how == "password":
        set_password(engine, officer.name, "another long passphrase")
    else:
        book.end(found)
        assert not book.is_signed_in(found)
    book.refresh()
    assert book.find(cookie) is None
    assert not book.is_signed_in(found)
    again = BrowserBook(engine, clock)
    again.refresh()
    assert again.find(cookie) is None


def test_an_account_that_makes_no_sense_is_not_let_in(
    engine: Engine, officer: Account, clock: HandClock
) -> None:
    cookie = BrowserBook(engine, clock).begin(officer)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
        connection.exec_driver_sql("UPDATE accounts SET role = 'emperor'")
    book = BrowserBook(engine, clock)
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
    book = BrowserBook(engine, clock)
    login = Login(engine, book, clock)
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
    login = Login(engine, BrowserBook(engine, clock), clock)
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
