"""Do all readings come from where this policy lets them come from?"""

from __future__ import annotations

from datetime import datetime

from kiosk_api.core.answers import Answer, Finding, Rule, answer_of
from kiosk_api.core.evidence import Assurance, Evidence, Provenance
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode

_UNTRUSTED = {
    Provenance.DEVICE: ReasonCode.READING_NOT_ACCEPTED,
    Provenance.FILE: ReasonCode.READING_FROM_FILE,
    Provenance.SIMULATED: ReasonCode.READING_SIMULATED,
}
_STRENGTH = {Assurance.NONE: 0, Assurance.CHANNEL: 1, Assurance.SIGNED: 2}


def _answer(evidence: Evidence, policy: Policy, _now: datetime) -> Answer:
    findings = []
    if not evidence.sources:
        findings.append(Finding(ReasonCode.READING_WITHOUT_SOURCE))
    for source in evidence.sources:
        # In production nothing but a device counts, whatever else the policy lists.
        real_enough = source.provenance is Provenance.DEVICE or not policy.production
        if not real_enough or source.provenance not in policy.provenances:
            findings.append(Finding(_UNTRUSTED[source.provenance]))
        if _STRENGTH[source.assurance] < _STRENGTH[policy.minimum_assurance]:
            detail = (
                ("assurance", source.assurance.value),
                ("minimum", policy.minimum_assurance.value),
            )
            findings.append(Finding(ReasonCode.READING_UNPROTECTED, detail))
    return answer_of(findings)


RULE = Rule(
    "readings_trusted",
    "Do all readings come from a source that the policy trusts, over a protected connection?",
    _answer,
)
