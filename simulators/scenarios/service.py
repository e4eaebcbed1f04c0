"""A real kiosk service in a process of its own, for the demo and the drills."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil

from kiosk_api.access.tokens import Role, TokenRequest, create_token
from kiosk_api.bootstrap import open_store
from kiosk_api.config import DataDir, make_private
from kiosk_api.core.evidence import Provenance
from kiosk_api.records.enrolment import embed_with
from kiosk_api.records.importer import import_records

LANE = "lane-1"
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_WORKER_MARK = "kiosk_api.intake.face_worker"
_DOCUMENT_WORKER_MARK = "kiosk_api.intake.document_worker"


class ServiceError(Exception):
    """The service did not do what a demo needs; the message says what to look at."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens made for one run."""

    agent: str
    service: str


def seed(data: DataDir, lines: Sequence[dict[str, Any]]) -> int:
    """Enrol people through the import that an operator uses; returns how many.

    Raises:
        ServiceError: a line was refused; the message names it.
    """
    from biometrics.pipeline import load_pipeline

    store = open_store(data)
    try:
        with tempfile.TemporaryDirectory(dir=data.root) as folder:
            path = Path(folder) / "people.jsonl"
            path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
            report = import_records(
                store.engine,
                store.keyring,
                path,
                embed=embed_with(load_pipeline()),
                now=datetime.now(UTC),
            )
    finally:
        store.engine.dispose()
    if report.bad:
        raise ServiceError(f"the population was refused: {report.bad[0]}")
    return report.imported


def make_tokens(data: DataDir, lane: str = LANE) -> Tokens:
    """Make the tokens of the simulated agent and of the program that watches it."""
    store = open_store(data)
    now = datetime.now(UTC)
    try:
        _, agent = create_token(
            store.engine,
            store.keyring,
            TokenRequest("simulated lane", Role.DEVICE, Provenance.SIMULATED, lane),
            now,
        )
        _, service = create_token(
            store.engine,
            store.keyring,
            TokenRequest("demo", Role.SERVICE, Provenance.SIMULATED),
            now,
        )
    finally:
        store.engine.dispose()
    return Tokens(agent, service)


class ServiceProcess:
    """`kiosk serve` as a child process."""

    def __init__(
        self,
        data: DataDir,
        port: int,
        extra: Sequence[str] = (),
        *,
        program: Sequence[str] | None = None,
    ) -> None:
        """Prepare to run it; `program` replaces `kiosk serve` (module and all its arguments)."""
        self._port = port
        self._program = (
            tuple(program)
            if program is not None
            else (
                "kiosk_api",
                "serve",
                "--demonstration",
                f"--data={data.root}",
                f"--port={port}",
                f"--lane={LANE}",
                *extra,
            )
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.log = data.root / "service.log"

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def gateway(self) -> str:
        """Where device agents connect."""
        return f"ws://127.0.0.1:{self._port}/v1/devices/gateway"

    async def start(self) -> None:
        """Start it and wait until travelers are served.

        Raises:
            ServiceError: it ended, or was not ready within a minute.
        """
        self._process = await asyncio.to_thread(self._launch)
        await self.wait_ready(_START_SECONDS)

    def _launch(self) -> subprocess.Popen[bytes]:
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(  # noqa: S603  # our own program and arguments
                [sys.executable, "-m", *self._program],
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,
            )
        finally:
            os.close(descriptor)

    async def wait_ready(self, timeout: float, workers: int = 1) -> None:
        """Wait until it serves travelers with so many warm face workers.

        Raises:
            ServiceError: it ended, or was not ready in time.
        """
        async with httpx.AsyncClient() as client:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    while self._process is not None and self._process.poll() is None:
                        with contextlib.suppress(httpx.HTTPError):
                            answer = await client.get(f"{self.url}/readyz", timeout=1.0)
                            if answer.is_success and answer.json()["face_workers"] >= workers:
                                return
                        await asyncio.sleep(0.05)
        raise ServiceError(f"the service did not become ready; see {self.log}")

    def face_workers(self) -> list[psutil.Process]:
        """The processes that measure faces now."""
        return self._workers(_WORKER_MARK)

    def _workers(self, mark: str) -> list[psutil.Process]:
        if self._process is None:
            return []
        children = psutil.Process(self._process.pid).children(recursive=True)
        return [child for child in children if _is_worker(child, mark)]

    def hang_face_workers(self) -> list[psutil.Process]:
        """Stop every face worker where it stands, as a hang in native code would."""
        workers = self.face_workers()
        for worker in workers:
            worker.send_signal(signal.SIGSTOP)
        return workers

    def hang_document_workers(self) -> list[psutil.Process]:
        """The same for every worker that reads documents."""
        workers = self._workers(_DOCUMENT_WORKER_MARK)
        for worker in workers:
            worker.send_signal(signal.SIGSTOP)
        return workers

    async def kill(self) -> None:
        """End it as a crash would (SIGKILL); its workers end with it."""
        if self._process is not None:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
            self._process = None

    async def stop(self) -> None:
        """End it as an operator would (SIGTERM)."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self._process.wait, _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
        self._process = None


def free_port() -> int:
    """A port on which nothing listens now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def data_directory(kept: Path | None) -> Iterator[DataDir]:
    """The given directory, which stays, or a temporary one.

    From here on SIGTERM ends this program as Ctrl-C does, so that a service that was started is
    stopped and a temporary directory goes, with the faces in it.

    Raises:
        ServiceError: the directory has something in it already.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="kiosk-demo-") as folder:
            yield DataDir(Path(folder))
        return
    if kept.exists() and (not kept.is_dir() or any(kept.iterdir())):
        raise ServiceError(f"{kept} is there already; name a new directory")
    make_private(kept)
    yield DataDir(kept)


def _is_worker(process: psutil.Process, mark: str) -> bool:
    try:
        return mark in process.cmdline()
    except psutil.Error:
        return False
