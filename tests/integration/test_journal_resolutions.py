"""An officer's resolution: once for a referral, durable before it is told, found if it is not."""

from __future__ import annotations

import errno
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from journal_cases import ADMITTING, KEYS, NOTHING, NOW, TestDisk, draft, open_journal

from kiosk_api.core.journal import EntryKind
from kiosk_api.core.plain import CodecError
from kiosk_api.core.review import Cause, Choice, ResolutionOutcome
from kiosk_api.journal.drafts import ResolutionDraft, Shown, ViewedDraft
from kiosk_api.journal.errors import JournalConflictError, JournalUnavailableError
from kiosk_api.journal.payload import open_note, seal_note
from kiosk_api.journal.reader import entries
from kiosk_api.journal.replay import replay
from kiosk_api.journal.resolutions import read_resolution, read_view
from kiosk_api.journal.store import Journal
from kiosk_api.journal.verify import ProblemCode, verify
from kiosk_api.sealing import SealBrokenError, Sealer

PUBLIC = KEYS.journal_key.public_key()
SCRIPT = Path(__file__).with_name("resolutions_process.py")
KILLS = 4


def resolution(
    session_id: str,
    outcome: ResolutionOutcome = ResolutionOutcome.ADMIT,
    cause: Cause = Cause.SAME_PERSON,
    note: str | None = None,
) -> ResolutionDraft:
    return ResolutionDraft(
        session_id=session_id,
        choice=Choice(outcome, cause),
        officer="anna",
        resolved_at=NOW,
        note=note,
    )


def problems(directory: Path) -> set[ProblemCode]:
    return {problem.code for problem in verify(directory, public_key=PUBLIC).problems}


def kinds(directory: Path, session_id: str) -> list[str]:
    return [e.header.kind for e in entries(directory) if e.header.session_id == session_id]


def test_a_referral_is_resolved_once_also_after_a_restart(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(draft("s-1", NOTHING)).result(10)
    assert not journal.is_resolved("s-1")
    receipt = journal.append(resolution("s-1")).result(10)
    assert journal.is_resolved("s-1")
    with pytest.raises(JournalConflictError):
        journal.append(resolution("s-1", ResolutionOutcome.REFUSE, Cause.OTHER)).result(10)
    journal.close()
    journal = open_journal(tmp_path)
    found = journal.resolution("s-1")
    assert found is not None
    assert (found.header.seq, found.header.hash) == (receipt.seq, receipt.hash)
    read = read_resolution(found)
    assert (read.outcome, read.cause, read.officer) == ("admit", "same_person", "anna")
    with pytest.raises(JournalConflictError):
        journal.append(resolution("s-1")).result(10)
    journal.close()
    assert kinds(tmp_path, "s-1") == ["decision", "resolution"]
    assert problems(tmp_path) == set()
    # It is the officer's; what the kiosk decided stays, and is decided again.
    assert [one.differences for one in replay(entries(tmp_path))] == [()]
    assert next(e for e in entries(tmp_path) if e.header.kind is EntryKind.DECISION).outcome == (
        "REFER"
    )


def test_two_at_the_same_moment_are_one_resolution(tmp_path: Path) -> None:
    disk = TestDisk()
    journal = open_journal(tmp_path, disk)
    journal.append(draft("s-1", NOTHING)).result(10)
    disk.free.clear()
    blocker = journal.append(draft("s-2"))
    assert disk.reached.wait(10)
    both = [journal.append(resolution("s-1")), journal.append(resolution("s-1"))]
    disk.free.set()
    blocker.result(10)
    errors = [future.exception(10) for future in both]
    assert errors[0] is None
    assert isinstance(errors[1], JournalConflictError)
    journal.close()
    assert kinds(tmp_path, "s-1").count("resolution") == 1


@pytest.mark.parametrize("session", ["admitted", "unknown"])
def test_only_a_referral_is_viewed_and_resolved(tmp_path: Path, session: str) -> None:
    journal = open_journal(tmp_path)
    journal.append(draft("admitted", ADMITTING)).result(10)
    for entry in (resolution(session), ViewedDraft(session, "anna", Shown.LIVE)):
        with pytest.raises(JournalConflictError):
            journal.append(entry).result(10)
    journal.close()
    assert problems(tmp_path) == set()


def test_a_disk_that_fails_records_nothing_later_behind_the_officers_back(tmp_path: Path) -> None:
    disk = TestDisk()
    journal = open_journal(tmp_path, disk)
    journal.append(draft("s-1", NOTHING)).result(10)
    disk.failing["sync"] = errno.EIO
    error = journal.append(resolution("s-1")).exception(10)
    assert isinstance(error, JournalUnavailableError)
    assert not error.kept
    again = journal.append(resolution("s-1")).exception(10)
    assert isinstance(again, JournalUnavailableError)
    disk.failing.clear()
    while not journal.healthy:
        time.sleep(0.01)
    journal.append(draft("s-2")).result(10)
    assert not journal.is_resolved("s-1")
    journal.append(resolution("s-1")).result(10)
    journal.close()
    assert kinds(tmp_path, "s-1") == ["decision", "resolution"]


def test_a_view_names_who_saw_what(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(draft("s-1", NOTHING)).result(10)
    for shown in Shown:
        journal.append(ViewedDraft("s-1", "berta", shown)).result(10)
    journal.close()
    views = [read_view(e) for e in entries(tmp_path) if e.header.kind is EntryKind.VIEWED]
    assert [(view.officer, view.shown) for view in views] == [("berta", s) for s in Shown]


def test_verify_finds_what_the_journal_itself_would_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "_was_referred", lambda *_: True)
    journal = open_journal(tmp_path)
    journal.append(draft("s-1", NOTHING)).result(10)
    journal.append(resolution("s-1")).result(10)
    journal._resolved.clear()
    journal.append(resolution("s-1")).result(10)
    journal.append(draft("s-2", ADMITTING)).result(10)
    journal.append(resolution("s-2")).result(10)
    journal.append(ViewedDraft("s-3", "anna", Shown.LIVE)).result(10)
    journal.close()
    assert problems(tmp_path) == {ProblemCode.RESOLUTION_REPEATED, ProblemCode.NOTHING_RESOLVED}


def test_kills_at_random_moments_lose_no_resolution_and_repeat_none(tmp_path: Path) -> None:
    chance, told = random.Random(20260601), []
    for kill in range(KILLS):
        command = [sys.executable, str(SCRIPT), str(tmp_path), f"k{kill}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            time.sleep(chance.uniform(0.05, 0.3))
            process.send_signal(signal.SIGKILL)
            lines = (first + process.stdout.read()).decode().splitlines(keepends=True)
        told += [line.strip() for line in lines if line.endswith("\n")]
    journal = open_journal(tmp_path)
    assert len(told) > KILLS
    assert all(journal.is_resolved(session_id) for session_id in told)
    with pytest.raises(JournalConflictError):
        journal.append(resolution(told[0])).result(10)
    journal.close()
    resolved = Counter(
        e.header.session_id for e in entries(tmp_path) if e.header.kind is EntryKind.RESOLUTION
    )
    assert set(told) <= set(resolved)
    assert set(resolved.values()) == {1}
    assert problems(tmp_path) == set()


def test_a_note_opens_for_its_own_session_only() -> None:
    sealer = Sealer(b"s" * 32)
    sealed = seal_note(sealer, "s-1", "grew a beard")
    assert "beard" not in sealed
    assert open_note(sealer, "s-1", sealed) == "grew a beard"
    with pytest.raises(SealBrokenError):
        open_note(sealer, "s-2", sealed)
    with pytest.raises(SealBrokenError):
        open_note(sealer, "s-1", "no base64 at all")


@pytest.mark.parametrize(
    "change",
    [{"cause": "listed"}, {"outcome": "release"}, {"officer": 7}, {"resolved_at": "noon"}],
)
def test_a_resolution_of_another_release_is_not_guessed_at(
    tmp_path: Path, change: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(tmp_path)
    journal.append(draft("s-1", NOTHING)).result(10)
    journal.append(resolution("s-1")).result(10)
    entry = journal.resolution("s-1")
    journal.close()
    assert entry is not None
    monkeypatch.setitem(entry.body, *next(iter(change.items())))  # type: ignore[call-overload]  # any
    with pytest.raises(CodecError):
        read_resolution(entry)
