"""What a rule is, and what it may answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kiosk_api.core.evidence import Evidence
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode

Detail = tuple[str, str | int | float]
"""A named fact behind a finding: a number, or a word of a fixed list. Nothing that identifies."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason to refer, with the facts that an officer needs to understand it."""

    code: ReasonCode
    detail: tuple[Detail, ...] = ()


@dataclass(frozen=True, slots=True)
class Satisfied:
    """The rule has nothing against admission."""


@dataclass(frozen=True, slots=True)
class Refer:
    """The rule sends the traveler to an officer.

    Raises:
        ValueError: no finding is given; a referral always says why.
    """

    findings: tuple[Finding, ...]

    def __post_init__(self) -> None:
        if not self.findings:
            raise ValueError("a referral needs a finding")


Answer = Satisfied | Refer


def answer_of(findings: list[Finding]) -> Answer:
    """Satisfied when nothing was found, else a referral for everything that was."""
    return Refer(tuple(findings)) if findings else Satisfied()


def refer(code: ReasonCode, *detail: Detail) -> Refer:
    """Return a referral for one finding."""
    return Refer((Finding(code, detail),))


@dataclass(frozen=True, slots=True)
class Rule:
    """One question about the evidence.

    A rule is pure, and monotone: evidence that gets worse never turns its referral into
    `Satisfied`. What it needs and was not measured, it refers itself: it leans on no other rule.
    """

    name: str
    question: str
    answer: Callable[[Evidence, Policy, datetime], Answer]
