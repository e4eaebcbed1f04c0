"""From pictures of a page to facts, with workers that hang, die and lie."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from kiosk_api.core.evidence import (
    FaultKind,
    Light,
    LinesFrom,
    Measured,
    NotMeasured,
    PageOutcome,
    Why,
)
from kiosk_api.intake.document_pages import PagePicture, PagesReading, compare_print, read_pages
from kiosk_api.intake.workers import WorkerPool

TODAY = date(2026, 6, 1)
LINES = (
    "P<UTOARKFREITH<<THORDIS<<<<<<<<<<<<<<<<<<<<<",
    "XQ00000018UTO7408122F3004159<<<<<<<<<<<<<<08",
)
OTHER = (LINES[0], LINES[1].replace("XQ", "XP"))


@pytest.fixture
async def pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WorkerPool]:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    pool = WorkerPool("odd_document_worker", 2)
    await pool.start()
    yield pool
    await pool.close()


def page(order: str, lines: tuple[str, ...] = LINES, light: Light = Light.WHITE) -> PagePicture:
    return PagePicture(light, " ".join((order, *lines)).encode())


async def read(
    pool: WorkerPool | None,
    *pages: PagePicture,
    lines: tuple[str, ...] = (),
    seconds: float = 5.0,
) -> PagesReading:
    return await read_pages(pool, pages, lines, today=TODAY, deadline=time.monotonic() + seconds)


async def test_pictures_alone_give_lines_and_facts(pool: WorkerPool) -> None:
    found = await read(pool, page("read"), page("", light=Light.INFRARED))
    assert found.lines == LINES
    assert isinstance(found.optical, Measured)
    optical = found.optical.value
    assert optical.lights == (Light.WHITE, Light.INFRARED)
    assert (optical.lines_from, optical.template) == (LinesFrom.PICTURE, "TD3")
    assert isinstance(optical.mrz, Measured)
    assert (optical.mrz.value.accepted, optical.mrz.value.agrees_with_reader) == (True, None)
    assert [f.outcome for f in optical.findings] == [PageOutcome.PASSED] * 2
    assert not found.is_poor
    for secret in ("ARKFREITH", "XQ0000001"):
        assert secret not in repr(found)


@pytest.mark.parametrize(("told", "same"), [(LINES, True), (OTHER, False)])
async def test_the_lines_of_a_reader_are_held_against_the_picture(
    pool: WorkerPool, told: tuple[str, ...], same: bool
) -> None:
    found = await read(pool, page("read"), lines=told)
    assert isinstance(found.optical, Measured)
    assert found.optical.value.lines_from is LinesFrom.READER
    assert isinstance(found.optical.value.mrz, Measured)
    assert found.optical.value.mrz.value.agrees_with_reader is same
    assert found.contradicts is not same


@pytest.mark.parametrize(
    ("order", "why", "problem"),
    [
        ("blurred", Why.NOT_PRESENT, "blurred"),
        ("glass", Why.NOT_PRESENT, "no_zone"),
        ("late-inside", Why.DEADLINE, "out_of_time"),
    ],
)
async def test_a_picture_without_a_zone_is_poor(
    pool: WorkerPool, order: str, why: Why, problem: str
) -> None:
    found = await read(pool, page(order))
    assert isinstance(found.optical, Measured)
    assert found.optical.value.mrz == NotMeasured(why)
    assert (found.lines, found.is_poor) == ((), True)
    assert problem in found.problems


async def test_what_is_no_picture_is_not_measured(pool: WorkerPool) -> None:
    found = await read(pool, page("truncated"))
    assert found.optical == NotMeasured(Why.UNREADABLE)
    assert found.problems == ("picture_unreadable", "truncated")


async def test_a_worker_that_hangs_is_killed_at_the_deadline_and_replaced(
    pool: WorkerPool,
) -> None:
    before = set(pool.pids)
    started = time.monotonic()
    found = await read(pool, page("hang"), seconds=0.3)
    assert time.monotonic() - started < 1.5
    assert found.optical == NotMeasured(Why.DEADLINE)
    assert found.fault is not None
    assert found.fault.kind is FaultKind.BUDGET_EXHAUSTED
    assert (await read(pool, page("read"))).lines == LINES  # the spare
    for _ in range(1_000):  # it is buried while the spare reads
        if not before <= set(pool.pids):
            break
        await asyncio.sleep(0.01)
    assert not before <= set(pool.pids)


@pytest.mark.parametrize(
    "order",
    [
        "die",
        "garbage",
        "no-lines",
        "accepted-wrong",
        "other-question",
        "promised-portrait",
        "not-a-number",
        "escape",
        "told-name",
        "timed-name",
        "unknown",
    ],
)
async def test_a_worker_that_breaks_or_contradicts_itself_is_not_believed(
    pool: WorkerPool, order: str
) -> None:
    found = await read(pool, page(order))
    assert found.optical == NotMeasured(Why.ENGINE_FAILED)
    assert found.lines == ()


async def test_without_workers_or_time_nothing_is_measured(pool: WorkerPool) -> None:
    assert (await read(None, page("read"))).optical == NotMeasured(Why.ENGINE_FAILED)
    assert (await read(pool, page("read"), seconds=0)).optical == NotMeasured(Why.DEADLINE)


async def test_print_is_compared_by_a_worker_that_nobody_needs(pool: WorkerPool) -> None:
    while pool.idle < 2:  # noqa: ASYNC110  # nobody tells; the second one starts after the first
        await asyncio.sleep(0.02)
    finding = await compare_print(pool, (page("print-differs"),), today=TODAY)
    assert finding is not None
    assert finding.outcome is PageOutcome.SUSPICIOUS
    dark = page("print-differs", light=Light.INFRARED)
    assert await compare_print(pool, (dark,), today=TODAY) is None
    busy = [asyncio.ensure_future(read(pool, page("hang"), seconds=0.5)) for _ in range(2)]
    await asyncio.sleep(0.1)
    assert await compare_print(pool, (page("print-differs"),), today=TODAY) is None
    await asyncio.gather(*busy)
