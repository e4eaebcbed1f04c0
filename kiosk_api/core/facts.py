"""How a rule gets at what it needs: the fact, or the referral that says why it is not there.

Every rule refers for itself when its fact is missing; the same finding from several rules is
listed once.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from kiosk_api.core.answers import Refer, refer
from kiosk_api.core.evidence import (
    DocumentFacts,
    Evidence,
    FaceFacts,
    NoRecord,
    NotMeasured,
    OpticalFacts,
    RecordFacts,
    Why,
)
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode


def document_of(evidence: Evidence) -> DocumentFacts | Refer:
    """Return what the document says."""
    if isinstance(evidence.document, NotMeasured):
        why = evidence.document.why
        unreadable = why in (Why.UNREADABLE, Why.TOO_POOR)
        code = ReasonCode.DOCUMENT_UNREADABLE if unreadable else ReasonCode.DOCUMENT_MISSING
        return refer(code, ("why", why.value))
    return evidence.document.value


def optical_of(document: DocumentFacts) -> OpticalFacts | Refer | None:
    """Return what the pictures of the page say; None when the device sent none.

    Pictures that were sent and could not be examined refer: what they show is not known.
    """
    if isinstance(document.optical, NotMeasured):
        why = document.optical.why
        if why is Why.NOT_ATTEMPTED:
            return None
        return refer(ReasonCode.PAGE_NOT_EXAMINED, ("why", why.value))
    return document.optical.value


def record_of(evidence: Evidence) -> RecordFacts | Refer:
    """Return what the record authority says of the document's holder."""
    if isinstance(evidence.record, NotMeasured):
        return refer(ReasonCode.RECORD_UNAVAILABLE, ("why", evidence.record.why.value))
    if isinstance(evidence.record.value, NoRecord):
        return refer(ReasonCode.RECORD_NOT_FOUND)
    return evidence.record.value


def one_face_of(evidence: Evidence) -> FaceFacts | Refer:
    """Return what the picture shows of its only face; with none or several it shows nothing."""
    if isinstance(evidence.face, NotMeasured):
        return refer(ReasonCode.FACE_NOT_MEASURED, ("why", evidence.face.why.value))
    face = evidence.face.value
    if face.faces < 1:
        return refer(ReasonCode.FACE_ABSENT)
    if face.faces > 1:
        return refer(ReasonCode.FACE_SEVERAL, ("faces", face.faces))
    return face


def port_day(now: datetime, policy: Policy) -> date:
    """Return the calendar day at the port.

    Raises:
        ZoneInfoNotFoundError: the time zone database does not know the policy's zone.
        OverflowError: the day lies outside the years 1 to 9999.
    """
    return now.astimezone(ZoneInfo(policy.timezone)).date()
