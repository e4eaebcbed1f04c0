"""What the driver and its worker say to each other, as messages and as frames' JSON; no I/O.

Times are `time.monotonic()` seconds: on Linux one clock for all processes of a machine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from devices.drivers.opencv_camera.settings import CameraSettings, SettingsError


class WireError(Exception):
    """A message that does not keep the format."""


class EndCode(StrEnum):
    """Why a worker gave its camera up."""

    CANNOT_OPEN = "cannot_open"  # not there, refused, or nothing that OpenCV reads
    NOT_MJPEG = "not_mjpeg"  # HTTP that delivers another kind of video
    STALLED = "stalled"  # no frame within the read timeout
    CLOSED = "closed"  # the source ended, or gives nothing that can be read as video
    GARBAGE = "garbage"  # frames that cannot be decoded, too many of them
    FROZEN = "frozen"  # the same frame for too long
    RESOLUTION_CHANGED = "resolution_changed"


@dataclass(frozen=True, slots=True)
class Open:
    """The first message to a worker; not on its command line, which everybody may read."""

    settings: CameraSettings


@dataclass(frozen=True, slots=True)
class Capture:
    """Asks for the best frame of those that are exposed from now on; replaces an older order."""

    job: int
    asked_at: float
    settle_at: float  # when the best of what was seen is enough, few frames or many
    give_up_at: float  # when nobody waits any more


@dataclass(frozen=True, slots=True)
class Opened:
    """The camera is open and has given its first frame."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Beat:
    """The camera delivers."""

    frames: int  # since it was opened
    undecodable: int  # of those that came besides


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer to a capture."""

    job: int
    captured_at: float  # when the frame was there
    considered: int  # frames of which it was the best
    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """A document has come to rest under a document camera."""

    captured_at: float  # when the frame was there
    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """The worker's last message."""

    code: EndCode


Frame: TypeAlias = tuple[dict[str, Any], tuple[bytes, ...]]
Order: TypeAlias = Open | Capture
Report: TypeAlias = Opened | Beat | Taken | Seen | Ended


def encode_order(order: Order) -> Frame:
    """Return the frame of a message to the worker."""
    match order:
        case Open(settings):
            return {"type": "open", "settings": settings.to_mapping()}, ()
        case Capture(job, asked_at, settle_at, give_up_at):
            times = {"asked_at": asked_at, "settle_at": settle_at, "give_up_at": give_up_at}
            return {"type": "capture", "job": job, **times}, ()


def decode_order(frame: Frame) -> Order:
    """Read a message to the worker; raises WireError."""
    message, _ = _one(frame, 0)
    match message.pop("type", None):
        case "open":
            values = message.pop("settings", None)
            if message or not isinstance(values, dict):
                raise WireError("open")
            try:
                return Open(CameraSettings.from_mapping(values))
            except SettingsError as error:
                raise WireError("settings") from error
        case "capture":
            _keys(message, "job", "asked_at", "settle_at", "give_up_at")
            times = [_moment(message[key]) for key in ("asked_at", "settle_at", "give_up_at")]
            return Capture(_count(message["job"]), *times)
        case _:
            raise WireError("type")


def encode_report(report: Report) -> Frame:
    """Return the frame of a message from the worker."""
    match report:
        case Opened(width, height):
            return {"type": "opened", "width": width, "height": height}, ()
        case Beat(frames, undecodable):
            return {"type": "beat", "frames": frames, "undecodable": undecodable}, ()
        case Taken(job, captured_at, considered, jpeg):
            message = {"type": "taken", "job": job, "considered": considered}
            return {**message, "captured_at": captured_at}, (jpeg,)
        case Seen(captured_at, jpeg):
            return {"type": "seen", "captured_at": captured_at}, (jpeg,)
        case Ended(code):
            return {"type": "ended", "code": code.value}, ()


def decode_report(frame: Frame) -> Report:
    """Read a message from the worker, which decodes what strangers send; raises WireError."""
    kind = frame[0].get("type")
    message, blobs = _one(frame, 1 if kind in ("taken", "seen") else 0)
    del message["type"]
    match kind:
        case "opened":
            _keys(message, "width", "height")
            return Opened(_count(message["width"]), _count(message["height"]))
        case "beat":
            _keys(message, "frames", "undecodable")
            return Beat(_count(message["frames"]), _count(message["undecodable"]))
        case "taken":
            _keys(message, "job", "captured_at", "considered")
            return Taken(
                _count(message["job"]),
                _moment(message["captured_at"]),
                _count(message["considered"]),
                _jpeg(blobs[0]),
            )
        case "seen":
            _keys(message, "captured_at")
            return Seen(_moment(message["captured_at"]), _jpeg(blobs[0]))
        case "ended":
            _keys(message, "code")
            try:
                return Ended(EndCode(message["code"]))
            except ValueError as error:
                raise WireError("code") from error
        case _:
            raise WireError("type")


def _one(frame: Frame, blobs: int) -> Frame:
    message, attached = frame
    if len(attached) != blobs or "type" not in message:
        raise WireError("frame")
    return dict(message), attached


def _keys(message: dict[str, Any], *keys: str) -> None:
    if message.keys() != set(keys):
        raise WireError("keys")


def _jpeg(data: bytes) -> bytes:
    if not data.startswith(b"\xff\xd8\xff"):
        raise WireError("picture")
    return data


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise WireError("count")
    return value


def _moment(value: object) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):  # type: ignore[arg-type]
        raise WireError("moment")
    return float(value)  # type: ignore[arg-type]  # checked above
