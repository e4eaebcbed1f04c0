"""decide() is total, pure and monotone; each property also catches a decide() that is not."""

from dataclasses import replace
from itertools import count

import pytest
from core_strategies import (
    BASE,
    NOW,
    POLICY,
    any_evidence,
    any_times,
    near_evidence,
    near_pages,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from worsenings import WORSENINGS, Worsening

from kiosk_api.core import decision as decision_module
from kiosk_api.core.answers import Answer, Refer, Rule, Satisfied, refer
from kiosk_api.core.codec import decode_decision, encode_decision
from kiosk_api.core.decision import Decision, Outcome, decide
from kiosk_api.core.evidence import (
    Evidence,
    LinesFrom,
    Measured,
    NotMeasured,
    PageOutcome,
    Why,
)
from kiosk_api.core.policy import PagePolicy, Policy
from kiosk_api.core.reasons import ReasonCode
from kiosk_api.core.rules import RULES

# A control has to find its failure, and need not make it small.
CONTROL = settings(
    max_examples=2000,
    database=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    deadline=None,
)


def codes(decision: Decision) -> set[ReasonCode]:
    return {finding.code for finding in decision.reasons}


# --- the properties ------------------------------------------------------------------------


def check_total(evidence: Evidence, now) -> None:
    decision = decide(evidence, POLICY, now)
    answers = [answer.answer for answer in decision.answers]
    admits = all(isinstance(answer, Satisfied) for answer in answers)
    assert (decision.outcome is Outcome.ADMIT) == admits
    assert bool(decision.reasons) != admits
    assert decode_decision(encode_decision(decision)) == decision  # it can be journaled


def check_pure(evidence: Evidence) -> None:
    assert decide(evidence, POLICY, NOW) == decide(evidence, POLICY, NOW)


def check_monotone(
    evidence: Evidence, worsenings: list[Worsening], policy: Policy = POLICY
) -> None:
    before = decide(evidence, policy, NOW)
    for worsening in worsenings:
        evidence = worsening.apply(evidence)
        after = decide(evidence, policy, NOW)
        if before.outcome is Outcome.REFER:
            assert after.outcome is Outcome.REFER, worsening.name
        lost = codes(before) - codes(after) - worsening.hides
        assert not lost, (worsening.name, lost)
        before = after


def check_unmeasured_never_admits(evidence: Evidence) -> None:
    parts = (evidence.document, evidence.record, evidence.face)
    if any(isinstance(part, NotMeasured) for part in parts):
        assert decide(evidence, POLICY, NOW).outcome is Outcome.REFER


several_worsenings = st.lists(st.sampled_from(WORSENINGS), min_size=1, max_size=4)


@settings(max_examples=100, deadline=None)
@given(any_evidence(), any_times)
def test_total_on_whatever_the_types_allow(evidence, now):
    check_total(evidence, now)


@settings(max_examples=100, deadline=None)
@given(near_evidence(), st.just(NOW))
def test_total_close_to_admission(evidence, now):
    check_total(evidence, now)


@settings(deadline=None)
@given(st.one_of(any_evidence(), near_evidence()))
def test_pure(evidence):
    check_pure(evidence)


@settings(max_examples=200, deadline=None)
@given(near_evidence(), several_worsenings)
def test_monotone(evidence, worsenings):
    check_monotone(evidence, worsenings)


_OF_PAGES = (
    *("page ", "zone ", "no confidence", "a check digit that", "suspicion", "not sent"),
    *("infrared", "ultraviolet", "pictures", "every look", "portrait"),
)
OF_PAGES = tuple(w for w in WORSENINGS if w.name.startswith(_OF_PAGES))
# A policy without demands may be sent no picture at all, and then nobody looks at one.
LENIENT = replace(POLICY, page=PagePolicy(portrait_max_distance=0.65))
SENT_ALL_THE_SAME = tuple(
    w
    for w in OF_PAGES
    if not w.name.startswith(("not sent", "pictures of no light", "portrait "))
    and not w.name.endswith(Why.NOT_ATTEMPTED.value)
)


@settings(max_examples=200, deadline=None)
@given(near_pages(), st.lists(st.sampled_from(OF_PAGES), min_size=1, max_size=4))
def test_monotone_in_what_the_pictures_of_the_page_say(evidence, worsenings):
    check_monotone(evidence, worsenings)


@settings(max_examples=200, deadline=None)
@given(near_pages(), st.lists(st.sampled_from(SENT_ALL_THE_SAME), min_size=1, max_size=4))
def test_monotone_without_a_demand_on_pictures(evidence, worsenings):
    check_monotone(evidence, worsenings, LENIENT)


@settings(max_examples=200, deadline=None)
@given(near_pages())
def test_a_suspicion_is_never_admitted_whatever_the_policy_demands(evidence):
    for policy in (POLICY, LENIENT, replace(POLICY, page=PagePolicy())):
        optical = evidence.document.value.optical
        if decide(evidence, policy, NOW).outcome is Outcome.ADMIT and isinstance(optical, Measured):
            said = optical.value
            assert PageOutcome.SUSPICIOUS not in [f.outcome for f in said.findings]
            if isinstance(said.mrz, Measured):
                assert said.mrz.value.agrees_with_reader is not False
                sure = said.mrz.value.accepted or said.mrz.value.agrees_with_reader
                assert sure
            else:
                assert said.lines_from is LinesFrom.READER


@settings(deadline=None)
@given(near_evidence())
def test_what_was_not_measured_never_admits(evidence):
    check_unmeasured_never_admits(evidence)


# --- the properties say something ----------------------------------------------------------


@pytest.mark.parametrize("policy", [POLICY, LENIENT, replace(POLICY, page=PagePolicy())])
def test_the_base_really_admits(policy):
    assert decide(BASE, policy, NOW).outcome is Outcome.ADMIT


@pytest.mark.parametrize("worsening", WORSENINGS, ids=lambda worsening: worsening.name)
def test_each_worsening_alone_turns_the_base_into_a_referral(worsening):
    worse = worsening.apply(BASE)
    assert worse != BASE
    refers = decide(worse, POLICY, NOW).outcome is Outcome.REFER
    assert refers is worsening.refers


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_the_only_objection_to_something(rule):
    """No rule is dead weight: without it, something that refers would be admitted."""
    without = replace(POLICY, rules=tuple(name for name in POLICY.rules if name != rule))
    policy = replace(POLICY, effective_from=NOW.date().replace(year=2027))
    worse = [(w.apply(BASE), POLICY) for w in WORSENINGS] + [(BASE, policy)]
    only = [
        evidence
        for evidence, whole in worse
        if decide(evidence, whole, NOW).outcome is Outcome.REFER
        and decide(evidence, replace(whole, rules=without.rules), NOW).outcome is Outcome.ADMIT
    ]
    backed_by_others = {"document_read", "record_found", "face_present"}
    assert bool(only) is (rule not in backed_by_others)


# --- negative controls ---------------------------------------------------------------------


def _install(monkeypatch, name, answer):
    rules = {**RULES, name: Rule(name, "?", answer)}
    monkeypatch.setattr(decision_module, "RULES", rules)


def test_control_a_decide_without_its_guard_is_not_total(monkeypatch):
    monkeypatch.setattr(
        decision_module, "_ask", lambda name, e, policy, now: RULES[name].answer(e, policy, now)
    )

    @CONTROL
    @given(any_evidence(), any_times)
    def total(evidence, now):
        check_total(evidence, now)

    with pytest.raises((OverflowError, ValueError)):
        total()


def test_control_a_rule_with_a_memory_is_not_pure(monkeypatch):
    calls = count()

    def moody(_evidence, _policy, _now) -> Answer:
        return Satisfied() if next(calls) % 2 else refer(ReasonCode.RECORD_STALE)

    _install(monkeypatch, "record_fresh", moody)

    @CONTROL
    @given(near_evidence())
    def pure(evidence):
        check_pure(evidence)

    with pytest.raises(AssertionError):
        pure()


def _waves_the_uncompared_through(evidence, policy, now) -> Answer:
    face = evidence.face
    if isinstance(face, Measured) and isinstance(face.value.match, NotMeasured):
        return Satisfied()
    return RULES["face_matches"].answer(evidence, policy, now)


def _asks_the_last_membership_only(evidence, policy, now) -> Answer:
    record = evidence.record
    if isinstance(record, Measured) and getattr(record.value, "memberships", ()):
        last = replace(record.value, memberships=record.value.memberships[-1:])
        evidence = replace(evidence, record=Measured(last))
    return RULES["membership_accepted"].answer(evidence, policy, now)


def _looks_at_the_last_finding_only(evidence, policy, now) -> Answer:
    document = evidence.document
    if isinstance(document, Measured) and isinstance(document.value.optical, Measured):
        optical = document.value.optical.value
        last = replace(optical, findings=optical.findings[-1:])
        evidence = replace(
            evidence, document=Measured(replace(document.value, optical=Measured(last)))
        )
    lights = replace(policy, page=PagePolicy())
    return RULES["page_unsuspicious"].answer(evidence, lights, now)


def _takes_an_unsure_zone_that_nobody_contradicts(evidence, policy, now) -> Answer:
    answer = RULES["mrz_sure"].answer(evidence, policy, now)
    document = evidence.document
    if isinstance(document, Measured) and isinstance(document.value.optical, Measured):
        mrz = document.value.optical.value.mrz
        if isinstance(mrz, Measured) and not mrz.value.accepted:
            return Satisfied()
    return answer


def _tells_one_reason_only(evidence, policy, now) -> Answer:
    answer = RULES["process_sound"].answer(evidence, policy, now)
    return Refer(answer.findings[-1:]) if isinstance(answer, Refer) else answer


@pytest.mark.parametrize(
    ("name", "broken", "about"),
    [
        ("face_matches", _waves_the_uncompared_through, ("further apart", "not compared")),
        ("membership_accepted", _asks_the_last_membership_only, ("membership", "one more")),
        ("process_sound", _tells_one_reason_only, ("fault",)),
        ("page_unsuspicious", _looks_at_the_last_finding_only, ("suspicion",)),
        ("mrz_sure", _takes_an_unsure_zone_that_nobody_contradicts, ("zone in the picture",)),
    ],
)
def test_control_a_rule_that_is_not_monotone_is_caught(monkeypatch, name, broken, about):
    # Only what touches the rule, so that the search meets the failure and not just may.
    touching = [w for w in WORSENINGS if any(word in w.name for word in about)]

    @CONTROL
    @given(st.just(BASE), st.lists(st.sampled_from(touching), min_size=2, max_size=4))
    def monotone(evidence, worsenings):
        check_monotone(evidence, worsenings)

    _install(monkeypatch, name, broken)
    with pytest.raises(AssertionError):
        monotone()


def test_control_a_decide_that_lets_the_unmeasured_pass_is_caught(monkeypatch):
    def lenient(name, evidence, policy, now) -> Answer:
        of_face = name.startswith(("face_", "presentation_", "challenge_"))
        if isinstance(evidence.face, NotMeasured) and of_face:
            return Satisfied()
        return RULES[name].answer(evidence, policy, now)

    monkeypatch.setattr(decision_module, "_ask", lenient)

    @CONTROL
    @given(st.sampled_from(WORSENINGS))
    def unmeasured_never_admits(worsening):
        check_unmeasured_never_admits(worsening.apply(BASE))

    with pytest.raises(AssertionError):
        unmeasured_never_admits()
