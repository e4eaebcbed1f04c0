"""Referred travelers that wait for an officer: alerts first, then the oldest first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kiosk_api.core.answers import Finding
from kiosk_api.core.reasons import REASONS, Severity


@dataclass(frozen=True, slots=True)
class Case:
    """One referred session, without what identifies the traveler."""

    session_id: str
    lane_id: str
    referred_at: datetime
    severity: Severity
    headline: str  # the most severe reason
    more: int  # further reasons


@dataclass(frozen=True, slots=True)
class Waiting:
    """The queue at one moment; a new number for every change."""

    number: int
    cases: tuple[Case, ...]


def case_of(
    session_id: str, lane_id: str, referred_at: datetime, reasons: Sequence[Finding]
) -> Case:
    """The case of a referral; `reasons` are the most severe first, and at least one."""
    first = REASONS[reasons[0].code]
    return Case(session_id, lane_id, referred_at, first.severity, first.officer, len(reasons) - 1)


class ReviewQueue:
    """The queue, for any number of pages that follow it. Belongs to the event loop."""

    def __init__(self) -> None:
        self._cases: dict[str, Case] = {}
        self._number = 0
        self._changed = asyncio.Event()

    @property
    def waiting(self) -> Waiting:
        """Who waits now: alerts first, since they may leave; then the oldest first."""
        return Waiting(self._number, tuple(sorted(self._cases.values(), key=_place)))

    def add(self, *cases: Case) -> None:
        """Have these cases wait."""
        self._cases.update({case.session_id: case for case in cases})
        self._tell()

    def remove(self, session_id: str) -> None:
        """A case was resolved; harmless when it does not wait."""
        if self._cases.pop(session_id, None) is not None:
            self._tell()

    async def after(self, before: Waiting) -> Waiting:
        """Who waits, once that is another than before."""
        while self._number == before.number:
            await self._changed.wait()
        return self.waiting

    def _tell(self) -> None:
        self._number += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _place(case: Case) -> tuple[bool, datetime, str]:
    return case.severity is not Severity.ALERT, case.referred_at, case.session_id
