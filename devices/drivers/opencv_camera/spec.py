"""The OpenCV camera's row in the registry."""

from __future__ import annotations

from typing import Final

from devices.drivers.opencv_camera.driver import (
    NAME,
    OpenCvCameraDriver,
    device_id_of,
    open_camera,
)
from devices.drivers.opencv_camera.settings import CameraSettings, SettingsError
from devices.drivers.spec import DriverSpec, OpenRequest, Support
from devices.errors import DriverFailedError
from devices.readings import Capability, Provenance


async def _open(request: OpenRequest) -> OpenCvCameraDriver:
    """Open with the settings of `CameraSettings`; no others are known."""
    try:
        settings = CameraSettings.from_mapping(request.settings)
    except SettingsError as error:
        raise DriverFailedError(device_id_of(request.lane_id), "bad_settings") from error
    return await open_camera(settings, lane_id=request.lane_id, epoch=request.epoch)


SPEC: Final = DriverSpec(
    name=NAME,
    summary="A camera that OpenCV reads: local bus, MJPEG over HTTP, RTSP, or a recording",
    capabilities=frozenset({Capability.FACE_CAMERA, Capability.DOCUMENT_READER}),
    provenance=Provenance.DEVICE,
    support=Support.SIMULATED,
    evidence="tests/contract/test_opencv_camera_driver.py on MJPEG over loopback and on recordings;"
    " no camera on a bus",
    open=_open,
)
