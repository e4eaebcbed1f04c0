"""Do the document and the traveler record speak of the same person?

Any field that disagrees refers. Birth date, nationality and expiry also refer when they cannot
be compared: every accepted document prints them, so one of the two sides is incomplete. A name
that cannot be compared to its end does not refer: the machine-readable zone truncates names by
rule (ICAO Doc 9303-3, 4.6), and what is legible of a truncated name must still agree. Nor
does sex that cannot be compared: "unspecified" is as good a value as the letters (9303-4,
4.1.1.1), which one side may have begun to use before the other, and no check digit covers it.
"""

from __future__ import annotations

from datetime import datetime

from kiosk_api.core.answers import Answer, Finding, Refer, Rule, answer_of
from kiosk_api.core.evidence import Agreement, Evidence
from kiosk_api.core.facts import record_of
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode


def _answer(evidence: Evidence, _policy: Policy, _now: datetime) -> Answer:
    record = record_of(evidence)
    if isinstance(record, Refer):
        return record
    findings = []
    if record.name is Agreement.DISAGREE:
        findings.append(Finding(ReasonCode.RECORD_NAME_DIFFERS))
    if record.sex is Agreement.DISAGREE:
        findings.append(Finding(ReasonCode.RECORD_SEX_DIFFERS))
    for field, agreement, differs in (
        ("birth_date", record.birth_date, ReasonCode.RECORD_BIRTH_DATE_DIFFERS),
        ("nationality", record.nationality, ReasonCode.RECORD_NATIONALITY_DIFFERS),
        ("expiry", record.expiry, ReasonCode.RECORD_EXPIRY_DIFFERS),
    ):
        if agreement is Agreement.DISAGREE:
            findings.append(Finding(differs))
        elif agreement is not Agreement.AGREE:
            findings.append(Finding(ReasonCode.RECORD_UNCONFIRMED, (("field", field),)))
    return answer_of(findings)


RULE = Rule("record_agrees", "Does the document say of its holder what the record says?", _answer)
