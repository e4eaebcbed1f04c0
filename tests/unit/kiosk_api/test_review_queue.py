"""The order in which referrals wait, and what a page says of a queue it cannot show in full."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kiosk_api.core.answers import Finding
from kiosk_api.core.reasons import ReasonCode
from kiosk_api.review.queue import Case, ReviewQueue, case_of
from kiosk_api.review.words import cut_text, moment_text

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def a_case(name: str, minute: int, code: ReasonCode) -> Case:
    return case_of(name, "lane-1", NOON + timedelta(minutes=minute), [Finding(code)])


def test_alerts_come_first_then_who_has_waited_longest() -> None:
    queue = ReviewQueue()
    queue.add(
        a_case("late", 2, ReasonCode.FACE_DIFFERS),
        a_case("late-alert", 4, ReasonCode.DOCUMENT_STOLEN),
        a_case("early", 1, ReasonCode.OPTED_OUT),
        a_case("early-alert", 3, ReasonCode.DOCUMENT_STOLEN),
    )
    order = [case.session_id for case in queue.waiting.cases]
    assert order == ["early-alert", "late-alert", "early", "late"]


def test_a_cut_queue_says_how_many_wait() -> None:
    assert cut_text(200, 201) == "The first 200 of 201 are shown."
    assert cut_text(200, 200) == ""


def test_a_case_of_another_day_has_its_date() -> None:
    assert moment_text(NOON, NOON + timedelta(hours=11)) == "12:00"
    assert moment_text(NOON, NOON + timedelta(hours=12)) == "12:00 on 01 Jun 2026"
    assert moment_text(NOON, NOON + timedelta(days=365)) == "12:00 on 01 Jun 2026"
