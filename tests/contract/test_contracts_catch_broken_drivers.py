"""The negative control of the contracts: drivers that break them, one by one, are caught."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

import pytest

from devices.commands import CaptureRequest, Signal
from devices.errors import DeviceBusyError, DeviceError, DeviceLostError, DeviceTimeoutError
from devices.lifecycle import Change, Lifecycle
from devices.protocols import Device, DeviceInfo, DocumentReader, Driver, FaceCamera
from devices.readings import (
    Assurance,
    Capability,
    DocumentScan,
    FaceCapture,
    MediaType,
    Origin,
    Picture,
    Provenance,
)
from devices.supervisor import DeviceSupervisor
from devices.testing import contracts
from devices.testing.contracts import MRZ_LINES, FaceCameraContract
from devices.testing.harness import LaneHarness

LANE = "lane"


class _Common:
    """Ready for ever, or until it is released."""

    def __init__(self, capability: Capability) -> None:
        self._info = DeviceInfo(
            f"test-{capability}",
            LANE,
            capability,
            "test",
            "test",
            Provenance.SIMULATED,
            Assurance.NONE,
            1,
        )
        self._lifecycle = Lifecycle(self._info.device_id, 1).advance(Change.CONNECTED)

    @property
    def info(self) -> DeviceInfo:
        return self._info

    @property
    def lifecycle(self) -> Lifecycle:
        return self._lifecycle

    async def status(self, *, timeout: float) -> Lifecycle:
        return self._lifecycle

    async def release(self) -> None:
        self._lifecycle = self._lifecycle.advance(Change.RELEASED)

    def _origin(self) -> Origin:
        return Origin(
            self._info.device_id,
            LANE,
            1,
            1,
            "e",
            self._info.provenance,
            self._info.assurance,
            datetime.now(UTC),
            asyncio.get_running_loop().time(),
        )


class Reader(_Common, DocumentReader):
    def __init__(self) -> None:
        super().__init__(Capability.DOCUMENT_READER)
        self.placed: asyncio.Queue[Sequence[str]] = asyncio.Queue()

    async def scans(self) -> AsyncIterator[DocumentScan]:
        while True:
            yield DocumentScan(self._origin(), tuple(await self.placed.get()))


class Camera(_Common, FaceCamera):
    """A camera that keeps the contract; each subclass breaks it in one way."""

    def __init__(self) -> None:
        super().__init__(Capability.FACE_CAMERA)
        self.face: bytes | None = None
        self.running: asyncio.Task[FaceCapture] | None = None
        self.cut = False

    async def capture(self, request: CaptureRequest, *, timeout: float) -> FaceCapture:
        if self.running is not None:
            raise DeviceBusyError(self.info.device_id)
        self.running = asyncio.ensure_future(self.take(request))
        try:
            async with asyncio.timeout(timeout):
                return await self.running
        except TimeoutError as error:
            raise DeviceTimeoutError(self.info.device_id) from error
        finally:
            self.running = None

    async def cancel(self) -> None:
        return None

    async def take(self, request: CaptureRequest) -> FaceCapture:
        while self.face is None:  # noqa: ASYNC110 - a test's camera may poll
            await asyncio.sleep(0.01)
        picture = Picture(MediaType.JPEG, self.face)
        return FaceCapture(self._origin(), picture, request.session_nonce)


class OutOfTime(Camera):
    async def capture(self, request: CaptureRequest, *, timeout: float) -> FaceCapture:
        return await super().capture(request, timeout=timeout + 60)


class Uncoded(Camera):
    async def capture(self, request: CaptureRequest, *, timeout: float) -> FaceCapture:
        try:
            return await super().capture(request, timeout=timeout)
        except DeviceError as error:
            raise OSError("vendor library: 0x8007") from error


class Unbound(Camera):
    async def take(self, request: CaptureRequest) -> FaceCapture:
        return await super().take(CaptureRequest("of-another-session"))


class Untainted(Camera):
    def _origin(self) -> Origin:
        self._info = DeviceInfo(
            self._info.device_id,
            LANE,
            Capability.FACE_CAMERA,
            "m",
            "d",
            Provenance.DEVICE,
            Assurance.NONE,
            1,
        )
        return super()._origin()


class Shared(Camera):
    async def capture(self, request: CaptureRequest, *, timeout: float) -> FaceCapture:
        self.running = None
        return await super().capture(request, timeout=timeout)


class Everything(Driver):
    """The driver of both."""

    def __init__(self, reader: Reader, camera: Camera) -> None:
        self._devices = (reader, camera)
        self._over = asyncio.Event()

    @property
    def devices(self) -> Sequence[Device]:
        return self._devices

    def on_change(self, listener: Callable[[Device], None]) -> None:
        return None

    async def run(self) -> None:
        await self._over.wait()
        raise DeviceLostError("test", "closed")

    async def release(self) -> None:
        self._over.set()


class Bench(LaneHarness):
    def __init__(self, camera: Camera) -> None:
        self._supervisor = DeviceSupervisor([LANE])
        self.reader, self.camera = Reader(), camera
        self.driver = Everything(self.reader, camera)

    @property
    def supervisor(self) -> DeviceSupervisor:
        return self._supervisor

    @property
    def lane_id(self) -> str:
        return LANE

    @property
    def provenance(self) -> Provenance:
        return Provenance.SIMULATED

    @property
    def assurance(self) -> Assurance:
        return Assurance.NONE

    @property
    def camera_needs_a_person(self) -> bool:
        return True

    async def place_document(self, mrz_lines: Sequence[str]) -> None:
        self.reader.placed.put_nowait(mrz_lines)

    async def place_page(self, picture: bytes) -> None:
        raise NotImplementedError

    async def put_face(self, picture: bytes) -> None:
        self.camera.face = picture

    async def cut(self) -> None:
        """This driver does not notice when its connection breaks."""

    async def restore(self) -> None:
        raise NotImplementedError

    async def shown(self, *, timeout: float) -> tuple[Signal, str | None]:
        raise NotImplementedError

    async def printed(self, *, timeout: float) -> str:
        raise NotImplementedError


CONTRACT = FaceCameraContract()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """These drivers wait for nothing, and the broken ones should not keep us waiting."""
    monkeypatch.setattr(contracts, "SLACK", 0.1)
    monkeypatch.setattr(contracts, "PATIENCE", 0.3)


async def run(camera: Camera, check: Callable[[LaneHarness], object]) -> None:
    bench = Bench(camera)
    serving = asyncio.ensure_future(bench.supervisor.serve(bench.driver))
    await asyncio.sleep(0)
    try:
        await check(bench)  # type: ignore[misc]
    finally:
        await bench.supervisor.release()
        await asyncio.gather(serving, return_exceptions=True)


@pytest.mark.parametrize(
    "check",
    [
        CONTRACT.test_a_capture_returns_the_face_with_the_nonce,
        CONTRACT.test_a_capture_ends_within_its_timeout,
        CONTRACT.test_a_second_capture_at_once_is_refused,
        CONTRACT.test_status_is_ready_and_info_says_where_it_stands,
    ],
)
async def test_a_camera_that_keeps_the_contract_passes(
    check: Callable[[LaneHarness], object],
) -> None:
    await run(Camera(), check)


@pytest.mark.parametrize(
    ("camera", "check"),
    [
        (OutOfTime, CONTRACT.test_a_capture_ends_within_its_timeout),
        (Uncoded, CONTRACT.test_a_capture_ends_within_its_timeout),
        (Unbound, CONTRACT.test_a_capture_returns_the_face_with_the_nonce),
        (Untainted, CONTRACT.test_a_capture_returns_the_face_with_the_nonce),
        (Shared, CONTRACT.test_a_second_capture_at_once_is_refused),
        (Camera, CONTRACT.test_a_capture_can_be_cancelled),
        (Camera, CONTRACT.test_a_loss_ends_the_running_capture_at_once),
        (Camera, CONTRACT.test_release_ends_the_device_and_may_be_repeated),
    ],
)
async def test_a_camera_that_breaks_the_contract_is_caught(
    camera: type[Camera], check: Callable[[LaneHarness], object]
) -> None:
    with pytest.raises((AssertionError, TimeoutError)):
        await run(camera(), check)


async def test_the_bench_itself_reads_documents() -> None:
    bench = Bench(Camera())
    serving = asyncio.ensure_future(bench.supervisor.serve(bench.driver))
    await asyncio.sleep(0)
    await contracts.begin(bench)
    await bench.place_document(MRZ_LINES)
    event = await contracts.next_event(bench.supervisor.events(LANE), contracts.DocumentScanned)
    assert event.scan.mrz_lines == MRZ_LINES
    await bench.supervisor.release()
    await asyncio.gather(serving, return_exceptions=True)
