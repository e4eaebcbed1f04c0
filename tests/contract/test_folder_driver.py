"""The folder driver on real directories."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from devices.commands import CaptureRequest, Receipt, Signal
from devices.drivers.folder.agent import DONE, FolderSettings
from devices.drivers.folder.driver import open_folder
from devices.drivers.folder.spec import SPEC
from devices.drivers.spec import OpenRequest
from devices.errors import DriverFailedError, ErrorCode
from devices.events import DeviceLost, DocumentScanned
from devices.lifecycle import DeviceState
from devices.protocols import FaceCamera, Indicator
from devices.readings import Assurance, DocumentScan, Light, Provenance
from devices.supervisor import Backoff, DeviceSupervisor, DriverSource
from devices.testing.contracts import (
    FACE,
    MRZ_LINES,
    PATIENCE,
    DocumentReaderContract,
    FaceCameraContract,
    IndicatorContract,
    ReceiptPrinterContract,
    expect_error,
    next_event,
)
from devices.testing.harness import LaneHarness

LANE = "lane-f"
MRZ = "\n".join(MRZ_LINES) + "\n"


async def eventually(look: Callable[[], Any]) -> Any:
    """Return what `look` finds, as soon as it is something."""
    async with asyncio.timeout(PATIENCE):
        while not (found := look()):  # noqa: ASYNC110 - the file system has no asyncio.Event
            await asyncio.sleep(0.01)
        return found


class FolderLane(LaneHarness):
    """A folder under a supervisor, and whoever drops files into it."""

    def __init__(self, parent: Path, *, keep_inputs: bool = False, outcome: float = 30.0) -> None:
        self.directory = parent / "lane"
        self.directory.mkdir()
        self.settings = FolderSettings(
            self.directory,
            keep_inputs=keep_inputs,
            settle=0.05,
            lines_wait=0.3,
            poll=0.2,
            outcome_timeout=outcome,
            grace=0.1,
        )
        self._supervisor = DeviceSupervisor([LANE], backoff=Backoff(first=0.05, longest=0.1))
        self.events = self._supervisor.events(LANE)

    @property
    def supervisor(self) -> DeviceSupervisor:
        return self._supervisor

    @property
    def lane_id(self) -> str:
        return LANE

    @property
    def provenance(self) -> Provenance:
        return Provenance.FILE

    @property
    def assurance(self) -> Assurance:
        return Assurance.NONE

    @property
    def camera_needs_a_person(self) -> bool:
        return True

    def drop(self, file_name: str, content: bytes | str) -> None:
        """Rename a file into place."""
        data = content.encode() if isinstance(content, str) else content
        temporary = self.directory.parent / "being-written"
        temporary.write_bytes(data)
        temporary.replace(self.directory / file_name)

    async def place_document(self, mrz_lines: Sequence[str]) -> None:
        self.drop("contract.mrz.txt", "\n".join(mrz_lines))

    async def place_page(self, picture: bytes) -> None:
        self.drop("contract.page.jpg", picture)

    async def put_face(self, picture: bytes) -> None:
        self.drop("contract.face.jpg", picture)

    async def cut(self) -> None:
        self.directory.rename(self.directory.with_name("away"))

    async def restore(self) -> None:
        self.directory.with_name("away").rename(self.directory)
        await eventually(lambda: self.supervisor.lane(LANE).camera)

    async def shown(self, *, timeout: float) -> tuple[Signal, str | None]:
        result = await self.result("contract")
        return Signal(result["signal"]), result["session_id"]

    async def printed(self, *, timeout: float) -> str:
        result = await eventually(lambda: self.read("contract", "outcome"))
        return str(result["outcome"])

    def read(self, name: str, key: str = "schema") -> dict[str, Any] | None:
        path = self.directory / f"{name}.result.json"
        result = json.loads(path.read_bytes()) if path.exists() else {}
        return result if result.get(key) else None

    async def result(self, name: str) -> dict[str, Any]:
        return dict(await eventually(lambda: self.read(name)))

    async def scan(self) -> DocumentScan:
        return (await next_event(self.events, DocumentScanned)).scan

    async def show(self, signal: Signal, session_id: str) -> None:
        await self.indicator.show(signal, session_id, timeout=PATIENCE)

    @property
    def camera(self) -> FaceCamera:
        camera = self.supervisor.lane(LANE).camera
        assert camera is not None
        return camera

    @property
    def indicator(self) -> Indicator:
        (indicator,) = self.supervisor.lane(LANE).indicators
        return indicator

    def inputs(self) -> list[str]:
        """Return what lies in the folder besides results."""
        names = (path.name for path in self.directory.iterdir() if path.is_file())
        return sorted(name for name in names if not name.endswith(".result.json"))

    async def start(self) -> None:
        self.supervisor.supervise(
            DriverSource(
                "folder",
                LANE,
                "folder",
                lambda epoch: open_folder(self.settings, lane_id=LANE, epoch=epoch),
            )
        )
        await eventually(
            lambda: (
                (camera := self.supervisor.lane(LANE).camera)
                and camera.lifecycle.state is DeviceState.READY
            )
        )

    async def stop(self) -> None:
        await self.supervisor.release()


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[FolderLane]:
    lane = FolderLane(tmp_path)
    await lane.start()
    yield lane
    await lane.stop()


class TestFolderDocumentReader(DocumentReaderContract):
    """The contract, on side-car files."""


class TestFolderFaceCamera(FaceCameraContract):
    """The contract, on dropped photographs."""


class TestFolderIndicator(IndicatorContract):
    """The contract, on result files."""


class TestFolderReceiptPrinter(ReceiptPrinterContract):
    """The contract, on result files."""


async def test_a_whole_transaction_leaves_a_result_and_no_inputs(harness: FolderLane) -> None:
    harness.drop("anna.page.jpg", b"white page")
    harness.drop("anna.page.infrared.png", b"infrared page")
    harness.drop("anna.face.png", FACE)
    harness.drop("anna.mrz.txt", "\ufeff" + MRZ.replace("\n", "\r\n"))
    scan = await harness.scan()
    assert scan.mrz_lines == MRZ_LINES
    assert {(page.light, page.data) for page in scan.pages} == {
        (Light.WHITE, b"white page"),
        (Light.INFRARED, b"infrared page"),
    }
    capture = await harness.camera.capture(CaptureRequest("n"), timeout=PATIENCE)
    assert (capture.picture.media_type, capture.picture.data) == ("image/png", FACE)
    await harness.show(Signal.PROCEED, "s-1")
    result = await harness.result("anna")
    assert result == {
        "schema": 1,
        "signal": "proceed",
        "session_id": "s-1",
        "outcome": None,
        "error": None,
    }
    printer = harness.supervisor.lane(LANE).printer
    assert printer is not None
    await printer.print_receipt(Receipt("s-1", "ADMIT", ()), timeout=PATIENCE)
    after = await eventually(lambda: harness.read("anna", "outcome"))
    assert after == {**result, "outcome": "ADMIT"}
    await eventually(lambda: not harness.inputs())
    assert not (harness.directory / DONE).exists()


async def test_a_page_without_lines_is_a_document_once_none_came(harness: FolderLane) -> None:
    dropped = time.monotonic()
    harness.drop("anna.face.jpg", FACE)
    harness.drop("anna.page.jpg", b"white page")
    await asyncio.sleep(0.2)
    harness.drop("anna.page.ultraviolet.jpg", b"ultraviolet page")
    scan = await harness.scan()
    assert time.monotonic() - dropped >= 0.2 + harness.settings.lines_wait
    assert scan.mrz_lines == ()
    assert [page.light for page in scan.pages] == [Light.WHITE, Light.ULTRAVIOLET]
    await harness.show(Signal.SEE_OFFICER, "s-1")
    assert (await harness.result("anna"))["session_id"] == "s-1"
    await eventually(lambda: not harness.inputs())


async def test_lines_that_come_within_the_wait_belong_to_the_page(harness: FolderLane) -> None:
    harness.drop("anna.page.jpg", b"white page")
    os.utime(harness.directory / "anna.page.jpg", (1_000_000, 1_000_000))  # written long before
    await asyncio.sleep(0.15)
    harness.drop("anna.mrz.txt", MRZ)
    scan = await harness.scan()
    assert (scan.mrz_lines, len(scan.pages)) == (MRZ_LINES, 1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2 * harness.settings.lines_wait):
            await anext(harness.events)


async def test_lines_that_come_late_count_when_the_document_is_asked_for_again(
    harness: FolderLane,
) -> None:
    harness.drop("anna.page.jpg", b"white page")
    assert (await harness.scan()).mrz_lines == ()
    harness.drop("anna.mrz.txt", MRZ)
    await harness.indicator.show(Signal.PRESENT_AGAIN, timeout=PATIENCE)
    assert (await harness.scan()).mrz_lines == MRZ_LINES


async def test_a_page_that_cannot_be_removed_is_served_once(
    harness: FolderLane, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("devices.drivers.folder.files.dispose", fail)
    harness.drop("anna.page.jpg", b"white page")
    await harness.scan()
    await harness.show(Signal.SEE_OFFICER, "s-1")
    await harness.result("anna")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3 * harness.settings.lines_wait):
            await anext(harness.events)
    harness.drop("anna.page.jpg", b"another page")
    assert (await harness.scan()).pages[0].data == b"another page"


async def test_inputs_are_kept_only_when_asked_for(tmp_path: Path) -> None:
    lane = FolderLane(tmp_path, keep_inputs=True)
    await lane.start()
    lane.drop("anna.face.jpg", FACE)
    lane.drop("anna.mrz.txt", MRZ)
    await lane.scan()
    await lane.show(Signal.SEE_OFFICER, "s-1")
    await lane.result("anna")
    await eventually(lambda: not lane.inputs())
    kept = lane.directory / DONE
    assert sorted(path.name for path in kept.iterdir()) == ["anna.face.jpg", "anna.mrz.txt"]
    assert kept.stat().st_mode & 0o077 == 0
    await lane.stop()


async def test_what_lies_there_at_the_start_is_served_one_by_one_in_order(tmp_path: Path) -> None:
    lane = FolderLane(tmp_path)
    for age, name in enumerate(("third", "second", "first")):
        lane.drop(f"{name}.mrz.txt", f"{name}\n{name}")
        os.utime(lane.directory / f"{name}.mrz.txt", (1_000_000 - age, 1_000_000 - age))
    await lane.start()
    for name in ("first", "second", "third"):
        assert (await lane.scan()).mrz_lines == (name, name)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await anext(lane.events)
        await lane.show(Signal.SEE_OFFICER, f"s-{name}")
        assert (await lane.result(name))["session_id"] == f"s-{name}"
    await lane.stop()


async def test_a_file_that_grows_is_read_when_it_is_complete(harness: FolderLane) -> None:
    with (harness.directory / "slow.mrz.txt").open("w") as file:
        for line in MRZ_LINES:
            for piece in (line[:20], line[20:], "\n"):
                file.write(piece)
                file.flush()
                await asyncio.sleep(0.02)
    assert (await harness.scan()).mrz_lines == MRZ_LINES


async def test_a_face_may_come_after_the_capture_command(harness: FolderLane) -> None:
    harness.drop("anna.mrz.txt", MRZ)
    await harness.scan()
    capture = asyncio.ensure_future(harness.camera.capture(CaptureRequest("n"), timeout=PATIENCE))
    await asyncio.sleep(0.1)
    harness.drop("other.face.jpg", b"of somebody else")
    harness.drop("anna.face.JPG", FACE)
    assert (await capture).picture.data == FACE


async def test_without_a_face_the_capture_fails_with_its_reason(harness: FolderLane) -> None:
    harness.drop("anna.mrz.txt", MRZ)
    await harness.scan()
    error = await expect_error(
        harness.camera.capture(CaptureRequest("n"), timeout=0.5), ErrorCode.CAPTURE_FAILED
    )
    assert error.why == "no_picture"


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(8_000_001)


def _link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (_sparse, "too_large"),
        (_link, "not_a_file"),
        (os.mkfifo, "not_a_file"),
        (Path.mkdir, "not_a_file"),
        (Path.touch, "unreadable"),
    ],
)
async def test_a_face_that_cannot_be_read_is_a_coded_failure(
    harness: FolderLane, make: Callable[[Path], None], why: str
) -> None:
    make(harness.directory / "anna.face.jpg")
    harness.drop("anna.mrz.txt", MRZ)
    await harness.scan()
    error = await expect_error(
        harness.camera.capture(CaptureRequest("n"), timeout=2.0), ErrorCode.CAPTURE_FAILED
    )
    assert error.why == why


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\xff\xfeP<UTO", "not_utf8"),
        (b"one line", "mrz_line_count"),
        (b"1\n2\n3\n4", "mrz_line_count"),
        (b"", "mrz_line_count"),
        (b"A\n" + b"B" * 201, "mrz_line_too_long"),
        (b"A" * 4097, "too_large"),
    ],
)
async def test_a_document_that_makes_no_sense_is_answered_and_the_next_is_served(
    harness: FolderLane, content: bytes, error: str
) -> None:
    harness.drop("bad.mrz.txt", content)
    result = await harness.result("bad")
    assert result == {
        "schema": 1,
        "signal": None,
        "session_id": None,
        "outcome": None,
        "error": error,
    }
    harness.drop("good.mrz.txt", MRZ)
    assert (await harness.scan()).mrz_lines == MRZ_LINES


async def test_a_directory_in_a_documents_place_is_answered_once(harness: FolderLane) -> None:
    (harness.directory / "odd.mrz.txt").mkdir()
    assert (await harness.result("odd"))["error"] == "not_a_file"
    (harness.directory / "odd.result.json").unlink()
    harness.drop("good.mrz.txt", MRZ)
    await harness.scan()
    await harness.show(Signal.PROCEED, "s-1")
    await harness.result("good")
    assert harness.read("odd") is None


async def test_a_directory_in_a_results_place_does_not_stop_the_lane(harness: FolderLane) -> None:
    (harness.directory / "odd.result.json").mkdir()
    harness.drop("odd.mrz.txt", MRZ)
    harness.drop("good.mrz.txt", MRZ)
    assert (await harness.scan()).mrz_lines == MRZ_LINES
    await harness.show(Signal.PROCEED, "s-1")
    result = await harness.result("good")
    assert result is not None
    assert result["signal"] == "proceed"


async def test_two_photographs_for_one_name_are_nobodys(harness: FolderLane) -> None:
    harness.drop("anna.face.jpg", FACE)
    harness.drop("anna.face.png", FACE)
    harness.drop("anna.mrz.txt", MRZ)
    await harness.scan()
    error = await expect_error(
        harness.camera.capture(CaptureRequest("n"), timeout=2.0), ErrorCode.CAPTURE_FAILED
    )
    assert error.why == "several_photographs"


async def test_pages_too_large_for_one_message_are_answered(harness: FolderLane) -> None:
    for light in ("", ".infrared"):
        harness.drop(f"big.page{light}.png", bytes(5_000_000))
    harness.drop("big.mrz.txt", MRZ)
    assert (await harness.result("big"))["error"] == "too_large"


async def test_a_document_without_an_outcome_ends_and_the_epoch_with_it(tmp_path: Path) -> None:
    lane = FolderLane(tmp_path, outcome=0.3)
    await lane.start()
    lane.drop("slow.mrz.txt", MRZ)
    scan = await lane.scan()
    old = lane.indicator
    await next_event(lane.events, DeviceLost)
    assert (await lane.result("slow"))["error"] == "no_outcome"
    await expect_error(old.show(Signal.PROCEED, "late", timeout=PATIENCE), ErrorCode.DEVICE_LOST)
    lane.drop("next.mrz.txt", MRZ)
    assert (await lane.scan()).origin.epoch > scan.origin.epoch
    assert lane.read("next") is None
    await lane.stop()


async def test_a_receipt_that_comes_with_the_outcome_is_never_lost(harness: FolderLane) -> None:
    printer = harness.supervisor.lane(LANE).printer
    assert printer is not None
    for number, receipt_first in enumerate((True, False, True, False)):
        harness.drop(f"p{number}.mrz.txt", MRZ)
        await harness.scan()
        session_id = f"s-{number}"
        told = [
            printer.print_receipt(Receipt(session_id, "REFER", ()), timeout=PATIENCE),
            harness.show(Signal.SEE_OFFICER, session_id),
        ]
        await asyncio.gather(*(told if receipt_first else reversed(told)))
        result = await eventually(lambda name=f"p{number}": harness.read(name, "outcome"))
        assert (result["outcome"], result["signal"]) == ("REFER", "see_officer")


async def test_a_document_is_presented_again_when_the_service_asks(harness: FolderLane) -> None:
    harness.drop("a.mrz.txt", "UNREADABLE\nUNREADABLE")
    first = await harness.scan()
    harness.drop("a.mrz.txt", MRZ)
    await harness.indicator.show(Signal.PRESENT_AGAIN, timeout=PATIENCE)
    second = await harness.scan()
    assert second.mrz_lines == MRZ_LINES
    assert second.origin.event_id != first.origin.event_id
    await harness.show(Signal.SEE_OFFICER, "s-1")
    assert (await harness.result("a"))["session_id"] == "s-1"


async def test_out_of_service_is_an_answer_and_a_new_epoch(harness: FolderLane) -> None:
    harness.drop("a.mrz.txt", MRZ)
    scan = await harness.scan()
    await harness.indicator.show(Signal.OUT_OF_SERVICE, timeout=PATIENCE)
    lost = await next_event(harness.events, DeviceLost)
    assert (lost.epoch, lost.why) == (scan.origin.epoch, "closed")
    assert (await harness.result("a"))["error"] == "out_of_service"


async def test_a_session_that_has_begun_is_answered_though_the_lane_closes(
    harness: FolderLane,
) -> None:
    harness.drop("a.mrz.txt", MRZ)
    await harness.scan()
    await harness.indicator.show(Signal.OUT_OF_SERVICE, timeout=PATIENCE)
    await harness.show(Signal.SEE_OFFICER, "s-1")
    assert (await harness.result("a"))["signal"] == "see_officer"


async def test_an_outcome_that_was_told_is_not_told_to_the_next(harness: FolderLane) -> None:
    harness.drop("a.mrz.txt", MRZ)
    await harness.scan()
    await harness.show(Signal.PROCEED, "s-a")
    await harness.result("a")
    harness.drop("b.mrz.txt", MRZ)
    await harness.scan()
    await harness.show(Signal.PROCEED, "s-a")
    await harness.show(Signal.SEE_OFFICER, "s-b")
    result = await harness.result("b")
    assert (result["session_id"], result["signal"]) == ("s-b", "see_officer")


async def test_a_name_that_comes_again_gets_a_new_result(harness: FolderLane) -> None:
    for session_id in ("s-1", "s-2"):
        harness.drop("same.mrz.txt", MRZ)
        await harness.scan()
        assert harness.read("same") is None
        await harness.show(Signal.PROCEED, session_id)
        assert (await harness.result("same"))["session_id"] == session_id
        await eventually(lambda: not harness.inputs())


async def test_files_of_others_are_left_alone(harness: FolderLane) -> None:
    strange = ["notes.txt", ".mrz.txt", "-x.mrz.txt", "a b.mrz.txt", "x" * 65 + ".mrz.txt"]
    for file_name in strange:
        harness.drop(file_name, MRZ)
    harness.drop("good.mrz.txt", MRZ)
    await harness.scan()
    await harness.show(Signal.PROCEED, "s-1")
    await harness.result("good")
    await eventually(lambda: harness.inputs() == sorted(strange))


async def test_a_folder_that_is_missing_is_one_row_until_it_is_there(tmp_path: Path) -> None:
    lane = FolderLane(tmp_path)
    lane.directory.rename(tmp_path / "away")
    lane.supervisor.supervise(
        DriverSource(
            "folder",
            LANE,
            "folder",
            lambda epoch: open_folder(lane.settings, lane_id=LANE, epoch=epoch),
        )
    )
    row = (await eventually(lane.supervisor.rows))[0]
    assert (row.device_id, row.state, row.code) == ("folder", DeviceState.FAULTED, "no_directory")
    await lane.restore()
    assert "folder" not in {row.device_id for row in lane.supervisor.rows()}
    await lane.stop()


@pytest.mark.parametrize(
    "settings", [{}, {"directory": 7}, {"directory": "d", "keep": True}, {"keep_inputs": True}]
)
async def test_settings_are_strict(settings: dict[str, object]) -> None:
    assert SPEC.open is not None
    with pytest.raises(DriverFailedError, match="bad_settings"):
        await SPEC.open(OpenRequest(LANE, 1, settings))


async def test_the_registrys_opener_serves_a_folder(tmp_path: Path) -> None:
    assert SPEC.open is not None
    driver = await SPEC.open(OpenRequest(LANE, 5, {"directory": str(tmp_path)}))
    assert {device.info.capability for device in driver.devices} == SPEC.capabilities
    running = asyncio.ensure_future(driver.run())
    await eventually(lambda: driver.devices[0].lifecycle.state is DeviceState.READY)
    await driver.release()
    await asyncio.wait_for(running, PATIENCE)
