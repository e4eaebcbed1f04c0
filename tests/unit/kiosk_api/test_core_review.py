"""What an officer may do: the table, looked at from all sides."""

from __future__ import annotations

import itertools

import pytest

from kiosk_api.core.answers import Finding
from kiosk_api.core.decision import Outcome
from kiosk_api.core.reasons import REASONS, ReasonCode, Severity
from kiosk_api.core.review import (
    MAXIMUM_NOTE,
    OPTIONS,
    REFUSALS,
    Cause,
    Choice,
    Refusal,
    ResolutionOutcome,
    choose,
    options,
)

ORDINARY = (Finding(ReasonCode.FACE_DIFFERS),)
ALERT = (Finding(ReasonCode.DOCUMENT_STOLEN), *ORDINARY)


def chosen(
    outcome: str, cause: str, *, note: str = "", reasons: tuple[Finding, ...] = ORDINARY
) -> Choice | Refusal:
    return choose(Outcome.REFER, reasons, outcome=outcome, cause=cause, note=note)


def test_only_pairs_of_the_table_are_taken() -> None:
    for outcome, cause in itertools.product(ResolutionOutcome, Cause):
        got = chosen(outcome, cause, note="seen")
        if cause in OPTIONS[outcome].causes:
            assert got == Choice(outcome, cause)
        else:
            assert got is Refusal.CAUSE_OF_ANOTHER_OUTCOME


def test_every_outcome_has_causes_and_the_open_one_comes_last() -> None:
    assert set(OPTIONS) == set(ResolutionOutcome)
    for option in OPTIONS.values():
        assert len(option.causes) >= 3
        assert list(option.causes)[-1] is Cause.OTHER
    assert {cause for option in OPTIONS.values() for cause in option.causes} == set(Cause)


@pytest.mark.parametrize("outcome", ["", "ADMIT", "release", "\0"])
def test_an_outcome_that_is_none_is_asked_for(outcome: str) -> None:
    assert chosen(outcome, Cause.SAME_PERSON) is Refusal.OUTCOME_MISSING


@pytest.mark.parametrize("cause", ["", "SAME_PERSON", "because"])
def test_a_cause_that_is_none_is_asked_for(cause: str) -> None:
    assert chosen("admit", cause, note="I know him") is Refusal.CAUSE_MISSING


def test_a_session_that_was_admitted_is_nothing_to_resolve() -> None:
    got = choose(Outcome.ADMIT, (), outcome="refuse", cause="another_person", note="")
    assert got is Refusal.NOT_REFERRED


def test_the_open_cause_needs_words() -> None:
    assert chosen("refuse", "other", note=" \n") is Refusal.NOTE_MISSING
    assert isinstance(chosen("refuse", "other", note="left a bag"), Choice)


def test_a_note_has_an_end() -> None:
    assert isinstance(chosen("admit", "same_person", note="x" * MAXIMUM_NOTE), Choice)
    assert chosen("admit", "same_person", note="x" * (MAXIMUM_NOTE + 1)) is Refusal.NOTE_TOO_LONG


def test_an_alert_is_not_sent_back_and_not_admitted_without_words() -> None:
    assert ResolutionOutcome.RETRY in options(ORDINARY)
    assert ResolutionOutcome.RETRY not in options(ALERT)
    assert chosen("retry", "read_again", reasons=ALERT) is Refusal.NOT_AT_ALERT
    assert chosen("admit", "document_genuine", reasons=ALERT) is Refusal.NOTE_MISSING
    assert isinstance(
        chosen("admit", "document_genuine", reasons=ALERT, note="listed in error"), Choice
    )
    assert isinstance(chosen("secondary", "listed", reasons=ALERT), Choice)


def test_a_case_with_an_alert_whose_traveler_left_is_handed_on_with_words() -> None:
    assert chosen("secondary", "traveler_left", reasons=ALERT) is Refusal.NOTE_MISSING
    noted = chosen("secondary", "traveler_left", reasons=ALERT, note="to exit B, red coat")
    assert noted == Choice(ResolutionOutcome.SECONDARY, Cause.TRAVELER_LEFT)
    assert isinstance(chosen("secondary", "traveler_left"), Choice)


def test_a_fact_against_is_not_sent_back_without_words() -> None:
    check = (Finding(ReasonCode.OPTED_OUT),)
    assert chosen("retry", "picture_again", reasons=ORDINARY) is Refusal.NOTE_MISSING
    assert chosen("retry", "kiosk_fault", reasons=(*check, *ORDINARY)) is Refusal.NOTE_MISSING
    assert isinstance(chosen("retry", "picture_again", note="sun in the lens"), Choice)
    assert isinstance(chosen("retry", "traveler_left"), Choice)
    assert isinstance(chosen("retry", "picture_again", reasons=check), Choice)


def test_one_alert_among_the_reasons_is_enough() -> None:
    alerts = [code for code in ReasonCode if REASONS[code].severity is Severity.ALERT]
    assert len(alerts) > 3
    for code in alerts:
        assert ResolutionOutcome.RETRY not in options((*ORDINARY, Finding(code)))


def test_every_refusal_has_words() -> None:
    assert set(REFUSALS) == set(Refusal)
