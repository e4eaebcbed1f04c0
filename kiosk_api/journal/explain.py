"""A decision in plain words: what was asked, what was answered, on which facts, how fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kiosk_api.core.answers import Detail, Finding, Refer
from kiosk_api.core.decision import Outcome
from kiosk_api.core.evidence import (
    Evidence,
    Measured,
    NotMeasured,
    Provenance,
    RecordFacts,
    Why,
)
from kiosk_api.core.journal import EntryKind, time_text
from kiosk_api.core.plain import Plain
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import REASONS
from kiosk_api.core.rules import RULES
from kiosk_api.journal.explain_page import explain_page, page_lines, portrait_distance
from kiosk_api.journal.replay import RecordedDecision
from kiosk_api.journal.resolutions import Resolution, View

_BAR = 40
_BEFORE_PICTURE = ("document", "record")
_FACE_PARTS = ("decode", "detect", "landmarks", "quality", "presentation", "embed")
_AFTER_FACE = ("decision", "journal")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit of the policy beside what was measured, both with their unit in the name."""

    name: str
    limit: float
    measured: float | None  # None: not measured


def thresholds(recorded: RecordedDecision) -> tuple[Threshold, ...]:
    """The limits that a number was held against."""
    evidence, policy = recorded.evidence, recorded.policy
    return (
        *_face_thresholds(evidence, policy),
        *_page_thresholds(evidence, policy),
        Threshold(
            "record age in hours, at most",
            policy.maximum_record_age.total_seconds() / 3600,
            _record_age_hours(recorded),
        ),
        Threshold("age in years, at least", policy.minimum_age_years, _age(evidence)),
    )


def explain(recorded: RecordedDecision) -> dict[str, Plain]:
    """Everything about a decision as one JSON object, without what identifies the traveler."""
    header, body = recorded.entry.header, recorded.entry.body
    return {
        "seq": header.seq,
        "hash": header.hash,
        "at": time_text(recorded.entry.at),
        "kind": header.kind.value,
        "outcome": recorded.decision.outcome.value,
        "lane": body.get("lane"),
        "decided_at": body.get("decided_at"),
        "policy": {
            "site": recorded.policy.site,
            "version": recorded.policy.version,
            "digest": recorded.decision.policy_digest,
            "production": recorded.policy.production,
        },
        "reasons": [_finding(finding) for finding in recorded.decision.reasons],
        "rules": [
            {
                "rule": answer.rule,
                "question": _question(answer.rule),
                "satisfied": not isinstance(answer.answer, Refer),
                "findings": [_finding(finding) for finding in _findings(answer.answer)],
            }
            for answer in recorded.decision.answers
        ],
        "thresholds": [
            {"name": one.name, "limit": one.limit, "measured": one.measured}
            for one in thresholds(recorded)
        ],
        "document_page": explain_page(recorded.evidence),
        "stages_ms": body.get("stages_ms"),
        "answer_ms": body.get("answer_ms"),
        "budget_ms": body.get("budget_ms"),
        "over_budget": body.get("over_budget"),
    }


def explain_lines(recorded: RecordedDecision) -> Iterator[str]:
    """The same as text for a person."""
    header, body, policy = recorded.entry.header, recorded.entry.body, recorded.policy
    yield f"Session {header.session_id}: {_sentence(recorded)}"
    yield f"  journal   entry {header.seq}, {time_text(recorded.entry.at)}, lane {body.get('lane')}"
    yield f"  hash      {header.hash}"
    yield f"  policy    {_policy(policy)}, digest {recorded.decision.policy_digest}"
    if recorded.decision.reasons:
        yield "Reasons, the most severe first"
        for finding in recorded.decision.reasons:
            yield f"  {finding.code}: {REASONS[finding.code].officer}{_facts(finding.detail)}"
    yield "Questions"
    for answer in recorded.decision.answers:
        findings = _findings(answer.answer)
        yield f"  {'no ' if findings else 'yes'}  {_question(answer.rule)}"
        for finding in findings:
            yield f"         {finding.code}{_facts(finding.detail)}"
    yield "Thresholds"
    for one in thresholds(recorded):
        measured = "not measured" if one.measured is None else f"measured {one.measured:g}"
        yield f"  {one.name} {one.limit:g}: {measured}"
    yield from page_lines(recorded.evidence)
    yield from _time_lines(recorded)


@dataclass(frozen=True, slots=True)
class Review:
    """What officers did with a session."""

    views: tuple[View, ...]
    resolution: Resolution | None


def explain_review(review: Review) -> dict[str, Plain]:
    """The same as JSON, without the note."""
    done = review.resolution
    return {
        "views": [
            {"seq": v.seq, "officer": v.officer, "shown": v.shown.value, "at": time_text(v.at)}
            for v in review.views
        ],
        "resolution": None
        if done is None
        else {
            "seq": done.seq,
            "outcome": done.outcome.value,
            "cause": done.cause.value,
            "text": f"{done.outcome_text}: {done.cause_text}",
            "officer": done.officer,
            "resolved_at": time_text(done.resolved_at),
            "has_note": done.note is not None,
        },
    }


def review_lines(review: Review) -> Iterator[str]:
    """The same as text for a person."""
    if review.views or review.resolution:
        yield "Officers"
    for view in review.views:
        yield f"  viewed    {view.shown} by {view.officer}, {time_text(view.at)}"
    done = review.resolution
    if done is not None:
        yield f"  resolved  {done.outcome_text}: {done.cause_text}"
        yield f"            by {done.officer}, {time_text(done.resolved_at)}, entry {done.seq}"


def _time_lines(recorded: RecordedDecision) -> Iterator[str]:
    body = recorded.entry.body
    budget, answer = body.get("budget_ms"), body.get("answer_ms")
    yield "Time"
    yield from _waterfall(dict(_numbers(body.get("stages_ms"))))
    if isinstance(answer, int | float) and isinstance(budget, int | float):
        verdict = "OVER BUDGET" if body.get("over_budget") else "inside the budget"
        yield f"  from picture to answer {answer:.1f} ms of {budget:.0f} ms: {verdict}"
    else:
        yield "  from picture to answer: not measured (no picture was taken)"


def _waterfall(stages: Mapping[str, float]) -> Iterator[str]:
    """One bar a stage, each where it began: what came before the picture, then from the picture on.

    Stages are not stamped, only measured; each begins where the one before it ended.
    """
    before = [stage for stage in _BEFORE_PICTURE if stage in stages]
    reading = [stage for stage in stages if stage.startswith("document.")]
    within = [f"face.{part}" for part in _FACE_PARTS if f"face.{part}" in stages]
    behind = [stage for stage in _AFTER_FACE if stage in stages]
    rest = sorted(set(stages) - {*before, *reading, *within, *behind, "face"})
    starts = dict(_one_after_the_other(before, stages, 0.0))
    starts |= _one_after_the_other(reading, stages, 0.0)
    starts |= {"face": 0.0} if "face" in stages else {}
    starts |= _one_after_the_other(within, stages, 0.0)
    starts |= _one_after_the_other([*behind, *rest], stages, stages.get("face", 0.0))
    end = max((starts[stage] + stages[stage] for stage in starts), default=0.0)
    for stage, start in starts.items():
        ms = stages[stage]
        scale = _BAR / end if end else 0.0
        bar = " " * round(start * scale) + ("▇" * max(1, round(ms * scale)) if ms else "")
        yield f"  {stage:14} {ms:8.1f} ms  {bar}".rstrip()


def _one_after_the_other(
    names: list[str], stages: Mapping[str, float], start: float
) -> Iterator[tuple[str, float]]:
    for name in names:
        yield name, start
        start += stages[name]


def _numbers(stages: Plain) -> Iterator[tuple[str, float]]:
    for stage, ms in stages.items() if isinstance(stages, dict) else ():
        if isinstance(ms, int | float):
            yield stage, float(ms)


def _sentence(recorded: RecordedDecision) -> str:
    if recorded.decision.outcome is Outcome.ADMIT:
        return "ADMIT, every question was answered with yes"
    if recorded.entry.header.kind is EntryKind.SUPERSEDED:
        return "REFER, told in place of an ADMIT that was not on record in time"
    return "REFER, the traveler was sent to an officer"


def _policy(policy: Policy) -> str:
    kind = "production" if policy.production else "demonstration"
    return f"{policy.site} {policy.version} ({kind})"


def _question(rule: str) -> str:
    known = RULES.get(rule)
    return known.question if known else f"{rule} (a rule that this release does not know)"


def _findings(answer: object) -> tuple[Finding, ...]:
    return answer.findings if isinstance(answer, Refer) else ()


def _finding(finding: Finding) -> dict[str, Plain]:
    return {
        "code": finding.code.value,
        "text": REASONS[finding.code].officer,
        "detail": dict(finding.detail),
    }


def _facts(detail: tuple[Detail, ...]) -> str:
    return " (" + ", ".join(f"{name} {value}" for name, value in detail) + ")" if detail else ""


def _face_thresholds(evidence: Evidence, policy: Policy) -> Iterator[Threshold]:
    face = evidence.face
    match = None
    if isinstance(face, Measured) and isinstance(face.value.match, Measured):
        match = face.value.match.value
    distance = None if match is None else match.distance
    normalised = policy.face.normalised
    # As in `core.rules.face_matches`: readings of both kinds have to keep both limits.
    meant = [
        normalised is not None
        and (not normalised.fictitious or source.provenance is Provenance.SIMULATED)
        for source in evidence.sources
    ]
    limits: list[float] = []
    if normalised is None or not all(meant):
        limits.append(policy.face.max_distance)
    scored = normalised is not None and (any(meant) or not meant)
    if match is not None and match.normalised == NotMeasured(Why.UNFIT) and limits:
        scored = False
    if normalised is not None and scored:
        limits.append(normalised.max_distance)
        score = None
        if match is not None and isinstance(match.normalised, Measured):
            score = match.normalised.value.score
        yield Threshold("face score before a cohort, at most", normalised.max_score, score)
    yield Threshold("face distance, at most", min(limits), distance)


def _page_thresholds(evidence: Evidence, policy: Policy) -> Iterator[Threshold]:
    """Where a portrait was compared, or has to be."""
    limit, distance = policy.page.portrait_max_distance, portrait_distance(evidence)
    if limit is not None and (distance is not None or policy.page.portrait_required):
        yield Threshold("portrait distance, at most", limit, distance)


def _record_age_hours(recorded: RecordedDecision) -> float | None:
    record = recorded.evidence.record
    if isinstance(record, Measured) and isinstance(record.value, RecordFacts):
        return (recorded.decided_at - record.value.refreshed_at).total_seconds() / 3600
    return None


def _age(evidence: Evidence) -> float | None:
    document = evidence.document
    if isinstance(document, Measured) and isinstance(document.value.age_years, Measured):
        return document.value.age_years.value
    return None
