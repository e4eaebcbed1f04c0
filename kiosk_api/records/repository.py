"""Finding records in the cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from kiosk_api.core.evidence import DocumentClass
from kiosk_api.persistence.engine import reading
from kiosk_api.persistence.models import (
    DocumentRow,
    MembershipRow,
    PersonRow,
    PortraitRow,
    TemplateRow,
)
from kiosk_api.records.errors import RecordStoreError
from kiosk_api.records.model import StoredDocument, TravelerRecord
from kiosk_api.records.sealing import RecordRows, document_index, open_portrait, open_record
from kiosk_api.sealing import Keyring

_BATCH = 500


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record, and which of its documents it was found by."""

    record: TravelerRecord
    document: StoredDocument


@dataclass(frozen=True, slots=True)
class RecordSummary:
    """What of a record is clear in the database; its seals were not opened."""

    person_id: str
    documents: int
    memberships: tuple[tuple[str, str], ...]  # program, status
    has_template: bool
    refreshed_at: datetime


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the cache is; both times are None when it is empty."""

    persons: int
    oldest: datetime | None
    newest: datetime | None


class RecordRepository:
    """Reads records. Every method sees one state of the database, never half an import.

    Methods block; each may be called from any thread. All raise `RecordStoreError` when the
    database does not answer.
    """

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring

    def lookup(self, issuer: str, document_class: DocumentClass, number: str) -> FoundRecord | None:
        """Find the record of a document's holder; None when the cache holds none.

        Args:
            issuer: normalised code of ICAO Doc 9303-3 section 5.
            document_class: as the machine-readable zone tells it.
            number: with or without fillers, spaces and hyphens.

        Raises:
            RecordBrokenError: there is one, and it does not open.
        """
        index = document_index(self._keyring, issuer, document_class, number)
        with self._reading() as session:
            document = session.scalar(select(DocumentRow).where(DocumentRow.blind_index == index))
            if document is None:
                return None
            record = open_record(self._keyring, rows_of(session, [document.person_id])[0])
            return FoundRecord(record, record.documents[document.position])

    def get(self, person_id: str) -> TravelerRecord | None:
        """Return the record of a person; None when the cache holds none.

        Raises:
            RecordBrokenError: there is one, and it does not open.
        """
        with self._reading() as session:
            rows = rows_of(session, [person_id])
        return open_record(self._keyring, rows[0]) if rows else None

    def portrait(self, person_id: str) -> bytes | None:
        """Return the enrolled portrait, JPEG or PNG; None when none is kept.

        Raises:
            RecordBrokenError: it does not open.
        """
        with self._reading() as session:
            person = session.get(PersonRow, person_id)
            portrait = session.get(PortraitRow, person_id)
            if person is None or portrait is None:
                return None
            return open_portrait(self._keyring, person, portrait)

    def iterate(self) -> Iterator[TravelerRecord]:
        """Yield all records by person id.

        Raises:
            RecordBrokenError: one of them does not open.
        """
        for rows, _ in self._all_rows(portraits=False):
            yield open_record(self._keyring, rows)

    def iterate_with_portraits(self) -> Iterator[tuple[TravelerRecord, bytes | None]]:
        """Yield all records by person id, each with the enrolled portrait if one is kept.

        Raises:
            RecordBrokenError: one of them, or its portrait, does not open.
        """
        for rows, portrait in self._all_rows(portraits=True):
            record = open_record(self._keyring, rows)
            yield (
                record,
                None if portrait is None else open_portrait(self._keyring, rows.person, portrait),
            )

    def summaries(self) -> Iterator[RecordSummary]:
        """Yield what is clear of all records by person id; broken ones are among them."""
        for rows, _ in self._all_rows(portraits=False):
            yield RecordSummary(
                person_id=rows.person.person_id,
                documents=len(rows.documents),
                memberships=tuple((row.program, row.status) for row in rows.memberships),
                has_template=rows.template is not None,
                refreshed_at=rows.person.refreshed_at,
            )

    def freshness(self) -> Freshness:
        """Say how many records there are, and when the authority confirmed them."""
        with self._reading() as session:
            persons, oldest, newest = session.execute(
                select(
                    func.count(),
                    func.min(PersonRow.refreshed_at),
                    func.max(PersonRow.refreshed_at),
                ).select_from(PersonRow)
            ).one()
        return Freshness(persons, oldest, newest)

    def _all_rows(self, *, portraits: bool) -> Iterator[tuple[RecordRows, PortraitRow | None]]:
        after = ""
        with self._reading() as session:
            while person_ids := session.scalars(
                select(PersonRow.person_id)
                .where(PersonRow.person_id > after)
                .order_by(PersonRow.person_id)
                .limit(_BATCH)
            ).all():
                for rows in rows_of(session, person_ids):
                    portrait = (
                        session.get(PortraitRow, rows.person.person_id) if portraits else None
                    )
                    yield rows, portrait
                    if portrait is not None:
                        session.expunge(portrait)  # one picture at a time in memory
                session.expunge_all()
                after = person_ids[-1]

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        try:
            with reading(self._engine) as session:
                yield session
        except (SQLAlchemyError, ValueError, TypeError) as error:
            # SQLite lets anything stand in any column; what is no date does not even load.
            raise RecordStoreError from error


def rows_of(session: Session, person_ids: Sequence[str]) -> list[RecordRows]:
    """The rows of those persons that there are, by person id."""
    persons = session.scalars(
        select(PersonRow).where(PersonRow.person_id.in_(person_ids)).order_by(PersonRow.person_id)
    ).all()
    documents: dict[str, list[DocumentRow]] = {}
    for document in session.scalars(
        select(DocumentRow)
        .where(DocumentRow.person_id.in_(person_ids))
        .order_by(DocumentRow.person_id, DocumentRow.position)
    ):
        documents.setdefault(document.person_id, []).append(document)
    memberships: dict[str, list[MembershipRow]] = {}
    for membership in session.scalars(
        select(MembershipRow)
        .where(MembershipRow.person_id.in_(person_ids))
        .order_by(MembershipRow.person_id, MembershipRow.position)
    ):
        memberships.setdefault(membership.person_id, []).append(membership)
    templates = {
        template.person_id: template
        for template in session.scalars(
            select(TemplateRow).where(TemplateRow.person_id.in_(person_ids))
        )
    }
    return [
        RecordRows(
            person,
            documents.get(person.person_id, []),
            memberships.get(person.person_id, []),
            templates.get(person.person_id),
        )
        for person in persons
    ]
