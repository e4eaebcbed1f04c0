"""`kiosk init` and `kiosk doctor`: setting a kiosk up, and looking whether it is fit to serve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from kiosk_api.provisioning.initialise import Initialised

_data_option = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The kiosk's data directory.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command()
@_data_option
@click.option("--site", help="Site profile: name of a shipped one, or a .toml file.")
@click.option(
    "--keys",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the key files, best on a device of its own [DATA/keys].",
)
@click.option("--lane", "lanes", multiple=True, help="A lane of this kiosk [lane-1]; repeatable.")
@click.option(
    "--authority-key",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The record authority's Ed25519 public key, PEM.",
)
@click.option(
    "--supervisor", default="supervisor", show_default=True, help="Name of the first account."
)
@_json_option
def init(
    data: Path,
    site: str | None,
    keys: Path | None,
    lanes: tuple[str, ...],
    authority_key: Path | None,
    supervisor: str,
    as_json: bool,
) -> None:
    """Make what a kiosk needs; what is there already is kept.

    New tokens and the first password are shown this once.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from kiosk_api.access.accounts import AccountError
    from kiosk_api.bootstrap import STORE_ERRORS
    from kiosk_api.clock import SystemClock
    from kiosk_api.config import UnsafeSettingsError
    from kiosk_api.provisioning.initialise import InitError, Wanted, initialise

    wanted = Wanted(site, keys, lanes, authority_key, supervisor)
    try:
        done = initialise(data, wanted, SystemClock().now())
    except (InitError, AccountError, UnsafeSettingsError, *STORE_ERRORS) as error:
        raise click.ClickException(str(error)) from error
    except SQLAlchemyError as error:
        raise click.ClickException(
            f"the database in {data} cannot be used: {type(error).__name__}"
        ) from error
    if as_json:
        click.echo(json.dumps(_as_json(done)))
        return
    for line in _lines(done):
        click.echo(line)


@click.command()
@_data_option
@_json_option
@click.pass_context
def doctor(context: click.Context, data: Path, as_json: bool) -> None:
    """Say whether the kiosk is fit to serve; changes nothing, exit code 1 when something fails."""
    from kiosk_api.provisioning.doctor import examine
    from kiosk_api.provisioning.findings import Status

    findings = list(examine(data))
    failed = any(finding.status is Status.FAIL for finding in findings)
    if as_json:
        rows = [
            {
                "check": finding.check,
                "status": finding.status.value,
                "detail": finding.detail,
                "remedy": finding.remedy,
            }
            for finding in findings
        ]
        click.echo(json.dumps({"fit": not failed, "checks": rows}))
    else:
        for finding in findings:
            remedy = f"; {finding.remedy}" if finding.remedy else ""
            click.echo(f"{finding.status:<4}  {finding.check:<13} {finding.detail}{remedy}")
    context.exit(1 if failed else 0)


def _as_json(done: Initialised) -> dict[str, object]:
    return {
        "data": str(done.data.root),
        "keys": str(done.data.keys),
        "site": done.file.site,
        "lanes": list(done.file.lanes),
        "authority_key": done.file.authority_key,
        "made": done.made,
        "kept": done.kept,
        "tokens": done.tokens,
        "supervisor": {"name": done.supervisor, "password": done.password},
    }


def _lines(done: Initialised) -> list[str]:
    lines = [f"made  {what}" for what in done.made] + [f"kept  {what}" for what in done.kept]
    if not done.made:
        return [*lines, "", "Nothing was changed."]
    if done.tokens or done.password:
        lines += ["", "Shown this once; give each to where it belongs and keep no copy:"]
        lines += [f"  device token of {lane}: {token}" for lane, token in done.tokens.items()]
    if done.password:
        lines.append(f"  password of {done.supervisor}: {done.password}")
    data, keys = done.data.root, done.data.keys
    lines += [
        "",
        "Keep safe:",
        f"  {keys}: a sealed copy, apart from all else; without it the data cannot be read",
        f"  {done.data.journal / 'HEAD'}: noted elsewhere, it proves that nothing was put back",
        "",
        "Next:",
    ]
    if done.file.authority_key is None:
        lines.append(f"  {done.data.configuration}: authority_key, when the authority gives it")
    return [
        *lines,
        f"  kiosk records import people.jsonl --data {data}",
        f"  kiosk doctor --data {data}",
        f"  kiosk serve --data {data}",
    ]
