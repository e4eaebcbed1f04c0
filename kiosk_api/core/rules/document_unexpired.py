"""Is the document still valid?"""

from __future__ import annotations

from datetime import datetime

from kiosk_api.core.answers import Answer, Refer, Rule, Satisfied, refer
from kiosk_api.core.evidence import Evidence, NotMeasured
from kiosk_api.core.facts import document_of, port_day
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode


def _answer(evidence: Evidence, policy: Policy, now: datetime) -> Answer:
    document = document_of(evidence)
    if isinstance(document, Refer):
        return document
    expires_on = document.expires_on
    if isinstance(expires_on, NotMeasured):
        return refer(ReasonCode.DOCUMENT_EXPIRY_UNKNOWN, ("why", expires_on.why.value))
    days_past = (port_day(now, policy) - expires_on.value).days
    if days_past > 0:  # the last day itself still counts
        return refer(ReasonCode.DOCUMENT_EXPIRED, ("days_past", days_past))
    return Satisfied()


RULE = Rule("document_unexpired", "Is the port's day no later than the day of expiry?", _answer)
