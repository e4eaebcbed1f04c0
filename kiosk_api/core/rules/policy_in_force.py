"""Is the policy in force on this day?"""

from __future__ import annotations

from datetime import datetime

from kiosk_api.core.answers import Answer, Rule, Satisfied, refer
from kiosk_api.core.evidence import Evidence
from kiosk_api.core.facts import port_day
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode


def _answer(_evidence: Evidence, policy: Policy, now: datetime) -> Answer:
    if port_day(now, policy) < policy.effective_from:
        effective_from = policy.effective_from.isoformat()
        return refer(ReasonCode.POLICY_NOT_IN_FORCE, ("effective_from", effective_from))
    return Satisfied()


RULE = Rule("policy_in_force", "Is this policy in force on the port's day?", _answer)
