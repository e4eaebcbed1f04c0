"""What a driver says of itself to the registry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from devices.protocols import Driver
from devices.readings import Capability, Provenance


class Support(StrEnum):
    """How far a driver has been tried; a label needs its evidence."""

    UNVERIFIED = "unverified"  # written from documents
    SIMULATED = "simulated"  # passes the contract suite against a simulator of the wire
    BENCH = "bench"  # passes it against the hardware, in a laboratory
    FIELD = "field"  # has served travelers


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """What a driver is given when it is opened."""

    lane_id: str
    epoch: int
    settings: Mapping[str, object]  # the driver's own, from the kiosk's configuration


Opener: TypeAlias = Callable[[OpenRequest], Awaitable[Driver]]


@dataclass(frozen=True, slots=True)
class DriverSpec:
    """One row of the table of drivers."""

    name: str  # lower case, unique
    summary: str  # one line
    capabilities: frozenset[Capability]
    provenance: Provenance  # the best that its readings can have
    support: Support
    evidence: str  # what the label rests on
    open: Opener | None  # None: nothing to open, its devices connect to the gateway
