"""Is a document of this kind accepted here?"""

from __future__ import annotations

from datetime import datetime

from kiosk_api.core.answers import Answer, Refer, Rule, Satisfied, refer
from kiosk_api.core.evidence import Evidence
from kiosk_api.core.facts import document_of
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode


def _answer(evidence: Evidence, policy: Policy, _now: datetime) -> Answer:
    document = document_of(evidence)
    if isinstance(document, Refer):
        return document
    kind = ("document_class", document.document_class.value)
    accepted = [a for a in policy.documents if a.document_class is document.document_class]
    if not accepted:
        return refer(ReasonCode.DOCUMENT_CLASS_NOT_ACCEPTED, kind)
    if not any(not a.issuers or document.issuer in a.issuers for a in accepted):
        return refer(ReasonCode.DOCUMENT_ISSUER_NOT_ACCEPTED, kind)
    return Satisfied()


RULE = Rule(
    "document_accepted", "Does this site accept documents of this class and issuer?", _answer
)
