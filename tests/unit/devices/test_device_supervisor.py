"""The supervisor with drivers of our own making: order, bounds, back-off, one row per device."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from devices.commands import Signal
from devices.errors import (
    DeviceBusyError,
    DeviceError,
    DeviceLostError,
    DriverFailedError,
    UnauthorisedError,
)
from devices.events import DeviceConnected, DeviceLost
from devices.lifecycle import Change, DeviceState, Lifecycle
from devices.protocols import Device, DeviceInfo, Driver, Indicator
from devices.readings import Assurance, Capability, Provenance
from devices.supervisor import Backoff, DeviceSupervisor, DriverSource


class Lamp(Indicator):
    """A lamp that is always there."""

    def __init__(self, device_id: str, epoch: int, lane_id: str = "lane") -> None:
        self._info = DeviceInfo(
            device_id,
            lane_id,
            Capability.INDICATOR,
            "lamp",
            "lamps",
            Provenance.DEVICE,
            Assurance.NONE,
            epoch,
        )
        self._lifecycle = Lifecycle(device_id, epoch).advance(Change.CONNECTED)

    @property
    def info(self) -> DeviceInfo:
        return self._info

    @property
    def lifecycle(self) -> Lifecycle:
        return self._lifecycle

    async def status(self, *, timeout: float) -> Lifecycle:
        return self._lifecycle

    async def release(self) -> None:
        self.lose("released")

    async def show(self, signal: Signal, session_id: str | None = None, *, timeout: float) -> None:
        return None

    def lose(self, why: str) -> None:
        self._lifecycle = self._lifecycle.advance(Change.CONNECTION_LOST, why)


class Lamps(Driver):
    """Lamps that are lost when told to."""

    def __init__(self, *lamps: Lamp, error: Exception | None = None) -> None:
        self._lamps = lamps
        self.error: Exception | None = error
        self.over = asyncio.Event()
        if error is not None:
            self.over.set()

    @property
    def devices(self) -> Sequence[Device]:
        return self._lamps

    def on_change(self, listener: Callable[[Device], None]) -> None:
        return None

    async def run(self) -> None:
        await self.over.wait()
        for lamp in self._lamps:
            lamp.lose("closed")
        if self.error is not None:
            raise self.error

    async def release(self) -> None:
        self.over.set()


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not holds():  # noqa: ASYNC110 - the supervisor tells of rows to nobody
            await asyncio.sleep(0.001)


@pytest.fixture
async def supervisor() -> AsyncIterator[DeviceSupervisor]:
    supervisor = DeviceSupervisor(["lane"], backoff=Backoff(first=0.001, longest=0.01))
    yield supervisor
    await supervisor.release()


async def served(supervisor: DeviceSupervisor, driver: Lamps) -> asyncio.Task[None]:
    task = asyncio.ensure_future(supervisor.serve(driver))
    await asyncio.sleep(0)
    return task


async def test_a_living_device_keeps_its_id(supervisor: DeviceSupervisor) -> None:
    first = Lamps(Lamp("a", 1))
    task = await served(supervisor, first)
    with pytest.raises(DeviceBusyError):
        await supervisor.serve(Lamps(Lamp("b", 2), Lamp("a", 2)))
    assert [row.device_id for row in supervisor.rows()] == ["a"]
    first.over.set()
    await task
    again = Lamps(Lamp("a", 3))
    await served(supervisor, again)
    assert [(row.device_id, row.epoch, row.state) for row in supervisor.rows()] == [
        ("a", 3, DeviceState.READY)
    ]


async def test_a_lane_that_is_not_ours_is_refused(supervisor: DeviceSupervisor) -> None:
    with pytest.raises(UnauthorisedError):
        await supervisor.serve(Lamps(Lamp("a", 1, "elsewhere")))
    with pytest.raises(KeyError):
        supervisor.lane("elsewhere")


async def test_a_lost_device_leaves_its_lane_and_keeps_its_row(
    supervisor: DeviceSupervisor,
) -> None:
    lost, kept = Lamps(Lamp("a", 1), error=DeviceLostError("a", "closed")), Lamps(Lamp("b", 2))
    await served(supervisor, kept)
    with pytest.raises(DeviceLostError):
        await supervisor.serve(lost)
    assert [lamp.info.device_id for lamp in supervisor.lane("lane").indicators] == ["b"]
    rows = {row.device_id: (row.state, row.code) for row in supervisor.rows()}
    assert rows == {"a": (DeviceState.LOST, "closed"), "b": (DeviceState.READY, "")}


async def test_unread_events_do_not_pile_up(supervisor: DeviceSupervisor) -> None:
    for epoch in range(1, 50):
        with pytest.raises(DeviceLostError):
            await supervisor.serve(Lamps(Lamp("a", epoch), error=DeviceLostError("a", "closed")))
    events = supervisor.events("lane")
    assert isinstance(first := await anext(events), DeviceConnected)
    assert isinstance(second := await anext(events), DeviceLost)
    assert (first.epoch, second.epoch) == (49, 49)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await anext(events)


async def test_a_wait_for_an_event_that_is_cancelled_loses_nothing(
    supervisor: DeviceSupervisor,
) -> None:
    events = supervisor.events("lane")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await anext(events)
    await served(supervisor, Lamps(Lamp("a", 1)))
    assert isinstance(await anext(events), DeviceConnected)


async def test_rows_of_devices_that_are_gone_are_bounded(supervisor: DeviceSupervisor) -> None:
    await served(supervisor, Lamps(Lamp("alive", 1)))
    for number in range(100):
        with pytest.raises(DeviceLostError):
            await supervisor.serve(
                Lamps(Lamp(f"d{number}", 2), error=DeviceLostError("d", "closed"))
            )
    ids = [row.device_id for row in supervisor.rows()]
    assert len(ids) == 64
    assert "alive" in ids
    assert "d99" in ids


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DriverFailedError("x", "no_directory"), "no_directory"),
        (ValueError("of a third party"), "unexpected"),
    ],
)
async def test_a_driver_that_does_not_open_is_one_row_and_tried_again(
    supervisor: DeviceSupervisor, error: Exception, code: str
) -> None:
    epochs: list[int] = []
    opened = asyncio.Event()

    async def open_driver(epoch: int) -> Driver:
        epochs.append(epoch)
        if len(epochs) < 4:
            raise error
        opened.set()
        return Lamps(Lamp("a", epoch))

    supervisor.supervise(DriverSource("source", "lane", "lamps", open_driver))
    await asyncio.sleep(0)
    (row,) = supervisor.rows()
    assert (row.device_id, row.state, row.code) == ("source", DeviceState.FAULTED, code)
    async with asyncio.timeout(2):
        await opened.wait()
    await asyncio.sleep(0.01)
    assert epochs == sorted(set(epochs))
    assert [row.device_id for row in supervisor.rows()] == ["a"]


async def test_a_driver_that_fails_in_an_unknown_way_is_opened_again(
    supervisor: DeviceSupervisor,
) -> None:
    opened: list[int] = []

    async def open_driver(epoch: int) -> Driver:
        opened.append(epoch)
        return Lamps(Lamp("a", epoch), error=ZeroDivisionError() if len(opened) < 3 else None)

    supervisor.supervise(DriverSource("source", "lane", "lamps", open_driver))
    await eventually(lambda: len(opened) == 3 and bool(supervisor.lane("lane").indicators))


async def test_an_opening_that_hangs_is_a_row() -> None:
    supervisor = DeviceSupervisor(["lane"], open_timeout=0.01)

    async def open_driver(_: int) -> Driver:
        await asyncio.sleep(60)
        raise AssertionError

    supervisor.supervise(DriverSource("source", "lane", "lamps", open_driver))
    await eventually(lambda: bool(supervisor.rows()))
    assert supervisor.rows()[0].code == "open"
    await supervisor.release()


async def test_release_ends_drivers_and_iterations(supervisor: DeviceSupervisor) -> None:
    task = await served(supervisor, Lamps(Lamp("a", 1)))
    events = supervisor.events("lane")
    await supervisor.release()
    await asyncio.wait_for(task, 1)
    assert [type(event) async for event in events] == [DeviceConnected, DeviceLost]
    with pytest.raises(DeviceError):
        await supervisor.serve(Lamps(Lamp("b", 2)))


def test_back_off_grows_to_its_limit() -> None:
    backoff = Backoff(first=0.5, factor=2, longest=30)
    delays = [backoff.delay(failures) for failures in range(1, 10)]
    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert backoff.delay(100_000) == 30


def source(name: str, driver: Lamps, *sole: Capability) -> DriverSource:
    async def open_driver(_: int) -> Driver:
        return driver

    return DriverSource(name, "lane", "lamps", open_driver, frozenset(sole))


async def test_what_a_site_has_chosen_is_not_replaced_by_what_connects(
    supervisor: DeviceSupervisor,
) -> None:
    def used() -> list[str]:
        return [each.info.device_id for each in supervisor.lane("lane").indicators]

    stranger, chosen = Lamps(Lamp("stranger", 1)), Lamps(Lamp("chosen", 2))
    await served(supervisor, stranger)
    assert used() == ["stranger"]  # the control: nothing is chosen yet
    supervisor.supervise(source("site", chosen, Capability.INDICATOR))
    assert used() == []  # it is being opened
    await eventually(lambda: used() == ["chosen"])
    assert {row.device_id for row in supervisor.rows()} == {"stranger", "chosen"}
    chosen.devices[0].lose("closed")  # type: ignore[attr-defined]  # a Lamp
    assert used() == []


async def test_a_driver_that_cannot_be_served_is_released(supervisor: DeviceSupervisor) -> None:
    await served(supervisor, Lamps(Lamp("a", 1)))
    second = Lamps(Lamp("a", 2))
    supervisor.supervise(source("second", second))
    await asyncio.wait_for(second.over.wait(), 2)
    assert supervisor.lane("lane").indicators[0].info.epoch == 1
