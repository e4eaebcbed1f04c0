"""Where each template prints each field: positions as the standard counts them.

Sources: TD1 is ICAO Doc 9303-5 section 4.2.2, TD2 9303-6 section 4.2.2, TD3 9303-4 section 4.2.2,
visas MRV-A and MRV-B 9303-7 sections 4.2.2 and 5.2.2. The old French national identity card
(1988 to 2021) has a layout of its own in the size of TD2.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Template(StrEnum):
    """The kind of machine-readable zone."""

    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"
    MRV_A = "MRV-A"
    MRV_B = "MRV-B"
    FRENCH_ID = "FRA-ID"


class Field(StrEnum):
    """A printed field, or what a check digit vouches for."""

    DOCUMENT_CODE = "document_code"
    ISSUER = "issuer"
    NATIONALITY = "nationality"
    DOCUMENT_NUMBER = "document_number"
    NAMES = "names"
    GIVEN_NAMES = "given_names"
    BIRTH_DATE = "birth_date"
    SEX = "sex"
    EXPIRY_DATE = "expiry_date"
    OPTIONAL_DATA = "optional_data"
    OPTIONAL_DATA_2 = "optional_data_2"
    DEPARTMENT = "department"
    OFFICE = "office"
    COMPOSITE = "composite"


@dataclass(frozen=True, slots=True)
class Span:
    """Positions `first` to `last` of a line; all count from 1 and both ends belong to it."""

    line: int
    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1

    def of(self, lines: Sequence[str]) -> str:
        """Return the text at this span of lines that are long enough."""
        return lines[self.line - 1][self.first - 1 : self.last]

    def part(self, first: int, last: int) -> "Span":
        """Return the span of positions `first` to `last` within this one, counted from 1."""
        return Span(self.line, self.first + first - 1, self.first + last - 1)


@dataclass(frozen=True, slots=True)
class CheckLayout:
    """Where a check digit stands and which spans it covers, in the order of computation."""

    digit: Span
    covers: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """One template as a table.

    long_numbers: a document number of more than 9 characters continues in the optional data
        (notes j of 9303-5, 9303-6 and 9303-7). Part 4 defines no such thing for TD3.
    bare_number: the document prints `<` where the number's check digit belongs.
    """

    template: Template
    line_count: int
    line_length: int
    fields: Mapping[Field, Span]
    checks: Mapping[Field, CheckLayout]
    long_numbers: bool = False
    bare_number: bool = False


def _line_two(optional_last: int) -> dict[Field, Span]:
    """The second line that TD2, TD3 and both visas share up to the optional data."""
    return {
        Field.DOCUMENT_CODE: Span(1, 1, 2),
        Field.ISSUER: Span(1, 3, 5),
        Field.DOCUMENT_NUMBER: Span(2, 1, 9),
        Field.NATIONALITY: Span(2, 11, 13),
        Field.BIRTH_DATE: Span(2, 14, 19),
        Field.SEX: Span(2, 21, 21),
        Field.EXPIRY_DATE: Span(2, 22, 27),
        Field.OPTIONAL_DATA: Span(2, 29, optional_last),
    }


_LINE_TWO_CHECKS = {
    Field.DOCUMENT_NUMBER: CheckLayout(Span(2, 10, 10), (Span(2, 1, 9),)),
    Field.BIRTH_DATE: CheckLayout(Span(2, 20, 20), (Span(2, 14, 19),)),
    Field.EXPIRY_DATE: CheckLayout(Span(2, 28, 28), (Span(2, 22, 27),)),
}

_TD1_FIELDS = MappingProxyType(
    {
        Field.DOCUMENT_CODE: Span(1, 1, 2),
        Field.ISSUER: Span(1, 3, 5),
        Field.DOCUMENT_NUMBER: Span(1, 6, 14),
        Field.OPTIONAL_DATA: Span(1, 16, 30),
        Field.BIRTH_DATE: Span(2, 1, 6),
        Field.SEX: Span(2, 8, 8),
        Field.EXPIRY_DATE: Span(2, 9, 14),
        Field.NATIONALITY: Span(2, 16, 18),
        Field.OPTIONAL_DATA_2: Span(2, 19, 29),
        Field.NAMES: Span(3, 1, 30),
    }
)
_TD1_CHECKS = MappingProxyType(
    {
        Field.DOCUMENT_NUMBER: CheckLayout(Span(1, 15, 15), (Span(1, 6, 14),)),
        Field.BIRTH_DATE: CheckLayout(Span(2, 7, 7), (Span(2, 1, 6),)),
        Field.EXPIRY_DATE: CheckLayout(Span(2, 15, 15), (Span(2, 9, 14),)),
        Field.COMPOSITE: CheckLayout(
            Span(2, 30, 30),
            (Span(1, 6, 30), Span(2, 1, 7), Span(2, 9, 15), Span(2, 19, 29)),
        ),
    }
)

TD1 = Layout(Template.TD1, 3, 30, _TD1_FIELDS, _TD1_CHECKS, long_numbers=True)
# The laser-visa border crossing card of the United States and the first permanent resident card
# of Canada: TD1 but for the missing check digit, so a filler there announces no long number.
TD1_BARE_NUMBER = Layout(Template.TD1, 3, 30, _TD1_FIELDS, _TD1_CHECKS, bare_number=True)
TD2 = Layout(
    Template.TD2,
    2,
    36,
    MappingProxyType({**_line_two(35), Field.NAMES: Span(1, 6, 36)}),
    MappingProxyType(
        {
            **_LINE_TWO_CHECKS,
            Field.COMPOSITE: CheckLayout(
                Span(2, 36, 36), (Span(2, 1, 10), Span(2, 14, 20), Span(2, 22, 35))
            ),
        }
    ),
    long_numbers=True,
)
TD3 = Layout(
    Template.TD3,
    2,
    44,
    MappingProxyType({**_line_two(42), Field.NAMES: Span(1, 6, 44)}),
    MappingProxyType(
        {
            **_LINE_TWO_CHECKS,
            Field.OPTIONAL_DATA: CheckLayout(Span(2, 43, 43), (Span(2, 29, 42),)),
            Field.COMPOSITE: CheckLayout(
                Span(2, 44, 44), (Span(2, 1, 10), Span(2, 14, 20), Span(2, 22, 43))
            ),
        }
    ),
)
MRV_A = Layout(
    Template.MRV_A,
    2,
    44,
    MappingProxyType({**_line_two(44), Field.NAMES: Span(1, 6, 44)}),
    MappingProxyType(_LINE_TWO_CHECKS),
    long_numbers=True,
)
MRV_B = Layout(
    Template.MRV_B,
    2,
    36,
    MappingProxyType({**_line_two(36), Field.NAMES: Span(1, 6, 36)}),
    MappingProxyType(_LINE_TWO_CHECKS),
    long_numbers=True,
)
FRENCH_ID = Layout(
    Template.FRENCH_ID,
    2,
    36,
    MappingProxyType(
        {
            Field.DOCUMENT_CODE: Span(1, 1, 2),
            Field.ISSUER: Span(1, 3, 5),
            Field.NAMES: Span(1, 6, 30),
            Field.DEPARTMENT: Span(1, 31, 33),
            Field.OFFICE: Span(1, 34, 36),
            Field.DOCUMENT_NUMBER: Span(2, 1, 12),
            Field.GIVEN_NAMES: Span(2, 14, 27),
            Field.BIRTH_DATE: Span(2, 28, 33),
            Field.SEX: Span(2, 35, 35),
        }
    ),
    MappingProxyType(
        {
            Field.DOCUMENT_NUMBER: CheckLayout(Span(2, 13, 13), (Span(2, 1, 12),)),
            Field.BIRTH_DATE: CheckLayout(Span(2, 34, 34), (Span(2, 28, 33),)),
            Field.COMPOSITE: CheckLayout(Span(2, 36, 36), (Span(1, 1, 36), Span(2, 1, 35))),
        }
    ),
)

# The first row whose size and start of line 1 fit wins.
_SELECTION: tuple[tuple[re.Pattern[str], Layout], ...] = (
    (re.compile("A3USA|CRCAN"), TD1_BARE_NUMBER),
    (re.compile(""), TD1),
    (re.compile("IDFRA"), FRENCH_ID),
    (re.compile("V"), MRV_B),
    (re.compile(""), TD2),
    (re.compile("V"), MRV_A),
    (re.compile(""), TD3),
)
# Lengths of line that exist for a number of lines.
LINE_LENGTHS: Mapping[int, frozenset[int]] = MappingProxyType(
    {
        count: frozenset(
            layout.line_length for _, layout in _SELECTION if layout.line_count == count
        )
        for count in (2, 3)
    }
)


def select_layout(line_count: int, line_length: int, start: str) -> Layout | None:
    """Return the layout for a size and the first five characters of line 1, or None."""
    for pattern, layout in _SELECTION:
        if (layout.line_count, layout.line_length) == (line_count, line_length) and pattern.match(
            start
        ):
            return layout
    return None
