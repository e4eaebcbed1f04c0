"""What officers did with referred sessions, read back from the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from kiosk_api.core.journal import Entry
from kiosk_api.core.plain import CodecError
from kiosk_api.core.review import OPTIONS, Cause, ResolutionOutcome
from kiosk_api.journal.drafts import Shown


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an officer did with a session."""

    seq: int
    outcome: ResolutionOutcome
    cause: Cause
    officer: str
    resolved_at: datetime
    note: str | None = field(repr=False)  # sealed under the session's key

    @property
    def outcome_text(self) -> str:
        """The outcome in words."""
        return OPTIONS[self.outcome].label

    @property
    def cause_text(self) -> str:
        """The cause in words."""
        return OPTIONS[self.outcome].causes[self.cause]


@dataclass(frozen=True, slots=True)
class View:
    """An officer was shown something that identifies the traveler."""

    seq: int
    officer: str
    shown: Shown
    at: datetime


def read_resolution(entry: Entry) -> Resolution:
    """Read a `resolution` entry.

    Raises:
        CodecError: this release does not know its outcome or cause.
    """
    match entry.body:
        case {
            "outcome": str(outcome),
            "cause": str(cause),
            "officer": str(officer),
            "resolved_at": str(at),
            "note": str() | None as note,
        }:
            try:
                chosen, why = ResolutionOutcome(outcome), Cause(cause)
                resolved_at = datetime.fromisoformat(at)
            except ValueError as error:
                raise CodecError("resolution", "is not one that this release reads") from error
            if why in OPTIONS[chosen].causes:
                seq = entry.header.seq
                return Resolution(seq, chosen, why, officer, resolved_at, note)
    raise CodecError("resolution", "is not one that this release reads")


def read_view(entry: Entry) -> View:
    """Read a `viewed` entry.

    Raises:
        CodecError: this release does not know what was shown.
    """
    match entry.body:
        case {"officer": str(officer), "shown": str(shown)} if shown in set(Shown):
            return View(entry.header.seq, officer, Shown(shown), entry.at)
    raise CodecError("viewed", "is not one that this release reads")
