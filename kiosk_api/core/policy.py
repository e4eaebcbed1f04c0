"""What a site demands: thresholds and active rules, as versioned data.

A policy is read from a site profile (kiosk_api/sites/*.toml) by `kiosk_api.sites`; here it is a
value without I/O. Its digest goes into every decision, so that a replay knows what it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from kiosk_api.core.evidence import Assurance, DocumentClass, Light, PageCheck, Program, Provenance
from kiosk_api.core.plain import ADDED, canonical_json, to_plain

POLICY_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class NormalisedPolicy:
    """When two faces count as one person's, seen against a cohort.

    A cohort of fictitious people says nothing about a real face: it counts for simulated
    readings only, and every other reading is judged by the raw distance.
    """

    cohort: str  # digest of the only cohort that the threshold is valid for
    fictitious: bool
    max_score: float  # a score at or below it is a match
    max_distance: float  # and the raw distance must not exceed this cap either
    mean_between: tuple[float, float]  # range in which the means of both sides were calibrated
    max_deviation: float  # and how far their deviations went


@dataclass(frozen=True, slots=True)
class FacePolicy:
    """When two faces count as one person's."""

    model: str  # the only model that the threshold is valid for
    max_distance: float  # a comparison at or below it is a match where there is no cohort
    refuse_quality: tuple[str, ...]  # measures whose `too_poor` (or absence) refers
    normalised: NormalisedPolicy | None = field(default=None, metadata=ADDED)


@dataclass(frozen=True, slots=True)
class TimePolicy:
    """Budgets and time limits of a session."""

    budget: timedelta  # from the face-capture event to the answer
    reserve: timedelta  # kept back for replacing a worker and for the commit
    document_step: timedelta  # reading and looking up a document
    capture_step: timedelta  # from asking the camera to its picture
    session_idle: timedelta  # a session without an event for so long is referred


@dataclass(frozen=True, slots=True)
class AcceptedDocument:
    """A class of document that is read at this site."""

    document_class: DocumentClass
    issuers: tuple[str, ...] = ()  # codes of ICAO 9303-3 section 5; empty: any issuer


@dataclass(frozen=True, slots=True)
class AcceptedProgram:
    """A program whose members are admitted at this site, perhaps not all of them.

    When neither restriction is given every member is; otherwise one of the two has to hold.
    """

    program: Program
    only_nationalities: tuple[str, ...] = ()
    only_documents: tuple[DocumentClass, ...] = ()


@dataclass(frozen=True, slots=True)
class PagePolicy:
    """What the pictures of a document's page have to show.

    Without a demand there need not be pictures; what they do show is asked by the rules, and
    counts whatever stands here.
    """

    required_lights: tuple[Light, ...] = ()  # pictures that must be there and be examined
    required_checks: tuple[PageCheck, ...] = ()  # that must have come to an answer
    portrait_max_distance: float | None = None  # of the printed portrait from the record
    portrait_required: bool = False  # whether a portrait that was not compared refers


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of a site's policy."""

    site: str  # id of the site profile, e.g. "global_entry_airport"
    version: str
    effective_from: date  # the port's local day; before it the policy admits nobody
    production: bool
    timezone: str  # IANA name; dates are the port's local dates
    rules: tuple[str, ...]  # names of active rules, in the order of the officer's list
    programs: tuple[AcceptedProgram, ...]
    documents: tuple[AcceptedDocument, ...]
    provenances: tuple[Provenance, ...]  # readings that may admit
    minimum_assurance: Assurance
    maximum_record_age: timedelta
    minimum_age_years: int  # younger travelers always see an officer
    maximum_scans: int  # unreadable documents before the session is referred
    face: FacePolicy
    times: TimePolicy
    page: PagePolicy = field(default=PagePolicy(), metadata=ADDED)


def policy_to_plain(policy: Policy) -> dict[str, Any]:
    """Return a policy as a JSON object, schema version inside."""
    plain = to_plain(policy, Policy)
    assert isinstance(plain, dict)
    return {"schema": POLICY_SCHEMA, **plain}


def policy_digest(policy: Policy) -> str:
    """Return the SHA-256 of the policy's canonical JSON, in hexadecimal.

    Raises:
        CodecError: a field does not have its declared type.
    """
    return sha256(canonical_json(policy_to_plain(policy))).hexdigest()
