"""Which characters may stand where, as a table of penalties for the recogniser's probabilities.

The positions come from `documents.mrz.layouts`. A penalty does not forbid: a document that plainly
prints a letter in its date of birth is read as it is printed, and its check digit fails.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from documents.mrz.layouts import Field, Layout
from documents.mrz.reader.recogniser import ALPHABET

Penalties: TypeAlias = NDArray[np.float32]
"""Shape (positions, 37), float32, natural logarithms, 0 or less."""

PENALTY = -5.0
"""Of a character that cannot stand at a position, about 1 to 150."""

_LETTERS, _DIGITS, _FILLER = ALPHABET[10:36], ALPHABET[:10], ALPHABET[36]
_TEXT = _LETTERS + _FILLER
_DATE = _DIGITS + _FILLER
_PERMITTED = {
    Field.ISSUER: _TEXT,
    Field.NATIONALITY: _TEXT,
    Field.NAMES: _TEXT,
    Field.GIVEN_NAMES: _TEXT,
    Field.BIRTH_DATE: _DATE,
    Field.EXPIRY_DATE: _DATE,
    Field.SEX: "MF" + _FILLER,
}


@cache
def _table(items: tuple[tuple[int, int, int, str], ...], lines: int, length: int) -> Penalties:
    table = np.zeros((lines, length, len(ALPHABET)), np.float32)
    for line, first, last, permitted in items:
        forbidden = [place for place, char in enumerate(ALPHABET) if char not in permitted]
        table[line - 1, first - 1 : last, forbidden] = PENALTY
    table.setflags(write=False)
    return table


def penalties(layout: Layout) -> Penalties:
    """Return the table of a layout, shape (lines, positions, 37); read-only."""
    items = [
        (span.line, span.first, span.last, _PERMITTED[field])
        for field, span in layout.fields.items()
        if field in _PERMITTED
    ]
    code = layout.fields[Field.DOCUMENT_CODE]
    items.append((code.line, code.first, code.first, _LETTERS))
    # A digit or, where the field is empty, a filler (ICAO Doc 9303-4, 4.2.2, note on position 43).
    items += [(c.digit.line, c.digit.first, c.digit.last, _DATE) for c in layout.checks.values()]
    return _table(tuple(items), layout.line_count, layout.line_length)
