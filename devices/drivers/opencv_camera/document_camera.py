"""A camera that looks down on documents: whatever comes to rest under it is a scan."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator
from typing import Final

from devices.drivers.opencv_camera import wire
from devices.drivers.opencv_camera.eye import OpenCvEye
from devices.errors import DeviceLostError, ProtocolViolationError
from devices.lifecycle import Change, DeviceState
from devices.mailbox import Mailbox
from devices.protocols import DeviceInfo, DocumentReader
from devices.readings import DocumentScan, MediaType, Picture

log = logging.getLogger(__name__)

_SCANS_WAITING: Final = 4  # that nobody has taken; more are not scans of anybody who still waits


class OpenCvDocumentCamera(OpenCvEye, DocumentReader):
    """The document camera of one epoch; it sends pages and never lines."""

    def __init__(self, info: DeviceInfo) -> None:
        """Stand for the camera that `info` describes."""
        super().__init__(info)
        self._scans: Mailbox[DocumentScan] = Mailbox(_SCANS_WAITING)
        self._seen = 0

    async def scans(self) -> AsyncIterator[DocumentScan]:
        """Iterate over what came to rest, in order."""
        async for scan in self._scans:
            yield scan
        if self._lifecycle.state is DeviceState.LOST:
            raise DeviceLostError(self._info.device_id, self._lifecycle.code)

    def deliver(self, seen: wire.Seen) -> None:
        """Take a picture of a page."""
        if seen.captured_at > time.monotonic():
            raise ProtocolViolationError(self._info.device_id, "bad_time")
        self._seen += 1
        page = Picture(MediaType.JPEG, seen.jpeg)
        scan = DocumentScan(self._origin(self._seen, seen.captured_at), (), (page,))
        if not self._scans.offer(scan):
            log.warning("%s: a page was dropped, nobody takes them", self._info.device_id)

    def end(self, change: Change, code: str) -> None:
        """End the epoch, and the iteration after what was accepted."""
        super().end(change, code)
        self._scans.close()
