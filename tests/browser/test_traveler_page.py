"""The traveler's screen: what it shows, in which language, and how it comes back."""

from __future__ import annotations

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import DESK, PORTRAIT, Desk, Stand, wait_step
from playwright.sync_api import Page, expect

from kiosk_api.core.reasons import REASONS, Language
from kiosk_api.sites import load_site
from kiosk_api.traveler.texts import TEXTS, Step
from simulators.models.faults import Fault
from simulators.scenarios.papers import document_number, person_of
from simulators.scenarios.service import LANE

RECORD_STEPS = """
window.steps = [document.body.dataset.step];
new MutationObserver(() => window.steps.push(document.body.dataset.step))
  .observe(document.body, {attributeFilter: ["data-step"]});
"""


def heading(step: Step, language: Language = Language.ENGLISH) -> str:
    return TEXTS[step][language].heading


def steps(page: Page) -> list[str]:
    told: list[str] = page.evaluate("window.steps")
    return [step for before, step in zip([None, *told], told, strict=False) if step != before]


@pytest.fixture(autouse=True)
def lane_at_rest(stand: Stand) -> None:
    if not stand.agent.is_connected:
        stand.call(stand.agent.connect())
    stand.call(stand.agent.clear())


def test_every_language_can_be_chosen_at_any_time(desk: Desk) -> None:
    page = desk.screen()
    wait_step(page, "document")
    for language in Language:
        # Until one is chosen, everybody finds their own.
        expect(page.locator("main")).to_contain_text(heading(Step.DOCUMENT, language))
    for language in (Language.SPANISH, Language.FRENCH, Language.ENGLISH):
        button = page.locator(f"[data-language={language}]")
        expect(button).to_be_visible()
        button.click()
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(button).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#heading")).to_have_text(heading(Step.DOCUMENT, language))
        expect(page.locator("#also")).to_be_hidden()


def test_an_admitted_traveler_is_led_from_document_to_proceed(desk: Desk, stand: Stand) -> None:
    page = desk.screen()
    wait_step(page, "document")
    page.click("[data-language=es]")
    page.evaluate(RECORD_STEPS)
    stand.visit()
    wait_step(page, "proceed")
    expect(page.locator("#heading")).to_have_text(heading(Step.PROCEED, Language.SPANISH))
    expect(page.locator('[data-icon="proceed"]')).to_be_visible()
    wait_step(page, "document")  # nobody steps up: the answer gives way
    seen = steps(page)
    assert seen[0] == "document"
    assert seen[-2:] == ["proceed", "document"]
    assert set(seen) <= {"document", "wait", "camera", "proceed"}
    # The next traveler is asked for a language of their own.
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#also")).to_be_visible()


def test_a_referred_traveler_is_told_where_to_go_and_never_why(desk: Desk, stand: Stand) -> None:
    page = desk.screen()
    wait_step(page, "document")
    stand.refer()
    wait_step(page, "officer")
    expect(page.locator("#heading")).to_have_text(heading(Step.OFFICER))
    expect(page.locator('[data-icon="officer"]')).to_be_visible()
    shown = page.locator("body").inner_text()
    assert not [code for code in REASONS if code in shown]
    assert not [text.officer for text in REASONS.values() if text.officer in shown]


def test_an_unreadable_document_is_asked_for_again(desk: Desk, stand: Stand) -> None:
    page = desk.screen()
    wait_step(page, "document")
    stand.call(stand.agent.present_document(("NOT", "A ZONE")))
    wait_step(page, "again")
    expect(page.locator("#heading")).to_have_text(heading(Step.AGAIN))
    for _ in range(load_site("global_entry_airport").policy.maximum_scans - 1):
        stand.call(stand.agent.present_document(("NOT", "A ZONE")))
    wait_step(page, "officer")


def test_who_prefers_no_photo_sees_an_officer(desk: Desk, stand: Stand) -> None:
    page = desk.screen()
    wait_step(page, "document")
    expect(page.locator("#opt-out")).to_be_hidden()
    stand.agent.inject(Fault.SLOW)
    stand.visit()
    wait_step(page, "camera")
    page.click("#opt-out")
    wait_step(page, "officer")
    told = [e for e in stand.journal() if e["kind"] == "decision"][-1]
    (decision,) = stand.kiosk("explain", told["session_id"])["entries"]
    assert "opted_out" in [reason["code"] for reason in decision["reasons"]]
    cookies = {c["name"]: c["value"] for c in page.context.cookies()}
    url = f"{stand.url}/screen/{LANE}/opt-out"
    assert httpx.post(url, data={"a": ""}, cookies=cookies).status_code == 403


def test_reloaded_in_mid_session_it_shows_the_present_at_once(desk: Desk, stand: Stand) -> None:
    page = desk.screen()
    wait_step(page, "document")
    page.click("[data-language=fr]")
    stand.agent.inject(Fault.SLOW)
    stand.visit()
    wait_step(page, "camera")
    page.reload()
    assert page.locator("body").get_attribute("data-step") == "camera"
    expect(page.locator("#heading")).to_have_text(heading(Step.CAMERA, Language.FRENCH))
    wait_step(page, "proceed")


def test_opened_twice_both_show_the_same(desk: Desk, stand: Stand) -> None:
    first, second = desk.screen(), desk.screen(DESK)
    stand.agent.inject(Fault.SLOW)
    stand.visit()
    for page in (first, second):
        wait_step(page, "camera")
    for page in (first, second):
        wait_step(page, "proceed")


def test_a_broken_stream_says_one_moment_and_comes_back(desk: Desk, stand: Stand) -> None:
    desk.expected = ("Failed to load resource",)
    page = desk.screen()
    wait_step(page, "document")

    def while_it_is_gone() -> None:
        wait_step(page, "lost")
        expect(page.locator("#heading")).to_have_text(heading(Step.LOST))
        expect(page.locator("[data-language=es]")).to_be_visible()

    stand.restart(while_it_is_gone)
    wait_step(page, "document", 30)
    stand.visit()
    wait_step(page, "proceed")


def test_left_for_an_hour_it_still_serves(desk: Desk, stand: Stand) -> None:
    page = desk.page(PORTRAIT)
    page.clock.install()
    page.goto(f"{stand.url}/screen/{LANE}")
    page.fill("#name", stand.accounts.supervisor.name)
    page.fill("#password", stand.accounts.supervisor.password)
    page.click("button.main")
    wait_step(page, "document")
    page.click("[data-language=fr]")
    page.clock.fast_forward("01:00:00")
    page.clock.run_for(2000)
    wait_step(page, "document")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.clock.resume()
    stand.visit()
    wait_step(page, "proceed")


def test_a_lane_without_its_devices_is_closed_until_they_are_back(desk: Desk, stand: Stand) -> None:
    page = desk.screen()
    wait_step(page, "document")
    stand.call(stand.agent.disconnect())
    wait_step(page, "closed")
    expect(page.locator("#heading")).to_have_text(heading(Step.CLOSED))
    stand.call(stand.agent.connect())
    wait_step(page, "document")


def test_neither_page_nor_stream_hold_anything_about_the_traveler(desk: Desk, stand: Stand) -> None:
    page = desk.screen()
    wait_step(page, "document")
    cookies = {c["name"]: c["value"] for c in page.context.cookies()}
    heard: list[str] = []
    before = {entry["session_id"] for entry in stand.journal()}
    with httpx.stream(
        "GET", f"{stand.url}/screen/{LANE}/events", cookies=cookies, timeout=20
    ) as answer:
        assert answer.headers["cache-control"] == "no-store"
        lines = answer.iter_lines()
        heard.append(next(lines))
        stand.refer()
        for line in lines:
            heard.append(line)
            if "officer" in line:
                break
    wait_step(page, "officer")
    told = "\n".join(heard) + page.content() + str(page.evaluate("({...sessionStorage})"))
    person = person_of("p01")
    sessions = {entry["session_id"] for entry in stand.journal()} - before - {None}
    assert sessions
    personal = [
        person.surname.upper(),
        person.given_names.upper(),
        document_number(person),
        person.birth_date.isoformat(),
        *sessions,
        *REASONS,
    ]
    assert not [text for text in personal if text in told.upper() or text in told]


def test_others_do_not_get_the_screen(desk: Desk, stand: Stand) -> None:
    desk.expected = ("Failed to load resource",)
    refused = httpx.get(f"{stand.url}/screen/{LANE}/events")
    assert refused.status_code == 401
    page = desk.officer()
    answer = page.goto(f"{stand.url}/screen/{LANE}")
    assert answer is not None
    assert answer.status == 403
    screen = desk.screen()
    for path, status in ((f"{stand.url}/screen/lane-9", 403), (f"{stand.url}/officer", 403)):
        answer = screen.goto(path)
        assert answer is not None
        assert answer.status == status


@pytest.mark.parametrize("size", [PORTRAIT, DESK], ids=["portrait", "landscape"])
def test_every_step_is_accessible_and_fits(desk: Desk, size: dict[str, int]) -> None:
    page = desk.screen(size)
    wait_step(page, "document")
    page.route("**/events", lambda route: route.abort())
    for step in Step:
        for language in (None, *Language):
            page.evaluate(
                "([step, language]) => { document.body.dataset.step = step; }",
                [step, language],
            )
            if language is not None:
                page.click(f"[data-language={language}]")
            page.evaluate("step => { document.body.dataset.step = step; }", step)
            overflow = page.evaluate(
                "[...document.querySelectorAll('main, h1, #hint, #also, nav, .languages button')]"
                ".filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display "
                "!== 'inline').map(e => e.id || e.tagName)"
            )
            assert overflow == [], (step, language)
        result = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
        assert result.violations_count == 0, f"{step}: {result.generate_report()}"
    boxes = page.eval_on_selector_all(
        ".languages button", "all => all.map(b => b.getBoundingClientRect().height)"
    )
    assert min(boxes) >= 60  # a thumb, also of somebody who trembles
