"""What the journal asks of the operating system.

One small class, so that a test or a drill can let exactly one of these calls fail or hang.
"""

from __future__ import annotations

import os
from pathlib import Path


class Disk:
    """Files that are written at their end and made durable; every call may raise OSError."""

    def create(self, path: Path) -> int:
        """Make a new file that only its owner may read; its descriptor is open for writing."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def open(self, path: Path) -> int:
        """Open an existing file for writing."""
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`."""
        rest = memoryview(data)
        while rest:
            written = os.pwrite(descriptor, rest, offset)
            rest, offset = rest[written:], offset + written

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut the file to `size` bytes."""
        os.ftruncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        """Return when the file's data and size are on the disk (fdatasync)."""
        os.fdatasync(descriptor)

    def sync_directory(self, path: Path) -> None:
        """Return when names made in a directory are on the disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def replace(self, path: Path, partial: Path, data: bytes) -> None:
        """Give the file at `path` new content in one step, durable on return."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        descriptor = os.open(partial, flags, 0o600)
        try:
            self.write(descriptor, data, 0)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        partial.replace(path)
        self.sync_directory(path.parent)
