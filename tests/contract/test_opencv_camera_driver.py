"""The OpenCV camera driver over real transports: MJPEG over HTTP on loopback, and recordings."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest
from numpy.typing import NDArray

from devices.commands import CaptureRequest, Signal
from devices.drivers.opencv_camera.driver import NAME, WORKER, device_id_of, open_camera
from devices.drivers.opencv_camera.settings import CameraSettings
from devices.drivers.opencv_camera.spec import SPEC
from devices.drivers.spec import OpenRequest
from devices.errors import DeviceError, DeviceTimeoutError, DriverFailedError, ErrorCode
from devices.events import DeviceConnected, DeviceLost, DocumentScanned
from devices.lifecycle import DeviceState
from devices.protocols import FaceCamera
from devices.readings import Assurance, Capability, Picture, Provenance
from devices.supervisor import Backoff, DeviceSupervisor, DriverSource
from devices.testing.contracts import (
    PATIENCE,
    DocumentReaderContract,
    FaceCameraContract,
    expect_error,
    next_event,
    running,
    within,
)
from devices.testing.harness import LaneHarness
from simulators.hosts.mjpeg_camera import CameraTrouble, MjpegCamera

LANE = "lane-c"
Image = NDArray[np.uint8]


def scene(brightness: int, width: int = 320, height: int = 240) -> Image:
    """A chequered board on a ground: sharp, well exposed, nobody."""
    rows, columns = np.indices((height, width))
    board = ((rows // 16 + columns // 16) % 2 * 60 + brightness).astype(np.uint8)
    return np.repeat(board[:, :, np.newaxis], 3, axis=2)


def encoded(image: Image) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


def decoded(picture: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def record(path: Path, images: Sequence[Image], fps: float = 20.0) -> None:
    """Make a recording and rename it into place."""
    height, width = images[0].shape[:2]
    being_written = path.with_name("being-written.avi")
    writer = cv2.VideoWriter(
        str(being_written), cv2.VideoWriter.fourcc(*"MJPG"), fps, (width, height)
    )
    assert writer.isOpened()
    for image in images:
        writer.write(image)
    writer.release()
    being_written.replace(path)


NOBODY = scene(20)
FACE = encoded(scene(150))


async def eventually(look: Callable[[], Any]) -> Any:
    """Return what `look` finds, as soon as it is something."""
    async with asyncio.timeout(2 * PATIENCE):
        while not (found := look()):  # noqa: ASYNC110  # nobody tells of what is waited for
            await asyncio.sleep(0.01)
        return found


class CameraLane(LaneHarness):
    """A camera under a supervisor; subclasses are its transports."""

    def __init__(self, **settings: object) -> None:
        fast = {"frames": 3, "watch": 0.5, "read_timeout": 1.0, "open_timeout": 2.0}
        self.settings = fast | settings
        self._supervisor = DeviceSupervisor([LANE], backoff=Backoff(first=0.05, longest=0.1))
        self.events = self._supervisor.events(LANE)

    @property
    @abstractmethod
    def source(self) -> str: ...

    @property
    def supervisor(self) -> DeviceSupervisor:
        return self._supervisor

    @property
    def lane_id(self) -> str:
        return LANE

    @property
    def assurance(self) -> Assurance:
        return Assurance.NONE

    @property
    def camera_needs_a_person(self) -> bool:
        return False

    @property
    def camera(self) -> FaceCamera:
        camera = self._supervisor.lane(LANE).camera
        assert camera is not None
        return camera

    async def start(self) -> None:
        settings = CameraSettings.from_mapping({"source": self.source, **self.settings})
        self._supervisor.supervise(
            DriverSource(
                "camera",
                LANE,
                NAME,
                lambda epoch: open_camera(settings, lane_id=LANE, epoch=epoch),
                frozenset({Capability.FACE_CAMERA}),
            )
        )
        await eventually(lambda: self._supervisor.lane(LANE).camera)

    async def stop(self) -> None:
        await self._supervisor.release()

    async def lost(self) -> str:
        """Wait for the loss of the camera and return its code."""
        return (await next_event(self.events, DeviceLost)).why

    async def take(self, nonce: str = "n", timeout: float = PATIENCE) -> Image:
        capture = await self.camera.capture(CaptureRequest(nonce), timeout=timeout)
        return decoded(capture.picture.data)

    async def place_document(self, mrz_lines: Sequence[str]) -> None:
        raise NotImplementedError("the lane has no reader")

    async def place_page(self, picture: bytes) -> None:
        raise NotImplementedError("the lane has no reader")

    async def shown(self, *, timeout: float) -> tuple[Signal, str | None]:
        raise NotImplementedError("the lane has no indicator")

    async def printed(self, *, timeout: float) -> str:
        raise NotImplementedError("the lane has no printer")


class MjpegLane(CameraLane):
    """A camera on the network."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        self.network = MjpegCamera(encoded(NOBODY))

    @property
    def source(self) -> str:
        return self.network.url

    @property
    def provenance(self) -> Provenance:
        return Provenance.DEVICE

    async def start(self) -> None:
        await self.network.start()
        await super().start()

    async def stop(self) -> None:
        await super().stop()
        await self.network.stop()

    async def put_face(self, picture: bytes) -> None:
        self.network.show(picture)

    async def cut(self) -> None:
        await self.network.stop()

    async def restore(self) -> None:
        await self.network.start()
        await eventually(lambda: self.supervisor.lane(LANE).camera)


class RecordingLane(CameraLane):
    """A short recording, which is opened anew at each of its ends."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.path = directory / "recording.avi"
        record(self.path, [NOBODY] * 3)

    @property
    def source(self) -> str:
        return str(self.path)

    @property
    def provenance(self) -> Provenance:
        return Provenance.FILE

    async def put_face(self, picture: bytes) -> None:
        record(self.path, [decoded(picture)] * 3)
        await asyncio.sleep(0.3)  # what is playing ends

    async def cut(self) -> None:
        self.path.rename(self.path.with_name("away.avi"))

    async def restore(self) -> None:
        self.path.with_name("away.avi").rename(self.path)
        await eventually(lambda: self.supervisor.lane(LANE).camera)


class DocumentLane(MjpegLane):
    """A camera over an empty surface, on which somebody lays a page."""

    def __init__(self, **settings: object) -> None:
        super().__init__(capability="document_reader", still=0.15, **settings)
        self.network.show(encoded(SURFACE))

    async def start(self) -> None:
        await self.network.start()
        settings = CameraSettings.from_mapping({"source": self.source, **self.settings})
        self._supervisor.supervise(
            DriverSource(
                "camera", LANE, NAME, lambda epoch: open_camera(settings, lane_id=LANE, epoch=epoch)
            )
        )
        await self._there()

    async def _there(self) -> None:
        await eventually(lambda: self._supervisor.lane(LANE).document_readers)
        await asyncio.sleep(0.2)  # it has seen the surface

    async def restore(self) -> None:
        await self.network.start()
        await self._there()

    async def place_document(self, mrz_lines: Sequence[str]) -> None:
        await self.place_page(PAGE)

    async def place_page(self, picture: bytes) -> None:
        self.network.show(picture)


SURFACE = np.full((240, 320, 3), 90, np.uint8)
PAGE = encoded(scene(120))


class TestDocumentCamera(DocumentReaderContract):
    """The contract of document readers, on MJPEG over HTTP."""

    READS_LINES = False
    PAGE = PAGE

    def is_picture_of(self, picture: Picture, page: bytes) -> bool:
        difference = np.abs(decoded(picture.data).astype(int) - decoded(page).astype(int))
        return float(difference.mean()) < 8.0

    @pytest.fixture
    async def harness(self) -> AsyncIterator[DocumentLane]:
        lane = DocumentLane()
        await lane.start()
        yield lane
        await lane.stop()


async def test_only_what_came_to_rest_and_has_print_is_a_scan() -> None:
    lane = DocumentLane()
    await lane.start()
    try:
        for _ in range(4):  # a page that is waved about
            lane.network.show(PAGE)
            await asyncio.sleep(0.08)
            lane.network.show(encoded(SURFACE))
            await asyncio.sleep(0.08)
        lane.network.show(encoded(np.full_like(SURFACE, 60)))  # a shadow falls on the glass
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.6):
                await next_event(lane.events, DocumentScanned)
        lane.network.show(PAGE)
        scan = (await next_event(lane.events, DocumentScanned)).scan
        assert (scan.mrz_lines, len(scan.pages)) == ((), 1)
        with pytest.raises(TimeoutError):  # one rest, one scan
            async with asyncio.timeout(0.6):
                await next_event(lane.events, DocumentScanned)
    finally:
        await lane.stop()


class _DecodingCameraContract(FaceCameraContract):
    FACE = FACE

    def is_picture_of(self, picture: Picture, face: bytes) -> bool:
        difference = np.abs(decoded(picture.data).astype(int) - decoded(face).astype(int))
        return float(difference.mean()) < 8.0


class TestMjpegCamera(_DecodingCameraContract):
    """The contract, on MJPEG over HTTP."""

    @pytest.fixture
    async def harness(self) -> AsyncIterator[MjpegLane]:
        lane = MjpegLane()
        await lane.start()
        yield lane
        await lane.stop()


class TestRecordingCamera(_DecodingCameraContract):
    """The contract, on a recording."""

    @pytest.fixture
    async def harness(self, tmp_path: Path) -> AsyncIterator[RecordingLane]:
        lane = RecordingLane(tmp_path)
        await lane.start()
        yield lane
        await lane.stop()


@pytest.fixture
async def lane() -> AsyncIterator[MjpegLane]:
    lane = MjpegLane(frozen_after=0.5)
    await lane.start()
    yield lane
    await lane.stop()


def workers() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if WORKER in child.cmdline()]


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize(
    ("trouble", "code", "raised"),
    [
        (CameraTrouble.STALL, "stalled", ErrorCode.DEVICE_LOST),
        (CameraTrouble.HANG_UP, "closed", ErrorCode.DEVICE_LOST),
        (CameraTrouble.GARBAGE, "garbage", ErrorCode.DEVICE_FAULTED),
    ],
)
async def test_trouble_ends_the_capture_with_its_code_and_the_camera_comes_back(
    lane: MjpegLane, trouble: CameraTrouble, code: str, raised: ErrorCode
) -> None:
    before, (worker,) = lane.camera.info.epoch, workers()
    async with running(lane.camera.capture(CaptureRequest("n"), timeout=60.0)) as capture:
        lane.network.trouble = trouble
        error = await within(1.2, expect_error(capture, raised))
    assert error.why == code
    assert await lane.lost() == code
    assert is_gone(worker)
    lane.network.trouble = None
    connected = await next_event(lane.events, DeviceConnected)
    assert connected.epoch > before
    assert (await lane.take()).shape == NOBODY.shape


async def test_a_frozen_camera_is_faulted_and_opened_again(lane: MjpegLane) -> None:
    (worker,) = workers()
    lane.network.trouble = CameraTrouble.FREEZE
    await asyncio.sleep(0.1)  # a frame that is on its way still moves
    asked = lane.camera.capture(CaptureRequest("n"), timeout=60.0)
    error = await within(0.5, expect_error(asked, ErrorCode.DEVICE_FAULTED))
    assert (error.why, await lane.lost()) == ("frozen", "frozen")
    assert is_gone(worker)
    lane.network.trouble = None
    await next_event(lane.events, DeviceConnected)
    assert (await lane.take()).shape == NOBODY.shape


async def test_another_resolution_is_another_camera(lane: MjpegLane) -> None:
    assert lane.camera.info.model == "http camera, 320x240"
    lane.network.show(encoded(scene(100, 640, 480)))
    assert await lane.lost() == "resolution_changed"
    await next_event(lane.events, DeviceConnected)
    assert lane.camera.info.model == "http camera, 640x480"
    assert (await lane.take()).shape == (480, 640, 3)


async def test_a_worker_that_hangs_is_killed_and_replaced(lane: MjpegLane) -> None:
    (worker,) = workers()
    worker.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    assert await lane.lost() == "stalled"
    assert time.monotonic() - started < 3.5
    assert is_gone(worker)
    await next_event(lane.events, DeviceConnected)
    assert (await lane.take()).shape == NOBODY.shape


async def test_a_worker_that_dies_ends_the_capture_at_once(lane: MjpegLane) -> None:
    async with running(lane.camera.capture(CaptureRequest("n"), timeout=60.0)) as capture:
        workers()[0].kill()
        error = await within(0.0, expect_error(capture, ErrorCode.DEVICE_LOST))
    assert error.why == "worker_died"


async def test_a_camera_that_hangs_holds_up_neither_the_loop_nor_the_end(lane: MjpegLane) -> None:
    lane.network.trouble = CameraTrouble.MUTE
    (worker,) = workers()
    worker.send_signal(signal.SIGSTOP)
    longest = 0.0
    async with running(lane.camera.capture(CaptureRequest("n"), timeout=60.0)):
        for _ in range(30):
            before = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - before)
        await within(0.5, lane.supervisor.release())
    assert longest < 0.5
    assert not workers()


async def test_opening_a_camera_that_says_nothing_ends(lane: MjpegLane) -> None:
    lane.network.trouble = CameraTrouble.MUTE
    settings = CameraSettings(lane.network.url, open_timeout=0.5, read_timeout=0.5)
    with pytest.raises(DriverFailedError, match="cannot_open"):
        await within(3.0, open_camera(settings, lane_id=LANE, epoch=1))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await open_camera(settings, lane_id=LANE, epoch=1)
    await eventually(lambda: len(workers()) <= 1)


async def test_a_frozen_picture_is_no_answer_even_before_it_counts_as_frozen() -> None:
    lane = MjpegLane(frozen_after=60.0)
    await lane.start()
    try:
        lane.network.trouble = CameraTrouble.FREEZE
        await asyncio.sleep(0.2)
        with pytest.raises(DeviceTimeoutError):
            await lane.take(timeout=0.6)
        lane.network.trouble = None
        assert (await lane.take()).shape == NOBODY.shape
    finally:
        await lane.stop()


async def test_the_sharpest_frame_since_the_request_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "recording.avi"
    sharp = scene(100)
    blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 6), np.uint8)
    black = np.zeros_like(sharp)
    record(path, [blurred, black, sharp, blurred, black, blurred])
    settings = CameraSettings(str(path), frames=6, watch=0.0)
    driver = await open_camera(settings, lane_id=LANE, epoch=1)
    async with running(driver.run()):
        (camera,) = driver.devices
        assert isinstance(camera, FaceCamera)
        began = datetime.now(UTC)
        capture = await camera.capture(CaptureRequest("n"), timeout=PATIENCE)
        assert began <= capture.origin.captured_at <= datetime.now(UTC)
        taken = decoded(capture.picture.data).astype(int)
        errors = {
            name: float(np.abs(taken - image.astype(int)).mean())
            for name, image in (("sharp", sharp), ("blurred", blurred), ("black", black))
        }
        assert min(errors, key=lambda name: errors[name]) == "sharp", errors
    assert (camera.info.provenance, camera.info.assurance) == (Provenance.FILE, Assurance.NONE)


async def test_the_time_that_a_capture_watches_is_not_taken_from_the_answer(
    lane: MjpegLane,
) -> None:
    capture = await lane.camera.capture(CaptureRequest("n"), timeout=PATIENCE)
    now = time.monotonic()
    # A budget that ran from the frame would be half gone: the first of equal frames is taken.
    assert now - capture.origin.received_at < 0.2


async def test_the_picture_is_turned_as_the_camera_hangs(tmp_path: Path) -> None:
    corner = scene(60)
    corner[:80, :80] = 250  # bright at the upper left
    path = tmp_path / "recording.avi"
    record(path, [corner] * 3)
    settings = CameraSettings(str(path), rotation=90, mirror=True, frames=2, watch=0.0)
    driver = await open_camera(settings, lane_id=LANE, epoch=1)
    async with running(driver.run()):
        (camera,) = driver.devices
        assert isinstance(camera, FaceCamera)
        capture = await camera.capture(CaptureRequest("n"), timeout=PATIENCE)
    image = decoded(capture.picture.data)
    assert image.shape == (320, 240, 3)  # upright, and to the right by the turn, left by the mirror
    assert image[:60, :60].mean() > 240 > 150 > image[:60, -60:].mean()
    assert camera.info.model == "file camera, 240x320"


async def test_no_address_is_told_in_processes_rows_or_errors(lane: MjpegLane) -> None:
    port = lane.network.url.split(":")[2].split("/")[0]
    assert port not in " ".join(workers()[0].cmdline())
    assert port not in repr(lane.supervisor.rows())
    settings = CameraSettings.from_mapping({"source": "rtsp://user:secret@127.0.0.1:1/x"})
    assert "secret" not in repr(settings)
    with pytest.raises(DriverFailedError) as raised:
        await open_camera(settings, lane_id=LANE, epoch=1)
    assert (raised.value.why, "secret" in str(raised.value)) == ("cannot_open", False)


@pytest.mark.parametrize("content", [b"", os.urandom(4096), b"#EXTM3U\nhttp://127.0.0.1:1/a.ts\n"])
async def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "recording.avi"
    path.write_bytes(content)
    with pytest.raises(DriverFailedError, match="cannot_open"):
        await open_camera(CameraSettings(str(path)), lane_id=LANE, epoch=1)
    assert not workers()


async def test_a_camera_that_is_not_there_is_one_row_until_it_is(tmp_path: Path) -> None:
    lane = RecordingLane(tmp_path)
    await lane.cut()
    task = asyncio.ensure_future(lane.start())
    row = (await eventually(lane.supervisor.rows))[0]
    assert (row.device_id, row.state, row.code) == ("camera", DeviceState.FAULTED, "cannot_open")
    await lane.restore()
    await task
    assert [row.device_id for row in lane.supervisor.rows()] == [device_id_of(LANE)]
    await lane.stop()


async def test_settings_are_checked_before_a_process_is_started() -> None:
    assert SPEC.open is not None
    with pytest.raises(DeviceError, match="bad_settings"):
        await SPEC.open(OpenRequest(LANE, 1, {"source": "0", "zoom": 2}))
