"""Examining the cameras that the service opens by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from devices.drivers.opencv_camera.driver import open_camera
from devices.drivers.opencv_camera.settings import CameraSettings
from devices.errors import DeviceError
from kiosk_api.config import DataDir
from kiosk_api.journal import layout
from kiosk_api.kiosk_file import KioskFile, KioskFileError, cameras_of
from kiosk_api.provisioning.findings import Finding, fail, ok


def examine_cameras(file: KioskFile, data: DataDir) -> Iterator[Finding]:
    """Open each camera and wait for a frame; none while a service runs, which has them open."""
    try:
        cameras = cameras_of(file, data.root)
    except KioskFileError as error:
        yield fail("camera", str(error), "correct the file")
        return
    if data.journal.is_dir() and layout.is_written(data.journal):
        return
    for lane, settings in cameras.items():
        yield asyncio.run(_examine(lane, settings))


async def _examine(lane: str, settings: CameraSettings) -> Finding:
    try:
        driver = await open_camera(settings, lane_id=lane, epoch=1)
    except DeviceError as error:
        return fail("camera", str(error), "check cable, power, address and permissions")
    model = driver.devices[0].info.model
    await driver.release()
    return ok("camera", f"{lane}: {model}")
