"""Opening the kiosk's database, durable and private.

SQLite is the engine of a kiosk: every commit is on the disk before it returns (WAL with
synchronous=FULL), deleted content is overwritten, and nobody but the owner may read the file.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

BUSY_TIMEOUT_S = 1.5
"""How long a writer waits for another one, seconds: within the step that opens a session.

Readers never wait (WAL), and nothing is written between a face and its answer.
"""

_WRITES = "kiosk_writes"
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
)


class DatabaseFileError(Exception):
    """The database file cannot be used; the message names the file and says why."""


def open_database(path: Path, *, busy_timeout: float = BUSY_TIMEOUT_S) -> Engine:
    """Open the SQLite database at `path`; a missing file is made, empty and without tables.

    Its directory is made with mode 0700 if it is missing; the file gets mode 0600, and SQLite
    gives the same to the files beside it (-wal, -shm). Statements never show their parameters
    in an exception.

    Args:
        path: the database file.
        busy_timeout: longest wait for another writer, seconds; at most `BUSY_TIMEOUT_S` where a
            traveler waits.

    Raises:
        DatabaseFileError: the file cannot be made or is no ordinary file.
    """
    _make_private(path)
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        connect_args={"timeout": busy_timeout},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def open_for_looking(path: Path) -> Engine:
    """Open the SQLite database at `path` so that nothing is written, beside a service or not.

    For diagnosis: a reader of an ordinary kind would make the files beside it (-wal, -shm).

    Raises:
        sqlalchemy.exc.OperationalError: with the first statement, when there is no such file.
    """
    wal = path.with_name(path.name + "-wal")
    # Without a -wal nobody writes: then the file alone is the database, and stays alone.
    how = "mode=ro" if wal.exists() else "mode=ro&immutable=1"
    uri = f"file:{quote(str(path.absolute()))}?{how}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, check_same_thread=False)

    return create_engine(
        "sqlite+pysqlite://", creator=connect, poolclass=NullPool, hide_parameters=True
    )


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Give a session whose queries all see one and the same state of the database."""
    with Session(engine) as session:
        yield session


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Give a session that is the only writer; commits at the end, rolls back on an exception.

    Raises:
        sqlalchemy.exc.OperationalError: another writer did not finish in time.
    """
    with Session(engine.execution_options(**{_WRITES: True})) as session, session.begin():
        session.connection()  # takes the writer's lock now, not at the first statement
        yield session


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # O_NONBLOCK: a pipe in the file's place is refused below instead of waited for.
        flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DatabaseFileError(f"database {path} is not a file")
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DatabaseFileError(f"database {path} cannot be opened: {error.strerror}") from error


def _configure(connection: object, _record: object) -> None:
    assert isinstance(connection, sqlite3.Connection)
    # Python's driver would begin transactions late and not at all for reading; _begin does.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin(connection: Connection) -> None:
    # A writer takes its lock at once: one that reads first and writes later can be refused
    # (SQLITE_BUSY_SNAPSHOT) however long it waits.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
