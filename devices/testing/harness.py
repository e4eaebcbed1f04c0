"""What a contract needs in order to act on the far side of a driver."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Protocol

from devices.commands import Signal
from devices.readings import Assurance, Provenance
from devices.supervisor import DeviceSupervisor


class LaneHarness(Protocol):
    """One lane, whose devices are all behind the driver under test.

    Every method acts on the hardware's side (a simulator, a bench, a folder), never on the
    driver. Waits take `timeout` in seconds and raise TimeoutError.
    """

    @property
    @abstractmethod
    def supervisor(self) -> DeviceSupervisor:
        """The supervisor that serves the driver."""

    @property
    @abstractmethod
    def lane_id(self) -> str:
        """The lane under test."""

    @property
    @abstractmethod
    def provenance(self) -> Provenance:
        """What all readings must bear."""

    @property
    @abstractmethod
    def assurance(self) -> Assurance:
        """What all readings must bear."""

    @property
    @abstractmethod
    def camera_needs_a_person(self) -> bool:
        """Whether a capture waits for a face; a plain camera takes whatever stands before it."""

    @abstractmethod
    async def place_document(self, mrz_lines: Sequence[str]) -> None:
        """Put a document on the reader; one that reads no lines sees its page alone."""

    @abstractmethod
    async def place_page(self, picture: bytes) -> None:
        """Put a document on the reader of which there is only this picture, a JPEG file."""

    @abstractmethod
    async def put_face(self, picture: bytes) -> None:
        """Have a person (a JPEG file) before the camera from now on."""

    @abstractmethod
    async def cut(self) -> None:
        """Break the connection beneath the driver."""

    @abstractmethod
    async def restore(self) -> None:
        """Let the connection come back, and wait until the lane has its devices again."""

    @abstractmethod
    async def shown(self, *, timeout: float) -> tuple[Signal, str | None]:
        """Wait for the outcome signal that the traveler sees, and its session."""

    @abstractmethod
    async def printed(self, *, timeout: float) -> str:
        """Wait for a receipt and return its outcome."""
