"""What a site demands: thresholds and active rules, as versioned data.

A policy is read from a site profile (kiosk_api/sites/*.toml) by `kiosk_api.sites`; here it is a
value without I/O. Its digest goes into every decision, so that a replay knows what it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from kiosk_api.core.evidence import Assurance, DocumentClass, Program, Provenance


@dataclass(frozen=True, slots=True)
class FacePolicy:
    """When two faces count as one person's."""

    model: str  # the only model that the threshold is valid for
    max_distance: float  # a comparison at or below it is a match
    refuse_quality: tuple[str, ...]  # measures whose `too_poor` (or absence) refers


@dataclass(frozen=True, slots=True)
class TimePolicy:
    """Budgets and time limits of a session."""

    budget: timedelta  # from the face-capture event to the answer
    reserve: timedelta  # kept back for replacing a worker and for the commit
    document_step: timedelta  # reading and looking up a document
    capture_step: timedelta  # from asking the camera to its picture
    session_idle: timedelta  # a session without an event for so long is referred


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a site's policy."""

    site: str  # id of the site profile, e.g. "global_entry_airport"
    version: str
    production: bool
    timezone: str  # IANA name; dates are the port's local dates
    rules: tuple[str, ...]  # names of active rules, in the order of the officer's list
    programs: tuple[Program, ...]  # memberships that admit here
    document_classes: tuple[DocumentClass, ...]  # documents that are read here
    provenances: tuple[Provenance, ...]  # readings that may admit
    minimum_assurance: Assurance
    maximum_record_age: timedelta
    minimum_age_years: int  # younger travelers always see an officer
    maximum_scans: int  # unreadable documents before the session is referred
    face: FacePolicy
    times: TimePolicy
