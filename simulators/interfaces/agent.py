"""A lane's simulated hardware as an agent: models to and from the agents' wire, without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, assert_never

from devices.drivers.agent import wire
from simulators.models.camera import (
    AgentUnplugged,
    CameraModel,
    CameraOutput,
    CameraUnplugged,
    CaptureGaveUp,
    PictureTaken,
)
from simulators.models.document_reader import DocumentReaderModel
from simulators.models.faults import Fault
from simulators.models.indicator import IndicatorModel
from simulators.models.printer import PrinterModel

FOREIGN_NONCE = "of-nobody"
"""What a capture bears under Fault.WRONG_NONCE."""

# The number of the first event of each connection, and of every event under Fault.OUT_OF_ORDER.
FIRST_SEQUENCE = 1


@dataclass(frozen=True, slots=True)
class LaneModels:
    """The hardware of one lane."""

    reader: DocumentReaderModel = field(default_factory=DocumentReaderModel)
    camera: CameraModel = field(default_factory=CameraModel)
    indicator: IndicatorModel = field(default_factory=IndicatorModel)
    printer: PrinterModel = field(default_factory=PrinterModel)


@dataclass(frozen=True, slots=True)
class LaneIds:
    """The device ids of one lane."""

    reader: str
    camera: str
    indicator: str
    printer: str

    @classmethod
    def of(cls, lane_id: str) -> LaneIds:
        """Return the ids that simulated lanes use."""
        return cls(*(f"{lane_id}-sim-{part}" for part in ("reader", "camera", "lamp", "printer")))


AgentOutput: TypeAlias = wire.AgentMessage | AgentUnplugged
"""A message to send, or the order to drop the connection."""


class AgentInterface:
    """Turns commands into what models do, and what models did into messages.

    Same models, same steps, same `run_id`: same messages.
    """

    def __init__(
        self,
        lane_id: str,
        models: LaneModels,
        *,
        run_id: str,
        claims: wire.Provenance = wire.Provenance.SIMULATED,
        has_camera: bool = True,
    ) -> None:
        """Speak for `models`; `run_id` keeps event ids apart from those of other runs.

        Without a camera the lane is to have one from elsewhere.
        """
        self._lane_id = lane_id
        self._models = models
        self._run_id = run_id
        self._claims = claims
        self._has_camera = has_camera
        self.ids = LaneIds.of(lane_id)
        self.fault: Fault | None = None
        self._events = 0
        self._sequences: dict[str, int] = {}

    def connected(self, now: datetime) -> tuple[wire.AgentEvent, ...]:
        """Return what to say after the welcome of a new connection."""
        self._sequences = {}
        self._models.camera.stop()
        return tuple(
            wire.DeviceStateReported(self._header(device_id, now), wire.DeviceCondition.READY, None)
            for device_id in (self.ids.reader, self.ids.camera)
            if self._has_camera or device_id != self.ids.camera
        )

    def hello(self) -> wire.Hello:
        """Return the first message of a connection."""
        kinds = (
            (self.ids.reader, wire.Capability.DOCUMENT_READER, "document reader"),
            (self.ids.camera, wire.Capability.FACE_CAMERA, "face camera"),
            (self.ids.indicator, wire.Capability.INDICATOR, "indicator"),
            (self.ids.printer, wire.Capability.RECEIPT_PRINTER, "receipt printer"),
        )
        return wire.Hello(
            protocol=wire.PROTOCOL_VERSION,
            agent="simulated lane 1",
            lane_id=self._lane_id,
            devices=tuple(
                wire.DeviceDeclaration(device_id, capability, f"simulated {model}", self._claims)
                for device_id, capability, model in kinds
                if self._has_camera or capability is not wire.Capability.FACE_CAMERA
            ),
        )

    def take(self, message: wire.ServiceMessage) -> tuple[wire.AgentMessage, ...]:
        """Obey a message of the service; returns what to answer at once."""
        match message:
            case wire.Ping():
                return () if self.fault is Fault.SILENT else (wire.Pong(message.token),)
            case wire.Capture():
                self._models.camera.capture(message.nonce, message.timeout_ms / 1000)
            case wire.Cancel():
                self._models.camera.cancel(message.nonce)
            case wire.Indicate():
                self._models.indicator.show(message.signal, message.session_id)
            case wire.Print():
                self._models.printer.print_receipt(message.print_id, message.receipt)
            case wire.Welcome() | wire.Ack() | wire.Error():
                pass  # of the connection, not of the hardware
            case _:
                assert_never(message)
        return ()

    @property
    def is_moving(self) -> bool:
        """Whether step() would bring anything further."""
        models = self._models
        return models.reader.is_moving or models.camera.is_moving or models.printer.is_moving

    def inject(self, fault: Fault) -> None:
        """Break something until clear()."""
        self.fault = self._models.camera.fault = self._models.printer.fault = fault

    def clear(self, now: datetime) -> tuple[wire.AgentMessage, ...]:
        """Repair everything; returns what to say about it."""
        was_unplugged = self.fault is Fault.UNPLUGGED_IN_CAPTURE
        self.fault = self._models.camera.fault = self._models.printer.fault = None
        if not was_unplugged:
            return ()
        header = self._header(self.ids.camera, now)
        return (wire.DeviceStateReported(header, wire.DeviceCondition.READY, None),)

    def step(self, dt: float, now: datetime) -> tuple[AgentOutput, ...]:
        """Move the models on by `dt` seconds; `now` is what their clock says afterwards."""
        models = self._models
        outputs: list[AgentOutput] = []
        for document in models.reader.step(dt):
            header = self._header(self.ids.reader, now)
            outputs += self._sent(wire.DocumentScanned(header, document.mrz_lines, document.pages))
        for output in models.camera.step(dt):
            outputs += self._camera_said(output, now)
        models.indicator.step(dt)
        outputs += [
            wire.PrintResult(self.ids.printer, done.print_id, done.code)
            for done in models.printer.step(dt)
        ]
        return tuple(outputs)

    def _camera_said(self, output: CameraOutput, now: datetime) -> list[AgentOutput]:
        camera = self.ids.camera
        match output:
            case AgentUnplugged():
                return [output]
            case CameraUnplugged():
                return self._sent(
                    wire.DeviceStateReported(
                        self._header(camera, now), wire.DeviceCondition.FAULTED, "unplugged"
                    )
                )
            case PictureTaken():
                return self._sent(
                    wire.FaceCaptured(
                        self._header(camera, now), self._nonce(output.nonce), output.picture
                    )
                )
            case CaptureGaveUp():
                return self._sent(
                    wire.CaptureFailed(
                        self._header(camera, now), self._nonce(output.nonce), output.code
                    )
                )
            case _:
                assert_never(output)

    def _nonce(self, asked: str) -> str:
        return FOREIGN_NONCE if self.fault is Fault.WRONG_NONCE else asked

    def _sent(self, event: wire.AgentEvent) -> list[AgentOutput]:
        return [event, event] if self.fault is Fault.DUPLICATE_EVENT else [event]

    def _header(self, device_id: str, now: datetime) -> wire.EventHeader:
        self._events += 1
        if self.fault is Fault.OUT_OF_ORDER:
            sequence = FIRST_SEQUENCE
        else:
            sequence = self._sequences.get(device_id, FIRST_SEQUENCE - 1) + 1
            self._sequences[device_id] = sequence
        return wire.EventHeader(device_id, f"{self._run_id}-{self._events}", sequence, now)
