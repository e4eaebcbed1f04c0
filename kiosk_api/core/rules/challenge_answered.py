"""Did whoever is before the camera do what this session alone was asked to do?"""

from __future__ import annotations

from datetime import datetime

from kiosk_api.core.answers import Answer, Refer, Rule, Satisfied, refer
from kiosk_api.core.evidence import Evidence, NotMeasured
from kiosk_api.core.facts import one_face_of
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode


def _answer(evidence: Evidence, _policy: Policy, _now: datetime) -> Answer:
    face = one_face_of(evidence)
    if isinstance(face, Refer):
        return face
    if isinstance(face.challenge, NotMeasured):
        why = face.challenge.why
        return refer(ReasonCode.FACE_CHALLENGE_UNANSWERED, ("why", why.value))
    facts = face.challenge.value
    if not facts.passed:
        return refer(ReasonCode.FACE_CHALLENGE_FAILED, ("reason", facts.reason))
    return Satisfied()


RULE = Rule(
    "challenge_answered",
    "Do the pictures answer the random gesture or light that this session asked for?",
    _answer,
)
