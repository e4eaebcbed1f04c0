"""What of a record lies sealed in the database, and what its seals are bound to.

Sealed: names, birth date, sex, nationality, document issuers and numbers, the template, the
portrait. Clear: the authority's opaque person id, programs, states, dates of validity, and the
keyed digest by which a document is found. Every seal is bound to person, kind and version; that
of the biographics also to everything that is clear: a status changed in the database, or a row
added, moved or taken away, breaks it. A version is a random number of one import of one person:
a seal of another import fits no more than that of another person, whatever was deleted between.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from kiosk_api.core.evidence import (
    DocumentClass,
    DocumentStatus,
    MembershipFacts,
    MembershipStatus,
    Program,
)
from kiosk_api.persistence.models import (
    DocumentRow,
    MembershipRow,
    PersonRow,
    PortraitRow,
    TemplateRow,
)
from kiosk_api.records.errors import RecordBrokenError
from kiosk_api.records.model import (
    Biographics,
    Sex,
    StoredDocument,
    StoredTemplate,
    TravelerRecord,
    comparable_number,
    format_birth_date,
    parse_birth_date,
)
from kiosk_api.sealing import Keyring, SealBrokenError

_FORMAT = "kiosk-record/1"


@dataclass(frozen=True, slots=True, repr=False)
class RecordRows:
    """One person's rows, in the order of their positions."""

    person: PersonRow
    documents: Sequence[DocumentRow]
    memberships: Sequence[MembershipRow]
    template: TemplateRow | None


def document_index(
    keyring: Keyring, issuer: str, document_class: DocumentClass, number: str
) -> bytes:
    """Return the keyed digest under which a document is found.

    The class belongs to it: a state may number its passports and its cards alike.
    """
    return keyring.blind_index("document", issuer, document_class.value, comparable_number(number))


def seal_record(
    keyring: Keyring, record: TravelerRecord, *, version: int, imported_at: datetime
) -> RecordRows:
    """Make the rows of a record."""
    documents = [
        DocumentRow(
            person_id=record.person_id,
            position=position,
            blind_index=document_index(
                keyring, document.issuer, document.document_class, document.number
            ),
            document_class=document.document_class.value,
            status=document.status.value,
            expires_on=document.expires_on,
            sealed_number=_seal(
                keyring,
                [document.issuer, document.number],
                _place(record.person_id, version, "document", position),
            ),
        )
        for position, document in enumerate(record.documents)
    ]
    memberships = [
        MembershipRow(
            person_id=record.person_id,
            position=position,
            program=membership.program.value,
            status=membership.status.value,
            valid_from=membership.valid_from,
            valid_until=membership.valid_until,
        )
        for position, membership in enumerate(record.memberships)
    ]
    template = (
        None
        if record.template is None
        else seal_template(keyring, record.person_id, record.template, version=version)
    )
    who = record.biographics
    person = PersonRow(
        person_id=record.person_id,
        version=version,
        refreshed_at=record.refreshed_at,
        imported_at=imported_at,
    )
    person.sealed_biographics = _seal(
        keyring,
        [
            who.surname,
            who.given_names,
            format_birth_date(who.birth_date),
            who.sex.value,
            who.nationality,
        ],
        _place_of_biographics(person, documents, memberships),
    )
    return RecordRows(person, documents, memberships, template)


def open_record(keyring: Keyring, rows: RecordRows) -> TravelerRecord:
    """Open the rows of a record.

    Raises:
        RecordBrokenError: a seal is broken, or a clear column was changed.
    """
    person = rows.person
    try:
        surname, given_names, born, sex, nationality = _open(
            keyring,
            person.sealed_biographics,
            _place_of_biographics(person, rows.documents, rows.memberships),
        )
        return TravelerRecord(
            person_id=person.person_id,
            biographics=Biographics(
                surname, given_names, parse_birth_date(born), Sex(sex), nationality
            ),
            documents=tuple(_open_document(keyring, person, row) for row in rows.documents),
            memberships=tuple(
                MembershipFacts(
                    program=Program(row.program),
                    status=MembershipStatus(row.status),
                    valid_from=row.valid_from,
                    valid_until=row.valid_until,
                )
                for row in rows.memberships
            ),
            template=_open_template(keyring, person, rows.template),
            refreshed_at=person.refreshed_at,
        )
    except (SealBrokenError, ValueError, TypeError):
        # Without its cause: that may quote what was sealed.
        raise RecordBrokenError(person.person_id) from None


def seal_template(
    keyring: Keyring, person_id: str, template: StoredTemplate, *, version: int
) -> TemplateRow:
    """Make the row of a template; `version` is that of the person's row."""
    return TemplateRow(
        person_id=person_id,
        model=template.model,
        sealed_template=keyring.sealer.seal(
            template.data, _place(person_id, version, "template", template.model)
        ),
    )


def seal_portrait(
    keyring: Keyring, person_id: str, picture: bytes, *, version: int, enrolled_at: datetime
) -> PortraitRow:
    """Make the row of an enrolled portrait."""
    return PortraitRow(
        person_id=person_id,
        sealed_portrait=keyring.sealer.seal(picture, _place(person_id, version, "portrait")),
        enrolled_at=enrolled_at,
    )


def open_portrait(keyring: Keyring, person: PersonRow, portrait: PortraitRow) -> bytes:
    """Return the picture, JPEG or PNG.

    Raises:
        RecordBrokenError: its seal is broken.
    """
    try:
        return keyring.sealer.open(
            portrait.sealed_portrait, _place(person.person_id, person.version, "portrait")
        )
    except SealBrokenError:
        raise RecordBrokenError(person.person_id) from None


def _open_document(keyring: Keyring, person: PersonRow, row: DocumentRow) -> StoredDocument:
    issuer, number = _open(
        keyring,
        row.sealed_number,
        _place(person.person_id, person.version, "document", row.position),
    )
    return StoredDocument(
        document_class=DocumentClass(row.document_class),
        issuer=issuer,
        number=number,
        expires_on=row.expires_on,
        status=DocumentStatus(row.status),
    )


def _open_template(
    keyring: Keyring, person: PersonRow, row: TemplateRow | None
) -> StoredTemplate | None:
    if row is None:
        return None
    place = _place(person.person_id, person.version, "template", row.model)
    return StoredTemplate(row.model, keyring.sealer.open(row.sealed_template, place))


def _place_of_biographics(
    person: PersonRow, documents: Sequence[DocumentRow], memberships: Sequence[MembershipRow]
) -> str:
    clear = (
        person.refreshed_at.astimezone(UTC).isoformat(),
        [
            (
                row.position,
                row.blind_index.hex(),
                row.document_class,
                row.status,
                row.expires_on and row.expires_on.isoformat(),
            )
            for row in documents
        ],
        [
            (
                row.position,
                row.program,
                row.status,
                row.valid_from.isoformat(),
                row.valid_until.isoformat(),
            )
            for row in memberships
        ],
    )
    return _place(person.person_id, person.version, "biographics", clear)


def _place(person_id: str, version: int, kind: str, *more: object) -> str:
    return json.dumps([_FORMAT, kind, person_id, version, *more])


def _seal(keyring: Keyring, fields: list[str], place: str) -> bytes:
    return keyring.sealer.seal(json.dumps(fields).encode(), place)


def _open(keyring: Keyring, sealed: bytes, place: str) -> list[str]:
    fields: list[str] = json.loads(keyring.sealer.open(sealed, place))
    return fields
