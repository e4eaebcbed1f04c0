"""Keys that are not the data directory's: whatever opens it notices, and says so in one line."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from records_people import NOW, embed, person, write

from kiosk_api.bootstrap import open_store
from kiosk_api.commands import tokens
from kiosk_api.config import DataDir
from kiosk_api.key_check import check_keys
from kiosk_api.provisioning.findings import Status
from kiosk_api.provisioning.keys import examine_keys
from kiosk_api.records.commands import records
from kiosk_api.records.importer import import_records
from kiosk_api.sealing import KeyFileError

BOTH = ["kek.key", "index.key"]


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """A kiosk that knows one person."""
    data = DataDir(tmp_path / "kiosk")
    store = open_store(data)
    people = write(tmp_path / "people.jsonl", person(1))
    assert import_records(store.engine, store.keyring, people, embed=embed, now=NOW).imported == 1
    store.engine.dispose()
    return data


def exchange(data: DataDir, name: str) -> None:
    (data.keys / name).write_bytes(os.urandom(32))


def assert_refused(result: Result, *words: str) -> None:
    assert result.exit_code == 1, result.output
    [line] = result.output.splitlines()
    assert all(word in line for word in ("Error: ", "restore", *words)), line


def test_the_check_value_is_private_and_fits(data: DataDir) -> None:
    assert stat.S_IMODE(data.keys_check.stat().st_mode) == 0o600
    content = data.keys_check.read_bytes()
    store = open_store(data)
    assert check_keys(data.keys_check, store.keyring)
    store.engine.dispose()
    assert data.keys_check.read_bytes() == content
    finding, _ = examine_keys(data, production=False)
    assert finding.status is Status.OK


@pytest.mark.parametrize("name", BOTH)
def test_another_key_is_refused_by_everything(data: DataDir, name: str) -> None:
    exchange(data, name)
    with pytest.raises(KeyFileError, match=name):
        open_store(data)
    option = f"--data={data.root}"
    assert_refused(CliRunner().invoke(tokens, ["list", option]), name)
    assert_refused(CliRunner().invoke(records, ["list", option]), name)
    finding, _ = examine_keys(data, production=False)
    assert finding.status is Status.FAIL
    assert name in finding.detail


def test_an_older_directory_gets_a_check_value_from_its_records(data: DataDir) -> None:
    data.keys_check.unlink()
    finding, _ = examine_keys(data, production=False)
    assert (finding.status, "keys.check" in finding.detail) == (Status.WARN, True)
    open_store(data).engine.dispose()
    assert data.keys_check.exists()


@pytest.mark.parametrize("name", BOTH)
def test_an_older_directory_with_another_key_gets_none(data: DataDir, name: str) -> None:
    data.keys_check.unlink()
    exchange(data, name)
    with pytest.raises(KeyFileError, match="no record"):
        open_store(data)
    assert_refused(CliRunner().invoke(records, ["list", f"--data={data.root}"]), "no record")
    assert not data.keys_check.exists()


def test_a_directory_without_records_gets_one(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "kiosk")
    open_store(data).engine.dispose()
    data.keys_check.unlink()
    open_store(data).engine.dispose()
    assert data.keys_check.exists()


def test_a_check_value_of_another_kiosk_is_refused(data: DataDir, tmp_path: Path) -> None:
    other = DataDir(tmp_path / "other")
    open_store(other).engine.dispose()
    shutil.copyfile(other.keys_check, data.keys_check)
    with pytest.raises(KeyFileError, match=r"kek\.key"):
        open_store(data)
