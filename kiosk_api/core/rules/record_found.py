"""Is there a traveler record for the document?"""

from __future__ import annotations

from datetime import datetime

from kiosk_api.core.answers import Answer, Refer, Rule, Satisfied
from kiosk_api.core.evidence import Evidence
from kiosk_api.core.facts import record_of
from kiosk_api.core.policy import Policy


def _answer(evidence: Evidence, _policy: Policy, _now: datetime) -> Answer:
    record = record_of(evidence)
    return record if isinstance(record, Refer) else Satisfied()


RULE = Rule("record_found", "Does the cache hold a traveler record for the document?", _answer)
