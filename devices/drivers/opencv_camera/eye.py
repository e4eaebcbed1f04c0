"""What a face camera and a document camera have in common: a worker's camera, and its state."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from devices.errors import DeviceError, DeviceLostError, DeviceTimeoutError
from devices.lifecycle import ENDED, Change, Lifecycle
from devices.protocols import Device, DeviceInfo
from devices.readings import Origin


class OpenCvEye(Device):
    """The camera of one epoch, whatever it is used for."""

    def __init__(self, info: DeviceInfo) -> None:
        """Stand for the camera that `info` describes."""
        self._info = info
        self._lifecycle = Lifecycle(info.device_id, info.epoch).advance(Change.CONNECTED)
        self._listeners: list[Callable[[Device], None]] = []
        self._beats: set[asyncio.Future[None]] = set()

    @property
    def info(self) -> DeviceInfo:
        """What the camera is."""
        return self._info

    @property
    def lifecycle(self) -> Lifecycle:
        """The state that we know of."""
        return self._lifecycle

    def on_change(self, listener: Callable[[Device], None]) -> None:
        """Have `listener` called when the state changes."""
        self._listeners.append(listener)

    async def status(self, *, timeout: float) -> Lifecycle:
        """Wait until the camera has given another frame."""
        self._require_there()
        beat: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._beats.add(beat)
        try:
            async with asyncio.timeout(timeout):
                await beat
        except TimeoutError as error:
            raise DeviceTimeoutError(self._info.device_id, "status") from error
        finally:
            self._beats.discard(beat)
        return self._lifecycle

    async def release(self) -> None:
        """Give the camera up; its worker goes with the driver."""
        self.end(Change.RELEASED, "")

    def deliver_beat(self) -> None:
        """Take a sign of life."""
        for beat in self._beats:
            if not beat.done():
                beat.set_result(None)

    def fault(self, code: str) -> None:
        """Take the camera's fault."""
        if self._lifecycle.state not in ENDED:
            self._advance(Change.FAULT_REPORTED, code)

    def end(self, change: Change, code: str) -> None:
        """End the epoch: `change` is CONNECTION_LOST or RELEASED."""
        self._advance(change, code)
        lost = self._lost(code)
        for beat in self._beats:
            if not beat.done():
                beat.set_exception(lost)

    def _origin(self, sequence: int, captured_at: float) -> Origin:
        # The answer's budget runs from now on: watching for the best frame was the capture's time.
        received_at = time.monotonic()
        age = timedelta(seconds=received_at - captured_at)
        return Origin(
            device_id=self._info.device_id,
            lane_id=self._info.lane_id,
            epoch=self._info.epoch,
            sequence=sequence,
            event_id=uuid.uuid4().hex,
            provenance=self._info.provenance,
            assurance=self._info.assurance,
            captured_at=datetime.now(UTC) - age,
            received_at=received_at,
        )

    def _advance(self, change: Change, code: str = "") -> None:
        before = self._lifecycle
        self._lifecycle = before.advance(change, code)
        if self._lifecycle != before:
            for listener in self._listeners:
                listener(self)

    def _require_there(self) -> None:
        if self._lifecycle.state in ENDED:
            raise self._lost(self._lifecycle.code)

    def _lost(self, code: str) -> DeviceError:
        return DeviceLostError(self._info.device_id, code or "released")
