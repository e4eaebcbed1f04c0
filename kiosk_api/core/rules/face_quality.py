"""Is the picture good enough to compare?"""

from __future__ import annotations

from datetime import datetime
from math import isfinite

from kiosk_api.core.answers import Answer, Finding, Refer, Rule, answer_of
from kiosk_api.core.evidence import Evidence, QualityFact, QualityStatus
from kiosk_api.core.facts import one_face_of
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode


def _answer(evidence: Evidence, policy: Policy, _now: datetime) -> Answer:
    face = one_face_of(evidence)
    if isinstance(face, Refer):
        return face
    by_measure = {
        measure: [fact for fact in face.quality if fact.measure == measure]
        for measure in policy.face.refuse_quality
    }
    poor = [
        Finding(ReasonCode.FACE_QUALITY_POOR, (("measure", measure),))
        for measure, facts in by_measure.items()
        if any(fact.status is QualityStatus.TOO_POOR for fact in facts)
    ]
    unknown = [
        Finding(ReasonCode.FACE_QUALITY_UNKNOWN, (("measure", measure),))
        for measure, facts in by_measure.items()
        if not facts or not all(_was_measured(fact) for fact in facts)
    ]
    return answer_of(poor + unknown)


def _was_measured(fact: QualityFact) -> bool:
    if fact.status is QualityStatus.NOT_MEASURED:
        return False
    return fact.score is not None and isfinite(fact.score)


RULE = Rule(
    "face_quality",
    "Was every quality that the policy names measured, and none too poor (ISO/IEC 29794-5)?",
    _answer,
)
