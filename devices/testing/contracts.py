"""One contract per capability: what every driver must do, and what it must never do."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from devices.commands import CaptureRequest, Receipt, Signal
from devices.errors import DeviceError, ErrorCode
from devices.events import DeviceConnected, DeviceEvent, DeviceLost, DocumentScanned
from devices.lifecycle import DeviceState
from devices.protocols import Device, DocumentReader, FaceCamera, Indicator, ReceiptPrinter
from devices.readings import DocumentScan, Light, Picture
from devices.testing.harness import LaneHarness

T = TypeVar("T")

# A fictitious document: the specimen of ICAO Doc 9303-4 appendix A.
MRZ_LINES = (
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)
# Drivers do not look into pictures; engines do.
FACE = b"\xff\xd8\xff\xe0 a face that nobody has \xff\xd9"
PAGE = b"\xff\xd8\xff\xe0 a page that nobody printed \xff\xd9"
# Seconds that a busy machine may add to any wait.
SLACK = 1.5
# Seconds in which something that must happen happens.
PATIENCE = 5.0


async def expect_error(awaitable: Awaitable[object], *codes: ErrorCode) -> DeviceError:
    """Return the coded error that must come; AssertionError for anything else."""
    raised: Exception | None = None
    try:
        await awaitable
    except Exception as error:  # noqa: BLE001 - whatever it is, it is judged below
        raised = error
    assert raised is not None, f"nothing was raised instead of {', '.join(codes)}"
    if not isinstance(raised, DeviceError):
        raise AssertionError(f"{type(raised).__name__} left the driver uncoded") from raised
    assert raised.code in codes, f"{raised.code} instead of {', '.join(codes)}"
    assert raised.device_id, "an error names its device"
    return raised


async def within(seconds: float, awaitable: Awaitable[T]) -> T:
    """Return the result; AssertionError when it takes longer than `seconds` and the slack."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(seconds + SLACK + PATIENCE):
            return await awaitable
    finally:
        took = time.monotonic() - started
        assert took <= seconds + SLACK, f"took {took:.2f} s where {seconds} s were allowed"


async def next_event(
    events: AsyncIterator[DeviceEvent], kind: type[T], device_id: str | None = None
) -> T:
    """Return the next event of a kind (and device), passing over others."""
    async with asyncio.timeout(PATIENCE):
        async for event in events:
            if isinstance(event, kind) and device_id in (None, getattr(event, "device_id", None)):
                return event
    raise AssertionError("the events ended")


@asynccontextmanager
async def running(work: Coroutine[Any, Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Have `work` run meanwhile, and leave nothing of it behind whatever happens."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.sleep(0.05)  # it has begun
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def begin(harness: LaneHarness) -> None:
    """Put a document on the reader and wait until it is read, as every session begins.

    Where the driver has no reader, the document is read elsewhere.
    """
    if not harness.supervisor.lane(harness.lane_id).document_readers:
        return
    events = harness.supervisor.events(harness.lane_id)
    await harness.place_document(MRZ_LINES)
    await next_event(events, DocumentScanned)


class _DeviceContract(ABC):
    """What holds for every capability."""

    @abstractmethod
    def device(self, harness: LaneHarness) -> Device:
        """Return the device under test."""

    @abstractmethod
    async def use(self, device: Device, *, timeout: float) -> object:
        """Ask the device for what it is there for."""

    async def test_status_is_ready_and_info_says_where_it_stands(
        self, harness: LaneHarness
    ) -> None:
        """A device that is there answers, under an epoch of 1 or more."""
        device = self.device(harness)
        lifecycle = await within(PATIENCE, device.status(timeout=PATIENCE))
        assert lifecycle.state is DeviceState.READY
        assert lifecycle.epoch == device.info.epoch >= 1
        assert device.info.lane_id == harness.lane_id
        assert device.info.provenance is harness.provenance
        assert device.info.assurance is harness.assurance

    async def test_every_device_has_one_row(self, harness: LaneHarness) -> None:
        """The report shows the device once, in the state that it is in."""
        info = self.device(harness).info
        rows = [row for row in harness.supervisor.rows() if row.device_id == info.device_id]
        assert len(rows) == 1
        assert (rows[0].state, rows[0].epoch) == (DeviceState.READY, info.epoch)

    async def test_after_a_loss_every_call_is_refused_at_once(self, harness: LaneHarness) -> None:
        """A lost device raises device_lost, and does not wait for its timeout."""
        device = self.device(harness)
        events = harness.supervisor.events(harness.lane_id)
        await harness.cut()
        lost = await next_event(events, DeviceLost, device.info.device_id)
        assert lost.epoch == device.info.epoch
        assert device.lifecycle.state is DeviceState.LOST
        await within(0.0, expect_error(device.status(timeout=60.0), ErrorCode.DEVICE_LOST))
        await within(0.0, expect_error(self.use(device, timeout=60.0), ErrorCode.DEVICE_LOST))

    async def test_a_reconnect_has_a_higher_epoch(self, harness: LaneHarness) -> None:
        """The device that comes back is another one than the device that went."""
        before = self.device(harness)
        events = harness.supervisor.events(harness.lane_id)
        await harness.cut()
        await next_event(events, DeviceLost, before.info.device_id)
        await harness.restore()
        connected = await next_event(events, DeviceConnected, before.info.device_id)
        after = self.device(harness)
        assert after.info.epoch == connected.epoch > before.info.epoch
        await expect_error(self.use(before, timeout=PATIENCE), ErrorCode.DEVICE_LOST)

    async def test_release_ends_the_device_and_may_be_repeated(self, harness: LaneHarness) -> None:
        """A released device is refused like a lost one."""
        device = self.device(harness)
        await within(PATIENCE, device.release())
        await within(PATIENCE, device.release())
        assert device.lifecycle.state is DeviceState.RELEASED
        await expect_error(device.status(timeout=PATIENCE), ErrorCode.DEVICE_LOST)


class DocumentReaderContract(_DeviceContract):
    """What every document reader does."""

    READS_LINES = True  # False for a device that only takes pictures of the page
    PAGE = PAGE  # a driver that decodes needs a real picture

    def is_picture_of(self, picture: Picture, page: bytes) -> bool:
        """Whether `picture` shows `page`: the same bytes, unless the driver encodes itself."""
        return picture.data == page

    def device(self, harness: LaneHarness) -> DocumentReader:
        """Return the reader under test."""
        (reader,) = harness.supervisor.lane(harness.lane_id).document_readers
        return reader

    async def use(self, device: Device, *, timeout: float) -> DocumentScan:
        """Wait for a scan."""
        assert isinstance(device, DocumentReader)
        async with asyncio.timeout(timeout):
            return await anext(device.scans())

    async def test_a_document_is_told_to_its_lane(self, harness: LaneHarness) -> None:
        """What lies on the reader arrives as it is, with its origin."""
        events = harness.supervisor.events(harness.lane_id)
        before = time.monotonic()
        await harness.place_document(MRZ_LINES)
        scan = (await next_event(events, DocumentScanned)).scan
        origin, info = scan.origin, self.device(harness).info
        assert scan.mrz_lines == (MRZ_LINES if self.READS_LINES else ())
        assert scan.mrz_lines or scan.pages, "a scan has lines or pages"
        assert (origin.device_id, origin.lane_id) == (info.device_id, harness.lane_id)
        assert origin.epoch == info.epoch
        assert origin.provenance is harness.provenance
        assert origin.assurance is harness.assurance
        assert origin.captured_at.utcoffset() is not None
        assert before <= origin.received_at <= time.monotonic()
        assert origin.event_id

    async def test_a_page_alone_is_a_document(self, harness: LaneHarness) -> None:
        """What nobody has read arrives as a picture, and without lines."""
        events = harness.supervisor.events(harness.lane_id)
        await harness.place_page(self.PAGE)
        scan = (await next_event(events, DocumentScanned)).scan
        assert scan.mrz_lines == ()
        (page,) = scan.pages
        assert page.light is Light.WHITE
        assert self.is_picture_of(page, self.PAGE)
        assert "nobody" not in repr(scan)

    async def test_a_scan_does_not_show_who_it_is_about(self, harness: LaneHarness) -> None:
        """The representation, which ends in logs, holds nothing of the document."""
        events = harness.supervisor.events(harness.lane_id)
        await harness.place_document(MRZ_LINES)
        event = await next_event(events, DocumentScanned)
        for secret in ("ERIKSSON", "L898902C3", "740812"):
            assert secret not in repr(event)


class FaceCameraContract(_DeviceContract):
    """What every face camera does."""

    FACE = FACE  # a driver that decodes needs a real picture

    def is_picture_of(self, picture: Picture, face: bytes) -> bool:
        """Whether `picture` shows `face`: the same bytes, unless the driver encodes itself."""
        return picture.data == face

    def device(self, harness: LaneHarness) -> FaceCamera:
        """Return the camera under test."""
        camera = harness.supervisor.lane(harness.lane_id).camera
        assert camera is not None, "the lane has no camera"
        return camera

    async def use(self, device: Device, *, timeout: float) -> object:
        """Capture."""
        assert isinstance(device, FaceCamera)
        return await device.capture(CaptureRequest("nonce-use"), timeout=timeout)

    async def test_a_capture_returns_the_face_with_the_nonce(self, harness: LaneHarness) -> None:
        """The answer is bound to the request, and says where it comes from."""
        await begin(harness)
        await harness.put_face(self.FACE)
        camera = self.device(harness)
        capture = await within(
            PATIENCE, camera.capture(CaptureRequest("nonce-1"), timeout=PATIENCE)
        )
        assert capture.nonce == "nonce-1"
        assert self.is_picture_of(capture.picture, self.FACE)
        assert capture.origin.device_id == camera.info.device_id
        assert capture.origin.epoch == camera.info.epoch
        assert capture.origin.provenance is harness.provenance
        assert capture.origin.assurance is harness.assurance
        assert "nobody" not in repr(capture)
        assert camera.lifecycle.state is DeviceState.READY

    async def test_a_capture_ends_within_its_timeout(self, harness: LaneHarness) -> None:
        """With nobody there, the camera says so or runs out of time; then it is ready again.

        A camera that takes pictures of nobody answers with one, or is out of time as well.
        """
        await begin(harness)
        camera = self.device(harness)
        capture = camera.capture(CaptureRequest("nonce-2"), timeout=0.3)
        codes = (ErrorCode.DEVICE_TIMEOUT, ErrorCode.CAPTURE_FAILED)
        if harness.camera_needs_a_person:
            await within(0.3, expect_error(capture, *codes))
        else:
            try:
                answer: str = (await within(0.3, capture)).nonce
            except DeviceError as error:
                answer = error.code
            assert answer in {"nonce-2", *codes}
        assert camera.lifecycle.state is DeviceState.READY

    async def test_a_capture_can_be_cancelled(self, harness: LaneHarness) -> None:
        """The caller hears capture_cancelled at once, and may capture again."""
        await begin(harness)
        camera = self.device(harness)
        async with running(camera.capture(CaptureRequest("nonce-3"), timeout=60.0)) as capture:
            await camera.cancel()
            await within(0.0, expect_error(capture, ErrorCode.CAPTURE_CANCELLED))
        await camera.cancel()
        await harness.put_face(self.FACE)
        again = await camera.capture(CaptureRequest("nonce-4"), timeout=PATIENCE)
        assert again.nonce == "nonce-4"

    async def test_a_task_that_is_cancelled_leaves_the_camera_usable(
        self, harness: LaneHarness
    ) -> None:
        """Cancelling the caller is not a failure of the device."""
        await begin(harness)
        camera = self.device(harness)
        async with running(camera.capture(CaptureRequest("nonce-5"), timeout=60.0)) as capture:
            capture.cancel()
        await harness.put_face(self.FACE)
        again = await camera.capture(CaptureRequest("nonce-6"), timeout=PATIENCE)
        assert again.nonce == "nonce-6"

    async def test_a_second_capture_at_once_is_refused(self, harness: LaneHarness) -> None:
        """One camera has one user; the first capture goes on."""
        await begin(harness)
        camera = self.device(harness)
        async with running(camera.capture(CaptureRequest("nonce-7"), timeout=PATIENCE)) as first:
            second = camera.capture(CaptureRequest("nonce-8"), timeout=PATIENCE)
            await within(0.0, expect_error(second, ErrorCode.DEVICE_BUSY))
            await harness.put_face(self.FACE)
            assert (await first).nonce == "nonce-7"

    async def test_a_loss_ends_the_running_capture_at_once(self, harness: LaneHarness) -> None:
        """Nobody waits for a camera that is gone."""
        await begin(harness)
        camera = self.device(harness)
        async with running(camera.capture(CaptureRequest("nonce-9"), timeout=60.0)) as capture:
            await harness.cut()
            await within(0.0, expect_error(capture, ErrorCode.DEVICE_LOST))


class IndicatorContract(_DeviceContract):
    """What every indicator does."""

    def device(self, harness: LaneHarness) -> Indicator:
        """Return the indicator under test."""
        (indicator,) = harness.supervisor.lane(harness.lane_id).indicators
        return indicator

    async def use(self, device: Device, *, timeout: float) -> None:
        """Show something."""
        assert isinstance(device, Indicator)
        await device.show(Signal.READY, timeout=timeout)

    async def test_an_outcome_is_shown_with_its_session(self, harness: LaneHarness) -> None:
        """What the service says is what the traveler sees."""
        await begin(harness)
        indicator = self.device(harness)
        await within(PATIENCE, indicator.show(Signal.PROCESSING, "session-1", timeout=PATIENCE))
        await within(PATIENCE, indicator.show(Signal.SEE_OFFICER, "session-1", timeout=PATIENCE))
        assert await harness.shown(timeout=PATIENCE) == (Signal.SEE_OFFICER, "session-1")


class ReceiptPrinterContract(_DeviceContract):
    """What every receipt printer does."""

    RECEIPT = Receipt("session-1", "REFER", ("See an officer", "Desk 4"))

    def device(self, harness: LaneHarness) -> ReceiptPrinter:
        """Return the printer under test."""
        printer = harness.supervisor.lane(harness.lane_id).printer
        assert printer is not None, "the lane has no printer"
        return printer

    async def use(self, device: Device, *, timeout: float) -> None:
        """Print something."""
        assert isinstance(device, ReceiptPrinter)
        await device.print_receipt(self.RECEIPT, timeout=timeout)

    async def test_a_receipt_comes_out(self, harness: LaneHarness) -> None:
        """print_receipt returns when it is printed, and the printer is ready again."""
        await begin(harness)
        lane = harness.supervisor.lane(harness.lane_id)
        for indicator in lane.indicators:
            await indicator.show(Signal.SEE_OFFICER, "session-1", timeout=PATIENCE)
        printer = self.device(harness)
        await within(PATIENCE, printer.print_receipt(self.RECEIPT, timeout=PATIENCE))
        assert await harness.printed(timeout=PATIENCE) == "REFER"
        assert printer.lifecycle.state is DeviceState.READY
