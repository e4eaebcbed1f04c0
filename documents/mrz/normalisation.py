"""Undo what transport does to MRZ text, and say what was undone.

Only changes that cannot turn one MRZ character into another are made. Letters that look like
digits stay what they are: a reader may read again, a parser must not guess.
"""

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from documents.mrz.alphabet import FILLER


class ChangeKind(StrEnum):
    """A kind of change."""

    LINE_ENDING = "line_ending"
    BLANK_LINE_REMOVED = "blank_line_removed"
    SPACE_REMOVED = "space_removed"
    CASE_FOLDED = "case_folded"
    FILLER_REPLACED = "filler_replaced"


@dataclass(frozen=True, slots=True)
class Change:
    """How often a kind of change was made in a line of the result.

    line counts from 1; None for changes between lines.
    """

    kind: ChangeKind
    line: int | None
    count: int


@dataclass(frozen=True, slots=True, repr=False)
class Normalised:
    """Cleaned lines, not yet parsed, and every change that led to them."""

    lines: tuple[str, ...]
    changes: tuple[Change, ...]

    def __repr__(self) -> str:
        return f"Normalised({len(self.lines)} lines, changes={list(self.changes)})"


# A double quotation mark is two fillers run together; a line that it makes too long shows it.
_FILLERS = {
    "«": FILLER * 2,
    "≪": FILLER * 2,
    "‹": FILLER,
    "〈": FILLER,
    "⟨": FILLER,
    "＜": FILLER,
    "˂": FILLER,
}
_SPACES = frozenset(" \t\xa0\u2002\u2003\u2009\u200b\u202f\u3000\ufeff")
_LOWER_CASE = frozenset("abcdefghijklmnopqrstuvwxyz")


def normalise(text: str) -> Normalised:
    """Return the lines of a text with spaces, case, line endings and fillers put right.

    Carriage returns become line ends, blank lines and spaces go, ASCII letters become capitals,
    and characters that imitate the filler become fillers. Nothing else changes.
    """
    changes: list[Change] = []
    odd_endings = text.count("\r")
    if odd_endings:
        changes.append(Change(ChangeKind.LINE_ENDING, None, odd_endings))
    pieces = re.split(r"\r\n|\r|\n", text)
    if pieces[-1] == "":
        pieces.pop()
    lines: list[str] = []
    blank = 0
    for piece in pieces:
        made: Counter[ChangeKind] = Counter()
        line = "".join(_replacement(char, made) for char in piece)
        if not line:
            blank += 1
            continue
        lines.append(line)
        changes += [Change(kind, len(lines), count) for kind, count in made.items()]
    if blank:
        changes.append(Change(ChangeKind.BLANK_LINE_REMOVED, None, blank))
    return Normalised(tuple(lines), tuple(changes))


def _replacement(char: str, made: Counter[ChangeKind]) -> str:
    if char in _SPACES:
        made[ChangeKind.SPACE_REMOVED] += 1
        return ""
    if char in _LOWER_CASE:
        made[ChangeKind.CASE_FOLDED] += 1
        return char.upper()
    if char in _FILLERS:
        made[ChangeKind.FILLER_REPLACED] += 1
        return _FILLERS[char]
    return char
