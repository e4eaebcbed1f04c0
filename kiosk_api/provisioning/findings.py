"""What an examination of a kiosk finds: one line each, with a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a finding bears on service."""

    OK = "ok"
    WARN = "warn"  # the kiosk serves, but less well or less safely than it should
    FAIL = "fail"  # it would not start, or admit nobody


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined.

    Args:
        check: what was examined, a stable word.
        detail: what was found; never who is in the records.
        remedy: what to do; "" when all is well.
    """

    check: str
    status: Status
    detail: str
    remedy: str = ""


def ok(check: str, detail: str) -> Finding:
    """All is well."""
    return Finding(check, Status.OK, detail)


def warn(check: str, detail: str, remedy: str) -> Finding:
    """It works, and should be better."""
    return Finding(check, Status.WARN, detail, remedy)


def fail(check: str, detail: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(check, Status.FAIL, detail, remedy)
