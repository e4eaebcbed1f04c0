"""`kiosk demo` runs the scenario book; `kiosk run` leaves a kiosk running to look at."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kiosk_api.config import DataDir
    from simulators.scenarios.runner import Row, ScenarioRunner
    from simulators.scenarios.schema import Scenario
    from simulators.scenarios.service import ServiceProcess


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=None,
    help="Keep the data here (a new directory) instead of throwing it away.",
)
@click.option("--scenario", "only", multiple=True, help="Run this scenario only; repeatable.")
def demo(as_json: bool, data: Path | None, only: tuple[str, ...]) -> None:
    """The main job, end to end: a real service, simulated devices, fictitious travelers."""
    from simulators.scenarios.schema import ScenarioError, load_book
    from simulators.scenarios.service import ServiceError, data_directory

    try:
        book = load_book()
        unknown = set(only) - {scenario.id for scenario in book}
        if unknown:
            raise click.UsageError(f"there is no scenario {sorted(unknown)[0]}")
        chosen = tuple(s for s in book if not only or s.id in only)
        with data_directory(data) as directory:
            rows = asyncio.run(_play(book, chosen, directory, quiet=as_json))
    except (ScenarioError, ServiceError) as error:
        raise click.ClickException(str(error)) from error
    summary = summarise(rows)
    if as_json:
        click.echo(json.dumps(summary))
    else:
        click.echo(
            f"demo: {summary['scenarios']} scenarios, {summary['as_expected']} as expected, "
            f"{summary['over_budget']} over budget, p50 {summary['p50_ms']:.0f} ms, "
            f"p99 {summary['p99_ms']:.0f} ms"
        )
    if summary["as_expected"] != summary["scenarios"] or summary["over_budget"]:
        raise SystemExit(1)


def summarise(rows: list[Row]) -> dict[str, Any]:
    """Figures of a run. Times are of answers to a captured face, by the lane's clock."""
    from simulators.figures import percentile

    times = sorted(row.answer_ms for row in rows if row.answer_ms is not None)
    return {
        "scenarios": len(rows),
        "as_expected": sum(row.as_expected for row in rows),
        "over_budget": sum(row.over_budget for row in rows),
        "p50_ms": percentile(times, 0.50),
        "p99_ms": percentile(times, 0.99),
        "max_ms": times[-1] if times else 0.0,
        "rows": [asdict(row) | {"as_expected": row.as_expected} for row in rows],
    }


async def _play(
    book: tuple[Scenario, ...], chosen: tuple[Scenario, ...], directory: DataDir, *, quiet: bool
) -> list[Row]:
    def say(text: str) -> None:
        if not quiet:
            click.echo(text)

    rows = []
    async with _kiosk(book, directory, say) as (_, runner):
        say(_HEAD)
        for scenario in chosen:
            row = await runner.run(scenario)
            rows.append(row)
            say(_line(row))
    return rows


@asynccontextmanager
async def _kiosk(
    book: tuple[Scenario, ...],
    directory: DataDir,
    say: Callable[[str], None],
    *,
    port: int | None = None,
    extra: tuple[str, ...] = (),
) -> AsyncIterator[tuple[ServiceProcess, ScenarioRunner]]:
    """A running service with the book's population and a simulated lane."""
    from kiosk_api.sites import load_site
    from simulators.scenarios.papers import population_lines
    from simulators.scenarios.runner import ScenarioRunner
    from simulators.scenarios.service import ServiceProcess, free_port, make_tokens, seed

    say("rendering and enrolling the population (the first time takes a minute) …")
    enrolled = await asyncio.to_thread(
        lambda: seed(directory, population_lines(book, datetime.now(UTC)))
    )
    say(f"{enrolled} travelers enrolled; starting the service …")
    budget = load_site("global_entry_airport").policy.times.budget
    service = ServiceProcess(directory, port or free_port(), extra)
    tokens = make_tokens(directory)
    try:
        await service.start()
        async with ScenarioRunner(service, tokens, budget.total_seconds() * 1000) as runner:
            yield service, runner
    finally:
        await service.stop()


@click.command()
@click.option("--port", default=8470, show_default=True, type=click.IntRange(1, 65535))
@click.option("--pause", default=5.0, show_default=True, help="Seconds between two travelers.")
def run(port: int, pause: float) -> None:
    """Leave a kiosk running: simulated travelers come by, and you may send your own."""
    from simulators.scenarios.schema import ScenarioError, load_book
    from simulators.scenarios.service import ServiceError, data_directory

    try:
        book = load_book()
        with data_directory(None) as directory:
            asyncio.run(_run(book, directory, port, pause))
    except KeyboardInterrupt:
        click.echo("stopped")
    except (ScenarioError, ServiceError) as error:
        raise click.ClickException(str(error)) from error


async def _run(book: tuple[Scenario, ...], directory: DataDir, port: int, pause: float) -> None:
    from simulators.scenarios.accounts import make_accounts
    from simulators.scenarios.service import LANE, make_tokens

    drop = directory.root / "drop"
    extra = ("--lane=lane-2", f"--drop=lane-2={drop}")
    async with _kiosk(book, directory, click.echo, port=port, extra=extra) as (service, runner):
        accounts = make_accounts(directory)
        click.echo(
            f"""
A kiosk is running with simulated devices in lane-1 and a drop folder in lane-2. Ctrl-C ends it.

  open      {service.url}/screen/{LANE}   the traveler's screen
            {service.url}/officer         referrals that wait for an officer
            {service.url}/            its state, and its API
            {service.url}/metrics     its counters
  sign in   {accounts.screen.name:<10}  {accounts.screen.password}   the screen
            {accounts.officer.name:<10}  {accounts.officer.password}   an officer
            {accounts.supervisor.name:<10}  {accounts.supervisor.password}   both
  send      export KIOSK={service.url} TOKEN={make_tokens(directory).service}
            curl -H "Authorization: Bearer $TOKEN" $KIOSK/v1/lanes
            (docs/integrators/http-api.md has a whole session)
  drop      NAME.mrz.txt and NAME.face.jpg into {drop}
            (docs/integrators/folder.md; the answer is NAME.result.json)
  records   kiosk records list --data {directory.root}
  journal   kiosk journal show --data {directory.root}
  log       {service.log}
"""
        )
        click.echo(_HEAD)
        for scenario in itertools.cycle(s for s in book if s.service_fault is None):
            click.echo(_line(await runner.run(scenario)))
            await asyncio.sleep(pause)


_HEAD = (
    f"{'':2}{'scenario':<24}{'who':<5}{'expected':<9}{'decided':<8}{'ms':>5}  stages and reasons"
)


def _line(row: Row) -> str:
    mark = "✓" if row.as_expected and not row.over_budget else "✗"
    milliseconds = f"{row.answer_ms:.0f}" if row.answer_ms is not None else "-"
    stages = " ".join(
        f"{stage} {ms:.0f}"
        for stage, ms in row.stages_ms.items()
        if stage in {"record", "face", "journal"}
    )
    reasons = ", ".join(row.reasons) or "-"
    line = (
        f"{mark} {row.scenario:<24}{row.traveler:<5}{row.expected:<9}{row.decided:<8}"
        f"{milliseconds:>5}  {stages}; {reasons}"
    )
    if not row.as_expected:
        line += f"\n    expected reasons: {', '.join(row.expected_reasons) or '-'}"
    return line
