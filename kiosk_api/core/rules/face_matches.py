"""Is the live face the face on record?"""

from __future__ import annotations

from datetime import datetime
from math import isfinite

from kiosk_api.core.answers import Answer, Refer, Rule, Satisfied, refer
from kiosk_api.core.evidence import Evidence, NotMeasured, Why
from kiosk_api.core.facts import one_face_of
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode


def _answer(evidence: Evidence, policy: Policy, _now: datetime) -> Answer:
    face = one_face_of(evidence)
    if isinstance(face, Refer):
        return face
    if isinstance(face.match, NotMeasured):
        why = face.match.why
        if why is Why.NOT_PRESENT:
            return refer(ReasonCode.FACE_REFERENCE_MISSING)
        if why is Why.INCOMPARABLE:
            return refer(ReasonCode.FACE_MODEL_DIFFERS)
        return refer(ReasonCode.FACE_NOT_COMPARED, ("why", why.value))
    match = face.match.value
    if match.model != policy.face.model:
        return refer(ReasonCode.FACE_MODEL_DIFFERS)
    if not isfinite(match.distance) or match.distance < 0:
        return refer(ReasonCode.FACE_DISTANCE_INVALID, ("distance", str(match.distance)))
    # Written so that a threshold that is not a number refers as well.
    if match.distance <= policy.face.max_distance:
        return Satisfied()
    return refer(
        ReasonCode.FACE_DIFFERS,
        ("distance", match.distance),
        ("max_distance", policy.face.max_distance),
    )


RULE = Rule(
    "face_matches",
    "Is the distance between the live face and the record's within the model's threshold?",
    _answer,
)
