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
    positions = [index for index, char in enumerate(text, start=1) if char not in allowed]
    return (positions[0], positions[-1]) if positions else None
