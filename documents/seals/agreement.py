"""Whether a seal and a machine-readable zone speak of the same person and document.

A valid seal proves that a State sealed its content, not that it belongs on this page: a copied
seal is valid everywhere. So its content is compared with what the page says.
"""

from dataclasses import dataclass
from datetime import date

from documents.mrz import (
    Field,
    FieldReading,
    FieldStatus,
    MRZReading,
    MRZUnreadable,
    NameAgreement,
    Names,
    Template,
    names_agree,
    parse,
)
from documents.seals.vds import VDS
from documents.seals.vds_nc import VDSNC

_LONGEST_NAME = 39
"""Characters that a VDS-NC has for a name, as a passport's MRZ has."""

_MOST_WORDS = 20


@dataclass(frozen=True, slots=True)
class Comparison:
    """Names of fields, as `documents.mrz.Field` has them, in the order of comparison.

    compared: what both say. disagreeing: what they say differently, a part of `compared`.
    A seal without anything to compare agrees with every document: look at `compared` too.
    """

    compared: tuple[str, ...]
    disagreeing: tuple[str, ...]


def seal_agrees_with(seal: VDS | VDSNC, reading: MRZReading) -> tuple[str, ...]:
    """Return the names of the fields in which a seal and an MRZ disagree; empty for none."""
    return compare_seal(seal, reading).disagreeing


def compare_seal(seal: VDS | VDSNC, reading: MRZReading) -> Comparison:
    """Compare field by field what both a seal and an MRZ say.

    A field that either does not have, or that cannot be told (a truncated name), is not compared.
    """
    if isinstance(seal, VDSNC):
        return _collect(_person_fields(seal, reading))
    lines = seal.mrz_lines
    if lines is None:
        return _collect(_passport_fields(seal, reading))
    # The century of a date plays no part: the six characters are compared.
    sealed = parse(lines, today=seal.signed_on)
    if isinstance(sealed, MRZUnreadable):
        return Comparison((), ())
    if sealed.template is reading.template:
        return _collect(_printed_fields(sealed, reading, seal.mrz_sealed))
    # The zone of another page of the same person, a passport's beside a visa's seal.
    return _collect(
        [*_same_person_fields(sealed, reading), *_passport_fields(seal, reading)],
    )


_Answer = tuple[Field, bool | None]
"""A field, and whether both agree: None when there is nothing to compare."""


def _collect(answers: list[_Answer]) -> Comparison:
    told = [(field.value, agree) for field, agree in answers if agree is not None]
    return Comparison(
        tuple(name for name, _ in told), tuple(name for name, agree in told if not agree)
    )


def _printed_fields(sealed: MRZReading, reading: MRZReading, sealed_to: int) -> list[_Answer]:
    """Compare two zones of one template position by position."""
    return [
        (mine.field, mine.raw == other.raw)
        for mine, other in zip(sealed.fields, reading.fields, strict=True)
        if mine.spans
        and all(span.line == 1 or span.last <= sealed_to for span in (*mine.spans, *other.spans))
    ]


def _same_person_fields(sealed: MRZReading, reading: MRZReading) -> list[_Answer]:
    return [
        (Field.NAMES, _names(reading, sealed.names.value)),
        (Field.NATIONALITY, _same(sealed.nationality, reading.nationality)),
        (Field.BIRTH_DATE, _same(sealed.birth_date, reading.birth_date)),
        (Field.SEX, _same(sealed.sex, reading.sex)),
    ]


def _passport_fields(seal: VDS, reading: MRZReading) -> list[_Answer]:
    if reading.template is not Template.TD3 or not seal.passport_number:
        return []
    return [(Field.DOCUMENT_NUMBER, _number(reading, seal.passport_number))]


def _person_fields(seal: VDSNC, reading: MRZReading) -> list[_Answer]:
    person = seal.person
    same_document = person.document_type[:1] in ("", (reading.document_code.value or "")[:1])
    number = person.document_number if same_document else ""
    sex = reading.sex.value
    return [
        (Field.DOCUMENT_NUMBER, _number(reading, number) if number else None),
        (Field.NAMES, _names_of_text(reading, person.name)),
        (Field.BIRTH_DATE, _born(reading, person.birth_date)),
        (
            Field.SEX,
            sex.value == person.sex if sex is not None and person.sex in ("F", "M", "X") else None,
        ),
    ]


def _same(sealed: FieldReading[object], printed: FieldReading[object]) -> bool | None:
    """Whether two fields hold the same characters; None when one of them is missing."""
    return sealed.raw == printed.raw if sealed.raw and printed.raw else None


def _number(reading: MRZReading, number: str) -> bool | None:
    printed = reading.document_number.value
    return _plain(printed) == _plain(number) if printed else None


def _plain(number: str) -> str:
    return "".join(character for character in number.upper() if character.isalnum())


def _born(reading: MRZReading, born: date | None) -> bool | None:
    printed = reading.birth_date
    if born is None or printed.value is None or printed.status is FieldStatus.UNKNOWN:
        return None
    return printed.value.could_be(born)


def _names(reading: MRZReading, sealed: Names | None) -> bool | None:
    printed = reading.names.value
    if printed is None or sealed is None:
        return None
    answers = [
        names_agree(printed, sealed.primary, sealed.secondary),
        # The seal's may be the shortened one.
        names_agree(sealed, printed.primary, printed.secondary) if sealed.truncated else None,
    ]
    if NameAgreement.AGREE in answers:
        return True
    return None if NameAgreement.CANNOT_TELL in answers else False


def _names_of_text(reading: MRZReading, text: str) -> bool | None:
    """Compare the name of a VDS-NC, whose identifiers stand two spaces (or fillers) apart.

    Some issuers write a single space there: then any place between two words may be meant.
    """
    # A truncated name fills its 39 characters.
    truncated = len(text) >= _LONGEST_NAME
    parts = [part.split() for part in text.replace("<", " ").split("  ") if part.strip()]
    if not parts or sum(map(len, parts)) > _MOST_WORDS:
        return None
    if len(parts) > 1:
        primary, secondary = parts[0], [word for part in parts[1:] for word in part]
        splits = [(primary, secondary)]
    else:
        words = parts[0]
        splits = [(words[:place], words[place:]) for place in range(1, len(words) + 1)]
    answers = {
        _names(reading, Names(" ".join(primary), " ".join(secondary), truncated))
        for primary, secondary in splits
    }
    if True in answers:
        return True
    return None if None in answers else False
