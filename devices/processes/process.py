"""The service's side of a worker process: start it, talk to it in frames, kill it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from typing import Any, TypeAlias

from devices.processes.frames import FrameError, encode_frame, read_frame

_STREAM_LIMIT_BYTES = 1024 * 1024
_KILL_SECONDS = 1.0

Reply: TypeAlias = tuple[dict[str, Any], tuple[bytes, ...]]


class ProcessEndedError(Exception):
    """The process is gone, or broke the format and is not to be believed any more."""


@dataclass(frozen=True, eq=False, slots=True)
class WorkerProcess:
    """A running `python -m MODULE` that began with `devices.processes.child.enter`."""

    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, module: str) -> WorkerProcess:
        """Start one; what it is to know is sent to it, since arguments are for all to see.

        Raises:
            OSError: no memory, process or descriptor is free.
        """
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                module,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,  # native libraries print what they please
                limit=_STREAM_LIMIT_BYTES,
                env=_environment(),
            )
        )
        try:
            return cls(await asyncio.shield(starting))
        except asyncio.CancelledError:
            # It is being forked: whoever started it must not leave it behind.
            await cls(await starting).wait_killed()
            raise

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    async def send(self, message: dict[str, Any], blobs: tuple[bytes, ...] = ()) -> None:
        """Send one frame; waits while the process does not read.

        Raises:
            ProcessEndedError: it is gone.
        """
        if self.process.stdin is None:
            raise ProcessEndedError("process has no standard input")
        try:
            self.process.stdin.write(encode_frame(message, blobs))
            await self.process.stdin.drain()
        except OSError as error:
            raise ProcessEndedError("process takes nothing") from error

    async def receive(self) -> Reply:
        """Wait for one frame.

        Raises:
            ProcessEndedError: it is gone, or what came is no frame.
        """
        if self.process.stdout is None:
            raise ProcessEndedError("process has no standard output")
        try:
            return await read_frame(self.process.stdout)
        except (OSError, EOFError, FrameError) as error:
            raise ProcessEndedError("process said nothing that can be read") from error

    def kill(self) -> None:
        """Kill it; harmless when it has ended."""
        if self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        # One that takes only the time nobody else wants would die only then, too.
        with contextlib.suppress(OSError):
            os.sched_setscheduler(self.pid, os.SCHED_OTHER, os.sched_param(0))

    async def wait_killed(self) -> None:
        """Kill it and wait until it is gone, also when the caller is cancelled meanwhile."""
        self.kill()
        reaping = asyncio.ensure_future(self.process.wait())
        # A process in an uninterruptible disk wait dies later; nobody waits for it here.
        try:
            await asyncio.wait([reaping], timeout=_KILL_SECONDS)
        except asyncio.CancelledError:
            await asyncio.wait([reaping], timeout=_KILL_SECONDS)
            raise
        finally:
            reaping.cancel()


def _environment() -> dict[str, str]:
    """What a worker may know: no secrets, no settings, one thread for each native library."""
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "HOME")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {name: value for name, value in os.environ.items() if "OPENBLAS" in name}
    environment["ORT_DISABLE_TELEMETRY"] = "1"  # see `biometrics`
    environment |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_LOG_LEVEL": "OFF"}
    # A small file may claim to be a huge picture; OpenCV's own limit is 1 gigapixel.
    environment["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(32 * 1024 * 1024)
    return environment
