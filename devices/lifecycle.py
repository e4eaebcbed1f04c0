"""The states of a device within one connection, as one table.

A reconnect is not a transition: it is a new `Lifecycle` with a higher epoch, so that a reading
of the old connection can never pass for one of the new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType


class DeviceState(StrEnum):
    """Where a device stands; `lost` and `released` end its epoch."""

    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    FAULTED = "faulted"
    LOST = "lost"
    RELEASED = "released"


class Change(StrEnum):
    """What happens to a device."""

    CONNECTED = "connected"
    JOB_STARTED = "job_started"
    JOB_ENDED = "job_ended"
    FAULT_REPORTED = "fault_reported"
    FAULT_CLEARED = "fault_cleared"
    CONNECTION_LOST = "connection_lost"
    RELEASED = "released"


_S, _C = DeviceState, Change

TRANSITIONS: Mapping[tuple[DeviceState, Change], DeviceState] = MappingProxyType(
    {
        (_S.STARTING, _C.CONNECTED): _S.READY,
        (_S.STARTING, _C.CONNECTION_LOST): _S.LOST,
        (_S.STARTING, _C.RELEASED): _S.RELEASED,
        (_S.READY, _C.JOB_STARTED): _S.BUSY,
        # A job that a fault ended may report its end after the fault is over.
        (_S.READY, _C.JOB_ENDED): _S.READY,
        (_S.READY, _C.FAULT_REPORTED): _S.FAULTED,
        (_S.READY, _C.FAULT_CLEARED): _S.READY,
        (_S.READY, _C.CONNECTION_LOST): _S.LOST,
        (_S.READY, _C.RELEASED): _S.RELEASED,
        (_S.BUSY, _C.JOB_ENDED): _S.READY,
        (_S.BUSY, _C.FAULT_REPORTED): _S.FAULTED,
        (_S.BUSY, _C.FAULT_CLEARED): _S.BUSY,
        (_S.BUSY, _C.CONNECTION_LOST): _S.LOST,
        (_S.BUSY, _C.RELEASED): _S.RELEASED,
        # A job that was running when the fault came ends without clearing the fault.
        (_S.FAULTED, _C.JOB_ENDED): _S.FAULTED,
        (_S.FAULTED, _C.FAULT_REPORTED): _S.FAULTED,
        (_S.FAULTED, _C.FAULT_CLEARED): _S.READY,
        (_S.FAULTED, _C.CONNECTION_LOST): _S.LOST,
        (_S.FAULTED, _C.RELEASED): _S.RELEASED,
        # What was on its way when the connection ended changes nothing any more.
        (_S.LOST, _C.JOB_ENDED): _S.LOST,
        (_S.LOST, _C.CONNECTION_LOST): _S.LOST,
        (_S.LOST, _C.RELEASED): _S.RELEASED,
        (_S.RELEASED, _C.JOB_ENDED): _S.RELEASED,
        (_S.RELEASED, _C.CONNECTION_LOST): _S.RELEASED,
        (_S.RELEASED, _C.RELEASED): _S.RELEASED,
    }
)

ENDED = frozenset({DeviceState.LOST, DeviceState.RELEASED})
"""States in which a device answers nothing any more."""


class IllegalChangeError(Exception):
    """A change that the table does not allow: a mistake of a driver, not of a device."""

    def __init__(self, device_id: str, state: DeviceState, change: Change) -> None:
        """Name the device, where it stood and what was tried."""
        super().__init__(f"{device_id}: {change} is not possible in state {state}")
        self.device_id = device_id
        self.state = state
        self.change = change


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """One device in one connection."""

    device_id: str
    epoch: int
    state: DeviceState = DeviceState.STARTING
    code: str = ""  # of the fault or the loss; empty in the other states

    def advance(self, change: Change, code: str = "") -> Lifecycle:
        """Return the lifecycle after `change`; raises IllegalChangeError outside the table."""
        state = TRANSITIONS.get((self.state, change))
        if state is None:
            raise IllegalChangeError(self.device_id, self.state, change)
        if change in (Change.FAULT_REPORTED, Change.CONNECTION_LOST) and self.state not in ENDED:
            return replace(self, state=state, code=code)
        keeps_code = state is self.state
        return replace(self, state=state, code=self.code if keeps_code else "")
