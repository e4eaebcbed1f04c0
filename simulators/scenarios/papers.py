"""What fictitious travelers carry, and what the record authority says of them."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

from devices.readings import Light, MediaType, Picture
from documents.mrz import MRZContent, Sex, Template, encode
from kiosk_api.core.evidence import DocumentClass
from simulators.documents import Condition, DocumentKind, render_page
from simulators.documents.capture import as_jpeg
from simulators.documents.specimens import specimen_content
from simulators.people import PEOPLE, Person, portrait
from simulators.scenarios.schema import Document, Pages, Record, Scenario, Tampering, Validity

_YEAR = timedelta(days=365)
_JPEG_QUALITY = 90  # as readers send


_KINDS = {
    DocumentClass.PASSPORT: DocumentKind.PASSPORT,
    DocumentClass.PERMANENT_RESIDENT_CARD: DocumentKind.PERMANENT_RESIDENT_CARD,
    DocumentClass.TRUSTED_TRAVELER_CARD: DocumentKind.NEXUS,
    DocumentClass.PASSPORT_CARD: DocumentKind.PASSPORT_CARD,
}


def document_number(person: Person) -> str:
    """The number of the person's document: made up, the same every time, no real series."""
    digits = int.from_bytes(sha256(f"document|{person.id}".encode()).digest()[:4], "big")
    return f"X{digits % 10**8:08}"


def mrz_lines(person: Person, document: Document, today: date) -> tuple[str, ...]:
    """The machine-readable zone of what the person presents."""
    content = _content(person, document, today)
    if document.tampering is Tampering.OTHER_NAME:
        content = replace(content, surname="DOPPELGAENGER")
    elif document.tampering is Tampering.OTHER_BIRTH_DATE:
        content = replace(content, birth_date=person.birth_date + timedelta(days=1))
    elif document.tampering is Tampering.OTHER_SEX:
        other = Sex.MALE if content.sex is Sex.FEMALE else Sex.FEMALE
        content = replace(content, sex=other)
    lines = list(encode(content))
    if document.tampering is Tampering.CHECK_DIGIT:
        line, position = (1, 9) if content.template is Template.TD3 else (0, 14)
        wrong = str((int(lines[line][position]) + 1) % 10)
        lines[line] = lines[line][:position] + wrong + lines[line][position + 1 :]
    elif document.tampering is Tampering.TRUNCATED:
        lines[1] = lines[1][:-5]
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class Scan:
    """What a reader sends of a document."""

    lines: tuple[str, ...] = field(repr=False)
    pages: tuple[Picture, ...] = ()


def scan_of(person: Person, document: Document, today: date) -> Scan:
    """What the reader sends of what the person presents."""
    lines, pages = mrz_lines(person, document, today), document.pages
    if pages is None:
        return Scan(lines)
    return Scan(lines if pages.lines else (), _pictures(person, document, pages, lines))


def _pictures(
    person: Person, document: Document, how: Pages, lines: tuple[str, ...]
) -> tuple[Picture, ...]:
    kind = _KINDS[document.document_class]
    condition = Condition(wear=how.wear, glare=how.glare, tilt=how.tilt, blur=how.blur)
    return tuple(
        Picture(
            MediaType.JPEG,
            as_jpeg(
                render_page(
                    person,
                    kind,
                    mrz=lines,
                    light=light,
                    side=side,
                    condition=condition,
                    forgery=how.forgery,
                    seed=how.seed,
                ).rgb,
                _JPEG_QUALITY,
            ),
            Light(light.value),
        )
        for side in kind.sides  # a card's portrait is on the other side than its zone
        for light in how.lights
    )


def record_line(
    person: Person, record: Record, document: Document, now: datetime
) -> dict[str, Any]:
    """The person's line of a records file (docs/records.md)."""
    today = now.date()
    printed = _content(person, document, today)
    line: dict[str, Any] = {
        "person_id": person.id,
        "surname": person.surname,
        "given_names": person.given_names,
        "birth_date": person.birth_date.isoformat(),
        "sex": person.sex.value,
        "nationality": person.nationality,
        "documents": [
            {
                "document_class": document.document_class.value,
                "issuer": printed.issuer,
                "number": printed.document_number,
                "expires_on": _expiry(document, today).isoformat(),
                "status": record.document_status.value,
            }
        ],
        "memberships": [
            {
                "program": membership.program.value,
                "status": membership.status.value,
                "valid_from": start.isoformat(),
                "valid_until": end.isoformat(),
            }
            for membership in record.memberships
            for start, end in (_period(membership.validity, today),)
        ],
        "refreshed_at": (now - record.age).isoformat(),
    }
    if record.portrait:
        line["portrait"] = base64.b64encode(portrait(person)).decode()
    return line


def population_lines(book: tuple[Scenario, ...], now: datetime) -> list[dict[str, Any]]:
    """The records file of a port where all scenarios can happen: everybody has a record but
    those whom a scenario leaves out."""
    by_person = {scenario.traveler: scenario for scenario in book}
    lines = []
    for person in PEOPLE:
        scenario = by_person.get(person.id)
        record = scenario.record if scenario else Record()
        document = scenario.document if scenario else Document()
        if record.present:
            lines.append(record_line(person, record, document, now))
    return lines


def person_of(person_id: str) -> Person:
    """The person with this id."""
    return next(person for person in PEOPLE if person.id == person_id)


def _content(person: Person, document: Document, today: date) -> MRZContent:
    kind = _KINDS[document.document_class]
    number, expiry = document_number(person), _expiry(document, today)
    return specimen_content(person, kind, number=number, expiry=expiry)


def _expiry(document: Document, today: date) -> date:
    return (
        today - timedelta(days=30) if document.validity is Validity.EXPIRED else today + 4 * _YEAR
    )


def _period(validity: Validity, today: date) -> tuple[date, date]:
    match validity:
        case Validity.CURRENT:
            return today - 2 * _YEAR, today + 3 * _YEAR
        case Validity.EXPIRED:
            return today - 6 * _YEAR, today - timedelta(days=10)
        case Validity.FUTURE:
            return today + timedelta(days=10), today + 5 * _YEAR
