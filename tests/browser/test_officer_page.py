"""The officer's console: signing in, the queue, a case, and what is recorded for ever."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Desk, Stand, new_case, service_log, sign_in, waiting
from playwright.sync_api import Page, expect

from kiosk_api.core.evidence import Light
from simulators.documents import Forgery
from simulators.people import CaptureKind, capture
from simulators.scenarios.accounts import DemoAccount
from simulators.scenarios.papers import document_number, person_of, scan_of
from simulators.scenarios.schema import Document, Pages

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}


@pytest.fixture(autouse=True)
def lane_at_rest(stand: Stand) -> None:
    stand.call(stand.agent.clear())


def cookies_of(page: Page) -> dict[str, str]:
    return {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}


def form_token(page: Page) -> str:
    token = page.locator("input[name=form_token]").first.get_attribute("value")
    assert token
    return token


def choose(page: Page, outcome: str, cause: str) -> None:
    page.check(f"input[name=outcome][value={outcome}]")
    page.check(f'input[name=cause][value="{outcome}.{cause}"]')


def entries(stand: Stand, session_id: str) -> list[str]:
    return [e["kind"] for e in stand.journal() if e["session_id"] == session_id]


def test_signing_in_wrong_and_right(desk: Desk, stand: Stand) -> None:
    desk.expected = ("Failed to load resource",)
    page = desk.page()
    page.goto(f"{stand.url}/officer")
    expect(page).to_have_url(re.compile(r"/login\?next=/officer$"))
    sign_in(page, DemoAccount(stand.accounts.officer.name, "wrong horse battery staple"))
    wrong = page.locator("[role=alert]").inner_text()
    sign_in(page, DemoAccount("nobody-of-this-name", "wrong horse battery staple"))
    assert page.locator("[role=alert]").inner_text() == wrong
    sign_in(page, stand.accounts.officer)
    expect(page).to_have_url(f"{stand.url}/officer")
    (cookie,) = [c for c in page.context.cookies() if c["name"] == "kiosk_session"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert len(cookie["value"]) >= 43
    assert stand.accounts.officer.password not in service_log(stand)


def test_a_form_without_its_token_is_refused(desk: Desk, stand: Stand) -> None:
    page = desk.officer()
    case = new_case(stand, page)
    cookies = cookies_of(page)
    url = f"{stand.url}/officer/cases/{case}/resolution"
    fields = {"outcome": "admit", "cause": "admit.same_person", "note": ""}
    for token in ({}, {"form_token": ""}, {"form_token": "0" * 64}):
        assert httpx.post(url, data=fields | token, cookies=cookies).status_code == 403
    # That of another browser is none.
    other = form_token(desk.officer())
    answer = httpx.post(url, data=fields | {"form_token": other}, cookies=cookies)
    assert answer.status_code == 403
    assert httpx.post(f"{stand.url}/logout", data={"a": ""}, cookies=cookies).status_code == 403
    assert httpx.post(f"{stand.url}/login", data={"name": "officer"}).status_code == 403
    assert httpx.post(url, data=fields).status_code == 401
    assert "resolution" not in entries(stand, case)


def test_the_queue_follows_without_reloading(desk: Desk, stand: Stand) -> None:
    page, other = desk.officer(), desk.officer()
    case = new_case(stand, page)
    row = page.locator(f'#cases a[href$="{case}"]')
    expect(row).to_contain_text("lane-1")
    expect(row).to_contain_text("The face is not similar enough")
    expect(row.locator("time")).to_have_text(re.compile(r"^\d+:\d\d$"))
    expect(other.locator(f'#cases a[href$="{case}"]')).to_be_visible()
    ages = page.eval_on_selector_all("#cases time", "all => all.map(t => t.dataset.since)")
    assert ages == sorted(ages)
    row.click()
    expect(page.locator("h1")).to_have_text(f"lane-1 {case[-6:]}")
    expect(page).to_have_title(re.compile(f"lane-1 {case[-6:]}"))
    choose(page, "secondary", "identity_doubted")
    page.click("#record")
    expect(page.locator(".done")).to_contain_text(
        f"On record: lane-1 {case[-6:]}, Secondary inspection"
    )
    assert case not in waiting(page)
    expect(other.locator(f'#cases a[href$="{case}"]')).to_have_count(0)


def test_the_pictures_of_the_document_are_shown_by_their_lights(desk: Desk, stand: Stand) -> None:
    page = desk.officer()
    before = set(waiting(page))
    person, today = person_of("p01"), datetime.now(UTC).date()
    scan = scan_of(person, Document(pages=Pages(forgery=Forgery.PHOTOCOPY)), today)
    stand.agent.set_face(capture(person, CaptureKind.NEUTRAL, 0))
    stand.call(stand.agent.present_document(scan.lines, pages=scan.pages, timeout=30))
    page.wait_for_function(
        "n => document.querySelectorAll('#cases a').length > n", arg=len(before), timeout=30_000
    )
    (case,) = set(waiting(page)) - before
    page.click(f'#cases a[href$="{case}"]')
    expect(page.locator(".sheet figcaption")).to_have_text(
        [f"picture {n}, {light} light" for n, light in enumerate(Light, start=1)], ignore_case=True
    )
    page.wait_for_function(
        "() => [...document.querySelectorAll('.sheet img')].every(i => i.naturalWidth > 100)"
    )
    assert {i.get_attribute("alt") for i in page.locator(".sheet img").all()} == {
        f"Page of the document: picture {n}, {light} light"
        for n, light in enumerate(Light, start=1)
    }
    expect(page.locator(".looks")).to_contain_text("shines blue-white, as ordinary paper does")
    found = Axe().run(page, options=WCAG).response["violations"]
    assert [rule["id"] for rule in found] == []


def test_pictures_are_side_by_side_and_every_view_is_recorded(desk: Desk, stand: Stand) -> None:
    page = desk.officer()
    case = new_case(stand, page)
    assert entries(stand, case) == ["decision"]
    page.click(f'#cases a[href$="{case}"]')
    pictures = page.locator(".picture img")
    expect(pictures).to_have_count(2)
    for index in range(2):
        page.wait_for_function(
            "i => document.querySelectorAll('.picture img')[i].naturalWidth > 100", arg=index
        )
    boxes = [pictures.nth(index).bounding_box() for index in range(2)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    person = person_of("p01")
    said = page.locator(".said").inner_text()
    assert person.surname.upper() in said
    assert document_number(person) in said
    expect(page.locator(".verdict")).to_contain_text("Not alike enough:")
    assert entries(stand, case) == ["decision", "viewed", "viewed", "viewed"]
    review = stand.kiosk("explain", case)
    assert {view["shown"] for view in review["views"]} == {"document", "live", "enrolled"}
    assert {view["officer"] for view in review["views"]} == {stand.accounts.officer.name}
    live = httpx.get(f"{stand.url}/officer/cases/{case}/pictures/live", cookies=cookies_of(page))
    assert live.headers["cache-control"] == "no-store"
    assert httpx.get(f"{stand.url}/officer/cases/{case}/pictures/live").status_code == 401
    screen = desk.screen()
    refused = httpx.get(
        f"{stand.url}/officer/cases/{case}/pictures/live", cookies=cookies_of(screen)
    )
    assert refused.status_code == 403


def test_a_picture_that_fails_does_not_read_as_none(desk: Desk, stand: Stand) -> None:
    desk.expected = ("Failed to load resource",)
    page = desk.officer()
    case = new_case(stand, page)
    page.route("**/pictures/live", lambda route: route.abort())
    page.goto(f"{stand.url}/officer/cases/{case}")
    expect(page.locator(".missing:visible")).to_have_text(
        "Picture could not be shown: open the case again"
    )


def test_a_resolution_needs_a_cause(desk: Desk, stand: Stand) -> None:
    page = desk.officer()
    case = new_case(stand, page)
    page.goto(f"{stand.url}/officer/cases/{case}")
    page.check("input[name=outcome][value=refuse]")
    page.click("#record")  # the browser asks for the cause
    expect(page).to_have_url(re.compile(f"{case}$"))
    # What the page asks for, the service checks.
    url = f"{stand.url}/officer/cases/{case}/resolution"
    token, cookies = form_token(page), cookies_of(page)
    for fields, told in (
        ({}, "Choose what becomes of the traveler"),
        ({"outcome": "refuse"}, "Choose a cause"),
        ({"outcome": "refuse", "cause": "admit.same_person"}, "Choose a cause"),
        ({"outcome": "refuse", "cause": "refuse.same_person"}, "belongs to the outcome"),
        ({"outcome": "refuse", "cause": "refuse.other", "note": "  "}, "needs one"),
        ({"outcome": "refuse", "cause": "refuse.another_person", "note": "x" * 501}, "longer"),
    ):
        answer = httpx.post(url, data={"form_token": token, **fields}, cookies=cookies)
        assert answer.status_code == 422, fields
        assert told in answer.text
    assert "resolution" not in entries(stand, case)


def test_only_the_first_of_two_officers_resolves(desk: Desk, stand: Stand) -> None:
    desk.expected = ("Failed to load resource",)
    first = desk.officer()
    case = new_case(stand, first)
    second = desk.open(stand.accounts.supervisor, "/officer")
    for page in (first, second):
        page.goto(f"{stand.url}/officer/cases/{case}")
    choose(first, "admit", "same_person")
    first.fill("#note", "Grew a beard <b>&amp;</b> wears glasses")
    first.click("#record")
    expect(first.locator(".done")).to_contain_text("Admit")
    choose(second, "refuse", "another_person")
    second.click("#record")
    expect(second.locator(".act")).to_contain_text("Already resolved")
    expect(second.locator(".act")).to_contain_text(f"Admit by {stand.accounts.officer.name} at")
    expect(second.locator("blockquote")).to_have_text("Grew a beard <b>&amp;</b> wears glasses")
    assert entries(stand, case).count("resolution") == 1
    explained = stand.kiosk("explain", case)
    assert explained["resolution"]["outcome"] == "admit"
    assert explained["resolution"]["cause"] == "same_person"
    # The kiosk's decision stays what it was.
    assert [entry["outcome"] for entry in explained["entries"]] == ["REFER"]
    segments = b"".join(p.read_bytes() for p in stand.data.journal.glob("*.jsonl"))
    assert b"beard" not in segments
    assert stand.kiosk("journal", "verify")["sound"]
    assert stand.kiosk("replay", "--all")["different"] == []


def test_the_queue_outlives_a_restart(desk: Desk, stand: Stand) -> None:
    desk.expected = ("Failed to load resource",)
    page = desk.officer()
    open_case, resolved = new_case(stand, page), new_case(stand, page)
    page.goto(f"{stand.url}/officer/cases/{resolved}")
    choose(page, "retry", "picture_again")
    page.click("#record")  # the face differs: the browser asks for the note
    expect(page).to_have_url(re.compile(f"{resolved}$"))
    page.fill("#note", "Sun in the lens")
    page.click("#record")
    expect(page.locator(".done")).to_be_visible()
    before = waiting(page)
    stand.restart()
    page.reload()  # and nobody has to sign in again
    assert waiting(page) == before
    assert open_case in before
    assert resolved not in before
    page.goto(f"{stand.url}/officer/cases/{resolved}")
    expect(page.locator(".act")).to_contain_text("Already resolved")


def test_signing_out_ends_the_session_everywhere(desk: Desk, stand: Stand) -> None:
    desk.expected = ("Failed to load resource",)
    page = desk.officer()
    queue = page.context.new_page()
    queue.goto(f"{stand.url}/officer")
    cookies = cookies_of(page)
    page.click("text=Sign out")
    expect(page).to_have_url(f"{stand.url}/login")
    # A page that is still open is sent to sign in; the cookie means nothing any more.
    queue.wait_for_url("**/login?next=**", timeout=15000)
    answer = httpx.get(f"{stand.url}/officer", cookies=cookies, headers={"accept": "text/html"})
    assert answer.status_code == 303
    assert httpx.get(f"{stand.url}/officer/events", cookies=cookies).status_code == 401


def test_every_page_is_accessible(desk: Desk, stand: Stand) -> None:
    page = desk.officer()
    case = new_case(stand, page)
    report = Axe().run(page, options=WCAG)
    assert report.violations_count == 0, report.generate_report()
    page.goto(f"{stand.url}/officer/cases/{case}")
    page.check("input[name=outcome][value=admit]")
    page.wait_for_load_state("networkidle")
    report = Axe().run(page, options=WCAG)
    assert report.violations_count == 0, report.generate_report()
    signed_out = desk.page()
    signed_out.goto(f"{stand.url}/login")
    report = Axe().run(signed_out, options=WCAG)
    assert report.violations_count == 0, report.generate_report()


def test_pages_let_nothing_in_from_elsewhere(desk: Desk, stand: Stand) -> None:
    page = desk.officer()
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    case = new_case(stand, page)
    front = page.request.get(f"{stand.url}/").headers["content-security-policy"]
    assert "frame-ancestors 'none'" in front
    for path in ("/officer", f"/officer/cases/{case}", "/static/queue.js"):
        answer = page.request.get(f"{stand.url}{path}")
        if answer.headers["content-type"].startswith("text/html"):
            page.goto(answer.url)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert requested
    assert all(url.startswith(stand.url) for url in requested)
