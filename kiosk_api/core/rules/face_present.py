"""Is exactly one face to be seen?"""

from __future__ import annotations

from datetime import datetime

from kiosk_api.core.answers import Answer, Refer, Rule, Satisfied
from kiosk_api.core.evidence import Evidence
from kiosk_api.core.facts import one_face_of
from kiosk_api.core.policy import Policy


def _answer(evidence: Evidence, _policy: Policy, _now: datetime) -> Answer:
    face = one_face_of(evidence)
    return face if isinstance(face, Refer) else Satisfied()


RULE = Rule("face_present", "Does the picture show exactly one face?", _answer)
