"""Exporting records as the import takes them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from kiosk_api.records.lines import format_line
from kiosk_api.records.repository import RecordRepository


def export_records(repository: RecordRepository, file: BinaryIO, *, portraits: bool) -> int:
    """Write all records to `file`, templates included; return how many there are.

    Raises:
        RecordError: one of them does not open, or the database does not answer.
    """
    count = 0
    records = (
        repository.iterate_with_portraits()
        if portraits
        else ((record, None) for record in repository.iterate())
    )
    for record, portrait in records:
        file.write(format_line(record, portrait))
        count += 1
    return count


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file of mode 0600 that takes the place of `path` when it is complete."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
