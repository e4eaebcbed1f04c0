"""Was a travel document read?"""

from __future__ import annotations

from datetime import datetime

from kiosk_api.core.answers import Answer, Refer, Rule, Satisfied
from kiosk_api.core.evidence import Evidence
from kiosk_api.core.facts import document_of
from kiosk_api.core.policy import Policy


def _answer(evidence: Evidence, _policy: Policy, _now: datetime) -> Answer:
    document = document_of(evidence)
    return document if isinstance(document, Refer) else Satisfied()


RULE = Rule("document_read", "Was the machine-readable zone of a document read?", _answer)
