"""A worker process is never left behind, whenever its caller goes away."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from devices.processes.process import ProcessEndedError, WorkerProcess

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _modules_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "silent_worker" in child.cmdline()]


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5])
async def test_a_start_that_is_cancelled_leaves_no_process(steps: int) -> None:
    starting = asyncio.ensure_future(WorkerProcess.start("silent_worker"))
    for _ in range(steps):
        await asyncio.sleep(0)
    starting.cancel()
    end = (await asyncio.gather(starting, return_exceptions=True))[0]
    if isinstance(end, WorkerProcess):  # it was there before
        await end.wait_killed()
    assert not children()


async def test_a_kill_that_is_cancelled_still_reaps() -> None:
    process = await WorkerProcess.start("silent_worker")
    assert len(children()) == 1
    killing = asyncio.ensure_future(process.wait_killed())
    await asyncio.sleep(0)
    killing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killing
    assert not children()
    with pytest.raises(ProcessEndedError):
        await process.receive()
