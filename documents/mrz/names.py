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
    have been cut off (9303-4 section 4.2.3). two_fields: each identifier has a field of its own
    (old French card), so that neither gives up positions for the other.
    """

    primary: str
    secondary: str
    truncated: bool
    two_fields: bool = False

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
        two_fields=True,
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
    same, `cannot_tell` when truncation can have made them of the record's (9303-4 section 4.2.3:
    components are cut at their ends, down to initials, and left out from the last one on), and
    otherwise `disagree`. A name with a letter that table A does not know is `cannot_tell`, and
    so is one whose separator is missing.
    """
    try:
        record_primary, record_secondary = _known(surname), _known(given_names)
    except UntransliterableError:
        return NameAgreement.CANNOT_TELL
    primary, secondary = _squeeze(printed.primary), _squeeze(printed.secondary)
    if not primary or not (record_primary.letters or record_secondary.letters):
        return NameAgreement.CANNOT_TELL
    if not record_primary.letters:
        # A person with one name has it as the primary identifier, wherever the record keeps it.
        record_primary, record_secondary = record_secondary, record_primary
    if _matches(record_primary.letters, primary) and _matches(record_secondary.letters, secondary):
        return NameAgreement.AGREE
    run_on = record_primary.letters + record_secondary.letters
    if not printed.truncated:
        separator_missing = not secondary and _matches(run_on, primary)
        return NameAgreement.CANNOT_TELL if separator_missing else NameAgreement.DISAGREE
    if secondary:
        derivable = _primary_derivable(printed, record_primary) and _shortens(
            printed.secondary, record_secondary
        )
    else:
        # The primary identifier fills the field, or the separator is missing.
        derivable = _primary_derivable(printed, record_primary) or _starts_with(run_on, primary)
    return NameAgreement.CANNOT_TELL if derivable else NameAgreement.DISAGREE


@dataclass(frozen=True, slots=True, repr=False)
class _Known:
    """A record's identifier, ready to be compared.

    letters: what each letter may become, separators left out. next_starts: for each place
    between letters, where the component after the one that ends there may begin; hyphens and
    spaces begin a component, an apostrophe may. length: positions of its longest printing.
    """

    letters: list[tuple[str, ...]]
    next_starts: list[frozenset[int]]
    length: int


def _known(name: str) -> _Known:
    letters: list[tuple[str, ...]] = []
    components, parts = set[int](), set[int]()
    for choices in options(name):
        if choices == (FILLER,):
            components.add(len(letters))
        elif choices == ("",):
            parts.add(len(letters))
        else:
            letters.append(choices)
    components -= {0, len(letters)}
    next_starts: list[frozenset[int]] = []
    following: frozenset[int] = frozenset()
    for place in reversed(range(len(letters) + 1)):
        if place in components:
            following = frozenset({place})
        elif place in parts - {len(letters)}:
            following |= {place}
        next_starts.append(following)
    longest = sum(max(map(len, choices)) for choices in letters)
    return _Known(letters, next_starts[::-1], longest + len(components))


def _primary_derivable(printed: Names, known: _Known) -> bool:
    """Say whether the printed primary identifier is the record's, whole or rightly shortened.

    It is shortened only when the separator and the first letter of the secondary identifier
    would not fit behind it.
    """
    if _matches(known.letters, _squeeze(printed.primary)):
        return True
    room = len(printed.primary) + max(len(printed.secondary) - 1, 0)
    return (printed.two_fields or known.length > room) and _shortens(printed.primary, known)


def _shortens(printed: str, known: _Known) -> bool:
    """Say whether each printed component is the beginning of the record's next one."""
    starts = frozenset({0})
    for component in printed.replace("-", " ").split():
        ends = _ends(known.letters, starts, component)
        if not ends:
            return False
        starts = frozenset[int]().union(*(known.next_starts[end] for end in ends))
    return True


def _ends(letters: list[tuple[str, ...]], starts: frozenset[int], text: str) -> set[int]:
    """Return after which letters the text can end that begins at one of the starts."""
    ends: set[int] = set()
    seen: set[tuple[int, int]] = set()
    ahead = [(start, 0) for start in starts]
    while ahead:
        at = index, position = ahead.pop()
        if at in seen:
            continue
        seen.add(at)
        if position == len(text):
            ends.add(index)
        elif index < len(letters):
            for choice in letters[index]:
                if text.startswith(choice, position):
                    ahead.append((index + 1, position + len(choice)))
                elif choice.startswith(text[position:]):
                    ends.add(index + 1)  # cut within what one letter became
    return ends


def _squeeze(name: str) -> str:
    return name.replace(" ", "").replace("-", "")


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
