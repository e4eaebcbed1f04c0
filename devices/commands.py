"""What the service tells devices to do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_NONCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")


class Signal(StrEnum):
    """What an indicator (lamp, screen, gate light) shows to the traveler.

    Outcomes are neutral in public: `proceed`, or `see_officer` without the reason.
    """

    READY = "ready"
    PROCESSING = "processing"
    LOOK_AT_CAMERA = "look_at_camera"
    PRESENT_AGAIN = "present_again"
    PROCEED = "proceed"
    SEE_OFFICER = "see_officer"
    OUT_OF_SERVICE = "out_of_service"


OUTCOME_SIGNALS = frozenset({Signal.PROCEED, Signal.SEE_OFFICER})
"""The signals that tell a traveler how the session ended."""


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """Asks a camera for one picture; the nonce binds the answer to one session's step."""

    session_nonce: str  # 1 to 128 of A-Z a-z 0-9 . _ : -, the first a letter or digit; fresh

    def __post_init__(self) -> None:
        """Refuse a nonce that no agent would understand; raises ValueError."""
        if _NONCE.fullmatch(self.session_nonce) is None:
            raise ValueError("not a nonce")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a traveler takes along: the lines are printed as they are, one below the other."""

    session_id: str
    outcome: str  # "ADMIT" or "REFER", as the service writes it
    lines: tuple[str, ...] = field(repr=False)  # at most 64 lines of 200 characters
