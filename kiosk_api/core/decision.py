"""From evidence to a decision: pure, total and monotone.

- Pure: the same evidence, policy and time always give the same decision.
- Total: it never raises. A rule that fails is a reason to refer.
- Monotone: evidence that gets worse never turns a referral into an admission.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiosk_api.core.answers import Answer, Finding, Refer, Rule, Satisfied, refer
from kiosk_api.core.evidence import Evidence
from kiosk_api.core.policy import Policy, policy_digest
from kiosk_api.core.reasons import REASONS, ReasonCode, TravelerText
from kiosk_api.core.rules import RULES


class Outcome(StrEnum):
    """What a session comes to."""

    ADMIT = "ADMIT"
    REFER = "REFER"


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """What one rule answered."""

    rule: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome with everything it stands on."""

    outcome: Outcome
    reasons: tuple[Finding, ...]  # the most severe first, then in the policy's order of rules
    answers: tuple[RuleAnswer, ...]  # in the policy's order of rules
    policy_site: str
    policy_version: str
    policy_digest: str


def decide(evidence: Evidence, policy: Policy, now: datetime) -> Decision:
    """Ask every rule of the policy; admit when there is one and all are satisfied.

    Args:
        evidence: what was observed in the session.
        policy: what the site demands.
        now: the time of the decision, aware; a naive one refers.
    """
    answers = tuple(RuleAnswer(name, _ask(name, evidence, policy, now)) for name in policy.rules)
    outcome, reasons = combine(answers)
    return Decision(outcome, reasons, answers, policy.site, policy.version, policy_digest(policy))


def combine(answers: Sequence[RuleAnswer]) -> tuple[Outcome, tuple[Finding, ...]]:
    """Fold answers into an outcome and its reasons; no answer at all refers."""
    if not answers:
        return Outcome.REFER, (Finding(ReasonCode.POLICY_EMPTY),)
    found = [f for a in answers if isinstance(a.answer, Refer) for f in a.answer.findings]
    if not found and all(isinstance(a.answer, Satisfied) for a in answers):
        return Outcome.ADMIT, ()
    distinct = dict.fromkeys(found)  # keeps the first of equal findings, in order
    return Outcome.REFER, tuple(sorted(distinct, key=lambda f: -REASONS[f.code].severity))


def traveler_text(outcome: Outcome, reasons: Sequence[Finding]) -> TravelerText:
    """Return what the traveler is told: the way to go, never the reason."""
    if outcome is Outcome.ADMIT:
        return TravelerText.PROCEED
    texts = {REASONS[finding.code].traveler for finding in reasons}
    if TravelerText.OUT_OF_SERVICE in texts:
        return TravelerText.OUT_OF_SERVICE
    return TravelerText.SEE_OFFICER


def _ask(name: str, evidence: Evidence, policy: Policy, now: datetime) -> Answer:
    rule: Rule | None = RULES.get(name)
    if rule is None:
        return refer(ReasonCode.RULE_UNKNOWN, ("rule", name))
    try:
        if now.utcoffset() is None:
            return refer(ReasonCode.TIME_WITHOUT_ZONE)
        return rule.answer(evidence, policy, now)
    except Exception:  # noqa: BLE001  # decide() is total: whatever a rule raises, it refers
        # The exception is dropped on purpose: its text may hold what it stumbled over.
        return refer(ReasonCode.RULE_FAILED, ("rule", name))
