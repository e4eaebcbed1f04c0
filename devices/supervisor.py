"""What every lane has at this moment, and what happened there.

Drivers come and go; a lane stays. The supervisor restarts drivers of its own with back-off,
forwards scans in order and reports one row per device, whatever becomes of the others.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from devices.errors import (
    DeviceBusyError,
    DeviceError,
    DeviceTimeoutError,
    DriverFailedError,
    ErrorCode,
    NotSupportedError,
    UnauthorisedError,
)
from devices.events import (
    DeviceConnected,
    DeviceEvent,
    DeviceLost,
    DeviceStateChanged,
    DocumentScanned,
)
from devices.lifecycle import ENDED, DeviceState
from devices.protocols import (
    Device,
    DocumentReader,
    Driver,
    FaceCamera,
    Indicator,
    ReceiptPrinter,
)
from devices.readings import Assurance, Capability, Provenance

log = logging.getLogger(__name__)

DriverOpener: TypeAlias = Callable[[int], Awaitable[Driver]]
"""Opens a driver's connection under the epoch that it is given; raises DeviceError."""


_THERE = frozenset({DeviceState.READY, DeviceState.BUSY, DeviceState.FAULTED})


@dataclass(frozen=True, slots=True)
class LaneDevices:
    """The devices of a lane that are there now; faulted ones included, starting ones not."""

    document_readers: tuple[DocumentReader, ...]
    camera: FaceCamera | None
    indicators: tuple[Indicator, ...]
    printer: ReceiptPrinter | None


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One line of the device report."""

    lane_id: str
    device_id: str  # of a driver that could not be opened: the driver source's name
    capability: Capability | None  # None: a driver that could not be opened
    model: str
    driver: str
    state: DeviceState
    code: str  # why it is faulted or lost; empty otherwise
    epoch: int
    provenance: Provenance | None
    assurance: Assurance | None
    changed_at: float  # time.monotonic() seconds of the last change of state


@dataclass(frozen=True, slots=True)
class DriverSource:
    """A driver that we open ourselves and open again when it is lost."""

    name: str  # unique, for the report
    lane_id: str
    driver: str  # name in the registry
    open: DriverOpener
    # Of these the lane uses this source's devices only, and none while they are lost: what a site
    # has chosen is not replaced by whatever else connects.
    sole: frozenset[Capability] = frozenset()


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a driver is opened again, in seconds."""

    first: float = 0.5
    factor: float = 2.0
    longest: float = 30.0

    def delay(self, failures: int) -> float:
        """Return the wait after `failures` (1 or more) failures in a row."""
        doublings = min(failures - 1, 32)  # enough for any `longest`; keeps the power finite
        return min(self.longest, self.first * self.factor**doublings)


class DeviceSupervisor:
    """All lanes of a kiosk. For one event loop; construct it inside that loop."""

    def __init__(
        self,
        lane_ids: Iterable[str],
        *,
        scan_capacity: int = 4,
        backoff: Backoff = Backoff(),
        open_timeout: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Serve these lanes and no others; `scan_capacity` scans may wait per lane."""
        self._lanes = {lane_id: _Lane(scan_capacity) for lane_id in lane_ids}
        self._backoff = backoff
        self._open_timeout = open_timeout
        self._clock = clock
        self._epochs = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._drivers: set[Driver] = set()
        self._released = False

    @property
    def lane_ids(self) -> tuple[str, ...]:
        """The lanes, in the order of their declaration."""
        return tuple(self._lanes)

    def new_epoch(self) -> int:
        """Return a number that no connection of this process has had."""
        return next(self._epochs)

    def lane(self, lane_id: str) -> LaneDevices:
        """Return what the lane has now; raises KeyError for a lane that is not ours.

        Of several cameras or printers it is the one that has been connected longest, unless a
        driver source is the only one that counts.
        """
        there = self._lanes[lane_id].usable()
        return LaneDevices(
            document_readers=tuple(d for d in there if isinstance(d, DocumentReader)),
            camera=next((d for d in there if isinstance(d, FaceCamera)), None),
            indicators=tuple(d for d in there if isinstance(d, Indicator)),
            printer=next((d for d in there if isinstance(d, ReceiptPrinter)), None),
        )

    def events(self, lane_id: str) -> AsyncIterator[DeviceEvent]:
        """Iterate over the lane's events, for one consumer; ends after release().

        Cancelling a wait loses nothing. Scans are never dropped: while `scan_capacity` of them
        wait, further ones stay with their readers, and past that the device is told
        `queue_full`. Of other events only the newest of each kind per device waits.
        """
        return self._lanes[lane_id].events

    def rows(self) -> tuple[DeviceRow, ...]:
        """Return one row per device, lost ones and unopened drivers included."""
        return tuple(row for lane in self._lanes.values() for row in lane.rows.values())

    async def serve(self, driver: Driver) -> None:
        """Have a connected driver's devices in their lanes until its run() ends.

        Raises unauthorised (a lane that is not ours) and device_busy (an id that a living
        device has) before anything is changed, and whatever ended the driver.
        """
        await self._serve(driver, None)

    async def _serve(self, driver: Driver, source: str | None) -> None:
        self._admit(driver)
        self._drivers.add(driver)
        driver.on_change(self._changed)
        pumps = []
        for device in driver.devices:
            info = device.info
            lane = self._lanes[info.lane_id]
            lane.put_device(device, source)
            self._report(device)
            if device.lifecycle.state is not DeviceState.STARTING:
                lane.events.notice(_connected(device))
            if isinstance(device, DocumentReader):
                pumps.append(self._start(_pump(device, lane.events)))
        try:
            await driver.run()
        finally:
            self._drivers.discard(driver)
            await self._withdraw(driver, pumps)

    def supervise(self, source: DriverSource) -> None:
        """Open a driver, serve it, and open it again with back-off whenever it ends."""
        if source.lane_id not in self._lanes:
            raise UnauthorisedError(source.name, "unknown_lane")
        self._lanes[source.lane_id].sole.update(dict.fromkeys(source.sole, source.name))
        self._start(self._keep_open(source))

    async def release(self) -> None:
        """Release all drivers and end all iterations."""
        self._released = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(driver.release() for driver in tuple(self._drivers)))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for lane in self._lanes.values():
            lane.events.close()

    def _admit(self, driver: Driver) -> None:
        if self._released:
            raise DriverFailedError("supervisor", "shutting_down")
        for device in driver.devices:
            info = device.info
            lane = self._lanes.get(info.lane_id)
            if lane is None:
                raise UnauthorisedError(info.device_id, "unknown_lane")
            if info.device_id in lane.devices:
                raise DeviceBusyError(info.device_id, "id_taken")
            if not isinstance(device, DocumentReader | FaceCamera | Indicator | ReceiptPrinter):
                raise NotSupportedError(info.device_id)

    async def _withdraw(self, driver: Driver, pumps: list[asyncio.Task[None]]) -> None:
        for device in driver.devices:
            self._lanes[device.info.lane_id].remove_device(device)
            self._report(device)
        # Scans that were accepted go before the loss, unless nobody takes them.
        if pumps:
            await asyncio.wait(pumps, timeout=1.0)
        for device in driver.devices:
            info = device.info
            why = device.lifecycle.code or device.lifecycle.state.value
            self._lanes[info.lane_id].events.notice(
                DeviceLost(info.device_id, info.lane_id, info.epoch, info.capability, why)
            )

    def _changed(self, device: Device) -> None:
        info, lifecycle = device.info, device.lifecycle
        lane = self._lanes[info.lane_id]
        before = lane.rows.get(info.device_id)
        self._report(device)
        if lifecycle.state in ENDED:
            return  # told when its driver has ended
        if before is not None and before.state is DeviceState.STARTING:
            lane.events.notice(_connected(device))
        was_faulted = before is not None and before.state is DeviceState.FAULTED
        is_faulted = lifecycle.state is DeviceState.FAULTED
        if was_faulted != is_faulted:
            lane.events.notice(
                DeviceStateChanged(
                    info.device_id, info.lane_id, info.epoch, lifecycle.state, lifecycle.code
                )
            )

    def _report(self, device: Device) -> None:
        info, lifecycle = device.info, device.lifecycle
        self._lanes[info.lane_id].put_row(
            DeviceRow(
                lane_id=info.lane_id,
                device_id=info.device_id,
                capability=info.capability,
                model=info.model,
                driver=info.driver,
                state=lifecycle.state,
                code=lifecycle.code,
                epoch=info.epoch,
                provenance=info.provenance,
                assurance=info.assurance,
                changed_at=self._clock(),
            )
        )

    async def _keep_open(self, source: DriverSource) -> None:
        failures = 0
        while True:
            started = self._clock()
            try:
                await self._open_and_serve(source)
            except DeviceError as error:
                log.warning("driver source %s ended: %s", source.name, error)
            failures = 1 if self._clock() - started > self._backoff.longest else failures + 1
            await asyncio.sleep(self._backoff.delay(failures))

    async def _open_and_serve(self, source: DriverSource) -> None:
        rows = self._lanes[source.lane_id].rows
        epoch = self.new_epoch()
        try:
            async with asyncio.timeout(self._open_timeout):
                driver = await source.open(epoch)
        except DeviceError as error:
            self._report_unopened(source, epoch, error)
            raise
        except TimeoutError as error:
            late = DeviceTimeoutError(source.name, "open")
            self._report_unopened(source, epoch, late)
            raise late from error
        except Exception as error:  # a third party's driver; one device's failure is one row
            broken = DriverFailedError(source.name, "unexpected")
            self._report_unopened(source, epoch, broken)
            raise broken from error
        rows.pop(source.name, None)
        try:
            await self._serve(driver, source.name)
        except DeviceError:
            raise
        except Exception as error:  # as above
            raise DriverFailedError(source.name, "unexpected") from error
        finally:
            await driver.release()  # also one that was never served, because its id is taken

    def _report_unopened(self, source: DriverSource, epoch: int, error: DeviceError) -> None:
        self._lanes[source.lane_id].put_row(
            DeviceRow(
                lane_id=source.lane_id,
                device_id=source.name,
                capability=None,
                model="",
                driver=source.driver,
                state=DeviceState.FAULTED,
                code=error.why or error.code,
                epoch=epoch,
                provenance=None,
                assurance=None,
                changed_at=self._clock(),
            )
        )

    def _start(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class _Lane:
    """What the supervisor keeps for one lane."""

    # Devices with ever new ids would fill the report without end.
    MOST_ROWS = 64

    def __init__(self, scan_capacity: int) -> None:
        self.events = _LaneEvents(scan_capacity)
        self.devices: dict[str, Device] = {}
        self.rows: dict[str, DeviceRow] = {}
        self.sole: dict[Capability, str] = {}  # to the name of the only source that counts
        self._sources: dict[str, str | None] = {}

    def put_device(self, device: Device, source: str | None) -> None:
        self.devices[device.info.device_id] = device
        self._sources[device.info.device_id] = source

    def remove_device(self, device: Device) -> None:
        del self.devices[device.info.device_id]
        del self._sources[device.info.device_id]

    def usable(self) -> list[Device]:
        """What is there, less what must not be used in another's place."""
        return [
            device
            for device_id, device in self.devices.items()
            if device.lifecycle.state in _THERE
            and self.sole.get(device.info.capability) in (None, self._sources[device_id])
        ]

    def put_row(self, row: DeviceRow) -> None:
        self.rows[row.device_id] = row
        if len(self.rows) > self.MOST_ROWS:
            gone = (key for key in self.rows if key not in self.devices)
            oldest = min(gone, key=lambda key: self.rows[key].changed_at, default=None)
            if oldest is not None:
                del self.rows[oldest]


class _LaneEvents(AsyncIterator[DeviceEvent]):
    """The events of a lane in their order, bounded without losing any that matters."""

    def __init__(self, scan_capacity: int) -> None:
        self._capacity = scan_capacity
        self._waiting: deque[DeviceEvent] = deque()
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._scans = 0
        self._closed = False

    def notice(self, event: DeviceConnected | DeviceLost | DeviceStateChanged) -> None:
        """Add an event that replaces an unread older one of its kind and device."""
        for older in self._waiting:
            if (
                not isinstance(older, DocumentScanned)
                and type(older) is type(event)
                and older.device_id == event.device_id
            ):
                self._waiting.remove(older)
                break
        self._waiting.append(event)
        self._arrived.set()

    async def put(self, event: DocumentScanned) -> None:
        """Add a scan; waits while too many are unread."""
        while self._scans >= self._capacity and not self._closed:
            self._room.clear()
            await self._room.wait()
        self._scans += 1
        self._waiting.append(event)
        self._arrived.set()

    def close(self) -> None:
        self._closed = True
        self._arrived.set()
        self._room.set()

    def __aiter__(self) -> AsyncIterator[DeviceEvent]:
        return self

    async def __anext__(self) -> DeviceEvent:
        # No generator: one that is cancelled while it waits would have ended for ever.
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        event = self._waiting.popleft()
        if isinstance(event, DocumentScanned):
            self._scans -= 1
            self._room.set()
        return event


def _connected(device: Device) -> DeviceConnected:
    info = device.info
    return DeviceConnected(
        info.device_id, info.lane_id, info.epoch, info.capability, info.provenance
    )


async def _pump(reader: DocumentReader, events: _LaneEvents) -> None:
    try:
        async for scan in reader.scans():
            await events.put(DocumentScanned(scan))
    except DeviceError as error:
        # The driver's run() ends for the same reason and tells the lane; here it only ends.
        if error.code is not ErrorCode.DEVICE_LOST:
            log.warning("scans ended: %s", error)
