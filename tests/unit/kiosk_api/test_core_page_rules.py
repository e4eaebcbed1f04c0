"""What the pictures of a document's page change in a decision, at the edges of each rule."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from math import inf, nan
from pathlib import Path
from typing import Any, cast

import pytest

from kiosk_api.core.answers import Finding, Refer, Satisfied
from kiosk_api.core.codec import (
    decode_decision,
    decode_evidence,
    decode_policy,
    encode_decision,
    encode_evidence,
)
from kiosk_api.core.decision import Outcome, decide
from kiosk_api.core.evidence import (
    DocumentFacts,
    Evidence,
    Light,
    LinesFrom,
    Measured,
    MRZPictureFacts,
    NotMeasured,
    OpticalFacts,
    PageCheck,
    PageFindingFact,
    PageOutcome,
    PortraitFacts,
    Why,
)
from kiosk_api.core.policy import PagePolicy, Policy, policy_digest
from kiosk_api.core.reasons import ReasonCode as R
from kiosk_api.core.rules import RULES
from kiosk_api.core.rules.page_unsuspicious import PICTURES, REASON_OF

GOLDEN = Path(__file__).parents[2] / "golden" / "core"
BASE = decode_evidence(json.loads((GOLDEN / "admissible_evidence_pages.json").read_text()))
STRICT = decode_policy(json.loads((GOLDEN / "policy_pages.json").read_text()))
NO_DEMAND = replace(STRICT, page=PagePolicy())
LIMIT = replace(STRICT, page=PagePolicy(portrait_max_distance=0.65))
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DOCUMENT = cast("Measured[DocumentFacts]", BASE.document).value
OPTICAL = cast("Measured[OpticalFacts]", DOCUMENT.optical).value
MRZ = cast("Measured[MRZPictureFacts]", OPTICAL.mrz).value
PORTRAIT = cast("Measured[PortraitFacts]", OPTICAL.portrait).value
MODEL = STRICT.face.model
SENT = NotMeasured(Why.DEADLINE)
BY_READER: dict[str, Any] = {"lines_from": LinesFrom.READER}


def sees(optical: Measured[OpticalFacts] | NotMeasured) -> Evidence:
    return replace(BASE, document=Measured(replace(DOCUMENT, optical=optical)))


def page(**changes: Any) -> Evidence:
    return sees(Measured(replace(OPTICAL, **changes)))


def zone(by: dict[str, Any] | None = None, **changes: Any) -> Evidence:
    return page(mrz=Measured(replace(MRZ, **changes)), **(by or {}))


def look(check: str, outcome: PageOutcome, code: str = "code") -> PageFindingFact:
    return PageFindingFact(check, outcome, 0.9, code)


def looks(*findings: PageFindingFact, **changes: Any) -> Evidence:
    return page(findings=findings, **changes)


def portrait(**changes: Any) -> Evidence:
    return page(portrait=Measured(replace(PORTRAIT, **changes)))


def findings_of(rule: str, evidence: Evidence, policy: Policy) -> tuple[Finding, ...]:
    answer = RULES[rule].answer(evidence, policy, NOW)
    return answer.findings if isinstance(answer, Refer) else ()


def codes_of(rule: str, evidence: Evidence, policy: Policy) -> list[R]:
    return [finding.code for finding in findings_of(rule, evidence, policy)]


# --- is the zone sure ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("evidence", "expected"),
    [
        (zone(), []),
        (zone(accepted=False), [R.DOCUMENT_READ_UNSURE]),
        (zone(confidence=nan), [R.DOCUMENT_READ_UNSURE]),
        (zone(confidence=inf), [R.DOCUMENT_READ_UNSURE]),
        (zone(confidence=0.0), [R.DOCUMENT_READ_UNSURE]),
        (zone(checks=("composite:fail",)), [R.DOCUMENT_READ_UNSURE]),
        (zone(checks=("composite:absent",)), []),
        (zone(agrees_with_reader=False), [R.DOCUMENT_READING_CONTRADICTS]),
        # A device that read the same leaves no doubt; one that does not, leaves ours.
        (zone(BY_READER, agrees_with_reader=True), []),
        (zone(BY_READER, agrees_with_reader=True, accepted=False), []),
        (zone(BY_READER, agrees_with_reader=None), [R.DOCUMENT_READ_UNSURE]),
        (zone(BY_READER, agrees_with_reader=False), [R.DOCUMENT_READING_CONTRADICTS]),
        (
            zone(BY_READER, agrees_with_reader=False, accepted=False),
            [R.DOCUMENT_READING_CONTRADICTS],
        ),
        (zone(agrees_with_reader=True, accepted=False), [R.DOCUMENT_READ_UNSURE]),
        # No second reading.
        (page(mrz=NotMeasured(Why.NOT_ATTEMPTED)), [R.DOCUMENT_READ_UNSURE]),
        (page(mrz=NotMeasured(Why.NOT_ATTEMPTED), **BY_READER), []),
        (page(mrz=NotMeasured(Why.UNREADABLE), **BY_READER), [R.DOCUMENT_READ_UNSURE]),
        (page(mrz=NotMeasured(Why.TOO_POOR), **BY_READER), [R.DOCUMENT_READ_UNSURE]),
        (page(mrz=NotMeasured(Why.NOT_PRESENT), **BY_READER), [R.DOCUMENT_READ_UNSURE]),
        (page(mrz=NotMeasured(Why.DEADLINE), **BY_READER), [R.PAGE_NOT_EXAMINED]),
        (page(mrz=NotMeasured(Why.ENGINE_FAILED), **BY_READER), [R.PAGE_NOT_EXAMINED]),
        # No pictures, and pictures in vain.
        (sees(NotMeasured(Why.NOT_ATTEMPTED)), []),
        (sees(NotMeasured(Why.DEADLINE)), [R.PAGE_NOT_EXAMINED]),
        (sees(NotMeasured(Why.ENGINE_FAILED)), [R.PAGE_NOT_EXAMINED]),
    ],
)
def test_a_zone_read_in_a_picture_is_sure_or_refers(evidence: Evidence, expected: list[R]) -> None:
    assert codes_of("mrz_sure", evidence, NO_DEMAND) == expected
    assert codes_of("mrz_sure", evidence, STRICT) == expected


def test_what_was_wrong_with_the_picture_is_told_as_the_cause_of_an_unsure_zone() -> None:
    evidence = page(
        mrz=Measured(replace(MRZ, accepted=False, problems=("low_confidence",))),
        findings=(
            look("glare", PageOutcome.POOR, "glare"),
            look("sharpness", PageOutcome.PASSED, "sharp"),
        ),
    )
    [finding] = findings_of("mrz_sure", evidence, NO_DEMAND)
    assert finding == Finding(
        R.DOCUMENT_READ_UNSURE, (("problem", "low_confidence"), ("cause", "glare"))
    )


def test_a_poor_picture_of_a_zone_that_is_sure_is_no_reason() -> None:
    poor = [
        look(check, PageOutcome.POOR)
        for check in (PageCheck.GLARE, PageCheck.SHARPNESS, PageCheck.RESOLUTION, PageCheck.CUT_OFF)
    ]
    evidence = page(findings=(*OPTICAL.findings, *poor))
    assert decide(evidence, STRICT, NOW).outcome is Outcome.ADMIT


# --- is the page suspicious ----------------------------------------------------------------


@pytest.mark.parametrize("check", [*PageCheck, "something_later"])
@pytest.mark.parametrize("policy", [STRICT, NO_DEMAND], ids=["strict", "no demand"])
def test_any_suspicion_refers_under_a_reason_of_its_kind(check: str, policy: Policy) -> None:
    evidence = page(findings=(*OPTICAL.findings, look(check, PageOutcome.SUSPICIOUS, "sign")))
    expected = REASON_OF.get(check, R.PAGE_SUSPICIOUS)
    assert findings_of("page_unsuspicious", evidence, policy) == (
        Finding(expected, (("check", check), ("sign", "sign"))),
    )
    assert decide(evidence, policy, NOW).outcome is Outcome.REFER


@pytest.mark.parametrize("policy", [STRICT, NO_DEMAND])
def test_a_picture_that_nobody_could_look_at_refers_whatever_the_others_show(
    policy: Policy,
) -> None:
    unseen = look(PICTURES, PageOutcome.NOT_MEASURED, "picture_unreadable")
    assert decide(looks(*OPTICAL.findings), policy, NOW).outcome is Outcome.ADMIT
    told = decide(looks(*OPTICAL.findings, unseen), policy, NOW)
    assert told.reasons == (Finding(R.PAGE_NOT_EXAMINED, (("sign", "picture_unreadable"),)),)


def test_the_names_are_those_of_whoever_looks() -> None:
    results = pytest.importorskip("documents.page.results")
    assert [str(check) for check in PageCheck] == [str(check) for check in results.PageCheck]
    assert {str(one) for one in PageOutcome} == {str(one) for one in results.CheckOutcome}
    assert {str(light) for light in Light} == {str(light) for light in results.Light}


def test_each_kind_of_suspicion_has_a_reason_of_its_own() -> None:
    assert len(set(REASON_OF.values())) == len(REASON_OF) == 4


IN_INFRARED, DULL = "mrz_in_infrared", "dull_under_ultraviolet"
INFRARED = look(IN_INFRARED, PageOutcome.PASSED)
ULTRAVIOLET = look(DULL, PageOutcome.PASSED)
NOT_EXAMINED = [R.PAGE_NOT_EXAMINED]


@pytest.mark.parametrize(
    ("evidence", "without_demand", "strict"),
    [
        (looks(INFRARED, ULTRAVIOLET), 0, 0),
        # A light that was sent has to be looked at; one that was not, only if it is asked for.
        (looks(INFRARED), 1, 1),
        (looks(INFRARED, look(DULL, PageOutcome.NOT_MEASURED, "out_of_time")), 1, 1),
        (looks(INFRARED, look(DULL, PageOutcome.NOT_MEASURED, "engine_failed")), 1, 1),
        (
            looks(
                look(IN_INFRARED, PageOutcome.NOT_MEASURED, "infrared_not_searched"), ULTRAVIOLET
            ),
            1,
            2,  # the light, and the one check it asks for
        ),
        # A look without an answer is one, and no answer where one is asked for.
        (looks(INFRARED, look(DULL, PageOutcome.NOT_MEASURED, "paper_shines_in_a_colour")), 0, 1),
        (looks(INFRARED, look(DULL, PageOutcome.POOR, "ultraviolet_too_dark")), 0, 1),
        (looks(INFRARED, PageFindingFact(DULL, PageOutcome.PASSED, nan, "")), 0, 1),
        (looks(INFRARED, lights=(Light.WHITE, Light.INFRARED)), 0, 1),
        (looks(lights=(Light.WHITE,)), 0, 3),  # two lights, and the one check it asks for
        # What nobody sent cannot have been examined, whatever is said of it.
        (looks(INFRARED, ULTRAVIOLET, lights=(Light.WHITE, Light.INFRARED)), 0, 1),
        (looks(INFRARED, ULTRAVIOLET, lights=(Light.INFRARED, Light.ULTRAVIOLET)), 0, 1),
        (page(mrz=NotMeasured(Why.TOO_POOR)), 0, 1),  # white light is there to be read in
        # A later answer counts beside an earlier one that was none.
        (looks(look(IN_INFRARED, PageOutcome.NOT_MEASURED), INFRARED, ULTRAVIOLET), 0, 0),
        (sees(NotMeasured(Why.NOT_ATTEMPTED)), 0, 4),
        (sees(NotMeasured(Why.DEADLINE)), 1, 1),
        (sees(NotMeasured(Why.ENGINE_FAILED)), 1, 1),
    ],
)
def test_pictures_are_examined_where_they_are_sent_or_asked_for(
    evidence: Evidence, without_demand: int, strict: int
) -> None:
    assert codes_of("page_unsuspicious", evidence, NO_DEMAND) == NOT_EXAMINED * without_demand
    assert codes_of("page_unsuspicious", evidence, STRICT) == NOT_EXAMINED * strict


@pytest.mark.parametrize("check", PageCheck)
def test_a_policy_may_ask_for_any_check(check: PageCheck) -> None:
    policy = replace(STRICT, page=PagePolicy(required_checks=(check,)))
    others = (INFRARED, ULTRAVIOLET)
    missing = tuple(f for f in others if f.check != check)
    unlit = replace(OPTICAL, lights=(Light.WHITE,))
    without = sees(Measured(replace(unlit, findings=missing)))
    within = sees(Measured(replace(unlit, findings=(*missing, look(check, PageOutcome.PASSED)))))
    assert findings_of("page_unsuspicious", without, policy) == (
        Finding(R.PAGE_NOT_EXAMINED, (("check", check.value),)),
    )
    assert findings_of("page_unsuspicious", within, policy) == ()


# --- the portrait --------------------------------------------------------------------------


def far(distance: float) -> Evidence:
    return portrait(distance_to_record=Measured(distance))


@pytest.mark.parametrize(
    ("evidence", "no_limit", "limit", "strict"),
    [
        (portrait(), [], [], []),
        (far(0.65), [], [], []),
        (far(0.6501), [], [R.PORTRAIT_DIFFERS], [R.PORTRAIT_DIFFERS]),
        (far(inf), [], [R.PORTRAIT_NOT_COMPARED], [R.PORTRAIT_NOT_COMPARED]),
        (far(nan), [], [R.PORTRAIT_NOT_COMPARED], [R.PORTRAIT_NOT_COMPARED]),
        (far(-0.1), [], [R.PORTRAIT_NOT_COMPARED], [R.PORTRAIT_NOT_COMPARED]),
        (portrait(model="x/1"), [], [R.PORTRAIT_NOT_COMPARED], [R.PORTRAIT_NOT_COMPARED]),
        (portrait(found=False), [], [], [R.PORTRAIT_NOT_COMPARED]),
        (portrait(distance_to_record=SENT), [], [], [R.PORTRAIT_NOT_COMPARED]),
        (page(portrait=SENT), [], [], [R.PORTRAIT_NOT_COMPARED]),
        (sees(NotMeasured(Why.NOT_ATTEMPTED)), [], [], [R.PORTRAIT_NOT_COMPARED]),
        (sees(SENT), [R.PAGE_NOT_EXAMINED], [R.PAGE_NOT_EXAMINED], [R.PAGE_NOT_EXAMINED]),
    ],
)
def test_a_portrait_of_somebody_else_refers_and_an_unmeasured_one_where_it_is_asked_for(
    evidence: Evidence, no_limit: list[R], limit: list[R], strict: list[R]
) -> None:
    assert codes_of("portrait_agrees", evidence, NO_DEMAND) == no_limit
    assert codes_of("portrait_agrees", evidence, LIMIT) == limit
    assert codes_of("portrait_agrees", evidence, STRICT) == strict


def test_a_portrait_is_held_against_its_own_limit_and_both_are_told() -> None:
    assert findings_of("portrait_agrees", far(0.7), LIMIT) == (
        Finding(R.PORTRAIT_DIFFERS, (("distance", 0.7), ("max_distance", 0.65))),
    )
    nowhere = replace(LIMIT, page=PagePolicy(portrait_max_distance=nan))
    assert codes_of("portrait_agrees", portrait(), nowhere) == [R.PORTRAIT_DIFFERS]


def test_a_demand_without_a_limit_admits_nobody() -> None:
    policy = replace(STRICT, page=PagePolicy(portrait_required=True))
    assert codes_of("portrait_agrees", portrait(), policy) == [R.PORTRAIT_NOT_COMPARED]


# --- what is stored ------------------------------------------------------------------------


def test_a_reader_of_lines_alone_is_decided_as_before() -> None:
    lines_only = sees(NotMeasured(Why.NOT_ATTEMPTED))
    assert decide(lines_only, NO_DEMAND, NOW).outcome is Outcome.ADMIT
    stored = encode_evidence(lines_only)
    assert "optical" not in stored["document"]["measured"]["value"]
    for rule in ("mrz_sure", "page_unsuspicious", "portrait_agrees"):
        assert RULES[rule].answer(lines_only, NO_DEMAND, NOW) == Satisfied()


@pytest.mark.parametrize("name", ["policy.json", "policy_cohort.json"])
def test_a_policy_of_an_older_release_has_the_digest_that_it_had(name: str) -> None:
    policy = decode_policy(json.loads((GOLDEN / name).read_text()))
    assert policy.page == PagePolicy()
    assert policy_digest(replace(policy, page=PagePolicy(portrait_required=True))) != (
        policy_digest(policy)
    )
    assert not {"mrz_sure", "page_unsuspicious", "portrait_agrees"} & set(policy.rules)


CHANGES: list[Callable[[], Evidence]] = [
    lambda: BASE,
    lambda: far(nan),
    lambda: far(0.9),
    lambda: zone(confidence=nan),
    lambda: looks(PageFindingFact("glare", PageOutcome.POOR, nan, "glare")),
    lambda: sees(SENT),
]


@pytest.mark.parametrize("change", CHANGES)
def test_evidence_and_decision_can_be_journaled(change: Callable[[], Evidence]) -> None:
    evidence = change()
    stored = json.loads(json.dumps(encode_evidence(evidence), allow_nan=False))
    assert encode_evidence(decode_evidence(stored)) == stored
    decision = decide(evidence, STRICT, NOW)
    assert decode_decision(json.loads(json.dumps(encode_decision(decision)))) == decision


def test_an_older_decision_replays_as_it_was() -> None:
    evidence = decode_evidence(json.loads((GOLDEN / "admissible_evidence_cohort.json").read_text()))
    policy = decode_policy(json.loads((GOLDEN / "policy_cohort.json").read_text()))
    assert decide(evidence, policy, NOW).outcome is Outcome.ADMIT
