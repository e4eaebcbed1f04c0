"""Opens a camera in a worker process and speaks for it: one connection, one camera."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, assert_never

from devices.commands import CaptureRequest
from devices.drivers.opencv_camera import wire
from devices.drivers.opencv_camera.document_camera import OpenCvDocumentCamera
from devices.drivers.opencv_camera.eye import OpenCvEye
from devices.drivers.opencv_camera.settings import CameraSettings, SourceKind
from devices.errors import (
    CaptureCancelledError,
    DeviceBusyError,
    DeviceError,
    DeviceFaultedError,
    DeviceLostError,
    DeviceTimeoutError,
    DriverFailedError,
    ProtocolViolationError,
)
from devices.lifecycle import ENDED, Change, DeviceState
from devices.processes.process import ProcessEndedError, WorkerProcess
from devices.protocols import Device, DeviceInfo, Driver, FaceCamera
from devices.readings import (
    Assurance,
    Capability,
    FaceCapture,
    MediaType,
    Picture,
    Provenance,
)
from devices.tasks import first_of

NAME: Final = "opencv_camera"
WORKER: Final = "devices.drivers.opencv_camera.worker"

_BOOT_SECONDS: Final = 15.0  # for a process to start on a busy machine; usually half a second
_GRACE_SECONDS: Final = 1.0  # after its read timeout a worker that says nothing hangs
_SETTLED_SHARE: Final = 0.5  # of a capture's time, after which the best frame so far will do

_TRUST: Final = {
    # The bus is inside the kiosk's own cabinet and only its kernel reads it: an authenticated
    # connection. Whoever can put another camera on it has the cabinet open, and our keys with it.
    SourceKind.BUS: (Provenance.DEVICE, Assurance.CHANNEL),
    # Anybody on the way could be the camera.
    SourceKind.HTTP: (Provenance.DEVICE, Assurance.NONE),
    SourceKind.RTSP: (Provenance.DEVICE, Assurance.NONE),
    SourceKind.FILE: (Provenance.FILE, Assurance.NONE),
}

# Faults of the camera; after the others the camera is just gone.
_FAULTS: Final = frozenset(
    {wire.EndCode.GARBAGE, wire.EndCode.FROZEN, wire.EndCode.RESOLUTION_CHANGED}
)


def device_id_of(lane_id: str, capability: Capability = Capability.FACE_CAMERA) -> str:
    """Return the id of the camera that this driver gives a lane."""
    kind = "camera" if capability is Capability.FACE_CAMERA else "document-camera"
    return f"{lane_id}-opencv-{kind}"


async def open_camera(
    settings: CameraSettings, *, lane_id: str, epoch: int, worker: str = WORKER
) -> OpenCvCameraDriver:
    """Start a worker and wait until its camera has given a frame.

    Raises driver_failed (the code says why), device_timeout, and protocol_violation; no process
    is left then.
    """
    device_id = device_id_of(lane_id, settings.capability)
    try:
        process = await WorkerProcess.start(worker)
    except OSError as error:
        raise DriverFailedError(device_id, "no_process") from error
    try:
        async with asyncio.timeout(_BOOT_SECONDS + settings.open_timeout + settings.read_timeout):
            await process.send(*wire.encode_order(wire.Open(settings)))
            report = wire.decode_report(await process.receive())
        if isinstance(report, wire.Ended):
            raise DriverFailedError(device_id, report.code.value)
        if not isinstance(report, wire.Opened):
            raise ProtocolViolationError(device_id, "opened_expected")
    except BaseException as error:
        await process.wait_killed()
        match error:
            case TimeoutError():
                raise DeviceTimeoutError(device_id, "open") from error
            case ProcessEndedError():
                raise DriverFailedError(device_id, "worker_died") from error
            case wire.WireError():
                raise ProtocolViolationError(device_id, "bad_message") from error
            case _:
                raise
    provenance, assurance = _TRUST[settings.kind]
    info = DeviceInfo(
        device_id=device_id,
        lane_id=lane_id,
        capability=settings.capability,
        model=f"{settings.kind} camera, {report.width}x{report.height}",
        driver=NAME,
        provenance=provenance,
        assurance=assurance,
        epoch=epoch,
    )
    camera = (
        OpenCvCamera(info, process)
        if settings.capability is Capability.FACE_CAMERA
        else OpenCvDocumentCamera(info)
    )
    return OpenCvCameraDriver(process, camera, settings.read_timeout)


class OpenCvCameraDriver(Driver):
    """A worker whose camera delivers; made by `open_camera`."""

    def __init__(
        self,
        process: WorkerProcess,
        camera: OpenCvCamera | OpenCvDocumentCamera,
        read_timeout: float,
    ) -> None:
        """Speak for `process`, which says something at least every `read_timeout` seconds."""
        self._process = process
        self._camera = camera
        self._silence = read_timeout + _GRACE_SECONDS
        self._released = asyncio.Event()
        self._runs = False

    @property
    def devices(self) -> Sequence[Device]:
        """The camera."""
        return (self._camera,)

    def on_change(self, listener: Callable[[Device], None]) -> None:
        """Have `listener` called when the state of the camera changes."""
        self._camera.on_change(listener)

    async def run(self) -> None:
        """Serve until released; raises the DeviceError that ended the camera. Kills the worker."""
        self._runs = True
        why = "unexpected"
        try:
            await first_of(self._read(), self._until_released())
            why = ""
        except DeviceError as error:
            why = error.why or error.code
            raise
        except asyncio.CancelledError:
            why = "cancelled"
            raise
        finally:
            self._process.kill()
            self._camera.end(Change.CONNECTION_LOST if why else Change.RELEASED, why)
            await self._process.wait_killed()

    async def release(self) -> None:
        """Kill the worker and let run() return."""
        self._released.set()
        if not self._runs:
            self._camera.end(Change.RELEASED, "")
            await self._process.wait_killed()

    async def _until_released(self) -> None:
        await self._released.wait()

    async def _read(self) -> NoReturn:
        device_id = self._camera.info.device_id
        while True:
            try:
                async with asyncio.timeout(self._silence):
                    report = wire.decode_report(await self._process.receive())
            except TimeoutError as error:
                raise DeviceLostError(device_id, wire.EndCode.STALLED.value) from error
            except ProcessEndedError as error:
                raise DeviceLostError(device_id, "worker_died") from error
            except wire.WireError as error:
                raise ProtocolViolationError(device_id, "bad_message") from error
            self._take(report)

    def _take(self, report: wire.Report) -> None:
        device_id = self._camera.info.device_id
        match report:
            case wire.Beat():
                self._camera.deliver_beat()
            case wire.Taken() if isinstance(self._camera, OpenCvCamera):
                self._camera.deliver(report)
            case wire.Seen() if isinstance(self._camera, OpenCvDocumentCamera):
                self._camera.deliver(report)
            case wire.Taken() | wire.Seen():
                raise ProtocolViolationError(device_id, "of_another_camera")
            case wire.Ended(code):
                if code in _FAULTS:
                    self._camera.fault(code.value)
                    raise DeviceFaultedError(device_id, code.value)
                raise DeviceLostError(device_id, code.value)
            case wire.Opened():
                raise ProtocolViolationError(device_id, "opened_again")
            case _:
                assert_never(report)


@dataclass(frozen=True, slots=True)
class _Job:
    """A capture that waits for its picture."""

    number: int
    asked_at: float
    answer: asyncio.Future[wire.Taken]


class OpenCvCamera(OpenCvEye, FaceCamera):
    """The face camera of one epoch."""

    def __init__(self, info: DeviceInfo, process: WorkerProcess) -> None:
        """Stand for the camera that `process` has opened."""
        super().__init__(info)
        self._process = process
        self._job: _Job | None = None
        self._jobs = 0

    async def capture(self, request: CaptureRequest, *, timeout: float) -> FaceCapture:
        """Take the best of the frames that are exposed from now on."""
        self._require_ready()
        if self._job is not None:
            raise DeviceBusyError(self._info.device_id)
        self._jobs += 1
        asked_at = time.monotonic()
        answer: asyncio.Future[wire.Taken] = asyncio.get_running_loop().create_future()
        self._job = _Job(self._jobs, asked_at, answer)
        self._advance(Change.JOB_STARTED)
        order = wire.Capture(
            self._jobs, asked_at, asked_at + timeout * _SETTLED_SHARE, asked_at + timeout
        )
        try:
            async with asyncio.timeout(timeout):
                await self._process.send(*wire.encode_order(order))
                taken = await answer
        except TimeoutError as error:
            raise DeviceTimeoutError(self._info.device_id, "answer") from error
        except ProcessEndedError as error:
            raise DeviceLostError(self._info.device_id, "worker_died") from error
        finally:
            self._job = None
            self._advance(Change.JOB_ENDED)
        return FaceCapture(
            self._origin(taken.job, taken.captured_at),
            Picture(MediaType.JPEG, taken.jpeg),
            request.session_nonce,
        )

    async def cancel(self) -> None:
        """End the running capture; a picture that still comes of it is dropped."""
        if self._job is not None:
            self._fail(CaptureCancelledError(self._info.device_id))

    def deliver(self, taken: wire.Taken) -> None:
        """Take a picture; one of a capture that nobody waits for any more is dropped."""
        job = self._job
        if job is None or job.number != taken.job or job.answer.done():
            return
        if not job.asked_at <= taken.captured_at <= time.monotonic():
            raise ProtocolViolationError(self._info.device_id, "bad_time")
        job.answer.set_result(taken)

    def fault(self, code: str) -> None:
        """Take the camera's fault."""
        if self._lifecycle.state not in ENDED:
            super().fault(code)
            self._fail(DeviceFaultedError(self._info.device_id, code))

    def end(self, change: Change, code: str) -> None:
        """End the epoch and what is pending."""
        super().end(change, code)
        self._fail(self._lost(code))

    def _fail(self, error: DeviceError) -> None:
        if self._job is not None and not self._job.answer.done():
            self._job.answer.set_exception(error)

    def _require_ready(self) -> None:
        self._require_there()
        if self._lifecycle.state is DeviceState.FAULTED:
            raise DeviceFaultedError(self._info.device_id, self._lifecycle.code)
        if self._lifecycle.state is DeviceState.BUSY:
            raise DeviceBusyError(self._info.device_id)
