"""Does the traveler hold a membership that admits here today?

One membership that is accepted, active and valid is enough, unless another one is suspended or
revoked: why a program withdrew its trust is for an officer to weigh, not for a kiosk.
"""

from __future__ import annotations

from datetime import date, datetime

from kiosk_api.core.answers import Answer, Finding, Refer, Rule, Satisfied, refer
from kiosk_api.core.evidence import DocumentFacts, Evidence, MembershipFacts, MembershipStatus
from kiosk_api.core.facts import document_of, port_day, record_of
from kiosk_api.core.policy import AcceptedProgram, Policy
from kiosk_api.core.reasons import ReasonCode

_WITHDRAWN = frozenset({ReasonCode.MEMBERSHIP_SUSPENDED, ReasonCode.MEMBERSHIP_REVOKED})


def _answer(evidence: Evidence, policy: Policy, now: datetime) -> Answer:
    document, record = document_of(evidence), record_of(evidence)
    if isinstance(document, Refer):
        return document
    if isinstance(record, Refer):
        return record
    day = port_day(now, policy)
    objections = [_objections(m, document, policy, day) for m in record.memberships]
    findings = tuple(finding for found in objections for finding in found)
    if any(not found for found in objections) and not any(f.code in _WITHDRAWN for f in findings):
        return Satisfied()
    return Refer(findings) if findings else refer(ReasonCode.MEMBERSHIP_NONE)


def _objections(
    membership: MembershipFacts, document: DocumentFacts, policy: Policy, day: date
) -> list[Finding]:
    """Everything that keeps one membership from admitting on `day`."""
    codes = []
    match membership.status:
        case MembershipStatus.ACTIVE:
            pass
        case MembershipStatus.SUSPENDED:
            codes.append(ReasonCode.MEMBERSHIP_SUSPENDED)
        case MembershipStatus.REVOKED:
            codes.append(ReasonCode.MEMBERSHIP_REVOKED)
    accepted = [a for a in policy.programs if a.program is membership.program]
    if not accepted:
        codes.append(ReasonCode.MEMBERSHIP_PROGRAM_NOT_ACCEPTED)
    elif not any(_is_met(a, document) for a in accepted):
        codes.append(ReasonCode.MEMBERSHIP_CONDITION_NOT_MET)
    if day < membership.valid_from:
        codes.append(ReasonCode.MEMBERSHIP_NOT_YET_VALID)
    if day > membership.valid_until:
        codes.append(ReasonCode.MEMBERSHIP_EXPIRED)
    program = ("program", membership.program.value)
    return [Finding(code, (program,)) for code in codes]


def _is_met(accepted: AcceptedProgram, document: DocumentFacts) -> bool:
    if not accepted.only_nationalities and not accepted.only_documents:
        return True
    return (
        document.nationality in accepted.only_nationalities
        or document.document_class in accepted.only_documents
    )


RULE = Rule(
    "membership_accepted",
    "Does an active membership of an accepted program cover the port's day?",
    _answer,
)
