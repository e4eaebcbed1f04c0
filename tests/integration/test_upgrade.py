"""What a released version wrote is read by this one; an upgrade that fails leaves the old file."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import select

from kiosk_api.access.tokens import Role, list_tokens
from kiosk_api.bootstrap import open_store
from kiosk_api.clock import SystemClock
from kiosk_api.config import DataDir
from kiosk_api.core.evidence import DocumentClass
from kiosk_api.core.journal import EntryKind
from kiosk_api.journal.payload import open_payload
from kiosk_api.journal.reader import entries
from kiosk_api.journal.replay import replay
from kiosk_api.journal.session_keys import DatabaseSessionKeys
from kiosk_api.journal.store import Journal
from kiosk_api.journal.verify import verify
from kiosk_api.persistence import migrations
from kiosk_api.persistence.engine import open_database, reading
from kiosk_api.persistence.models import SessionRow
from kiosk_api.records.repository import RecordRepository
from kiosk_api.sealing import SealBrokenError

GOLDEN = Path(__file__).parents[1] / "golden/databases"


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_v1", GOLDEN / "make_v1.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_v1: Any = load_generator()


def data_directory(golden: Path, root: Path) -> DataDir:
    """A kiosk's data directory with the content of a golden one."""
    root.mkdir(mode=0o700)
    data = DataDir(root)
    make_v1.write_keys(data.keys, json.loads((golden / "keys.json").read_text("utf-8")))
    shutil.copyfile(golden / "kiosk.sqlite3", data.database)
    shutil.copytree(golden / "journal", data.journal)
    shutil.copytree(golden / "pictures", data.pictures)
    return data


@pytest.fixture
def v1(tmp_path: Path) -> DataDir:
    return data_directory(GOLDEN / "v1", tmp_path / "data")


def version_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as plain:
        return str(plain.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def clear_content(path: Path) -> dict[str, Any]:
    """Tables and their rows, without what is sealed, keyed, drawn or made at the moment."""
    content: dict[str, Any] = {}
    with closing(sqlite3.connect(path)) as plain:
        plain.row_factory = sqlite3.Row
        schema = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        for name, sql in plain.execute(schema).fetchall():
            content[f"{name} as made"] = sql
            if sql.startswith("CREATE TABLE"):
                rows = [dict(row) for row in plain.execute(f"SELECT * FROM {name}").fetchall()]
                content[name] = [
                    {key: len(v) if isinstance(v, bytes) else v for key, v in row.items()}
                    for row in rows
                ]
                for row in content[name]:
                    for moment in ("token_id", "version", "imported_at", "created_at"):
                        row.pop(moment, None)
    return content


def test_the_golden_file_is_what_its_generator_makes(tmp_path: Path) -> None:
    make_v1.make(tmp_path / "made")
    golden = clear_content(GOLDEN / "v1/kiosk.sqlite3")
    assert clear_content(tmp_path / "made/kiosk.sqlite3") == golden
    assert golden["alembic_version"] == [{"version_num": "0001"}]
    # None of it is empty, or nothing would be tried by reopening it.
    empty = {name for name, rows in golden.items() if rows == []}
    assert empty == {"idempotency"}
    # The control: another row is seen.
    with closing(sqlite3.connect(tmp_path / "made/kiosk.sqlite3")) as plain:
        plain.execute("UPDATE sessions SET lane_id = 'lane-2'")
        plain.commit()
    assert clear_content(tmp_path / "made/kiosk.sqlite3") != golden


def test_a_database_of_the_first_release_is_migrated_and_read(v1: DataDir) -> None:
    assert version_of(v1.database) == "0001"
    store = open_store(v1)
    assert version_of(v1.database) == migrations.versions()[-1] != "0001"

    repository = RecordRepository(store.engine, store.keyring)
    found = repository.lookup("UTO", DocumentClass.PASSPORT, "XG0000001")
    assert found is not None
    assert (found.record.person_id, found.record.biographics.surname) == ("golden-1", "Markwood")
    assert found.record.template is not None
    assert repository.portrait("golden-1") is not None

    [(principal, revoked)] = list_tokens(store.engine)
    assert (principal.role, principal.lane_id, revoked) == (Role.DEVICE, "lane-1", None)
    with reading(store.engine) as session:
        outcomes = session.execute(select(SessionRow.session_id, SessionRow.outcome)).all()
    assert {tuple(row) for row in outcomes} == {
        ("golden-admitted", "ADMIT"),
        ("golden-referred", "REFER"),
    }
    store.engine.dispose()


def test_a_journal_of_the_first_release_verifies_replays_and_goes_on(v1: DataDir) -> None:
    store = open_store(v1)
    key = store.keyring.journal_key.public_key()
    report = verify(v1.journal, pictures=v1.pictures, public_key=key)
    assert (report.problems, report.sessions, report.pictures.sound) == ([], 2, 1)
    replayed = list(replay(entries(v1.journal)))
    assert [one.session_id for one in replayed] == ["golden-admitted", "golden-referred"]
    assert not any(one.differences for one in replayed)

    keys = DatabaseSessionKeys(store.engine, store.keyring, SystemClock())
    for entry in entries(v1.journal):
        if entry.header.kind is EntryKind.DECISION:
            session_id = str(entry.header.session_id)
            sealer = keys.open(session_id)
            assert sealer is not None
            sealed = str(entry.body["payload"])
            assert open_payload(sealer, session_id, sealed) == make_v1.PAYLOAD
            with pytest.raises(SealBrokenError):
                open_payload(sealer, "another", sealed)

    journal = Journal.open(v1.journal, store.keyring, "golden")
    assert set(journal.sessions()) == set(make_v1.SESSIONS)
    journal.close()
    assert verify(v1.journal, pictures=v1.pictures, public_key=key).is_sound
    store.engine.dispose()


BROKEN = '''
"""A migration that fails after it has changed much."""

from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade():
    op.execute("CREATE TABLE half_made (x TEXT)")
    op.execute("DELETE FROM persons")
    op.execute("UPDATE sessions SET outcome = NULL")
    op.execute("{statement}")
'''


def with_a_last_step(monkeypatch: pytest.MonkeyPatch, folder: Path, statement: str) -> None:
    """This release's migrations, and one more behind them."""
    own = Path(str(migrations.__file__)).parent
    shutil.copytree(own, folder, ignore=shutil.ignore_patterns("__pycache__", "__init__.py"))
    text = BROKEN.format(head=migrations.versions()[-1], statement=statement)
    (folder / "versions/v9999_broken.py").write_text(text, "utf-8")
    monkeypatch.setattr(migrations, "_HERE", str(folder))


def test_an_upgrade_that_fails_leaves_the_old_file_byte_for_byte(
    v1: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = v1.database.read_bytes()
    with monkeypatch.context() as patched:
        with_a_last_step(patched, tmp_path / "migrations", "SELECT no_such_function()")
        engine = open_database(v1.database)
        with pytest.raises(Exception, match="no_such_function"):
            migrations.upgrade(engine)
        engine.dispose()
    assert v1.database.read_bytes() == before
    assert version_of(v1.database) == "0001"
    # And the release that can, migrates it.
    open_store(v1).engine.dispose()
    assert version_of(v1.database) == migrations.versions()[-1]


def test_the_step_that_fails_above_would_have_changed_much(
    v1: DataDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same step without its last statement changes the file."""
    before = v1.database.read_bytes()
    with_a_last_step(monkeypatch, tmp_path / "migrations", "SELECT 1")
    engine = open_database(v1.database)
    migrations.upgrade(engine)
    engine.dispose()
    assert version_of(v1.database) == "9999"
    assert v1.database.read_bytes() != before
    with closing(sqlite3.connect(v1.database)) as plain:
        assert plain.execute("SELECT count(*) FROM persons").fetchone() == (0,)


def test_every_released_schema_has_a_golden_file() -> None:
    """All but the newest, which is released when the next one is begun."""
    known = migrations.versions()
    assert list(known) == sorted(known)
    golden = {int(path.name.removeprefix("v")) for path in GOLDEN.glob("v[0-9]*") if path.is_dir()}
    assert {int(re.sub(r"\D", "", version)) for version in known[:-1]} <= golden
