"""Examining the machine: its clock, its disk, the port."""

from __future__ import annotations

import ctypes
import errno
import http.client
import json
import os
import shutil
import socket
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk_api.clock import STEP_TOLERANCE
from kiosk_api.config import DataDir
from kiosk_api.journal import layout
from kiosk_api.journal.signing import open_anchor
from kiosk_api.provisioning.findings import Finding, fail, ok, warn

_TIME_ERROR = 5  # adjtimex(2): "the system clock is not synchronized to a reliable server"
_TIMEX_BYTES = 1024  # struct timex has 208 on 64-bit Linux
_LEAST_FREE_BYTES = 1 << 30
_SERVES_FREE_BYTES = 64 << 20
_SYNCS = 20
_SLOW_SYNC_S = 0.05
"""A decision waits for two: entry and anchor. 100 ms for them is the usual reserve of a policy."""

_VOLATILE = frozenset({"tmpfs", "ramfs"})
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "fuse.sshfs"})
_HEALTH_SECONDS = 2.0


def examine_clock(data: DataDir, public_key: Ed25519PublicKey | None, now: datetime) -> Finding:
    """Say whether the clock is kept by something, and not behind what was journaled."""
    last = _last_journaled(data, public_key)
    if last is not None and now < last - STEP_TOLERANCE:
        return fail(
            "clock",
            f"behind the journal's last entry ({last:%Y-%m-%d %H:%M:%S} UTC): all are referred",
            "set the clock; if it was ahead before, wait until it has caught up",
        )
    if not _is_synchronised():
        return warn(
            "clock",
            f"{now:%Y-%m-%d %H:%M:%S} UTC, kept by nothing",
            "run a time service (chrony, systemd-timesyncd)",
        )
    return ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC, synchronised")


def _is_synchronised() -> bool:
    # Asks without setting anything: every field is 0, `modes` too.
    return bool(
        ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)) != _TIME_ERROR
    )


def _last_journaled(data: DataDir, public_key: Ed25519PublicKey | None) -> datetime | None:
    try:
        text = (data.journal / layout.ANCHOR).read_bytes()
    except OSError:
        return None  # what is wrong with the journal is another check's to say
    anchor = None if public_key is None else open_anchor(public_key, text)
    return None if anchor is None else anchor.at


def examine_disk(data: DataDir) -> Finding:
    """Say whether the data directory's disk has room, takes data and keeps it."""
    kind = _file_system(data.root)
    free = shutil.disk_usage(data.root).free
    try:
        sync_s = _slowest_sync(data.root)
    except OSError as error:
        return fail("disk", f"cannot be written: {error.strerror}", "check mount and permissions")
    found = f"{kind}, {free >> 20} MiB free, slowest of {_SYNCS} syncs {sync_s * 1000:.1f} ms"
    if free < _SERVES_FREE_BYTES:
        return fail("disk", found, "make room: without it every traveler is referred")
    if kind in _VOLATILE:
        return warn("disk", found, "use a real disk: this one forgets with the power")
    if kind in _REMOTE:
        return warn("disk", found, "use a local disk: SQLite and the journal need its locks")
    if free < _LEAST_FREE_BYTES:
        return warn("disk", found, "make room")
    if sync_s > _SLOW_SYNC_S:
        return warn("disk", found, "use a faster disk: decisions will miss their time")
    return ok("disk", found)


def _slowest_sync(directory: Path) -> float:
    """Seconds of the slowest write and fdatasync to a file that never has a name."""
    descriptor = os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        times = []
        for number in range(_SYNCS):
            started = time.perf_counter()
            os.pwrite(descriptor, b"\0" * 4096, number * 4096)
            os.fdatasync(descriptor)
            times.append(time.perf_counter() - started)
    finally:
        os.close(descriptor)
    return max(times)


def _file_system(path: Path) -> str:
    """The type of the file system that holds `path` (proc(5), mountinfo)."""
    device = path.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines():
        fields = line.split()
        if fields[2] == number:
            return fields[fields.index("-") + 1]
    return "unknown file system"


def examine_port(host: str, port: int, data: DataDir) -> Finding:
    """Say whether the port is free, or used by the kiosk itself."""
    where = f"{host}:{port}"
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            reason = os.strerror(error.errno or 0)
            return fail("port", f"{where}: {reason}", "choose another host in kiosk.toml")
        if _is_ours(host, port, data):
            return ok("port", f"{where} is served by this kiosk")
        return fail("port", f"{where} is in use", "end the other program, or choose another port")
    return ok("port", f"{where} is free")


def _is_ours(host: str, port: int, data: DataDir) -> bool:
    if not data.journal.is_dir() or not layout.is_written(data.journal):
        return False
    try:
        with closing(http.client.HTTPConnection(host, port, timeout=_HEALTH_SECONDS)) as connection:
            connection.request("GET", "/healthz")
            return bool(json.loads(connection.getresponse().read(100)) == {"status": "ok"})
    except (OSError, ValueError, http.client.HTTPException):
        return False
