"""Does the record authority still stand by the document?"""

from __future__ import annotations

from datetime import datetime

from kiosk_api.core.answers import Answer, Refer, Rule, Satisfied, refer
from kiosk_api.core.evidence import DocumentStatus, Evidence
from kiosk_api.core.facts import record_of
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode

_REASONS = {
    DocumentStatus.LOST: ReasonCode.DOCUMENT_LOST,
    DocumentStatus.STOLEN: ReasonCode.DOCUMENT_STOLEN,
    DocumentStatus.REVOKED: ReasonCode.DOCUMENT_REVOKED,
    DocumentStatus.SUPERSEDED: ReasonCode.DOCUMENT_SUPERSEDED,
}


def _answer(evidence: Evidence, _policy: Policy, _now: datetime) -> Answer:
    record = record_of(evidence)
    if isinstance(record, Refer):
        return record
    if record.document_status is DocumentStatus.VALID:
        return Satisfied()
    return refer(_REASONS[record.document_status])


RULE = Rule(
    "document_status",
    "Is the document not reported lost or stolen, not revoked and not re-issued?",
    _answer,
)
