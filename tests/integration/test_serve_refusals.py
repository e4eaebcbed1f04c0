"""A service that cannot start says why in one line, and leaves everything as it was."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kiosk_api.bootstrap import open_store
from kiosk_api.commands import serve, tokens
from kiosk_api.config import DataDir
from kiosk_api.journal.store import Journal


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    """A kiosk that was stopped properly."""
    data = DataDir(tmp_path / "kiosk")
    store = open_store(data)
    Journal.open(data.journal, store.keyring, "kiosk-1").close()
    store.engine.dispose()
    return data


def run(data: DataDir, *options: str) -> Result:
    return CliRunner().invoke(
        serve, [f"--data={data.root}", "--demonstration", "--port=0", *options]
    )


def assert_one_line(result: Result, *words: str) -> None:
    assert result.exit_code == 1, result.output
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, result.output
    assert "Traceback" not in result.output
    for word in words:
        assert word in lines[0]
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_a_port_in_use(data: DataDir) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        assert_one_line(run(data, f"--port={port}"), str(port), "in use", "--port")


def test_the_data_of_a_running_service(data: DataDir) -> None:
    store = open_store(data)
    with closing(Journal.open(data.journal, store.keyring, "kiosk-1")):
        assert_one_line(run(data), "another service")
    store.engine.dispose()


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


def _segment(data: DataDir) -> Path:
    return max(data.journal.iterdir(), key=lambda path: path.stat().st_size)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda data: _flip(_segment(data)), ("is broken",)),
        (lambda data: _segment(data).unlink(), ("missing",)),
        (lambda data: (data.keys / "kek.key").chmod(0o644), ("chmod 600",)),
        (lambda data: (data.keys / "kek.key").write_bytes(b"short"), ("32 bytes",)),
        (lambda data: (data.keys / "kek.key").unlink(), ("kek.key",)),
        (lambda data: _lose(data.keys), ("key file", "cannot be read")),
        (lambda data: data.database.write_bytes(b"no database" * 1000), ("database",)),
        (lambda data: _replace_by_directory(data.database), ("database",)),
        (lambda data: _replace_by_file(data.journal), ("journal",)),
    ],
    ids=[
        "journal changed",
        "journal lost",
        "key open to others",
        "key too short",
        "one key lost",
        "all keys lost",
        "no database",
        "a directory",
        "a file",
    ],
)
def test_data_that_cannot_be_used(
    data: DataDir, harm: Callable[[DataDir], None], words: tuple[str, ...]
) -> None:
    harm(data)
    before = _listing(data)
    assert_one_line(run(data), *words)
    assert _listing(data) == before  # above all: no new key in the place of a lost one


def _lose(directory: Path) -> None:
    for path in directory.iterdir():
        path.unlink()
    directory.rmdir()


def _replace_by_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _replace_by_file(directory: Path) -> None:
    _lose(directory)
    directory.write_bytes(b"")


def _listing(data: DataDir) -> set[str]:
    """All files but those that SQLite makes for itself."""
    files = {str(path.relative_to(data.root)) for path in data.root.rglob("*")}
    return {name for name in files if not name.endswith(("-wal", "-shm"))}


def test_a_disk_that_takes_nothing(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    assert_one_line(run(data), "No space left on device")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--site=atlantis"], "atlantis"),
        (["--lane=LANE"], "lanes are named"),
        (["--host=0.0.0.0"], "this machine only"),
        (["--drop=lane-9=/x"], "lane-9"),
    ],
)
def test_settings_that_must_not_run(data: DataDir, options: list[str], word: str) -> None:
    assert_one_line(run(data, *options), word)


def test_workers_that_do_not_come_up(data: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk_api.bootstrap._FACE_WORKER", "no_such_module")
    monkeypatch.setattr("kiosk_api.intake.workers._BOOT_SECONDS", 0.5)
    assert_one_line(run(data), "no worker became ready")


@pytest.mark.parametrize("option", ["--drop=lane-1", "--drop==x", "--workers=0", "--port=70000"])
def test_options_that_are_none(data: DataDir, option: str) -> None:
    result = run(data, option)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")


def test_tokens_are_made_listed_and_ended(data: DataDir) -> None:
    def call(*arguments: str) -> Result:
        return CliRunner().invoke(tokens, [*arguments, f"--data={data.root}"])

    made = call("create", "--name=gate", "--role=device", "--provenance=device", "--lane=lane-1")
    token = made.stdout.strip()
    token_id = token.split("_")[1]
    listed = call("list").stdout
    assert token_id in listed
    assert token not in listed
    assert "valid" in listed
    assert call("revoke", token_id).exit_code == 0
    assert "revoked" in call("list").stdout
    assert call("revoke", "ffffffff").exit_code == 1
    without_lane = call("create", "--name=gate", "--role=device", "--provenance=device")
    assert without_lane.exit_code == 2
    assert "needs a lane" in without_lane.stderr
