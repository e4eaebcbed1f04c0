"""Codes of issuing states, organisations and nationalities (ICAO Doc 9303-3, section 5)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType


class CodeKind(StrEnum):
    """What a code stands for; `unknown` is not in the table of 9303-3."""

    STATE = "state"
    ORGANISATION = "organisation"
    STATELESS = "stateless"
    REFUGEE = "refugee"
    UNSPECIFIED = "unspecified"
    TEST = "test"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, repr=False)
class IssuerCode:
    """A code of one to three letters without fillers, with its meaning.

    code: as printed ("D"). normalised: as records carry it ("DEU"). name: English, or None when
    the code is not in the table.
    """

    code: str
    normalised: str
    name: str | None
    kind: CodeKind

    def __repr__(self) -> str:
        return f"IssuerCode(kind={self.kind.value})"


def _load() -> Mapping[str, IssuerCode]:
    table: dict[str, dict[str, str]] = tomllib.loads(
        files("documents.mrz").joinpath("codes.toml").read_text(encoding="utf-8")
    )
    normalised = table.pop("normalised")
    return MappingProxyType(
        {
            code: IssuerCode(code, normalised.get(code, code), name, CodeKind(kind))
            for kind, names in table.items()
            for code, name in names.items()
        }
    )


CODES = _load()


def look_up(code: str) -> IssuerCode:
    """Return what a code without fillers means; `CodeKind.UNKNOWN` when it is not in the table."""
    return CODES.get(code) or IssuerCode(code, code, None, CodeKind.UNKNOWN)
