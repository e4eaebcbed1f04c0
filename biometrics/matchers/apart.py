"""Running a module of ours in a process without keys, database, settings, or files to write.

`kiosk_api` keeps such processes for serving travelers; here is what the command line needs, which
waits for one answer after the other and may not import it. What the process is told comes through
its standard input, what it finds goes out as lines of JSON; its standard error goes nowhere,
because native libraries print what they please.
"""

import contextlib
import ctypes
import json
import os
import queue
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

_PR_SET_PDEATHSIG = 1
_MOST_OPEN_FILES = 256
_LONGEST_LINE_BYTES = 1 << 20


class EndedError(Exception):
    """The process died, fell silent, or said something that is no answer; one line says which."""


def ask(
    module: str, request: dict[str, Any], blob: bytes, *, silence: float
) -> Iterator[dict[str, Any]]:
    """Run `python -m module`, send a request and a blob, and yield its answers until it ends.

    Args:
        module: Its main calls `enter`.
        request: Becomes JSON.
        blob: Raw bytes behind it.
        silence: Seconds without an answer after which it is killed.

    Raises:
        EndedError: It ended otherwise than by itself after its last answer.
    """
    with subprocess.Popen(  # noqa: S603  # our own module in our own interpreter
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=_environment(),
        start_new_session=True,  # Ctrl-C is ours: we end it
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=_tell, args=(process.stdin, request, blob), daemon=True).start()
        threading.Thread(target=_listen, args=(process.stdout, lines.put), daemon=True).start()
        try:
            while True:
                try:
                    line = lines.get(timeout=silence)
                except queue.Empty:
                    raise EndedError(f"it said nothing for {silence:g} s") from None
                if not line:
                    break
                yield _read(line)
            if code := process.wait(timeout=silence):
                raise EndedError(_end(code))
        except subprocess.TimeoutExpired:
            raise EndedError("it did not end") from None
        finally:
            process.kill()


def enter(*, memory_bytes: int, cpu_seconds: int) -> tuple[dict[str, Any], bytes, BinaryIO]:
    """Confine this process; return its request, its blob, and the stream for its answers.

    It dies with its parent, writes no file and no core, and has so much memory and processor time.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, _MOST_OPEN_FILES),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_seconds),
    ):
        _, hard = resource.getrlimit(limit)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (most, most))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # native code may print
    request = json.loads(sys.stdin.buffer.readline())
    return request, sys.stdin.buffer.read(), answers


def answer(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Send one answer."""
    stream.write(json.dumps(message).encode() + b"\n")
    stream.flush()


def _tell(pipe: BinaryIO, request: dict[str, Any], blob: bytes) -> None:
    with contextlib.suppress(OSError), pipe:  # it may die before it has read all
        pipe.write(json.dumps(request).encode() + b"\n")
        pipe.write(blob)


def _listen(pipe: BinaryIO, put: Callable[[bytes], None]) -> None:
    while line := pipe.readline(_LONGEST_LINE_BYTES):
        put(line)
    put(b"")


def _read(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise EndedError("it said something that is no answer")
    return message


def _end(code: int) -> str:
    if code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "it took more processor time or memory than it may"
    return f"it ended with {signal.Signals(-code).name if code < 0 else f'code {code}'}"


def _environment() -> dict[str, str]:
    """No secrets, no settings, no home; one thread for each native library."""
    kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return environment | {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OPENCV_LOG_LEVEL": "OFF",
        "ORT_DISABLE_TELEMETRY": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
