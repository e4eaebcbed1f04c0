"""Capabilities: what the service may ask of a device, whoever made it.

Every wait takes `timeout` in seconds, more than 0, and ends within it (plus scheduling).
Whatever goes wrong is a coded `devices.errors.DeviceError`; nothing else leaves a driver but
`asyncio.CancelledError`. After a device is lost every call raises `device_lost` at once.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from devices.commands import CaptureRequest, Receipt, Signal
from devices.lifecycle import Lifecycle
from devices.readings import Assurance, Capability, DocumentScan, FaceCapture, Provenance


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What a device is; constant within an epoch."""

    device_id: str
    lane_id: str
    capability: Capability
    model: str  # as the maker names it
    driver: str  # name in the registry
    provenance: Provenance
    assurance: Assurance
    epoch: int


@runtime_checkable
class Device(Protocol):
    """What all capabilities have in common."""

    @property
    @abstractmethod
    def info(self) -> DeviceInfo:
        """What the device is."""

    @property
    @abstractmethod
    def lifecycle(self) -> Lifecycle:
        """The state that we know of, without asking."""

    @abstractmethod
    async def status(self, *, timeout: float) -> Lifecycle:
        """Ask the device whether it is there; raises device_timeout or device_lost."""

    @abstractmethod
    async def release(self) -> None:
        """Give the device up; ends what is pending. Repeating it is harmless."""


@runtime_checkable
class DocumentReader(Device, Protocol):
    """Reads travel documents whenever one is put on it."""

    @abstractmethod
    def scans(self) -> AsyncIterator[DocumentScan]:
        """Iterate over scans in the order of arrival, for one consumer.

        Scans that were accepted before a loss are still delivered; then device_lost is raised.
        After release the iteration just ends.
        """


@runtime_checkable
class FaceCamera(Device, Protocol):
    """Takes a picture of the person who stands before it."""

    @abstractmethod
    async def capture(self, request: CaptureRequest, *, timeout: float) -> FaceCapture:
        """Take the best picture within `timeout`.

        Raises device_busy (another capture runs), device_timeout, capture_failed,
        capture_cancelled, device_faulted, device_lost. An answer that bears another nonce is
        refused and never returned.
        """

    @abstractmethod
    async def cancel(self) -> None:
        """End the running capture, whose caller gets capture_cancelled; harmless without one."""


@runtime_checkable
class Indicator(Device, Protocol):
    """Shows the traveler what to do: a lamp, a screen, a result file."""

    @abstractmethod
    async def show(self, signal: Signal, session_id: str | None = None, *, timeout: float) -> None:
        """Show `signal` until the next one; outcomes carry the session's id."""


@runtime_checkable
class ReceiptPrinter(Device, Protocol):
    """Gives the traveler something to take along."""

    @abstractmethod
    async def print_receipt(self, receipt: Receipt, *, timeout: float) -> None:
        """Print and wait for the printer's word; raises print_failed, device_busy and so on."""


class Driver(Protocol):
    """One open connection to one or more devices of a lane, until it is lost or released."""

    @property
    @abstractmethod
    def devices(self) -> Sequence[Device]:
        """The devices behind this connection; constant."""

    @abstractmethod
    def on_change(self, listener: Callable[[Device], None]) -> None:
        """Have `listener` called (in the event loop, not blocking) when a state changes."""

    @abstractmethod
    async def run(self) -> None:
        """Serve until released; raises the DeviceError that ended the connection."""

    @abstractmethod
    async def release(self) -> None:
        """Close the connection and let run() return."""
