"""`kiosk bench decisions` and `kiosk drill`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kiosk_api.config import DataDir

_data = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=None,
    help="Keep the data here (a new directory) instead of throwing it away.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command("decisions")
@click.option("--sessions", default=200, show_default=True, type=click.IntRange(1, 100_000))
@_data
@_json
def decisions(sessions: int, data: Path | None, as_json: bool) -> None:
    """Travelers through one lane over HTTP: face pipeline, journal and all."""
    from simulators.drills.bench import bench_decisions

    async def work(directory: DataDir) -> dict[str, Any]:
        return (await bench_decisions(directory, sessions)).summary()

    figures = _run(work, data)
    _print(figures, as_json)
    if figures["over_budget"] or figures["admitted_wrongly"]:
        raise SystemExit(1)


@click.group()
def drill() -> None:
    """Break a real service on purpose, and see that nothing told is lost and nothing is late."""


@drill.command("kill")
@click.option("--kills", default=30, show_default=True, type=click.IntRange(1, 1000))
@click.option("--seed", default=0, show_default=True, help="Of the moments of the kills.")
@_data
@_json
def kill(kills: int, seed: int, data: Path | None, as_json: bool) -> None:
    """SIGKILL at random moments under load, restart, compare with what was told."""
    from simulators.drills.kill import drill_kill

    async def work(directory: DataDir) -> dict[str, Any]:
        return (await drill_kill(directory, kills, seed)).summary()

    figures = _run(work, data)
    _print(figures, as_json)
    if figures["lost"] or figures["duplicated"] or not figures["chain_valid"]:
        raise SystemExit(1)


@drill.command("hang")
@_data
@_json
def hang(data: Path | None, as_json: bool) -> None:
    """Matcher, disk and devices hang in turn."""
    from simulators.drills.hang import drill_hang

    async def work(directory: DataDir) -> dict[str, Any]:
        return (await drill_hang(directory)).summary()

    figures = _run(work, data)
    _print(figures, as_json)
    if figures["over_budget"] or figures["admitted_wrongly"] or not figures["recovered"]:
        raise SystemExit(1)


def _run(work: Callable[[DataDir], Awaitable[dict[str, Any]]], data: Path | None) -> dict[str, Any]:
    from simulators.scenarios.service import ServiceError, data_directory

    async def played(directory: DataDir) -> dict[str, Any]:
        return await work(directory)

    try:
        with data_directory(data) as directory:
            return asyncio.run(played(directory))
    except ServiceError as error:
        raise click.ClickException(str(error)) from error


def _print(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(figures))
        return
    for name, value in figures.items():
        if isinstance(value, dict):
            click.echo(f"{name}:")
            for part, facts in value.items():
                click.echo(f"  {part}: {json.dumps(facts)}")
        else:
            click.echo(
                f"{name:<20}{value:.1f}" if isinstance(value, float) else f"{name:<20}{value}"
            )
