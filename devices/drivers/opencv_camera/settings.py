"""What an OpenCV camera is opened with; unknown keys and odd values are refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Final

from devices.readings import Capability

ROTATIONS: Final = (0, 90, 180, 270)
CAPABILITIES: Final = (Capability.FACE_CAMERA, Capability.DOCUMENT_READER)

_BUS_PATH: Final = re.compile(r"/dev/[A-Za-z0-9_.:/-]+")


class SourceKind(StrEnum):
    """Where the frames come from."""

    BUS = "bus"  # a camera of the kiosk's own, by index or path in /dev
    FILE = "file"  # a recording, played again and again
    HTTP = "http"  # MJPEG over HTTP
    RTSP = "rtsp"

    @property
    def is_live(self) -> bool:
        """Whether there is a sensor, whose frames never are the same twice for long."""
        return self is not SourceKind.FILE


class SettingsError(Exception):
    """A setting that cannot be used; the message names the setting, never its value."""


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """How to open one camera; raises SettingsError for what cannot be meant.

    Args:
        capability: `face_camera`, or `document_reader` for one that looks down on documents.
        source: device index, path in /dev, path of a video file, `http://` or `rtsp://` address.
            An address may hold a password, so it is in no representation.
        width: pixels that a camera of kind `bus` is asked for; it may choose another size.
        height: pixels, with `width` or not at all.
        rotation: degrees that the picture is turned clockwise: 0, 90, 180 or 270.
        mirror: whether left and right are exchanged, after the rotation.
        jpeg_quality: of the picture that is handed on, 50 to 100.
        frames: how many frames a capture compares at least, 2 to 120.
        watch: seconds that a capture watches at least, so that a traveler has time to look up.
        still: seconds without movement after which a document lies at rest, 0.1 to 5.
        detail: least share of the picture that holds print, 0.001 to 0.5; a bare surface has less.
        open_timeout: seconds until the first frame is there, without the start of the process.
        read_timeout: seconds without a frame after which a camera has stalled.
        frozen_after: seconds of the same frame after which a live camera is frozen.
    """

    source: str = field(repr=False)
    width: int | None = None
    height: int | None = None
    rotation: int = 0
    mirror: bool = False
    jpeg_quality: int = 92
    frames: int = 8
    watch: float = 1.0
    open_timeout: float = 5.0
    read_timeout: float = 2.0
    frozen_after: float = 5.0
    capability: Capability = Capability.FACE_CAMERA
    still: float = 0.4
    detail: float = 0.02

    def __post_init__(self) -> None:
        _require("source", 0 < len(self.source) <= 1024 and self.source.isprintable())
        _require("source", "://" not in self.source or self.kind is not SourceKind.FILE)
        if self.width is not None or self.height is not None:
            _require("width", self.width is not None and 16 <= self.width <= 8192)
            _require("height", self.height is not None and 16 <= self.height <= 8192)
            _require("width", self.kind is SourceKind.BUS)
        _require("rotation", self.rotation in ROTATIONS)
        _require("jpeg_quality", 50 <= self.jpeg_quality <= 100)
        _require("frames", 2 <= self.frames <= 120)
        _require("watch", 0.0 <= self.watch <= 10.0)
        _require("capability", self.capability in CAPABILITIES)
        _require("still", 0.1 <= self.still <= 5.0)
        _require("detail", 0.001 <= self.detail <= 0.5)
        _require("open_timeout", 0.1 <= self.open_timeout <= 8.0)
        _require("read_timeout", 0.1 <= self.read_timeout <= 30.0)
        _require("frozen_after", 0.1 <= self.frozen_after <= 600.0)

    @property
    def kind(self) -> SourceKind:
        """What kind of source it is, from how it is written."""
        if (self.source.isascii() and self.source.isdigit()) or _BUS_PATH.fullmatch(self.source):
            return SourceKind.BUS
        if self.source.startswith("http://"):
            return SourceKind.HTTP
        if self.source.startswith("rtsp://"):
            return SourceKind.RTSP
        return SourceKind.FILE

    def to_mapping(self) -> dict[str, object]:
        """Return plain values, as `from_mapping` takes them."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> CameraSettings:
        """Read settings; raises SettingsError for unknown keys and other types."""
        unknown = sorted(set(values) - set(_READERS))
        if unknown:
            raise SettingsError(f"{unknown[0][:32]} is no setting of a camera")
        read = {key: _READERS[key](key, value) for key, value in values.items()}
        _require("source", "source" in read)
        return cls(**read)  # type: ignore[arg-type]  # each reader returns its field's type


def _require(name: str, condition: bool) -> None:
    if not condition:
        raise SettingsError(f"{name} cannot be used")


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise SettingsError(f"{name} is a text")
    return value


def _whole(name: str, value: object) -> int:
    if type(value) is not int:
        raise SettingsError(f"{name} is a whole number")
    return value


def _optional_whole(name: str, value: object) -> int | None:
    return None if value is None else _whole(name, value)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(f"{name} is true or false")
    return value


def _capability(name: str, value: object) -> Capability:
    try:
        return Capability(_text(name, value))
    except ValueError as error:
        raise SettingsError(f"{name} is face_camera or document_reader") from error


def _number(name: str, value: object) -> float:
    if type(value) not in (int, float):
        raise SettingsError(f"{name} is a number")
    return float(value)  # type: ignore[arg-type]  # checked above, without bool


_READERS: Final[Mapping[str, Callable[[str, object], object]]] = {
    "source": _text,
    "width": _optional_whole,
    "height": _optional_whole,
    "rotation": _whole,
    "mirror": _flag,
    "jpeg_quality": _whole,
    "frames": _whole,
    "watch": _number,
    "open_timeout": _number,
    "read_timeout": _number,
    "frozen_after": _number,
    "capability": _capability,
    "still": _number,
    "detail": _number,
}
