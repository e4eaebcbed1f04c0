"""Simulated hardware: it moves by steps alone, and the same steps give the same messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from devices.drivers.agent import wire
from devices.readings import MediaType, Picture
from simulators.interfaces.agent import FOREIGN_NONCE, AgentInterface, LaneModels
from simulators.models.camera import (
    GARBAGE,
    AgentUnplugged,
    CameraModel,
    CameraUnplugged,
    CaptureGaveUp,
    PictureTaken,
)
from simulators.models.document_reader import DocumentReaderModel, PlacedDocument
from simulators.models.faults import SLOW_SECONDS, Fault
from simulators.models.indicator import IndicatorModel
from simulators.models.printer import PrintDone, PrinterModel

FACE = Picture(MediaType.JPEG, b"a face")
START = datetime(2026, 1, 2, tzinfo=UTC)
RECEIPT = wire.Receipt("s", "REFER", ())


def camera(fault: Fault | None = None, face: Picture | None = FACE) -> CameraModel:
    model = CameraModel(capture_seconds=1.0)
    model.fault, model.face = fault, face
    model.capture("n", 10.0)
    return model


@pytest.mark.parametrize(
    ("fault", "face", "output", "after"),
    [
        (None, FACE, PictureTaken("n", FACE), 1.0),
        (None, None, CaptureGaveUp("n", "no_picture"), 8.0),
        (Fault.SLOW, FACE, PictureTaken("n", FACE), 1.0 + SLOW_SECONDS),
        (Fault.GARBAGE_IMAGE, FACE, PictureTaken("n", Picture(MediaType.JPEG, GARBAGE)), 1.0),
        (Fault.DISCONNECT_IN_CAPTURE, FACE, AgentUnplugged(), 0.5),
        (Fault.UNPLUGGED_IN_CAPTURE, FACE, CameraUnplugged(), 0.5),
        (Fault.FREEZE, FACE, None, 60.0),
    ],
)
def test_a_camera_answers_when_its_time_has_come(
    fault: Fault | None, face: Picture | None, output: object, after: float
) -> None:
    model = camera(fault, face)
    elapsed, outputs = 0.0, ()
    while not outputs and elapsed < 60.0:
        outputs = model.step(0.25)
        elapsed += 0.25
    assert outputs == (() if output is None else (output,))
    assert elapsed == after
    assert model.is_moving is (output is None)


def test_a_camera_forgets_what_was_cancelled_or_replaced() -> None:
    model = camera()
    model.cancel("another")
    assert model.is_moving
    model.cancel("n")
    assert model.step(5.0) == ()
    model.capture("old", 10.0)
    model.capture("new", 10.0)
    assert model.step(5.0) == (PictureTaken("new", FACE),)


def test_a_reader_reads_one_document_after_the_other() -> None:
    model = DocumentReaderModel(read_seconds=1.0)
    first, second = PlacedDocument(("1",)), PlacedDocument(("2",))
    model.place(first)
    model.place(second)
    assert [model.step(0.5) for _ in range(5)] == [(), (first,), (), (second,), ()]
    assert "1" not in repr(first)


def test_a_printer_prints_until_the_paper_ends() -> None:
    model = PrinterModel(print_seconds=1.0, paper=1)
    for print_id in ("p1", "p2"):
        model.print_receipt(print_id, RECEIPT)
    assert model.step(2.0) == (
        PrintDone("p1", RECEIPT, None),
        PrintDone("p2", RECEIPT, "out_of_paper"),
    )


def test_an_indicator_counts_how_long_a_signal_is_on() -> None:
    model = IndicatorModel()
    model.step(1.0)
    assert model.shown is None
    model.show(wire.Signal.PROCEED, "s")
    model.step(0.5)
    model.step(0.5)
    assert model.shown is not None
    assert (model.shown.signal, model.shown.seconds) == (wire.Signal.PROCEED, 1.0)


def script(fault: Fault | None) -> list[object]:
    """A whole visit; returns everything that the agent said."""
    models = LaneModels()
    models.camera.face = FACE
    agent = AgentInterface("lane", models, run_id="run")
    said: list[object] = [agent.hello(), *agent.connected(START)]
    if fault is not None:
        agent.inject(fault)
    models.reader.place(PlacedDocument(("A", "B")))
    ids = agent.ids
    commands: list[wire.ServiceMessage] = [
        wire.Ping("t"),
        wire.Capture(ids.camera, "n", 1000),
        wire.Indicate(ids.indicator, wire.Signal.PROCEED, "s"),
        wire.Print(ids.printer, "p", RECEIPT),
    ]
    for number, command in enumerate(commands):
        said += agent.take(command)
        for step in range(10):
            said += agent.step(0.01, START + timedelta(seconds=number, milliseconds=step))
    said += agent.clear(START)
    return said


@pytest.mark.parametrize("fault", [None, *Fault])
def test_the_same_steps_give_the_same_messages(fault: Fault | None) -> None:
    assert script(fault) == script(fault)


def test_whatever_an_agent_says_can_be_read_by_the_service() -> None:
    for fault in (None, *Fault):
        for message in script(fault):
            if not isinstance(message, AgentUnplugged):
                text = wire.encode(message)  # type: ignore[arg-type]
                assert wire.decode_from_agent(text) == message


def of_kind(said: list[object], kind: type) -> list[object]:
    return [message for message in said if isinstance(message, kind)]


def test_faults_of_the_wire_show_on_the_wire() -> None:
    twice = of_kind(script(Fault.DUPLICATE_EVENT), wire.DocumentScanned)
    assert len(twice) == 2
    assert twice[0] == twice[1]
    (scan,) = of_kind(script(Fault.OUT_OF_ORDER), wire.DocumentScanned)
    (ready, _) = of_kind(script(None), wire.DeviceStateReported)
    assert isinstance(scan, wire.DocumentScanned)
    assert isinstance(ready, wire.DeviceStateReported)
    assert scan.header.sequence == ready.header.sequence
    (face,) = of_kind(script(Fault.WRONG_NONCE), wire.FaceCaptured)
    assert isinstance(face, wire.FaceCaptured)
    assert face.nonce == FOREIGN_NONCE
    assert of_kind(script(Fault.SILENT), wire.Pong) == []
    unplugged = of_kind(script(Fault.UNPLUGGED_IN_CAPTURE), wire.DeviceStateReported)[2:]
    assert [state.code for state in unplugged if isinstance(state, wire.DeviceStateReported)] == [
        "unplugged",
        None,
    ]
