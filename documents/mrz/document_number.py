"""The document number, which may continue in the optional data.

Notes j of ICAO Doc 9303-5 (TD1), 9303-6 (TD2) and 9303-7 (visas): a number of more than nine
characters has a filler instead of its check digit, and its remaining characters, the check digit
over all of them and a filler begin the optional data.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from documents.mrz.alphabet import FILLER
from documents.mrz.layouts import Field, Layout, Span

_CONTINUATION = re.compile(r"([A-Z0-9]+)([A-Z0-9])<")


@dataclass(frozen=True, slots=True, repr=False)
class NumberLayout:
    """Where this document prints its number, the check digit of it and the optional data.

    optional: the span that the number leaves to the optional data; None when it leaves nothing or
    the template has none. unterminated: a continuation seems to begin and does not end as it must;
    the number is then read as nine characters without a check digit.
    """

    number: tuple[Span, ...]
    check_digit: Span
    optional: Span | None
    unterminated: bool

    def __repr__(self) -> str:
        return f"NumberLayout({len(self.number)} spans, unterminated={self.unterminated})"


def lay_out_number(lines: Sequence[str], layout: Layout) -> NumberLayout:
    """Find the spans of the document number in lines that fit the layout."""
    number = layout.fields[Field.DOCUMENT_NUMBER]
    digit = layout.checks[Field.DOCUMENT_NUMBER].digit
    optional = layout.fields.get(Field.OPTIONAL_DATA)
    printed = NumberLayout((number,), digit, optional, unterminated=False)
    if not layout.long_numbers or optional is None:
        return printed
    text = optional.of(lines)
    # A number that does not fill its nine positions has nothing to continue.
    if digit.of(lines) != FILLER or FILLER in (number.of(lines)[-1], text[0]):
        return printed
    continuation = _CONTINUATION.match(text)
    if continuation is None:
        return NumberLayout((number,), digit, optional, unterminated=True)
    length, end = len(continuation[1]), continuation.end()
    return NumberLayout(
        (number, optional.part(1, length)),
        optional.part(length + 1, length + 1),
        optional.part(end + 1, optional.length) if end < optional.length else None,
        unterminated=False,
    )
