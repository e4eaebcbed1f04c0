"""What devices deliver, and where each reading comes from.

Readings are nouns and frozen. Whatever identifies a person (pictures, machine-readable zones)
is left out of `repr`, because a representation ends in logs and exception texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Provenance(StrEnum):
    """What stands behind a reading; a production policy accepts `device` only."""

    DEVICE = "device"
    FILE = "file"
    SIMULATED = "simulated"


# From the least trusted to the most trusted.
_TRUST = (Provenance.SIMULATED, Provenance.FILE, Provenance.DEVICE)


def more_adverse(first: Provenance, second: Provenance) -> Provenance:
    """Return the less trusted of two claims: simulated before file before device."""
    return min(first, second, key=_TRUST.index)


class Assurance(StrEnum):
    """How far a reading is protected on its way from the sensor to us."""

    NONE = "none"
    CHANNEL = "channel"  # an authenticated connection
    SIGNED = "signed"  # signed by the device itself


class Capability(StrEnum):
    """What a device can do; one device has one capability."""

    DOCUMENT_READER = "document_reader"
    FACE_CAMERA = "face_camera"
    INDICATOR = "indicator"
    RECEIPT_PRINTER = "receipt_printer"


class Light(StrEnum):
    """The light under which a picture was taken (ICAO Doc 9303-2 names the three)."""

    WHITE = "white"
    INFRARED = "infrared"
    ULTRAVIOLET = "ultraviolet"


class MediaType(StrEnum):
    """Encodings of a picture that devices may send."""

    JPEG = "image/jpeg"
    PNG = "image/png"


@dataclass(frozen=True, slots=True)
class Origin:
    """Which device gave a reading, when, and how far that can be believed."""

    device_id: str
    lane_id: str
    epoch: int  # of the connection, 1 or more; a reconnect has a higher one
    sequence: int  # rising within an epoch, as the device counts
    event_id: str  # unique per device for ever; a replay bears the same one
    provenance: Provenance
    assurance: Assurance
    captured_at: datetime  # aware; a claim of the device's clock, never used for deadlines
    received_at: float  # time.monotonic() seconds of this process


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture as the device sent it: untrusted bytes, not yet decoded by anyone."""

    media_type: MediaType
    data: bytes = field(repr=False)
    light: Light = Light.WHITE


@dataclass(frozen=True, slots=True)
class DocumentScan:
    """A document on a reader: the lines of its zone, pictures of its page, or both.

    A device that cannot read sends pictures alone; one that sends neither has not seen a document.
    """

    origin: Origin
    mrz_lines: tuple[str, ...] = field(repr=False)  # 1 to 3, as read, unchecked; 0 with pages
    pages: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class FaceCapture:
    """A picture of the person before the camera, taken for one capture request."""

    origin: Origin
    picture: Picture
    nonce: str  # of the request that this picture answers
