"""Travelers as a load: sessions over HTTP, each as fast as the kiosk answers."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import cycle, islice

import httpx

from simulators.people import PEOPLE, CaptureKind, Person, capture
from simulators.scenarios.papers import mrz_lines
from simulators.scenarios.schema import Document

GENUINE_KINDS = (
    CaptureKind.NEUTRAL,
    CaptureKind.SMILE,
    CaptureKind.YAW_LEFT,
    CaptureKind.NEUTRAL,
)
_IMPOSTOR_EVERY = 5


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who comes with a document; `genuine` when it is their own."""

    lines: tuple[str, ...] = field(repr=False)
    face: bytes = field(repr=False)
    genuine: bool


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as the client got it."""

    session_id: str
    outcome: str
    reasons: tuple[str, ...]
    journal_seq: int | None
    journal_hash: str | None
    answer_ms: float  # from sending the face to having the answer, by the client's clock
    genuine: bool


def visits(today: date, people: Sequence[Person] = PEOPLE) -> list[Visit]:
    """One round of travelers: every fifth brings the document of somebody else."""
    round_ = []
    kinds = cycle(GENUINE_KINDS)
    for number, person in enumerate(people):
        genuine = number % _IMPOSTOR_EVERY != _IMPOSTOR_EVERY - 1
        owner = person if genuine else people[(number + 1) % len(people)]
        lines = mrz_lines(owner, Document(), today)
        round_.append(Visit(lines, capture(person, next(kinds)), genuine))
    return round_


def repeated(round_: Sequence[Visit], count: int) -> Iterator[Visit]:
    """So many visits, beginning again when the round is over."""
    return islice(cycle(round_), count)


async def visit_once(client: httpx.AsyncClient, lane_id: str, visit: Visit) -> Answered:
    """One session, from opening it to its answer.

    Raises:
        httpx.HTTPError: the service did not answer, or not as it should.
    """
    key = uuid.uuid4().hex
    opened = await client.post(
        "/v1/sessions", json={"lane_id": lane_id}, headers={"Idempotency-Key": f"open-{key}"}
    )
    session_id: str = opened.raise_for_status().json()["session_id"]
    document = {"event_id": f"scan-{key}", "mrz": list(visit.lines)}
    scanned = await client.post(f"/v1/sessions/{session_id}/document", json=document)
    scanned.raise_for_status()
    started = time.monotonic()
    answer = await client.post(
        f"/v1/sessions/{session_id}/face",
        content=visit.face,
        headers={"Content-Type": "image/jpeg", "Idempotency-Key": f"face-{key}"},
    )
    answer_ms = (time.monotonic() - started) * 1000
    decision = answer.raise_for_status().json()["decision"]
    place = decision["journal"] or {"seq": None, "hash": None}
    return Answered(
        session_id=session_id,
        outcome=decision["outcome"],
        reasons=tuple(sorted({reason["code"] for reason in decision["reasons"]})),
        journal_seq=place["seq"],
        journal_hash=place["hash"],
        answer_ms=answer_ms,
        genuine=visit.genuine,
    )
