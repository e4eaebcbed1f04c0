"""A real service with a simulated lane, and a real browser before it."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from kiosk_api.config import DataDir
from simulators.hosts.agent_client import SimulatedAgent
from simulators.people import CaptureKind, capture
from simulators.scenarios.accounts import DemoAccount, DemoAccounts, make_accounts
from simulators.scenarios.papers import mrz_lines, person_of, population_lines
from simulators.scenarios.schema import Document, load_book
from simulators.scenarios.service import (
    LANE,
    ServiceProcess,
    Tokens,
    free_port,
    make_tokens,
    seed,
)

CHROMIUM = shutil.which("chromium")
PORTRAIT = {"width": 1080, "height": 1920}
DESK = {"width": 1280, "height": 800}
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_MEMBER, _OTHER = "p01", "p02"

T = TypeVar("T")


@dataclass
class Stand:
    """The service, its lane, and the accounts of everybody."""

    data: DataDir
    service: ServiceProcess
    tokens: Tokens
    accounts: DemoAccounts
    agent: SimulatedAgent
    call: Callable[[Awaitable[Any]], Any]

    @property
    def url(self) -> str:
        return self.service.url

    def visit(self, *, live: str = _MEMBER) -> None:
        """The member's document, with somebody's face before the camera."""
        person = person_of(_MEMBER)
        self.agent.set_face(capture(person_of(live), CaptureKind.NEUTRAL, 0))
        lines = mrz_lines(person, Document(), datetime.now(UTC).date())
        self.call(self.agent.present_document(lines))

    def refer(self) -> None:
        """A traveler who is not the holder of the document."""
        self.visit(live=_OTHER)

    def restart(self, between: Callable[[], None] = lambda: None) -> None:
        """Stop the service, do something, start it again, connect the lane."""
        self.call(self.service.stop())
        between()
        self.call(self.service.start())
        self.call(self.agent.connect())

    def journal(self) -> list[dict[str, Any]]:
        return self.kiosk("journal", "show")["entries"]

    def kiosk(self, *words: str) -> Any:
        command = [sys.executable, "-m", "kiosk_api", *words, f"--data={self.data.root}", "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


@pytest.fixture(scope="session")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def call(work: Awaitable[T]) -> T:
        async def run() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(run(), loop).result(90)

    data = DataDir(tmp_path_factory.mktemp("kiosk"))
    data.root.chmod(0o700)
    people = [s for s in load_book() if s.traveler in {_MEMBER, _OTHER}]
    assert seed(data, population_lines(tuple(people), datetime.now(UTC)))
    service = ServiceProcess(data, free_port())
    tokens, accounts = make_tokens(data), make_accounts(data)
    agent = SimulatedAgent.over_websocket(service.gateway, tokens.agent, LANE)
    call(service.start())
    call(agent.connect())
    yield Stand(data, service, tokens, accounts, agent, call)
    call(agent.disconnect())
    call(service.stop())
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Desk:
    """Opens browsers that remember what their pages complained about."""

    chromium: Browser
    stand: Stand
    expected: tuple[str, ...] = ()
    complaints: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, account: DemoAccount, path: str, size: dict[str, int] = DESK) -> Page:
        """Sign in as somebody, through the form, and go to a page."""
        page = self.page(size)
        page.goto(f"{self.stand.url}{path}")
        sign_in(page, account)
        page.wait_for_url(f"**{path}")
        return page

    def page(self, size: dict[str, int] = DESK) -> Page:
        context = self.chromium.new_context(viewport=size)
        self.contexts.append(context)
        context.add_init_script(
            "addEventListener('securitypolicyviolation',"
            " e => console.error('policy violation: ' + e.violatedDirective + ' ' + e.blockedURI))"
        )
        page = context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("dialog", lambda _: self.complaints.append("a dialog"))
        return page

    def screen(self, size: dict[str, int] = PORTRAIT) -> Page:
        return self.open(self.stand.accounts.screen, f"/screen/{LANE}", size)

    def officer(self) -> Page:
        return self.open(self.stand.accounts.officer, "/officer")

    def _note(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@pytest.fixture
def desk(chromium: Browser, stand: Stand) -> Iterator[Desk]:
    """No test may leave a complaint of a page behind that it did not expect."""
    desk = Desk(chromium, stand)
    yield desk
    for context in desk.contexts:
        context.close()
    left = [text for text in desk.complaints if not any(e in text for e in desk.expected)]
    assert left == []


def sign_in(page: Page, account: DemoAccount) -> None:
    page.fill("#name", account.name)
    page.fill("#password", account.password)
    page.click("button.main")


def wait_step(page: Page, step: str, timeout: float = 15) -> None:
    page.wait_for_selector(f'body[data-step="{step}"]', timeout=timeout * 1000)


def waiting(page: Page) -> list[str]:
    """Ids of the cases on the queue's page."""
    return page.eval_on_selector_all("#cases a", "all => all.map(a => a.pathname.slice(-24))")


def new_case(stand: Stand, page: Page) -> str:
    """Have a traveler referred; the id of their case once the queue shows it."""
    before = set(waiting(page))
    stand.refer()
    page.wait_for_function(
        "before => [...document.querySelectorAll('#cases a')]"
        ".some(a => !before.includes(a.pathname.slice(-24)))",
        arg=list(before),
        timeout=15000,
    )
    (fresh,) = set(waiting(page)) - before
    return fresh


def service_log(stand: Stand) -> str:
    return Path(stand.service.log).read_text("utf-8")
