"""A traveler's record as the record authority gave it, opened.

Nothing here shows its content in a `repr`: it identifies a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from documents.mrz import PartialDate
from kiosk_api.core.evidence import DocumentClass, DocumentStatus, MembershipFacts

_BIRTH_DATE = re.compile(r"([0-9]{4}|\?{4})-([0-9]{2}|\?\?)-([0-9]{2}|\?\?)", re.ASCII)
_SOME_LEAP_YEAR = 2000  # 29 February stays possible where the year is unknown


class Sex(StrEnum):
    """Sex as documents print it; X is "unspecified" (ICAO Doc 9303-4, 4.1.1.1)."""

    FEMALE = "F"
    MALE = "M"
    UNSPECIFIED = "X"


@dataclass(frozen=True, slots=True, repr=False)
class Biographics:
    """Who the person is."""

    surname: str
    given_names: str  # "" when the person has one name only
    birth_date: PartialDate
    sex: Sex
    nationality: str  # normalised code of ICAO Doc 9303-3 section 5


@dataclass(frozen=True, slots=True, repr=False)
class StoredDocument:
    """A document that the authority knows this person by."""

    document_class: DocumentClass
    issuer: str  # normalised code of ICAO Doc 9303-3 section 5
    number: str  # as the authority writes it
    expires_on: date | None  # None: never expires, or the authority does not know
    status: DocumentStatus


@dataclass(frozen=True, slots=True, repr=False)
class StoredTemplate:
    """The biometric reference: the bytes of `biometrics.results.FaceTemplate`, and their model."""

    model: str
    data: bytes


@dataclass(frozen=True, slots=True, repr=False)
class TravelerRecord:
    """Everything about one person but the portrait."""

    person_id: str  # the authority's opaque id
    biographics: Biographics
    documents: tuple[StoredDocument, ...]
    memberships: tuple[MembershipFacts, ...]
    template: StoredTemplate | None  # None: nothing to compare with, so the person is referred
    refreshed_at: datetime  # aware; when the authority last confirmed this record

    def __repr__(self) -> str:
        return f"TravelerRecord({self.person_id!r}, hidden)"


def parse_birth_date(text: str) -> PartialDate:
    """Read "1974-05-06", with "????" or "??" for what the authority does not know.

    Raises:
        ValueError: not of this form, or a date of no calendar. The message holds no content.
    """
    parts = _BIRTH_DATE.fullmatch(text)
    if parts is None:
        raise ValueError("not a date")
    year, month, day = (None if "?" in part else int(part) for part in parts.groups())
    try:
        # A month that is unknown may have 31 days.
        date(_SOME_LEAP_YEAR if year is None else year, month or 1, day or 1)
    except ValueError:
        raise ValueError("not a date") from None
    if month == 0 or day == 0:
        raise ValueError("not a date")
    return PartialDate(year, month, day)


def format_birth_date(born: PartialDate) -> str:
    """Write what `parse_birth_date` reads."""
    year = "????" if born.year is None else f"{born.year:04}"
    month = "??" if born.month is None else f"{born.month:02}"
    day = "??" if born.day is None else f"{born.day:02}"
    return f"{year}-{month}-{day}"


def comparable_number(number: str) -> str:
    """Reduce a document number to what every printing of it shares: its letters and digits.

    An MRZ replaces hyphens and spaces by fillers (ICAO Doc 9303-3, 4.6).
    """
    return "".join(char for char in number.upper() if char.isascii() and char.isalnum())
