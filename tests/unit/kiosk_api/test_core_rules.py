"""Each rule at its edges: what it refers, and the nearest evidence that it lets pass."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from math import inf, nan
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from kiosk_api.core.answers import Finding, Refer, Satisfied
from kiosk_api.core.codec import decode_evidence, decode_policy
from kiosk_api.core.evidence import (
    Agreement,
    Assurance,
    CohortSide,
    DocumentClass,
    DocumentStatus,
    Evidence,
    Fault,
    FaultKind,
    MatchFacts,
    Measured,
    MembershipFacts,
    MembershipStatus,
    NoRecord,
    NotMeasured,
    Program,
    Provenance,
    QualityFact,
    QualityStatus,
    Source,
    Stage,
    Why,
)
from kiosk_api.core.policy import AcceptedProgram, NormalisedPolicy, Policy
from kiosk_api.core.reasons import ReasonCode as R
from kiosk_api.core.rules import RULES

GOLDEN = Path(__file__).parents[2] / "golden" / "core"
BASE = decode_evidence(json.loads((GOLDEN / "admissible_evidence_pages.json").read_text()))
POLICY = decode_policy(json.loads((GOLDEN / "policy_pages.json").read_text()))
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MODEL = POLICY.face.model

Change = Callable[[Evidence], Evidence]


def document(**changes: Any) -> Change:
    return lambda e: replace(
        e, document=Measured(replace(cast("Measured[Any]", e.document).value, **changes))
    )


def record(**changes: Any) -> Change:
    return lambda e: replace(
        e, record=Measured(replace(cast("Measured[Any]", e.record).value, **changes))
    )


def face(**changes: Any) -> Change:
    return lambda e: replace(
        e, face=Measured(replace(cast("Measured[Any]", e.face).value, **changes))
    )


def whole(**changes: Any) -> Change:
    return lambda e: replace(e, **changes)


def source(provenance: Provenance, assurance: Assurance = Assurance.CHANNEL) -> Change:
    return lambda e: replace(e, sources=(*e.sources, Source("x", 1, provenance, assurance)))


def distance(value: float, model: str = MODEL) -> Change:
    """A raw distance of which nobody knows what it looks like before a cohort."""
    return face(match=Measured(MatchFacts(value, model)))


def score(distance: float = 0.31, **changes: Any) -> Change:
    """A score of the golden file's cohort, changed."""
    match = cast("Measured[Any]", cast("Measured[Any]", BASE.face).value.match).value
    facts = replace(cast("Measured[Any]", match.normalised).value, **changes)
    return face(match=Measured(MatchFacts(distance, MODEL, Measured(facts))))


def unfit(value: float) -> Change:
    """A distance of a face that the cohort at hand is not meant for."""
    return face(match=Measured(MatchFacts(value, MODEL, NotMeasured(Why.UNFIT))))


def presentation(**changes: Any) -> Change:
    facts = cast("Measured[Any]", cast("Measured[Any]", BASE.face).value.presentation).value
    return face(presentation=Measured(replace(facts, **changes)))


def challenge(**changes: Any) -> Change:
    facts = cast("Measured[Any]", cast("Measured[Any]", BASE.face).value.challenge).value
    return face(challenge=Measured(replace(facts, **changes)))


def sharpness(status: QualityStatus, score: float | None) -> Change:
    wide = QualityFact("face_width", QualityStatus.GOOD, 90.0)
    return face(quality=(wide, QualityFact("sharpness", status, score)))


def members(*memberships: MembershipFacts) -> Change:
    return record(memberships=memberships)


def member(
    program: Program = Program.GLOBAL_ENTRY,
    status: MembershipStatus = MembershipStatus.ACTIVE,
    valid_from: date = date(2024, 6, 1),
    valid_until: date = date(2029, 6, 1),
) -> MembershipFacts:
    return MembershipFacts(program, status, valid_from, valid_until)


def codes_of(rule: str, change: Change, policy: Policy = POLICY, now: datetime = NOW) -> list[R]:
    answer = RULES[rule].answer(change(BASE), policy, now)
    return [f.code for f in answer.findings] if isinstance(answer, Refer) else []


GONE = NotMeasured(Why.DEADLINE)
CASES: list[tuple[str, Change, list[R]]] = [
    ("readings_trusted", whole(sources=()), [R.READING_WITHOUT_SOURCE]),
    ("readings_trusted", source(Provenance.DEVICE), []),
    ("readings_trusted", source(Provenance.SIMULATED), [R.READING_SIMULATED]),
    ("readings_trusted", source(Provenance.FILE), [R.READING_FROM_FILE]),
    ("readings_trusted", source(Provenance.DEVICE, Assurance.NONE), [R.READING_UNPROTECTED]),
    ("document_read", whole(document=NotMeasured(Why.UNREADABLE)), [R.DOCUMENT_UNREADABLE]),
    ("document_read", whole(document=NotMeasured(Why.NOT_ATTEMPTED)), [R.DOCUMENT_MISSING]),
    ("document_checks", document(checks_failed=("birth_date",)), [R.DOCUMENT_CHECK_DIGIT_WRONG]),
    ("document_checks", document(problems=("length",)), [R.DOCUMENT_MALFORMED]),
    (
        "document_accepted",
        document(document_class=DocumentClass.VISA),
        [R.DOCUMENT_CLASS_NOT_ACCEPTED],
    ),
    (
        "document_accepted",
        document(document_class=DocumentClass.PERMANENT_RESIDENT_CARD, issuer="CAN"),
        [R.DOCUMENT_ISSUER_NOT_ACCEPTED],
    ),
    (
        "document_accepted",
        document(document_class=DocumentClass.PERMANENT_RESIDENT_CARD, issuer="USA"),
        [],
    ),
    ("document_accepted", document(issuer="D"), []),
    ("document_unexpired", document(expires_on=Measured(date(2026, 6, 1))), []),
    (
        "document_unexpired",
        document(expires_on=Measured(date(2026, 5, 31))),
        [R.DOCUMENT_EXPIRED],
    ),
    (
        "document_unexpired",
        document(expires_on=NotMeasured(Why.NOT_PRESENT)),
        [R.DOCUMENT_EXPIRY_UNKNOWN],
    ),
    ("document_status", record(document_status=DocumentStatus.LOST), [R.DOCUMENT_LOST]),
    ("document_status", record(document_status=DocumentStatus.STOLEN), [R.DOCUMENT_STOLEN]),
    ("document_status", record(document_status=DocumentStatus.REVOKED), [R.DOCUMENT_REVOKED]),
    (
        "document_status",
        record(document_status=DocumentStatus.SUPERSEDED),
        [R.DOCUMENT_SUPERSEDED],
    ),
    ("holder_age", document(age_years=Measured(14)), []),
    ("holder_age", document(age_years=Measured(13)), [R.HOLDER_TOO_YOUNG]),
    ("holder_age", document(age_years=Measured(-1)), [R.HOLDER_TOO_YOUNG]),
    ("holder_age", document(age_years=NotMeasured(Why.UNREADABLE)), [R.HOLDER_AGE_UNKNOWN]),
    ("record_found", whole(record=Measured(NoRecord())), [R.RECORD_NOT_FOUND]),
    ("record_found", whole(record=NotMeasured(Why.STORE_FAILED)), [R.RECORD_UNAVAILABLE]),
    ("record_fresh", record(refreshed_at=NOW - timedelta(hours=24)), []),
    (
        "record_fresh",
        record(refreshed_at=NOW - timedelta(hours=24, microseconds=1)),
        [R.RECORD_STALE],
    ),
    ("record_fresh", record(refreshed_at=NOW + timedelta(minutes=5)), []),
    (
        "record_fresh",
        record(refreshed_at=NOW + timedelta(minutes=5, microseconds=1)),
        [R.RECORD_FROM_FUTURE],
    ),
    (
        "record_fresh",
        record(refreshed_at=NOW.replace(tzinfo=None)),
        [R.RECORD_AGE_UNKNOWN],
    ),
    ("record_agrees", record(name=Agreement.DISAGREE), [R.RECORD_NAME_DIFFERS]),
    ("record_agrees", record(name=Agreement.CANNOT_TELL), []),
    ("record_agrees", record(birth_date=Agreement.DISAGREE), [R.RECORD_BIRTH_DATE_DIFFERS]),
    ("record_agrees", record(birth_date=Agreement.CANNOT_TELL), [R.RECORD_UNCONFIRMED]),
    ("record_agrees", record(sex=Agreement.DISAGREE), [R.RECORD_SEX_DIFFERS]),
    ("record_agrees", record(sex=Agreement.CANNOT_TELL), []),
    ("record_agrees", record(nationality=Agreement.DISAGREE), [R.RECORD_NATIONALITY_DIFFERS]),
    ("record_agrees", record(nationality=Agreement.CANNOT_TELL), [R.RECORD_UNCONFIRMED]),
    ("record_agrees", record(expiry=Agreement.DISAGREE), [R.RECORD_EXPIRY_DIFFERS]),
    ("record_agrees", record(expiry=Agreement.CANNOT_TELL), [R.RECORD_UNCONFIRMED]),
    ("membership_accepted", members(), [R.MEMBERSHIP_NONE]),
    ("membership_accepted", members(member(Program.NEXUS)), []),
    (
        "membership_accepted",
        members(member(Program.FAST)),
        [R.MEMBERSHIP_PROGRAM_NOT_ACCEPTED],
    ),
    (
        "membership_accepted",
        members(member(status=MembershipStatus.SUSPENDED)),
        [R.MEMBERSHIP_SUSPENDED],
    ),
    (
        "membership_accepted",
        members(member(status=MembershipStatus.REVOKED)),
        [R.MEMBERSHIP_REVOKED],
    ),
    ("membership_accepted", members(member(valid_until=date(2026, 6, 1))), []),
    (
        "membership_accepted",
        members(member(valid_until=date(2026, 5, 31))),
        [R.MEMBERSHIP_EXPIRED],
    ),
    ("membership_accepted", members(member(valid_from=date(2026, 6, 1))), []),
    (
        "membership_accepted",
        members(member(valid_from=date(2026, 6, 2))),
        [R.MEMBERSHIP_NOT_YET_VALID],
    ),
    # An old or foreign membership beside a good one is history; a withdrawn one is a warning.
    ("membership_accepted", members(member(Program.FAST), member()), []),
    ("membership_accepted", members(member(valid_until=date(2020, 1, 1)), member()), []),
    (
        "membership_accepted",
        members(member(), member(Program.FAST, MembershipStatus.SUSPENDED)),
        [R.MEMBERSHIP_SUSPENDED, R.MEMBERSHIP_PROGRAM_NOT_ACCEPTED],
    ),
    ("face_present", whole(face=GONE), [R.FACE_NOT_MEASURED]),
    ("face_present", face(faces=0), [R.FACE_ABSENT]),
    ("face_present", face(faces=-1), [R.FACE_ABSENT]),
    ("face_present", face(faces=2), [R.FACE_SEVERAL]),
    ("face_quality", sharpness(QualityStatus.MARGINAL, 30.0), []),
    ("face_quality", sharpness(QualityStatus.TOO_POOR, 29.0), [R.FACE_QUALITY_POOR]),
    ("face_quality", sharpness(QualityStatus.NOT_MEASURED, None), [R.FACE_QUALITY_UNKNOWN]),
    ("face_quality", sharpness(QualityStatus.GOOD, None), [R.FACE_QUALITY_UNKNOWN]),
    ("face_quality", sharpness(QualityStatus.GOOD, nan), [R.FACE_QUALITY_UNKNOWN]),
    (
        "face_quality",
        face(quality=(QualityFact("face_width", QualityStatus.TOO_POOR, 1.0),)),
        [R.FACE_QUALITY_POOR, R.FACE_QUALITY_UNKNOWN],
    ),
    ("face_matches", score(score=-3.8), []),
    ("face_matches", score(score=-3.79), [R.FACE_DIFFERS]),
    ("face_matches", score(0.6), []),
    ("face_matches", score(0.601), [R.FACE_DIFFERS]),
    ("face_matches", score(0.601, score=1.0), [R.FACE_DIFFERS]),
    ("face_matches", score(score=nan), [R.FACE_SCORE_INVALID]),
    ("face_matches", score(score=-inf), [R.FACE_SCORE_INVALID]),
    ("face_matches", score(cohort_size=0), [R.FACE_SCORE_INVALID]),
    ("face_matches", score(live=CohortSide(0.449, 0.03)), [R.FACE_SCORE_INVALID]),
    ("face_matches", score(record=CohortSide(0.781, 0.03)), [R.FACE_SCORE_INVALID]),
    ("face_matches", score(live=CohortSide(nan, 0.03)), [R.FACE_SCORE_INVALID]),
    ("face_matches", score(live=CohortSide(0.6, 0.0)), [R.FACE_SCORE_INVALID]),
    ("face_matches", score(record=CohortSide(0.6, 0.081)), [R.FACE_SCORE_INVALID]),
    ("face_matches", score(cohort="another"), [R.FACE_COHORT_DIFFERS]),
    ("face_matches", score(closer_to_another=True), [R.FACE_CLOSER_TO_ANOTHER]),
    ("face_matches", score(score=1.0, closer_to_another=True), [R.FACE_DIFFERS]),
    ("face_matches", score(near_duplicates=1), [R.FACE_HAS_NEAR_DUPLICATE]),
    ("face_matches", distance(0.0), [R.FACE_NOT_NORMALISED]),
    ("presentation_unsuspicious", face(presentation=GONE), [R.FACE_PRESENTATION_UNKNOWN]),
    ("presentation_unsuspicious", presentation(signals=()), [R.FACE_PRESENTATION_UNKNOWN]),
    ("presentation_unsuspicious", presentation(score=nan), [R.FACE_PRESENTATION_UNKNOWN]),
    ("presentation_unsuspicious", presentation(suspicious=True), [R.FACE_PRESENTATION_SUSPICIOUS]),
    (
        "presentation_unsuspicious",
        presentation(suspects=("moire",)),
        [R.FACE_PRESENTATION_SUSPICIOUS],
    ),
    ("challenge_answered", face(challenge=GONE), [R.FACE_CHALLENGE_UNANSWERED]),
    ("challenge_answered", challenge(passed=False), [R.FACE_CHALLENGE_FAILED]),
    ("challenge_answered", challenge(kind="light"), []),
    ("challenge_answered", face(faces=0), [R.FACE_ABSENT]),
    ("face_matches", distance(nan), [R.FACE_DISTANCE_INVALID]),
    ("face_matches", distance(-0.1), [R.FACE_DISTANCE_INVALID]),
    ("face_matches", distance(inf), [R.FACE_DISTANCE_INVALID]),
    ("face_matches", distance(-inf), [R.FACE_DISTANCE_INVALID]),
    ("face_matches", distance(0.1, "another/1"), [R.FACE_MODEL_DIFFERS]),
    ("face_matches", face(match=NotMeasured(Why.NOT_PRESENT)), [R.FACE_REFERENCE_MISSING]),
    ("face_matches", face(match=NotMeasured(Why.INCOMPARABLE)), [R.FACE_MODEL_DIFFERS]),
    ("face_matches", face(match=NotMeasured(Why.TOO_POOR)), [R.FACE_NOT_COMPARED]),
]


@pytest.mark.parametrize(("rule", "change", "expected"), CASES)
def test_rule_at_its_edge(rule: str, change: Change, expected: list[R]) -> None:
    assert codes_of(rule, change) == expected


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_satisfied_by_the_member_of_the_golden_file(rule: str) -> None:
    assert RULES[rule].answer(BASE, POLICY, NOW) == Satisfied()


@pytest.mark.parametrize("kind", FaultKind)
def test_every_fault_alone_refers_under_its_own_name(kind: FaultKind) -> None:
    faulty = replace(BASE, faults=(Fault(kind, Stage.FACE),))
    answer = RULES["process_sound"].answer(faulty, POLICY, NOW)
    assert answer == Refer((Finding(R(kind.value), (("stage", "face"),)),))


@pytest.mark.parametrize(
    ("needs", "missing"),
    [
        ("document", whole(document=NotMeasured(Why.NOT_ATTEMPTED))),
        ("record", whole(record=NotMeasured(Why.NOT_ATTEMPTED))),
        ("face", whole(face=NotMeasured(Why.NOT_ATTEMPTED))),
    ],
)
def test_a_rule_refers_by_itself_when_what_it_needs_is_missing(needs: str, missing: Change) -> None:
    of_fact = {
        "document": {
            "document_read",
            "document_checks",
            "mrz_sure",
            "page_unsuspicious",
            "portrait_agrees",
            "document_accepted",
            "document_unexpired",
            "holder_age",
            "membership_accepted",
        },
        "record": {
            "record_found",
            "record_fresh",
            "record_agrees",
            "document_status",
            "membership_accepted",
        },
        "face": {
            "face_present",
            "face_quality",
            "presentation_unsuspicious",
            "challenge_answered",
            "face_matches",
        },
    }
    assert {rule for rule in RULES if codes_of(rule, missing)} == of_fact[needs]


@pytest.mark.parametrize("provenance", [Provenance.SIMULATED, Provenance.FILE])
def test_production_refuses_what_is_not_real_even_if_the_policy_lists_it(
    provenance: Provenance,
) -> None:
    listed = replace(POLICY, provenances=tuple(Provenance))
    assert codes_of("readings_trusted", source(provenance), listed)
    assert not codes_of("readings_trusted", source(provenance), replace(listed, production=False))


def test_a_device_counts_only_if_the_policy_lists_devices() -> None:
    policy = replace(POLICY, production=False, provenances=(Provenance.FILE,))
    codes = codes_of("readings_trusted", whole(), policy)
    assert set(codes) == {R.READING_NOT_ACCEPTED}


@pytest.mark.parametrize(
    ("nationality", "document_class", "expected"),
    [
        ("USA", DocumentClass.PASSPORT, []),
        ("MEX", DocumentClass.PERMANENT_RESIDENT_CARD, []),
        ("MEX", DocumentClass.PASSPORT, [R.MEMBERSHIP_CONDITION_NOT_MET]),
        ("", DocumentClass.PASSPORT, [R.MEMBERSHIP_CONDITION_NOT_MET]),
    ],
)
def test_a_program_may_count_for_some_members_only(
    nationality: str, document_class: DocumentClass, expected: list[R]
) -> None:
    who = document(nationality=nationality, document_class=document_class)
    sentri = members(member(Program.SENTRI))
    assert codes_of("membership_accepted", lambda e: sentri(who(e))) == expected


def test_one_condition_alone_does_not_open_the_other() -> None:
    only_citizens = replace(POLICY, programs=(AcceptedProgram(Program.SENTRI, ("USA",)),))
    who = document(
        nationality="MEX", document_class=DocumentClass.PERMANENT_RESIDENT_CARD, issuer="USA"
    )
    sentri = members(member(Program.SENTRI))
    codes = codes_of("membership_accepted", lambda e: sentri(who(e)), only_citizens)
    assert codes == [R.MEMBERSHIP_CONDITION_NOT_MET]


def test_days_are_the_ports_days() -> None:
    last_day = document(expires_on=Measured(date(2026, 5, 31)))
    late_evening_at_the_port = datetime(2026, 6, 1, 3, 59, tzinfo=UTC)
    assert codes_of("document_unexpired", last_day, now=late_evening_at_the_port) == []
    midnight_at_the_port = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
    assert codes_of("document_unexpired", last_day, now=midnight_at_the_port) == [
        R.DOCUMENT_EXPIRED
    ]


def test_a_policy_begins_on_a_day_of_the_port() -> None:
    policy = replace(POLICY, effective_from=date(2026, 6, 1))
    eve = datetime(2026, 6, 1, 3, 59, tzinfo=UTC)
    assert codes_of("policy_in_force", whole(), policy, eve) == [R.POLICY_NOT_IN_FORCE]
    assert codes_of("policy_in_force", whole(), policy, eve + timedelta(minutes=1)) == []


def test_the_age_of_a_record_counts_hours_and_not_wall_clocks() -> None:
    # On 8 March 2026 New York lost the hour from 2 to 3: 24 hours on the clock were 23.
    zone = ZoneInfo("America/New_York")
    refreshed = datetime(2026, 3, 7, 12, 0, tzinfo=zone)
    a_day_by_the_clock = datetime(2026, 3, 8, 13, 0, tzinfo=zone)
    fresh = record(refreshed_at=refreshed)
    assert codes_of("record_fresh", fresh, now=a_day_by_the_clock) == []
    late = a_day_by_the_clock + timedelta(seconds=1)
    assert codes_of("record_fresh", fresh, now=late) == [R.RECORD_STALE]


RAW = replace(POLICY, face=replace(POLICY.face, normalised=None))
FICTITIOUS = replace(
    POLICY,
    face=replace(
        POLICY.face,
        normalised=replace(cast("NormalisedPolicy", POLICY.face.normalised), fictitious=True),
    ),
)


def test_a_threshold_that_is_not_a_number_admits_nobody() -> None:
    raw = replace(RAW, face=replace(RAW.face, max_distance=nan))
    assert codes_of("face_matches", distance(0.0), raw) == [R.FACE_DIFFERS]
    normalised = cast("NormalisedPolicy", POLICY.face.normalised)
    for limits in ({"max_score": nan}, {"max_distance": nan}):
        face = replace(POLICY.face, normalised=replace(normalised, **limits))
        assert codes_of("face_matches", score(), replace(POLICY, face=face)) == [R.FACE_DIFFERS]


@pytest.mark.parametrize(
    ("far", "expected"), [(0.0, []), (0.44, []), (0.4400001, [R.FACE_DIFFERS])]
)
def test_without_a_cohort_the_distance_decides_whatever_the_score(
    far: float, expected: list[R]
) -> None:
    assert codes_of("face_matches", distance(far), RAW) == expected
    assert codes_of("face_matches", score(far, score=9.0), RAW) == expected


def test_fictitious_people_say_nothing_about_a_real_face() -> None:
    # The golden file's readings come from devices: their distance alone counts.
    assert codes_of("face_matches", score(0.31, score=9.0), FICTITIOUS) == []
    assert codes_of("face_matches", score(0.45, score=-9.0), FICTITIOUS) == [R.FACE_DIFFERS]


def test_simulated_readings_are_judged_before_the_fictitious_cohort() -> None:
    simulated = tuple(replace(source, provenance=Provenance.SIMULATED) for source in BASE.sources)

    def judged(change: Change) -> list[R]:
        return codes_of("face_matches", lambda e: replace(change(e), sources=simulated), FICTITIOUS)

    assert judged(score(0.59, score=-5.0)) == []
    assert judged(score(0.1, score=9.0)) == [R.FACE_DIFFERS]
    assert judged(distance(0.1)) == [R.FACE_NOT_NORMALISED]
    assert judged(unfit(0.1)) == [R.FACE_NOT_NORMALISED]


def test_readings_of_both_kinds_have_to_pass_both() -> None:
    def mixed(e: Evidence) -> Evidence:
        first, *others = e.sources
        return replace(e, sources=(replace(first, provenance=Provenance.SIMULATED), *others))

    assert len(BASE.sources) > 1
    for change, expected in (
        (score(0.31, score=-5.0), []),
        (score(0.45, score=-5.0), [R.FACE_DIFFERS]),
        (score(0.31, score=0.0), [R.FACE_DIFFERS]),
        (distance(0.31), [R.FACE_NOT_NORMALISED]),
        (unfit(0.31), []),
        (unfit(0.45), [R.FACE_DIFFERS]),
    ):
        assert codes_of("face_matches", lambda e, c=change: mixed(c(e)), FICTITIOUS) == expected
