"""Whether the lines that a device read and those in a picture are the same."""

from __future__ import annotations

from enum import StrEnum

from documents.mrz import normalise
from documents.mrz.reader.results import Character, MRZScan

_SURE = 0.9
_POSSIBLE = 0.02  # of an alternative


class Agreement(StrEnum):
    """What came of comparing them."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"  # they differ only where the picture leaves the character open


def agreement(lines: tuple[str, ...], scan: MRZScan) -> Agreement:
    """Compare a device's lines, modulo how they are written, with a zone that was read.

    A character that the picture leaves open contradicts nothing: only one that is sure, and for
    which the device's is not even an alternative, does.

    Args:
        lines: of a device, untrusted, not empty.
        scan: of status READ.
    """
    told = normalise("\n".join(lines)).lines
    seen = [line.characters for line in scan.lines]
    if [len(line) for line in told] != [len(line) for line in seen]:
        return Agreement.DIFFERENT if scan.accepted else Agreement.UNSURE
    pairs = [
        (char, character)
        for line, characters in zip(told, seen, strict=True)
        for char, character in zip(line, characters, strict=True)
    ]
    if any(_contradicts(char, character) for char, character in pairs):
        return Agreement.DIFFERENT
    same = all(char == character.value for char, character in pairs)
    return Agreement.SAME if same else Agreement.UNSURE


def _contradicts(char: str, character: Character) -> bool:
    possible = {value for value, share in character.alternatives if share >= _POSSIBLE}
    return char != character.value and character.confidence >= _SURE and char not in possible
