"""Worker processes that hang, die, babble or are stopped: killed, replaced, never believed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

import kiosk_api.intake.workers as workers
from kiosk_api.intake.workers import (
    NoWorkerError,
    WorkerDiedError,
    WorkerHungError,
    WorkerPool,
)

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _modules_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    pool = WorkerPool("odd_worker")
    await pool.start()
    await until(lambda: pool.idle == 3)
    yield pool
    await pool.close()


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # nobody tells of what is waited for
            await asyncio.sleep(0.01)


async def ask(pool: WorkerPool, order: str, seconds: float = 1.0) -> dict[str, object]:
    reply, _ = await pool.run(
        {"op": "measure"}, (order.encode(),), deadline=time.monotonic() + seconds
    )
    return reply


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_one_that_hangs_is_killed_at_the_deadline_and_a_spare_is_there_at_once(
    pool: WorkerPool,
) -> None:
    before = set(pool.pids)
    started = time.monotonic()
    with pytest.raises(WorkerHungError):
        await ask(pool, "hang", 0.3)
    assert 0.29 <= time.monotonic() - started < 0.6
    started = time.monotonic()
    assert (await ask(pool, "same"))["outcome"] == "face"
    assert time.monotonic() - started < 0.2
    await until(lambda: pool.idle == 3)
    gone = before - set(pool.pids)
    assert len(gone) == 1
    assert is_gone(gone.pop())


async def test_two_hangs_within_half_a_second_find_a_third_worker(pool: WorkerPool) -> None:
    hangs = [asyncio.create_task(ask(pool, "hang", 0.3)) for _ in range(2)]
    await asyncio.sleep(0.1)
    assert (await ask(pool, "same"))["outcome"] == "face"
    for hang in hangs:
        with pytest.raises(WorkerHungError):
            await hang
    assert (await ask(pool, "same", 2.0))["outcome"] == "face"
    await until(lambda: pool.idle == 3)


async def test_a_job_that_may_cost_one_worker_costs_one(pool: WorkerPool) -> None:
    deadline = time.monotonic() + 1.0
    with pytest.raises(WorkerDiedError):
        await pool.run({"op": "preview"}, (b"die",), deadline=deadline, again=False)
    assert pool.alive == 2
    with pytest.raises(WorkerDiedError):  # the control
        await pool.run({"op": "measure"}, (b"die",), deadline=deadline)
    assert pool.alive == 0


async def test_when_all_hang_the_next_job_ends_at_its_deadline(pool: WorkerPool) -> None:
    hangs = [asyncio.create_task(ask(pool, "hang", 1.0)) for _ in range(3)]
    await until(lambda: pool.idle == 0)
    started = time.monotonic()
    with pytest.raises(NoWorkerError):
        await ask(pool, "same", 0.2)
    assert 0.19 <= time.monotonic() - started < 0.4
    assert not any(
        isinstance(end, dict) for end in await asyncio.gather(*hangs, return_exceptions=True)
    )
    assert (await ask(pool, "same", 5.0))["outcome"] == "face"


@pytest.mark.parametrize("order", ["die", "garbage", "print", "old", "closed", "nothing-at-all"])
async def test_what_is_no_answer_to_this_job_is_never_one(pool: WorkerPool, order: str) -> None:
    if order == "nothing-at-all":
        assert await ask(pool, order) == {"unknown": order}  # the control: an answer is one
        return
    before = set(pool.pids)
    with pytest.raises(WorkerDiedError):
        await ask(pool, order)
    await until(lambda: pool.idle == 3)
    assert len(before & set(pool.pids)) == 1  # the job was tried on a spare, once
    assert (await ask(pool, "same"))["outcome"] == "face"


async def test_an_answer_left_over_from_one_job_is_not_the_next_ones() -> None:
    pool = WorkerPool("odd_worker", size=1)
    await pool.start()
    try:
        assert (await ask(pool, "twice"))["outcome"] == "face"
        # The second answer waits in the pipe; whoever read it would take it for "other".
        reply = await ask(pool, "other", 5.0)
        assert reply["match"] == {"distance": 0.9, "model": ""}
    finally:
        await pool.close()


async def test_an_answer_that_comes_too_late_is_none(pool: WorkerPool) -> None:
    with pytest.raises(WorkerHungError):
        await ask(pool, "late", 0.2)
    replies = [await ask(pool, "other") for _ in range(3)]
    assert all(reply["match"] == {"distance": 0.9, "model": ""} for reply in replies)


async def test_a_caller_that_goes_away_leaves_no_worker_that_is_still_busy(
    pool: WorkerPool,
) -> None:
    job = asyncio.create_task(ask(pool, "late"))
    await until(lambda: pool.idle == 2)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    for _ in range(3):
        assert (await ask(pool, "other"))["match"] == {"distance": 0.9, "model": ""}
    await until(lambda: pool.idle == 3)


async def test_a_stopped_spare_is_found_by_itself(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_PING_SECONDS", 0.2)
    last = pool._idle.get_nowait()  # moved to the end: the job below dies on the other two
    pool._idle.put_nowait(last)
    stopped = last.process.pid
    os.kill(stopped, signal.SIGSTOP)
    with pytest.raises(WorkerDiedError):
        await ask(pool, "die")  # whatever happens to one has the others looked at
    await until(lambda: stopped not in pool.pids and pool.idle == 3)
    assert is_gone(stopped)


async def test_spares_are_looked_at_without_any_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "_PING_SECONDS", 0.2)
    monkeypatch.setattr(workers, "_PING_INTERVAL_SECONDS", 0.1)
    events: list[str] = []
    pool = WorkerPool("odd_worker", size=2, on_event=events.append)
    await pool.start()
    try:
        await until(lambda: pool.idle == 2)
        stopped = pool.pids[0]
        os.kill(stopped, signal.SIGKILL)
        await until(lambda: stopped not in pool.pids and pool.alive == 2)
        assert events.count("died") == 1
        assert events.count("started") == 3
    finally:
        await pool.close()


async def test_close_leaves_no_process(pool: WorkerPool) -> None:
    hang = asyncio.create_task(ask(pool, "hang", 5.0))
    await until(lambda: pool.idle == 2)
    pids = pool.pids
    hang.cancel()
    await pool.close()
    assert len(pids) == 3
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert pool.pids == []
    with pytest.raises(asyncio.CancelledError):
        await hang


async def test_no_worker_that_gets_ready_is_one_plain_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "_BOOT_SECONDS", 0.3)
    pool = WorkerPool("silent_worker", size=1)
    with pytest.raises(NoWorkerError):
        await pool.start()
    assert pool.pids == []


async def test_a_fork_that_fails_is_tried_again(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_RESTART_PAUSE_SECONDS", 0.01)
    fork = asyncio.create_subprocess_exec
    failures = [OSError(11, "Resource temporarily unavailable")] * 2

    async def failing(*args: object, **kwargs: object) -> asyncio.subprocess.Process:
        if failures:
            raise failures.pop()
        return await fork(*args, **kwargs)  # type: ignore[arg-type]  # handed on as it came

    monkeypatch.setattr(asyncio, "create_subprocess_exec", failing)
    with pytest.raises(WorkerHungError):
        await ask(pool, "hang", 0.1)
    await until(lambda: pool.idle == 3)
    assert not failures


def test_no_worker_outlives_a_service_that_was_killed(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import asyncio, sys
        from kiosk_api.intake.workers import WorkerPool

        async def main():
            pool = WorkerPool("kiosk_api.intake.face_worker", size=1)
            await pool.start()
            print(*pool.pids, flush=True)
            await asyncio.sleep(60)

        asyncio.run(main())
        """
    )
    service = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert service.stdout is not None
    with service.stdout as told:
        pids = [int(pid) for pid in told.readline().split()]
    try:
        assert pids
        # Hung as in native code: it does not see that its input ended.
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
    finally:
        service.kill()
        service.wait()
    _, alive = psutil.wait_procs([psutil.Process(p) for p in pids if psutil.pid_exists(p)], 5)
    assert not [process for process in alive if not is_gone(process.pid)]
