"""Whether a document and the record of its holder say the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeVar, assert_never

from documents.mrz import (
    BirthDate,
    FieldReading,
    FieldStatus,
    MRZReading,
    NameAgreement,
    Names,
    PartialDate,
    Sex,
    names_agree,
)
from kiosk_api.core.evidence import Agreement, NoRecord, RecordFacts
from kiosk_api.records.model import Biographics
from kiosk_api.records.model import Sex as KnownSex
from kiosk_api.records.repository import FoundRecord

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, repr=False)
class DocumentClaims:
    """What a document says of its holder; None for what it does not say, or not legibly."""

    names: Names | None
    birth_date: BirthDate | None
    sex: Sex | None
    nationality: str | None  # normalised code of ICAO Doc 9303-3 section 5
    expires_on: date | None


def claims_of(reading: MRZReading) -> DocumentClaims:
    """Take the claims from a machine-readable zone, without fields that cannot be right."""
    nationality = _value(reading.nationality)
    return DocumentClaims(
        names=_value(reading.names),
        birth_date=_value(reading.birth_date),
        sex=_value(reading.sex),
        nationality=None if nationality is None else nationality.normalised,
        expires_on=_value(reading.expiry_date),
    )


def facts(found: FoundRecord | None, claims: DocumentClaims) -> RecordFacts | NoRecord:
    """Compare a look-up's answer with the claims of the document that was looked up."""
    if found is None:
        return NoRecord()
    record = found.record
    who = record.biographics
    return RecordFacts(
        document_status=found.document.status,
        name=_name(claims.names, who),
        birth_date=_birth_date(claims.birth_date, who.birth_date),
        sex=_sex(claims.sex, who.sex),
        nationality=_equal(claims.nationality, who.nationality),
        expiry=_equal(claims.expires_on, found.document.expires_on),
        memberships=record.memberships,
        refreshed_at=record.refreshed_at,
    )


def _value(field: FieldReading[_T]) -> _T | None:
    return None if field.status is FieldStatus.INVALID else field.value


def _name(printed: Names | None, who: Biographics) -> Agreement:
    if printed is None:
        return Agreement.CANNOT_TELL
    agreement = names_agree(printed, who.surname, who.given_names)
    match agreement:
        case NameAgreement.AGREE:
            return Agreement.AGREE
        case NameAgreement.DISAGREE:
            return Agreement.DISAGREE
        case NameAgreement.CANNOT_TELL:
            return Agreement.CANNOT_TELL
        case _:
            assert_never(agreement)


def _birth_date(printed: BirthDate | None, known: PartialDate) -> Agreement:
    """Parts that both know must be equal; only two complete dates can agree."""
    if printed is None:
        return Agreement.CANNOT_TELL
    differs = (
        (known.year is not None and bool(printed.years) and known.year not in printed.years)
        or (None not in (known.month, printed.month) and known.month != printed.month)
        or (None not in (known.day, printed.day) and known.day != printed.day)
    )
    if differs:
        return Agreement.DISAGREE
    complete = bool(printed.years) and None not in (
        known.year,
        known.month,
        known.day,
        printed.month,
        printed.day,
    )
    return Agreement.AGREE if complete else Agreement.CANNOT_TELL


def _sex(printed: Sex | None, known: KnownSex) -> Agreement:
    """Only one letter against the other disagrees; "unspecified" contradicts neither."""
    if printed is None:
        return Agreement.CANNOT_TELL
    if printed.value == known.value:
        return Agreement.AGREE
    if printed is Sex.UNSPECIFIED or known is KnownSex.UNSPECIFIED:
        return Agreement.CANNOT_TELL
    return Agreement.DISAGREE


def _equal(printed: _T | None, known: _T | None) -> Agreement:
    if printed is None or known is None:
        return Agreement.CANNOT_TELL
    return Agreement.AGREE if printed == known else Agreement.DISAGREE
