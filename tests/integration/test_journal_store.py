"""An entry is acknowledged when it is durable, once, and never when its time has passed."""

from __future__ import annotations

import errno
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from journal_cases import KEYS, NOTHING, UNAVAILABLE, TestDisk, draft, open_journal

from kiosk_api.core.journal import EntryKind
from kiosk_api.journal.drafts import DecisionDraft, KeyDestroyedDraft
from kiosk_api.journal.errors import (
    JournalBrokenError,
    JournalConflictError,
    JournalLockedError,
    JournalTooLateError,
    JournalUnavailableError,
)
from kiosk_api.journal.jobs import Receipt
from kiosk_api.journal.reader import entries
from kiosk_api.journal.verify import verify

PUBLIC = KEYS.journal_key.public_key()
WAIT_S = 10.0


def kinds(directory: Path) -> list[str]:
    return [entry.header.kind.value for entry in entries(directory)]


def eventually(condition: object) -> None:
    assert callable(condition)
    until = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.005)


def check_sound(directory: Path) -> None:
    assert [str(problem) for problem in verify(directory, public_key=PUBLIC).problems] == []


def hang(disk: TestDisk) -> None:
    disk.reached.clear()
    disk.free.clear()


def test_what_was_acknowledged_is_found_after_a_restart(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    receipt = journal.append(draft("s-1")).result(WAIT_S)
    journal.append(draft("s-2", NOTHING)).result(WAIT_S)
    journal.close()
    check_sound(tmp_path)

    again = open_journal(tmp_path)
    found = again.find("s-1")
    assert found is not None
    assert (found.header.seq, found.header.hash) == (receipt.seq, receipt.hash)
    assert found.outcome == "ADMIT"
    assert list(again.sessions()) == ["s-1", "s-2"]
    assert again.find("s-3") is None
    again.close()
    check_sound(tmp_path)


def test_the_policy_stands_once_before_its_first_decision_even_over_restarts(
    tmp_path: Path,
) -> None:
    for session in ("s-1", "s-2"):
        journal = open_journal(tmp_path)
        journal.append(draft(session)).result(WAIT_S)
        journal.close()
    assert kinds(tmp_path) == [
        *("genesis", "checkpoint", "policy", "decision", "checkpoint"),
        *("checkpoint", "decision", "checkpoint"),
    ]


def test_it_is_written_then_synced_then_anchored_then_acknowledged(tmp_path: Path) -> None:
    disk = TestDisk()
    journal = open_journal(tmp_path, disk)
    disk.calls.clear()
    future = journal.append(draft("s-1"))
    future.add_done_callback(lambda _: disk.calls.append("acknowledged"))
    future.result(WAIT_S)
    eventually(lambda: "acknowledged" in disk.calls)
    journal.close()
    # The anchor is a small file of its own, hence the second write; it is durable, too.
    assert disk.calls[:6] == ["write", "sync", "anchor", "write", "sync_directory", "acknowledged"]


def test_what_waits_for_the_disk_shares_its_next_sync(tmp_path: Path) -> None:
    disk = TestDisk()
    journal = open_journal(tmp_path, disk)
    hang(disk)
    first = journal.append(draft("s-0"))
    assert disk.reached.wait(WAIT_S)
    rest = [journal.append(draft(f"s-{i}")) for i in range(1, 21)]
    disk.calls.clear()
    disk.free.set()
    wait([first, *rest], WAIT_S)
    assert disk.calls.count("sync") == 1
    assert sorted(f.result(0).seq for f in rest) == list(range(4, 24))
    journal.close()
    check_sound(tmp_path)


def test_a_session_is_decided_once(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    futures = [journal.append(draft("s-1")) for _ in range(3)]
    first, *rest = [future.result(WAIT_S) for future in futures]
    assert [(r.seq, r.hash, r.repeated) for r in rest] == [(first.seq, first.hash, True)] * 2
    with pytest.raises(JournalConflictError):
        journal.append(draft("s-1", NOTHING)).result(WAIT_S)
    journal.close()
    again = open_journal(tmp_path)
    assert again.append(draft("s-1")).result(WAIT_S).seq == first.seq
    with pytest.raises(JournalConflictError):
        again.append(draft("s-1", NOTHING)).result(WAIT_S)
    again.close()
    assert kinds(tmp_path).count("decision") == 1


def test_many_threads_append_one_chain(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, segment_bytes=60_000, checkpoint_entries=7)
    prepared = [draft(f"s-{i}") for i in range(200)]

    def append(one: DecisionDraft) -> Receipt:
        return journal.append(one).result(WAIT_S)

    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(append, prepared))
    journal.close()
    assert len({receipt.seq for receipt in receipts}) == 200
    report = verify(tmp_path, public_key=PUBLIC)
    assert report.problems == []
    assert (report.sessions, report.segments > 5, report.checkpoints > 5) == (200, True, True)
    again = open_journal(tmp_path)
    for one, receipt in zip(prepared, receipts, strict=True):
        entry = again.find(one.session_id)
        assert entry is not None
        assert entry.header.hash == receipt.hash
    again.close()


def test_a_signature_follows_after_some_time(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, checkpoint_s=0.05)
    journal.append(draft("s-1")).result(WAIT_S)
    eventually(lambda: kinds(tmp_path)[-2:] == ["decision", "checkpoint"])
    time.sleep(0.15)
    assert kinds(tmp_path).count("checkpoint") == 2, "nothing new, nothing to sign"
    journal.close()


def test_an_admission_whose_time_passed_in_the_queue_is_never_written(tmp_path: Path) -> None:
    disk = TestDisk()
    journal = open_journal(tmp_path, disk)
    hang(disk)
    journal.append(draft("s-0"))
    assert disk.reached.wait(WAIT_S)
    late = journal.append(draft("s-1"), not_after=time.monotonic() + 0.05)
    told = journal.supersede(draft("s-1", UNAVAILABLE))
    time.sleep(0.15)
    assert not journal.healthy
    disk.free.set()
    with pytest.raises(JournalTooLateError):
        late.result(WAIT_S)
    assert not told.result(WAIT_S).repeated
    assert journal.healthy
    journal.close()
    assert [e.header.kind for e in entries(tmp_path) if e.header.session_id == "s-1"] == [
        EntryKind.DECISION
    ]
    check_sound(tmp_path)


def test_an_admission_that_was_durable_too_late_is_superseded(tmp_path: Path) -> None:
    disk = TestDisk()
    journal = open_journal(tmp_path, disk)
    hang(disk)
    admitted = journal.append(draft("s-1"), not_after=time.monotonic() + 0.05)
    assert disk.reached.wait(WAIT_S)
    time.sleep(0.1)
    told = journal.supersede(draft("s-1", UNAVAILABLE))
    disk.free.set()
    assert admitted.result(WAIT_S).late
    told.result(WAIT_S)
    found = journal.find("s-1")
    assert found is not None
    assert (found.header.kind, found.outcome) == (EntryKind.SUPERSEDED, "REFER")
    with pytest.raises(JournalConflictError):
        journal.append(draft("s-1")).result(WAIT_S)
    journal.close()
    check_sound(tmp_path)


def test_only_a_referral_supersedes(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    with pytest.raises(ValueError, match="REFER"):
        journal.supersede(draft("s-1"))
    journal.close()


@pytest.mark.parametrize("call", ["write", "sync"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_failing_disk_admits_nobody_and_keeps_the_referrals(
    tmp_path: Path, call: str, number: int
) -> None:
    disk = TestDisk()
    journal = open_journal(tmp_path, disk)
    journal.append(draft("s-0")).result(WAIT_S)
    disk.torn_at, disk.failing = 1000, {call: number, "open": number}

    with pytest.raises(JournalUnavailableError) as admit:
        journal.append(draft("s-1")).result(WAIT_S)
    assert not admit.value.kept
    assert not journal.healthy
    with pytest.raises(JournalUnavailableError) as refer:
        journal.append(draft("s-1", UNAVAILABLE)).result(WAIT_S)
    assert refer.value.kept
    with pytest.raises(JournalUnavailableError):
        journal.append(draft("s-2")).result(WAIT_S)

    disk.failing = {}
    eventually(lambda: journal.healthy and journal.find("s-1") is not None)
    assert journal.find("s-2") is None
    journal.append(draft("s-3")).result(WAIT_S)
    journal.close()
    told = {e.header.session_id: e.outcome for e in entries(tmp_path) if e.header.session_id}
    assert told == {"s-0": "ADMIT", "s-1": "REFER", "s-3": "ADMIT"}
    check_sound(tmp_path)


def test_bytes_of_a_failed_write_are_cut_at_once(tmp_path: Path) -> None:
    disk = TestDisk()
    journal = open_journal(tmp_path, disk, first_retry_s=30, longest_retry_s=30)
    journal.append(draft("s-0")).result(WAIT_S)
    size = (tmp_path / "00000001.jsonl").stat().st_size
    disk.torn_at, disk.failing = 1000, {"write": errno.ENOSPC}
    with pytest.raises(JournalUnavailableError):
        journal.append(draft("s-1")).result(WAIT_S)
    eventually(lambda: (tmp_path / "00000001.jsonl").stat().st_size == size)
    disk.failing = {}
    journal.close()
    check_sound(tmp_path)


def test_an_anchor_that_cannot_be_written_does_not_undo_what_is_durable(tmp_path: Path) -> None:
    disk = TestDisk()
    journal = open_journal(tmp_path, disk)
    disk.failing = {"anchor": errno.ENOSPC}
    # The next start would not believe that this ADMIT was told, so it must not be.
    with pytest.raises(JournalUnavailableError, match="anchor") as refused:
        journal.append(draft("s-1")).result(WAIT_S)
    assert not refused.value.kept
    assert not journal.healthy
    disk.failing = {}
    eventually(lambda: journal.healthy)
    assert journal.find("s-1") is not None
    journal.close()
    check_sound(tmp_path)


def test_a_segment_that_cannot_be_begun_leaves_no_trace(tmp_path: Path) -> None:
    disk = TestDisk()
    journal = open_journal(tmp_path, disk, segment_bytes=1)
    disk.torn_at, disk.failing = 10, {"write": errno.ENOSPC}
    with pytest.raises(JournalUnavailableError):
        journal.append(draft("s-1")).result(WAIT_S)
    disk.failing = {}
    eventually(lambda: journal.healthy)
    journal.append(draft("s-1")).result(WAIT_S)
    journal.close()
    check_sound(tmp_path)


def test_more_than_fits_into_memory_is_refused(tmp_path: Path) -> None:
    disk = TestDisk()
    journal = open_journal(tmp_path, disk, waiting_entries=3)
    hang(disk)
    first = journal.append(draft("s-0"))
    assert disk.reached.wait(WAIT_S)
    waiting = [journal.append(draft(f"s-{i}", NOTHING)) for i in range(1, 5)]
    with pytest.raises(JournalUnavailableError) as refused:
        waiting.pop().result(0.5)
    assert not refused.value.kept
    disk.free.set()
    wait([first, *waiting], WAIT_S)
    journal.close()
    assert kinds(tmp_path).count("decision") == 4


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.close()
    assert not journal.healthy
    with pytest.raises(JournalUnavailableError):
        journal.append(draft("s-1")).result(0)


def test_closing_over_a_dead_disk_says_so(tmp_path: Path) -> None:
    disk = TestDisk()
    journal = open_journal(tmp_path, disk)
    disk.failing = {"sync": errno.EIO}
    with pytest.raises(JournalUnavailableError):
        journal.append(draft("s-1", NOTHING)).result(WAIT_S)
    with pytest.raises(JournalUnavailableError, match="1 entries were not written"):
        journal.close()


def test_closing_waits_no_longer_than_it_may(tmp_path: Path) -> None:
    disk = TestDisk()
    journal = open_journal(tmp_path, disk)
    hang(disk)
    future = journal.append(draft("s-1"))
    assert disk.reached.wait(WAIT_S)
    with pytest.raises(JournalUnavailableError, match="in time"):
        journal.close(timeout=0.05)
    disk.free.set()
    assert future.result(WAIT_S)
    eventually(lambda: "journal" not in {thread.name for thread in threading.enumerate()})


def test_two_services_never_write_one_journal(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    with pytest.raises(JournalLockedError):
        open_journal(tmp_path)
    assert verify(tmp_path).is_written
    journal.close()
    open_journal(tmp_path).close()
    assert not verify(tmp_path).is_written


def test_a_caller_cannot_cancel(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    future: Future[Receipt] = journal.append(draft("s-1"))
    assert not future.cancel()
    assert future.result(WAIT_S)
    journal.close()


def test_a_destroyed_key_is_recorded(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(draft("s-1")).result(WAIT_S)
    journal.append(KeyDestroyedDraft("s-1", "retention")).result(WAIT_S)
    found = journal.find("s-1")
    assert found is not None
    assert found.header.kind is EntryKind.DECISION
    journal.close()
    assert kinds(tmp_path)[-2:] == ["key_destroyed", "checkpoint"]


def test_an_entry_that_was_changed_under_a_running_service_is_not_believed(
    tmp_path: Path,
) -> None:
    journal = open_journal(tmp_path)
    journal.append(draft("s-1")).result(WAIT_S)
    path = tmp_path / "00000001.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"ADMIT"', b'"REFER"'))
    with pytest.raises(JournalBrokenError):
        journal.find("s-1")
    with pytest.raises(JournalUnavailableError):
        journal.append(draft("s-1")).result(WAIT_S)
    eventually(lambda: not journal.healthy)


@pytest.mark.parametrize("bad", ["", "a/b", ".hidden", "x" * 65, "ä", 'a"b'])
def test_a_session_id_is_a_plain_word(bad: str) -> None:
    with pytest.raises(ValueError, match="session id"):
        draft(bad)
    with pytest.raises(ValueError, match="session id"):
        KeyDestroyedDraft(bad, "retention")
