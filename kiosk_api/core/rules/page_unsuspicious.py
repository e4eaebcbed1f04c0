"""Do the pictures of the document's page show a sign of a copy or an alteration?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from math import isfinite
from types import MappingProxyType

from kiosk_api.core.answers import Answer, Finding, Refer, Rule, answer_of
from kiosk_api.core.evidence import (
    Evidence,
    Light,
    Measured,
    OpticalFacts,
    PageCheck,
    PageOutcome,
)
from kiosk_api.core.facts import document_of, optical_of
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode

REASON_OF: Mapping[str, ReasonCode] = MappingProxyType(
    {
        PageCheck.MRZ_IN_INFRARED: ReasonCode.MRZ_MISSING_IN_INFRARED,
        PageCheck.DULL_UNDER_ULTRAVIOLET: ReasonCode.PAPER_BRIGHT_UNDER_ULTRAVIOLET,
        PageCheck.PRINTED_ZONE_AGREES: ReasonCode.PRINTED_ZONE_DIFFERS,
        PageCheck.SEAL_VALID: ReasonCode.SEAL_INVALID,
    }
)
"""The reason of a suspicious check; of one that is not here, the general one."""

_CHECK_OF: Mapping[Light, PageCheck] = MappingProxyType(
    {
        Light.INFRARED: PageCheck.MRZ_IN_INFRARED,
        Light.ULTRAVIOLET: PageCheck.DULL_UNDER_ULTRAVIOLET,
    }
)

_NOT_LOOKED_AT = frozenset({"out_of_time", "infrared_not_searched", "engine_failed"})
"""Codes of findings that say that there was no look: of `documents.page` and of its worker."""

PICTURES = "pictures"
"""What is found not measured under this name was a picture that nobody could look at."""


def _answer(evidence: Evidence, policy: Policy, _now: datetime) -> Answer:
    document = document_of(evidence)
    if isinstance(document, Refer):
        return document
    optical = optical_of(document)
    if isinstance(optical, Refer):
        return optical
    return answer_of(
        [
            *_suspicions(optical),
            *_not_seen(optical),
            *(
                Finding(ReasonCode.PAGE_NOT_EXAMINED, (("light", light.value),))
                for light in _lights_not_examined(optical, policy)
            ),
            *(
                Finding(ReasonCode.PAGE_NOT_EXAMINED, (("check", check.value),))
                for check in policy.page.required_checks
                if not _is_measured(optical, check)
            ),
        ]
    )


def _suspicions(optical: OpticalFacts | None) -> Iterator[Finding]:
    for finding in () if optical is None else optical.findings:
        if finding.outcome is PageOutcome.SUSPICIOUS:
            code = REASON_OF.get(finding.check, ReasonCode.PAGE_SUSPICIOUS)
            yield Finding(code, (("check", finding.check), ("sign", finding.code)))


def _not_seen(optical: OpticalFacts | None) -> Iterator[Finding]:
    """Of a picture that nobody could look at it is not known what it shows, in whatever light."""
    for finding in () if optical is None else optical.findings:
        if finding.check == PICTURES and finding.outcome is PageOutcome.NOT_MEASURED:
            yield Finding(ReasonCode.PAGE_NOT_EXAMINED, (("sign", finding.code),))


def _lights_not_examined(optical: OpticalFacts | None, policy: Policy) -> Iterator[Light]:
    """Lights that the policy asks for and nothing is known from, or that nobody looked at.

    A picture that was sent unasked and looked at may have had no answer: some genuine paper
    shines in a colour. A white one is there to be read in, which `mrz_sure` asks about.
    """
    sent = () if optical is None else optical.lights
    for light in Light:
        check = _CHECK_OF.get(light)
        if light in policy.page.required_lights:
            if check is None:
                known = optical is not None and isinstance(optical.mrz, Measured)
            else:
                known = _is_measured(optical, check)
            if light not in sent or not known:
                yield light
        elif light in sent and check is not None and not _was_looked_at(optical, check):
            yield light


def _was_looked_at(optical: OpticalFacts | None, check: str) -> bool:
    """Whether a check was made, be it without an answer."""
    return optical is not None and any(
        finding.check == check and finding.code not in _NOT_LOOKED_AT
        for finding in optical.findings
    )


def _is_measured(optical: OpticalFacts | None, check: str) -> bool:
    """Whether a check came to an answer; a poor picture gives none."""
    return optical is not None and any(
        finding.check == check
        and finding.outcome in (PageOutcome.PASSED, PageOutcome.SUSPICIOUS)
        and isfinite(finding.confidence)
        for finding in optical.findings
    )


RULE = Rule(
    "page_unsuspicious",
    "Were the pictures of the document examined for signs of a copy or an alteration, in vain?",
    _answer,
)
