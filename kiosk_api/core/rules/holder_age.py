"""Is the traveler old enough for a kiosk to decide?"""

from __future__ import annotations

from datetime import datetime

from kiosk_api.core.answers import Answer, Refer, Rule, Satisfied, refer
from kiosk_api.core.evidence import Evidence, NotMeasured
from kiosk_api.core.facts import document_of
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode


def _answer(evidence: Evidence, policy: Policy, _now: datetime) -> Answer:
    document = document_of(evidence)
    if isinstance(document, Refer):
        return document
    age = document.age_years
    if isinstance(age, NotMeasured):
        return refer(ReasonCode.HOLDER_AGE_UNKNOWN, ("why", age.why.value))
    if age.value < policy.minimum_age_years:
        return refer(ReasonCode.HOLDER_TOO_YOUNG, ("minimum_years", policy.minimum_age_years))
    return Satisfied()


RULE = Rule("holder_age", "Has the traveler reached the age from which a kiosk decides?", _answer)
