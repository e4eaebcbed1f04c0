"""`kiosk evaluate mrz`: how many machine-readable zones are read exactly."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click


@click.command("mrz")
@click.argument("table", type=click.Path(path_type=Path), metavar="[TRUTH.csv]", required=False)
@click.option("--stress", is_flag=True, help="Measure on rendered pages instead of a table.")
@click.option(
    "--pages",
    type=click.IntRange(1, 100_000),
    default=500,
    show_default=True,
    help="With --stress: how many pages for each stress.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=1,
    show_default=True,
    help="With --stress: another seed makes other pages.",
)
@click.option(
    "--misses", is_flag=True, help="List the files that were missed and how, without any text."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def mrz(
    table: Path | None, stress: bool, pages: int, seed: int, misses: bool, as_json: bool
) -> None:
    """Read machine-readable zones in pictures and compare with what is printed.

    TRUTH.csv has the columns file (relative to the table), type, line1, line2, line3 and checks:
    ok; document-itself-fails:FIELDS where the document prints wrong digits; none for a picture
    without a zone; anything else, such as nonconforming, is counted apart.

    `documents` counts rows of the first two kinds, and exact_rate and character_error_rate are
    over them; accepted_exact_rate is over those with ok. accepted_wrong is over all rows with a
    zone: a document whose own digits are wrong may not be accepted at all. Milliseconds are of
    all rows, from the file on disk to the result, on one thread.
    """
    if stress == (table is not None):
        raise click.UsageError("give either TRUTH.csv or --stress")
    if misses and stress:
        raise click.UsageError("--misses goes with TRUTH.csv")
    if table is None:
        found = run_stress(pages, seed)
        lines = stress_lines(found)
    else:
        found = run_table(table, misses=misses)
        lines = table_lines(found)
    click.echo(json.dumps(found) if as_json else "\n".join(lines))


def run_table(table: Path, *, misses: bool) -> dict[str, Any]:
    """Return the report on a table. Progress goes to standard error.

    Raises:
        ClickException: With one line, when the table or a picture cannot be used.
    """
    from documents.mrz.evaluation.truth import TruthError, TruthRow, load_truth
    from documents.mrz.reader.reader import load_reader
    from simulators.evaluation.mrz import evaluate

    def progress(rows: Sequence[TruthRow]) -> Iterator[TruthRow]:
        with click.progressbar(rows, label="reading", file=sys.stderr) as bar:
            yield from bar

    try:
        found, missed = evaluate(load_truth(table), load_reader(), progress=progress)
    except TruthError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(
            f"{error.filename}: {error.strerror or 'cannot be read'}"
        ) from None
    return found | {"misses": missed} if misses else found


def run_stress(pages: int, seed: int) -> dict[str, Any]:
    """Return the report on a stress book. Progress goes to standard error."""
    from documents.mrz.reader.reader import load_reader
    from simulators.documents.stress_book import STRESSES, StressPage, stress_book
    from simulators.evaluation.mrz import stress

    def book(name: str) -> Iterable[StressPage]:
        made = stress_book(name, pages, seed)
        with click.progressbar(made, length=pages, label=name, file=sys.stderr) as bar:
            yield from bar

    figures = dict(stress(STRESSES, book, load_reader()))
    return {"seed": seed, "pages": pages, "stresses": figures}


def table_lines(found: dict[str, Any]) -> list[str]:
    """Return the report on a table as lines for a terminal."""
    lines = [
        f"documents            {found['documents']} of {found['rows']} rows",
        f"exact                {found['exact']}, {_share(found['exact_rate'])}",
        (
            f"accepted and exact   {found['accepted_exact']} of {found['documents_ok']} whose "
            f"digits are right, {_share(found['accepted_exact_rate'])}"
        ),
        f"accepted wrong       {found['accepted_wrong']}",
        f"negatives accepted   {found['negatives_accepted']} of {found['negatives']}",
        f"character error rate {_share(found['character_error_rate'])}",
        (
            f"milliseconds         median {found['ms_median']:.1f}, p95 {found['ms_p95']:.1f}, "
            f"longest {found['ms_max']:.1f}"
        ),
        "",
        (
            f"{'type':<10}{'rows':>6}{'documents':>11}{'exact':>7}{'accepted':>10}{'wrong':>7}"
            f"{'counted apart':>15}"
        ),
    ]
    lines += [
        f"{name:<10}{each['rows']:>6}{each['documents']:>11}{each['exact']:>7}"
        f"{each['accepted_exact']:>10}{each['accepted_wrong']:>7}"
        f"{each['nonconforming']:>9}, {each['nonconforming_exact']:>3} ex"
        for name, each in found["by_type"].items()
    ]
    if found["not_pictures"]:
        lines.append(f"files that are no picture: {found['not_pictures']}")
    if "misses" in found:
        lines += ["", *(f"{how:<15} {file}" for file, how in found["misses"].items())]
    return lines


def stress_lines(found: dict[str, Any]) -> list[str]:
    """Return the report on a stress book as lines for a terminal."""
    return [
        f"seed {found['seed']}, {found['pages']} pages for each stress",
        (
            f"{'stress':<18}{'exact':>9}{'accepted':>10}{'accepted wrong':>16}{'ms median':>11}"
            f"{'p95':>8}"
        ),
        *(
            f"{name:<18}{_share(each['exact_rate']):>9}{_share(each['accepted_exact_rate']):>10}"
            f"{each['accepted_wrong']:>6}, {each['accepted_wrong_rate']:>7.2%} "
            f"{each['ms_median']:>10.1f}{each['ms_p95']:>8.1f}"
            for name, each in found["stresses"].items()
        ),
    ]


def _share(rate: float | None) -> str:
    return "-" if rate is None else f"{rate:.2%}"
