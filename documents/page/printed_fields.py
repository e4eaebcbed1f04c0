"""What printed text may mean: labels, dates, and characters that look alike.

Labels and months in English, French, Spanish, German and Portuguese; a page whose labels are in
none of them yields no field by label and is not concluded from.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from unicodedata import combining, normalize


class Label(StrEnum):
    """What stands beside a label; OTHER are fields that are not compared."""

    NUMBER = "document_number"
    SURNAME = "surname"
    GIVEN_NAMES = "given_names"
    BIRTH_DATE = "birth_date"
    EXPIRY_DATE = "expiry_date"
    SEX = "sex"
    OTHER = "other"


# The first row that fits wins. Text is folded: upper case, no accents, nothing but letters and
# digits, because OCR loses the spaces of small print.
_LABELS: tuple[tuple[re.Pattern[str], Label], ...] = (
    (re.compile(r"PLACE|LIEU|LUGAR|GEBURTSORT|LOCALDE|NAMEATBIRTH|GEBURTSNAME"), Label.OTHER),
    (re.compile(r"ISSUE|DELIVR|EXPEDIC|EMISI|EMISS|AUSSTELL|ISSUING|OTORG"), Label.OTHER),
    (
        re.compile(r"EXPIR|VALIDUNTIL|VALIDTO|CADUC|VENCIM|GULTIG|VALABLE|VALIDADE"),
        Label.EXPIRY_DATE,
    ),
    (
        re.compile(
            r"OFBIRTH|NAISSANCE|NACIMIENTO|GEBURTSTAG|GEBURTSDATUM|NASCIMENTO|BIRTHDATE|^DOB"
        ),
        Label.BIRTH_DATE,
    ),
    (
        re.compile(
            r"PERSONAL|AUTHORITY|AUTORI|BEHORDE|SIGNATUR|FIRMA|NATIONALI|NACIONALI|CITIZEN|"
            r"HEIGHT|TAILLE|ESTATURA|COUNTRY|RESIDEN|HOLDER|TITULA|SINCE|CATEGOR|USCIS|"
            r"BEARER|FORMER|PREVIOUS"
        ),
        Label.OTHER,
    ),
    (re.compile(r"GIVENNAME|FORENAME|PRENOM|NOMBRE|VORNAME|FIRSTNAME|PRENOME"), Label.GIVEN_NAMES),
    (
        re.compile(r"SURNAME|APELLID|NACHNAME|LASTNAME|FAMILYNAME|APELIDO|^NOM$|NAMENOM"),
        Label.SURNAME,
    ),
    (
        re.compile(
            r"^(PASSPORT|PASSEPORT|DOCUMENT|CARD|PASS|PASAPORTE|IDENTITYCARD|CARTE)"
            r"(NO|NR|NUM|NUMBER)|PASSPORTNO|PASSPORTNUM|DOCUMENTNO|NODEPASSEPORT|CARDNO|"
            r"DOCUMENTNUM|NUMERODEPASAP"
        ),
        Label.NUMBER,
    ),
    (re.compile(r"^SEX|SEXE$|SEXO$|GESCHLECHT|^GENDER"), Label.SEX),
)


def fold(text: str) -> str:
    """Return upper case letters and digits, without accents, spaces and punctuation."""
    return "".join(
        char for char in normalize("NFKD", text.upper()) if char.isalnum() and not combining(char)
    )


def label_of(text: str) -> Label | None:
    """Return which field a label announces; None for what is no label."""
    folded = fold(text)
    if len(folded) > 90 or (len(folded) < 3):
        return None
    return next((label for pattern, label in _LABELS if pattern.search(folded)), None)


# --- characters that look alike ------------------------------------------------------------

# Between letters and digits, where OCR has nothing but the context to go by. Two digits are never
# alike here: an altered digit would be excused.
_ALIKE = ("O0QD", "I1L", "B8", "S5", "Z2", "G6", "UV")


def alike(a: str, b: str) -> bool:
    """Say whether OCR may take one character for the other."""
    return a == b or any(a in group and b in group for group in _ALIKE)


# --- dates ---------------------------------------------------------------------------------

_MONTHS: dict[str, int] = {}
for _number, _names in enumerate(
    (
        "JAN JANUARY JANVIER ENE ENERO JANUAR JANEIRO",
        "FEB FEBRUARY FEV FEVRIER FEBRERO FEBRUAR FEVEREIRO",
        "MAR MARCH MARS MARZO MARZ MRZ MARCO",
        "APR APRIL AVR AVRIL ABR ABRIL",
        "MAY MAI MAYO MAIO",
        "JUN JUNE JUIN JUNIO JUNI JUNHO",
        "JUL JULY JUIL JUILLET JULIO JULI JULHO",
        "AUG AUGUST AOU AOUT AGO AGOSTO",
        "SEP SEPT SEPTEMBER SEPTEMBRE SEPTIEMBRE SETIEMBRE SET SETEMBRO",
        "OCT OCTOBER OCTOBRE OCTUBRE OKT OKTOBER OUT OUTUBRO",
        "NOV NOVEMBER NOVEMBRE NOVIEMBRE NOVEMBRO",
        "DEC DECEMBER DECEMBRE DIC DICIEMBRE DEZ DEZEMBER DEZEMBRO",
    ),
    start=1,
):
    for _name in _names.split():
        _MONTHS[_name] = _number

_WORD = r"([A-Z]{3,10})\.?"
_GAP = r"[\s.,/\-]{0,3}"
_NAMED = re.compile(
    rf"(?<![0-9])(\d{{1,2}}){_GAP}{_WORD}(?:{_GAP}[A-Z]{{3,10}}\.?)?{_GAP}(\d{{4}}|\d{{2}})(?![0-9])"
)
_NAMED_MONTH_FIRST = re.compile(rf"(?<![A-Z]){_WORD}{_GAP}(\d{{1,2}}){_GAP}(\d{{4}})(?![0-9])")
_DAY_FIRST = re.compile(r"(?<![0-9])(\d{2})\s?([./\- ])\s?(\d{2})\s?\2\s?(\d{4}|\d{2})(?![0-9])")
_YEAR_FIRST = re.compile(r"(?<![0-9])(\d{4})\s?([./\- ])\s?(\d{2})\s?\2\s?(\d{2})(?![0-9])")
_FIRST_YEAR, _LAST_YEAR = 1880, 2100


@dataclass(frozen=True, slots=True, repr=False)
class PrintedDate:
    """A date in one of the usual printed forms.

    readings: (year, month, day) that it can mean; two for 03/04/2001, which the order of day and
    month leaves open. A year of two digits is below 100. span: where it stands in the text.
    """

    readings: tuple[tuple[int, int, int], ...]
    span: tuple[int, int]

    @property
    def as_zone(self) -> frozenset[str]:
        """The readings as a machine-readable zone prints them, YYMMDD."""
        return frozenset(
            f"{year % 100:02d}{month:02d}{day:02d}" for year, month, day in self.readings
        )


def dates_in(text: str) -> list[PrintedDate]:
    """Return the dates of a text, none of them twice; only those of a calendar."""
    plain = _unaccented(text)
    found: list[PrintedDate] = []

    def add(match: re.Match[str], *readings: tuple[int, int, int]) -> None:
        true = tuple(r for r in readings if _possible(*r))
        start, end = match.span()
        if true and not any(start < b and a < end for a, b in (f.span for f in found)):
            found.append(PrintedDate(tuple(dict.fromkeys(true)), (start, end)))

    for match in _NAMED.finditer(plain):
        month = _month(match[2])
        if month:
            add(match, (int(match[3]), month, int(match[1])))
    for match in _NAMED_MONTH_FIRST.finditer(plain):
        month = _month(match[1])
        if month:
            add(match, (int(match[3]), month, int(match[2])))
    for match in _YEAR_FIRST.finditer(plain):
        add(match, (int(match[1]), int(match[3]), int(match[4])))
    for match in _DAY_FIRST.finditer(plain):
        day, month, year = int(match[1]), int(match[3]), int(match[4])
        swapped = ((year, day, month),) if match[2] == "/" else ()
        add(match, (year, month, day), *swapped)
    return found


def _month(word: str) -> int | None:
    """The month of a word; of two languages run together ("AUGAOUT") the first counts."""
    if word in _MONTHS:
        return _MONTHS[word]
    starts = {_MONTHS[word[:n]] for n in (3, 4) if word[:n] in _MONTHS}
    return starts.pop() if len(starts) == 1 and word[3:] in ("", *_MONTHS) else None


def _unaccented(text: str) -> str:
    """Upper case without accents, character for character, so that places stay the same."""
    return "".join((normalize("NFKD", char.upper()) or char)[0] for char in text)


def _possible(year: int, month: int, day: int) -> bool:
    if year >= 100 and not _FIRST_YEAR <= year <= _LAST_YEAR:
        return False
    try:
        date(year if year >= 100 else 2000 + year, month, day)
    except ValueError:
        return False
    return True
