"""Random fictitious content of machine-readable zones, of every template that is read."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

from documents.mrz import MRZContent, Sex, Template, encode
from documents.mrz.codes import CODES, CodeKind
from documents.mrz.dates import PartialDate

_T = TypeVar("_T")
_ONSETS = (
    "B",
    "BR",
    "C",
    "CH",
    "D",
    "DR",
    "F",
    "G",
    "GL",
    "H",
    "J",
    "K",
    "KV",
    "L",
    "M",
    "N",
    "P",
    "PR",
    "QU",
    "R",
    "S",
    "SH",
    "ST",
    "T",
    "TR",
    "V",
    "W",
    "X",
    "Y",
    "Z",
    "",
)
_VOWELS = ("A", "E", "I", "O", "U", "A", "E", "O", "AI", "OU", "EI", "Y")
_CODAS = ("", "", "", "N", "R", "S", "L", "M", "RD", "CK", "NG", "TZ", "X", "W")  # fmt: skip
_ACCENTED = str.maketrans({"A": "Å", "E": "É", "O": "Ö", "U": "Ü", "C": "Ç", "N": "Ñ"})
_DIGITS = "0123456789"
_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CONFUSABLE = "0OQD1IL8B5S2Z6G4A7"
"""What readers take for each other; numbers made of these are the hard ones."""
_STATES = sorted(code for code, meant in CODES.items() if meant.kind is CodeKind.STATE)
_OTHERS = sorted(
    code for code, meant in CODES.items() if meant.kind not in (CodeKind.STATE, CodeKind.UNKNOWN)
)
_EPOCH = date(1930, 1, 1)

_NORTH_AMERICAN = ("INUSA", "ISUSA", "IGUSA", "IFUSA", "IPUSA", "C1USA", "C2USA", "CACAN",
                   "CRCAN", "A3USA")  # fmt: skip
KINDS = (
    (Template.TD3, "passport", 0.3),
    (Template.TD1, "card", 0.16),
    (Template.TD1, "north_american", 0.2),
    (Template.TD2, "card", 0.1),
    (Template.MRV_A, "visa", 0.08),
    (Template.MRV_B, "visa", 0.08),
    (Template.FRENCH_ID, "french", 0.08),
)
"""Template, what is printed in it, and its share of the book."""


def fiction(template: Template, what: str, rng: np.random.Generator) -> tuple[str, ...]:
    """The lines of a document that nobody has; `template` and `what` as in `KINDS`."""
    north_american = what == "north_american"
    code, issuer = _code_and_issuer(what, rng)
    bare = code + issuer in ("A3USA", "CRCAN")
    long_number = template not in (Template.TD3, Template.FRENCH_ID) and not north_american
    given_names = " ".join(_name(rng, 3) for _ in range(int(rng.integers(0, 4))))
    surname = _surname(rng)
    if template is Template.FRENCH_ID:
        given_names = given_names or _name(rng, 2)
        number = f"{int(rng.integers(0, 100)):02}{int(rng.integers(1, 13)):02}"
        number += _of(rng, _ALPHANUMERIC if rng.uniform() < 0.2 else _DIGITS, 8)
        return encode(
            MRZContent(
                template=template,
                document_code=code,
                issuer=issuer,
                document_number=number,
                surname=surname,
                given_names=given_names,
                birth_date=_born(rng, whole=True),
                sex=_one(rng, (Sex.FEMALE, Sex.MALE)),
                department=_of(rng, _DIGITS, 2),
                office=_of(rng, _DIGITS, 3),
            )
        )
    number = _number(rng)
    if long_number and rng.uniform() < 0.15:
        # What does not fit the number's field goes on in the optional data, with its check digit
        # and a filler.
        longest = min(15, 7 + _ROOM[template])
        number = (number + _of(rng, _ALPHANUMERIC, 9))[: int(rng.integers(10, longest + 1))]
    is_long = len(number) > 9
    return encode(
        MRZContent(
            template=template,
            document_code=code,
            issuer=issuer,
            document_number=number,
            surname=surname,
            given_names=given_names,
            nationality=issuer if rng.uniform() < 0.6 and not north_american else _state(rng),
            birth_date=_born(rng, whole=rng.uniform() < 0.95),
            sex=_one(rng, (Sex.FEMALE, Sex.FEMALE, Sex.MALE, Sex.MALE, Sex.UNSPECIFIED)),
            expiry_date=date(2024, 1, 1) + timedelta(days=int(rng.integers(0, 3650))),
            optional_data="" if is_long or bare else _optional(rng, _ROOM[template]),
            optional_data_2=_optional(rng, 11) if template is Template.TD1 else "",
        )
    )


_ROOM = {
    Template.TD1: 15,
    Template.TD2: 7,
    Template.TD3: 14,
    Template.MRV_A: 16,
    Template.MRV_B: 8,
}


def _code_and_issuer(what: str, rng: np.random.Generator) -> tuple[str, str]:
    match what:
        case "north_american":
            both = _one(rng, _NORTH_AMERICAN)
            return both[:2], both[2:]
        case "french":
            return "ID", "FRA"
        case "visa":
            return _one(rng, ("V", "V", "VA", "VC", "VN")), _state(rng)
        case "passport":
            return _one(rng, ("P", "P", "P", "PD", "PO", "PS", "PP")), _state(rng)
    code = _one(rng, ("I", "I", "ID", "AC", "C", "IR", "IA"))
    issuer = _state(rng)
    # These would be read by another table: the old French card and the North American ones.
    return code, "UTO" if issuer in ("FRA", "USA", "CAN") else issuer


def _state(rng: np.random.Generator) -> str:
    if rng.uniform() < 0.12:
        return _one(rng, _OTHERS)
    return "UTO" if rng.uniform() < 0.1 else _one(rng, _STATES)


def _surname(rng: np.random.Generator) -> str:
    draw = rng.uniform()
    if draw < 0.12:  # long enough to be cut off
        return " ".join(_name(rng, 6) for _ in range(int(rng.integers(2, 5))))
    if draw < 0.22:
        return f"{_name(rng, 2)}-{_name(rng, 2)}"
    if draw < 0.27:
        return f"O'{_name(rng, 3)}"
    return _name(rng, 4)


def _name(rng: np.random.Generator, syllables: int) -> str:
    name = "".join(
        _one(rng, _ONSETS) + _one(rng, _VOWELS) for _ in range(int(rng.integers(1, syllables + 1)))
    ) + _one(rng, _CODAS)
    return name.translate(_ACCENTED) if rng.uniform() < 0.06 else name


def _number(rng: np.random.Generator) -> str:
    draw = rng.uniform()
    if draw < 0.35:
        return _of(rng, _DIGITS, 9)
    if draw < 0.6:
        letters = _of(rng, _ALPHANUMERIC[10:], int(rng.integers(1, 4)))
        return letters + _of(rng, _DIGITS, int(rng.integers(5, 10)) - len(letters))
    if draw < 0.75:
        return _of(rng, _CONFUSABLE, 9)
    return _of(rng, _ALPHANUMERIC, int(rng.integers(6, 10)))


def _optional(rng: np.random.Generator, room: int) -> str:
    if rng.uniform() < 0.55:
        return ""
    return _of(
        rng, _ALPHANUMERIC if rng.uniform() < 0.4 else _DIGITS, int(rng.integers(3, room + 1))
    )


def _born(rng: np.random.Generator, *, whole: bool) -> PartialDate | date:
    born = _EPOCH + timedelta(days=int(rng.integers(0, 34000)))
    if whole:
        return born
    return PartialDate(born.year, born.month if rng.uniform() < 0.5 else None, None)


def _of(rng: np.random.Generator, alphabet: str, count: int) -> str:
    return "".join(alphabet[int(at)] for at in rng.integers(0, len(alphabet), count))


def _one(rng: np.random.Generator, choices: Sequence[_T]) -> _T:
    return choices[int(rng.integers(len(choices)))]
