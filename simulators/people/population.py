"""The fictitious travelers that scenarios refer to.

`faces.toml` is written by the selection program (`choose.py`) and holds what the renderer
needs; `population.toml` is written by hand and gives each face a name and a nationality.
Nobody here exists.
"""

import tomllib
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, unique
from pathlib import Path

from simulators.people.identity import Identity

FACES = Path(__file__).with_name("faces.toml")
_CIVIL = Path(__file__).with_name("population.toml")


@unique
class Sex(StrEnum):
    """As in the MRZ (ICAO 9303-3, 4.1.1)."""

    FEMALE = "F"
    MALE = "M"


@dataclass(frozen=True, slots=True)
class Person:
    """One fictitious traveler. What would identify a real one stays out of the repr."""

    id: str
    identity: Identity = field(repr=False)
    surname: str = field(repr=False)
    given_names: str = field(repr=False)
    sex: Sex = field(repr=False)
    birth_date: date = field(repr=False)
    nationality: str = field(repr=False)
    """Three letters (ICAO 9303-3, section 5)."""


def load_identities(path: Path = FACES) -> dict[str, Identity]:
    """The selected faces by the id of their person."""
    table = tomllib.loads(path.read_text("utf-8"))
    return {
        key: Identity(seed=face["seed"], rerolls=face.get("rerolls", {}))
        for key, face in table.items()
    }


def _load_people() -> tuple[Person, ...]:
    identities = load_identities()
    civil = tomllib.loads(_CIVIL.read_text("utf-8"))
    if set(identities) != set(civil):
        raise ValueError("faces.toml and population.toml name different people")
    return tuple(
        Person(
            id=key,
            identity=identity,
            surname=civil[key]["surname"],
            given_names=civil[key]["given_names"],
            sex=Sex(civil[key]["sex"]),
            birth_date=civil[key]["birth_date"],
            nationality=civil[key]["nationality"],
        )
        for key, identity in identities.items()
    )


PEOPLE = _load_people()
"""Everyone, in the order of their ids."""
