"""Did the session run as it should?"""

from __future__ import annotations

from datetime import datetime

from kiosk_api.core.answers import Answer, Finding, Rule, answer_of
from kiosk_api.core.evidence import Evidence
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode


def _answer(evidence: Evidence, _policy: Policy, _now: datetime) -> Answer:
    return answer_of(
        [
            # Each kind of fault has a reason of the same name; a test keeps the two in step.
            Finding(ReasonCode(fault.kind.value), (("stage", fault.stage.value),))
            for fault in evidence.faults
        ]
    )


RULE = Rule("process_sound", "Did devices, stores and service work through the session?", _answer)
