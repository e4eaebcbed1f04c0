"""Who is on which picture: the table that an evaluation reads, and the parts its pictures play.

A table is UTF-8 CSV with a header: `path` (relative to the table), `identity`, and optionally
`dataset` and `group` (names separated by spaces). Of each identity the first ten pictures count,
in the order of the table: the first enrols, the others probe.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PICTURES_PER_PERSON = 10


class LabelsError(ValueError):
    """The table cannot be used; the message is one line."""


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One row: its line in the table (the header is line 1) and the path as written there."""

    line: int
    path: str


@dataclass(frozen=True, slots=True)
class Person:
    """One identity with its pictures that count, at least one, and all its groups."""

    identity: str
    groups: frozenset[str]
    pictures: tuple[LabelledPicture, ...]

    @property
    def enrolment(self) -> LabelledPicture:
        """The picture that enrols."""
        return self.pictures[0]

    @property
    def probes(self) -> tuple[LabelledPicture, ...]:
        """The pictures that probe, in the order of the table."""
        return self.pictures[1:]


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """The people of one table in order of appearance; `folder` is what paths are relative to."""

    folder: Path
    people: tuple[Person, ...]

    @property
    def images(self) -> int:
        """How many pictures count."""
        return sum(len(person.pictures) for person in self.people)

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of all groups, sorted."""
        return tuple(sorted(frozenset[str]().union(*(person.groups for person in self.people))))


def load_labelled_set(table: Path, dataset: str | None = None) -> LabelledSet:
    """Read a table, keeping one data set when it is named.

    Raises:
        LabelsError: No file, not CSV in UTF-8, a column or a value is missing, nothing is left,
            or one identity only, which leaves nobody to be taken for somebody else.
    """
    pictures: dict[str, list[LabelledPicture]] = {}
    groups: dict[str, set[str]] = {}
    for line, row in _rows(table, {"path", "identity"} | ({"dataset"} if dataset else set())):
        if dataset is not None and row.get("dataset") != dataset:
            continue
        path, identity = row.get("path"), row.get("identity")
        if not path or not identity:
            raise LabelsError(f"{table}: line {line} has no path or no identity")
        if "\0" in path:
            raise LabelsError(f"{table}: line {line} has no usable path")
        own = pictures.setdefault(identity, [])
        groups.setdefault(identity, set()).update((row.get("group") or "").split())
        if len(own) < PICTURES_PER_PERSON:
            own.append(LabelledPicture(line, path))
    if not pictures:
        of = "" if dataset is None else f" of data set {dataset!r}"
        raise LabelsError(f"{table}: no picture{of}")
    if len(pictures) == 1:
        raise LabelsError(f"{table}: one identity only, nobody can be taken for somebody else")
    return LabelledSet(
        table.parent,
        tuple(
            Person(identity, frozenset(groups[identity]), tuple(own))
            for identity, own in pictures.items()
        ),
    )


def _rows(table: Path, wanted: set[str]) -> Iterator[tuple[int, dict[str, str]]]:
    if table.exists() and not table.is_file():
        raise LabelsError(f"{table}: is not a file")
    try:
        # A spreadsheet may put a byte order mark before the first column's name.
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = wanted - set(reader.fieldnames or ())
            if missing:
                raise LabelsError(f"{table}: the column {min(missing)!r} is missing")
            for row in reader:
                yield reader.line_num, row
    except OSError as error:
        raise LabelsError(f"{table}: {error.strerror or 'cannot be read'}") from None
    except (csv.Error, UnicodeDecodeError):
        raise LabelsError(f"{table}: is not a CSV file in UTF-8") from None
