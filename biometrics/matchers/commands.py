"""`kiosk matcher`: installing, calibrating and comparing the networks of others."""

import json
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from biometrics.matchers.allowed import AllowedMatcher
    from biometrics.matchers.calibration import Comparison, Labelled, Row
    from biometrics.matchers.card import Calibration, ModelCard
    from biometrics.matchers.measuring import Source

_data = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The kiosk's data directory.",
)
_images = click.option(
    "--images",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="CSV with the columns path, identity and, if you like, dataset and group.",
)
_dataset = click.option("--dataset", help="Only the rows of this data set.")
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("matcher")
def matcher() -> None:
    """Networks of others that describe faces: install, list, calibrate, compare."""


@matcher.command("install")
@click.argument("network", metavar="[FILE.onnx]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--card", required=True, type=click.Path(path_type=Path), help="The model card (TOML)."
)
@_data
@_json
def install_command(network: Path | None, card: Path, data: Path, as_json: bool) -> None:
    """Examine a matcher, try it out, and copy it below the data directory.

    Without FILE.onnx the card speaks of a Python entry point that is installed beside the
    product; it is not loaded here.
    """
    from biometrics.matchers import standard
    from biometrics.matchers.store import install

    with _one_line():
        installed, findings = install(network, card, data)
    row = _card_row(installed.card)
    if as_json:
        milliseconds = None if findings is None else round(findings.milliseconds, 2)
        click.echo(json.dumps({**row, "milliseconds": milliseconds}))
        return
    click.echo(f"installed  {installed.folder}")
    click.echo(f"model      {installed.card.identity}")
    if findings is not None:
        click.echo(f"one crop   {findings.milliseconds:.1f} ms of processor time")
    click.echo(f"standard   {standard.shortfall(installed.card) or 'met'}")
    click.echo("A kiosk loads it when kiosk.toml says so:")
    click.echo("[matchers]")
    click.echo(
        f'allow = [{{ name = "{installed.card.name}", sha256 = "{installed.card.file.sha256}" }}]'
    )


@matcher.command("list")
@_data
@_json
def list_command(data: Path, as_json: bool) -> None:
    """List the shipped matcher, the installed ones, and entry points without a card."""
    from biometrics.matchers import distributions, standard
    from biometrics.matchers.errors import MatcherError
    from biometrics.matchers.shipped import shipped_card
    from biometrics.matchers.store import installed

    rows: list[dict[str, Any]] = []
    with _one_line():
        allowed = {(row.name, row.sha256) for row in _allowed(data)}
        shipped = shipped_card()
        rows.append({**_card_row(shipped), "state": "shipped", "allowed": True})
        for folder, found in installed(data):
            if isinstance(found, MatcherError):
                rows.append({"name": folder, "state": "unusable", "why": str(found)})
                continue
            named = (found.card.name, found.card.file.sha256) in allowed
            rows.append({**_card_row(found.card), "state": "installed", "allowed": named})
        known = {row["name"] for row in rows}
        for entry in distributions.found_entry_points():
            if entry.name in known:
                continue
            try:
                rows.append(
                    {
                        "name": entry.name,
                        "state": "without a card",
                        "sha256": distributions.distribution_digest(entry),
                    }
                )
            except MatcherError as error:
                rows.append({"name": entry.name, "state": "unusable", "why": str(error)})
    if as_json:
        click.echo(json.dumps({"matchers": rows, "standard": standard.words()}))
        return
    for row in rows:
        if "why" in row:
            click.echo(f"{row['name']}: unusable: {row['why']}")
        elif "model" not in row:
            click.echo(f"{row['name']}: entry point without a card, SHA-256 {row['sha256']}")
        else:
            may = "allowed" if row["allowed"] else "not allowed in kiosk.toml"
            click.echo(f"{row['model']}: {row['state']}, {may}, {row['licence']}")
            click.echo(f"  {row['shortfall'] or 'meets the standard: ' + standard.words()}")


@matcher.command("calibrate")
@click.argument("name")
@_images
@_data
@_dataset
@_json
def calibrate_command(
    name: str, images: Path, data: Path, dataset: str | None, as_json: bool
) -> None:
    """Measure thresholds and error rates of an installed matcher and write them into its card."""
    from biometrics.matchers import calibration, standard
    from biometrics.matchers.card import parse_card, with_calibrations
    from biometrics.matchers.store import find

    with _one_line():
        installed = find(data, *_name_and_digest(name))
        labelled = calibration.load_labelled(images, dataset)
        source = _source(installed.card, data)
        with _progress(labelled, name) as step:
            measured = calibration.measure(source, labelled, step)
        command = f"kiosk matcher calibrate {installed.card.name} --images CSV"
        found = calibration.calibrations(source, labelled, measured, command)
        text = with_calibrations(installed.card_text, found)
        installed.rewrite_card(text)
        card = parse_card(text)
    if as_json:
        plain = [row.model_dump(mode="json") for row in found]
        click.echo(json.dumps({**_card_row(card), "calibration": plain}))
        return
    for row in found:
        _print_calibration(row)
    click.echo(f"standard   {standard.shortfall(card) or 'met'}")


@matcher.command("compare")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@_images
@_data
@_dataset
@_json
def compare_command(
    first: str, second: str, images: Path, data: Path, dataset: str | None, as_json: bool
) -> None:
    """Compare two matchers on the same pictures; the shipped one is dlib-resnet-v1.

    A matcher is named NAME, or NAME@SHA256 (or the first digits of it) where there are several.
    """
    from biometrics.matchers import calibration
    from biometrics.matchers.shipped import shipped_card
    from biometrics.matchers.store import find

    with _one_line():
        labelled = calibration.load_labelled(images, dataset)
        sources = []
        for name in (first, second):
            shipped = shipped_card()
            if name == shipped.name:
                sources.append(_shipped_source())
            else:
                sources.append(_source(find(data, *_name_and_digest(name)).card, data))
        measured = []
        for source in sources:
            with _progress(labelled, source.model.name) as step:
                measured.append(calibration.measure(source, labelled, step))
        rows = calibration.compare(*measured)
        if not rows:
            raise click.ClickException("too few trials to compare at FMR 1e-3 or 1e-4")
    if as_json:
        click.echo(json.dumps(_comparison_json(labelled, sources, rows)))
        return
    people = len(labelled.pictures.people)
    click.echo(f"{labelled.pictures.images} pictures of {people} people ({labelled.name})")
    click.echo(f"A          {sources[0].model}, {measured[0].failure_to_acquire} not measured")
    click.echo(f"B          {sources[1].model}, {measured[1].failure_to_acquire} not measured")
    for row in rows:
        click.echo(
            f"{row.score:<10} FMR {row.first.fmr_target:.0e}  FNMR A {_rate(row.first)}, "
            f"B {_rate(row.second)}, A - B {_rate(row.difference)}"
        )


# --- helpers -------------------------------------------------------------------------------


@contextmanager
def _one_line() -> Iterator[None]:
    from biometrics.matchers.errors import MatcherError

    try:
        yield
    except MatcherError as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _progress(labelled: "Labelled", name: str) -> Iterator[Any]:
    with click.progressbar(
        length=labelled.pictures.images,
        label=f"measuring {name}",
        file=sys.stderr,
    ) as bar:
        yield partial(bar.update, 1)


def _name_and_digest(text: str) -> tuple[str, str | None]:
    name, _, digest = text.partition("@")
    return name, digest.lower() or None


def _allowed(data: Path) -> "tuple[AllowedMatcher, ...]":
    """Read the allow-list of `kiosk.toml`, of which the service checks the rest."""
    from biometrics.matchers.allowed import AllowedMatcher
    from biometrics.matchers.errors import MatcherError, MatcherErrorCode

    path = data / "kiosk.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8")).get("matchers", {})
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MatcherError(MatcherErrorCode.NOT_ALLOWED, f"{path}: cannot be read") from error
    return AllowedMatcher.from_plain(table.get("allow", []) if isinstance(table, dict) else table)


def _source(card: "ModelCard", data: Path) -> "Source":
    """What to measure an installed matcher with.

    An ONNX file was examined when it was installed, so that naming it here is enough; the code of
    an entry point runs only where the kiosk allows it.
    """
    from biometrics.matchers.allowed import AllowedMatcher
    from biometrics.matchers.card import FileFormat
    from biometrics.matchers.loading import allowed_matcher
    from biometrics.matchers.measuring import Source

    own = (AllowedMatcher(card.name, card.file.sha256),)
    allowed = _allowed(data) if card.file.format is FileFormat.PYTHON else own
    allowed_matcher(str(card.identity), allowed, data)
    return Source(card.identity, allowed, data)


def _shipped_source() -> "Source":
    from biometrics.matchers.measuring import Source
    from biometrics.matchers.shipped import shipped_card

    return Source(shipped_card().identity)


def _card_row(card: "ModelCard") -> dict[str, Any]:
    from biometrics.matchers import standard

    return {
        "name": card.name,
        "version": card.version,
        "model": str(card.identity),
        "sha256": card.file.sha256,
        "licence": card.licence,
        "shortfall": standard.shortfall(card),
    }


def _print_calibration(calibration: "Calibration") -> None:
    click.echo(
        f"{calibration.score:<10} {calibration.genuine} genuine, {calibration.impostor} impostor "
        f"trials, {calibration.failure_to_acquire} of {calibration.images} pictures not measured"
    )
    for row in calibration.at:
        click.echo(
            f"  FMR {row.fmr_target:.0e}  threshold {row.threshold:.4f}, FNMR {row.fnmr:.2%} "
            f"[{row.fnmr_ci95[0]:.2%}, {row.fnmr_ci95[1]:.2%}]"
        )


def _comparison_json(
    labelled: "Labelled", sources: "list[Source]", rows: "list[Comparison]"
) -> dict[str, Any]:
    return {
        "data": labelled.name,
        "csv_sha256": labelled.csv_sha256,
        "images": labelled.pictures.images,
        "identities": len(labelled.pictures.people),
        "a": str(sources[0].model),
        "b": str(sources[1].model),
        "rows": [
            {
                "score": row.score.value,
                "fmr": row.first.fmr_target,
                "fnmr_a": _row_json(row.first),
                "fnmr_b": _row_json(row.second),
                "difference": _row_json(row.difference),
            }
            for row in rows
        ],
    }


def _row_json(row: "Row") -> dict[str, float | list[float]]:
    return {"value": row.fnmr, "ci95": [row.low, row.high]}


def _rate(row: "Row") -> str:
    return f"{row.fnmr:.2%} [{row.low:.2%}, {row.high:.2%}]"
