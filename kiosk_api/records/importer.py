"""Importing records: the whole file, or nothing of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, TypeVar

from pydantic_core import PydanticCustomError
from sqlalchemy import Engine, delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from biometrics.results import FaceTemplate
from kiosk_api.persistence.engine import writing
from kiosk_api.persistence.models import DocumentRow, PersonRow
from kiosk_api.records.enrolment import Embed, PortraitRefusal
from kiosk_api.records.errors import RecordStoreError
from kiosk_api.records.lines import MAX_LINE_BYTES, BadField, parse_line
from kiosk_api.records.model import TravelerRecord
from kiosk_api.records.portrait_files import PortraitFileError, read_portrait_file
from kiosk_api.records.schemas import PersonEntry, check_portrait
from kiosk_api.records.sealing import document_index, seal_portrait, seal_record
from kiosk_api.sealing import Keyring

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far ahead of our clock the authority's may be; a later time would stay fresh for ever."""

_BATCH = 500
_VERSION_BITS = 62  # SQLite's integers have 63 and a sign
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, order=True)
class BadLine:
    """What is wrong in a line of the file, without anything of its content."""

    line: int  # from 1
    field: str  # dotted path, e.g. "documents.0.number"; "" for the line as a whole
    code: str

    def __str__(self) -> str:
        place = f"line {self.line}: {self.field}: " if self.field else f"line {self.line}: "
        return place + self.code.replace("_", " ")


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file: `imported` is 0 when any line is bad."""

    imported: int
    bad: tuple[BadLine, ...]


@dataclass(frozen=True, slots=True, repr=False)
class _Enrolled:
    """One good line, ready to be sealed."""

    line: int
    record: TravelerRecord
    portrait: bytes | None


class _BadFieldError(Exception):
    def __init__(self, field: str, code: str) -> None:
        super().__init__(field, code)
        self.bad = BadField(field, code)


def import_records(
    engine: Engine,
    keyring: Keyring,
    path: Path,
    *,
    embed: Embed,
    now: datetime,
    as_of: datetime | None = None,
) -> ImportReport:
    """Import a file (docs/records.md) in one transaction, if all of its lines are good.

    A person who is already in the cache is replaced: documents, memberships, template, portrait.
    The file is read and its portraits are embedded before the transaction, which is short; its
    content must fit into memory until then.

    Args:
        engine: the migrated database.
        keyring: seals the records.
        path: the file; `portrait_file` is relative to its directory.
        embed: makes a template of a portrait that comes without one.
        now: the time of the import, aware.
        as_of: when the authority confirmed the records that do not say so; `now` by default.

    Raises:
        RecordStoreError: the database did not take them; nothing was imported.
        biometrics.errors.BiometricsError: the engine is broken; nothing was imported.
        OSError: the file cannot be read.
    """
    enrolled: list[_Enrolled] = []
    bad: list[BadLine] = []
    with path.open("rb") as file:
        for number, line in _numbered_lines(file):
            entry = parse_line(line)
            if not isinstance(entry, PersonEntry):
                bad += (BadLine(number, field.field, field.code) for field in entry)
                continue
            try:
                record, portrait = _enrol(entry, path.parent, embed, as_of or now)
                if record.refreshed_at > now + CLOCK_TOLERANCE:
                    raise _BadFieldError("refreshed_at", "in_the_future")
            except _BadFieldError as error:
                bad.append(BadLine(number, error.bad.field, error.bad.code))
                continue
            enrolled.append(_Enrolled(number, record, portrait))
    bad += _repeated(keyring, enrolled)
    if not bad:
        try:
            with writing(engine) as session:
                bad += _taken(session, keyring, enrolled)
                if not bad:
                    _replace(session, keyring, enrolled, now)
        except SQLAlchemyError as error:
            raise RecordStoreError from error
    return ImportReport(0 if bad else len(enrolled), tuple(sorted(bad)))


def _numbered_lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank; of one that is too long, enough to see that it is."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        rest = line
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE_BYTES + 1)
        if line.strip():
            yield number, line


def _enrol(
    entry: PersonEntry, directory: Path, embed: Embed, refreshed_at: datetime
) -> tuple[TravelerRecord, bytes | None]:
    portrait = entry.portrait
    field = "portrait"
    if entry.portrait_file is not None:
        field = "portrait_file"
        try:
            portrait = check_portrait(read_portrait_file(directory, entry.portrait_file))
        except PortraitFileError as error:
            raise _BadFieldError(field, error.code) from None
        except PydanticCustomError as error:
            raise _BadFieldError(field, error.type) from None
    template: FaceTemplate | None = None
    if entry.template is not None:
        template = entry.template.to_template()
    elif portrait is not None:
        made = embed(portrait)
        if isinstance(made, PortraitRefusal):
            raise _BadFieldError(field, made.value)
        template = made
    return entry.to_record(template=template, refreshed_at=refreshed_at), portrait


def _repeated(keyring: Keyring, enrolled: Sequence[_Enrolled]) -> Iterator[BadLine]:
    """Persons and documents that the file has twice; the first one is not to blame."""
    persons: set[str] = set()
    documents: set[bytes] = set()
    for each in enrolled:
        if each.record.person_id in persons:
            yield BadLine(each.line, "person_id", "repeated")
        persons.add(each.record.person_id)
        for position, index in enumerate(_indexes(keyring, each.record)):
            if index in documents:
                yield BadLine(each.line, f"documents.{position}", "repeated")
            documents.add(index)


def _taken(session: Session, keyring: Keyring, enrolled: Sequence[_Enrolled]) -> Iterator[BadLine]:
    """Documents that belong to somebody in the cache whom the file does not replace."""
    persons = {each.record.person_id for each in enrolled}
    for some in _batches(enrolled):
        claimed = {
            index: BadLine(each.line, f"documents.{position}", "document_of_another_person")
            for each in some
            for position, index in enumerate(_indexes(keyring, each.record))
        }
        owners = session.execute(
            select(DocumentRow.blind_index, DocumentRow.person_id).where(
                DocumentRow.blind_index.in_(claimed)
            )
        )
        yield from (claimed[index] for index, owner in owners if owner not in persons)


def _indexes(keyring: Keyring, record: TravelerRecord) -> list[bytes]:
    return [
        document_index(keyring, document.issuer, document.document_class, document.number)
        for document in record.documents
    ]


def _replace(
    session: Session, keyring: Keyring, enrolled: Sequence[_Enrolled], now: datetime
) -> None:
    # All old rows go before any new one comes: a document may change its owner within the file.
    for some in _batches(enrolled):
        persons = PersonRow.person_id.in_([each.record.person_id for each in some])
        session.execute(delete(PersonRow).where(persons))
    for some in _batches(enrolled):
        children: list[object] = []
        for each in some:
            person_id = each.record.person_id
            version = secrets.randbits(_VERSION_BITS)
            rows = seal_record(keyring, each.record, version=version, imported_at=now)
            session.add(rows.person)
            children += [*rows.documents, *rows.memberships]
            if rows.template is not None:
                children.append(rows.template)
            if each.portrait is not None:
                children.append(
                    seal_portrait(
                        keyring, person_id, each.portrait, version=version, enrolled_at=now
                    )
                )
        session.flush()
        session.add_all(children)
        session.flush()
        session.expunge_all()


def _batches(items: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
