"""Touching the folder: bounded, never through a link, answers coded. All of this blocks."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devices.drivers.folder.wire import FolderProblemError, Kind, Part, Problem, parse_file_name

RESULT_SUFFIX = ".result.json"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells two states of a file apart."""

    inode: int
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """A file in the folder that the convention knows."""

    path: Path
    name: str
    kind: Kind
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Document:
    """What makes a document in the folder: its lines, or its pages when there are no lines."""

    name: str
    files: tuple[Dropped, ...]

    @property
    def has_lines(self) -> bool:
        """Whether somebody has read it."""
        return self.files[0].kind.part is Part.MRZ

    @property
    def stamps(self) -> frozenset[Stamp]:
        """What tells it from another document of the same name."""
        return frozenset(file.stamp for file in self.files)


def documents_of(listed: list[Dropped]) -> list[Document]:
    """Return the documents in a listing, in the order of their lines or of their newest page."""
    lines = {file.name: file for file in listed if file.kind.part is Part.MRZ}
    pages: dict[str, list[Dropped]] = {}
    for file in listed:
        if file.kind.part is Part.PAGE and file.name not in lines:
            pages.setdefault(file.name, []).append(file)
    last = {name: of_name[-1] for name, of_name in pages.items()}
    return [
        Document(file.name, (file,) if file.kind.part is Part.MRZ else tuple(pages[file.name]))
        for file in listed
        if file is lines.get(file.name) or file is last.get(file.name)
    ]


def list_dropped(directory: Path) -> list[Dropped]:
    """Return what the convention knows in the folder, in the order of modification."""
    dropped = []
    with os.scandir(directory) as entries:
        for entry in entries:
            parsed = parse_file_name(entry.name)
            if parsed is None:
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # gone between the listing and now
            dropped.append(Dropped(Path(entry.path), *parsed, _stamp(status)))
    return sorted(dropped, key=lambda file: (file.stamp.modified_ns, file.path.name))


def read_bounded(path: Path, most: int) -> tuple[bytes, Stamp]:
    """Return a regular file's content and its stamp after reading; raises FolderProblemError."""
    with _coded():
        # No link out of the folder, no wait for the writer of a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise FolderProblemError(Problem.NOT_A_FILE)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                data = file.read(most + 1)
            if len(data) > most:
                raise FolderProblemError(Problem.TOO_LARGE)
            return data, _stamp(os.fstat(descriptor))
        finally:
            os.close(descriptor)


def stamp_of(path: Path) -> Stamp:
    """Return the stamp of what lies at the path; raises FolderProblemError."""
    with _coded():
        return _stamp(os.lstat(path))


def write_result(directory: Path, name: str, content: bytes) -> None:
    """Put NAME.result.json in place in one step, so that nobody reads half of it."""
    descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=directory)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).replace(directory / (name + RESULT_SUFFIX))
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def remove_result(directory: Path, name: str) -> None:
    """Remove the result of an earlier document of the same name."""
    (directory / (name + RESULT_SUFFIX)).unlink(missing_ok=True)


def dispose(file: Dropped, keep_in: Path | None) -> None:
    """Delete a served file, or move it to `keep_in`; raises OSError."""
    if keep_in is None:
        file.path.unlink(missing_ok=True)
    else:
        file.path.replace(keep_in / file.path.name)


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_ino, status.st_size, status.st_mtime_ns)


@contextmanager
def _coded() -> Iterator[None]:
    """Turn what the file system says into a code; its texts hold the path, which may be a name."""
    problem: Problem | None = None
    try:
        yield
    except FileNotFoundError:
        problem = Problem.VANISHED
    except OSError as error:
        is_link = error.errno == errno.ELOOP
        problem = Problem.NOT_A_FILE if is_link else Problem.UNREADABLE
    if problem is not None:
        raise FolderProblemError(problem)
