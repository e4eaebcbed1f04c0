"""What training lines say: the mixture of characters that machine-readable zones have."""

from __future__ import annotations

import random
from string import ascii_uppercase, digits

from documents.mrz.check_digits import check_digit

LETTERS, DIGITS, FILLER = ascii_uppercase, digits, "<"
_ALL = DIGITS + LETTERS + FILLER
_VOWELS, _CONSONANTS = "AEIOU", "BCDFGHJKLMNPRSTVWXYZ"
_CODES = ("P<", "PD", "PP", "PO", "V<", "VB", "I<", "ID", "AC", "C<", "C1", "IN", "IS", "IP", "CA")


def line_text(rng: random.Random) -> str:
    """Return one line of 6 to 44 characters: names, data or characters without any order."""
    length = rng.choice((30, 36, 44))
    kind = rng.random()
    if kind < 0.24:
        text = _fitted(_document_code(rng) + _some(rng, LETTERS, 3) + _names(rng), length)
    elif kind < 0.32:
        text = _fitted(_names(rng), length)
    elif kind < 0.62:
        text = _data_line(rng, length)
    elif kind < 0.88:
        text = _some(rng, _ALL[:36], length)
    else:
        text = _some(rng, _ALL + FILLER * 6, length)
    if rng.random() < 0.12:  # lines that begin or end outside the crop
        start = rng.randint(0, length - 8)
        text = text[start : start + rng.randint(6, length - start)]
    return text


def _some(rng: random.Random, alphabet: str, count: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(count))


def _fitted(text: str, length: int) -> str:
    return text[:length].ljust(length, FILLER)


def _document_code(rng: random.Random) -> str:
    return rng.choice((*_CODES, "P" + rng.choice(LETTERS)))


def _names(rng: random.Random) -> str:
    if rng.random() < 0.5:
        surname, given = (
            _some(rng, LETTERS, rng.randint(2, 14)),
            _some(rng, LETTERS, rng.randint(2, 9)),
        )
    else:
        surname, given = _spoken(rng, rng.randint(2, 5)), _spoken(rng, rng.randint(1, 4))
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        given += FILLER + _spoken(rng, rng.randint(1, 4))
    if rng.random() < 0.2:
        surname += FILLER + _spoken(rng, rng.randint(1, 4))
    return surname + FILLER * 2 + given


def _spoken(rng: random.Random, syllables: int) -> str:
    word = "".join(rng.choice(_CONSONANTS) + rng.choice(_VOWELS) for _ in range(syllables))
    return word + rng.choice(("", "", "N", "S", "CZ", "RT", "W"))


def _optional(rng: random.Random, room: int) -> str:
    if rng.random() < 0.45:
        return FILLER * room
    return _fitted(_some(rng, LETTERS + DIGITS, rng.randint(1, room)), room)


def _number(rng: random.Random) -> str:
    letters = _some(rng, LETTERS, rng.choice((0, 1, 1, 2)))
    rest = _some(rng, LETTERS + DIGITS if rng.random() < 0.35 else DIGITS, 9)
    number = (letters + rest)[: rng.choice((5, 7, 8, 9, 9, 9, 9, 9))]
    return _fitted(number, 9)


def _data_line(rng: random.Random, length: int) -> str:
    born, ends = _some(rng, DIGITS, 6), _some(rng, DIGITS, 6)
    dates = born + check_digit(born) + rng.choice("MF<") + ends + check_digit(ends)
    number = _number(rng)
    if length == 30 and rng.random() < 0.5:
        head = _document_code(rng) + _some(rng, LETTERS, 3)
        return head + number + check_digit(number) + _optional(rng, 15)
    country = rng.choice((_some(rng, LETTERS, 3), "D<<", "UTO"))
    if length == 30:
        return dates + country + _optional(rng, 11) + rng.choice(DIGITS)
    start = number + check_digit(number) + country + dates
    start += _optional(rng, length - len(start) - 2)
    return start + rng.choice(DIGITS + FILLER) + rng.choice(DIGITS)
