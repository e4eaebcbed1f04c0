"""Is the live face the face on record?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import isfinite

from kiosk_api.core.answers import Answer, Finding, Refer, Rule, answer_of, refer
from kiosk_api.core.evidence import (
    CohortSide,
    Evidence,
    MatchFacts,
    Measured,
    NormalisedFacts,
    NotMeasured,
    Provenance,
    SequenceFacts,
    Source,
    Why,
)
from kiosk_api.core.facts import one_face_of
from kiosk_api.core.policy import NormalisedPolicy, Policy
from kiosk_api.core.reasons import ReasonCode


def _answer(evidence: Evidence, policy: Policy, _now: datetime) -> Answer:
    face = one_face_of(evidence)
    if isinstance(face, Refer):
        return face
    if isinstance(face.sequence, Measured) and not _is_one_capture(face.sequence.value):
        return refer(ReasonCode.FACE_CHANGED)
    if isinstance(face.match, NotMeasured):
        why = face.match.why
        if why is Why.NOT_PRESENT:
            return refer(ReasonCode.FACE_REFERENCE_MISSING)
        if why is Why.INCOMPARABLE:
            return refer(ReasonCode.FACE_MODEL_DIFFERS)
        return refer(ReasonCode.FACE_NOT_COMPARED, ("why", why.value))
    match = face.match.value
    if match.model != policy.face.model:
        return refer(ReasonCode.FACE_MODEL_DIFFERS)
    if not isfinite(match.distance) or match.distance < 0:
        return refer(ReasonCode.FACE_DISTANCE_INVALID, ("distance", str(match.distance)))
    return answer_of([*_by_distance(match, evidence, policy), *_by_score(match, evidence, policy)])


def _is_one_capture(sequence: SequenceFacts) -> bool:
    """Whether the pictures show one person, and the numbers of them can be."""
    return sequence.one_person and 1 <= sequence.used <= sequence.measured <= sequence.frames


def _by_distance(match: MatchFacts, evidence: Evidence, policy: Policy) -> Iterator[Finding]:
    """The raw distance alone, for readings that no cohort of the policy is meant for."""
    normalised = policy.face.normalised
    if normalised is not None and all(_is_meant_for(normalised, s) for s in evidence.sources):
        return
    yield from _too_far(match, policy.face.max_distance)


def _by_score(match: MatchFacts, evidence: Evidence, policy: Policy) -> Iterator[Finding]:
    """The normalised score; also where no source says what reading it is."""
    normalised = policy.face.normalised
    sources = evidence.sources
    if normalised is None or (sources and not any(_is_meant_for(normalised, s) for s in sources)):
        return
    if isinstance(match.normalised, NotMeasured):
        mixed = not all(_is_meant_for(normalised, source) for source in sources)
        if mixed and sources and match.normalised.why is Why.UNFIT:
            return  # the face is a real camera's beside a simulated reader: `_by_distance` judges
        yield Finding(ReasonCode.FACE_NOT_NORMALISED, (("why", match.normalised.why.value),))
        return
    facts = match.normalised.value
    if facts.cohort != normalised.cohort:
        yield Finding(ReasonCode.FACE_COHORT_DIFFERS)
        return
    if not _is_calibrated(facts, normalised):
        yield Finding(ReasonCode.FACE_SCORE_INVALID, (("score", str(facts.score)),))
        return
    if facts.near_duplicates:
        yield Finding(ReasonCode.FACE_HAS_NEAR_DUPLICATE, (("people", facts.near_duplicates),))
    # Written so that a threshold that is not a number refers as well.
    if not facts.score <= normalised.max_score:
        yield Finding(
            ReasonCode.FACE_DIFFERS, (("score", facts.score), ("max_score", normalised.max_score))
        )
    elif not match.distance <= normalised.max_distance:
        yield from _too_far(match, normalised.max_distance)
    elif facts.closer_to_another:
        # Every stranger is more like somebody else: it is worth a word only where all else fits.
        yield Finding(ReasonCode.FACE_CLOSER_TO_ANOTHER)


def _too_far(match: MatchFacts, limit: float) -> Iterator[Finding]:
    if not match.distance <= limit:
        yield Finding(
            ReasonCode.FACE_DIFFERS, (("distance", match.distance), ("max_distance", limit))
        )


def _is_meant_for(normalised: NormalisedPolicy, source: Source) -> bool:
    return not normalised.fictitious or source.provenance is Provenance.SIMULATED


def _is_calibrated(facts: NormalisedFacts, normalised: NormalisedPolicy) -> bool:
    """Whether the score is a number, made of statistics such as the threshold was found with."""
    least, most = normalised.mean_between

    def fits(side: CohortSide) -> bool:
        return least <= side.mean <= most and 0 < side.deviation <= normalised.max_deviation

    scored = isfinite(facts.score) and facts.cohort_size > 0
    return scored and fits(facts.live) and fits(facts.record)


RULE = Rule(
    "face_matches",
    "Are live face and record alike enough: by the score that a cohort normalises, or, where "
    "there is none, by the distance alone?",
    _answer,
)
