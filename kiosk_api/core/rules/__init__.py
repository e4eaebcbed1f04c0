"""The rules that a policy may name: one question a file, a new rule is one file and one line."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from kiosk_api.core.answers import Rule
from kiosk_api.core.rules import (
    challenge_answered,
    document_accepted,
    document_checks,
    document_read,
    document_status,
    document_unexpired,
    face_matches,
    face_present,
    face_quality,
    holder_age,
    membership_accepted,
    mrz_sure,
    page_unsuspicious,
    policy_in_force,
    portrait_agrees,
    presentation_unsuspicious,
    process_sound,
    readings_trusted,
    record_agrees,
    record_found,
    record_fresh,
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            process_sound.RULE,
            readings_trusted.RULE,
            policy_in_force.RULE,
            document_read.RULE,
            document_checks.RULE,
            mrz_sure.RULE,
            page_unsuspicious.RULE,
            portrait_agrees.RULE,
            document_accepted.RULE,
            document_unexpired.RULE,
            holder_age.RULE,
            record_found.RULE,
            record_fresh.RULE,
            document_status.RULE,
            record_agrees.RULE,
            membership_accepted.RULE,
            face_present.RULE,
            face_quality.RULE,
            presentation_unsuspicious.RULE,
            challenge_answered.RULE,
            face_matches.RULE,
        )
    }
)
"""Every rule by its name, in the order in which an officer would ask."""
