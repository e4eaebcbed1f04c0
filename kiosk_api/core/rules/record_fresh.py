"""Is the traveler record recent enough to rely on?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from kiosk_api.core.answers import Answer, Refer, Rule, Satisfied, refer
from kiosk_api.core.evidence import Evidence
from kiosk_api.core.facts import record_of
from kiosk_api.core.policy import Policy
from kiosk_api.core.reasons import ReasonCode

CLOCK_TOLERANCE = timedelta(minutes=5)
"""How far the authority's clock may be ahead of ours before its time is not believed."""


def _answer(evidence: Evidence, policy: Policy, now: datetime) -> Answer:
    record = record_of(evidence)
    if isinstance(record, Refer):
        return record
    if record.refreshed_at.utcoffset() is None:
        return refer(ReasonCode.RECORD_AGE_UNKNOWN)
    # In UTC: between two times of one zone Python subtracts wall clocks, an hour off across
    # a change to or from summer time.
    age = now.astimezone(UTC) - record.refreshed_at.astimezone(UTC)
    if age < -CLOCK_TOLERANCE:
        return refer(ReasonCode.RECORD_FROM_FUTURE, ("ahead_s", -age.total_seconds()))
    if age > policy.maximum_record_age:
        return refer(
            ReasonCode.RECORD_STALE,
            ("age_s", age.total_seconds()),
            ("maximum_s", policy.maximum_record_age.total_seconds()),
        )
    return Satisfied()


RULE = Rule("record_fresh", "Was the traveler record confirmed recently enough?", _answer)
