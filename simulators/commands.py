"""`kiosk demo` runs the scenario book; `kiosk run` leaves a kiosk running to look at."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from simulators.scenarios.runner import Row
    from simulators.scenarios.schema import Scenario


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
    times = sorted(row.answer_ms for row in rows if row.answer_ms is not None)
    return {
        "scenarios": len(rows),
        "as_expected": sum(row.as_expected for row in rows),
        "over_budget": sum(row.over_budget for row in rows),
        "p50_ms": _percentile(times, 0.50),
        "p99_ms": _percentile(times, 0.99),
        "max_ms": times[-1] if times else 0.0,
        "rows": [asdict(row) | {"as_expected": row.as_expected} for row in rows],
    }


def _percentile(ordered: list[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that `share` of all do not exceed."""
    if not ordered:
        return 0.0
    rank = max(1, -(-int(share * 1000) * len(ordered) // 1000))
    return ordered[rank - 1]


async def _play(
    book: tuple[Scenario, ...], chosen: tuple[Scenario, ...], directory: Any, *, quiet: bool
) -> list[Row]:
    from kiosk_api.sites import load_site
    from simulators.scenarios.papers import population_lines
    from simulators.scenarios.runner import ScenarioRunner
    from simulators.scenarios.service import ServiceProcess, free_port, make_tokens, seed

    def say(text: str) -> None:
        if not quiet:
            click.echo(text)

    say("rendering and enrolling the population (the first time takes a minute) …")
    enrolled = await asyncio.to_thread(
        lambda: seed(directory, population_lines(book, datetime.now(UTC)))
    )
    say(f"{enrolled} travelers enrolled; starting the service …")
    budget = load_site("global_entry_airport").policy.times.budget
    service = ServiceProcess(directory, free_port())
    tokens = make_tokens(directory)
    rows = []
    try:
        await service.start()
        await service.wait_ready(60.0, workers=3)
        async with ScenarioRunner(service, tokens, budget.total_seconds() * 1000) as runner:
            say(_HEAD)
            for scenario in chosen:
                row = await runner.run(scenario)
                rows.append(row)
                say(_line(row))
    finally:
        await service.stop()
    return rows


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
    if row.reasons != row.expected_reasons:
        line += f"\n    expected reasons: {', '.join(row.expected_reasons) or '-'}"
    return line
