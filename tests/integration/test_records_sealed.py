"""What lies in the database files tells nobody who the people are, and nobody may change it."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from records_people import JPEG, NOW, embed, person, write
from sqlalchemy import Engine, text

from kiosk_api.core.evidence import DocumentClass
from kiosk_api.persistence.engine import open_database, writing
from kiosk_api.persistence.migrations import upgrade
from kiosk_api.records.errors import RecordBrokenError, RecordError, RecordStoreError
from kiosk_api.records.importer import import_records
from kiosk_api.records.repository import RecordRepository
from kiosk_api.sealing import Keyring, create_keys

PORTRAIT = JPEG + b"the enrolled portrait"


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return create_keys(tmp_path / "keys")


@pytest.fixture
def engine(tmp_path: Path, keyring: Keyring) -> Iterator[Engine]:
    engine = open_database(tmp_path / "data" / "kiosk.db")
    upgrade(engine)
    portrait = base64.b64encode(PORTRAIT).decode()
    people = write(tmp_path / "import.jsonl", *(person(n, portrait=portrait) for n in (1, 2)))
    assert import_records(engine, keyring, people, embed=embed, now=NOW).imported == 2
    yield engine
    engine.dispose()


@pytest.fixture
def repository(engine: Engine, keyring: Keyring) -> RecordRepository:
    return RecordRepository(engine, keyring)


def look_up(repository: RecordRepository, number: str = "XQ0000001") -> object:
    return repository.lookup("UTO", DocumentClass.PASSPORT, number)


def execute(engine: Engine, statement: str, **parameters: object) -> None:
    with writing(engine) as session:
        session.execute(text(statement), parameters)


def identifying() -> dict[str, bytes]:
    template = embed(PORTRAIT)
    assert not isinstance(template, str)
    vector: np.ndarray[tuple[int], np.dtype[np.float32]] = template.vector
    return {
        "surname": b"Arkfreith1",
        "given names": b"Thordis",
        "birth date": b"1974-08-12",
        "document number": b"XQ0000001",
        "part of a number": b"0000001",
        "vector": vector[:4].tobytes(),
        "portrait": b"enrolled portrait",
    }


def found_in(directory: Path) -> set[str]:
    content = b"".join(file.read_bytes() for file in directory.iterdir())
    return {name for name, secret in identifying().items() if secret.lower() in content.lower()}


def test_no_file_of_the_database_holds_what_identifies(engine: Engine, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert {file.name for file in data.iterdir()} == {"kiosk.db", "kiosk.db-wal", "kiosk.db-shm"}
    assert found_in(data) == set()
    engine.dispose()  # the last connection moves everything into the main file
    assert {file.name for file in data.iterdir()} == {"kiosk.db"}
    assert found_in(data) == set()
    # The search finds what is there:
    (data / "leak").write_bytes(b"..".join(identifying().values()))
    assert found_in(data) == set(identifying())


def test_the_same_person_is_sealed_differently_each_time(engine: Engine) -> None:
    with sqlite3.connect(str(engine.url.database)) as plain:
        numbers = plain.execute("SELECT sealed_number FROM documents").fetchall()
        templates = plain.execute("SELECT sealed_template FROM templates").fetchall()
    plain.close()
    assert len(set(numbers)) == len(set(templates)) == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE memberships SET status = 'suspended' WHERE person_id = 'p-1'",
        "UPDATE memberships SET program = 'NEXUS' WHERE person_id = 'p-1'",
        "UPDATE memberships SET valid_until = '2099-01-01' WHERE person_id = 'p-1'",
        "UPDATE memberships SET valid_from = '2000-01-01' WHERE person_id = 'p-1'",
        "UPDATE documents SET status = 'lost' WHERE person_id = 'p-1'",
        "UPDATE documents SET expires_on = '2099-01-01' WHERE person_id = 'p-1'",
        "UPDATE documents SET expires_on = NULL WHERE person_id = 'p-1'",
        "UPDATE documents SET document_class = 'visa' WHERE person_id = 'p-1'",
        "UPDATE persons SET refreshed_at = '2099-01-01 00:00:00.000000' WHERE person_id = 'p-1'",
        "UPDATE persons SET version = 2 WHERE person_id = 'p-1'",
        "DELETE FROM memberships WHERE person_id = 'p-1'",
        """INSERT INTO memberships SELECT person_id, 1, 'NEXUS', status, valid_from, valid_until
           FROM memberships WHERE person_id = 'p-1'""",
        """UPDATE persons SET sealed_biographics =
           (SELECT sealed_biographics FROM persons WHERE person_id = 'p-2')
           WHERE person_id = 'p-1'""",
        """UPDATE documents SET sealed_number =
           (SELECT sealed_number FROM documents WHERE person_id = 'p-2')
           WHERE person_id = 'p-1'""",
        """UPDATE templates SET sealed_template =
           (SELECT sealed_template FROM templates WHERE person_id = 'p-2')
           WHERE person_id = 'p-1'""",
        "UPDATE templates SET model = 'other/1/x' WHERE person_id = 'p-1'",
    ],
)
def test_a_change_behind_our_back_breaks_the_seal(
    engine: Engine, repository: RecordRepository, change: str
) -> None:
    assert look_up(repository) is not None
    execute(engine, change)
    with pytest.raises(RecordBrokenError) as caught:
        look_up(repository)
    assert caught.value.code == "record_broken"
    assert str(caught.value) == "the record of person p-1 does not open"
    with pytest.raises(RecordBrokenError):
        repository.get("p-1")
    with pytest.raises(RecordBrokenError):
        list(repository.iterate())
    assert look_up(repository, "XQ0000002") is not None  # other people are not concerned


@pytest.mark.parametrize("table", ["templates", "portraits"])
@pytest.mark.parametrize("deleted", [False, True])
def test_what_was_enrolled_before_does_not_come_back(
    engine: Engine, keyring: Keyring, tmp_path: Path, table: str, deleted: bool
) -> None:
    """A row of an earlier import, put back by whoever writes to the file."""
    repository = RecordRepository(engine, keyring)
    look = repository.portrait if table == "portraits" else repository.get
    database = str(engine.url.database)
    with closing(sqlite3.connect(database)) as plain:
        plain.execute("PRAGMA foreign_keys = ON")
        [old] = plain.execute(f"SELECT * FROM {table} WHERE person_id = 'p-1'").fetchall()
        if deleted:
            plain.execute("DELETE FROM persons WHERE person_id = 'p-1'")
            plain.commit()
            assert repository.get("p-1") is None
    portrait = base64.b64encode(JPEG + b"another face").decode()
    people = write(tmp_path / "again.jsonl", person(1, portrait=portrait))
    assert import_records(engine, keyring, people, embed=embed, now=NOW).imported == 1
    assert look("p-1") is not None
    with closing(sqlite3.connect(database)) as plain:
        plain.execute(f"DELETE FROM {table} WHERE person_id = 'p-1'")
        plain.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(old))})", old)
        plain.commit()
    with pytest.raises(RecordBrokenError):
        look("p-1")


def test_a_document_moved_to_somebody_else_breaks_both(
    engine: Engine, repository: RecordRepository
) -> None:
    execute(engine, "UPDATE documents SET person_id = 'p-2', position = 1 WHERE person_id = 'p-1'")
    for number in ("XQ0000001", "XQ0000002"):
        with pytest.raises(RecordBrokenError):
            look_up(repository, number)


def test_every_changed_bit_of_a_sealed_text_is_noticed(
    engine: Engine, repository: RecordRepository
) -> None:
    with writing(engine) as session:
        sealed: bytes = session.execute(
            text("SELECT sealed_template FROM templates WHERE person_id = 'p-1'")
        ).scalar_one()
    change = "UPDATE templates SET sealed_template = :sealed WHERE person_id = 'p-1'"
    for at in (0, 11, 12, len(sealed) // 2, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[at] ^= 1
        execute(engine, change, sealed=bytes(changed))
        with pytest.raises(RecordBrokenError):
            look_up(repository)
    for shorter in (sealed[:-1], sealed[:12], b""):
        execute(engine, change, sealed=shorter)
        with pytest.raises(RecordBrokenError):
            look_up(repository)
    execute(engine, change, sealed=sealed)
    assert look_up(repository) is not None


JUNK: tuple[object, ...] = ("junk", "", 42, -1, 1.5, b"\x00", b"\xff\xfe")


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("persons", ["version", "sealed_biographics", "refreshed_at"]),
        (
            "documents",
            ["position", "document_class", "status", "expires_on", "sealed_number"],
        ),
        ("memberships", ["position", "program", "status", "valid_from", "valid_until"]),
        ("templates", ["model", "sealed_template"]),
        ("portraits", ["sealed_portrait"]),
    ],
)
def test_junk_in_a_column_is_a_coded_error(
    engine: Engine, repository: RecordRepository, table: str, columns: list[str]
) -> None:
    look = repository.portrait if table == "portraits" else repository.get
    for column in columns:
        with writing(engine) as session:
            query = f"SELECT {column} FROM {table} WHERE person_id = 'p-1'"
            before = session.execute(text(query)).scalar_one()
        change = f"UPDATE {table} SET {column} = :value WHERE person_id = 'p-1'"
        for junk in JUNK:
            execute(engine, change, value=junk)
            with pytest.raises(RecordError):
                look("p-1")
        execute(engine, change, value=before)
        assert look("p-1") is not None


@pytest.mark.parametrize("junk", JUNK)
def test_junk_in_the_clear_time_of_import_is_no_other_error(
    engine: Engine, repository: RecordRepository, junk: object
) -> None:
    execute(engine, "UPDATE persons SET imported_at = :junk", junk=junk)
    with pytest.raises(RecordStoreError):
        repository.get("p-1")


def test_another_key_opens_nothing(engine: Engine, keyring: Keyring, tmp_path: Path) -> None:
    other = create_keys(tmp_path / "other keys")
    assert look_up(RecordRepository(engine, other)) is None  # not even found
    mixed = Keyring(other.kek, keyring.index_key, keyring.journal_key)
    for look in (look_up, lambda repository: repository.portrait("p-1")):
        with pytest.raises(RecordBrokenError):
            look(RecordRepository(engine, mixed))


def test_a_portrait_may_be_forgotten_and_not_exchanged(
    engine: Engine, repository: RecordRepository
) -> None:
    assert repository.portrait("p-1") == PORTRAIT
    execute(
        engine,
        "UPDATE portraits SET sealed_portrait ="
        " (SELECT sealed_portrait FROM portraits WHERE person_id = 'p-2')"
        " WHERE person_id = 'p-1'",
    )
    with pytest.raises(RecordBrokenError):
        repository.portrait("p-1")
    execute(engine, "DELETE FROM portraits")
    assert repository.portrait("p-1") is None
    assert look_up(repository) is not None


def test_a_record_without_its_template_has_none(
    engine: Engine, repository: RecordRepository
) -> None:
    execute(engine, "DELETE FROM templates")
    record = repository.get("p-1")
    assert record is not None
    assert record.template is None


def test_summaries_do_not_open_seals(engine: Engine, repository: RecordRepository) -> None:
    execute(engine, "UPDATE persons SET sealed_biographics = x'00'")
    assert [summary.person_id for summary in repository.summaries()] == ["p-1", "p-2"]
    assert "Arkfreith" not in repr(list(repository.summaries()))


def test_a_broken_table_is_a_store_that_failed(
    engine: Engine, repository: RecordRepository
) -> None:
    execute(engine, "DROP TABLE templates")
    with pytest.raises(RecordStoreError) as caught:
        look_up(repository)
    assert caught.value.code == "record_store_failed"
