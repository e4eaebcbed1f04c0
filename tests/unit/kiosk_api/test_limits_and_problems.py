"""What stands before every handler: bodies end, failures say nothing, all answers are problems."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.types import Message

from kiosk_api import limits, problems
from kiosk_api.limits import MAX_JSON_BYTES, MAX_PICTURE_BYTES, BodyLimit

_SECRET = "ARKFREITH<<THORDIS"


class Connection:
    """One request in pieces, and what came back."""

    def __init__(self, pieces: Iterable[bytes | None], *, pause: float = 0.0) -> None:
        self._pieces = list(pieces)  # None: the client goes away
        self._pause = pause
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        await asyncio.sleep(self._pause)
        if not self._pieces:
            return {"type": "http.disconnect"}
        piece = self._pieces.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces)}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def left(self) -> int:
        return len(self._pieces)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def json(self) -> Any:
        return json.loads(b"".join(message.get("body", b"") for message in self.sent[1:]))


def make_app() -> FastAPI:
    app = FastAPI()
    problems.install(app)
    app.state.bodies = []

    @app.post("/echo")
    async def echo(request: Request) -> int:
        body = await request.body()
        app.state.bodies.append(body)
        return len(body)

    @app.post("/fail")
    async def fail() -> None:
        raise RuntimeError(_SECRET)

    app.add_middleware(BodyLimit)
    app.add_middleware(problems.Failures)
    return app


async def post(
    app: FastAPI, connection: Connection, path: str = "/echo", media: str = "application/json"
) -> Connection:
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"content-type", media.encode())],
        "server": ("kiosk", 80),
        "client": ("client", 1),
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
    }
    await app(scope, connection.receive, connection.send)
    return connection


@pytest.mark.parametrize(
    ("media", "most"), [("application/json", MAX_JSON_BYTES), ("image/png", MAX_PICTURE_BYTES)]
)
async def test_a_body_may_be_as_long_as_the_limit(media: str, most: int) -> None:
    app = make_app()
    fits = await post(app, Connection([b"a" * (most - 1), b"b"]), media=media)
    assert (fits.status, fits.json) == (200, most)
    above = await post(app, Connection([b"a" * most, b"b"]), media=media)
    assert (above.status, above.json["code"]) == (413, "body_too_large")
    assert above.headers["content-type"] == problems.MEDIA_TYPE
    assert above.headers["connection"] == "close"
    assert len(app.state.bodies) == 1


async def test_what_is_too_long_is_read_on_but_not_kept() -> None:
    connection = Connection([b"a" * 100_000] * 50)
    assert (await post(make_app(), connection)).status == 413
    assert connection.left == 0


async def test_reading_on_has_an_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_DRAIN_BYTES", 300_000)
    connection = Connection([b"a" * 100_000] * 50)
    assert (await post(make_app(), connection)).status == 413
    assert connection.left > 40
    monkeypatch.setattr(limits, "_DRAIN_SECONDS", 0.05)
    slow = Connection([b"a" * 100_000] * 50, pause=0.02)
    assert (await post(make_app(), slow)).status == 413
    assert slow.left > 40


async def test_a_body_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_BODY_SECONDS", 0.05)
    app = make_app()
    connection = await post(app, Connection([b"a"] * 100, pause=0.01))
    assert (connection.status, connection.json["code"]) == (408, "body_too_slow")
    assert app.state.bodies == []


@pytest.mark.parametrize("pieces", [[None], [b"half", None], [b"a" * 70_000, b"", None]])
async def test_half_a_body_reaches_nobody(pieces: list[bytes | None]) -> None:
    app = make_app()
    connection = await post(app, Connection(pieces))
    assert app.state.bodies == []
    assert connection.sent == [] or connection.status == 413


async def test_a_failure_says_nothing_of_what_failed(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        connection = await post(make_app(), Connection([b""]), "/fail")
    assert connection.status == 500
    assert connection.json == {
        "type": "about:blank",
        "title": "internal error",
        "status": 500,
        "code": "internal_error",
        "errors": [],
    }
    assert connection.headers["content-type"] == problems.MEDIA_TYPE
    assert "RuntimeError at /fail" in caplog.text
    assert _SECRET not in caplog.text + str(connection.sent)
