"""combine() over every combination of answers, not a sample of them."""

from itertools import combinations, permutations, product

import pytest

from kiosk_api.core.answers import Finding, Refer, Satisfied
from kiosk_api.core.decision import Outcome, RuleAnswer, combine
from kiosk_api.core.reasons import REASONS, ReasonCode, Severity
from kiosk_api.core.rules import RULES

ONE_OF_EACH = {
    severity: next(Finding(code) for code in ReasonCode if REASONS[code].severity is severity)
    for severity in Severity
}
ANSWERS = (
    Satisfied(),
    *(Refer((finding,)) for finding in ONE_OF_EACH.values()),
    Refer((ONE_OF_EACH[Severity.ROUTINE], ONE_OF_EACH[Severity.ALERT])),
)


def as_rules(answers):
    return [RuleAnswer(f"rule_{i}", answer) for i, answer in enumerate(answers)]


def check_fold(fold):
    """Every list of up to four answers: what admits, what is listed, and in which order."""
    cases = 0
    for length in range(5):
        for answers in product(ANSWERS, repeat=length):
            outcome, reasons = fold(as_rules(answers))
            found = [f for a in answers if isinstance(a, Refer) for f in a.findings]
            assert (outcome is Outcome.ADMIT) == (length > 0 and not found)
            assert set(reasons) == set(found) or (length == 0 and len(reasons) == 1)
            assert len(set(reasons)) == len(reasons)
            severities = [REASONS[finding.code].severity for finding in reasons]
            assert severities == sorted(severities, reverse=True)
            cases += 1
    assert cases == sum(len(ANSWERS) ** n for n in range(5))


def check_monotone(fold):
    """Making any one answer of any list a referral, or adding one, never admits."""
    for length in range(4):
        for answers in product(ANSWERS, repeat=length):
            for worse in ANSWERS[1:]:
                longer = (*answers, worse)
                assert fold(as_rules(longer))[0] is Outcome.REFER
                for at in range(length):
                    changed = (*answers[:at], worse, *answers[at + 1 :])
                    assert fold(as_rules(changed))[0] is Outcome.REFER


def test_the_fold_is_right_on_every_list():
    check_fold(combine)


def test_the_fold_is_monotone_on_every_list():
    check_monotone(combine)


def test_the_outcome_does_not_depend_on_the_order_of_rules():
    for answers in product(ANSWERS, repeat=3):
        results = {
            (combine(as_rules(order))[0], frozenset(combine(as_rules(order))[1]))
            for order in permutations(answers)
        }
        assert len(results) == 1


def test_of_all_subsets_of_satisfied_rules_only_the_full_one_admits():
    yes, no = Satisfied(), Refer((ONE_OF_EACH[Severity.CHECK],))
    admitted = 0
    for answers in product((yes, no), repeat=14):
        admitted += combine(as_rules(answers))[0] is Outcome.ADMIT
    assert admitted == 1
    # Of as many rules as there are, the subsets within two rules of the full and the empty one.
    number = len(RULES)
    for few in (subset for size in range(3) for subset in combinations(range(number), size)):
        for inside, outside in ((no, yes), (yes, no)):
            answers = [inside if i in few else outside for i in range(number)]
            outcome = combine(as_rules(answers))[0]
            assert (outcome is Outcome.ADMIT) is (no not in answers)


def _admits_the_empty(answers):
    return combine(answers) if answers else (Outcome.ADMIT, ())


def _goes_by_majority(answers):
    outcome, reasons = combine(answers)
    satisfied = sum(isinstance(a.answer, Satisfied) for a in answers)
    return (Outcome.ADMIT, ()) if 2 * satisfied > len(answers) else (outcome, reasons)


def _keeps_the_worst_only(answers):
    outcome, reasons = combine(answers)
    return outcome, reasons[:1]


@pytest.mark.parametrize("broken", [_admits_the_empty, _goes_by_majority, _keeps_the_worst_only])
def test_control_a_broken_fold_is_caught(broken):
    with pytest.raises(AssertionError):
        check_fold(broken)


def test_control_a_fold_by_majority_is_not_monotone():
    with pytest.raises(AssertionError):
        check_monotone(_goes_by_majority)
