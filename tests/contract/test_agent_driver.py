"""The agent driver against the simulators' agent: real wire text over a connection in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from devices.commands import OUTCOME_SIGNALS, CaptureRequest, Signal
from devices.credentials import AgentCredential
from devices.drivers.agent import wire
from devices.drivers.agent.driver import AgentTiming
from devices.errors import ErrorCode
from devices.events import DeviceLost, DeviceStateChanged, DocumentScanned
from devices.gateway import DeviceGateway
from devices.lifecycle import DeviceState
from devices.protocols import FaceCamera
from devices.readings import Assurance, Capability, MediaType, Picture, Provenance
from devices.supervisor import DeviceSupervisor
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
    within,
)
from devices.testing.harness import LaneHarness
from devices.transports.messages import CloseCode, ConnectionClosedError, MemoryConnection
from simulators.hosts.agent_client import SimulatedAgent
from simulators.hosts.channel import AgentChannel, ChannelClosedError
from simulators.interfaces.agent import LaneModels
from simulators.models.faults import Fault

LANE = "lane-1"
TIMING = AgentTiming(hello=0.5, send=1.0, heartbeat=0.2, pong=0.2)


class MemoryChannel(AgentChannel):
    """The agent's end of a connection in memory."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    async def receive(self, timeout: float) -> str | bytes:
        try:
            return await self._connection.receive(timeout)
        except ConnectionClosedError as error:
            raise ChannelClosedError from error

    async def send(self, text: str, timeout: float) -> None:
        try:
            await self._connection.send(text, timeout)
        except ConnectionClosedError as error:
            raise ChannelClosedError from error

    async def close(self) -> None:
        await self._connection.close(CloseCode.NORMAL, "")


class AgentLane(LaneHarness):
    """A gateway, and a simulated agent that connects to it."""

    def __init__(self, provenance: Provenance = Provenance.SIMULATED) -> None:
        self._supervisor = DeviceSupervisor([LANE])
        self.gateway = DeviceGateway(self._supervisor, timing=TIMING)
        self.credential = AgentCredential("agent-1", LANE, provenance, frozenset(Capability))
        self.models = LaneModels()
        self.serving: list[asyncio.Task[str]] = []
        self.agent = self.new_agent()

    def new_agent(self, claims: Provenance = Provenance.SIMULATED) -> SimulatedAgent:
        return SimulatedAgent(LANE, self.open_channel, models=self.models, claims=claims)

    async def open_channel(self, _: float) -> AgentChannel:
        ours, theirs = MemoryConnection.pair()
        self.serving.append(asyncio.ensure_future(self.gateway.serve(ours, self.credential)))
        return MemoryChannel(theirs)

    @property
    def supervisor(self) -> DeviceSupervisor:
        return self._supervisor

    @property
    def lane_id(self) -> str:
        return LANE

    @property
    def provenance(self) -> Provenance:
        return Provenance.SIMULATED

    @property
    def assurance(self) -> Assurance:
        return Assurance.CHANNEL

    @property
    def camera_needs_a_person(self) -> bool:
        return True

    async def place_document(self, mrz_lines: Sequence[str]) -> None:
        await self.agent.present_document(mrz_lines)

    async def place_page(self, picture: bytes) -> None:
        await self.agent.present_document((), pages=[Picture(MediaType.JPEG, picture)])

    async def put_face(self, picture: bytes) -> None:
        self.agent.set_face(picture)

    async def cut(self) -> None:
        await self.agent.disconnect()

    async def restore(self) -> None:
        await self.agent.connect()

    async def shown(self, *, timeout: float) -> tuple[Signal, str | None]:
        shown = await self.agent.wait_signal(OUTCOME_SIGNALS, timeout=timeout)
        return shown.signal, shown.session_id

    async def printed(self, *, timeout: float) -> str:
        return (await self.agent.wait_receipt(timeout=timeout)).outcome

    async def start(self) -> None:
        await self.agent.connect()

    async def stop(self) -> None:
        await self.agent.disconnect()
        await self.supervisor.release()
        await asyncio.gather(*self.serving)

    @property
    def camera(self) -> FaceCamera:
        camera = self.supervisor.lane(LANE).camera
        assert camera is not None
        return camera


@pytest.fixture
async def harness() -> AsyncIterator[AgentLane]:
    lane = AgentLane()
    await lane.start()
    yield lane
    await lane.stop()


class TestAgentDocumentReader(DocumentReaderContract):
    """The contract, on a reader behind an agent."""


class TestAgentFaceCamera(FaceCameraContract):
    """The contract, on a camera behind an agent."""


class TestAgentIndicator(IndicatorContract):
    """The contract, on an indicator behind an agent."""


class TestAgentReceiptPrinter(ReceiptPrinterContract):
    """The contract, on a printer behind an agent."""


async def capture_code(lane: AgentLane, *codes: ErrorCode, timeout: float = 0.6) -> str:
    error = await expect_error(lane.camera.capture(CaptureRequest("n"), timeout=timeout), *codes)
    return error.why


async def test_a_camera_that_freezes_runs_into_the_timeout(harness: AgentLane) -> None:
    harness.agent.set_face(FACE)
    harness.agent.inject(Fault.FREEZE)
    await within(0.3, capture_code(harness, ErrorCode.DEVICE_TIMEOUT, timeout=0.3))
    await harness.agent.clear()
    capture = await harness.camera.capture(CaptureRequest("again"), timeout=PATIENCE)
    assert capture.nonce == "again"


async def test_a_capture_bound_to_nobody_is_rejected_and_never_delivered(
    harness: AgentLane,
) -> None:
    harness.agent.set_face(FACE)
    harness.agent.inject(Fault.WRONG_NONCE)
    await capture_code(harness, ErrorCode.DEVICE_TIMEOUT)
    assert harness.agent.acks[-1].code is wire.Rejection.CAPTURE_UNBOUND


async def test_a_timeout_cancels_the_capture_at_the_camera(harness: AgentLane) -> None:
    harness.agent.set_face(FACE)
    harness.agent.inject(Fault.FREEZE)
    await capture_code(harness, ErrorCode.DEVICE_TIMEOUT, timeout=0.1)
    async with asyncio.timeout(PATIENCE):
        while harness.models.camera.is_moving:  # noqa: ASYNC110 - a model tells nobody
            await asyncio.sleep(0.01)
    await harness.agent.clear()
    harness.agent.acks.clear()
    capture = await harness.camera.capture(CaptureRequest("next"), timeout=PATIENCE)
    assert capture.nonce == "next"
    await asyncio.sleep(0.1)
    # Had the first one gone on, its answer would have been rejected here.
    assert [ack.outcome for ack in harness.agent.acks] == [wire.AckOutcome.ACCEPTED]


async def test_a_duplicate_is_acknowledged_and_not_delivered_again(harness: AgentLane) -> None:
    harness.agent.inject(Fault.DUPLICATE_EVENT)
    events = harness.supervisor.events(LANE)
    await harness.agent.present_document(MRZ_LINES)
    await next_event(events, DocumentScanned)
    await asyncio.sleep(0.05)
    assert harness.agent.acks[-1].outcome is wire.AckOutcome.DUPLICATE
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await anext(events)


async def test_a_sequence_that_goes_back_is_rejected(harness: AgentLane) -> None:
    harness.agent.inject(Fault.OUT_OF_ORDER)
    ack = await harness.agent.present_document(MRZ_LINES)
    assert ack.code is wire.Rejection.SEQUENCE_BACKWARDS


async def test_a_camera_unplugged_in_mid_capture_is_faulted_until_it_is_back(
    harness: AgentLane,
) -> None:
    harness.agent.set_face(FACE)
    events = harness.supervisor.events(LANE)
    harness.agent.inject(Fault.UNPLUGGED_IN_CAPTURE)
    assert await capture_code(harness, ErrorCode.DEVICE_FAULTED) == "unplugged"
    changed = await next_event(events, DeviceStateChanged)
    assert (changed.state, changed.code) == (DeviceState.FAULTED, "unplugged")
    assert await capture_code(harness, ErrorCode.DEVICE_FAULTED) == "unplugged"
    await harness.agent.clear()
    assert (await next_event(events, DeviceStateChanged)).state is DeviceState.READY
    assert (await harness.camera.capture(CaptureRequest("back"), timeout=PATIENCE)).nonce == "back"


async def test_a_disconnect_in_mid_capture_is_a_loss_at_once(harness: AgentLane) -> None:
    harness.agent.set_face(FACE)
    harness.agent.inject(Fault.DISCONNECT_IN_CAPTURE)
    await within(0.0, capture_code(harness, ErrorCode.DEVICE_LOST, timeout=60.0))
    await harness.agent.wait_disconnected(timeout=PATIENCE)
    with pytest.raises(ChannelClosedError):
        await harness.agent.wait_signal({Signal.PROCEED}, timeout=60.0)
    with pytest.raises(ChannelClosedError):
        await harness.agent.present_document(MRZ_LINES, timeout=60.0)


async def test_an_agent_that_does_not_answer_pings_is_lost(harness: AgentLane) -> None:
    events = harness.supervisor.events(LANE)
    harness.agent.inject(Fault.SILENT)
    lost = await next_event(events, DeviceLost)
    assert lost.why == "heartbeat_missed"
    assert await harness.serving[0] == "heartbeat_missed"
    await harness.agent.wait_disconnected(timeout=PATIENCE)


async def test_a_printer_without_paper_says_so(harness: AgentLane) -> None:
    harness.agent.inject(Fault.OUT_OF_PAPER)
    printer = harness.supervisor.lane(LANE).printer
    assert printer is not None
    error = await expect_error(
        printer.print_receipt(ReceiptPrinterContract.RECEIPT, timeout=PATIENCE),
        ErrorCode.PRINT_FAILED,
    )
    assert error.why == "out_of_paper"


async def test_a_newcomer_is_refused_while_the_old_one_lives(harness: AgentLane) -> None:
    newcomer = harness.new_agent()
    with pytest.raises(ChannelClosedError):
        await newcomer.connect(timeout=PATIENCE)
    assert newcomer.ended_by == "id_taken"
    assert harness.camera.lifecycle.state is DeviceState.READY
    await harness.agent.disconnect()
    await harness.serving[0]
    await newcomer.connect(timeout=PATIENCE)
    assert newcomer.is_connected
    await newcomer.disconnect()


async def test_a_replay_after_a_reconnect_is_a_duplicate(harness: AgentLane) -> None:
    ack = await harness.agent.present_document(MRZ_LINES)
    assert ack.outcome is wire.AckOutcome.ACCEPTED
    await harness.cut()
    await harness.serving[0]
    channel = await harness.open_channel(PATIENCE)
    hello = wire.Hello(
        1,
        "replayer",
        LANE,
        (
            wire.DeviceDeclaration(
                ack.device_id, Capability.DOCUMENT_READER, "reader", Provenance.SIMULATED
            ),
        ),
    )
    await channel.send(wire.encode(hello), PATIENCE)
    replay = SCAN_TEXT.replace("EVENT", ack.event_id).replace("DEVICE", ack.device_id)
    await channel.send(replay, PATIENCE)
    answers = [wire.decode_from_service(await channel.receive(PATIENCE)) for _ in range(2)]
    assert answers[1] == wire.Ack(ack.device_id, ack.event_id, wire.AckOutcome.DUPLICATE)
    await channel.close()


SCAN_TEXT = (
    '{"type":"document_scanned","device_id":"DEVICE","event_id":"EVENT","sequence":7,'
    '"captured_at":"2026-01-02T03:04:05Z","mrz_lines":["A","B"],"pages":[]}'
)


@pytest.mark.parametrize(
    ("claim", "credential", "bound"),
    [
        (Provenance.DEVICE, Provenance.SIMULATED, Provenance.SIMULATED),
        (Provenance.SIMULATED, Provenance.DEVICE, Provenance.SIMULATED),
        (Provenance.DEVICE, Provenance.FILE, Provenance.FILE),
        (Provenance.DEVICE, Provenance.DEVICE, Provenance.DEVICE),
    ],
)
async def test_the_more_adverse_of_claim_and_credential_wins(
    claim: Provenance, credential: Provenance, bound: Provenance
) -> None:
    lane = AgentLane(credential)
    lane.agent = lane.new_agent(claim)
    await lane.agent.connect()
    assert lane.camera.info.provenance is bound
    await lane.stop()


OTHER_LANE = (
    '{"type":"hello","protocol":1,"agent":"a","lane_id":"lane-2","devices":[{"device_id":"d",'
    '"capability":"face_camera","model":"m","provenance":"device"}]}'
)


@pytest.mark.parametrize(
    ("text", "ended_by", "close_code"),
    [
        ("", "not_json", CloseCode.PROTOCOL_ERROR),
        ('{"type":"pong","token":"x"}', "hello_expected", CloseCode.PROTOCOL_ERROR),
        (
            '{"type":"hello","protocol":2,"anything":"of the future"}',
            "unsupported_protocol",
            CloseCode.PROTOCOL_ERROR,
        ),
        (
            OTHER_LANE,
            "other_lane",
            CloseCode.POLICY_VIOLATION,
        ),
    ],
)
async def test_a_hello_that_breaks_the_rules_is_refused(
    text: str, ended_by: str, close_code: CloseCode
) -> None:
    lane = AgentLane()
    ours, theirs = MemoryConnection.pair()
    serving = asyncio.ensure_future(lane.gateway.serve(ours, lane.credential))
    await theirs.send(text, PATIENCE)
    answer = wire.decode_from_service(await theirs.receive(PATIENCE))
    assert answer == wire.Error(ended_by)
    assert await serving == ended_by
    assert (theirs.close_code, theirs.close_reason) == (close_code, ended_by)
    assert lane.supervisor.rows() == ()


async def test_without_a_hello_the_gateway_hangs_up() -> None:
    lane = AgentLane()
    ours, theirs = MemoryConnection.pair()
    ended_by = await within(TIMING.hello, lane.gateway.serve(ours, lane.credential))
    assert ended_by == "hello"
    assert theirs.close_code is not None


async def test_a_capability_that_the_credential_lacks_is_refused() -> None:
    lane = AgentLane()
    lane.credential = AgentCredential(
        "agent-1", LANE, Provenance.DEVICE, frozenset({Capability.INDICATOR})
    )
    with pytest.raises(ChannelClosedError):
        await lane.agent.connect(timeout=PATIENCE)
    assert lane.agent.ended_by == "capability"


async def test_garbage_in_mid_connection_is_a_loss_of_that_agent_alone(harness: AgentLane) -> None:
    events = harness.supervisor.events(LANE)
    channel = harness.agent._channel
    assert channel is not None
    await channel.send('{"type":"document_scanned"', PATIENCE)
    lost = await next_event(events, DeviceLost)
    assert lost.why == "not_json"
    assert await harness.serving[0] == "not_json"


async def test_scans_that_nobody_takes_are_refused_not_dropped() -> None:
    lane = AgentLane()
    lane._supervisor = DeviceSupervisor([LANE], scan_capacity=2)
    lane.gateway = DeviceGateway(lane._supervisor, timing=TIMING)
    await lane.agent.connect()
    codes = [(await lane.agent.present_document(MRZ_LINES)).code for _ in range(14)]
    accepted = codes.count(None)
    assert codes == [None] * accepted + [wire.Rejection.QUEUE_FULL] * (14 - accepted)
    assert 2 < accepted < 14
    await lane.agent.disconnect()
    events = lane.supervisor.events(LANE)
    scans = [await next_event(events, DocumentScanned) for _ in range(accepted)]
    assert [scan.scan.origin.sequence for scan in scans] == sorted(
        scan.scan.origin.sequence for scan in scans
    )
    await lane.stop()
