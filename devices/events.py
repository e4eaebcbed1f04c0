"""What a lane's devices have done, in the past tense, as the supervisor tells it.

A captured face is no event here: it answers one `FaceCamera.capture`, and only the caller,
who bound it to a session with a nonce, receives it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from devices.lifecycle import DeviceState
from devices.readings import Capability, DocumentScan, Provenance


@dataclass(frozen=True, slots=True)
class DeviceConnected:
    """A device is there, for the first time or again, under a new epoch."""

    device_id: str
    lane_id: str
    epoch: int
    capability: Capability
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """A device's connection ended; everything asked of that epoch has failed."""

    device_id: str
    lane_id: str
    epoch: int
    capability: Capability
    why: str  # a code, e.g. "closed", "heartbeat_missed", "protocol_violation"


@dataclass(frozen=True, slots=True)
class DeviceStateChanged:
    """A device reported a fault, or that it is over."""

    device_id: str
    lane_id: str
    epoch: int
    state: DeviceState
    code: str  # of the fault; empty when there is none


@dataclass(frozen=True, slots=True)
class DocumentScanned:
    """A traveler put a document on a reader."""

    scan: DocumentScan


DeviceEvent: TypeAlias = DeviceConnected | DeviceLost | DeviceStateChanged | DocumentScanned
