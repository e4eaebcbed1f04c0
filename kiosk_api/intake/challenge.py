"""A session's challenge on its way to the worker, and what the worker makes of the answer.

The nonce stays with the session: whoever verifies needs what was asked, not what it was drawn from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from biometrics.presentation_attack import PadFrame
    from biometrics.presentation_attack.challenge import Challenge


def challenge_to_plain(challenge: Challenge) -> dict[str, Any]:
    """Return what a worker is told of a challenge; its times are seconds since it was issued."""
    return {
        "id": challenge.id,
        "kind": str(challenge.kind),
        "steps": [[str(step.prompt), step.shown_at] for step in challenge.steps],
        "expires_at": challenge.expires_at,
    }


def verify_plain(
    plain: dict[str, Any], frames: Sequence[PadFrame], *, complete: bool
) -> dict[str, Any]:
    """Verify in the worker, and return the answer as JSON.

    Args:
        plain: what `challenge_to_plain` made.
        frames: those with one face, in the order of arrival; `captured_at` is seconds since the
            challenge was issued.
        complete: whether each frame that arrived is among them. A frame without one face may hide
            what it does not show, so nothing is measured then.
    """
    from biometrics.presentation_attack.challenge import (
        Challenge,
        ChallengeCapture,
        ChallengeKind,
        ChallengeOutcome,
        ChallengeReason,
        ChallengeResult,
        Prompt,
        Step,
        verify,
    )

    challenge = Challenge(
        id=plain["id"],
        kind=ChallengeKind(plain["kind"]),
        steps=tuple(Step(Prompt(prompt), float(at)) for prompt, at in plain["steps"]),
        issued_at=0.0,
        expires_at=float(plain["expires_at"]),
    )
    if complete:
        # The session that asked is the one whose capture this is; the service sees to that.
        found = verify(challenge, [ChallengeCapture(challenge.id, frame) for frame in frames])
    else:
        found = ChallengeResult(ChallengeOutcome.NOT_MEASURED, ChallengeReason.FACE_NOT_MEASURED)
    return {
        "kind": str(challenge.kind),
        "outcome": str(found.outcome),
        "reason": str(found.reason),
    }
