"""Whatever breaks: an answer inside the budget, the one that is in the journal, no wrong ADMIT."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from session_stand import (
    BUDGET_S,
    CAMERA,
    POLICY,
    READER,
    Stand,
    codes,
    lines_of,
    until,
    with_times,
)
from sqlalchemy.exc import OperationalError

import kiosk_api.sessions.service as service_module
from kiosk_api.core import codec
from kiosk_api.core.decision import Outcome
from kiosk_api.core.evidence import Fault, FaultKind, Stage
from kiosk_api.core.journal import EntryKind
from kiosk_api.core.session import SessionState
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.journal.reader import entries
from kiosk_api.records.errors import RecordBrokenError
from kiosk_api.sessions import document_step, used_events
from kiosk_api.sessions.answering import interrupted_session
from kiosk_api.sessions.errors import (
    EventReplayedError,
    LaneBusyError,
    LaneOutOfServiceError,
    OutOfOrderError,
    RequestKeyReusedError,
    SessionFinishedError,
    UnknownLaneError,
)
from kiosk_api.sessions.live import LiveSession, Told
from kiosk_api.sessions.repository import RequestKey


@pytest.fixture
async def pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WorkerPool]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    pool = WorkerPool("odd_worker")
    await pool.start()
    yield pool
    await pool.close()


@pytest.fixture
async def stand(tmp_path: Path, pool: WorkerPool) -> AsyncIterator[Stand]:
    stand = Stand(tmp_path)
    await stand.start(pool)
    yield stand
    await stand.stop()
    stand.engine.dispose()


def told_kinds(stand: Stand) -> list[tuple[str, str | None]]:
    """Kind and outcome of all entries that tell something."""
    told = (EntryKind.DECISION, EntryKind.SUPERSEDED)
    return [
        (str(entry.header.kind), entry.outcome)
        for entry in entries(stand.root / "journal")
        if entry.header.kind in told
    ]


def assert_as_journaled(stand: Stand, live: LiveSession, told: Told) -> None:
    past = stand.journaled(live.session.session_id)
    assert past is not None
    assert past.told.decision == told.decision
    assert past.told.evidence == told.evidence
    assert past.told.decided_at == told.decided_at
    assert past.event_ids == tuple(live.event_ids)


def is_referred(stand: Stand, live: LiveSession) -> bool:
    past = stand.journaled(live.session.session_id)
    return past is not None and past.told.decision.outcome is Outcome.REFER


def assert_free(stand: Stand, live: LiveSession) -> None:
    """Nothing is left of the session but its answer."""
    assert live.session.state.is_terminal
    assert stand.service.active("lane-1") is None
    assert (live.mrz_lines, live.template, live.identifying, live.pictures) == ((), None, {}, [])


async def test_an_admission_is_told_after_its_entry_was_on_the_disk(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live)
    stand.disk.calls.clear()
    told_at: list[list[str]] = []
    answer = asyncio.ensure_future(stand.show_face(live))
    answer.add_done_callback(lambda _: told_at.append(list(stand.disk.calls)))
    told = await answer
    assert told.decision.outcome is Outcome.ADMIT, codes(told)
    assert told.place is not None
    assert not told.over_budget
    before = told_at[0]
    assert before[before.index("write") :][:2] == ["write", "sync"]
    assert_as_journaled(stand, live, told)
    assert_free(stand, live)
    assert not (stand.root / "pictures").exists()  # of an admitted traveler nothing is kept


async def test_no_admission_while_its_sync_does_not_return(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live)
    stand.disk.free.clear()
    answer = asyncio.ensure_future(stand.show_face(live))
    await asyncio.to_thread(stand.disk.reached.wait, 5)
    await asyncio.sleep(0.3)
    assert not answer.done()
    stand.disk.free.set()
    assert (await answer).decision.outcome is Outcome.ADMIT


async def test_a_disk_that_hangs_refers_in_time_and_is_put_right_later(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live)
    stand.disk.free.clear()
    started = time.monotonic()
    told = await stand.show_face(live)
    assert time.monotonic() - started < BUDGET_S
    assert told.decision.outcome is Outcome.REFER
    assert codes(told) == {"journal_unavailable"}
    assert told.place is None
    assert not told.over_budget
    assert_free(stand, live)
    await until(lambda: not stand.service.in_service)
    with pytest.raises(LaneOutOfServiceError):
        await stand.open()
    row = stand.repository.get(live.session.session_id)
    assert row is not None
    assert row.outcome is None  # a start after a crash would look at it again
    stand.disk.free.set()
    await until(lambda: is_referred(stand, live))
    assert told_kinds(stand) == [("decision", "ADMIT"), ("superseded", "REFER")]
    assert_as_journaled(stand, live, told)
    await until(lambda: stand.service.in_service)
    assert (await stand.visit()).decision.outcome is Outcome.ADMIT
    row = stand.repository.get(live.session.session_id)
    assert row is not None
    assert row.outcome == "REFER"


async def test_a_full_disk_refers_and_records_it_when_there_is_room(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live)
    stand.disk.failing["write"] = errno.ENOSPC
    told = await stand.show_face(live)
    assert codes(told) == {"journal_unavailable"}
    assert told.place is None
    assert not stand.service.in_service
    stand.disk.failing.clear()
    await until(lambda: stand.service.in_service and is_referred(stand, live))
    assert told_kinds(stand) == [("decision", "REFER")]
    assert_as_journaled(stand, live, told)
    assert (await stand.visit()).decision.outcome is Outcome.ADMIT


async def test_what_the_journal_kept_is_completed_while_the_service_runs(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live)
    stand.disk.failing["write"] = errno.ENOSPC
    told = await stand.show_face(live)
    assert told.place is None
    await asyncio.sleep(0.3)  # the journal's refusal was heard of, and it tried again
    assert stand.service.outcomes.unrecorded == {live.session.session_id}
    stand.disk.failing.clear()
    await until(lambda: stand.service.in_service)
    entry = stand.journal.find(live.session.session_id)
    assert entry is not None
    assert live.told is not None
    assert live.told.place is not None
    assert live.told.place.seq == entry.header.seq
    await until(lambda: stand.repository.unfinished() == [])
    row = stand.repository.get(live.session.session_id)
    assert row is not None
    assert row.outcome == "REFER"


async def test_a_row_that_the_database_did_not_take_is_tried_again(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = stand.repository.finish, []

    def fail_once(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 1:
            raise OperationalError("UPDATE", {}, Exception())
        real(*args)

    monkeypatch.setattr(stand.repository, "finish", fail_once)
    await stand.visit()
    await until(lambda: stand.repository.unfinished() == [])
    assert len(calls) == 2


async def test_the_end_of_the_service_does_not_wait_for_a_full_disk(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live)
    stand.disk.failing["write"] = errno.ENOSPC
    await stand.show_face(live)
    started = time.monotonic()
    await stand.service.interrupt_all()
    await until(lambda: not stand.service.aside.is_busy)
    assert time.monotonic() - started < 3
    assert live.told is not None
    assert live.told.place is None
    row = stand.repository.get(live.session.session_id)
    assert row is not None
    assert row.outcome is None


async def test_a_referral_on_a_disk_that_hangs_keeps_its_reasons(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live)
    stand.disk.free.clear()
    started = time.monotonic()
    told = await stand.show_face(live, "other")
    assert time.monotonic() - started < BUDGET_S
    assert codes(told) == {"face_differs"}
    assert told.place is None
    stand.disk.free.set()
    await until(lambda: is_referred(stand, live))
    assert_as_journaled(stand, live, told)


@pytest.mark.parametrize(
    ("order", "reasons"),
    [
        ("other", {"face_differs"}),
        ("hang", {"budget_exhausted", "face_not_measured"}),
        ("die", {"matcher_failed", "face_not_measured"}),
        ("garbage", {"matcher_failed", "face_not_measured"}),
        ("not-a-number", {"matcher_failed", "face_not_measured"}),
        ("nothing", {"matcher_failed", "face_not_measured"}),
        ("unheard-of", {"matcher_failed", "face_not_measured"}),
        ("sequence-of-one", {"matcher_failed", "face_not_measured"}),
        ("suspect", {"face_presentation_suspicious"}),
        ("unsearched", {"face_presentation_unknown"}),
    ],
)
async def test_a_worker_that_fails_refers_in_time(
    stand: Stand, order: str, reasons: set[str]
) -> None:
    live = await stand.open()
    await stand.scan(live)
    started = time.monotonic()
    told = await stand.show_face(live, order)
    assert time.monotonic() - started < BUDGET_S
    assert codes(told) == reasons
    assert_as_journaled(stand, live, told)
    assert_free(stand, live)
    assert len(list((stand.root / "pictures").iterdir())) == 1  # what an officer has to see
    assert (await stand.visit()).decision.outcome is Outcome.ADMIT


def _raise(*_: object, **__: object) -> Any:
    raise RuntimeError("ARKFREITH<<THORDIS")


_STEPS = (
    "kiosk_api.journal.drafts.codec.encode_evidence",
    "kiosk_api.sessions.answering.seal_payload",
    "kiosk_api.sessions.answering.decide",
    "kiosk_api.sessions.face_step.measure_face",
    "kiosk_api.clock.ClockGuard.is_reliable",
    "kiosk_api.journal.store.Journal.append",
)


@pytest.mark.parametrize(
    ("order", "broken"),
    [
        *((order, step) for order in ("same", "other") for step in _STEPS),
        ("same", "kiosk_api.sessions.answering.Answerer._wait"),
        ("other", "kiosk_api.sessions.answering.Answerer._keep_pictures"),
    ],
)
async def test_whatever_breaks_at_the_face_once_ends_in_a_journaled_referral(
    stand: Stand,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    broken: str,
    order: str,
) -> None:
    live = await stand.open()
    await stand.scan(live)
    module, _, name = broken.rpartition(".")
    with monkeypatch.context() as patch:
        owner = _resolve(module)
        real = getattr(owner, name)
        calls = []

        def once(*args: Any, **kwargs: Any) -> Any:
            calls.append(name)
            return _raise() if len(calls) == 1 else real(*args, **kwargs)

        patch.setattr(owner, name, once)
        told = await stand.show_face(live, order)
    assert calls
    assert told.decision.outcome is Outcome.REFER
    assert "session_interrupted" in codes(told)
    assert_free(stand, live)
    await until(lambda: is_referred(stand, live))
    assert_as_journaled(stand, live, told)
    assert "ARKFREITH" not in caplog.text
    assert (await stand.visit()).decision.outcome is Outcome.ADMIT


def _resolve(path: str) -> Any:
    import importlib

    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        parent, _, name = path.rpartition(".")
        return getattr(_resolve(parent), name)


async def test_what_can_never_be_written_still_answers_and_is_found_at_the_next_start(
    stand: Stand, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = await stand.open()
    await stand.scan(live)
    with monkeypatch.context() as patch:
        patch.setattr(codec, "encode_evidence", _raise)
        told = await stand.show_face(live)
    assert codes(told) >= {"session_interrupted"}
    assert_free(stand, live)
    assert stand.journaled(live.session.session_id) is None
    await stand.stop()
    await stand.start(pool)
    past = stand.journaled(live.session.session_id)
    assert past is not None
    assert "session_interrupted" in codes(past.told)


async def test_the_table_has_its_say_before_an_admission_is_written(
    stand: Stand, pool: WorkerPool
) -> None:
    """A policy whose rules forgot the record: decide() admits, the session's table does not."""
    await stand.stop()
    stand.policy = replace(POLICY, rules=("policy_in_force",))
    await stand.start(pool)
    live = await stand.open()
    await stand.scan(live, lines_of("XQ0000002"))
    told = await stand.show_face(live)
    assert told.decision.outcome is Outcome.REFER
    assert codes(told) == {"policy_empty"}  # nothing that this policy says refers what is missing
    left = await stand.open()
    stand.service._active.clear()
    await stand.stop()
    await stand.start(pool)
    past = stand.journaled(left.session.session_id)
    assert past is not None
    assert past.told.decision.outcome is Outcome.REFER
    assert told_kinds(stand) == [("decision", "REFER"), ("decision", "REFER")]
    for live_id in (live.session.session_id, left.session.session_id):
        assert stand.journaled(live_id) is not None


async def test_a_look_up_that_hangs_refers_in_its_time(stand: Stand, pool: WorkerPool) -> None:
    await stand.stop()
    stand.policy = with_times(document_step=0.2)
    await stand.start(pool)
    freed = threading.Event()
    stand.service.documents.records = _Records(lambda: freed.wait(10))  # type: ignore[assignment]
    live = await stand.open()
    started = time.monotonic()
    await stand.scan(live)
    assert time.monotonic() - started < 0.2 + BUDGET_S
    assert live.told is not None
    assert codes(live.told) >= {"budget_exhausted", "record_unavailable"}
    assert_as_journaled(stand, live, live.told)
    freed.set()


async def test_a_face_does_not_wait_for_a_look_up(stand: Stand) -> None:
    real = stand.service.documents.records
    freed = threading.Event()
    stand.service.documents.records = _Records(lambda: freed.wait(10))  # type: ignore[assignment]
    live = await stand.open()
    scan = asyncio.ensure_future(stand.scan(live))
    await until(live.lock.locked)
    started = time.monotonic()
    with pytest.raises(OutOfOrderError):
        await stand.show_face(live, event_id="capture")
    assert time.monotonic() - started < 0.2
    assert live.told is None
    freed.set()
    await scan
    stand.service.documents.records = real
    assert (await stand.show_face(live, event_id="capture")).decision.outcome is Outcome.REFER


async def test_a_face_waits_for_its_turn_only_inside_its_budget(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live)
    async with live.lock:
        started = time.monotonic()
        with pytest.raises(OutOfOrderError):
            await stand.show_face(live, event_id="capture")
        assert 0.5 < time.monotonic() - started < BUDGET_S
    # Nothing was taken of it: the session goes on.
    assert (await stand.show_face(live, event_id="capture")).decision.outcome is Outcome.ADMIT


async def test_a_face_that_waits_for_its_turn_is_told_in_time(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live)
    async with live.lock:
        started = time.monotonic()
        answer = asyncio.ensure_future(stand.show_face(live, "hang"))
        await asyncio.sleep(0.6)
    told = await answer
    assert time.monotonic() - started < BUDGET_S
    assert told.decision.outcome is Outcome.REFER
    assert not told.over_budget


@pytest.mark.parametrize("error", [RecordBrokenError("p-1"), RuntimeError("driver"), ValueError()])
async def test_a_record_that_does_not_open_refers(stand: Stand, error: Exception) -> None:
    def fail() -> None:
        raise error

    stand.service.documents.records = _Records(fail)  # type: ignore[assignment]
    live = await stand.open()
    await stand.scan(live)
    assert live.told is not None
    assert codes(live.told) >= {"store_failed"}
    assert_as_journaled(stand, live, live.told)
    assert_free(stand, live)


class _Records:
    """A record cache that does something else first."""

    def __init__(self, first: Any) -> None:
        self._first = first

    def lookup(self, *_: object) -> None:
        self._first()


async def test_a_bug_in_reading_a_document_refers(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = await stand.open()
    with monkeypatch.context() as patch:
        patch.setattr(document_step, "read_document", _raise)
        await stand.scan(live)
    assert live.told is not None
    assert codes(live.told) >= {"session_interrupted"}
    assert_as_journaled(stand, live, live.told)
    assert_free(stand, live)


async def test_a_restart_ends_what_was_left_exactly_once(stand: Stand, pool: WorkerPool) -> None:
    admitted, left = await stand.open(), await stand.open("lane-2")
    await stand.scan(admitted)
    told = await stand.show_face(admitted)
    await stand.scan(left)
    # As if the process had been killed: nobody ends the session, nobody copies an outcome.
    stand.service._active.clear()
    with stand.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sessions SET outcome = NULL")
    for _ in range(2):
        await stand.stop()
        await stand.start(pool)
        assert stand.repository.unfinished() == []
    past = stand.journaled(left.session.session_id)
    assert past is not None
    assert "session_interrupted" in codes(past.told)
    assert_as_journaled(stand, admitted, told)
    assert told_kinds(stand) == [("decision", "ADMIT"), ("decision", "REFER")]
    row = stand.repository.get(admitted.session.session_id)
    assert row is not None
    assert row.outcome == "ADMIT"


async def test_an_admission_that_nobody_heard_of_does_not_come_true_after_a_crash(
    stand: Stand, pool: WorkerPool
) -> None:
    """The disk took the ADMIT but hung in its sync; REFER was told, then the process was killed."""
    live = await stand.open()
    await stand.scan(live)
    stand.disk.free.clear()
    told = await stand.show_face(live)
    assert codes(told) == {"journal_unavailable"}
    segment = max((stand.root / "journal").iterdir(), key=lambda path: path.stat().st_size)
    found_after_a_kill = segment.read_bytes()
    assert b'"ADMIT"' in found_after_a_kill
    anchor = {
        path: path.read_bytes() for path in (stand.root / "journal").iterdir() if path != segment
    }
    await stand.stop()
    segment.write_bytes(found_after_a_kill)
    for path, content in anchor.items():
        path.write_bytes(content)
    with stand.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sessions SET outcome = NULL")
    await stand.start(pool)
    past = stand.journaled(live.session.session_id)
    assert past is not None
    assert past.told.decision.outcome is Outcome.REFER
    assert told_kinds(stand) == [("decision", "ADMIT"), ("superseded", "REFER")]


@pytest.mark.parametrize("hours", [-1, 1, -24 * 365])
async def test_a_clock_that_was_set_in_mid_session_refers(stand: Stand, hours: int) -> None:
    live = await stand.open()
    await stand.scan(live)
    stand.clock.offset += timedelta(hours=hours)
    told = await stand.show_face(live)
    assert "clock_unreliable" in codes(told)
    assert_as_journaled(stand, live, told)
    stand.clock.offset -= timedelta(hours=hours)
    assert (await stand.visit()).decision.outcome is Outcome.ADMIT


async def test_a_clock_set_back_between_two_travelers_refers_the_second(stand: Stand) -> None:
    assert (await stand.visit()).decision.outcome is Outcome.ADMIT
    stand.clock.offset -= timedelta(minutes=1)
    assert "clock_unreliable" in codes(await stand.visit())


async def test_a_clock_behind_the_journal_refers_after_a_restart(
    stand: Stand, pool: WorkerPool
) -> None:
    assert (await stand.visit()).decision.outcome is Outcome.ADMIT
    await stand.stop()
    stand.clock.offset -= timedelta(hours=2)
    for _ in range(2):  # also when entries from behind follow those from ahead
        await stand.start(pool)
        assert "clock_unreliable" in codes(await stand.visit())
        await stand.stop()
    stand.clock.offset += timedelta(hours=2)
    await stand.start(pool)
    assert (await stand.visit()).decision.outcome is Outcome.ADMIT


async def test_a_session_that_nobody_goes_on_with_expires(stand: Stand, pool: WorkerPool) -> None:
    await stand.stop()
    stand.policy = with_times(session_idle=0.5)
    await stand.start(pool)
    sweeper = asyncio.ensure_future(stand.service.sweep())
    live = await stand.open()
    await stand.scan(live)
    started = time.monotonic()
    with contextlib.suppress(SessionFinishedError):
        while time.monotonic() - started < 5:
            # The same document again and again is no sign of life.
            await stand.scan(live)
            await asyncio.sleep(0.05)
    assert live.told is not None
    assert "session_expired" in codes(live.told)
    assert_as_journaled(stand, live, live.told)
    assert_free(stand, live)
    sweeper.cancel()


async def test_a_second_document_refers_and_the_same_one_does_not(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live)
    await stand.scan(live)
    await stand.scan(live, tuple(line.lower() for line in lines_of()))
    assert live.session.state is SessionState.AWAITING_FACE
    await stand.scan(live, lines_of("XQ0000002"))
    assert live.told is not None
    assert "second_document" in codes(live.told)
    assert_as_journaled(stand, live, live.told)


async def test_a_second_document_under_the_id_of_the_first_refers(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live, event_id="scan")
    await stand.scan(live, event_id="scan")
    assert live.session.state is SessionState.AWAITING_FACE
    await stand.scan(live, lines_of("XQ0000002"), event_id="scan")
    assert live.told is not None
    assert "second_document" in codes(live.told)
    assert_as_journaled(stand, live, live.told)


async def test_an_id_used_for_a_document_is_none_of_a_face(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live, event_id="event", source=CAMERA)
    with pytest.raises(OutOfOrderError):
        await stand.show_face(live, event_id="event", source=CAMERA)
    await stand.show_face(live, "other", event_id="capture")
    with pytest.raises(SessionFinishedError):
        await stand.show_face(live, "same", event_id="capture")
    assert told_kinds(stand) == [("decision", "REFER")]


async def test_another_scan_under_the_id_of_one_that_could_not_be_read_counts(
    stand: Stand,
) -> None:
    live = await stand.open()
    await stand.scan(live, ("NOT A ZONE",), event_id="scan")
    await stand.scan(live, event_id="scan")
    assert live.session.state is SessionState.AWAITING_FACE


async def test_unreadable_scans_are_tried_again_until_patience_ends(stand: Stand) -> None:
    live = await stand.open()
    for left in range(POLICY.maximum_scans - 1, 0, -1):
        await stand.scan(live, ("NOT A ZONE",))
        assert live.session.state is SessionState.AWAITING_DOCUMENT, left
    await stand.scan(live)
    assert live.session.state is SessionState.AWAITING_FACE
    assert (await stand.show_face(live)).decision.outcome is Outcome.ADMIT
    live = await stand.open()
    for _ in range(POLICY.maximum_scans):
        await stand.scan(live, ("NOT A ZONE",))
    assert live.told is not None
    assert "document_unreadable" in codes(live.told)


async def test_an_event_serves_one_session_only(stand: Stand) -> None:
    first = await stand.open()
    await stand.scan(first, event_id="scan")
    await stand.show_face(first, event_id="capture")
    second = await stand.open()
    with pytest.raises(EventReplayedError):
        await stand.scan(second, event_id="scan")
    assert second.session.state is SessionState.AWAITING_DOCUMENT
    await stand.scan(second, event_id="scan-2")
    with pytest.raises(EventReplayedError):
        await stand.show_face(second, event_id="capture")
    # Another device may count the same way.
    other = replace(CAMERA, device_id="camera-2")
    assert (
        await stand.show_face(second, event_id="capture", source=other)
    ).decision.outcome is Outcome.ADMIT


async def test_a_replay_within_its_session_is_harmless(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live, ("NOT A ZONE",), event_id="scan")
    for _ in range(5):
        await stand.scan(live, ("NOT A ZONE",), event_id="scan")
    assert live.session.scans == 1
    await stand.scan(live)
    told = await stand.show_face(live, event_id="capture")
    with pytest.raises(SessionFinishedError):
        await stand.show_face(live, event_id="capture")
    await stand.scan(live, ("NOT A ZONE",), event_id="scan")
    assert live.told is told
    assert told_kinds(stand) == [("decision", "ADMIT")]


async def test_a_face_that_came_too_early_may_come_again(stand: Stand) -> None:
    live = await stand.open()
    with pytest.raises(OutOfOrderError):
        await stand.show_face(live, event_id="capture")
    await stand.scan(live)
    assert (await stand.show_face(live, event_id="capture")).decision.outcome is Outcome.ADMIT


async def test_a_device_that_reconnected_in_mid_session_refers(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live, ("NOT A ZONE",))
    await stand.scan(live, source=replace(READER, epoch=2))
    assert live.told is not None
    assert "device_restarted" in codes(live.told)
    assert_as_journaled(stand, live, live.told)


async def test_two_faces_at_once_make_one_decision(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live)
    ends = await asyncio.gather(
        *(stand.show_face(live, order) for order in ("other", "same", "same")),
        return_exceptions=True,
    )
    assert sum(isinstance(end, SessionFinishedError) for end in ends) == 2
    assert told_kinds(stand) == [("decision", "REFER")]


async def test_a_caller_that_goes_away_changes_no_answer(stand: Stand) -> None:
    """An ADMIT may be on its way to the disk when a connection breaks: it is told all the same."""
    live = await stand.open()
    await stand.scan(live)
    stand.disk.free.clear()
    caller = asyncio.ensure_future(stand.show_face(live))
    await asyncio.to_thread(stand.disk.reached.wait, 5)
    caller.cancel()
    ended = asyncio.ensure_future(stand.service.interrupt_all())
    await asyncio.sleep(0.05)
    stand.disk.free.set()
    await ended
    assert live.told is not None
    assert live.told.decision.outcome is Outcome.ADMIT
    assert_as_journaled(stand, live, live.told)
    assert told_kinds(stand) == [("decision", "ADMIT")]


async def test_one_session_in_a_lane(stand: Stand) -> None:
    opened = await asyncio.gather(*(stand.open() for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(end, LaneBusyError) for end in opened) == 3
    await stand.open("lane-2")
    with pytest.raises(UnknownLaneError):
        await stand.open("lane-3")


async def test_one_request_at_once_opens_one_session(stand: Stand) -> None:
    request = RequestKey("token", "visit", b"lane-1")
    ends = await asyncio.gather(
        *(stand.service.open_for(request, "lane-1", via="http") for _ in range(6))
    )
    assert len({session_id for session_id, _ in ends}) == 1
    assert [is_new for _, is_new in ends] == [True] + [False] * 5
    assert await stand.service.open_for(request, "lane-1", via="http") == (ends[0][0], False)
    other = RequestKey("token", "visit-2", b"lane-2")
    ways = await asyncio.gather(
        stand.service.open_for(other, "lane-2", via="http"),
        stand.service.open_for(replace(other, digest=b"lane-1"), "lane-1", via="http"),
        return_exceptions=True,
    )
    assert isinstance(ways[1], RequestKeyReusedError)
    # A failure is shared, and not remembered.
    third = RequestKey("token", "visit-3", b"lane-1")
    ways = await asyncio.gather(
        *(stand.service.open_for(third, "lane-1", via="http") for _ in range(3)),
        return_exceptions=True,
    )
    assert [type(way) for way in ways] == [LaneBusyError] * 3
    live = stand.service.active("lane-1")
    assert live is not None
    await stand.service.fault(live, Fault(FaultKind.CANCELLED, Stage.DOCUMENT))
    assert (await stand.service.open_for(third, "lane-1", via="http"))[1]


async def test_a_beginning_that_was_recorded_too_late_is_ended(
    stand: Stand, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stand.stop()
    stand.policy = with_times(document_step=0.1)
    await stand.start(pool)
    begin = stand.repository.open

    def slow(*args: Any) -> Any:
        time.sleep(0.3)
        return begin(*args)

    monkeypatch.setattr(stand.repository, "open", slow)
    with pytest.raises(LaneOutOfServiceError):
        await stand.open()
    assert stand.service.active("lane-1") is None
    await until(lambda: len(told_kinds(stand)) == 1)
    await until(lambda: stand.repository.unfinished() == [])


async def test_the_end_of_the_service_ends_every_session(stand: Stand) -> None:
    live = await stand.open()
    await stand.scan(live)
    seen = []

    async def watch() -> None:
        seen.extend([event.kind async for event in live.watch()])

    watcher = asyncio.ensure_future(watch())
    await stand.service.interrupt_all()
    await watcher
    assert seen == ["opened", "document_read", "decided"]
    assert live.told is not None
    assert "session_interrupted" in codes(live.told)
    assert_as_journaled(stand, live, live.told)


async def test_old_sessions_and_events_are_forgotten(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "_REMEMBERED_SESSIONS", 2)
    monkeypatch.setattr(used_events, "_REMEMBERED_EVENTS", 3)
    going_on = await stand.open("lane-2")
    for _ in range(4):
        await stand.visit()
    assert stand.service.find(going_on.session.session_id) is going_on
    await stand.service.fault(going_on, Fault(FaultKind.CANCELLED, Stage.DOCUMENT))
    await stand.visit()
    assert len(stand.service._sessions) == 2
    assert len(stand.service.used) == 3


def test_a_session_of_which_nothing_is_known_refers() -> None:
    session = interrupted_session("s", "lane-1", POLICY)
    assert session.state is SessionState.DECIDING
    assert [fault.kind for fault in session.faults] == [FaultKind.SESSION_INTERRUPTED]
