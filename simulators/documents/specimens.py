"""What a specimen of each kind says in its machine-readable zone."""

from dataclasses import dataclass
from datetime import date

from documents.mrz import MRZContent, Sex, encode
from simulators.documents.kinds import DocumentKind
from simulators.people import Person


@dataclass(frozen=True, slots=True)
class _Print:
    code: str
    issuer: str | None  # None: the holder's nationality


# The codes that documents.mrz.document_class knows these kinds by.
_PRINTS = {
    DocumentKind.PASSPORT: _Print("P", None),
    DocumentKind.PASSPORT_CARD: _Print("IP", "USA"),
    DocumentKind.NEXUS: _Print("IN", "USA"),
    DocumentKind.SENTRI: _Print("IS", "USA"),
    DocumentKind.GLOBAL_ENTRY: _Print("IG", "USA"),
    DocumentKind.PERMANENT_RESIDENT_CARD: _Print("C1", "USA"),
}


def specimen_lines(
    person: Person, kind: DocumentKind, *, number: str, expiry: date
) -> tuple[str, ...]:
    """The lines of a document of this kind for a fictitious person."""
    return encode(specimen_content(person, kind, number=number, expiry=expiry))


def specimen_content(
    person: Person, kind: DocumentKind, *, number: str, expiry: date
) -> MRZContent:
    """What these lines say."""
    how = _PRINTS[kind]
    return MRZContent(
        template=kind.template,
        document_code=how.code,
        issuer=how.issuer or person.nationality,
        document_number=number,
        surname=person.surname,
        given_names=person.given_names,
        nationality=person.nationality,
        birth_date=person.birth_date,
        sex=Sex(person.sex.value),
        expiry_date=expiry,
    )
