"""decide() beyond its rules: what it does when a rule, the policy or the clock is wrong."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk_api.core import decision as decision_module
from kiosk_api.core.answers import Answer, Finding, Refer, Rule, Satisfied
from kiosk_api.core.codec import (
    decode_decision,
    decode_evidence,
    decode_policy,
    encode_evidence,
    encode_policy,
)
from kiosk_api.core.decision import Decision, Outcome, RuleAnswer, combine, decide, traveler_text
from kiosk_api.core.evidence import (
    Evidence,
    Fault,
    FaultKind,
    MatchFacts,
    Measured,
    NotMeasured,
    Stage,
)
from kiosk_api.core.plain import CodecError
from kiosk_api.core.policy import Policy, policy_digest
from kiosk_api.core.reasons import ReasonCode, TravelerText
from kiosk_api.core.rules import RULES

GOLDEN = Path(__file__).parents[2] / "golden" / "core"
BASE = decode_evidence(json.loads((GOLDEN / "admissible_evidence.json").read_text()))
POLICY = decode_policy(json.loads((GOLDEN / "policy.json").read_text()))
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def codes(decision: Decision) -> list[ReasonCode]:
    return [finding.code for finding in decision.reasons]


def test_the_member_of_the_golden_file_is_admitted() -> None:
    decision = decide(BASE, POLICY, NOW)
    assert decision.outcome is Outcome.ADMIT
    assert decision.reasons == ()
    assert [answer.rule for answer in decision.answers] == list(POLICY.rules)
    assert decision.policy_digest == policy_digest(POLICY)


def test_a_stored_decision_replays_equal() -> None:
    assert not isinstance(BASE.face, NotMeasured)
    far = replace(BASE.face.value, match=Measured(MatchFacts(0.62, POLICY.face.model)))
    lost = (Fault(FaultKind.DEVICE_LOST, Stage.CAPTURE),)
    stored = decode_decision(json.loads((GOLDEN / "referral.json").read_text()))
    assert decide(replace(BASE, face=Measured(far), faults=lost), POLICY, NOW) == stored


def test_a_policy_without_rules_refers() -> None:
    decision = decide(BASE, replace(POLICY, rules=()), NOW)
    assert decision.outcome is Outcome.REFER
    assert codes(decision) == [ReasonCode.POLICY_EMPTY]


def test_a_rule_that_this_release_lacks_refers_by_name() -> None:
    decision = decide(BASE, replace(POLICY, rules=(*POLICY.rules, "from_the_future")), NOW)
    assert decision.outcome is Outcome.REFER
    assert decision.reasons == (Finding(ReasonCode.RULE_UNKNOWN, (("rule", "from_the_future"),)),)


def test_a_rule_that_raises_refers_by_name_and_drops_what_it_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def raises(_evidence: Evidence, _policy: Policy, _now: datetime) -> Answer:
        raise RuntimeError("content")

    broken = {**RULES, "face_matches": Rule("face_matches", "?", raises)}
    monkeypatch.setattr(decision_module, "RULES", broken)
    decision = decide(BASE, POLICY, NOW)
    assert decision.reasons == (Finding(ReasonCode.RULE_FAILED, (("rule", "face_matches"),)),)
    assert "content" not in repr(decision)


def test_a_zone_that_the_database_lacks_refers() -> None:
    decision = decide(BASE, replace(POLICY, timezone="Atlantis/Main"), NOW)
    assert set(codes(decision)) == {ReasonCode.RULE_FAILED}


def test_a_time_without_a_zone_refers() -> None:
    decision = decide(BASE, POLICY, NOW.replace(tzinfo=None))
    assert decision.outcome is Outcome.REFER
    assert codes(decision) == [ReasonCode.TIME_WITHOUT_ZONE]


def test_reasons_come_by_severity_then_in_the_order_of_the_policy() -> None:
    routine, check, alert = (
        Finding(ReasonCode.HOLDER_TOO_YOUNG),
        Finding(ReasonCode.RECORD_STALE),
        Finding(ReasonCode.DOCUMENT_STOLEN),
    )
    other_check = Finding(ReasonCode.FACE_ABSENT)
    answers = [
        RuleAnswer("a", Refer((routine, check))),
        RuleAnswer("b", Satisfied()),
        RuleAnswer("c", Refer((other_check, check, alert))),
    ]
    assert combine(answers) == (Outcome.REFER, (alert, check, other_check, routine))


def test_the_same_code_with_other_facts_is_another_reason() -> None:
    first = Finding(ReasonCode.FACE_QUALITY_POOR, (("measure", "sharpness"),))
    second = Finding(ReasonCode.FACE_QUALITY_POOR, (("measure", "face_width"),))
    answers = [RuleAnswer("a", Refer((first, second, first)))]
    assert combine(answers) == (Outcome.REFER, (first, second))


def test_a_referral_without_a_finding_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="needs a finding"):
        Refer(())


def test_what_the_traveler_is_told() -> None:
    stale = Finding(ReasonCode.RECORD_STALE)
    disk = Finding(ReasonCode.JOURNAL_UNAVAILABLE)
    assert traveler_text(Outcome.ADMIT, ()) is TravelerText.PROCEED
    assert traveler_text(Outcome.REFER, (stale,)) is TravelerText.SEE_OFFICER
    assert traveler_text(Outcome.REFER, (stale, disk)) is TravelerText.OUT_OF_SERVICE
    assert traveler_text(Outcome.REFER, ()) is TravelerText.SEE_OFFICER


def test_what_a_release_before_cohorts_wrote_is_written_as_it_was() -> None:
    # Fields that came later are left out, so that old digests hold.
    evidence = json.loads((GOLDEN / "admissible_evidence.json").read_text())
    policy = json.loads((GOLDEN / "policy.json").read_text())
    assert encode_evidence(BASE) == evidence
    assert encode_policy(POLICY) == policy
    assert "normalised" not in policy["face"]


def test_a_default_that_is_written_out_is_refused() -> None:
    # One policy must not have two forms, or it has two digests.
    policy = json.loads((GOLDEN / "policy.json").read_text())
    policy["face"]["normalised"] = None
    with pytest.raises(CodecError, match="default"):
        decode_policy(policy)
