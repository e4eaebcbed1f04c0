"""What was observed in one session, as decide() sees it.

Nothing here identifies a person: no name, number, picture or template. A fact is either
`Measured(value)` or `NotMeasured(why)`; what was not measured is never zero, empty or false,
and never admits (rule 1 of the domain: fail to REFER).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from kiosk_api.core.plain import ADDED

T_co = TypeVar("T_co", covariant=True)


class Why(StrEnum):
    """Why a fact could not be measured."""

    NOT_ATTEMPTED = "not_attempted"  # the session ended before this step
    NOT_PRESENT = "not_present"  # the thing itself is missing, e.g. a record without a template
    UNREADABLE = "unreadable"  # the input was there and made no sense
    TOO_POOR = "too_poor"  # readable, but of a quality that allows no measurement
    DEVICE_FAILED = "device_failed"
    DEADLINE = "deadline"  # no answer while there was still time
    STORE_FAILED = "store_failed"  # the record cache did not answer, or did not open
    ENGINE_FAILED = "engine_failed"  # the matcher crashed, or none is left
    INCOMPARABLE = "incomparable"  # measured by another model than the reference
    UNFIT = "unfit"  # what was at hand to measure with is not meant for this


@dataclass(frozen=True, slots=True)
class Measured(Generic[T_co]):
    """A fact that was measured."""

    value: T_co


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A fact that was not measured, and why."""

    why: Why


_NOT_ATTEMPTED = NotMeasured(Why.NOT_ATTEMPTED)


class Provenance(StrEnum):
    """Where a reading comes from; a production policy accepts `device` only."""

    DEVICE = "device"
    FILE = "file"
    SIMULATED = "simulated"


class Assurance(StrEnum):
    """How far a reading is protected on its way from the sensor to us."""

    NONE = "none"
    CHANNEL = "channel"  # an authenticated connection
    SIGNED = "signed"  # signed by the device itself


@dataclass(frozen=True, slots=True)
class Source:
    """Which device gave a reading, in which of its connections (epochs)."""

    device_id: str
    epoch: int
    provenance: Provenance
    assurance: Assurance


class DocumentClass(StrEnum):
    """Classes of travel document that policies speak about."""

    PASSPORT = "passport"
    PASSPORT_CARD = "passport_card"
    PERMANENT_RESIDENT_CARD = "permanent_resident_card"
    TRUSTED_TRAVELER_CARD = "trusted_traveler_card"
    BORDER_CROSSING_CARD = "border_crossing_card"
    IDENTITY_CARD = "identity_card"
    VISA = "visa"
    OTHER = "other"


class Program(StrEnum):
    """Trusted-traveler programs (shared/FIELD.md section 1)."""

    GLOBAL_ENTRY = "GLOBAL_ENTRY"
    NEXUS = "NEXUS"
    SENTRI = "SENTRI"
    FAST = "FAST"
    VIAJERO_CONFIABLE = "VIAJERO_CONFIABLE"


class Light(StrEnum):
    """The light under which a page was photographed (ICAO Doc 9303-2 names the three)."""

    WHITE = "white"
    INFRARED = "infrared"
    ULTRAVIOLET = "ultraviolet"


class LinesFrom(StrEnum):
    """Who read the machine-readable zone that the document facts stand on."""

    READER = "reader"  # the device sent its lines
    PICTURE = "picture"  # the device sent a picture only, and we read it


class PageOutcome(StrEnum):
    """What one look at a page came to."""

    PASSED = "passed"
    SUSPICIOUS = "suspicious"  # a sign of a copy or an alteration
    POOR = "poor"  # of the picture, not of the document: glare, blur, too small
    NOT_MEASURED = "not_measured"


class PageCheck(StrEnum):
    """What is looked for in the pictures of a page, by the names of `documents.page`."""

    MRZ_IN_INFRARED = "mrz_in_infrared"
    DULL_UNDER_ULTRAVIOLET = "dull_under_ultraviolet"
    COLOURED = "coloured"
    RESOLUTION = "resolution"
    SHARPNESS = "sharpness"
    GLARE = "glare"
    CUT_OFF = "cut_off"
    PORTRAIT_FOUND = "portrait_found"
    PRINTED_ZONE_AGREES = "printed_zone_agrees"
    SEAL_VALID = "seal_valid"


@dataclass(frozen=True, slots=True)
class PageFindingFact:
    """What one look at the pictures of a page found."""

    check: str  # one of `PageCheck`, or of a release that looked for something else
    outcome: PageOutcome
    confidence: float  # 0 to 1
    code: str  # stable, says why, e.g. "mrz_missing_in_infrared"; never content of the page


@dataclass(frozen=True, slots=True)
class MRZPictureFacts:
    """What our own reading of the zone in a picture came to, without what the zone says."""

    accepted: bool  # every check digit fits, and every character that none covers is sure
    confidence: float  # 0 to 1, of the least sure character
    repaired: int  # characters that a check digit decided
    problems: tuple[str, ...]  # codes of documents.mrz.reader problems
    # True: the lines that the device sent are the same, character by character. False: they
    # contradict: another template, or another character where ours is sure. None: the device sent
    # no lines, or they differ only where ours is unsure.
    agrees_with_reader: bool | None
    checks: tuple[str, ...]  # a check digit each, "document_number:pass", "...:fail", "...:absent"


@dataclass(frozen=True, slots=True)
class PortraitFacts:
    """The portrait that is printed on the page, beside the record's template."""

    found: bool
    model: str  # what measured the distance, as in `MatchFacts`; "" when nothing did
    # Dissimilarity to the record's template, 0 = identical. Prints and laminates are poor: the
    # same person lies further apart here than before the camera.
    distance_to_record: Measured[float] | NotMeasured


@dataclass(frozen=True, slots=True)
class OpticalFacts:
    """What the pictures of the page say."""

    lights: tuple[Light, ...]  # of the pictures that were sent
    template: str  # of ICAO Doc 9303, e.g. "TD3"; "" when no zone was read in a picture
    lines_from: LinesFrom
    mrz: Measured[MRZPictureFacts] | NotMeasured
    findings: tuple[PageFindingFact, ...]
    portrait: Measured[PortraitFacts] | NotMeasured = _NOT_ATTEMPTED


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What the machine-readable zone says (ICAO Doc 9303), without what identifies its holder."""

    document_class: DocumentClass
    issuer: str  # normalised code of ICAO 9303-3 section 5, e.g. "USA", "DEU"
    nationality: str  # the same, or XXA, XXB, XXC, XXX; "" when the document prints none
    expires_on: Measured[date] | NotMeasured  # NOT_PRESENT: prints none; UNREADABLE: no such date
    age_years: Measured[int] | NotMeasured  # completed years on the day of the scan, port's time
    checks_failed: tuple[str, ...]  # names of fields whose check digit is wrong
    problems: tuple[str, ...]  # codes of documents.mrz problems that remain besides checks
    # NOT_ATTEMPTED: the device sent lines only. Any other reason: it sent pictures, in vain.
    optical: Measured[OpticalFacts] | NotMeasured = field(default=_NOT_ATTEMPTED, metadata=ADDED)


class Agreement(StrEnum):
    """Whether a field of the document and of the record say the same."""

    AGREE = "agree"
    DISAGREE = "disagree"
    CANNOT_TELL = "cannot_tell"  # truncated, partial or absent on either side


class DocumentStatus(StrEnum):
    """What the record authority says of the document that was presented."""

    VALID = "valid"
    LOST = "lost"
    STOLEN = "stolen"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"  # a re-issued card voids the old one at once


class MembershipStatus(StrEnum):
    """What the program says of a membership."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class MembershipFacts:
    """One membership; valid on both of its end days, in the port's local time."""

    program: Program
    status: MembershipStatus
    valid_from: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What the cached traveler record says of the document's holder."""

    document_status: DocumentStatus
    name: Agreement
    birth_date: Agreement
    sex: Agreement
    nationality: Agreement
    expiry: Agreement
    memberships: tuple[MembershipFacts, ...]
    refreshed_at: datetime  # aware; when the authority last confirmed this record


@dataclass(frozen=True, slots=True)
class NoRecord:
    """The cache was asked and holds no record for this document."""


class QualityStatus(StrEnum):
    """How a quality measure judges a picture (ISO/IEC 29794-5)."""

    GOOD = "good"
    MARGINAL = "marginal"
    TOO_POOR = "too_poor"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, slots=True)
class QualityFact:
    """One quality measure of the live picture: score 0-100, None when not measured."""

    measure: str  # e.g. "sharpness", "exposure", "face_size", "pose"
    status: QualityStatus
    score: float | None


@dataclass(frozen=True, slots=True)
class CohortSide:
    """How near one of the two faces lies to the most similar other people of a cohort."""

    mean: float  # of the distances that count
    deviation: float  # their standard deviation, which has a floor


@dataclass(frozen=True, slots=True)
class NormalisedFacts:
    """The distance seen against a fixed set of other people (shared/findings/faces.md, 3)."""

    score: float  # smaller is more alike; about 0 for a stranger as near as the nearest others
    cohort: str  # digest of the signed cohort; thresholds belong to one
    cohort_size: int
    live: CohortSide
    record: CohortSide
    near_duplicates: int  # people of the cohort who might be the record's person, left out
    closer_to_another: bool  # somebody in the cohort is more like the live face than the record
    threshold: float  # the largest score that the policy of the day admits
    margin: float  # threshold less score; negative: not alike enough


@dataclass(frozen=True, slots=True)
class MatchFacts:
    """How far apart the live face and the record's template are (ISO/IEC 2382-37: comparison)."""

    distance: float  # dissimilarity, 0 = identical
    model: str  # name and version of what measured it; thresholds belong to a model
    normalised: Measured[NormalisedFacts] | NotMeasured = field(
        default=_NOT_ATTEMPTED, metadata=ADDED
    )


@dataclass(frozen=True, slots=True)
class PresentationFacts:
    """What was looked for to tell a person from a picture of one (ISO/IEC 30107-1).

    Absence of suspicion proves nothing; suspicion refers.
    """

    suspicious: bool
    score: float  # 0 to 1, larger is more suspicious
    signals: tuple[str, ...]  # names of the signals that were measured
    suspects: tuple[str, ...]  # those of them that raised suspicion


@dataclass(frozen=True, slots=True)
class SequenceFacts:
    """What became of the pictures of one capture, when it had several.

    Pictures are chosen by their quality, never by how alike they are to the record. A template
    averaged over several is held against the threshold of single ones: they lie nearer to the
    record of their own person, and to those of others only a little.
    """

    frames: int  # how many arrived
    measured: int  # how many of them had a face that could be compared
    used: int  # how many were compared, together
    one_person: bool  # whether those show the same person


@dataclass(frozen=True, slots=True)
class ChallengeFacts:
    """Whether the pictures of the capture answer what this session alone was asked to do."""

    kind: str  # "gesture" or "light"
    passed: bool
    reason: str  # code of biometrics.presentation_attack.challenge.ChallengeReason


@dataclass(frozen=True, slots=True)
class FaceFacts:
    """What the live picture shows."""

    faces: int  # how many faces of comparable size
    quality: tuple[QualityFact, ...]
    match: Measured[MatchFacts] | NotMeasured  # NotMeasured when there is nothing to compare
    presentation: Measured[PresentationFacts] | NotMeasured = field(
        default=_NOT_ATTEMPTED, metadata=ADDED
    )
    # Of a capture with one picture there is none.
    sequence: Measured[SequenceFacts] | NotMeasured = field(default=_NOT_ATTEMPTED, metadata=ADDED)
    # Without a policy that asks for an answer nobody is challenged.
    challenge: Measured[ChallengeFacts] | NotMeasured = field(
        default=_NOT_ATTEMPTED, metadata=ADDED
    )


class Stage(StrEnum):
    """The stages of a session that have a deadline."""

    DOCUMENT = "document"
    RECORD = "record"
    CAPTURE = "capture"
    FACE = "face"
    DECISION = "decision"
    JOURNAL = "journal"


class FaultKind(StrEnum):
    """Adverse facts about the process itself; each one alone refers."""

    BUDGET_EXHAUSTED = "budget_exhausted"
    DEVICE_LOST = "device_lost"
    DEVICE_ERROR = "device_error"
    DEVICE_RESTARTED = "device_restarted"  # a new epoch in mid-session
    CAPTURE_TIMED_OUT = "capture_timed_out"
    SECOND_DOCUMENT = "second_document"
    SESSION_EXPIRED = "session_expired"
    SESSION_INTERRUPTED = "session_interrupted"  # the service ended before an answer
    CANCELLED = "cancelled"
    OPTED_OUT = "opted_out"  # of the face comparison; no blame, the same queue
    CLOCK_UNRELIABLE = "clock_unreliable"
    JOURNAL_UNAVAILABLE = "journal_unavailable"
    MATCHER_FAILED = "matcher_failed"
    STORE_FAILED = "store_failed"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that went wrong at a stage."""

    kind: FaultKind
    stage: Stage


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that decide() may look at; stored beside the decision, schema version inside."""

    document: Measured[DocumentFacts] | NotMeasured
    record: Measured[RecordFacts | NoRecord] | NotMeasured
    face: Measured[FaceFacts] | NotMeasured
    sources: tuple[Source, ...]
    faults: tuple[Fault, ...] = ()
