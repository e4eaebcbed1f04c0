"""One lane with a simulated agent: what the lamp shows, and that nothing stops the lane."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from session_stand import POLICY, Stand, codes, lines_of, picture, until, with_times

import kiosk_api.lanes.controller as controller_module
from devices.commands import Signal
from devices.credentials import AgentCredential
from devices.gateway import DeviceGateway
from devices.readings import Capability, Provenance
from devices.supervisor import DeviceSupervisor
from devices.transports.messages import CloseCode, ConnectionClosedError, MemoryConnection
from kiosk_api.core.decision import Outcome
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.lanes.board import LaneBoard
from kiosk_api.lanes.controller import LaneController
from kiosk_api.sessions.live import LiveSession, Told
from simulators.hosts.agent_client import ShownSignal, SimulatedAgent
from simulators.hosts.channel import AgentChannel, ChannelClosedError
from simulators.models.faults import Fault

LANE = "lane-1"
SECONDS = 5.0


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


class Lane:
    """A stand whose lane-1 has an agent."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.supervisor = DeviceSupervisor([LANE])
        gateway = DeviceGateway(self.supervisor)
        credential = AgentCredential("agent-1", LANE, Provenance.DEVICE, frozenset(Capability))
        self._serving: list[asyncio.Task[str]] = []

        async def connect(_: float) -> AgentChannel:
            ours, theirs = MemoryConnection.pair()
            self._serving.append(asyncio.ensure_future(gateway.serve(ours, credential)))
            return MemoryChannel(theirs)

        self.agent = SimulatedAgent(LANE, connect, claims=Provenance.DEVICE)
        controller = LaneController(LANE, self.supervisor, stand.service, LaneBoard())
        self.running = asyncio.ensure_future(controller.run())

    async def stop(self) -> None:
        await self.agent.disconnect()
        self.running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.running
        await self.supervisor.release()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def shown(self, *signals: Signal) -> ShownSignal:
        return await self.agent.wait_signal(signals, timeout=SECONDS)

    async def visit(self, order: str = "same", lines: tuple[str, ...] | None = None) -> Told:
        """A whole visit; the answer of the session that the lamp names."""
        self.agent.set_face(picture(order))
        await self.agent.present_document(lines or lines_of())
        return self.told(await self.shown(Signal.PROCEED, Signal.SEE_OFFICER))

    def told(self, shown: ShownSignal) -> Told:
        live = self.stand.service.find(shown.session_id or "")
        assert live is not None
        assert live.told is not None
        admitted = live.told.decision.outcome is Outcome.ADMIT
        assert (shown.signal is Signal.PROCEED) == admitted
        return live.told


@pytest.fixture
async def lane(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lane]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.setattr(controller_module, "_IN_SERVICE_CHECK_SECONDS", 0.05)
    monkeypatch.setattr(controller_module, "_RESULT_SECONDS", 0.5)
    pool = WorkerPool("odd_worker")
    await pool.start()
    stand = Stand(tmp_path)
    stand.policy = with_times(capture_step=0.5)
    await stand.start(pool)
    lane = Lane(stand)
    await lane.agent.connect()
    yield lane
    await lane.stop()
    await stand.stop()
    stand.engine.dispose()
    await pool.close()


async def test_a_member_is_let_through_and_the_lane_is_ready_again(lane: Lane) -> None:
    await lane.shown(Signal.READY)
    told = await lane.visit()
    assert told.decision.outcome is Outcome.ADMIT, codes(told)
    receipt = await lane.agent.wait_receipt(timeout=SECONDS)
    assert receipt.outcome == "ADMIT"
    assert "ARKFREITH" not in " ".join(receipt.lines).upper()
    await lane.shown(Signal.READY)
    assert codes(await lane.visit("other")) == {"face_differs"}


async def test_a_document_that_is_not_understood_is_asked_for_again(lane: Lane) -> None:
    lane.agent.set_face(picture("same"))
    await lane.agent.present_document(("NOT A ZONE",))
    await lane.shown(Signal.PRESENT_AGAIN)
    assert (await lane.visit()).decision.outcome is Outcome.ADMIT
    for _ in range(POLICY.maximum_scans - 1):
        await lane.agent.present_document(("NOT A ZONE",))
        await lane.shown(Signal.PRESENT_AGAIN)
    assert "document_unreadable" in codes(await lane.visit(lines=("NOT A ZONE",)))


@pytest.mark.parametrize(
    ("fault", "reasons"),
    [
        (Fault.FREEZE, {"capture_timed_out"}),
        (Fault.UNPLUGGED_IN_CAPTURE, {"device_error", "device_lost"}),
        (Fault.GARBAGE_IMAGE, {"matcher_failed", "device_error", "face_not_measured"}),
        (Fault.WRONG_NONCE, {"device_lost", "device_error", "capture_timed_out"}),
    ],
)
async def test_a_camera_that_fails_refers_and_the_next_traveler_is_served(
    lane: Lane, fault: Fault, reasons: set[str]
) -> None:
    lane.agent.inject(fault)
    lane.agent.set_face(picture("same"))
    await lane.agent.present_document(lines_of())
    await until(lambda: _last(lane) is not None and _last(lane).told is not None)
    told = _last(lane).told
    assert told is not None
    assert told.decision.outcome is Outcome.REFER
    assert codes(told) & reasons, codes(told)
    if lane.agent.is_connected:
        await lane.shown(Signal.SEE_OFFICER)
    else:
        await lane.agent.connect()
    await lane.agent.clear()
    assert (await lane.visit()).decision.outcome is Outcome.ADMIT


def _last(lane: Lane) -> LiveSession:
    sessions = lane.stand.service._sessions
    return next(reversed(sessions.values())) if sessions else None  # type: ignore[return-value]


async def test_a_cable_pulled_in_mid_capture_refers(lane: Lane) -> None:
    lane.agent.inject(Fault.DISCONNECT_IN_CAPTURE)
    lane.agent.set_face(picture("same"))
    await lane.agent.present_document(lines_of())
    await lane.agent.wait_disconnected(timeout=SECONDS)
    await until(lambda: _last(lane).told is not None)
    told = _last(lane).told
    assert told is not None
    assert codes(told) >= {"device_lost"}
    await lane.agent.connect()
    await lane.agent.clear()
    assert (await lane.visit()).decision.outcome is Outcome.ADMIT


async def test_a_second_document_before_the_camera_answers_refers(lane: Lane) -> None:
    lane.agent.inject(Fault.FREEZE)
    await lane.agent.present_document(lines_of())
    await lane.shown(Signal.LOOK_AT_CAMERA)
    await lane.agent.present_document(lines_of("XQ0000002"))
    told = lane.told(await lane.shown(Signal.SEE_OFFICER))
    assert "second_document" in codes(told)


async def test_a_bug_at_one_traveler_is_not_the_next_ones(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Any:
        raise RuntimeError("ARKFREITH")

    with monkeypatch.context() as patch:
        patch.setattr(controller_module, "face_event", fail)
        told = await lane.visit()
    assert codes(told) >= {"device_error"}
    assert (await lane.visit()).decision.outcome is Outcome.ADMIT


async def test_a_lane_that_cannot_record_shows_so_and_comes_back_by_itself(lane: Lane) -> None:
    lane.stand.disk.failing["write"] = 28  # ENOSPC
    assert codes(await lane.visit()) == {"journal_unavailable"}
    await lane.shown(Signal.OUT_OF_SERVICE)
    await lane.agent.present_document(lines_of())  # nobody is served now
    await asyncio.sleep(0.1)
    assert lane.stand.service.active(LANE) is None
    lane.stand.disk.failing.clear()
    await lane.shown(Signal.READY)
    assert (await lane.visit()).decision.outcome is Outcome.ADMIT


async def test_a_session_over_http_keeps_the_lane_to_itself(lane: Lane) -> None:
    live = await lane.stand.service.open(LANE, via="http")
    await lane.agent.present_document(lines_of())
    await asyncio.sleep(0.2)
    assert lane.stand.service.active(LANE) is live
    assert not lane.running.done()
    from kiosk_api.core.evidence import Fault as SessionFault
    from kiosk_api.core.evidence import FaultKind, Stage

    await lane.stand.service.fault(live, SessionFault(FaultKind.CANCELLED, Stage.DOCUMENT))
    assert (await lane.visit()).decision.outcome is Outcome.ADMIT
