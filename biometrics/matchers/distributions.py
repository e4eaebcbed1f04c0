"""Matchers that are Python code: entry points, and the digest of what they consist of."""

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import Distribution, EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from biometrics.matchers.errors import MatcherError, MatcherErrorCode

ENTRY_POINTS = "kiosk.matchers"
# Written by the installer, different on every machine, and no code.
_UNCOUNTED = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})


def distribution_digest(entry: EntryPoint) -> str:
    """Return the digest of everything that the distribution of an entry point consists of.

    SHA-256 over a line for each file, sorted: its path, a zero byte, the SHA-256 (hex) of its
    content, a newline. Compiled files and the installer's notes are left out; the former are
    never read either, see `loaded`.

    Raises:
        MatcherError: ENTRY_POINT_UNUSABLE when a file is missing, or when the entry point's code
            is not among them (an editable installation).
    """
    lines: list[str] = []
    for name, path in _files(_distribution(entry), entry.name):
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _unusable(entry.name, f"{name} cannot be read") from error
        lines.append(f"{name}\0{hashlib.sha256(content).hexdigest()}\n")
    top = entry.module.partition(".")[0]
    if not any(line.startswith((f"{top}/", f"{top}.py\0")) for line in lines):
        raise _unusable(entry.name, "its code is not among the files of its distribution")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def found_entry_points() -> Iterator[EntryPoint]:
    """Yield the entry points of matchers that are installed beside the product."""
    yield from sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name)


def entry_point_of(name: str) -> EntryPoint:
    """Return the entry point of a matcher.

    Raises:
        MatcherError: ENTRY_POINT_UNUSABLE when there is none, or several.
    """
    found = [entry for entry in found_entry_points() if entry.name == name]
    if len(found) != 1:
        raise _unusable(name, f"{len(found)} distributions offer it in {ENTRY_POINTS}, not 1")
    return found[0]


def checked(name: str, sha256: str) -> EntryPoint:
    """Return the entry point of a matcher of which the distribution has this digest.

    Raises:
        MatcherError: ENTRY_POINT_UNUSABLE or FILE_ALTERED.
    """
    entry = entry_point_of(name)
    digest = distribution_digest(entry)
    if digest != sha256:
        raise MatcherError(
            MatcherErrorCode.FILE_ALTERED,
            f"the distribution of {name} has SHA-256 {digest}, its card says {sha256[:12]}…",
        )
    return entry


def loaded(name: str, sha256: str) -> Any:
    """Import the code of a matcher and return what its entry point makes: a `FaceEngine`.

    Raises:
        MatcherError: ENTRY_POINT_UNUSABLE or FILE_ALTERED.
    """
    entry = checked(name, sha256)
    files = {path.resolve() for _, path in _files(_distribution(entry), entry.name)}
    _check_origin(entry, files)
    with _no_compiled_files():
        try:
            engine: Any = entry.load()()
        except Exception as error:  # whatever the code of others raises
            raise _unusable(name, f"it raised {type(error).__name__}") from error
    wanted = ("model", "detect", "landmarks", "align", "embed")
    missing = [name for name in wanted if not hasattr(engine, name)]
    if missing:
        raise _unusable(name, f"what it returned is no FaceEngine: it has no {missing[0]}")
    return engine


def _check_origin(entry: EntryPoint, files: set[Path]) -> None:
    """Python finds the entry point's code in the files that were counted, not before them."""
    top = entry.module.partition(".")[0]
    spec = find_spec(top)  # of a name without a dot: nothing is executed
    origin = spec.origin if spec is not None else None
    if origin is None or Path(origin).resolve() not in files:
        raise _unusable(entry.name, f"Python would import {top} from somewhere else")


@contextmanager
def _no_compiled_files() -> Iterator[None]:
    """Have Python compile the sources that were counted, not read what lies beside them."""
    before = (sys.pycache_prefix, sys.dont_write_bytecode)
    with tempfile.TemporaryDirectory(prefix="kiosk-matcher-") as empty:
        sys.pycache_prefix, sys.dont_write_bytecode = empty, True
        try:
            yield
        finally:
            sys.pycache_prefix, sys.dont_write_bytecode = before


def _distribution(entry: EntryPoint) -> Distribution:
    if entry.dist is None:
        raise _unusable(entry.name, "it belongs to no distribution")
    return entry.dist


def _files(distribution: Distribution, name: str) -> Iterator[tuple[str, Path]]:
    """Yield the files that count, with the names under which the distribution lists them."""
    listed = distribution.files
    if not listed:
        raise _unusable(name, "its distribution lists no files")
    for file in listed:
        if file.suffix == ".pyc" or file.name in _UNCOUNTED:
            continue
        yield file.as_posix(), Path(str(distribution.locate_file(file)))


def _unusable(name: str, detail: str) -> MatcherError:
    return MatcherError(MatcherErrorCode.ENTRY_POINT_UNUSABLE, f"matcher {name}: {detail}")
