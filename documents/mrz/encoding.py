"""Print typed fields as the lines of a machine-readable zone; simulators make documents with it."""

from dataclasses import dataclass
from datetime import date

from documents.mrz.alphabet import DIGITS, FILLER, LETTERS
from documents.mrz.check_digits import check_digit
from documents.mrz.dates import PartialDate
from documents.mrz.document_class import EXPECTED_FIRST_LETTERS
from documents.mrz.layouts import (
    FRENCH_ID,
    MRV_A,
    MRV_B,
    TD1,
    TD2,
    TD3,
    Field,
    Layout,
    Span,
    Template,
    select_layout,
)
from documents.mrz.name_truncation import cut, print_names
from documents.mrz.reading import FieldStatus, MRZReading, Sex
from documents.mrz.transliteration import UntransliterableError, transliterate

_SIZES = {layout.template: layout for layout in (TD1, TD2, TD3, MRV_A, MRV_B, FRENCH_ID)}
_SEXES = {Sex.FEMALE: "F", Sex.MALE: "M", Sex.UNSPECIFIED: FILLER}


class EncodingError(ValueError):
    """Content that no machine-readable zone can print; names the field, never its content."""

    def __init__(self, field: Field, reason: str) -> None:
        super().__init__(f"{field.value}: {reason}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class MRZContent:
    """What to print. Names may carry diacritics and punctuation; codes are given without fillers.

    birth_date: a PartialDate where parts are unknown. expiry_date: None where the document
    prints none. optional_data: the personal number of TD3, the first optional field of TD1.
    optional_data_2 is for TD1; department and office, three characters each, are for the old
    French card, which has no nationality, expiry date and optional data.
    """

    template: Template
    document_code: str
    issuer: str
    document_number: str
    surname: str
    given_names: str = ""
    nationality: str = ""
    birth_date: date | PartialDate
    sex: Sex
    expiry_date: date | None = None
    optional_data: str = ""
    optional_data_2: str = ""
    department: str = ""
    office: str = ""

    def __repr__(self) -> str:
        return f"MRZContent({self.template.value})"


def encode(content: MRZContent) -> tuple[str, ...]:
    """Return the two or three lines of a document, check digits included.

    Long document numbers continue in the optional data, long names are truncated, names are
    transliterated (9303-3 section 6). An empty personal number gets the check digit 0.

    Raises EncodingError on what cannot be printed.
    """
    size = _SIZES[content.template]
    code = _plain(Field.DOCUMENT_CODE, content.document_code, 2)
    issuer = _plain(Field.ISSUER, content.issuer, 3, LETTERS)
    if not code or code[0] not in EXPECTED_FIRST_LETTERS[content.template]:
        raise EncodingError(Field.DOCUMENT_CODE, "does not belong to this template")
    start = code.ljust(2, FILLER) + issuer.ljust(3, FILLER)
    layout = select_layout(size.line_count, size.line_length, start)
    if layout is None or layout.template is not content.template:
        raise EncodingError(Field.DOCUMENT_CODE, "with this issuer means another template")
    page = _Page(layout)
    page.put(Field.DOCUMENT_CODE, code)
    page.put(Field.ISSUER, issuer)
    _put_numbers(page, content)
    _put_names(page, content)
    page.put(Field.BIRTH_DATE, _birth_date(content.birth_date))
    page.put(Field.SEX, _SEXES[content.sex])
    page.put(Field.EXPIRY_DATE, f"{content.expiry_date:%y%m%d}" if content.expiry_date else "")
    page.put(
        Field.NATIONALITY,
        _plain(Field.NATIONALITY, content.nationality, 3, LETTERS),
    )
    for field, text in (
        (Field.OPTIONAL_DATA_2, content.optional_data_2),
        (Field.DEPARTMENT, content.department),
        (Field.OFFICE, content.office),
    ):
        page.put(field, _plain(field, text, page.width(field)))
    return page.finish()


def content_of(reading: MRZReading) -> MRZContent | None:
    """Return what prints a reading's lines again, or None when a field of it is unfit for that.

    Problems of check digits do not count: `encode` prints the right ones.
    """
    names, born, sex = reading.names.value, reading.birth_date.value, reading.sex.value
    number, issuer = reading.document_number.value, reading.issuer.value
    if any(field.status is FieldStatus.INVALID for field in reading.fields):
        return None
    if not (names and names.primary and born and sex and number and issuer):
        return None
    year = born.years[0] if born.years else None
    nationality = reading.nationality.value
    return MRZContent(
        template=reading.template,
        document_code=reading.document_code.value or "",
        issuer=issuer.code,
        document_number=number,
        surname=names.primary,
        given_names=names.secondary,
        nationality=nationality.code if nationality else "",
        birth_date=PartialDate(year, born.month, born.day),
        sex=sex,
        expiry_date=reading.expiry_date.value,
        optional_data=reading.optional_data.value or "",
        optional_data_2=reading.optional_data_2.value or "",
        department=reading.french.department if reading.french else "",
        office=reading.french.office if reading.french else "",
    )


class _Page:
    """The positions of a document while it is printed."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self._lines = [FILLER * layout.line_length] * layout.line_count
        self._without_digit = {Field.DOCUMENT_NUMBER} if layout.bare_number else set[Field]()

    def width(self, field: Field) -> int:
        """The number of positions of a field; 0 where the template has none."""
        span = self.layout.fields.get(field)
        return span.length if span else 0

    def put(self, field: Field, text: str) -> None:
        span = self.layout.fields.get(field)
        if span is not None:
            self._write(span, text.ljust(span.length, FILLER))
        elif text:
            raise EncodingError(field, "is not printed on this template")

    def leave_without_digit(self, field: Field) -> None:
        """Leave a filler where the check digit of a field would stand."""
        self._without_digit.add(field)

    def finish(self) -> tuple[str, ...]:
        """Print the check digits, composite last, and return the lines."""
        for field, check in self.layout.checks.items():
            if field not in self._without_digit:
                covered = "".join(span.of(self._lines) for span in check.covers)
                self._write(check.digit, check_digit(covered))
        return tuple(self._lines)

    def _write(self, span: Span, text: str) -> None:
        line = self._lines[span.line - 1]
        self._lines[span.line - 1] = line[: span.first - 1] + text + line[span.last :]


def _plain(
    field: Field, text: str, width: int, allowed: frozenset[str] = DIGITS | LETTERS | {FILLER}
) -> str:
    """Text as it is printed, capitals, with fillers for spaces and hyphens."""
    printed = text.upper().replace(" ", FILLER).replace("-", FILLER)
    if not text.isascii() or not allowed.issuperset(printed):
        raise EncodingError(field, "holds a character that cannot be printed there")
    if len(printed) > width:
        reason = f"is longer than {width} characters" if width else "has no place here"
        raise EncodingError(field, reason)
    return printed


def _put_numbers(page: _Page, content: MRZContent) -> None:
    """Print the document number and the optional data, in which a long one continues."""
    layout, width = page.layout, page.width(Field.DOCUMENT_NUMBER)
    longest = width
    if layout.long_numbers:
        # The check digit and a filler follow it.
        longest += page.width(Field.OPTIONAL_DATA) - 2
    number = _plain(Field.DOCUMENT_NUMBER, content.document_number, longest)
    if not number.strip(FILLER):
        raise EncodingError(Field.DOCUMENT_NUMBER, "is empty")
    continuation = ""
    if len(number) > width:
        if FILLER in number[width - 1 :]:
            reason = "has a space or hyphen where a long number must be continuous"
            raise EncodingError(Field.DOCUMENT_NUMBER, reason)
        continuation = number[width:] + check_digit(number) + FILLER
        page.leave_without_digit(Field.DOCUMENT_NUMBER)
    page.put(Field.DOCUMENT_NUMBER, number[:width])
    room = page.width(Field.OPTIONAL_DATA) - len(continuation)
    optional = _plain(Field.OPTIONAL_DATA, content.optional_data, max(room, 0))
    page.put(Field.OPTIONAL_DATA, continuation + optional)


def _put_names(page: _Page, content: MRZContent) -> None:
    # A person with one name has it as the primary identifier (9303-3 section 4.6).
    surname, given_names = content.surname, content.given_names
    primary = _letters(Field.NAMES, surname)
    if not primary:
        primary, given_names = _letters(Field.GIVEN_NAMES, given_names), ""
    if not primary:
        raise EncodingError(Field.NAMES, "are empty")
    width = page.width(Field.NAMES)
    if page.layout.template is not Template.FRENCH_ID:
        secondary = _letters(Field.GIVEN_NAMES, given_names)
        page.put(Field.NAMES, print_names(primary, secondary, width))
        return
    page.put(Field.NAMES, cut(primary, width))
    given = [_letters(Field.GIVEN_NAMES, name) for name in given_names.split()]
    printed = (FILLER * 2).join(name for name in given if name)
    page.put(Field.GIVEN_NAMES, printed[: page.width(Field.GIVEN_NAMES)])


def _letters(field: Field, name: str) -> str:
    try:
        return transliterate(name)
    except UntransliterableError as error:
        raise EncodingError(field, str(error)) from None


def _birth_date(born: date | PartialDate) -> str:
    if (born.month is not None and not 1 <= born.month <= 12) or (
        born.day is not None and not 1 <= born.day <= 31
    ):
        raise EncodingError(Field.BIRTH_DATE, "is no date")
    return "".join(
        FILLER * 2 if part is None else f"{part % 100:02}"
        for part in (born.year, born.month, born.day)
    )
