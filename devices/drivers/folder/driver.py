"""Opens a folder as a lane's devices: the agent driver over a connection in memory."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from devices.credentials import AgentCredential
from devices.drivers.agent.driver import DEFAULT_TIMING, AgentDriver, receive_hello
from devices.drivers.agent.ledger import AgentLedgers
from devices.drivers.folder.agent import DONE, FolderAgent, FolderSettings
from devices.errors import DriverFailedError
from devices.protocols import Device, Driver
from devices.readings import Assurance, Capability, Provenance
from devices.transports.messages import MemoryConnection

NAME = "folder"


class FolderDriver(Driver):
    """A folder that is being served; made by `open_folder`."""

    def __init__(self, driver: AgentDriver, agent: asyncio.Task[None]) -> None:
        """Join the driver with the task that speaks for the folder."""
        self._driver = driver
        self._agent = agent

    @property
    def devices(self) -> Sequence[Device]:
        """A document reader, a camera, an indicator and a receipt printer."""
        return self._driver.devices

    def on_change(self, listener: Callable[[Device], None]) -> None:
        """Have `listener` called when the state of a device changes."""
        self._driver.on_change(listener)

    async def run(self) -> None:
        """Serve until released or the folder is lost."""
        try:
            await self._driver.run()
        finally:
            self._agent.cancel()
            await asyncio.gather(self._agent, return_exceptions=True)

    async def release(self) -> None:
        """Stop serving; what lies in the folder stays there."""
        await self._driver.release()


async def open_folder(settings: FolderSettings, *, lane_id: str, epoch: int) -> FolderDriver:
    """Start to serve a folder, which must exist and be writable; raises driver_failed."""
    await asyncio.to_thread(_prepare, settings, lane_id)
    ours, theirs = MemoryConnection.pair()
    agent = asyncio.ensure_future(FolderAgent(settings, lane_id, theirs).run())
    credential = AgentCredential(
        agent_id=f"{lane_id}-folder",
        lane_id=lane_id,
        provenance=Provenance.FILE,
        capabilities=frozenset(Capability),
    )
    try:
        hello = await receive_hello(ours, credential, timeout=DEFAULT_TIMING.hello)
    except BaseException:
        agent.cancel()
        raise
    driver = AgentDriver(
        ours,
        hello,
        credential,
        epoch=epoch,
        ledgers=AgentLedgers(),  # every drop has a new event id
        assurance=Assurance.NONE,
        timing=DEFAULT_TIMING,
        name=NAME,
    )
    return FolderDriver(driver, agent)


def _prepare(settings: FolderSettings, lane_id: str) -> None:
    directory: Path = settings.directory
    if not directory.is_dir():
        raise DriverFailedError(f"{lane_id}-folder", "no_directory")
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        raise DriverFailedError(f"{lane_id}-folder", "not_writable")
    if settings.keep_inputs:
        (directory / DONE).mkdir(mode=0o700, exist_ok=True)
