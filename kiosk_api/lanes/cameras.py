"""Cameras that the service opens itself, each the only one that its lane uses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from devices.drivers.opencv_camera.driver import NAME, open_camera
from devices.drivers.opencv_camera.settings import CameraSettings
from devices.protocols import Driver
from devices.supervisor import DeviceSupervisor, DriverSource


def supervise_cameras(supervisor: DeviceSupervisor, cameras: Mapping[str, CameraSettings]) -> None:
    """Have each lane's camera opened, and opened again whenever it is lost.

    A camera that an agent brings along does not count in such a lane: nobody chose it, and it
    must not stand in for the chosen one while that is out of order.
    """
    for lane_id, settings in cameras.items():
        supervisor.supervise(
            DriverSource(
                name=f"{lane_id}-camera",
                lane_id=lane_id,
                driver=NAME,
                open=partial(_open, settings, lane_id),
                sole=frozenset({settings.capability}),
            )
        )


async def _open(settings: CameraSettings, lane_id: str, epoch: int) -> Driver:
    return await open_camera(settings, lane_id=lane_id, epoch=epoch)
