"""The process that reads documents, as the service runs it, on rendered pages and bad pictures."""

from __future__ import annotations

import asyncio
import struct
import time
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from kiosk_api.core.evidence import (
    DocumentClass,
    Light,
    Measured,
    NotMeasured,
    PageOutcome,
    Why,
)
from kiosk_api.intake.document_pages import PagePicture, PagesReading, read_pages
from kiosk_api.intake.workers import WorkerPool
from simulators.documents import Forgery
from simulators.scenarios.papers import mrz_lines, person_of, scan_of
from simulators.scenarios.schema import Document, Pages

TODAY = datetime.now(UTC).date()
PERSON = person_of("p01")
LINES = mrz_lines(PERSON, Document(), TODAY)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WorkerPool]:
    trust = tmp_path_factory.mktemp("trust")
    setup = {"op": "setup", "trust": str(trust), "specimens": False, "aside": False}
    pool = WorkerPool("kiosk_api.intake.document_worker", 1, setup=setup)
    await pool.start()
    yield pool
    await pool.close()


@cache
def pages(lights: tuple[Light, ...] = tuple(Light), **how: Any) -> tuple[PagePicture, ...]:
    scan = scan_of(PERSON, Document(pages=Pages(lights=lights, **how)), TODAY)
    return tuple(PagePicture(Light(each.light.value), each.data) for each in scan.pages)


async def read(
    pool: WorkerPool, taken: tuple[PagePicture, ...], lines: tuple[str, ...] = ()
) -> PagesReading:
    # Patient: the machine may be busy, and how long it takes is measured elsewhere.
    return await read_pages(pool, taken, lines, today=TODAY, deadline=time.monotonic() + 20)


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_page_in_three_lights_is_read_and_passes(pool: WorkerPool) -> None:
    found = await read(pool, pages())
    assert found.lines == LINES
    assert isinstance(found.optical, Measured)
    assert isinstance(found.optical.value.mrz, Measured)
    assert found.optical.value.mrz.value.accepted
    outcomes = {finding.check: finding.outcome for finding in found.optical.value.findings}
    assert outcomes["mrz_in_infrared"] is PageOutcome.PASSED
    assert outcomes["dull_under_ultraviolet"] is PageOutcome.PASSED
    assert PageOutcome.SUSPICIOUS not in outcomes.values()
    assert found.portrait is not None
    assert found.portrait.startswith(b"\xff\xd8")


async def test_a_light_that_comes_again_begins_another_side(pool: WorkerPool) -> None:
    (empty,) = pages((Light.WHITE,), blur=30)
    found = await read(pool, (empty, *pages((Light.WHITE,))))
    assert found.lines == LINES


@pytest.mark.parametrize(("other", "contradicts"), [(False, False), (True, True)])
async def test_lines_are_held_against_the_picture(
    pool: WorkerPool, other: bool, contradicts: bool
) -> None:
    lines = mrz_lines(person_of("p02"), Document(), TODAY) if other else LINES
    found = await read(pool, pages((Light.WHITE,)), lines)
    assert found.contradicts is contradicts


@pytest.mark.parametrize(
    ("forgery", "check"),
    [
        (Forgery.ALTERED_DIGIT, "mrz_in_infrared"),
        (Forgery.PHOTOCOPY, "dull_under_ultraviolet"),
    ],
)
async def test_forgeries_are_suspicious(pool: WorkerPool, forgery: Forgery, check: str) -> None:
    found = await read(pool, pages(forgery=forgery))
    assert isinstance(found.optical, Measured)
    suspicious = {
        finding.check
        for finding in found.optical.value.findings
        if finding.outcome is PageOutcome.SUSPICIOUS
    }
    assert check in suspicious


async def test_a_copied_front_is_suspicious_beside_a_genuine_zone(pool: WorkerPool) -> None:
    def card(forgery: Forgery | None) -> tuple[PagePicture, ...]:
        document = Document(
            document_class=DocumentClass.TRUSTED_TRAVELER_CARD, pages=Pages(forgery=forgery)
        )
        taken = scan_of(PERSON, document, TODAY).pages
        return tuple(PagePicture(Light(each.light.value), each.data) for each in taken)

    def suspicious(found: PagesReading) -> list[str]:
        assert isinstance(found.optical, Measured)
        looks = found.optical.value.findings
        return [look.code for look in looks if look.outcome is PageOutcome.SUSPICIOUS]

    genuine, copied = card(None), card(Forgery.PHOTOCOPY)
    assert suspicious(await read(pool, genuine)) == []
    assert suspicious(await read(pool, genuine[:3] + copied[3:])) == ["paper_brightened"]


async def test_a_page_out_of_focus_is_poor_and_gives_no_lines(pool: WorkerPool) -> None:
    found = await read(pool, pages((Light.WHITE,), blur=30))
    assert (found.lines, found.is_poor) == ((), True)


def png(width: int, height: int) -> bytes:
    """A PNG that declares a size, and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8\xff", bytes(5000), png(60_000, 60_000), png(1, 1), b"ARKFREITH" * 20],
)
async def test_what_is_no_picture_costs_no_worker(pool: WorkerPool, data: bytes) -> None:
    before = pool.pids
    found = await read(pool, (PagePicture(Light.WHITE, data),))
    assert found.optical == NotMeasured(Why.UNREADABLE)
    assert "picture_unreadable" in found.problems
    assert pool.pids == before


async def test_one_broken_picture_does_not_spoil_the_others(pool: WorkerPool) -> None:
    (white,) = pages((Light.WHITE,))
    found = await read(pool, (white, PagePicture(Light.INFRARED, white.data[:4000])))
    assert found.lines == LINES
    assert isinstance(found.optical, Measured)
    infrared = [f for f in found.optical.value.findings if f.check == "mrz_in_infrared"]
    assert [f.outcome for f in infrared] == [PageOutcome.NOT_MEASURED]
    # What it shows is not known: it is told, and a better one is asked for.
    assert "picture_unreadable" in {finding.code for finding in found.optical.value.findings}
    assert found.is_poor
    assert "picture_unreadable" in found.problems


@pytest.mark.parametrize("light", [Light.WHITE, Light.INFRARED])
async def test_pages_of_two_documents_are_not_one(pool: WorkerPool, light: Light) -> None:
    # In white light again it is another side; in infrared, the same side of another document.
    (mine,) = pages((Light.WHITE,))
    scan = scan_of(person_of("p02"), Document(pages=Pages(lights=(light,))), TODAY)
    other = PagePicture(light, scan.pages[0].data)
    found = await read(pool, (mine, other))
    assert isinstance(found.optical, Measured)
    assert isinstance(found.optical.value.mrz, Measured)
    assert not found.optical.value.mrz.value.accepted
    assert "frames_disagree" in found.problems
    assert found.is_poor
    # Whosever lines came along.
    for lines in (LINES, mrz_lines(person_of("p02"), Document(), TODAY)):
        assert (await read(pool, (mine, other), lines)).contradicts
    # The same page twice is one document.
    again = await read(pool, (mine, mine), LINES)
    assert again.contradicts is False
    assert not again.is_poor


async def test_a_worker_that_stands_aside_compares_print(tmp_path: Path) -> None:
    from kiosk_api.intake.document_pages import compare_print

    setup = {"op": "setup", "trust": str(tmp_path), "specimens": True, "aside": True}
    aside = WorkerPool("kiosk_api.intake.document_worker", 1, setup=setup)
    await aside.start()
    try:
        (pid,) = aside.pids
        stat = await asyncio.to_thread(Path(f"/proc/{pid}/stat").read_text)
        assert int(stat.rpartition(")")[2].split()[16]) == 19  # as nice as it gets
        # What it finds in its time is for the tests of documents.page; here, that it answers.
        await compare_print(aside, pages((Light.WHITE,)), today=TODAY)
        assert aside.idle in (0, 1)
    finally:
        await aside.close()
