"""What every page keeps: escaping, headers, cookies over https, forms that are ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI, Response
from sqlalchemy import Engine

from kiosk_api.access.accounts import AccountRole, create_account
from kiosk_api.access.browsers import BrowserBook, form_token
from kiosk_api.access.login import Login
from kiosk_api.app import create_app
from kiosk_api.clock import SystemClock
from kiosk_api.core.reasons import Language
from kiosk_api.lanes.board import LaneBoard
from kiosk_api.persistence.engine import open_database
from kiosk_api.persistence.migrations import upgrade
from kiosk_api.sealing import Keyring
from kiosk_api.sessions.guidance import GuidanceBoard
from kiosk_api.traveler import pages
from kiosk_api.traveler.texts import STEPS, TEXTS, Step
from kiosk_api.web.html import Html, html, join

PASSWORD = "a long enough passphrase"
KEYS = Keyring(bytes(32), bytes(32), Ed25519PrivateKey.generate())


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(tmp_path / "kiosk.db")
    upgrade(engine)
    now = datetime.now(UTC)
    create_account(engine, KEYS, "s1", AccountRole.SCREEN, PASSWORD, now, lane_id="lane-1")
    yield engine
    engine.dispose()


@pytest.fixture
def app(engine: Engine) -> FastAPI:
    app, clock = create_app(), SystemClock()
    app.state.browsers = BrowserBook(engine, KEYS, clock)
    app.state.login = Login(engine, KEYS, app.state.browsers, clock)
    app.state.boards = {"lane-1": LaneBoard()}
    app.state.sessions = SimpleNamespace(guidance=lambda _lane: GuidanceBoard())
    return app


@pytest.fixture
async def secure(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://kiosk.example") as client:
        yield client


def token_in(page: str) -> str:
    return page.split('name="form_token" value="')[1].split('"')[0]


async def sign_in(client: httpx.AsyncClient, target: str = "", name: str = "s1") -> httpx.Response:
    page = await client.get("/login", params={"next": target})
    fields = {"form_token": token_in(page.text), "name": name, "password": PASSWORD}
    return await client.post("/login", data={**fields, "next": target})


def test_what_is_put_into_a_page_cannot_become_markup() -> None:
    assert html("<p>{}</p>", "<b>&'\"") == "<p>&lt;b&gt;&amp;&#x27;&quot;</p>"
    assert html("<p>{}</p>", Html("<b>")) == "<p><b></p>"
    assert html('<a title="{x}">', x='" onclick="') == '<a title="&quot; onclick=&quot;">'
    assert isinstance(join([html("{}", 1), html("{}", 2)]), Html)
    # Text that was joined without us is text again.
    assert html("{}", "".join([Html("<b>")])) == "&lt;b&gt;"


async def test_over_https_cookies_are_secure_and_bound_to_the_host(
    secure: httpx.AsyncClient,
) -> None:
    answer = await sign_in(secure)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/screen/lane-1"
    cookie = next(
        value for value in answer.headers.get_list("set-cookie") if "kiosk_session=" in value
    )
    assert cookie.startswith("__Host-kiosk_session=")
    for attribute in ("; Secure", "; HttpOnly", "; SameSite=strict", "; Path=/"):
        assert attribute in cookie
    assert "Domain" not in cookie
    assert (await secure.get("/screen/lane-1")).status_code == 200


async def test_signing_in_again_ends_the_session_of_before(secure: httpx.AsyncClient) -> None:
    await sign_in(secure)
    before = secure.cookies["__Host-kiosk_session"]
    await sign_in(secure)
    after = secure.cookies["__Host-kiosk_session"]
    assert (await secure.get("/screen/lane-1")).status_code == 200
    secure.cookies.clear()
    for cookie, status in ((before, 401), (after, 200)):
        answer = await secure.get(
            "/screen/lane-1", headers={"cookie": f"__Host-kiosk_session={cookie}"}
        )
        assert answer.status_code == status


async def test_a_wrong_password_ends_no_session(secure: httpx.AsyncClient) -> None:
    await sign_in(secure)
    assert (await sign_in(secure, name="nobody")).status_code == 401
    assert (await secure.get("/screen/lane-1")).status_code == 200


async def test_over_https_cookies_are_taken_back_as_they_were_set(
    secure: httpx.AsyncClient,
) -> None:
    signed_in = await sign_in(secure)
    token = form_token(secure.cookies["__Host-kiosk_session"])
    signed_out = await secure.post("/logout", data={"form_token": token})
    assert signed_out.status_code == 303
    for answer, name in ((signed_in, "kiosk_login"), (signed_out, "kiosk_session")):
        (cookie,) = [c for c in answer.headers.get_list("set-cookie") if f"{name}=" in c]
        assert cookie.startswith(f"__Host-{name}=")
        for attribute in ("Max-Age=0", "Secure", "HttpOnly", "SameSite=strict", "Path=/"):
            assert f"; {attribute}" in cookie


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example", "/v1/lanes", "/officer/../x"]
)
async def test_signing_in_leads_to_no_other_place(secure: httpx.AsyncClient, target: str) -> None:
    assert (await sign_in(secure, target)).headers["location"] == "/screen/lane-1"


async def test_signing_in_needs_the_token_of_its_own_page(secure: httpx.AsyncClient) -> None:
    page = await secure.get("/login")
    secure.cookies.clear()
    fields = {"form_token": token_in(page.text), "name": "s1", "password": PASSWORD}
    assert (await secure.post("/login", data=fields)).status_code == 403
    assert (await secure.post("/login", json=fields)).status_code == 415
    many = {f"f{number}": "" for number in range(50)}
    assert (await secure.post("/login", data=many)).status_code == 400


async def test_pages_and_files_carry_the_policy(secure: httpx.AsyncClient) -> None:
    for path in ("/login", "/static/base.css", "/static/screen.js", "/static/nothing.js"):
        answer = await secure.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
    answer = await secure.get("/static/base.css")
    again = await secure.get("/static/base.css", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await secure.get("/static/..%2fpage.py")).status_code == 404


async def test_nobody_gets_in_without_signing_in(secure: httpx.AsyncClient) -> None:
    for path in ("/officer", "/screen/lane-1"):
        page = await secure.get(path, headers={"accept": "text/html"})
        assert (page.status_code, page.headers["location"]) == (303, f"/login?next={path}")
        assert (await secure.get(f"{path}/events")).status_code == 401
    secure.cookies.set("__Host-kiosk_session", "x" * 43)
    assert (await secure.get("/screen/lane-1")).status_code == 401


@pytest.mark.parametrize(("name", "kept"), [("s1", True), ("chief", False)])
async def test_only_a_screen_stays_signed_in_by_its_open_page(
    secure: httpx.AsyncClient,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    kept: bool,
) -> None:
    create_account(engine, KEYS, "chief", AccountRole.SUPERVISOR, PASSWORD, datetime.now(UTC))
    asked: list[bool] = []

    def stream(*_: object, keeps_signed_in: bool, **__: object) -> Response:
        asked.append(keeps_signed_in)
        return Response()

    monkeypatch.setattr(pages, "stream", stream)
    await sign_in(secure, name=name)
    assert (await secure.get("/screen/lane-1/events")).status_code == 200
    assert asked == [kept]


async def test_a_token_of_the_api_opens_no_page(secure: httpx.AsyncClient) -> None:
    answer = await secure.get("/screen/lane-1", headers={"authorization": "Bearer poe_x"})
    assert answer.status_code == 401


def test_every_signal_has_a_step_and_every_step_its_words() -> None:
    assert set(STEPS.values()) | {Step.LOST} == set(Step)
    for step in Step:
        assert set(TEXTS[step]) == set(Language)
        for words in TEXTS[step].values():
            # Read from two metres: a heading of at most three lines.
            assert 0 < len(words.heading) <= 42
            assert 0 < len(words.hint) <= 60
