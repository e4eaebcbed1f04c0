"""`kiosk records`: import, export, show, list and enrol again what the record cache holds."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from biometrics.matchers.allowed import AllowedMatcher
    from kiosk_api.records.enrolment import Embed
    from kiosk_api.records.model import TravelerRecord
    from kiosk_api.records.repository import RecordRepository
    from kiosk_api.sealing import Keyring
    from kiosk_api.sites import SiteProfile

_SHOWN_BAD_LINES = 50
_BUSY_TIMEOUT_S = 5.0  # nobody stands at the kiosk for these commands
_MASK = "***"

_data = click.option(
    "--data",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Data directory of the kiosk.",
)
_site = click.option(
    "--site", help="Site profile whose matcher makes the templates (default: that of kiosk.toml)."
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def records() -> None:
    """Traveler records that this kiosk knows."""


class _Time(click.ParamType[datetime]):
    """An ISO 8601 time with its zone."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Convert the option's text."""
        from kiosk_api.records.schemas import parse_time

        try:
            return parse_time(value)
        except ValueError:
            self.fail("not a time with a zone, such as 2026-05-04T12:00:00Z", param, ctx)


@records.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_data
@click.option(
    "--as-of",
    type=_Time(),
    help="When the authority confirmed records that do not say so (default: now).",
)
@_site
@_as_json
def import_command(
    file: Path, data: Path, as_of: datetime | None, site: str | None, as_json: bool
) -> None:
    """Import FILE (JSON Lines, see docs/records.md): all of it, or nothing.

    Persons who are known already are replaced.
    """
    from biometrics.errors import BiometricsError
    from kiosk_api.clock import SystemClock
    from kiosk_api.records.embedding import EmbeddingRefusedError
    from kiosk_api.records.importer import import_records

    with _opened(data, create=True) as (engine, keyring), _embedding(data, site) as embed:
        try:
            report = import_records(
                engine,
                keyring,
                file,
                embed=embed,
                now=SystemClock().now(),
                as_of=as_of,
            )
        except EmbeddingRefusedError as error:
            raise click.ClickException(f"{error}; nothing was imported") from error
        except BiometricsError as error:
            raise click.ClickException(f"face engine: {error}; nothing was imported") from error
        except OSError as error:
            raise click.ClickException(f"{file}: {error.strerror}; nothing was imported") from error
    if as_json:
        _print_json(
            {
                "imported": report.imported,
                "bad": [
                    {"line": bad.line, "field": bad.field, "code": bad.code} for bad in report.bad
                ],
            }
        )
    else:
        for bad in report.bad[:_SHOWN_BAD_LINES]:
            click.echo(str(bad), err=True)
        if len(report.bad) > _SHOWN_BAD_LINES:
            click.echo(f"… and {len(report.bad) - _SHOWN_BAD_LINES} more", err=True)
        if not report.bad:
            click.echo(f"imported {report.imported} records")
    if report.bad:
        raise click.ClickException("nothing was imported")


@records.command("re-enrol")
@_data
@_site
@_as_json
def re_enrol_command(data: Path, site: str | None, as_json: bool) -> None:
    """Make templates of the site's matcher from the sealed portraits, where they are of another.

    May be stopped and run again. Nothing else of a record changes: none becomes fresher by it.
    """
    from biometrics.errors import BiometricsError
    from kiosk_api.records.embedding import EmbeddingRefusedError
    from kiosk_api.records.reenrolment import re_enrol

    model = _matcher(data, site)[0]
    with _opened(data) as (engine, keyring), _embedding(data, site) as embed:
        try:
            report = re_enrol(engine, keyring, model, embed)
        except (EmbeddingRefusedError, BiometricsError) as error:
            raise click.ClickException(f"face engine: {error}; run it again") from error
    counts = {
        "re_enrolled": report.re_enrolled,
        "already_current": report.current,
        "changed_meanwhile": report.changed,
        "without_portrait": report.without_portrait,
    }
    if as_json:
        _print_json(
            {
                "model": model,
                **counts,
                "refused_by_quality": [
                    {"person_id": person_id, "code": why.value} for person_id, why in report.refused
                ],
                "engine_failed": report.failed,
                "broken": report.broken,
            }
        )
    else:
        click.echo(f"model {model}")
        for name, count in counts.items():
            click.echo(f"{name.replace('_', ' ')}: {count}")
        for person_id, why in report.refused:
            click.echo(f"refused, kept as it was: {person_id}: {why.value.replace('_', ' ')}")
        for person_id in report.failed:
            click.echo(f"engine failed, kept as it was: {person_id}")
        for person_id in report.broken:
            click.echo(f"does not open, kept as it was: {person_id}")
    if report.failed or report.broken:
        raise click.ClickException(
            f"{len(report.failed) + len(report.broken)} records could not be worked on"
        )


@records.command("status")
@_data
@_site
@_as_json
def status_command(data: Path, site: str | None, as_json: bool) -> None:
    """Say how many templates there are of which matcher, and how many need `re-enrol`."""
    from kiosk_api.records.reenrolment import count_templates

    model = _profile(data, site)[0].policy.face.model
    with _opened(data) as (engine, _):
        counts = count_templates(engine)
    stale = counts.of_another_model(model)
    if as_json:
        _print_json(
            {
                "persons": counts.persons,
                "model": model,
                "templates": counts.models,
                "of_another_model": stale,
                "without_template": counts.without,
                "portraits": counts.portraits,
            }
        )
        return
    click.echo(f"{counts.persons} persons, {counts.portraits} with a portrait")
    for of, count in counts.models.items():
        click.echo(f"{count} templates of {of}{'' if of == model else ': re-enrol'}")
    click.echo(f"{counts.without} without a template")


@records.command("export")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True), default="-")
@_data
@click.option("--portraits", is_flag=True, help="Include the enrolled portraits.")
def export_command(file: str, data: Path, portraits: bool) -> None:
    """Export all records to FILE (standard output by default) as `import` takes them."""
    from kiosk_api.records.exporter import export_records, private_file

    click.echo("warning: the export holds personal and biometric data, unsealed", err=True)
    with _repository(data) as repository:
        if file == "-":
            export_records(repository, sys.stdout.buffer, portraits=portraits)
            return
        try:
            with private_file(Path(file)) as target:
                count = export_records(repository, target, portraits=portraits)
        except OSError as error:
            raise click.ClickException(f"{file}: {error.strerror}") from error
    click.echo(f"exported {count} records")


@records.command("show")
@click.argument("person_id", required=False)
@click.option(
    "--document",
    metavar="ISSUER:NUMBER",
    help="Find the person by a document, e.g. UTO:L898902C3, of whatever class.",
)
@_data
@click.option("--unmask", is_flag=True, help="Show names, birth date and numbers.")
@_as_json
def show_command(
    person_id: str | None, document: str | None, data: Path, unmask: bool, as_json: bool
) -> None:
    """Show the record of PERSON_ID; what identifies the person is masked."""
    if (person_id is None) == (document is None):
        raise click.UsageError("give either PERSON_ID or --document")
    with _repository(data) as repository:
        if document is not None:
            record = _find_by_document(repository, document)
        else:
            record = repository.get(person_id or "")
    if record is None:
        raise click.ClickException("no such record")
    described = _describe(record, unmask=unmask)
    if as_json:
        _print_json(described)
    else:
        _print_lines(described)


@records.command("list")
@_data
@_as_json
def list_command(data: Path, as_json: bool) -> None:
    """List all records by the authority's id, without opening them."""
    with _repository(data) as repository:
        rows: list[dict[str, Any]] = [
            {
                "person_id": summary.person_id,
                "documents": summary.documents,
                "memberships": [
                    {"program": program, "status": status}
                    for program, status in summary.memberships
                ],
                "template": summary.has_template,
                "refreshed_at": summary.refreshed_at.isoformat(),
            }
            for summary in repository.summaries()
        ]
    if as_json:
        _print_json({"records": rows})
        return
    for row in rows:
        memberships = ", ".join(f"{m['program']} {m['status']}" for m in row["memberships"])
        template = "template" if row["template"] else "no template"
        click.echo(
            f"{row['person_id']}  {memberships or 'no membership'}  {template}  "
            f"refreshed {row['refreshed_at']}"
        )


@contextmanager
def _opened(data: Path, *, create: bool = False) -> Iterator[tuple[Engine, Keyring]]:
    """Open database and keys; what goes wrong with either ends the command in one line."""
    from sqlalchemy.exc import SQLAlchemyError

    from kiosk_api.config import DataDir
    from kiosk_api.persistence.migrations import SchemaError, upgrade
    from kiosk_api.records.errors import RecordError
    from kiosk_api.records.key_proof import confirm_keys
    from kiosk_api.sealing import KeyFileError

    engine, keyring = _open(data, create=create)
    try:
        upgrade(engine)
        confirm_keys(DataDir(data).keys_check, engine, keyring)
        yield engine, keyring
    except (KeyFileError, RecordError, SchemaError) as error:
        raise click.ClickException(str(error)) from error
    except SQLAlchemyError as error:
        raise click.ClickException(f"the database in {data} does not answer") from error
    finally:
        engine.dispose()


def _open(data: Path, *, create: bool) -> tuple[Engine, Keyring]:
    from kiosk_api.config import make_private
    from kiosk_api.kiosk_file import KioskFileError, data_dir
    from kiosk_api.persistence.engine import DatabaseFileError, open_database
    from kiosk_api.sealing import KeyFileError, create_keys, load_keys

    try:
        directory = data_dir(data)
        is_new = not directory.database.exists()
        if is_new and not create:
            raise click.ClickException(f"no database in {data}; import records first")
        make_private(data)
        # Keys are made with a new database only: others would not open what an old one holds.
        keyring = create_keys(directory.keys) if is_new else load_keys(directory.keys)
        return open_database(directory.database, busy_timeout=_BUSY_TIMEOUT_S), keyring
    except (DatabaseFileError, KeyFileError, KioskFileError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{data}: {error.strerror}") from error


@contextmanager
def _repository(data: Path) -> Iterator[RecordRepository]:
    from kiosk_api.records.repository import RecordRepository

    with _opened(data) as (engine, keyring):
        yield RecordRepository(engine, keyring)


@contextmanager
def _embedding(data: Path, site: str | None) -> Iterator[Embed]:
    """Embed in a worker, which starts for the first portrait that needs it."""
    from kiosk_api.records.embedding import EmbeddingWorker

    with ExitStack() as stack:

        @cache
        def worker() -> EmbeddingWorker:
            return stack.enter_context(EmbeddingWorker(*_matcher(data, site)))

        yield lambda picture: worker()(picture)


def _matcher(data: Path, site: str | None) -> tuple[str, dict[str, Any] | None]:
    """Model of the site's matcher, and what a worker is told; a problem is one line."""
    from kiosk_api.sites.matchers import UnfitMatcherError, find_matcher

    profile, allowed = _profile(data, site)
    try:
        found = find_matcher(profile, allowed, data)
    except UnfitMatcherError as error:
        raise click.ClickException(str(error)) from error
    return found.model, found.setup


def _profile(data: Path, site: str | None) -> tuple[SiteProfile, tuple[AllowedMatcher, ...]]:
    """The site's profile, and the kiosk's allow-list; a problem is one line."""
    from kiosk_api.config import DEFAULT_SITE, DataDir
    from kiosk_api.kiosk_file import KioskFileError, read_kiosk_file
    from kiosk_api.sites import SiteError, load_site

    try:
        file = read_kiosk_file(DataDir(data).configuration)
        profile = load_site(site or (DEFAULT_SITE if file is None else file.site))
    except (KioskFileError, SiteError) as error:
        raise click.ClickException(str(error)) from error
    return profile, () if file is None else file.matchers


def _find_by_document(repository: RecordRepository, text: str) -> TravelerRecord | None:
    from kiosk_api.core.evidence import DocumentClass

    issuer, separator, number = text.partition(":")
    if not (issuer and separator and number):
        raise click.UsageError("--document takes ISSUER:NUMBER")
    for document_class in DocumentClass:
        found = repository.lookup(issuer.upper(), document_class, number)
        if found is not None:
            return found.record
    return None


def _describe(record: TravelerRecord, *, unmask: bool) -> dict[str, Any]:
    from kiosk_api.records.model import format_birth_date

    def shown(text: str) -> str:
        return text if unmask else _MASK

    who = record.biographics
    return {
        "person_id": record.person_id,
        "surname": shown(who.surname),
        "given_names": shown(who.given_names),
        "birth_date": shown(format_birth_date(who.birth_date)),
        "sex": shown(who.sex.value),
        "nationality": shown(who.nationality),
        "documents": [
            {
                "document_class": document.document_class.value,
                "issuer": shown(document.issuer),
                "number": shown(document.number),
                "expires_on": document.expires_on and document.expires_on.isoformat(),
                "status": document.status.value,
            }
            for document in record.documents
        ],
        "memberships": [
            {
                "program": membership.program.value,
                "status": membership.status.value,
                "valid_from": membership.valid_from.isoformat(),
                "valid_until": membership.valid_until.isoformat(),
            }
            for membership in record.memberships
        ],
        "template": record.template and record.template.model,
        "refreshed_at": record.refreshed_at.isoformat(),
    }


def _print_lines(described: dict[str, Any]) -> None:
    for name, value in described.items():
        label = name.replace("_", " ")
        if isinstance(value, list):
            for item in value:
                click.echo(f"{label}: " + ", ".join(str(part) for part in item.values()))
        else:
            click.echo(f"{label}: {'none' if value is None else value}")


def _print_json(content: dict[str, Any]) -> None:
    click.echo(json.dumps(content, ensure_ascii=False))
