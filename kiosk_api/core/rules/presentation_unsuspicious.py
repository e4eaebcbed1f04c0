"""Is there a sign that a picture of a face, and not a face, is before the camera?"""

from __future__ import annotations

from datetime import datetime
from math import isfinite

from kiosk_api.core.answers import Answer, Refer, Rule, Satisfied, refer
from kiosk_api.core.evidence import Evidence, NotMeasured
from kiosk_api.core.facts import one_face_of
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode


def _answer(evidence: Evidence, _policy: Policy, _now: datetime) -> Answer:
    face = one_face_of(evidence)
    if isinstance(face, Refer):
        return face
    if isinstance(face.presentation, NotMeasured):
        why = face.presentation.why
        return refer(ReasonCode.FACE_PRESENTATION_UNKNOWN, ("why", why.value))
    facts = face.presentation.value
    if not facts.signals or not isfinite(facts.score):
        return refer(ReasonCode.FACE_PRESENTATION_UNKNOWN)
    if facts.suspicious or facts.suspects:
        return refer(
            ReasonCode.FACE_PRESENTATION_SUSPICIOUS,
            *(("signal", signal) for signal in facts.suspects),
        )
    return Satisfied()


RULE = Rule(
    "presentation_unsuspicious",
    "Was the picture searched for signs of a presentation attack (ISO/IEC 30107-1), in vain?",
    _answer,
)
