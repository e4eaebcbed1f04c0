"""What an officer may do to a referred session, as a table.

The kiosk's decision stands as it is: a resolution is the officer's own, entered behind it. Each
names its cause from a fixed list, so that what kiosks get wrong can be counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from kiosk_api.core.answers import Finding
from kiosk_api.core.decision import Outcome
from kiosk_api.core.reasons import REASONS, Severity

MAXIMUM_NOTE = 500
"""Characters of an officer's note."""


class ResolutionOutcome(StrEnum):
    """What became of a referred traveler."""

    ADMIT = "admit"
    SECONDARY = "secondary"  # handed on to secondary inspection
    REFUSE = "refuse"
    RETRY = "retry"  # sent back to a kiosk, or gone before anything was decided


class Cause(StrEnum):
    """Why an officer resolved a session as they did."""

    SAME_PERSON = "same_person"
    DOCUMENT_GENUINE = "document_genuine"
    RECORD_CONFIRMED = "record_confirmed"
    KIOSK_FAULT = "kiosk_fault"
    IDENTITY_DOUBTED = "identity_doubted"
    DOCUMENT_DOUBTED = "document_doubted"
    LISTED = "listed"
    QUESTIONS_OPEN = "questions_open"
    ANOTHER_PERSON = "another_person"
    DOCUMENT_NOT_VALID = "document_not_valid"
    NO_MEMBERSHIP = "no_membership"
    READ_AGAIN = "read_again"
    PICTURE_AGAIN = "picture_again"
    TRAVELER_LEFT = "traveler_left"
    OTHER = "other"  # the note has to say what


@dataclass(frozen=True, slots=True)
class Option:
    """One outcome that an officer may choose.

    Args:
        label: how the outcome is called.
        causes: the causes that fit it, with how each is told; `OTHER` always is the last.
        despite_alert: may be chosen when a reason is an alert (a possible offence).
        note_at_alert: needs a note then.
    """

    label: str
    causes: Mapping[Cause, str]
    despite_alert: bool = True
    note_at_alert: bool = False


def _causes(texts: dict[Cause, str]) -> Mapping[Cause, str]:
    return MappingProxyType({**texts, Cause.OTHER: "Another cause (say which in the note)"})


OPTIONS: Mapping[ResolutionOutcome, Option] = MappingProxyType(
    {
        ResolutionOutcome.ADMIT: Option(
            "Admit",
            _causes(
                {
                    Cause.SAME_PERSON: "Same person: I compared face and document",
                    Cause.DOCUMENT_GENUINE: "Document is genuine and valid: I inspected it",
                    Cause.RECORD_CONFIRMED: "Membership confirmed with the record authority",
                    Cause.KIOSK_FAULT: "Fault of the kiosk; nothing against the traveler",
                }
            ),
            note_at_alert=True,
        ),
        ResolutionOutcome.SECONDARY: Option(
            "Secondary inspection",
            _causes(
                {
                    Cause.IDENTITY_DOUBTED: "Doubt about who the traveler is",
                    Cause.DOCUMENT_DOUBTED: "Doubt about the document",
                    Cause.LISTED: "Document or person is listed",
                    Cause.QUESTIONS_OPEN: "Questions remain that take time",
                    Cause.TRAVELER_LEFT: "Traveler left before I saw them; handed on",
                }
            ),
        ),
        ResolutionOutcome.REFUSE: Option(
            "Refuse",
            _causes(
                {
                    Cause.ANOTHER_PERSON: "Not the holder of the document",
                    Cause.DOCUMENT_NOT_VALID: "Document is not valid",
                    Cause.NO_MEMBERSHIP: "No right to use this lane",
                }
            ),
        ),
        ResolutionOutcome.RETRY: Option(
            "Back to a kiosk",
            _causes(
                {
                    Cause.READ_AGAIN: "Document was placed badly",
                    Cause.PICTURE_AGAIN: "Picture was taken badly",
                    Cause.KIOSK_FAULT: "Fault of the kiosk; another one works",
                    Cause.TRAVELER_LEFT: "Traveler left before I saw them",
                }
            ),
            despite_alert=False,
        ),
    }
)
"""The table. A cause may serve several outcomes; a pair that is not here cannot be recorded."""


class Refusal(StrEnum):
    """Why a resolution is not taken."""

    NOT_REFERRED = "not_referred"
    OUTCOME_MISSING = "outcome_missing"
    CAUSE_MISSING = "cause_missing"
    CAUSE_OF_ANOTHER_OUTCOME = "cause_of_another_outcome"
    NOT_AT_ALERT = "not_at_alert"
    NOTE_MISSING = "note_missing"
    NOTE_TOO_LONG = "note_too_long"


REFUSALS: Mapping[Refusal, str] = MappingProxyType(
    {
        Refusal.NOT_REFERRED: "This session was not referred; there is nothing to resolve.",
        Refusal.OUTCOME_MISSING: "Choose what becomes of the traveler.",
        Refusal.CAUSE_MISSING: "Choose a cause: a resolution cannot be recorded without one.",
        Refusal.CAUSE_OF_ANOTHER_OUTCOME: "Choose a cause that belongs to the outcome.",
        Refusal.NOT_AT_ALERT: "A case with an alert cannot be sent back to a kiosk.",
        Refusal.NOTE_MISSING: "Write a note: this choice needs one.",
        Refusal.NOTE_TOO_LONG: f"The note is longer than {MAXIMUM_NOTE} characters.",
    }
)
"""What the officer is told."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A resolution that the table takes."""

    outcome: ResolutionOutcome
    cause: Cause


def options(reasons: Sequence[Finding]) -> tuple[ResolutionOutcome, ...]:
    """The outcomes that may be chosen for a session with these reasons, in the table's order."""
    alert = has_alert(reasons)
    return tuple(o for o, option in OPTIONS.items() if option.despite_alert or not alert)


def has_alert(reasons: Sequence[Finding]) -> bool:
    """Whether a reason is a possible offence."""
    return any(REASONS[finding.code].severity is Severity.ALERT for finding in reasons)


def has_adverse(reasons: Sequence[Finding]) -> bool:
    """Whether a reason is a fact against admission, which another try may hide."""
    return any(REASONS[finding.code].severity is Severity.ADVERSE for finding in reasons)


def needs_note(reasons: Sequence[Finding], outcome: ResolutionOutcome, cause: Cause) -> bool:
    """Whether a choice is taken only with a note."""
    if cause is Cause.OTHER:
        return True
    if has_alert(reasons):
        # Who was let slip is to be found again by what the note says.
        return OPTIONS[outcome].note_at_alert or cause is Cause.TRAVELER_LEFT
    return (
        outcome is ResolutionOutcome.RETRY
        and cause is not Cause.TRAVELER_LEFT
        and has_adverse(reasons)
    )


def choose(
    told: Outcome, reasons: Sequence[Finding], *, outcome: str, cause: str, note: str
) -> Choice | Refusal:
    """Look up what an officer chose; texts are untrusted.

    Args:
        told: what the kiosk told the traveler.
        reasons: the reasons of that decision.
        outcome: a `ResolutionOutcome`.
        cause: a `Cause`.
        note: the officer's own words, perhaps empty.
    """
    if told is not Outcome.REFER:
        return Refusal.NOT_REFERRED
    if outcome not in set(ResolutionOutcome):
        return Refusal.OUTCOME_MISSING
    chosen = ResolutionOutcome(outcome)
    option = OPTIONS[chosen]
    if cause not in set(Cause):
        return Refusal.CAUSE_MISSING
    if cause not in option.causes:
        return Refusal.CAUSE_OF_ANOTHER_OUTCOME
    if has_alert(reasons) and not option.despite_alert:
        return Refusal.NOT_AT_ALERT
    if needs_note(reasons, chosen, Cause(cause)) and not note.strip():
        return Refusal.NOTE_MISSING
    if len(note) > MAXIMUM_NOTE:
        return Refusal.NOTE_TOO_LONG
    return Choice(chosen, Cause(cause))
