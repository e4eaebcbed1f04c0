"""The devices behind an agent, one class per capability."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from devices.commands import CaptureRequest, Receipt, Signal
from devices.drivers.agent import wire
from devices.drivers.agent.link import AgentLink
from devices.errors import (
    CaptureCancelledError,
    CaptureFailedError,
    DeviceBusyError,
    DeviceError,
    DeviceFaultedError,
    DeviceLostError,
    DeviceTimeoutError,
    PrintFailedError,
)
from devices.lifecycle import ENDED, Change, DeviceState, Lifecycle
from devices.mailbox import Mailbox
from devices.protocols import (
    Device,
    DeviceInfo,
    DocumentReader,
    FaceCamera,
    Indicator,
    ReceiptPrinter,
)
from devices.readings import Capability, DocumentScan, FaceCapture, Origin

T = TypeVar("T")

SCANS_WAITING = 4
"""How many scans a reader keeps that nobody has taken yet; more are refused as queue_full.

Few, because each may hold 12 MB, and one that waits for long is of a traveler who has left.
"""


@dataclass(frozen=True, slots=True)
class _Job(Generic[T]):
    """Something that the device was asked for and has not answered."""

    key: str  # nonce or print id
    answer: asyncio.Future[T]


class AgentDevice(Device):
    """What all devices behind an agent have in common."""

    def __init__(self, info: DeviceInfo, link: AgentLink) -> None:
        """Stand for the device that `info` describes."""
        self._info = info
        self._link = link
        self._lifecycle = Lifecycle(info.device_id, info.epoch)
        self._listeners: list[Callable[[Device], None]] = []

    @property
    def info(self) -> DeviceInfo:
        """What the device is."""
        return self._info

    @property
    def lifecycle(self) -> Lifecycle:
        """The state that we know of."""
        return self._lifecycle

    async def status(self, *, timeout: float) -> Lifecycle:
        """Ask the agent for a sign of life."""
        self._require_there()
        try:
            await self._link.ping(timeout)
        except TimeoutError as error:
            raise DeviceTimeoutError(self._info.device_id, "status") from error
        except DeviceLostError as error:
            raise DeviceLostError(self._info.device_id, error.why) from error
        return self._lifecycle

    async def release(self) -> None:
        """Give the device up; its events are refused from now on."""
        self.end(Change.RELEASED, "")

    def on_change(self, listener: Callable[[Device], None]) -> None:
        """Have `listener` called when the state changes."""
        self._listeners.append(listener)

    def advance(self, change: Change, code: str = "") -> None:
        """Move on in the lifecycle."""
        before = self._lifecycle
        self._lifecycle = before.advance(change, code)
        if self._lifecycle != before:
            for listener in self._listeners:
                listener(self)

    def end(self, change: Change, code: str) -> None:
        """End the epoch: `change` is CONNECTION_LOST or RELEASED."""
        self.advance(change, code)
        self._fail_jobs(DeviceLostError(self._info.device_id, code or "released"))

    def take(self, event: wire.AgentEvent, origin: Origin) -> wire.Rejection | None:
        """Accept an event of the device, or say why not."""
        if self._lifecycle.state in ENDED:
            return wire.Rejection.UNKNOWN_DEVICE
        if isinstance(event, wire.DeviceStateReported):
            self._take_state(event)
            return None
        return self._take_reading(event, origin)

    def take_print_result(self, result: wire.PrintResult) -> None:
        """Take the answer to a print command; only printers wait for one."""

    def _take_reading(self, event: wire.AgentReading, origin: Origin) -> wire.Rejection | None:
        """Accept a reading; of no capability unless it says otherwise."""
        return wire.Rejection.NOT_SUPPORTED

    def _take_state(self, event: wire.DeviceStateReported) -> None:
        match event.state:
            case wire.DeviceCondition.READY:
                self.advance(Change.FAULT_CLEARED)
            case wire.DeviceCondition.FAULTED:
                code = event.code or "unspecified"
                self.advance(Change.FAULT_REPORTED, code)
                self._fail_jobs(DeviceFaultedError(self._info.device_id, code))

    def _fail_jobs(self, error: DeviceError) -> None:
        """Let whoever waits for the device know that it will not answer."""

    def _require_there(self) -> None:
        if self._lifecycle.state in ENDED:
            raise DeviceLostError(self._info.device_id, self._lifecycle.code or "released")
        if self._lifecycle.state is DeviceState.STARTING:
            raise DeviceBusyError(self._info.device_id, "starting")

    def _require_ready(self) -> None:
        self._require_there()
        if self._lifecycle.state is DeviceState.FAULTED:
            raise DeviceFaultedError(self._info.device_id, self._lifecycle.code)
        if self._lifecycle.state is DeviceState.BUSY:
            raise DeviceBusyError(self._info.device_id)

    async def _send(self, message: wire.ServiceMessage, timeout: float) -> None:
        try:
            async with asyncio.timeout(timeout):
                await self._link.send(message)
        except TimeoutError as error:
            raise DeviceTimeoutError(self._info.device_id, "send") from error
        except DeviceLostError as error:
            raise DeviceLostError(self._info.device_id, error.why) from error

    async def _ask(self, job: _Job[T], message: wire.ServiceMessage, timeout: float) -> T:
        """Send a command and wait for its answer; the device is busy meanwhile."""
        self.advance(Change.JOB_STARTED)
        try:
            async with asyncio.timeout(timeout):
                await self._send(message, timeout)
                return await job.answer
        except TimeoutError as error:
            raise DeviceTimeoutError(self._info.device_id, "answer") from error
        finally:
            self.advance(Change.JOB_ENDED)


class AgentDocumentReader(AgentDevice, DocumentReader):
    """A document reader behind an agent."""

    def __init__(self, info: DeviceInfo, link: AgentLink) -> None:
        """Stand for the reader that `info` describes."""
        super().__init__(info, link)
        self._scans: Mailbox[DocumentScan] = Mailbox(SCANS_WAITING)

    async def scans(self) -> AsyncIterator[DocumentScan]:
        """Iterate over scans in the order of arrival."""
        async for scan in self._scans:
            yield scan
        if self._lifecycle.state is DeviceState.LOST:
            raise DeviceLostError(self._info.device_id, self._lifecycle.code)

    def end(self, change: Change, code: str) -> None:
        """End the epoch, and the iteration after what was accepted."""
        super().end(change, code)
        self._scans.close()

    def _take_reading(self, event: wire.AgentReading, origin: Origin) -> wire.Rejection | None:
        if not isinstance(event, wire.DocumentScanned):
            return wire.Rejection.NOT_SUPPORTED
        scan = DocumentScan(origin, event.mrz_lines, event.pages)
        return None if self._scans.offer(scan) else wire.Rejection.QUEUE_FULL


class AgentFaceCamera(AgentDevice, FaceCamera):
    """A camera behind an agent."""

    def __init__(self, info: DeviceInfo, link: AgentLink) -> None:
        """Stand for the camera that `info` describes."""
        super().__init__(info, link)
        self._job: _Job[FaceCapture] | None = None

    async def capture(self, request: CaptureRequest, *, timeout: float) -> FaceCapture:
        """Ask the agent for one picture that bears the request's nonce."""
        self._require_ready()
        if self._job is not None:
            raise DeviceBusyError(self._info.device_id)
        device_id, nonce = self._info.device_id, request.session_nonce
        job: _Job[FaceCapture] = _Job(nonce, asyncio.get_running_loop().create_future())
        self._job = job
        timeout_ms = min(max(1, int(timeout * 1000)), wire.MAX_TIMEOUT_MS)
        try:
            return await self._ask(job, wire.Capture(device_id, nonce, timeout_ms), timeout)
        except DeviceTimeoutError:
            self._link.post(wire.Cancel(device_id, nonce))
            raise
        finally:
            self._job = None

    async def cancel(self) -> None:
        """End the running capture."""
        job = self._job
        if job is not None and not job.answer.done():
            job.answer.set_exception(CaptureCancelledError(self._info.device_id))
            self._link.post(wire.Cancel(self._info.device_id, job.key))

    def _take_reading(self, event: wire.AgentReading, origin: Origin) -> wire.Rejection | None:
        if isinstance(event, wire.DocumentScanned):
            return wire.Rejection.NOT_SUPPORTED
        job = self._job
        if job is None or job.key != event.nonce or job.answer.done():
            return wire.Rejection.CAPTURE_UNBOUND
        if isinstance(event, wire.CaptureFailed):
            job.answer.set_exception(CaptureFailedError(self._info.device_id, event.code))
        else:
            job.answer.set_result(FaceCapture(origin, event.picture, event.nonce))
        return None

    def _fail_jobs(self, error: DeviceError) -> None:
        if self._job is not None and not self._job.answer.done():
            self._job.answer.set_exception(error)


class AgentIndicator(AgentDevice, Indicator):
    """A lamp or screen behind an agent."""

    async def show(self, signal: Signal, session_id: str | None = None, *, timeout: float) -> None:
        """Send the signal; the wire has no answer to it."""
        self._require_ready()
        await self._send(wire.Indicate(self._info.device_id, signal, session_id), timeout)


class AgentReceiptPrinter(AgentDevice, ReceiptPrinter):
    """A printer behind an agent."""

    def __init__(self, info: DeviceInfo, link: AgentLink) -> None:
        """Stand for the printer that `info` describes."""
        super().__init__(info, link)
        self._job: _Job[None] | None = None

    async def print_receipt(self, receipt: Receipt, *, timeout: float) -> None:
        """Send the receipt and wait until it is printed."""
        self._require_ready()
        if self._job is not None:
            raise DeviceBusyError(self._info.device_id)
        print_id = uuid.uuid4().hex
        job: _Job[None] = _Job(print_id, asyncio.get_running_loop().create_future())
        self._job = job
        try:
            await self._ask(job, wire.Print(self._info.device_id, print_id, receipt), timeout)
        finally:
            self._job = None

    def take_print_result(self, result: wire.PrintResult) -> None:
        """Take the printer's word."""
        job = self._job
        if job is None or job.key != result.print_id or job.answer.done():
            return  # of a print that nobody waits for any more
        if result.code is None:
            job.answer.set_result(None)
        else:
            job.answer.set_exception(PrintFailedError(self._info.device_id, result.code))

    def _fail_jobs(self, error: DeviceError) -> None:
        if self._job is not None and not self._job.answer.done():
            self._job.answer.set_exception(error)


_CLASSES: dict[Capability, type[AgentDevice]] = {
    Capability.DOCUMENT_READER: AgentDocumentReader,
    Capability.FACE_CAMERA: AgentFaceCamera,
    Capability.INDICATOR: AgentIndicator,
    Capability.RECEIPT_PRINTER: AgentReceiptPrinter,
}


def make_device(info: DeviceInfo, link: AgentLink) -> AgentDevice:
    """Return the device of the capability that `info` names."""
    return _CLASSES[info.capability](info, link)
