"""Reading a picture that an import file names, and no other file of the machine."""

from __future__ import annotations

import os
import stat
from pathlib import Path, PurePosixPath

from kiosk_api.records.schemas import MAX_PORTRAIT_BYTES


class PortraitFileError(Exception):
    """The named file cannot be taken; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_portrait_file(directory: Path, name: str) -> bytes:
    """Read the file `name` under `directory`.

    Every part of the name is opened by itself and must be no symbolic link, so that no name and
    no change made meanwhile leads out of the directory.

    Raises:
        PortraitFileError: `not_a_relative_path`, `file_not_readable` (missing, a link, no plain
            file) or `too_long`.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\0" in name:
        raise PortraitFileError("not_a_relative_path")
    try:
        descriptor = _open_beneath(directory, path)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise PortraitFileError("file_not_readable")
            picture = file.read(MAX_PORTRAIT_BYTES + 1)
    except OSError:
        raise PortraitFileError("file_not_readable") from None
    if len(picture) > MAX_PORTRAIT_BYTES:
        raise PortraitFileError("too_long")
    return picture


def _open_beneath(directory: Path, path: PurePosixPath) -> int:
    # O_NONBLOCK: a named pipe must not keep us waiting before it is refused.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    parent = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in path.parts[:-1]:
        try:
            child = os.open(part, flags | os.O_DIRECTORY, dir_fd=parent)
        finally:
            os.close(parent)
        parent = child
    try:
        return os.open(path.name, flags, dir_fd=parent)
    finally:
        os.close(parent)
