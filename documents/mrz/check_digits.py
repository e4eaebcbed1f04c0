"""Check digits: modulus 10 with the weights 7, 3, 1 (ICAO Doc 9303-3, section 4.9)."""

from itertools import cycle

from documents.mrz.alphabet import FILLER

WEIGHTS = (7, 3, 1)
# Digits count as themselves, A to Z as 10 to 35, the filler as 0.
VALUES = {char: value for value, char in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {
    FILLER: 0
}


def check_digit(text: str) -> str:
    """Return the check digit, "0" to "9", of text made of MRZ characters.

    Every weight is coprime with 10. So replacing one character changes the digit exactly when the
    two values differ modulo 10 (see `indistinguishable`), at every position.

    Raises ValueError, without quoting the text, on a character outside the MRZ alphabet.
    """
    total = 0
    for position, (char, weight) in enumerate(zip(text, cycle(WEIGHTS), strict=False), start=1):
        value = VALUES.get(char)
        if value is None:
            raise ValueError(f"position {position} holds no MRZ character")
        total += value * weight
    return str(total % 10)


def indistinguishable(one: str, other: str) -> bool:
    """Say whether no check digit can tell two characters apart: equal values modulo 10.

    The classes are 0AKU<, 1BLV, 2CMW, 3DNX, 4EOY, 5FPZ, 6GQ, 7HR, 8IS and 9JT.
    """
    return VALUES[one] % 10 == VALUES[other] % 10
