"""What a case is about, in the words of the officer's page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

from documents.mrz import BirthDate, FieldReading, IssuerCode, MRZReading, normalise, parse
from kiosk_api.core.answers import Finding
from kiosk_api.core.evidence import (
    Evidence,
    Measured,
    NotMeasured,
    QualityStatus,
    RecordFacts,
    Why,
)
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode, Severity
from kiosk_api.review.page_words import WHY, check_words, code_words

SEVERITIES: Mapping[Severity, tuple[str, str]] = MappingProxyType(
    {
        Severity.ALERT: ("⚠", "Alert"),
        Severity.ADVERSE: ("✗", "Against"),
        Severity.CHECK: ("?", "Check"),
        Severity.ROUTINE: ("·", "Routine"),
    }
)
"""A sign and a word each: nothing is told by colour alone."""


def _hours(seconds: object) -> str:
    return f"{float(str(seconds)) / 3600:.1f} hours"


def _why(value: object) -> str:
    return f"Because {WHY[Why(str(value))]}."


_NO_COMPARISON = frozenset(
    {
        ReasonCode.FACE_NOT_COMPARED,
        ReasonCode.FACE_MODEL_DIFFERS,
        ReasonCode.FACE_DISTANCE_INVALID,
        ReasonCode.FACE_NOT_NORMALISED,
        ReasonCode.FACE_COHORT_DIFFERS,
        ReasonCode.FACE_SCORE_INVALID,
        ReasonCode.FACE_CHANGED,
    }
)
_SOMEBODY_ELSE = frozenset({ReasonCode.FACE_CLOSER_TO_ANOTHER, ReasonCode.FACE_HAS_NEAR_DUPLICATE})

_FACTS: Mapping[str, Callable[[object], str]] = MappingProxyType(
    {
        "age_s": lambda v: f"Confirmed {_hours(v)} ago.",
        "ahead_s": lambda v: f"By {_hours(v)}.",
        "assurance": lambda v: f"Protection: {v}.",
        "cause": lambda v: f"Picture: {code_words(str(v))}.",
        "check": lambda v: f"{check_words(str(v))}.",
        "days_past": lambda v: f"{v} days ago.",
        "device": lambda v: f"Device {v}.",
        "distance": lambda v: f"Distance {_number(v)}.",
        "effective_from": lambda v: f"From {v} on.",
        "faces": lambda v: f"{v} faces.",
        "field": lambda v: f"Field: {_words(v)}.",
        "light": lambda v: f"{_words(v).capitalize()} light.",
        "max_distance": lambda v: f"At most {_number(v)} counts as the same face.",
        "max_score": lambda v: f"At most {_number(v)} counts as the same face.",
        "maximum_s": lambda v: f"At most {_hours(v)} are allowed.",
        "measure": lambda v: f"{_words(v).capitalize()}.",
        "minimum": lambda v: f"Needed: {v}.",
        "minimum_years": lambda v: f"From {v} years on.",
        "problem": lambda v: f"{_sentence(code_words(str(v)))}.",
        "program": lambda v: f"{_program(v)}.",
        "rule": lambda v: f"Rule {v}.",
        "score": lambda v: f"Score {_number(v)}.",
        "sign": lambda v: f"{_sentence(code_words(str(v)))}.",
        "signal": lambda v: f"{_words(v).capitalize()}.",
        "stage": lambda v: f"At the step: {_words(v)}.",
        "why": _why,
    }
)


def facts(finding: Finding) -> str:
    """The facts of a reason as sentences; what this release has no words for, as it is."""
    told = []
    for name, value in finding.detail:
        words = _FACTS.get(name)
        try:
            told.append(words(value) if words else f"{_words(name)}: {value}.")
        except ValueError:
            told.append(f"{_words(name)}: {value}.")
    return " ".join(told)


def comparison(
    evidence: Evidence, policy: Policy | None, reasons: Sequence[Finding]
) -> tuple[str, bool | None]:
    """How alike the faces are, in a sentence; and whether they count as one person's.

    None: that was not measured, or the limit of that day is not at hand.

    Args:
        evidence: what was decided on.
        policy: that decided; None when it is not at hand.
        reasons: of the decision: an officer is told what was decided, never another opinion.
    """
    face = evidence.face
    if isinstance(face, NotMeasured):
        return f"The faces were not compared: {WHY[face.why]}.", None
    if face.value.faces != 1:
        return f"The faces were not compared: {face.value.faces} faces are in the picture.", None
    match = face.value.match
    if isinstance(match, NotMeasured):
        return f"The faces were not compared: {WHY[match.why]}.", None
    distance = f"distance {_number(match.value.distance)}"
    if policy is None or policy.face.model != match.value.model:
        return f"D{distance[1:]}. Its limit is in the journal (kiosk explain).", None
    codes = {finding.code for finding in reasons}
    if codes & _NO_COMPARISON:
        return f"The comparison does not count ({distance}): see the reasons.", None
    normalised = policy.face.normalised
    if normalised is None or isinstance(match.value.normalised, NotMeasured):
        measured, limit = distance, f"up to {_number(policy.face.max_distance)}"
    else:
        score = match.value.normalised.value.score
        measured = f"score {_number(score)} before a cohort, {distance}"
        limit = (
            f"up to {_number(normalised.max_score)}, at a distance of up to "
            f"{_number(normalised.max_distance)},"
        )
    if ReasonCode.FACE_DIFFERS in codes:
        return f"Not alike enough: {measured}, and only {limit} counts as the same person.", False
    if codes & _SOMEBODY_ELSE:
        return f"Alike, and so is somebody else: {measured}. See the reasons.", False
    return f"Alike enough: {measured}, and {limit} counts as the same person.", True


def quality_lines(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """What the quality of the live picture is, measure by measure."""
    if isinstance(evidence.face, Measured):
        for fact in evidence.face.value.quality:
            score = "" if fact.score is None else f" ({fact.score:.0f} of 100)"
            bad = fact.status in (QualityStatus.TOO_POOR, QualityStatus.NOT_MEASURED)
            yield _words(fact.measure), f"{'✗ ' if bad else ''}{_words(fact.status)}{score}"


def document_lines(mrz: tuple[str, ...], today: date) -> Iterator[tuple[str, str]]:
    """What the machine-readable zone says of its holder: label and value."""
    reading = parse(normalise("\n".join(mrz)).lines, today=today)
    if not isinstance(reading, MRZReading):
        yield "Document", "The lines below could not be understood."
        return
    names = reading.names.value
    yield "Surname", names.primary if names else "–"
    yield "Given names", (names.secondary or "–") if names else "–"
    yield "Document", f"{_words(reading.document_class)} {reading.document_number.value or '–'}"
    yield "Issued by", _issuer(reading.issuer)
    yield "Nationality", _issuer(reading.nationality)
    yield "Born", _born(reading.birth_date.value)
    yield "Sex", str(reading.sex.value or "–")
    expiry = reading.expiry_date.value
    yield "Valid until", f"{expiry:%d %b %Y}" if expiry else "–"
    failed = ", ".join(_words(name) for name in reading.checks_failed)
    yield "Check digits", f"✗ wrong: {failed}" if failed else "all right"


def record_lines(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """What the record said, and whether it agrees with the document."""
    record = evidence.record
    if isinstance(record, NotMeasured):
        yield "Record", f"not looked up: {WHY[record.why]}"
        return
    if not isinstance(record.value, RecordFacts):
        yield "Record", "none belongs to this document"
        return
    found = record.value
    yield "Document status", _words(found.document_status)
    for name in ("name", "birth_date", "sex", "nationality", "expiry"):
        agreement = getattr(found, name)
        yield _words(name).capitalize(), _AGREEMENT[agreement]
    for membership in found.memberships:
        period = f"{membership.valid_from:%d %b %Y} to {membership.valid_until:%d %b %Y}"
        yield _program(membership.program), f"{membership.status}, {period}"
    yield "Confirmed", f"{found.refreshed_at:%d %b %Y %H:%M} UTC"


_AGREEMENT = {"agree": "agrees", "disagree": "✗ differs", "cannot_tell": "? cannot be told"}


def age_text(seconds: float) -> str:
    """How long somebody has waited, minutes and seconds, or hours and minutes."""
    whole = max(0, int(seconds))
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def short_id(session_id: str) -> str:
    """What of a session's id the receipt has, and by which people name a case."""
    return session_id[-6:]


def moment_text(moment: datetime, now: datetime) -> str:
    """The time of day, with the date unless it is today's; both in the zone of the site."""
    return f"{moment:%H:%M}" if moment.date() == now.date() else f"{moment:%H:%M on %d %b %Y}"


def cut_text(shown: int, waiting: int) -> str:
    """That a queue is longer than what the page shows of it; empty when it is not."""
    return f"The first {shown} of {waiting} are shown." if shown < waiting else ""


def _issuer(field: FieldReading[IssuerCode]) -> str:
    code = field.value
    if code is None:
        return "–"
    return f"{code.name} ({code.normalised})" if code.name else code.normalised


def _born(born: BirthDate | None) -> str:
    if born is None:
        return "–"
    year = " or ".join(map(str, born.years)) or "????"
    month, day = (f"{part:02}" if part else "??" for part in (born.month, born.day))
    return f"{year}-{month}-{day}"


def _program(value: object) -> str:
    return _words(value).title().replace("Nexus", "NEXUS").replace("Sentri", "SENTRI")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def _number(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else str(value)


def _words(name: object) -> str:
    return str(name).replace("_", " ").lower()
