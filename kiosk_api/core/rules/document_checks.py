"""Does the machine-readable zone hold what ICAO Doc 9303 says it must?"""

from __future__ import annotations

from datetime import datetime

from kiosk_api.core.answers import Answer, Finding, Refer, Rule, answer_of
from kiosk_api.core.evidence import Evidence
from kiosk_api.core.facts import document_of
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode


def _answer(evidence: Evidence, _policy: Policy, _now: datetime) -> Answer:
    document = document_of(evidence)
    if isinstance(document, Refer):
        return document
    return answer_of(
        [
            Finding(ReasonCode.DOCUMENT_CHECK_DIGIT_WRONG, (("field", field),))
            for field in document.checks_failed
        ]
        + [
            Finding(ReasonCode.DOCUMENT_MALFORMED, (("problem", problem),))
            for problem in document.problems
        ]
    )


RULE = Rule(
    "document_checks",
    "Are all check digits right (ICAO Doc 9303-3, 4.9), and the zone otherwise well formed?",
    _answer,
)
