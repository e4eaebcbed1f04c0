"""What stands on which picture: the table that an evaluation reads.

A table is UTF-8 CSV with a header. Columns: `file` (relative to the table), `type`, `line1`,
`line2`, `line3` (as printed; empty where there is no such line) and `checks`; others are ignored.
`checks` is `ok`, `document-itself-fails:FIELDS` (the document prints wrong check digits), `none`
(no machine-readable zone, and no lines) or another word, such as `nonconforming`, for a document
that does not follow ICAO Doc 9303 and is counted apart.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

_COLUMNS = frozenset({"file", "type", "line1", "line2", "line3", "checks"})


class TruthError(ValueError):
    """The table cannot be used; the message is one line and quotes no printed line."""


class TruthKind(StrEnum):
    """What kind of document a picture shows."""

    SOUND = "sound"
    """Every check digit is right: `ok`."""
    WRONG_DIGITS = "wrong_digits"
    """The document itself prints wrong check digits; nobody may accept it."""
    NON_CONFORMING = "non_conforming"
    """It follows no template; reading it is counted apart."""
    NO_ZONE = "no_zone"
    """No machine-readable zone."""


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One picture.

    file: as written in the table. template: as written, empty where there is none.
    lines: as printed, top to bottom; empty for `NO_ZONE`.
    """

    file: str
    template: str
    lines: tuple[str, ...] = field(repr=False)
    kind: TruthKind

    @property
    def counts(self) -> bool:
        """Whether it is one of the documents that rates are over."""
        return self.kind in (TruthKind.SOUND, TruthKind.WRONG_DIGITS)


@dataclass(frozen=True, slots=True)
class TruthTable:
    """The rows of a table in its order, at least one; `folder` is what files are relative to."""

    folder: Path
    rows: tuple[TruthRow, ...]

    def path(self, row: TruthRow) -> Path:
        """Where the picture of a row lies."""
        return self.folder / row.file


def load_truth(table: Path) -> TruthTable:
    """Read a table; every picture that it names is there.

    Raises:
        TruthError: No file, not CSV in UTF-8, a column, a value or a picture is missing, or
            no row.
    """
    rows = tuple(_row(table, line, values) for line, values in _rows(table))
    if not rows:
        raise TruthError(f"{table}: no picture")
    return TruthTable(table.parent, rows)


def _row(table: Path, line: int, values: dict[str, str]) -> TruthRow:
    file = (values.get("file") or "").strip()
    if not file or "\0" in file:
        raise TruthError(f"{table}: line {line} has no usable file")
    if not _is_file(table.parent / file):
        # Where columns are shifted it may be a printed line that stands there: it is not quoted.
        raise TruthError(f"{table}: line {line} names a file that is not there")
    printed = ((values.get(name) or "").strip() for name in ("line1", "line2", "line3"))
    lines = tuple(each for each in printed if each)
    kind = _kind((values.get("checks") or "").strip(), printed=bool(lines))
    if kind in (TruthKind.SOUND, TruthKind.WRONG_DIGITS) and not lines:
        raise TruthError(f"{table}: line {line} has check digits and no lines")
    if kind is TruthKind.NO_ZONE:
        lines = ()
    return TruthRow(file, (values.get("type") or "").strip(), lines, kind)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file system takes
        return False


def _kind(checks: str, *, printed: bool) -> TruthKind:
    if checks == "ok":
        return TruthKind.SOUND
    if checks.startswith("document-itself-fails"):
        return TruthKind.WRONG_DIGITS
    return TruthKind.NON_CONFORMING if printed and checks != "none" else TruthKind.NO_ZONE


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    if table.exists() and not table.is_file():
        raise TruthError(f"{table}: is not a file")
    try:
        # A spreadsheet may put a byte order mark before the first column's name.
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            missing = _COLUMNS - set(reader.fieldnames or ())
            if missing:
                raise TruthError(f"{table}: the column {min(missing)!r} is missing")
            for row in reader:
                yield reader.line_num, row
    except OSError as error:
        raise TruthError(f"{table}: {error.strerror or 'cannot be read'}") from None
    except (csv.Error, UnicodeDecodeError):
        raise TruthError(f"{table}: is not a CSV file in UTF-8") from None
