"""Does the portrait that is printed on the document show the person on record?"""

from __future__ import annotations

from datetime import datetime
from math import isfinite

from kiosk_api.core.answers import Answer, Refer, Rule, Satisfied, refer
from kiosk_api.core.evidence import (
    Evidence,
    Measured,
    NotMeasured,
    OpticalFacts,
    PortraitFacts,
    Why,
)
from kiosk_api.core.facts import document_of, optical_of
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode


def _answer(evidence: Evidence, policy: Policy, _now: datetime) -> Answer:
    document = document_of(evidence)
    if isinstance(document, Refer):
        return document
    optical = optical_of(document)
    if isinstance(optical, Refer):
        return optical
    limit = policy.page.portrait_max_distance
    portrait = _portrait_of(optical)
    why = portrait.why if isinstance(portrait, NotMeasured) else _not_compared(portrait)
    if why is not None or limit is None:
        if not policy.page.portrait_required:
            return Satisfied()
        return refer(ReasonCode.PORTRAIT_NOT_COMPARED, ("why", (why or Why.UNFIT).value))
    assert isinstance(portrait, PortraitFacts)
    return _by_distance(portrait, limit, policy)


def _portrait_of(optical: OpticalFacts | None) -> PortraitFacts | NotMeasured:
    if optical is None:
        return NotMeasured(Why.NOT_ATTEMPTED)
    return optical.portrait.value if isinstance(optical.portrait, Measured) else optical.portrait


def _not_compared(portrait: PortraitFacts) -> Why | None:
    """Why there is no distance; None when there is one."""
    if not portrait.found:
        return Why.NOT_PRESENT
    distance = portrait.distance_to_record
    return distance.why if isinstance(distance, NotMeasured) else None


def _by_distance(portrait: PortraitFacts, limit: float, policy: Policy) -> Answer:
    assert isinstance(portrait.distance_to_record, Measured)
    distance = portrait.distance_to_record.value
    if portrait.model != policy.face.model:
        return refer(ReasonCode.PORTRAIT_NOT_COMPARED, ("why", Why.INCOMPARABLE.value))
    if not isfinite(distance) or distance < 0:
        return refer(ReasonCode.PORTRAIT_NOT_COMPARED, ("distance", str(distance)))
    # Written so that a limit that is not a number refers as well.
    if not distance <= limit:
        return refer(ReasonCode.PORTRAIT_DIFFERS, ("distance", distance), ("max_distance", limit))
    return Satisfied()


RULE = Rule(
    "portrait_agrees",
    "Is the portrait on the document not clearly another person's than the face in the record?",
    _answer,
)
