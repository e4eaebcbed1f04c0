"""The folder driver's row in the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from devices.drivers.folder.agent import FolderSettings
from devices.drivers.folder.driver import NAME, FolderDriver, open_folder
from devices.drivers.spec import DriverSpec, OpenRequest, Support
from devices.errors import DriverFailedError
from devices.readings import Capability, Provenance


async def _open(request: OpenRequest) -> FolderDriver:
    """Open with the settings `directory` (required) and `keep_inputs`; no others are known."""
    settings = dict(request.settings)
    directory = settings.pop("directory", None)
    keep_inputs = settings.pop("keep_inputs", False)
    if settings or not isinstance(directory, str | Path) or not isinstance(keep_inputs, bool):
        raise DriverFailedError(f"{request.lane_id}-folder", "bad_settings")
    return await open_folder(
        FolderSettings(Path(directory), keep_inputs=keep_inputs),
        lane_id=request.lane_id,
        epoch=request.epoch,
    )


SPEC: Final = DriverSpec(
    name=NAME,
    summary="A folder in which dropped files are documents and faces",
    capabilities=frozenset(Capability),
    provenance=Provenance.FILE,
    support=Support.BENCH,
    evidence="tests/contract/test_folder_driver.py on real directories",
    open=_open,
)
