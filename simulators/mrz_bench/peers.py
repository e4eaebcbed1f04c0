"""Readers that are not ours, in an environment and a process that are not ours."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

_SCRIPT = Path(__file__).with_name("passporteye_peer.py")
_START_S = 120.0
_ONE_PICTURE_S = 60.0
_ONE_THREAD = ("OMP_THREAD_LIMIT", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
TRAINEDDATA = "mrz.traineddata"

HOW_TO_INSTALL = "make bench-peers"


def default_environment() -> Path:
    """Where `make bench-peers` puts it: beside the packages of this checkout."""
    return Path(__file__).resolve().parents[2] / ".venv-peers"


class PeerError(Exception):
    """A peer does not start, or ended; the message is one line."""


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """What a peer read and in how many milliseconds, by its own clock.

    lines: empty when it found nothing. failure: the name of its exception, or `timeout`.
    """

    lines: tuple[str, ...] = field(repr=False)
    ms: float
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Installed:
    """What of the peers this machine has.

    python: of the environment, None without one. tesseract: its version, None without it.
    options: for tesseract to use the traineddata `mrz`; None where there is none.
    missing: one line for each thing that is not there, with how to get it.
    """

    python: Path | None
    tesseract: str | None
    options: str | None
    missing: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether PassportEye can be run."""
        return self.python is not None and self.tesseract is not None


def installed(environment: Path, tessdata: Path | None) -> Installed:
    """Look for the peers.

    Args:
        environment: a virtual environment with PassportEye.
        tessdata: a folder with mrz.traineddata; without it, that of tesseract, then that of the
            environment is looked through.

    Raises:
        PeerError: there is no mrz.traineddata in a folder that was named.
    """
    missing = []
    python: Path | None = environment / "bin" / "python"
    if python is None or not _has_passporteye(python):
        python = None
        missing.append(f"PassportEye is not installed in {environment}: {HOW_TO_INSTALL}")
    version = _tesseract_version()
    if version is None:
        missing.append("tesseract is not installed: apt-get install tesseract-ocr")
    options = _traineddata_options(environment, tessdata, asked=version is not None)
    if options is None:
        missing.append(f"there is no {TRAINEDDATA}: {HOW_TO_INSTALL}, or --tessdata DIR")
    return Installed(python, version, options, tuple(missing))


def _has_passporteye(python: Path) -> bool:
    return any(python.parents[1].glob("lib/python*/site-packages/passporteye/__init__.py"))


def _tesseract_version() -> str | None:
    said = _tesseract("--version")
    return next(iter(re.findall(r"tesseract v?(\S+)", said)), None)


def _tesseract(option: str) -> str:
    """What tesseract says; empty when it is not there."""
    program = shutil.which("tesseract")
    if program is None:
        return ""
    done = subprocess.run(  # noqa: S603 - a program of this machine, with a fixed option
        [program, option], capture_output=True, text=True, timeout=_START_S, check=False
    )
    return done.stdout + done.stderr


def _traineddata_options(environment: Path, tessdata: Path | None, *, asked: bool) -> str | None:
    if tessdata is not None:
        if not (tessdata / TRAINEDDATA).is_file():
            raise PeerError(f"{tessdata}: there is no {TRAINEDDATA}")
        return _tessdata_options(tessdata)
    if asked and "mrz" in _tesseract("--list-langs").splitlines():
        return "-l mrz"
    own = environment / "tessdata"
    return _tessdata_options(own) if (own / TRAINEDDATA).is_file() else None


def _tessdata_options(folder: Path) -> str:
    return f"--tessdata-dir {shlex.quote(str(folder.resolve()))} -l mrz"


class Peer:
    """PassportEye in a process of its own, on one thread. Use it as a context.

    A picture that takes longer than a minute counts as a failure, and the process is replaced.
    """

    def __init__(self, python: Path, script: Path = _SCRIPT, *, limit: float = _ONE_PICTURE_S):
        self._command = [str(python.absolute()), "-I", "-W", "ignore", str(script)]
        self._limit = limit
        self._process: subprocess.Popen[bytes] | None = None
        self.version = ""

    def __enter__(self) -> Peer:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def read(self, picture: Path, options: str = "") -> PeerAnswer:
        """Let it read a picture.

        Args:
            options: for tesseract.

        Raises:
            PeerError: it ended, or does not keep to its lines.
        """
        if self._process is None:
            self._start()
        question = json.dumps({"file": str(picture.resolve()), "options": options})
        started = time.monotonic()
        answer = self._ask(question.encode() + b"\n", self._limit)
        if answer is None:
            self._stop()
            return PeerAnswer((), (time.monotonic() - started) * 1000, "timeout")
        try:
            lines, spent = answer.get("lines", []), float(answer["ms"])
            return PeerAnswer(tuple(map(str, lines)), spent, answer.get("error"))
        except (KeyError, TypeError, ValueError):
            raise PeerError("a peer answers what is no answer") from None

    def _start(self) -> None:
        environment = os.environ | dict.fromkeys(_ONE_THREAD, "1")
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the peers' Python with our script
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # libraries may print what identifies a person
                env=environment,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise PeerError(f"a peer does not start: {error.strerror}") from None
        hello = self._ask(b"", _START_S)
        if hello is None or "version" not in hello:
            self._stop()
            raise PeerError(f"a peer does not start: {HOW_TO_INSTALL}")
        self.version = str(hello["version"])

    def _ask(self, question: bytes, limit: float) -> dict[str, Any] | None:
        """Send a line and return the next one; None when the limit passes."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise PeerError("a peer is not running")
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(question)
        line = _line_of(process.stdout, time.monotonic() + limit)
        if line is None:
            return None
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self._stop()
            raise PeerError("a peer answers what is no answer" if line else "a peer ended")
        return answer

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # a tesseract that it waits for, too
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _line_of(pipe: IO[bytes], until: float) -> bytes | None:
    """Return the next line, a part of one at its end, or None when the time passes."""
    line = b""
    while not line.endswith(b"\n"):
        left = until - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            return None
        more = os.read(pipe.fileno(), 65_536)
        if not more:
            break
        line += more
    return line
