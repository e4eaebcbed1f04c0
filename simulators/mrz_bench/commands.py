"""`kiosk bench mrz`."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from simulators.mrz_bench.report import Picture


@click.command("mrz")
@click.argument("table", type=click.Path(path_type=Path), metavar="TRUTH.csv")
@click.option("--rounds", default=1, show_default=True, type=click.IntRange(1, 100))
@click.option(
    "--peers",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="An environment with PassportEye instead of that of `make bench-peers`.",
)
@click.option(
    "--tessdata",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="A folder with mrz.traineddata for tesseract.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def mrz(table: Path, rounds: int, peers: Path | None, tessdata: Path | None, as_json: bool) -> None:
    """Our reader and PassportEye in turns on the pictures of a table of truth.

    The table is that of `kiosk evaluate mrz`. PassportEye runs as it comes and, where there is an
    mrz.traineddata, with that, each in a process of its own and on one thread. `make bench-peers`
    installs both; without them only our own figures are printed. Where the table has no pages
    without a zone, rendered ones are read.
    """
    found = run(table, rounds, peers, tessdata)
    click.echo(json.dumps(found) if as_json else "\n".join(report_lines(found)))


def run(table: Path, rounds: int, peers: Path | None, tessdata: Path | None) -> dict[str, Any]:
    """Return the figures. Progress goes to standard error.

    Raises:
        ClickException: With one line, when the table, a picture or a peer cannot be used.
    """
    from documents.mrz.evaluation.truth import TruthError, load_truth
    from documents.mrz.reader.reader import load_reader
    from simulators.mrz_bench.ordinary import ordinary_pages
    from simulators.mrz_bench.peers import PeerError, default_environment, installed
    from simulators.mrz_bench.report import pictures_of, run_bench

    def progress(pictures: Sequence[Picture]) -> Iterator[Picture]:
        with click.progressbar(pictures, label="reading", file=sys.stderr) as bar:
            yield from bar

    try:
        truth = load_truth(table)
        if not any(row.lines for row in truth.rows):
            raise TruthError(f"{table}: no picture with a zone")
        there = installed(peers or default_environment(), tessdata)
        with tempfile.TemporaryDirectory() as folder:
            ordinary = []
            for number, page in enumerate(ordinary_pages()):
                path = Path(folder) / f"ordinary-{number:02}.jpg"
                path.write_bytes(page)
                ordinary.append(path)
            return run_bench(
                pictures_of(truth, ordinary),
                load_reader(),
                there,
                rounds=rounds,
                progress=progress,
            )
    except (TruthError, PeerError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise click.ClickException(f"{where}{error.strerror or 'cannot be read'}") from None


_NAMES = {"passporteye": "PassportEye", "passporteye_mrz": "PassportEye -l mrz"}
_HOLDS = {
    "passporteye_15_times": "15 times as fast as PassportEye",
    "passporteye_mrz_6_times": "6 times as fast as PassportEye -l mrz",
    "p95_at_most_5_medians": "p95 at most 5 medians",
    "without_zone_at_most_5_medians": "a page without a zone at most 5 medians",
    "one_thread": "one thread",
}


def report_lines(found: dict[str, Any]) -> list[str]:
    """Return the figures as lines for a terminal."""
    lines = [
        (
            f"{found['pictures']} pictures with a zone, {found['documents']} documents, "
            f"{found['without_zone']['pages']} pages without, {found['rounds']} round(s)"
        ),
        f"{'ms':<20}{'median':>9}{'p95':>9}{'longest':>9}{'exact':>7}{'times ours':>12}",
        _reader_line("ours", found["ours"], ""),
    ]
    for key, name in _NAMES.items():
        if found[key] is not None:
            lines.append(_reader_line(name, found[key], f"{found['ratios'][key]:.1f}"))
    empty = found["without_zone"]
    lines += [
        (
            f"{'ours, no zone':<20}{empty['ms_median']:>9.1f}{empty['ms_p95']:>9.1f}"
            f"{empty['ms_max']:>9.1f}"
        ),
        "",
        (
            f"p95 is {found['ratios']['p95_to_median']:.1f} medians, a page without a zone "
            f"{found['ratios']['without_zone_to_median']:.1f}"
        ),
    ]
    words = {True: "holds", False: "does not hold", None: "not measured"}
    lines += [f"{words[found['holds'][key]]:<15}{what}" for key, what in _HOLDS.items()]
    return [*lines, *found["missing"]]


def _reader_line(name: str, each: dict[str, Any], times: str) -> str:
    return (
        f"{name:<20}{each['ms_median']:>9.1f}{each['ms_p95']:>9.1f}{each['ms_max']:>9.1f}"
        f"{each['exact']:>7}{times:>12}"
    )
