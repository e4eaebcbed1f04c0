"""Connections without a request: heads that do not end, heads without a limit, too many of them."""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import resource
import time
from collections.abc import AsyncIterator
from typing import Any

import psutil
import pytest
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from kiosk_api import http_server as server_module
from kiosk_api.http_server import BoundedProtocol, http_server, raise_descriptor_limit

GET = b"GET / HTTP/1.1\r\nHost: kiosk\r\n\r\n"
HEAD_SECONDS = 0.4


async def _answer(request: Request) -> PlainTextResponse:
    await asyncio.sleep(float(request.query_params.get("seconds", 0)))
    return PlainTextResponse("here")


async def _echo(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(text)


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(server_module, "HEAD_SECONDS", HEAD_SECONDS)
    app = Starlette(
        routes=[Route("/", _answer, methods=["GET", "POST"]), WebSocketRoute("/socket", _echo)]
    )
    server = http_server(app)
    server.config.port = 0
    serving = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn tells nobody
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


class Client:
    """A connection on which anything can be sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def status(self) -> int:
        """The next answer's status, 0 when the connection was closed instead."""
        try:
            async with asyncio.timeout(5):
                head = await self._reader.readuntil(b"\r\n\r\n")
                lengths = re.findall(rb"content-length: (\d+)", head.lower())
                await self._reader.readexactly(int(lengths[0]) if lengths else 0)
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0
        return int(head.split()[1])

    async def closed_after(self) -> float:
        """Seconds until the server closed the connection."""
        started = time.monotonic()
        async with asyncio.timeout(5):
            with contextlib.suppress(ConnectionError):
                while await self._reader.read(65536):
                    pass
        return time.monotonic() - started

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


class Clients:
    """Makes clients, and closes what is left of them."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._made: list[Client] = []

    async def connect(self, host: str = "127.0.0.1") -> Client:
        self._made.append(
            Client(*await asyncio.open_connection("127.0.0.1", self.port, local_addr=(host, 0)))
        )
        return self._made[-1]

    async def close(self) -> None:
        for client in self._made:
            await client.close()


@pytest.fixture
async def clients(port: int) -> AsyncIterator[Clients]:
    clients = Clients(port)
    yield clients
    await clients.close()


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\nHost: kiosk\r\nX: a",
        # A body that nobody waits for any more holds no connection, either.
        b"GET / HTTP/1.1\r\nHost: kiosk\r\nContent-Length: 9\r\n\r\n",
    ],
)
async def test_a_connection_without_a_whole_request_is_closed(
    clients: Clients, begun: bytes
) -> None:
    client = await clients.connect()
    await client.send(begun)
    if begun.endswith(b"\r\n\r\n"):
        assert await client.status() == 200
        await client.send(b"a")
    assert HEAD_SECONDS * 0.5 < await client.closed_after() < HEAD_SECONDS + 1


async def test_a_head_that_drips_is_not_given_more_time(clients: Clients) -> None:
    client = await clients.connect()
    started = time.monotonic()
    closed = asyncio.ensure_future(client.closed_after())
    await client.send(GET[:10])
    while not closed.done() and time.monotonic() - started < 3:
        try:
            await client.send(b"a")
        except ConnectionError:
            break
        await asyncio.sleep(0.05)
    await closed
    assert time.monotonic() - started < HEAD_SECONDS + 1


async def test_the_head_of_a_further_request_has_its_own_time(clients: Clients) -> None:
    client = await clients.connect()
    for _ in range(4):
        await client.send(GET)
        assert await client.status() == 200
        await asyncio.sleep(HEAD_SECONDS / 2)  # longer in all than a head may take
    await client.send(GET[:10])
    assert await client.closed_after() < HEAD_SECONDS + 1


async def test_an_answer_may_take_longer_than_a_head(clients: Clients) -> None:
    client = await clients.connect()
    seconds = 2 * HEAD_SECONDS
    await client.send(f"GET /?seconds={seconds} HTTP/1.1\r\nHost: kiosk\r\n\r\n".encode())
    assert await client.status() == 200


@pytest.mark.parametrize("megabytes", [2, 60])
async def test_a_large_head_is_refused_and_not_kept(clients: Clients, megabytes: int) -> None:
    process = psutil.Process()
    before = process.memory_info().rss
    client = await clients.connect()
    await client.send(b"GET / HTTP/1.1\r\nHost: kiosk\r\nX: ")
    piece = b"a" * (1 << 18)
    sent = 0
    try:
        while sent < megabytes << 20:
            await client.send(piece)
            sent += len(piece)
        await client.send(b"\r\n\r\n")
    except ConnectionError:
        pass
    assert await client.status() in {0, 400, 431}
    assert process.memory_info().rss - before < 16 << 20


async def test_a_head_beyond_the_limit_is_told_so(clients: Clients) -> None:
    client = await clients.connect()
    await client.send(b"GET / HTTP/1.1\r\nHost: kiosk\r\nX: " + b"a" * (server_module.HEAD_BYTES))
    assert await client.status() == 400


async def test_what_is_no_request_after_an_answer_ends_the_connection(
    clients: Clients, caplog: pytest.LogCaptureFixture
) -> None:
    client = await clients.connect()
    await client.send(b"GET / HTTP/1.1\r\nHost: k\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert await client.status() == 200
    await client.send(b"ZZZ\r\n")
    assert await client.closed_after() < HEAD_SECONDS
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(("share", "elsewhere_too"), [(1.0, False), (0.5, True)])
async def test_too_many_connections_are_refused_and_the_others_go_on(
    clients: Clients,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    share: float,
    elsewhere_too: bool,
) -> None:
    monkeypatch.setattr(BoundedProtocol, "_warned_at", -math.inf)
    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", 8)
    monkeypatch.setattr(server_module, "SHARE_OF_ADDRESS", share)
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 5.0)
    async with websockets.connect(f"ws://127.0.0.1:{clients.port}/socket") as socket:
        working = await clients.connect()
        idle = [await clients.connect() for _ in range(int(8 * share) - 2)]
        await asyncio.sleep(0.05)
        for _ in range(5):
            assert await (await clients.connect()).status() == 503
        assert caplog.text.count("a connection was refused") == 1
        await working.send(GET)
        assert await working.status() == 200
        await socket.send("still here")
        assert await socket.recv() == "still here"
        elsewhere = await clients.connect("127.0.0.2")
        await elsewhere.send(GET)
        assert await elsewhere.status() == (200 if elsewhere_too else 503)
        await elsewhere.close()
        # Who leaves makes room.
        await idle.pop().close()
        await asyncio.sleep(0.05)
        again = await clients.connect()
        await again.send(GET)
        assert await again.status() == 200


async def test_a_websocket_lives_longer_than_a_head_may_take(clients: Clients) -> None:
    async with websockets.connect(f"ws://127.0.0.1:{clients.port}/socket") as socket:
        await asyncio.sleep(2 * HEAD_SECONDS)
        await socket.send("a" * 1_000_000)
        assert len(await socket.recv()) == 1_000_000


def test_connections_leave_descriptors_to_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[tuple[int, int]] = [(100, 100)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    assert server_module.most_connections() == 50
    limits.append((20_000, 20_000))
    assert server_module.most_connections() == server_module.MAX_CONNECTIONS
    limits.append((resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert server_module.most_connections() == server_module.MAX_CONNECTIONS


@pytest.mark.parametrize(
    ("given", "taken", "warned"),
    [
        ((256, 4096), (4096, 4096), False),
        ((1024, 1 << 20), (65_536, 1 << 20), False),
        ((1024, resource.RLIM_INFINITY), (65_536, resource.RLIM_INFINITY), False),
        ((1 << 20, 1 << 20), None, False),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), None, False),
        ((64, 512), (512, 512), True),
        ((512, 512), None, True),
    ],
)
def test_the_limit_on_descriptors_is_raised(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    given: tuple[int, int],
    taken: tuple[int, int] | None,
    warned: bool,
) -> None:
    calls: list[Any] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: given)
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: calls.append(limits))
    raise_descriptor_limit()
    assert calls == ([] if taken is None else [taken])
    assert ("file descriptors" in caplog.text) is warned


def test_the_service_uses_the_protocol_with_limits() -> None:
    config = http_server(Starlette()).config
    assert config.http is BoundedProtocol
    assert config.h11_max_incomplete_event_size == server_module.HEAD_BYTES
