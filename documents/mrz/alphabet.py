"""The characters of the machine-readable zone (ICAO Doc 9303-3, section 4.3)."""

from string import ascii_uppercase as _ascii_uppercase
from string import digits as _digits

FILLER = "<"
DIGITS = frozenset(_digits)
LETTERS = frozenset(_ascii_uppercase)
ALPHABET = DIGITS | LETTERS | {FILLER}


def foreign_positions(text: str, allowed: frozenset[str] = ALPHABET) -> tuple[int, int] | None:
    """Return the first and last 1-based position that holds a character outside `allowed`.

    None when there is no such character.
    """
    first = next((at for at, char in enumerate(text, start=1) if char not in allowed), None)
    if first is None:
        return None
    last = next(at for at in range(len(text), 0, -1) if text[at - 1] not in allowed)
    return first, last
