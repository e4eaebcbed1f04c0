"""The database file: durable, private, and migrated as a whole or not at all."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from kiosk_api.persistence.engine import DatabaseFileError, open_database, reading, writing
from kiosk_api.persistence.migrations import SchemaError, upgrade
from kiosk_api.persistence.models import Base, DocumentRow, SessionKeyRow, SessionRow

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(tmp_path / "data" / "kiosk.db")
    upgrade(engine)
    yield engine
    engine.dispose()


def session_row(session_id: str, at: datetime = NOON, via: str = "device") -> SessionRow:
    return SessionRow(
        session_id=session_id,
        lane_id="lane-1",
        state="open",
        opened_at=at,
        updated_at=at,
        outcome=None,
        via=via,
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_is_private_and_the_commits_are_durable(engine: Engine, tmp_path: Path) -> None:
    with writing(engine) as session:
        session.add(session_row("s-1"))
    directory = tmp_path / "data"
    files = sorted(directory.iterdir())
    assert [file.name for file in files] == ["kiosk.db", "kiosk.db-shm", "kiosk.db-wal"]
    assert mode(directory) == 0o700
    assert {mode(file) for file in files} == {0o600}
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
    }


def test_an_open_file_is_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.db"
    path.touch(0o644)
    open_database(path)
    assert mode(path) == 0o600


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseFileError, match="cannot be opened"):
        open_database(tmp_path)


def test_models_and_migrations_agree(engine: Engine) -> None:
    def differences() -> list[object]:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return list(compare_metadata(context, Base.metadata))

    assert differences() == []
    # And a column that no model knows is seen:
    with writing(engine) as session:
        session.execute(text("ALTER TABLE sessions ADD COLUMN surprise TEXT"))
    assert differences() != []


def test_the_constraints_have_the_names_of_the_models(engine: Engine, tmp_path: Path) -> None:
    def names(of: Engine) -> set[str | None]:
        inspector = inspect(of)
        return {
            constraint["name"]
            for table in Base.metadata.tables
            for constraint in (
                inspector.get_pk_constraint(table),
                *inspector.get_foreign_keys(table),
                *inspector.get_unique_constraints(table),
                *inspector.get_check_constraints(table),
            )
        }

    from_models = open_database(tmp_path / "models.db")
    Base.metadata.create_all(from_models)
    assert names(engine) == names(from_models)


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    with writing(engine) as session:
        session.add(session_row("s-1"))
    upgrade(engine)
    with reading(engine) as session:
        assert session.scalars(select(SessionRow.session_id)).all() == ["s-1"]


def test_a_failing_migration_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.db"
    engine = open_database(path)
    with writing(engine) as session:  # in the way of the last table of the first step
        session.execute(text("CREATE TABLE credentials (kept TEXT)"))
        session.execute(text("INSERT INTO credentials VALUES ('still here')"))
    with sqlite3.connect(path) as plain:
        before = list(plain.iterdump())
    with pytest.raises(OperationalError, match="already exists"):
        upgrade(engine)
    with sqlite3.connect(path) as plain:
        assert list(plain.iterdump()) == before
    assert "still here" in "".join(before)
    plain.close()


def test_a_newer_database_is_refused(engine: Engine) -> None:
    with writing(engine) as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'from the future'"))
    with pytest.raises(SchemaError, match="newer version"):
        upgrade(engine)


def test_moments_keep_their_zone(engine: Engine) -> None:
    in_tijuana = NOON.astimezone(timezone(timedelta(hours=-7))) + timedelta(microseconds=1)
    with writing(engine) as session:
        session.add(session_row("s-1", in_tijuana))
    with reading(engine) as session:
        [read] = session.scalars(select(SessionRow.opened_at))
        later = select(SessionRow.session_id).where(SessionRow.opened_at > NOON)
        assert session.scalars(later).all() == ["s-1"]
    assert read == in_tijuana
    assert read.utcoffset() == timedelta(0)


def test_a_moment_without_a_zone_is_refused(engine: Engine) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(StatementError, match="without a time zone"), writing(engine) as session:
        session.add(session_row("s-1", naive))


def test_constraints_hold(engine: Engine) -> None:
    with pytest.raises(IntegrityError, match="ck_sessions_via"), writing(engine) as session:
        session.add(session_row("s-1", via="telepathy"))
    orphan = DocumentRow(
        person_id="nobody",
        position=0,
        blind_index=b"i",
        document_class="passport",
        status="valid",
        expires_on=None,
        sealed_number=b"s",
    )
    with pytest.raises(IntegrityError, match="FOREIGN KEY"), writing(engine) as session:
        session.add(orphan)


def test_exceptions_do_not_show_parameters(engine: Engine) -> None:
    def key() -> SessionKeyRow:
        return SessionKeyRow(session_id="session-shown", wrapped_key=b"w", created_at=NOON)

    with writing(engine) as session:
        session.add(key())
    with pytest.raises(IntegrityError) as caught, writing(engine) as session:
        session.add(key())
    assert "session-shown" not in str(caught.value)


def test_a_second_writer_waits_only_briefly(engine: Engine, tmp_path: Path) -> None:
    other = open_database(tmp_path / "data" / "kiosk.db")
    with writing(engine):
        begun = time.monotonic()
        with pytest.raises(OperationalError, match="locked"), writing(other) as session:
            session.add(session_row("s-2"))
        waited = time.monotonic() - begun
    assert waited < 2.0  # 0.2 s, on a machine that is busy with other tests


def test_a_reader_sees_one_state(engine: Engine, tmp_path: Path) -> None:
    other = open_database(tmp_path / "data" / "kiosk.db")
    count = text("SELECT count(*) FROM sessions")
    with reading(engine) as reader:
        assert reader.scalar(count) == 0
        with writing(other) as writer:
            writer.add(session_row("s-1"))
        assert reader.scalar(count) == 0
    with reading(engine) as reader:
        assert reader.scalar(count) == 1


def test_an_exception_rolls_back(engine: Engine) -> None:
    def fail_after_a_write() -> None:
        with writing(engine) as session:
            session.add(session_row("s-1"))
            session.flush()
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail_after_a_write()
    with reading(engine) as session:
        assert session.scalars(select(SessionRow)).all() == []
