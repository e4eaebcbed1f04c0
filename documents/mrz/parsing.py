"""Read a machine-readable zone exactly as it is printed.

Nothing is repaired: a wrong character makes a problem, a failed check, or both. There is no clock
here; the day of reading is an argument because two digits of a year mean nothing without it.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TypeVar

from documents.mrz.alphabet import DIGITS, FILLER, LETTERS, foreign_positions
from documents.mrz.check_digits import check_digit
from documents.mrz.codes import CodeKind, IssuerCode, look_up
from documents.mrz.dates import BirthDate, PartialDate, read_birth_date, read_expiry_date
from documents.mrz.document_class import EXPECTED_FIRST_LETTERS, classify
from documents.mrz.document_number import NumberLayout, lay_out_number
from documents.mrz.layouts import LINE_LENGTHS, Field, Layout, Span, Template, select_layout
from documents.mrz.names import Names, split_french_names, split_names
from documents.mrz.problems import Problem, ProblemCode
from documents.mrz.reading import (
    CheckReading,
    CheckStatus,
    FieldReading,
    FieldStatus,
    FrenchExtras,
    MRZReading,
    MRZUnreadable,
    Sex,
)

T = TypeVar("T")

_LETTERS_AND_FILLER = LETTERS | {FILLER}
_SEXES = {
    "F": Sex.FEMALE,
    "M": Sex.MALE,
    FILLER: Sex.UNSPECIFIED,
    # The visual zone's sign; some issuers print it here too.
    "X": Sex.UNSPECIFIED,
}


def parse(lines: Sequence[str] | str, *, today: date) -> MRZReading | MRZUnreadable:
    """Read the two or three lines of a machine-readable zone.

    lines: the lines, or one text with line ends between them. Use `normalise` first for text that
        may hold spaces, lower case or imitations of the filler; here they are foreign characters.
    today: the day of reading, for the century of dates.

    Total: every text has a result and none raises. `MRZUnreadable` is what no template fits.
    """
    if isinstance(lines, str):
        lines = re.split(r"\r\n|\r|\n", lines)
        if lines[-1] == "":
            lines.pop()
    problems = _shape_problems(lines)
    if problems:
        return MRZUnreadable(problems)
    layout = select_layout(len(lines), len(lines[0]), lines[0][:5])
    if layout is None:
        raise AssertionError("lines of a permitted shape have a layout")
    return _Parser(lines, layout, today).read()


def _shape_problems(lines: Sequence[str]) -> tuple[Problem, ...]:
    """What keeps lines from fitting any template."""
    permitted = LINE_LENGTHS.get(len(lines))
    if permitted is None:
        return (Problem(ProblemCode.WRONG_LINE_COUNT, count=len(lines)),)
    lengths = {len(line) for line in lines}
    # Lines that fit different templates: neither can be said to be the right one.
    expected = lengths & permitted if len(lengths & permitted) == 1 else set()
    problems: list[Problem] = []
    for number, line in enumerate(lines, start=1):
        if len(line) not in expected:
            problems.append(Problem(ProblemCode.WRONG_LINE_LENGTH, span=Span(number, 1, len(line))))
        if foreign := foreign_positions(line):
            problems.append(Problem(ProblemCode.FOREIGN_CHARACTER, span=Span(number, *foreign)))
    return tuple(problems)


class _Parser:
    """Collects the problems of one reading while its fields are read."""

    def __init__(self, lines: Sequence[str], layout: Layout, today: date) -> None:
        self._lines = lines
        self._layout = layout
        self._today = today
        self._number = lay_out_number(lines, layout)
        self._problems: list[Problem] = []

    def read(self) -> MRZReading:
        layout = self._layout
        document_class, program = classify(layout.template, self._lines[0][:5])
        checks = tuple(self._checks())
        expiry = self._expiry_date()
        # A date that its digit does not vouch for settles no century.
        vouched = any(
            check.field is Field.EXPIRY_DATE and check.status is CheckStatus.PASS
            for check in checks
        )
        return MRZReading(
            template=layout.template,
            document_class=document_class,
            program=program,
            document_code=self._document_code(),
            issuer=self._code(Field.ISSUER),
            nationality=self._code(Field.NATIONALITY),
            document_number=self._document_number(self._number),
            names=self._names(),
            birth_date=self._birth_date(expiry.value if vouched else None),
            sex=self._sex(),
            expiry_date=expiry,
            optional_data=self._opaque(Field.OPTIONAL_DATA, self._number.optional),
            optional_data_2=self._opaque(
                Field.OPTIONAL_DATA_2, layout.fields.get(Field.OPTIONAL_DATA_2)
            ),
            french=self._french() if layout.template is Template.FRENCH_ID else None,
            checks=checks,
            problems=tuple(self._problems),
        )

    def _checks(self) -> Iterator[CheckReading]:
        for field, check in self._layout.checks.items():
            digit, covers = check.digit, check.covers
            if field is Field.DOCUMENT_NUMBER:
                digit, covers = self._number.check_digit, self._number.number
            printed = digit.of(self._lines)
            covered = "".join(span.of(self._lines) for span in covers)
            computed = check_digit(covered)
            if printed == computed:
                status = CheckStatus.PASS
            elif printed == FILLER:
                status = CheckStatus.ABSENT
                if covered.strip(FILLER):
                    self._problems.append(Problem(ProblemCode.CHECK_DIGIT_ABSENT, field, digit))
            else:
                status = CheckStatus.FAIL
                self._problems.append(Problem(ProblemCode.CHECK_DIGIT_FAILED, field, digit))
            yield CheckReading(field, digit, printed, computed, status)

    def _document_code(self) -> FieldReading[str]:
        span = self._layout.fields[Field.DOCUMENT_CODE]
        raw = span.of(self._lines)
        if raw[0] in EXPECTED_FIRST_LETTERS[self._layout.template]:
            status = FieldStatus.VALID
        else:
            status = FieldStatus.INVALID
            self._problems.append(
                Problem(ProblemCode.DOCUMENT_CODE_UNEXPECTED, Field.DOCUMENT_CODE, span)
            )
        return FieldReading(Field.DOCUMENT_CODE, raw, (span,), status, raw.rstrip(FILLER))

    def _code(self, field: Field) -> FieldReading[IssuerCode]:
        span = self._layout.fields.get(field)
        if span is None:
            return _not_in_template(field)
        raw = span.of(self._lines)
        code = look_up(raw.rstrip(FILLER))
        status = FieldStatus.VALID
        if not code.code:
            self._problems.append(Problem(ProblemCode.CODE_EMPTY, field, span))
            return FieldReading(field, raw, (span,), FieldStatus.ABSENT, None)
        if code.kind is CodeKind.UNKNOWN:
            status = FieldStatus.INVALID
            self._problems.append(Problem(ProblemCode.CODE_UNKNOWN, field, span))
        return FieldReading(field, raw, (span,), status, code)

    def _document_number(self, number: NumberLayout) -> FieldReading[str]:
        raw = "".join(span.of(self._lines) for span in number.number)
        value = raw.rstrip(FILLER)
        status = FieldStatus.VALID
        if number.unterminated:
            status = FieldStatus.INVALID
            self._problems.append(
                Problem(ProblemCode.NUMBER_UNTERMINATED, Field.DOCUMENT_NUMBER, number.check_digit)
            )
        if not value:
            status = FieldStatus.ABSENT
            self._problems.append(
                Problem(ProblemCode.NUMBER_EMPTY, Field.DOCUMENT_NUMBER, number.number[0])
            )
        return FieldReading(
            Field.DOCUMENT_NUMBER, raw, number.number, status, value if value else None
        )

    def _names(self) -> FieldReading[Names]:
        spans = [self._layout.fields[Field.NAMES]]
        if self._layout.template is Template.FRENCH_ID:
            spans.append(self._layout.fields[Field.GIVEN_NAMES])
            names, found = split_french_names(*(span.of(self._lines) for span in spans))
        else:
            names, found = split_names(spans[0].of(self._lines))
        status = FieldStatus.VALID
        if ProblemCode.NAME_EMPTY in found:
            status = FieldStatus.ABSENT
        elif ProblemCode.NAME_MALFORMED in found:
            status = FieldStatus.INVALID
        self._problems += [Problem(code, Field.NAMES, spans[0]) for code in found]
        for span in spans:
            foreign = foreign_positions(span.of(self._lines), _LETTERS_AND_FILLER)
            if foreign:
                status = FieldStatus.INVALID
                self._problems.append(
                    Problem(ProblemCode.CHARACTER_NOT_ALLOWED, Field.NAMES, span.part(*foreign))
                )
        raw = "".join(span.of(self._lines) for span in spans)
        return FieldReading(Field.NAMES, raw, tuple(spans), status, names)

    def _birth_date(self, expiry: date | None) -> FieldReading[BirthDate]:
        span = self._layout.fields[Field.BIRTH_DATE]
        raw = span.of(self._lines)
        found = read_birth_date(raw, today=self._today, expiry=expiry)
        if isinstance(found, ProblemCode):
            return self._invalid(Field.BIRTH_DATE, span, found)
        if found.candidates:
            status = FieldStatus.VALID
        elif raw.strip(FILLER):
            status = FieldStatus.PARTIAL
        else:
            status = FieldStatus.UNKNOWN
        return FieldReading(Field.BIRTH_DATE, raw, (span,), status, found)

    def _sex(self) -> FieldReading[Sex]:
        span = self._layout.fields[Field.SEX]
        raw = span.of(self._lines)
        if raw not in _SEXES:
            return self._invalid(Field.SEX, span, ProblemCode.SEX_UNRECOGNISED)
        return FieldReading(Field.SEX, raw, (span,), FieldStatus.VALID, _SEXES[raw])

    def _expiry_date(self) -> FieldReading[date]:
        span = self._layout.fields.get(Field.EXPIRY_DATE)
        if span is None:
            return _not_in_template(Field.EXPIRY_DATE)
        raw = span.of(self._lines)
        found = read_expiry_date(raw, today=self._today)
        if isinstance(found, ProblemCode):
            return self._invalid(Field.EXPIRY_DATE, span, found)
        status = FieldStatus.VALID if found else FieldStatus.ABSENT
        return FieldReading(Field.EXPIRY_DATE, raw, (span,), status, found)

    def _opaque(self, field: Field, span: Span | None) -> FieldReading[str]:
        """Data for the issuer's own use: trailing fillers go, the rest means what it means."""
        if span is None:
            return _not_in_template(field)
        raw = span.of(self._lines)
        value = raw.rstrip(FILLER)
        status = FieldStatus.VALID if value else FieldStatus.ABSENT
        return FieldReading(field, raw, (span,), status, value or None)

    def _french(self) -> FrenchExtras:
        fields = self._layout.fields
        year_month = fields[Field.DOCUMENT_NUMBER].of(self._lines)[:4]
        issued = None
        if DIGITS.issuperset(year_month) and 1 <= int(year_month[2:]) <= 12:
            # Issued from 1988 to 2021.
            year = int(year_month[:2])
            issued = PartialDate(year + (1900 if year >= 88 else 2000), int(year_month[2:]))
        return FrenchExtras(
            fields[Field.DEPARTMENT].of(self._lines).rstrip(FILLER),
            fields[Field.OFFICE].of(self._lines).rstrip(FILLER),
            issued,
        )

    def _invalid(self, field: Field, span: Span, code: ProblemCode) -> FieldReading[T]:
        self._problems.append(Problem(code, field, span))
        return FieldReading(field, span.of(self._lines), (span,), FieldStatus.INVALID, None)


def _not_in_template(field: Field) -> FieldReading[T]:
    return FieldReading(field, "", (), FieldStatus.ABSENT, None)
