"""The officer's console on a real journal: what is shown, what is recorded, what a disk refuses."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from session_stand import READER, Stand, lines_of, until

from kiosk_api.core.evidence import Light
from kiosk_api.core.journal import EntryKind
from kiosk_api.core.review import Refusal
from kiosk_api.intake.document_pages import PagePicture
from kiosk_api.intake.workers import WorkerPool
from kiosk_api.journal.drafts import Shown
from kiosk_api.journal.pictures import FIRST_PAGE, Pictures
from kiosk_api.journal.reader import entries
from kiosk_api.journal.session_keys import DatabaseSessionKeys
from kiosk_api.review.service import (
    CaseFile,
    ResolutionRefusedError,
    ReviewError,
    ReviewProblem,
    ReviewService,
)
from kiosk_api.sessions.readings import DocumentEvent

ANNA, BERTA = "anna", "berta"


@pytest.fixture
async def pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WorkerPool]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    pool = WorkerPool("odd_worker")
    await pool.start()
    yield pool
    await pool.close()


@pytest.fixture
async def stand(tmp_path: Path, pool: WorkerPool) -> AsyncIterator[Stand]:
    stand = Stand(tmp_path)
    await stand.start(pool)
    yield stand
    await stand.stop()
    stand.engine.dispose()


@pytest.fixture
async def review(stand: Stand) -> AsyncIterator[ReviewService]:
    executor = ThreadPoolExecutor(2)
    yield await console(stand, executor)
    executor.shutdown()


async def console(stand: Stand, executor: ThreadPoolExecutor) -> ReviewService:
    review = ReviewService(
        policy=stand.policy,
        journal=stand.journal,
        repository=stand.repository,
        records=stand.records,
        keys=DatabaseSessionKeys(stand.engine, stand.keyring, stand.clock),
        pictures=Pictures(stand.root / "pictures"),
        find_live=stand.service.find,
        clock=stand.clock,
        executor=executor,
    )
    await review.start()
    stand.service.on_told = review.told
    return review


async def refer(stand: Stand) -> str:
    """A visit that is referred, until the database has the outcome, too."""
    live = await stand.open()
    await stand.scan(live)
    await stand.show_face(live, "other")
    session_id = live.session.session_id
    await until(lambda: session_id in stand.repository.referred())
    return session_id


def queue(review: ReviewService) -> list[str]:
    return [case.session_id for case in review.queue.waiting.cases]


def kinds(stand: Stand, session_id: str) -> list[str]:
    found = entries(stand.root / "journal")
    return [entry.header.kind.value for entry in found if entry.header.session_id == session_id]


async def test_the_page_of_a_document_is_seen_and_that_goes_on_record_first(
    stand: Stand, review: ReviewService
) -> None:
    live = await stand.open()
    white, infrared = (
        PagePicture(light, b"page in " + light.encode()) for light in list(Light)[:2]
    )
    event = DocumentEvent(stand.next_id(), READER, lines_of(), (white, infrared))
    await stand.service.document(live, event)
    await stand.show_face(live, "other")
    session_id = live.session.session_id
    await until(lambda: session_id in stand.repository.referred())
    numbers = await review.page_numbers(session_id)
    assert numbers == (FIRST_PAGE, FIRST_PAGE + 1)
    assert kinds(stand, session_id) == ["decision"]  # that there are some shows nothing
    seen = [await review.page_picture(session_id, number, ANNA) for number in numbers]
    assert seen == [white.data, infrared.data]
    assert (await review.live_picture(session_id, ANNA)).startswith(b"other")
    assert kinds(stand, session_id) == ["decision", "viewed", "viewed", "viewed"]
    for none in (1, FIRST_PAGE + 2):  # the first is the traveler's
        with pytest.raises(ReviewError) as caught:
            await review.page_picture(session_id, none, ANNA)
        assert caught.value.problem is ReviewProblem.NOT_KEPT
    assert await review.page_numbers(await refer(stand)) == ()


async def test_a_referral_waits_until_it_is_resolved_also_over_a_restart(
    stand: Stand, review: ReviewService, pool: WorkerPool
) -> None:
    await stand.visit()
    first, second = await refer(stand), await refer(stand)
    assert queue(review) == [first, second]
    done = await review.resolve(first, ANNA, outcome="admit", cause="same_person", note="a beard")
    assert queue(review) == [second]
    assert kinds(stand, first) == ["decision", "resolution"]
    assert b"a beard" not in b"".join(
        path.read_bytes() for path in (stand.root / "journal").iterdir()
    )
    assert await review.note(done, first) == "a beard"
    await stand.stop()
    await stand.start(pool)
    again = await console(stand, review.executor)  # type: ignore[arg-type]  # ours
    assert queue(again) == [second]
    file = await again.case(first)
    assert file.resolution == done


async def test_each_view_is_on_record_before_it_is_shown(
    stand: Stand, review: ReviewService
) -> None:
    session_id = await refer(stand)
    assert (await review.identity(session_id, ANNA)).mrz == lines_of()
    assert (await review.live_picture(session_id, ANNA)).startswith(b"other")
    assert (await review.enrolled_portrait(session_id, BERTA)).startswith(b"\xff\xd8")
    assert kinds(stand, session_id) == ["decision", "viewed", "viewed", "viewed"]
    stand.disk.failing["sync"] = errno.EIO
    for show in (review.identity, review.live_picture, review.enrolled_portrait):
        with pytest.raises(ReviewError) as caught:
            await show(session_id, ANNA)
        assert caught.value.problem is ReviewProblem.DISK


async def test_without_a_disk_nothing_is_resolved_and_the_case_stays(
    stand: Stand, review: ReviewService
) -> None:
    session_id = await refer(stand)
    stand.disk.failing["sync"] = errno.EIO
    with pytest.raises(ReviewError) as caught:
        await review.resolve(session_id, ANNA, outcome="admit", cause="same_person", note="")
    assert caught.value.problem is ReviewProblem.DISK
    assert queue(review) == [session_id]
    await until(lambda: not stand.journal.healthy)
    stand.disk.failing.clear()
    await until(lambda: stand.journal.healthy)
    await review.resolve(session_id, ANNA, outcome="admit", cause="same_person", note="")
    assert kinds(stand, session_id).count("resolution") == 1


async def test_the_second_officer_comes_too_late(stand: Stand, review: ReviewService) -> None:
    session_id = await refer(stand)
    await review.resolve(session_id, ANNA, outcome="admit", cause="same_person", note="")
    with pytest.raises(ReviewError) as caught:
        await review.resolve(session_id, BERTA, outcome="refuse", cause="another_person", note="")
    assert caught.value.problem is ReviewProblem.RESOLVED
    resolution = (await review.case(session_id)).resolution
    assert resolution is not None
    assert resolution.officer == ANNA


async def test_a_case_that_is_found_resolved_waits_no_longer(
    stand: Stand, review: ReviewService, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await refer(stand)
    unresolved, waiting = await review.case(session_id), review.queue.waiting.cases
    await review.resolve(session_id, ANNA, outcome="admit", cause="same_person", note="")
    review.queue.add(*waiting)  # as when the receipt came after the officer's patience
    assert (await review.case(session_id)).resolution is not None
    assert queue(review) == []

    async def too_early(*_: object) -> CaseFile:
        return unresolved

    review.queue.add(*waiting)
    monkeypatch.setattr(ReviewService, "case", too_early)
    with pytest.raises(ReviewError) as caught:
        await review.resolve(session_id, BERTA, outcome="admit", cause="same_person", note="")
    assert caught.value.problem is ReviewProblem.RESOLVED
    assert queue(review) == []


async def test_what_the_table_does_not_take_is_not_recorded(
    stand: Stand, review: ReviewService
) -> None:
    session_id = await refer(stand)
    with pytest.raises(ResolutionRefusedError) as caught:
        await review.resolve(session_id, ANNA, outcome="refuse", cause="", note="")
    assert caught.value.refusal is Refusal.CAUSE_MISSING
    assert EntryKind.RESOLUTION not in kinds(stand, session_id)


async def test_a_traveler_who_was_forgotten_is_not_shown(
    stand: Stand, review: ReviewService
) -> None:
    session_id = await refer(stand)
    review.keys.destroy(session_id)
    for show in (review.identity, review.live_picture, review.enrolled_portrait):
        with pytest.raises(ReviewError) as caught:
            await show(session_id, ANNA)
        assert caught.value.problem is ReviewProblem.NOT_KEPT
    assert await review.missing_pictures(session_id) == {Shown.LIVE, Shown.ENROLLED}
    assert kinds(stand, session_id) == ["decision"]
    file = await review.case(session_id)  # what names nobody is still there
    assert file.told.decision.reasons


async def test_only_a_picture_that_is_not_kept_is_missing(
    stand: Stand, review: ReviewService, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await refer(stand)
    assert await review.missing_pictures(session_id) == frozenset()
    assert kinds(stand, session_id) == ["decision"]  # nothing was shown
    monkeypatch.setattr(review.records, "portrait", lambda _: None)
    assert await review.missing_pictures(session_id) == {Shown.ENROLLED}

    def broken(_: str) -> bytes:
        raise OSError(errno.EIO, "disk")

    monkeypatch.setattr(review.records, "portrait", broken)
    assert await review.missing_pictures(session_id) == frozenset()


async def test_an_admitted_session_is_no_case(stand: Stand, review: ReviewService) -> None:
    live = await stand.open()
    await stand.scan(live)
    await stand.show_face(live, "same")
    for session_id in (live.session.session_id, "0" * 24):
        with pytest.raises(ReviewError) as caught:
            await review.case(session_id)
        assert caught.value.problem is ReviewProblem.NO_CASE
    assert queue(review) == []


async def test_a_referral_that_the_disk_did_not_take_yet_is_seen_but_not_resolved(
    stand: Stand, review: ReviewService
) -> None:
    live = await stand.open()
    await stand.scan(live)
    stand.disk.failing["sync"] = errno.EIO
    await stand.show_face(live, "other")
    session_id = live.session.session_id
    assert queue(review) == [session_id]
    assert not (await review.case(session_id)).is_on_record
    with pytest.raises(ReviewError) as caught:
        await review.resolve(session_id, ANNA, outcome="admit", cause="same_person", note="")
    assert caught.value.problem is ReviewProblem.NOT_ON_RECORD
    with pytest.raises(ReviewError) as caught:
        await review.live_picture(session_id, ANNA)
    assert caught.value.problem is ReviewProblem.NOT_ON_RECORD
    stand.disk.failing.clear()
    await until(lambda: stand.journal.find(session_id) is not None)
    assert (await review.case(session_id)).is_on_record
    await review.resolve(session_id, ANNA, outcome="admit", cause="same_person", note="")
