"""A face camera: commanded to capture, it delivers the face before it, or says why not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from devices.readings import MediaType, Picture
from simulators.models.faults import SLOW_SECONDS, Fault

GARBAGE: Final = bytes((index * 73 + 41) % 256 for index in range(4096))
"""What a broken sensor sends: bytes without a picture's structure, always the same."""


@dataclass(frozen=True, slots=True)
class PictureTaken:
    """The capture with this nonce has its picture."""

    nonce: str
    picture: Picture


@dataclass(frozen=True, slots=True)
class CaptureGaveUp:
    """The capture with this nonce has none."""

    nonce: str
    code: str


@dataclass(frozen=True, slots=True)
class AgentUnplugged:
    """The whole agent lost its connection."""


@dataclass(frozen=True, slots=True)
class CameraUnplugged:
    """The camera is gone, its agent is not."""


CameraOutput: TypeAlias = PictureTaken | CaptureGaveUp | AgentUnplugged | CameraUnplugged


@dataclass(frozen=True, slots=True)
class _Running:
    nonce: str
    gives_up_after: float
    elapsed: float = 0.0


class CameraModel:
    """Takes a picture in `capture_seconds`; waits for a face until its command runs out."""

    def __init__(self, *, capture_seconds: float = 0.04) -> None:
        """Start without a face in view and without a fault."""
        self.face: Picture | None = None
        self.fault: Fault | None = None
        self._capture_seconds = capture_seconds
        self._running: _Running | None = None

    @property
    def is_moving(self) -> bool:
        """Whether step() would bring it further."""
        return self._running is not None

    def capture(self, nonce: str, timeout_seconds: float) -> None:
        """Begin a capture; it replaces one that still runs."""
        # A camera gives up a little before its caller does, so that the reason arrives.
        self._running = _Running(nonce, 0.8 * timeout_seconds)

    def cancel(self, nonce: str) -> None:
        """End the capture with this nonce, if it runs."""
        if self._running is not None and self._running.nonce == nonce:
            self._running = None

    def stop(self) -> None:
        """End whatever runs, as a loss of power does."""
        self._running = None

    def step(self, dt: float) -> tuple[CameraOutput, ...]:
        """Move on by `dt` seconds; returns what came out meanwhile."""
        if self._running is None:
            return ()
        self._running = replace(self._running, elapsed=self._running.elapsed + dt)
        output = self._output(self._running)
        if output is None:
            return ()
        self._running = None
        return (output,)

    def _output(self, running: _Running) -> CameraOutput | None:
        due = self._capture_seconds + (SLOW_SECONDS if self.fault is Fault.SLOW else 0.0)
        if self.fault is Fault.FREEZE:
            return None
        if running.elapsed >= 0.5 * due and self.fault is Fault.DISCONNECT_IN_CAPTURE:
            return AgentUnplugged()
        if running.elapsed >= 0.5 * due and self.fault is Fault.UNPLUGGED_IN_CAPTURE:
            return CameraUnplugged()
        if running.elapsed >= due and self.fault is Fault.GARBAGE_IMAGE:
            return PictureTaken(running.nonce, Picture(MediaType.JPEG, GARBAGE))
        if running.elapsed >= due and self.face is not None:
            return PictureTaken(running.nonce, self.face)
        if running.elapsed >= running.gives_up_after and self.fault is not Fault.SLOW:
            return CaptureGaveUp(running.nonce, "no_picture")
        return None
