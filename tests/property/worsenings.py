"""Ways in which evidence gets worse, each with the reasons that it may hide.

A worsening that takes a fact away also takes away what the fact had against it: of a document
that was not read nobody can say that it expired. Everything else must stay on the list.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import isfinite, nan
from typing import Any

from core_strategies import NOW, POLICY

from kiosk_api.core.evidence import (
    Agreement,
    Assurance,
    CohortSide,
    DocumentClass,
    DocumentStatus,
    Evidence,
    Fault,
    FaultKind,
    Light,
    MatchFacts,
    Measured,
    MembershipFacts,
    MembershipStatus,
    NoRecord,
    NotMeasured,
    OpticalFacts,
    PageCheck,
    PageFindingFact,
    PageOutcome,
    Program,
    Provenance,
    QualityFact,
    QualityStatus,
    RecordFacts,
    Source,
    Stage,
    Why,
)
from kiosk_api.core.reasons import REASONS, Category, ReasonCode

R = ReasonCode


@dataclass(frozen=True)
class Worsening:
    name: str
    apply: Callable[[Evidence], Evidence]
    hides: frozenset[ReasonCode] = frozenset()
    refers: bool = True  # whether it alone turns the admissible evidence into a referral


def _of(*categories: Category) -> frozenset[ReasonCode]:
    return frozenset(code for code in R if REASONS[code].category in categories)


_NO_SOURCE = frozenset({R.READING_WITHOUT_SOURCE})
_MEMBERSHIP = _of(Category.MEMBERSHIP)
_DOCUMENT_STATUS = frozenset(
    {R.DOCUMENT_LOST, R.DOCUMENT_STOLEN, R.DOCUMENT_REVOKED, R.DOCUMENT_SUPERSEDED}
)
_RECORD = _of(Category.RECORD) | _DOCUMENT_STATUS | _MEMBERSHIP
_PORTRAIT = frozenset({R.PORTRAIT_NOT_COMPARED, R.PORTRAIT_DIFFERS})
_READ = frozenset({R.DOCUMENT_READ_UNSURE, R.DOCUMENT_READING_CONTRADICTS})
_PAGE = (
    _PORTRAIT
    | _READ
    | {
        R.PAGE_NOT_EXAMINED,
        R.PAGE_SUSPICIOUS,
        R.MRZ_MISSING_IN_INFRARED,
        R.PAPER_BRIGHT_UNDER_ULTRAVIOLET,
        R.PRINTED_ZONE_DIFFERS,
        R.SEAL_INVALID,
    }
)
_DOCUMENT = (_of(Category.DOCUMENT) - _DOCUMENT_STATUS) | _MEMBERSHIP
_FACE = _of(Category.FACE)
_SCORE = frozenset(
    {
        R.FACE_DIFFERS,
        R.FACE_NOT_NORMALISED,
        R.FACE_COHORT_DIFFERS,
        R.FACE_SCORE_INVALID,
        R.FACE_CLOSER_TO_ANOTHER,
        R.FACE_HAS_NEAR_DUPLICATE,
    }
)
_ONE_MEMBERSHIP = _MEMBERSHIP - {R.MEMBERSHIP_SUSPENDED, R.MEMBERSHIP_REVOKED}


def _document(change: Callable[[Any], Any]) -> Callable[[Evidence], Evidence]:
    def apply(e: Evidence) -> Evidence:
        if isinstance(e.document, NotMeasured):
            return e
        return replace(e, document=Measured(change(e.document.value)))

    return apply


def _record(change: Callable[[RecordFacts], RecordFacts]) -> Callable[[Evidence], Evidence]:
    def apply(e: Evidence) -> Evidence:
        if isinstance(e.record, NotMeasured) or isinstance(e.record.value, NoRecord):
            return e
        return replace(e, record=Measured(change(e.record.value)))

    return apply


def _face(change: Callable[[Any], Any]) -> Callable[[Evidence], Evidence]:
    def apply(e: Evidence) -> Evidence:
        return (
            e
            if isinstance(e.face, NotMeasured)
            else replace(e, face=Measured(change(e.face.value)))
        )

    return apply


def _match(change: Callable[[MatchFacts], MatchFacts]) -> Callable[[Evidence], Evidence]:
    return _face(
        lambda f: (
            f
            if isinstance(f.match, NotMeasured)
            else replace(f, match=Measured(change(f.match.value)))
        )
    )


def _memberships(
    change: Callable[[MembershipFacts], MembershipFacts],
) -> Callable[[Evidence], Evidence]:
    return _record(lambda r: replace(r, memberships=tuple(change(m) for m in r.memberships)))


def _add_membership(membership: MembershipFacts) -> Callable[[Evidence], Evidence]:
    return _record(lambda r: replace(r, memberships=(*r.memberships, membership)))


def _add_quality(fact: QualityFact) -> Callable[[Evidence], Evidence]:
    return _face(lambda f: replace(f, quality=(*f.quality, fact)))


def _without_active(r: RecordFacts) -> RecordFacts:
    kept = tuple(m for m in r.memberships if m.status is not MembershipStatus.ACTIVE)
    return replace(r, memberships=kept)


def _older(r: RecordFacts) -> RecordFacts:
    if r.refreshed_at > NOW:
        return r  # nearer to now would be better, not worse
    return replace(r, refreshed_at=r.refreshed_at - timedelta(hours=30))


def _further(m: MatchFacts) -> MatchFacts:
    return replace(m, distance=m.distance + 0.3) if isfinite(m.distance) and m.distance >= 0 else m


def _score(**changes: Any) -> Callable[[Evidence], Evidence]:
    def change(m: MatchFacts) -> MatchFacts:
        if isinstance(m.normalised, NotMeasured):
            return m
        return replace(m, normalised=Measured(replace(m.normalised.value, **changes)))

    return _match(change)


def _score_more(e: Evidence) -> Evidence:
    def change(m: MatchFacts) -> MatchFacts:
        if isinstance(m.normalised, NotMeasured) or not isfinite(m.normalised.value.score):
            return m
        facts = m.normalised.value
        return replace(m, normalised=Measured(replace(facts, score=facts.score + 9.0)))

    return _match(change)(e)


def _presentation(**changes: Any) -> Callable[[Evidence], Evidence]:
    return _face(
        lambda f: (
            f
            if isinstance(f.presentation, NotMeasured)
            else replace(f, presentation=Measured(replace(f.presentation.value, **changes)))
        )
    )


def _challenge_failed(e: Evidence) -> Evidence:
    return _face(
        lambda f: (
            f
            if isinstance(f.challenge, NotMeasured)
            else replace(f, challenge=Measured(replace(f.challenge.value, passed=False)))
        )
    )(e)


def _optical(change: Callable[[OpticalFacts], OpticalFacts]) -> Callable[[Evidence], Evidence]:
    return _document(
        lambda d: (
            d
            if isinstance(d.optical, NotMeasured)
            else replace(d, optical=Measured(change(d.optical.value)))
        )
    )


def _mrz(**changes: Any) -> Callable[[Evidence], Evidence]:
    return _optical(
        lambda o: (
            o
            if isinstance(o.mrz, NotMeasured)
            else replace(o, mrz=Measured(replace(o.mrz.value, **changes)))
        )
    )


def _unsure(o: OpticalFacts) -> OpticalFacts:
    if isinstance(o.mrz, NotMeasured):
        return o
    # A reader that says the same would settle the doubt: worse is that it says nothing.
    agrees = False if o.mrz.value.agrees_with_reader is False else None
    mrz = replace(o.mrz.value, accepted=False, agrees_with_reader=agrees)
    return replace(o, mrz=Measured(mrz))


def _portrait(**changes: Any) -> Callable[[Evidence], Evidence]:
    return _optical(
        lambda o: (
            o
            if isinstance(o.portrait, NotMeasured)
            else replace(o, portrait=Measured(replace(o.portrait.value, **changes)))
        )
    )


def _portrait_further(e: Evidence) -> Evidence:
    def change(o: OpticalFacts) -> OpticalFacts:
        if isinstance(o.portrait, NotMeasured):
            return o
        portrait = o.portrait.value
        if isinstance(portrait.distance_to_record, NotMeasured):
            return o
        distance = portrait.distance_to_record.value
        if not isfinite(distance) or distance < 0:
            return o
        further = replace(portrait, distance_to_record=Measured(distance + 0.3))
        return replace(o, portrait=Measured(further))

    return _optical(change)(e)


def _found(check: str) -> Callable[[Evidence], Evidence]:
    """One more look at the page, which raised suspicion."""
    sign = PageFindingFact(check, PageOutcome.SUSPICIOUS, 0.9, "sign")
    return _optical(lambda o: replace(o, findings=(*o.findings, sign)))


def _without_answer(outcome: PageOutcome, *checks: PageCheck) -> Callable[[Evidence], Evidence]:
    """Looks that passed come to no answer; a suspicion stays one."""
    return _optical(
        lambda o: replace(
            o,
            findings=tuple(
                replace(f, outcome=outcome)
                if f.check in checks and f.outcome is PageOutcome.PASSED
                else f
                for f in o.findings
            ),
        )
    )


def _earlier_expiry(d: Any) -> Any:
    if isinstance(d.expires_on, NotMeasured):
        return d
    return replace(d, expires_on=Measured(min(d.expires_on.value, date(2026, 5, 1))))


def _younger(d: Any) -> Any:
    if isinstance(d.age_years, NotMeasured):
        return d
    return replace(d, age_years=Measured(min(d.age_years.value, POLICY.minimum_age_years - 1)))


def _source(provenance: Provenance, assurance: Assurance) -> Callable[[Evidence], Evidence]:
    return lambda e: replace(e, sources=(*e.sources, Source("another", 1, provenance, assurance)))


def _suspend(m: MembershipFacts) -> MembershipFacts:
    return (
        replace(m, status=MembershipStatus.SUSPENDED) if m.status is MembershipStatus.ACTIVE else m
    )


_revoked = MembershipFacts(
    Program.FAST, MembershipStatus.REVOKED, date(2020, 1, 1), date(2021, 1, 1)
)
_old = replace(_revoked, status=MembershipStatus.ACTIVE)

WORSENINGS: tuple[Worsening, ...] = (
    *(
        Worsening(
            f"fault {kind.value}",
            lambda e, kind=kind: replace(e, faults=(*e.faults, Fault(kind, Stage.DECISION))),
        )
        for kind in FaultKind
    ),
    Worsening("simulated reading", _source(Provenance.SIMULATED, Assurance.SIGNED), _NO_SOURCE),
    Worsening("reading from a file", _source(Provenance.FILE, Assurance.SIGNED), _NO_SOURCE),
    Worsening("unprotected reading", _source(Provenance.DEVICE, Assurance.NONE), _NO_SOURCE),
    Worsening("no source", lambda e: replace(e, sources=()), _of(Category.READING)),
    *(
        Worsening(
            f"document not read: {why.value}",
            lambda e, why=why: replace(e, document=NotMeasured(why)),
            _DOCUMENT,
        )
        for why in Why
    ),
    Worsening(
        "check digit wrong", _document(lambda d: replace(d, checks_failed=(*d.checks_failed, "x")))
    ),
    Worsening("malformed", _document(lambda d: replace(d, problems=(*d.problems, "x")))),
    Worsening(
        "document of another class",
        _document(lambda d: replace(d, document_class=DocumentClass.OTHER)),
        frozenset({R.DOCUMENT_ISSUER_NOT_ACCEPTED}),
    ),
    Worsening("expired", _document(_earlier_expiry)),
    Worsening(
        "no expiry",
        _document(lambda d: replace(d, expires_on=NotMeasured(Why.UNREADABLE))),
        frozenset({R.DOCUMENT_EXPIRED}),
    ),
    Worsening("younger", _document(_younger)),
    Worsening(
        "no age",
        _document(lambda d: replace(d, age_years=NotMeasured(Why.UNREADABLE))),
        frozenset({R.HOLDER_TOO_YOUNG}),
    ),
    *(
        Worsening(
            f"page not examined: {why.value}",
            _document(lambda d, why=why: replace(d, optical=NotMeasured(why))),
            _PAGE,
        )
        for why in Why
    ),
    *(
        Worsening(
            f"zone in the picture not read: {why.value}",
            _optical(lambda o, why=why: replace(o, mrz=NotMeasured(why))),
            _READ,
        )
        for why in Why
    ),
    Worsening("zone in the picture unsure", _optical(_unsure)),
    Worsening(
        "zone in the picture another than the reader's",
        _mrz(agrees_with_reader=False),
        frozenset({R.DOCUMENT_READ_UNSURE}),
    ),
    Worsening(
        "no confidence that is a number",
        _mrz(confidence=nan),
    ),
    Worsening("a check digit that fails in the picture", _mrz(checks=("composite:fail",))),
    *(
        Worsening(f"suspicion: {check}", _found(check))
        for check in (*PageCheck, "something of a later release")
    ),
    Worsening(
        "infrared light came to no answer",
        _without_answer(PageOutcome.NOT_MEASURED, PageCheck.MRZ_IN_INFRARED),
    ),
    Worsening(
        "ultraviolet light came to no answer",
        _without_answer(PageOutcome.POOR, PageCheck.DULL_UNDER_ULTRAVIOLET),
    ),
    *(
        Worsening(
            f"not sent: {light.value}",
            _optical(
                lambda o, light=light: replace(
                    o, lights=tuple(one for one in o.lights if one is not light)
                )
            ),
        )
        for light in Light
    ),
    Worsening("pictures of no light", _optical(lambda o: replace(o, lights=()))),
    Worsening(
        "every look in vain",
        _without_answer(PageOutcome.NOT_MEASURED, *PageCheck),
    ),
    Worsening("portrait further apart", _portrait_further),
    Worsening("portrait not found", _portrait(found=False), _PORTRAIT),
    Worsening("portrait of another model", _portrait(model="unknown/0"), _PORTRAIT),
    *(
        Worsening(
            f"portrait not measured: {why.value}",
            _portrait(distance_to_record=NotMeasured(why)),
            _PORTRAIT,
        )
        for why in Why
    ),
    Worsening(
        "portrait distance not a number",
        _portrait(distance_to_record=Measured(nan)),
        _PORTRAIT,
    ),
    Worsening("no record", lambda e: replace(e, record=Measured(NoRecord())), _RECORD),
    *(
        Worsening(
            f"record not read: {why.value}",
            lambda e, why=why: replace(e, record=NotMeasured(why)),
            _RECORD,
        )
        for why in Why
    ),
    Worsening("older record", _record(_older)),
    Worsening(
        "record from the future",
        _record(lambda r: replace(r, refreshed_at=NOW + timedelta(days=1))),
        frozenset({R.RECORD_STALE}),
    ),
    *(
        Worsening(
            f"document {status.value}",
            _record(lambda r, status=status: replace(r, document_status=status)),
            _DOCUMENT_STATUS,
        )
        for status in DocumentStatus
        if status is not DocumentStatus.VALID
    ),
    *(
        Worsening(
            f"{field} disagrees",
            _record(lambda r, field=field: replace(r, **{field: Agreement.DISAGREE})),
            frozenset({R.RECORD_UNCONFIRMED}),
        )
        for field in ("name", "birth_date", "sex", "nationality", "expiry")
    ),
    *(
        Worsening(
            f"{field} cannot be compared",
            _record(
                lambda r, field=field: (
                    replace(r, **{field: Agreement.CANNOT_TELL})
                    if getattr(r, field) is Agreement.AGREE
                    else r
                )
            ),
            refers=field not in ("name", "sex"),
        )
        for field in ("name", "birth_date", "sex", "nationality", "expiry")
    ),
    Worsening("memberships suspended", _memberships(_suspend)),
    Worsening(
        "memberships revoked",
        _memberships(lambda m: replace(m, status=MembershipStatus.REVOKED)),
        frozenset({R.MEMBERSHIP_SUSPENDED}),
    ),
    Worsening(
        "memberships end",
        _memberships(lambda m: replace(m, valid_until=min(m.valid_until, date(2026, 5, 1)))),
    ),
    Worsening(
        "memberships begin later",
        _memberships(lambda m: replace(m, valid_from=max(m.valid_from, date(2026, 7, 1)))),
    ),
    Worsening("active memberships gone", _record(_without_active), _ONE_MEMBERSHIP),
    Worsening(
        "one more, revoked elsewhere",
        _add_membership(_revoked),
        frozenset({R.MEMBERSHIP_NONE}),
    ),
    Worsening(
        "one more, long expired",
        _add_membership(_old),
        frozenset({R.MEMBERSHIP_NONE}),
        refers=False,
    ),
    *(
        Worsening(
            f"no picture: {why.value}",
            lambda e, why=why: replace(e, face=NotMeasured(why)),
            _FACE,
        )
        for why in Why
    ),
    Worsening("no face", _face(lambda f: replace(f, faces=0)), _FACE),
    Worsening("two faces", _face(lambda f: replace(f, faces=max(2, f.faces))), _FACE),
    Worsening("blurred", _add_quality(QualityFact("sharpness", QualityStatus.TOO_POOR, 3.0))),
    Worsening(
        "sharpness unknown", _add_quality(QualityFact("sharpness", QualityStatus.GOOD, None))
    ),
    Worsening(
        "qualities gone",
        _face(lambda f: replace(f, quality=())),
        frozenset({R.FACE_QUALITY_POOR}),
    ),
    *(
        Worsening(
            f"not compared: {why.value}",
            _face(lambda f, why=why: replace(f, match=NotMeasured(why))),
            _FACE
            - {
                R.FACE_QUALITY_POOR,
                R.FACE_QUALITY_UNKNOWN,
                R.FACE_PRESENTATION_UNKNOWN,
                R.FACE_PRESENTATION_SUSPICIOUS,
                R.FACE_CHALLENGE_UNANSWERED,
                R.FACE_CHALLENGE_FAILED,
            },
        )
        for why in Why
    ),
    *(
        Worsening(
            f"not normalised: {why.value}",
            _match(lambda m, why=why: replace(m, normalised=NotMeasured(why))),
            _SCORE,
        )
        for why in Why
    ),
    Worsening("before another cohort", _score(cohort="d1" * 32), _SCORE),
    Worsening("a larger score", _score_more, frozenset({R.FACE_CLOSER_TO_ANOTHER})),
    Worsening("score not a number", _score(score=nan), _SCORE),
    Worsening("a cohort unlike the calibrated one", _score(live=CohortSide(0.9, 0.03)), _SCORE),
    Worsening("no deviation", _score(record=CohortSide(0.6, 0.0)), _SCORE),
    Worsening("closer to another", _score(closer_to_another=True)),
    Worsening("a near duplicate", _score(near_duplicates=1)),
    *(
        Worsening(
            f"presentation unknown: {why.value}",
            _face(lambda f, why=why: replace(f, presentation=NotMeasured(why))),
            frozenset({R.FACE_PRESENTATION_SUSPICIOUS}),
        )
        for why in Why
    ),
    Worsening("presentation suspicious", _presentation(suspicious=True), frozenset()),
    Worsening("a suspect signal", _presentation(suspects=("moire",))),
    Worsening(
        "no signal looked for",
        _presentation(signals=()),
        frozenset({R.FACE_PRESENTATION_SUSPICIOUS}),
    ),
    *(
        Worsening(
            f"challenge not measured: {why.value}",
            _face(lambda f, why=why: replace(f, challenge=NotMeasured(why))),
            frozenset({R.FACE_CHALLENGE_FAILED}),
        )
        for why in Why
    ),
    Worsening("challenge failed", _challenge_failed),
    Worsening("further apart", _match(_further), frozenset({R.FACE_CLOSER_TO_ANOTHER})),
    Worsening(
        "distance not a number",
        _match(lambda m: replace(m, distance=nan)),
        _SCORE,
    ),
    Worsening(
        "another model",
        _match(lambda m: replace(m, model="unknown/0")),
        _SCORE | {R.FACE_DISTANCE_INVALID},
    ),
)
