"""Names as printed, and whether they are the names of a record (9303-3, section 4.6)."""

import re
from dataclasses import dataclass
from enum import StrEnum

from documents.mrz.alphabet import FILLER
from documents.mrz.problems import ProblemCode
from documents.mrz.transliteration import UntransliterableError, options


@dataclass(frozen=True, slots=True, repr=False)
class Names:
    """The identifiers of a holder, components separated by one space.

    primary: the surname, or the only name of a person who has one. secondary: the given names;
    empty when none are printed. truncated: the last position holds a letter, so that more may
    have been cut off (9303-4 section 4.2.3).
    """

    primary: str
    secondary: str
    truncated: bool

    def __repr__(self) -> str:
        return f"Names(truncated={self.truncated})"


class NameAgreement(StrEnum):
    """How printed names compare with those of a record."""

    AGREE = "agree"
    DISAGREE = "disagree"
    CANNOT_TELL = "cannot_tell"


def split_names(raw: str) -> tuple[Names, list[ProblemCode]]:
    """Split a name field at its double filler and say what is odd about it."""
    body = raw.rstrip(FILLER)
    truncated = bool(body) and len(body) == len(raw)
    if not body:
        return Names("", "", truncated), [ProblemCode.NAME_EMPTY]
    problems: list[ProblemCode] = []
    identifiers = [part for part in re.split(f"{FILLER}{{2,}}", body) if part]
    if body.startswith(FILLER) or FILLER * 3 in body or len(identifiers) > 2:
        problems.append(ProblemCode.NAME_MALFORMED)
    primary, *rest = (part.strip(FILLER).replace(FILLER, " ") for part in identifiers)
    if not rest and " " in primary:
        problems.append(ProblemCode.NAME_SEPARATOR_DOUBTFUL)
    return Names(primary, " ".join(rest), truncated), problems


def split_french_names(surname: str, given_names: str) -> tuple[Names, list[ProblemCode]]:
    """Join the two name fields of the old French card.

    There a double filler parts given names and a single one stands for a hyphen.
    """
    primary = surname.rstrip(FILLER)
    given = given_names.rstrip(FILLER)
    truncated = bool(
        (primary and len(primary) == len(surname)) or (given and len(given) == len(given_names))
    )
    names = Names(
        primary.replace(FILLER, " "),
        given.replace(FILLER * 2, " ").replace(FILLER, "-"),
        truncated,
    )
    problems = [] if primary else [ProblemCode.NAME_EMPTY]
    if any(
        part.startswith(FILLER) or odd in part
        for part, odd in ((primary, FILLER * 2), (given, FILLER * 3))
    ):
        problems.append(ProblemCode.NAME_MALFORMED)
    return names, problems


def names_agree(printed: Names, surname: str, given_names: str) -> NameAgreement:
    """Compare printed names with the names of a record, letter by letter.

    Apostrophes, hyphens and spaces do not count, and a letter with several transliterations may
    have become any of them. Names that may be truncated are `agree` when they are equal all the
    same, `disagree` when even their beginnings differ, and otherwise `cannot_tell`. So is a name
    with a letter that table A does not know, and one whose separator is missing.
    """
    try:
        record_primary, record_secondary = _letters(surname), _letters(given_names)
    except UntransliterableError:
        return NameAgreement.CANNOT_TELL
    primary, secondary = _squeeze(printed.primary), _squeeze(printed.secondary)
    if not primary or not (record_primary or record_secondary):
        return NameAgreement.CANNOT_TELL
    if not record_primary:
        # A person with one name has it as the primary identifier, wherever the record keeps it.
        record_primary, record_secondary = record_secondary, []
    if _matches(record_primary, primary) and _matches(record_secondary, secondary):
        return NameAgreement.AGREE
    if not printed.truncated:
        separator_missing = not secondary and _matches(record_primary + record_secondary, primary)
        return NameAgreement.CANNOT_TELL if separator_missing else NameAgreement.DISAGREE
    first_primary = printed.primary.split()[0]
    starts_alike = _starts_with(record_primary, _squeeze(first_primary)) and (
        not secondary or not record_secondary or _starts_with(record_secondary, secondary[0])
    )
    return NameAgreement.CANNOT_TELL if starts_alike else NameAgreement.DISAGREE


def _squeeze(name: str) -> str:
    return name.replace(" ", "").replace("-", "")


def _letters(name: str) -> list[tuple[str, ...]]:
    """The transliteration choices of a name, without what separates its components."""
    return [choices for choices in options(name) if choices not in ((FILLER,), ("",))]


def _consume(choices: list[tuple[str, ...]], text: str) -> tuple[bool, bool]:
    """Say whether some transliteration equals the text, and whether one begins with it.

    Positions reached are kept as a set, so that many umlauts cost no exponential time.
    """
    reached = {0}
    begins = not text
    for alternatives in choices:
        following: set[int] = set()
        for position in reached:
            for letters in alternatives:
                if text.startswith(letters, position):
                    following.add(position + len(letters))
                elif letters.startswith(text[position:]):
                    begins = True
        begins = begins or len(text) in following
        reached = following
    return len(text) in reached, begins


def _matches(choices: list[tuple[str, ...]], text: str) -> bool:
    return _consume(choices, text)[0]


def _starts_with(choices: list[tuple[str, ...]], text: str) -> bool:
    return _consume(choices, text)[1]
