"""`kiosk accounts`: who may sign in with a browser."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from kiosk_api.commands import data_option, open_data

_Command = TypeVar("_Command", bound=Callable[..., object])


def _password_options(command: _Command) -> _Command:
    return click.option(
        "--password-stdin",
        is_flag=True,
        help="Read the password from the first line of standard input instead of asking.",
    )(command)


@click.group()
def accounts() -> None:
    """Accounts of officers, supervisors and traveler screens."""


@accounts.command("create")
@data_option
@click.argument("name")
@click.option("--role", type=click.Choice(["supervisor", "officer", "screen"]), required=True)
@click.option("--lane", help="The lane of a screen.")
@_password_options
def create(data: Path, name: str, role: str, lane: str | None, password_stdin: bool) -> None:
    """Make an account. The password is asked for, never an argument."""
    from kiosk_api.access.accounts import AccountError, AccountRole, create_account
    from kiosk_api.clock import SystemClock

    store = open_data(data)
    try:
        create_account(
            store.engine,
            store.keyring,
            name,
            AccountRole(role),
            _password(password_stdin),
            SystemClock().now(),
            lane_id=lane,
        )
    except AccountError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"account {name} made", err=True)


@accounts.command("list")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def list_all(data: Path, as_json: bool) -> None:
    """List all accounts."""
    from kiosk_api.access.accounts import list_accounts

    rows = [
        {
            "name": account.name,
            "role": account.role.value,
            "lane": account.lane_id,
            "disabled_at": account.disabled_at.isoformat() if account.disabled_at else None,
        }
        for account in list_accounts(open_data(data).engine)
    ]
    if as_json:
        click.echo(json.dumps({"accounts": rows}))
        return
    for row in rows:
        end = f"disabled {row['disabled_at']}" if row["disabled_at"] else "valid"
        click.echo(f"{row['name']:<32}  {row['role']:<10}  {row['lane'] or '-':<10}  {end}")


@accounts.command("password")
@data_option
@click.argument("name")
@_password_options
def password(data: Path, name: str, password_stdin: bool) -> None:
    """Give an account another password; its browsers are signed out within seconds."""
    from kiosk_api.access.accounts import AccountError, set_password

    store = open_data(data)
    try:
        set_password(store.engine, store.keyring, name, _password(password_stdin))
    except AccountError as error:
        raise click.ClickException(str(error)) from error


@accounts.command("disable")
@data_option
@click.argument("name")
def disable(data: Path, name: str) -> None:
    """End an account for good; its browsers are signed out within seconds."""
    from kiosk_api.access.accounts import AccountError, disable_account
    from kiosk_api.clock import SystemClock

    try:
        disable_account(open_data(data).engine, name, SystemClock().now())
    except AccountError as error:
        raise click.ClickException(str(error)) from error


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    entered: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return entered
