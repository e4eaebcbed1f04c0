"""A simulated agent and the device gateway over a real WebSocket on the loopback interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from http import HTTPStatus

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from devices.commands import CaptureRequest, Signal
from devices.credentials import AgentCredential
from devices.drivers.agent.wire import MAX_MESSAGE_BYTES
from devices.events import DocumentScanned
from devices.gateway import DeviceGateway
from devices.readings import Capability, MediaType, Provenance
from devices.supervisor import DeviceSupervisor
from devices.testing.contracts import MRZ_LINES, PATIENCE, next_event
from devices.transports.messages import ConnectionClosedError, MessageConnection
from simulators.hosts.agent_client import SimulatedAgent
from simulators.hosts.channel import ChannelClosedError

LANE = "lane-1"
TOKEN = "of-the-agent"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100_000)


class SocketConnection(MessageConnection):
    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket

    async def receive(self, timeout: float) -> str | bytes:
        try:
            async with asyncio.timeout(timeout):
                return await self._socket.recv()
        except ConnectionClosed as error:
            raise ConnectionClosedError from error

    async def send(self, text: str, timeout: float) -> None:
        try:
            async with asyncio.timeout(timeout):
                await self._socket.send(text)
        except ConnectionClosed as error:
            raise ConnectionClosedError from error

    async def close(self, code: int, reason: str) -> None:
        await self._socket.close(code, reason)


@dataclass
class Service:
    supervisor: DeviceSupervisor
    server: Server
    ended: list[str] = field(default_factory=list)

    def agent(self, token: str = TOKEN) -> SimulatedAgent:
        port = self.server.sockets[0].getsockname()[1]
        return SimulatedAgent.over_websocket(
            f"ws://127.0.0.1:{port}/v1/devices/gateway", token, LANE
        )


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    supervisor = DeviceSupervisor([LANE])
    gateway = DeviceGateway(supervisor)
    credential = AgentCredential("a", LANE, Provenance.SIMULATED, frozenset(Capability))

    def authorise(socket: ServerConnection, request: Request) -> Response | None:
        if request.headers.get("Authorization") == f"Bearer {TOKEN}":
            return None
        return socket.respond(HTTPStatus.UNAUTHORIZED, "")

    async def handle(socket: ServerConnection) -> None:
        running.ended.append(await gateway.serve(SocketConnection(socket), credential))

    async with serve(
        handle, "127.0.0.1", 0, process_request=authorise, max_size=MAX_MESSAGE_BYTES
    ) as server:
        running = Service(supervisor, server)
        yield running
        await supervisor.release()


async def test_a_visit_over_a_websocket(service: Service) -> None:
    agent = service.agent()
    await agent.connect()
    agent.set_face(PNG)
    events = service.supervisor.events(LANE)
    presenting = asyncio.ensure_future(agent.present_document(MRZ_LINES))
    assert (await next_event(events, DocumentScanned)).scan.mrz_lines == MRZ_LINES
    assert (await presenting).code is None
    lane = service.supervisor.lane(LANE)
    assert lane.camera is not None
    capture = await lane.camera.capture(CaptureRequest("n"), timeout=PATIENCE)
    assert (capture.picture.media_type, capture.picture.data) == (MediaType.PNG, PNG)
    await lane.indicators[0].show(Signal.PROCEED, "s", timeout=PATIENCE)
    shown = await agent.wait_signal({Signal.PROCEED, Signal.SEE_OFFICER}, timeout=PATIENCE)
    assert shown.session_id == "s"
    assert agent.face_sent_at is not None
    assert 0 < shown.at - agent.face_sent_at < PATIENCE
    await agent.disconnect()


async def test_a_wrong_token_is_refused(service: Service) -> None:
    agent = service.agent("of-nobody")
    with pytest.raises(ChannelClosedError):
        await agent.connect()
    assert not agent.is_connected


async def test_a_service_that_goes_is_noticed(service: Service) -> None:
    agent = service.agent()
    await agent.connect()
    await service.supervisor.release()
    await agent.wait_disconnected(timeout=PATIENCE)
    assert service.ended == ["released"]
    await agent.disconnect()


async def test_what_is_shown_to_the_last_traveler_is_not_the_next_ones(service: Service) -> None:
    agent = service.agent()
    await agent.connect()
    (indicator,) = service.supervisor.lane(LANE).indicators
    await agent.present_document(MRZ_LINES)
    await indicator.show(Signal.PROCEED, "s-1", timeout=PATIENCE)
    await agent.wait_signal({Signal.PROCEED}, timeout=PATIENCE)
    await agent.present_document(MRZ_LINES)
    with pytest.raises(TimeoutError):
        await agent.wait_signal({Signal.PROCEED}, timeout=0.05)
    await agent.disconnect()
