"""What can go wrong with the journal; every error has a stable code and names no traveler."""

from __future__ import annotations


class JournalError(Exception):
    """Base of all: a stable `code` and one plain sentence."""

    code = "journal_error"


class JournalBrokenError(JournalError):
    """The journal on the disk is not one that we wrote to its end; nothing is appended to it."""

    code = "journal_broken"


class JournalLockedError(JournalError):
    """Another service writes this journal."""

    code = "journal_locked"


class JournalUnavailableError(JournalError):
    """The entry is not durable: the disk failed, or the journal is closed.

    `kept` tells whether the journal will write the entry as soon as it can; an ADMIT never is.
    """

    code = "journal_unavailable"

    def __init__(self, message: str, *, kept: bool) -> None:
        super().__init__(message)
        self.kept = kept


class JournalTooLateError(JournalError):
    """The entry's time had passed before it was written; it is not in the journal."""

    code = "journal_too_late"


class JournalConflictError(JournalError):
    """The session has a decision with another outcome already."""

    code = "journal_conflict"
