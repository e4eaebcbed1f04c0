"""Worker processes that can be killed, with warm spares.

A job runs in one worker alone. One that misses its deadline, dies or talks nonsense is killed and
replaced; the next job finds a spare that is warm already. Where none is, the answer is
`NoWorkerError` at once or at the deadline: the caller refers, nobody waits longer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from devices.processes.process import ProcessEndedError, Reply, WorkerProcess

_LOG = logging.getLogger(__name__)
_BOOT_SECONDS = 30.0
_PING_SECONDS = 1.0
_PING_INTERVAL_SECONDS = 5.0
_RESTART_PAUSE_SECONDS = 0.5
_REFUSED_PAUSE_SECONDS = 10.0
_LONGEST_REASON = 400


class WorkerError(Exception):
    """A job got no answer from a worker."""


class NoWorkerError(WorkerError):
    """No worker was free before the deadline."""


class WorkerHungError(WorkerError):
    """The worker did not answer before the deadline and was killed."""


class WorkerDiedError(WorkerError):
    """The worker ended or broke the format in mid-job."""


class WorkerRefusedError(WorkerError):
    """The worker will not do what it was set up for; the message is one line and says why."""


@dataclass(eq=False, slots=True)
class _Worker:
    process: WorkerProcess
    jobs: int = 0

    async def exchange(self, message: dict[str, Any], blobs: tuple[bytes, ...] = ()) -> Reply:
        """Send one job and read its answer, which bears the job's number: an answer that is left
        over from one traveler must never count for the next."""
        self.jobs += 1
        try:
            await self.process.send({**message, "job": self.jobs}, blobs)
            answer, answer_blobs = await self.process.receive()
        except ProcessEndedError as error:
            raise WorkerDiedError("worker ended in mid-job") from error
        if answer.pop("job", None) != self.jobs:
            raise WorkerDiedError("worker answered another job")
        return answer, answer_blobs


@dataclass(slots=True)
class WorkerPool:
    """A fixed number of warm workers that run `python -m MODULE`.

    Args:
        module: module whose `__main__` reads frames on standard input and answers each on
            standard output with the same number under `job`; its first frame, `{"ready": true}`,
            says that it is warm.
        size: how many workers are kept; all but the busy ones are spares.
        on_event: told of `started`, `killed` and `died`, for the metrics.
        setup: told to each worker before anything else; it answers `{"ready": true}`, or `false`
            with one line under `why`, and counts as warm only then. None: nothing is told.
    """

    module: str
    size: int = 3
    on_event: Callable[[str], None] = lambda event: None
    setup: dict[str, Any] | None = None
    _idle: asyncio.Queue[_Worker] = field(default_factory=asyncio.Queue)
    _all: set[_Worker] = field(default_factory=set)
    _warm: set[_Worker] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _closing: bool = False

    async def start(self) -> None:
        """Start the workers; returns when the first one is warm, the spares follow.

        One after the other: on few cores, starting all at once makes the first one late.

        Raises:
            WorkerError: none came up within 30 s, or the first one refused its setup.
        """
        first = self._spawn(self._replace(refusal_is_final=True))
        try:
            await asyncio.wait_for(first, _BOOT_SECONDS)
        except TimeoutError as error:
            await self.close()
            raise NoWorkerError("no worker became ready") from error
        except WorkerRefusedError:
            await self.close()
            raise
        for _ in range(self.size - 1):
            self._spawn(self._replace())
        self._spawn(self._watch())

    async def close(self) -> None:
        """Kill all workers."""
        self._closing = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in tuple(self._all):
            await self._bury(worker)
        self._warm.clear()

    @property
    def idle(self) -> int:
        """How many warm workers wait for a job."""
        return self._idle.qsize()

    @property
    def alive(self) -> int:
        """How many workers are warm: waiting for a job or busy with one."""
        return len(self._warm)

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that have not ended, warm or not."""
        return [worker.process.pid for worker in self._all]

    async def run(
        self,
        message: dict[str, Any],
        blobs: tuple[bytes, ...],
        *,
        deadline: float,
        again: bool = True,
    ) -> Reply:
        """Run one job, answered before `deadline` (seconds of the loop's clock) or not at all.

        A worker that dies is replaced by a spare once, as long as there is time; one that hangs
        has used the time up.

        Args:
            message: what the worker is told.
            blobs: what goes with it.
            deadline: seconds of the loop's clock.
            again: False where no second worker may be lost over the same job.

        Raises:
            NoWorkerError, WorkerHungError, WorkerDiedError: refer.
        """
        try:
            return await self._attempt(message, blobs, deadline)
        except WorkerDiedError:
            if not again:
                raise
            return await self._attempt(message, blobs, deadline)

    async def _attempt(
        self, message: dict[str, Any], blobs: tuple[bytes, ...], deadline: float
    ) -> Reply:
        try:
            async with asyncio.timeout_at(deadline):
                worker = await self._idle.get()
        except TimeoutError as error:
            raise NoWorkerError("no worker was free in time") from error
        healthy = False
        try:
            async with asyncio.timeout_at(deadline):
                reply = await worker.exchange(message, blobs)
            healthy = True
        except TimeoutError as error:
            self.on_event("killed")
            raise WorkerHungError("no answer before the deadline") from error
        except WorkerDiedError:
            self.on_event("died")
            raise
        finally:
            # Also when the caller was cancelled: a worker in an unknown state is never reused.
            if healthy:
                self._idle.put_nowait(worker)
            else:
                self._discard(worker)
        return reply

    def _discard(self, worker: _Worker) -> None:
        worker.process.kill()
        self._warm.discard(worker)
        if not self._closing:
            self._spawn(self._replace(worker))
            self._spawn(self._check())

    async def _replace(self, old: _Worker | None = None, *, refusal_is_final: bool = False) -> None:
        if old is not None:
            await self._bury(old)
        while not self._closing:
            try:
                worker = await self._boot()
            except WorkerRefusedError:
                if refusal_is_final:
                    raise
                # What it was to load was changed while we serve: `kiosk doctor` says how.
                _LOG.error("a face worker refuses what it was to load; run kiosk doctor")
                await asyncio.sleep(_REFUSED_PAUSE_SECONDS)
                continue
            if worker is not None:
                self.on_event("started")
                self._warm.add(worker)
                self._idle.put_nowait(worker)
                return
            await asyncio.sleep(_RESTART_PAUSE_SECONDS)

    async def _bury(self, worker: _Worker) -> None:
        await worker.process.wait_killed()
        self._all.discard(worker)

    async def _boot(self) -> _Worker | None:
        try:
            process = await WorkerProcess.start(self.module)
        except OSError:
            return None  # no memory, process or descriptor is free; the next attempt may find one
        worker = _Worker(process)
        self._all.add(worker)
        ready = False
        try:
            async with asyncio.timeout(_BOOT_SECONDS):
                message, _ = await process.receive()
                if message.get("ready") is True and self.setup is not None:
                    message, _ = await worker.exchange(self.setup)
            ready = message.get("ready") is True
            if message.get("ready") is False:
                raise WorkerRefusedError(_one_line(message.get("why")))
        except (TimeoutError, ProcessEndedError, WorkerDiedError):
            ready = False
        finally:
            if not ready:
                await self._bury(worker)
        return worker if ready else None

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_PING_INTERVAL_SECONDS)
            await self._check()

    async def _check(self) -> None:
        """Ping each spare once: one that was stopped or died must not meet a traveler."""
        for _ in range(self._idle.qsize()):
            try:
                worker = self._idle.get_nowait()
            except asyncio.QueueEmpty:
                return
            try:
                async with asyncio.timeout(_PING_SECONDS):
                    await worker.exchange({"op": "ping"})
            except (TimeoutError, WorkerDiedError):
                self.on_event("died")
                self._discard(worker)
            else:
                self._idle.put_nowait(worker)

    def _spawn(self, coroutine: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.ensure_future(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _one_line(why: object) -> str:
    """What a worker says, which may have been taken over: short, and without control signs."""
    said = "".join(sign if sign.isprintable() else " " for sign in str(why)[:_LONGEST_REASON])
    return said.strip() or "the worker refuses and does not say why"
