"""The challenge of a session: drawn from a fresh nonce, kept in this process, asked only once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from biometrics.presentation_attack.challenge import Challenge

RULE = "challenge_answered"
"""A policy that names it has every session with a document challenged."""

GESTURE, LIGHT, BUTTON = "gesture", "light", "button"

_TRANSFER_SECONDS = 10.0
"""How long after its end an answer may arrive: pictures take time to be sent."""


@dataclass(frozen=True, slots=True)
class IssuedChallenge:
    """What one session is asked, and when it was.

    Attributes:
        nonce: of which it was drawn; never told, logged or journaled.
        challenge: its times are seconds since it was issued.
        issued: monotonic seconds of the service.
        chosen: whether the traveler chose the kind; that can be done once.
    """

    nonce: bytes = field(repr=False)
    challenge: Challenge = field(repr=False)
    issued: float
    chosen: bool = False

    def expires_in(self, now: float) -> float:
        """Seconds that are left for an answer, at least 0."""
        return max(0.0, self.challenge.expires_at - (now - self.issued))

    def binding_fault(self, times_ms: tuple[int, ...], arrived: float) -> str | None:
        """Why pictures taken at these moments are no answer whatever they show, or None.

        The times are the client's word; the service's own clock says what cannot be true of them.
        """
        elapsed = arrived - self.issued
        if any(ms / 1000 > elapsed for ms in times_ms):
            return "out_of_order"
        if elapsed > self.challenge.expires_at + _TRANSFER_SECONDS:
            return "too_late"
        return None


def issue(now: float, kind: str = GESTURE, *, chosen: bool = False) -> IssuedChallenge:
    """Draw a challenge that nobody knew before.

    Args:
        now: monotonic seconds.
        kind: "gesture" or "light".
        chosen: whether the traveler asked for this kind.
    """
    # What reads pictures is not loaded where no policy asks for it.
    from biometrics.presentation_attack.challenge import ChallengeKind, draw, new_nonce

    nonce = new_nonce()
    return IssuedChallenge(
        nonce, draw(nonce, issued_at=0.0, kind=ChallengeKind(kind)), now, chosen=chosen
    )
