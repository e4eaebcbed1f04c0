"""Is it sure what the machine-readable zone says?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import isfinite

from kiosk_api.core.answers import Answer, Detail, Refer, Rule, Satisfied, refer
from kiosk_api.core.evidence import (
    Evidence,
    LinesFrom,
    MRZPictureFacts,
    NotMeasured,
    OpticalFacts,
    PageOutcome,
    Why,
)
from kiosk_api.core.facts import document_of, optical_of
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode

_NO_ZONE_SEEN = frozenset({Why.UNREADABLE, Why.TOO_POOR, Why.NOT_PRESENT})


def _answer(evidence: Evidence, _policy: Policy, _now: datetime) -> Answer:
    document = document_of(evidence)
    if isinstance(document, Refer):
        return document
    optical = optical_of(document)
    if optical is None:
        return Satisfied()  # the device read the zone, and sent nothing to compare it with
    if isinstance(optical, Refer):
        return optical
    if isinstance(optical.mrz, NotMeasured):
        return _unread(optical, optical.mrz.why)
    mrz = optical.mrz.value
    if mrz.agrees_with_reader is False:
        return refer(ReasonCode.DOCUMENT_READING_CONTRADICTS)
    if mrz.agrees_with_reader and optical.lines_from is LinesFrom.READER:
        return Satisfied()  # two readings of one zone, and not a character apart
    if optical.lines_from is LinesFrom.PICTURE and _is_accepted(mrz):
        return Satisfied()
    problems = tuple(("problem", problem) for problem in mrz.problems)
    return refer(ReasonCode.DOCUMENT_READ_UNSURE, *problems, *_causes(optical))


def _unread(optical: OpticalFacts, why: Why) -> Answer:
    """No second reading; of a picture alone no zone can have been read then at all."""
    if optical.lines_from is LinesFrom.PICTURE or why in _NO_ZONE_SEEN:
        return refer(ReasonCode.DOCUMENT_READ_UNSURE, ("why", why.value), *_causes(optical))
    if why is Why.NOT_ATTEMPTED:
        return Satisfied()  # none of the pictures was one to read in
    return refer(ReasonCode.PAGE_NOT_EXAMINED, ("why", why.value))


def _is_accepted(mrz: MRZPictureFacts) -> bool:
    """Whether the reader accepted the zone, and what it says of itself is no contradiction."""
    failed = any(check.endswith(":fail") for check in mrz.checks)
    return mrz.accepted and isfinite(mrz.confidence) and mrz.confidence > 0 and not failed


def _causes(optical: OpticalFacts) -> Iterator[Detail]:
    """What was wrong with the picture: advice to whoever lays the document down again."""
    for finding in optical.findings:
        if finding.outcome is PageOutcome.POOR:
            yield "cause", finding.code


RULE = Rule(
    "mrz_sure",
    "Is every character sure that was read in a picture, and is there no contradiction between "
    "the picture and what the device read?",
    _answer,
)
