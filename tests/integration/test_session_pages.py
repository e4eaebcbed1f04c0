"""Sessions whose documents come as pictures, with workers that do as they are told."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from session_stand import CAMERA, READER, Stand, codes, lines_of, until

from kiosk_api.core.decision import Outcome
from kiosk_api.core.evidence import Light, LinesFrom, Measured, NotMeasured, Why
from kiosk_api.core.session import SessionState
from kiosk_api.intake.document_pages import PagePicture
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.journal.drafts import PictureRef
from kiosk_api.journal.pictures import FIRST_PAGE, Pictures, numbers_of
from kiosk_api.sessions.errors import EventReplayedError, SessionFinishedError
from kiosk_api.sessions.live import LiveSession
from kiosk_api.sessions.readings import DocumentEvent

OTHER = lines_of("XQ0000002", "Umber")


@pytest.fixture
async def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    faces, documents = WorkerPool("odd_worker"), WorkerPool("odd_document_worker", 2)
    await asyncio.gather(faces.start(), documents.start())
    stand = Stand(tmp_path)
    await stand.start(faces, documents)
    await until(lambda: documents.idle == 2)
    yield stand
    await stand.stop()
    await faces.close()
    await documents.close()


def page(
    order: str, lines: tuple[str, ...] | None = None, light: Light = Light.WHITE
) -> PagePicture:
    return PagePicture(light, " ".join((order, *(lines or lines_of()))).encode())


def pids(stand: Stand) -> set[int]:
    assert stand.service.document_pool is not None
    return set(stand.service.document_pool.pids)


async def scan(
    stand: Stand,
    live: LiveSession,
    *pages: PagePicture,
    lines: tuple[str, ...] = (),
    event_id: str | None = None,
) -> None:
    event = DocumentEvent(event_id or stand.next_id(), READER, lines, pages)
    await stand.service.document(live, event)


async def test_a_member_is_admitted_by_pictures_alone_and_none_is_kept(stand: Stand) -> None:
    live = await stand.open()
    await scan(stand, live, page("read"))
    assert live.session.state is SessionState.AWAITING_FACE
    told = await stand.show_face(live)
    assert told.decision.outcome is Outcome.ADMIT, codes(told)
    assert isinstance(told.evidence.document, Measured)
    optical = told.evidence.document.value.optical
    assert isinstance(optical, Measured)
    assert optical.value.lines_from is LinesFrom.PICTURE
    assert (live.pages, live.mrz_lines) == ((), ())
    assert not (stand.root / "pictures").exists()


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("copy", "paper_bright_under_ultraviolet"),
        ("die", "page_not_examined"),
        ("hang", "page_not_examined"),
    ],
)
async def test_what_speaks_against_a_page_refers_whoever_read_its_lines(
    stand: Stand, order: str, reason: str
) -> None:
    live = await stand.open()
    await scan(stand, live, page(order), lines=lines_of())
    told = await stand.show_face(live)
    assert reason in codes(told)


async def test_lines_that_the_picture_contradicts_refer(stand: Stand) -> None:
    live = await stand.open()
    await scan(stand, live, page("read", OTHER), lines=lines_of())
    assert "document_reading_contradicts" in codes(await stand.show_face(live))


async def test_a_poor_picture_is_asked_for_again_and_the_last_one_counts(stand: Stand) -> None:
    live = await stand.open()
    await scan(stand, live, page("blurred"))
    assert live.session.state is SessionState.AWAITING_DOCUMENT
    for _ in range(stand.policy.maximum_scans - 2):
        await scan(stand, live, page("unsure"))
        assert live.session.state is SessionState.AWAITING_DOCUMENT
    await scan(stand, live, page("unsure"))
    assert live.session.state is SessionState.AWAITING_FACE
    told = await stand.show_face(live)
    assert "document_read_unsure" in codes(told)


async def test_pictures_without_a_zone_refer_when_patience_ends(stand: Stand) -> None:
    live = await stand.open()
    for _ in range(stand.policy.maximum_scans):
        await scan(stand, live, page("glass"))
    assert live.told is not None
    assert codes(live.told) >= {"document_unreadable"}


async def test_a_worker_that_hangs_refers_within_the_document_step(stand: Stand) -> None:
    live = await stand.open()
    started = time.monotonic()
    await scan(stand, live, page("hang"))
    assert time.monotonic() - started < stand.policy.times.document_step.total_seconds() + 0.5
    assert live.told is not None
    assert codes(live.told) >= {"budget_exhausted"}
    assert live.told.evidence.document == NotMeasured(Why.DEADLINE)


async def test_an_officer_sees_the_page_of_a_referral(stand: Stand) -> None:
    live = await stand.open()
    pages = (page("read", OTHER), page("", light=Light.INFRARED))
    await scan(stand, live, *pages)
    sealer, session_id = live.sealer, live.session.session_id
    await stand.show_face(live)
    entry = stand.journal.find(session_id)
    assert entry is not None
    assert numbers_of(entry.body["pictures"], session_id) == (1, FIRST_PAGE, FIRST_PAGE + 1)
    kept = Pictures(stand.root / "pictures")
    assert [kept.read(sealer, session_id, FIRST_PAGE + n) for n in (0, 1)] == [
        each.data for each in pages
    ]
    raw = b"".join(path.read_bytes() for path in (stand.root / "pictures").iterdir())
    assert b"UMBER" not in raw


async def test_the_same_document_again_changes_nothing_and_another_one_refers(
    stand: Stand,
) -> None:
    live = await stand.open()
    await scan(stand, live, page("read"))
    await scan(stand, live, page("read"))  # the same bytes
    await scan(stand, live, page("copy"))  # another picture of it
    await scan(stand, live, page("glass"))  # taken away
    assert live.session.state is SessionState.AWAITING_FACE
    await scan(stand, live, page("read", OTHER))
    assert live.told is not None
    assert codes(live.told) >= {"second_document"}


async def test_a_second_scan_that_hangs_refers(stand: Stand) -> None:
    live = await stand.open()
    await scan(stand, live, page("read"))
    await scan(stand, live, page("hang"))
    assert live.told is not None
    assert codes(live.told) >= {"budget_exhausted"}


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (page("slow", OTHER), {"second_document"}),
        (page("slow"), set()),
        (page("hang"), {"budget_exhausted"}),
    ],
)
async def test_a_face_does_not_overtake_the_document_that_was_shown_before_it(
    stand: Stand, second: PagePicture, expected: set[str]
) -> None:
    live = await stand.open()
    await scan(stand, live, page("read"))
    looking = asyncio.ensure_future(scan(stand, live, second))
    await until(lambda: bool(live.looks))
    told = await stand.show_face(live)
    assert codes(told) == expected
    assert not told.over_budget
    with pytest.raises(SessionFinishedError):
        await looking


async def test_a_second_scan_that_costs_a_worker_refers_and_costs_no_other(stand: Stand) -> None:
    live = await stand.open()
    await scan(stand, live, page("read"))
    before = pids(stand)
    await scan(stand, live, page("die"))
    assert live.session.state is SessionState.AWAITING_FACE
    await until(lambda: not before <= pids(stand))  # the lost one is buried
    left = pids(stand)
    await scan(stand, live, page("die", OTHER))
    assert left <= pids(stand)
    told = await stand.show_face(live)
    assert codes(told) == {"page_not_examined"}


async def test_pictures_that_the_disk_does_not_take_in_time_hold_one_thread(
    stand: Stand,
) -> None:
    free, asked = threading.Event(), []

    class Stuck(Pictures):
        def keep(self, *arguments: Any) -> PictureRef:
            asked.append(arguments[-1])
            free.wait(30)
            raise OSError

    answerer = replace(stand.service.answerer, pictures=Stuck(stand.root / "pictures"))
    stand.service.answerer = answerer
    live = await stand.open()
    await scan(stand, live, page("copy"), page("", light=Light.INFRARED), lines=lines_of())
    told = await stand.show_face(live)
    free.set()
    assert told.decision.outcome is Outcome.REFER
    assert not told.over_budget
    assert asked == [1]


async def test_the_picture_belongs_to_the_event(stand: Stand) -> None:
    live = await stand.open()
    await scan(stand, live, page("blurred"), event_id="one")
    await scan(stand, live, page("blurred"), event_id="one")
    assert live.session.scans == 1  # the very same event
    await scan(stand, live, page("glass"), event_id="one")
    assert live.session.scans == 2  # its id alone proves nothing
    other = await stand.open("lane-2")
    with pytest.raises(EventReplayedError):
        await scan(stand, other, page("read"), event_id="one")


async def test_print_that_differs_counts_when_it_is_known_in_time(stand: Stand) -> None:
    live = await stand.open()
    await scan(stand, live, page("print-differs"))
    await until(lambda: any(each.findings for each in live.examined))
    assert "printed_zone_differs" in codes(await stand.show_face(live))
    agreeing = await stand.open()
    await scan(stand, agreeing, page("read"))
    told = await stand.show_face(agreeing)
    assert told.decision.outcome is Outcome.ADMIT


async def test_nothing_of_a_page_is_in_a_log(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    live = await stand.open()
    await scan(stand, live, page("read", OTHER))
    await stand.show_face(live, source=CAMERA)
    text = caplog.text + repr(live)
    for secret in ("UMBER", "XQ0000002", "Umber"):
        assert secret not in text
