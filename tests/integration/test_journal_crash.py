"""Kills, full disks and torn ends: what was acknowledged stays, what was not is accounted for."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from journal_cases import KEYS, NOTHING, draft, open_journal

from kiosk_api.core.journal import EntryKind
from kiosk_api.journal import layout
from kiosk_api.journal.errors import JournalBrokenError
from kiosk_api.journal.reader import entries
from kiosk_api.journal.store import Journal
from kiosk_api.journal.verify import ProblemCode, verify
from kiosk_api.sealing import Keyring

PUBLIC = KEYS.journal_key.public_key()
SCRIPT = Path(__file__).with_name("journal_process.py")
KILLS = 5


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, str(SCRIPT), *map(str, arguments)]


def codes(directory: Path) -> set[ProblemCode]:
    return {problem.code for problem in verify(directory, public_key=PUBLIC).problems}


def left_running(directory: Path, copy: Path) -> Path:
    """A journal as a kill leaves it: three decisions, not closed."""
    journal = open_journal(directory)
    for number in range(3):
        journal.append(draft(f"s-{number}")).result(10)
    shutil.copytree(directory, copy)
    journal.close()
    return copy


def test_kills_at_random_moments_lose_nothing_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(20260601)
    acknowledged: list[str] = []
    for kill in range(KILLS):
        with subprocess.Popen(command(tmp_path, f"k{kill}"), stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            time.sleep(chance.uniform(0.05, 0.4))
            process.send_signal(signal.SIGKILL)
            told = (first + process.stdout.read()).decode().splitlines(keepends=True)
        assert first, "the process ended before its first decision"
        acknowledged += [line.strip() for line in told if line.endswith("\n")]
        # Every acknowledged entry is covered by the anchor, which outlives a killed process.
        assert codes(tmp_path) <= {ProblemCode.UNFINISHED_LINE}

    journal = open_journal(tmp_path)
    for session_id in acknowledged:
        found = journal.find(session_id)
        assert found is not None
        assert found.outcome == "ADMIT"
    journal.close()
    assert len(acknowledged) > KILLS
    assert codes(tmp_path) == set()
    kinds = [entry.header.kind for entry in entries(tmp_path)]
    assert kinds.count(EntryKind.REOPENED) == KILLS
    decided = [e.header.session_id for e in entries(tmp_path) if e.header.kind == "decision"]
    assert len(decided) == len(set(decided))


def test_a_file_that_cannot_grow_refers_and_recovers(tmp_path: Path) -> None:
    """RLIMIT_FSIZE fails a real write in its middle, as a full disk does."""
    run = subprocess.run(
        command(tmp_path, "full", "40000"), capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    count = int(run.stdout)
    told = {e.header.session_id: e.outcome for e in entries(tmp_path) if e.header.session_id}
    expected: dict[str | None, str | None] = {f"s-{number}": "ADMIT" for number in range(count)}
    assert count > 3
    assert told == {**expected, f"s-{count}": "REFER", "s-after": "ADMIT"}
    assert codes(tmp_path) == set()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_kernel_is_asked_to_sync_between_the_write_and_the_acknowledgement(
    tmp_path: Path,
) -> None:
    trace = tmp_path / "trace"
    tracer = ["strace", "-f", "-qq", "-s", "65536", "-o", str(trace)]
    tracer += ["-e", "trace=pwrite64,fdatasync,write"]
    with subprocess.Popen(
        [*tracer, *command(tmp_path / "journal", "t")], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        # The tracer's child is the process that appends; strace ends with it.
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        process.stdout.read()
    if not told:
        pytest.skip("strace may not trace here")
    lines = trace.read_text().splitlines()
    session_id = told.decode().strip()
    written = next(i for i, line in enumerate(lines) if f'session_id\\":\\"{session_id}' in line)
    acknowledged = next(i for i, line in enumerate(lines) if f'write(1, "{session_id}' in line)
    assert "pwrite64(" in lines[written]
    between = lines[written:acknowledged]
    assert any("fdatasync" in line and line.endswith("= 0") for line in between)


@pytest.mark.parametrize("torn", [b'{"entry":{"at":"2026', b"\0" * 4096, b"garbage\n", b"\n"])
def test_a_torn_end_is_cut_and_recorded(tmp_path: Path, torn: bytes) -> None:
    directory = left_running(tmp_path / "a", tmp_path / "b")
    with (directory / "00000001.jsonl").open("ab") as file:
        file.write(torn)
    assert codes(directory) & {ProblemCode.UNFINISHED_LINE, ProblemCode.NOT_AN_ENTRY}
    journal = open_journal(directory)
    assert list(journal.sessions()) == ["s-0", "s-1", "s-2"]
    journal.close()
    (reopened,) = [e for e in entries(directory) if e.header.kind is EntryKind.REOPENED]
    assert reopened.body == {
        "anchor_lost": False,
        "cut_bytes": len(torn),
        "cut_sha256": sha256(torn).hexdigest(),
        "unanchored": 0,
    }
    assert codes(directory) == set()


def test_a_torn_new_segment_is_removed(tmp_path: Path) -> None:
    directory = left_running(tmp_path / "a", tmp_path / "b")
    (directory / "00000002.jsonl").write_bytes(b'{"entry":')
    journal = open_journal(directory)
    journal.close()
    assert layout.segment_numbers(directory) == [1]
    assert codes(directory) == set()


@pytest.mark.parametrize("closed", [True, False])
def test_an_empty_new_segment_is_no_obstacle(tmp_path: Path, closed: bool) -> None:
    copy = left_running(tmp_path / "a", tmp_path / "b")
    directory = tmp_path / "a" if closed else copy
    (directory / "00000002.jsonl").touch()
    open_journal(directory, segment_bytes=1).close()
    assert codes(directory) == set()


def test_entries_behind_the_anchor_are_kept_and_counted(tmp_path: Path) -> None:
    """Killed between fdatasync and anchor: the entries are whole, so they stay."""
    directory = tmp_path / "a"
    journal = open_journal(directory)
    journal.append(draft("s-0")).result(10)
    anchor = (directory / "HEAD").read_bytes()
    journal.append(draft("s-1")).result(10)
    copy = shutil.copytree(directory, tmp_path / "b")
    journal.close()
    (copy / "HEAD").write_bytes(anchor)
    report = verify(copy, public_key=PUBLIC)
    assert (report.problems, report.unanchored) == ([], 1)
    again = open_journal(copy)
    assert again.find("s-1") is not None
    again.close()
    (reopened,) = [e for e in entries(copy) if e.header.kind is EntryKind.REOPENED]
    assert reopened.body["unanchored"] == 1


@pytest.mark.parametrize("left", [b"", b"\0" * 200])
def test_an_anchor_that_a_loss_of_power_emptied_is_recorded(tmp_path: Path, left: bytes) -> None:
    directory = left_running(tmp_path / "a", tmp_path / "b")
    (directory / "HEAD").write_bytes(left)
    assert ProblemCode.ANCHOR_WRONG in codes(directory)
    open_journal(directory).close()
    (reopened,) = [e for e in entries(directory) if e.header.kind is EntryKind.REOPENED]
    assert reopened.body["anchor_lost"] is True
    assert codes(directory) == set()


def test_a_begin_that_was_interrupted_is_made_again(tmp_path: Path) -> None:
    for left in (b"", b'{"entry":{"at"'):
        directory = tmp_path / str(len(left))
        directory.mkdir()
        (directory / "00000001.jsonl").write_bytes(left)
        open_journal(directory).close()
        assert codes(directory) == set()


def test_a_begin_without_its_anchor_goes_on(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    path = tmp_path / "00000001.jsonl"
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    (tmp_path / "HEAD").unlink()
    open_journal(tmp_path).close()
    assert codes(tmp_path) == set()


def _without_line(data: bytes, number: int) -> bytes:
    lines = data.splitlines(keepends=True)
    return b"".join(lines[:number] + lines[number + 1 :])


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("00000001.jsonl", lambda data: data.replace(b'"ADMIT"', b'"REFER"', 1)),
        ("00000001.jsonl", lambda data: _without_line(data, 3)),
        ("00000001.jsonl", lambda data: _without_line(data, -1)),
        ("00000001.jsonl", lambda data: data[:-1]),
        ("00000001.jsonl", lambda data: data.replace(b'"kiosk-1"', b'"kiosk-2"', 1)),
        ("00000001.jsonl", lambda data: b""),
        ("HEAD", lambda data: data.replace(b"a", b"b", 1)),
        ("HEAD", lambda data: data[:-1]),
    ],
)
def test_anything_else_is_refused_and_left_alone(tmp_path: Path, name: str, change: object) -> None:
    assert callable(change)
    directory = left_running(tmp_path / "a", tmp_path / "b")
    before = (directory / name).read_bytes()
    (directory / name).write_bytes(change(before))
    changed = (directory / name).read_bytes()
    assert changed != before
    with pytest.raises(JournalBrokenError):
        open_journal(directory)
    assert (directory / name).read_bytes() == changed


@pytest.mark.parametrize("name", ["00000001.jsonl", "HEAD"])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    directory = left_running(tmp_path / "a", tmp_path / "b")
    (directory / name).unlink()
    with pytest.raises(JournalBrokenError):
        open_journal(directory)


def test_a_missing_segment_is_refused(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, segment_bytes=1)
    for number in range(3):
        journal.append(draft(f"s-{number}", NOTHING)).result(10)
    journal.close()
    (tmp_path / "00000002.jsonl").unlink()
    with pytest.raises(JournalBrokenError, match="segment 2 is missing"):
        open_journal(tmp_path)


def test_another_key_does_not_go_on_with_a_journal(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    other = Keyring(KEYS.kek, KEYS.index_key, Ed25519PrivateKey.generate())
    with pytest.raises(JournalBrokenError):
        Journal.open(tmp_path, other, "kiosk-1")


def test_a_journal_that_cannot_be_written_does_not_open(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OSError, match="file"):
        open_journal(blocked / "journal")
