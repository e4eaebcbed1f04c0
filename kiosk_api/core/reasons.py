"""The one table of reasons: why a traveler was referred.

Codes are stable: journals, metrics and integrators keep them for years, so a code is never
renamed or reused, only retired. What the officer reads names the reason; what the traveler
reads never does, because the kiosk speaks in public.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType


class Severity(IntEnum):
    """How much a reason asks of the officer; reasons are listed from the most severe down."""

    ROUTINE = 1  # a look settles it
    CHECK = 2  # a fact is missing or a step failed; the officer has to establish the fact
    ADVERSE = 3  # a fact speaks against admission
    ALERT = 4  # a possible offence: act before the traveler leaves the lane


class Category(StrEnum):
    """What a reason is about."""

    READING = "reading"
    PROCESS = "process"
    DOCUMENT = "document"
    RECORD = "record"
    MEMBERSHIP = "membership"
    FACE = "face"
    POLICY = "policy"


class TravelerText(StrEnum):
    """Keys of what the traveler is shown."""

    PROCEED = "proceed"
    SEE_OFFICER = "see_officer"
    TRY_AGAIN = "try_again"  # within a session, while a scan is left; never after a decision
    OUT_OF_SERVICE = "out_of_service"


class Language(StrEnum):
    """Languages of the traveler's screen (BCP 47)."""

    ENGLISH = "en"
    SPANISH = "es"
    FRENCH = "fr"


class ReasonCode(StrEnum):
    """Every reason to refer."""

    # Readings
    READING_WITHOUT_SOURCE = "reading_without_source"
    READING_SIMULATED = "reading_simulated"
    READING_FROM_FILE = "reading_from_file"
    READING_NOT_ACCEPTED = "reading_not_accepted"
    READING_UNPROTECTED = "reading_unprotected"
    # Process: one for each FaultKind, of the same name
    BUDGET_EXHAUSTED = "budget_exhausted"
    DEVICE_LOST = "device_lost"
    DEVICE_ERROR = "device_error"
    DEVICE_RESTARTED = "device_restarted"
    CAPTURE_TIMED_OUT = "capture_timed_out"
    SECOND_DOCUMENT = "second_document"
    SESSION_EXPIRED = "session_expired"
    SESSION_INTERRUPTED = "session_interrupted"
    CANCELLED = "cancelled"
    OPTED_OUT = "opted_out"
    CLOCK_UNRELIABLE = "clock_unreliable"
    JOURNAL_UNAVAILABLE = "journal_unavailable"
    MATCHER_FAILED = "matcher_failed"
    STORE_FAILED = "store_failed"
    # Document
    DOCUMENT_MISSING = "document_missing"
    DOCUMENT_UNREADABLE = "document_unreadable"
    DOCUMENT_CHECK_DIGIT_WRONG = "document_check_digit_wrong"
    DOCUMENT_MALFORMED = "document_malformed"
    DOCUMENT_READ_UNSURE = "document_read_unsure"
    DOCUMENT_READING_CONTRADICTS = "document_reading_contradicts"
    DOCUMENT_CLASS_NOT_ACCEPTED = "document_class_not_accepted"
    DOCUMENT_ISSUER_NOT_ACCEPTED = "document_issuer_not_accepted"
    DOCUMENT_EXPIRED = "document_expired"
    DOCUMENT_EXPIRY_UNKNOWN = "document_expiry_unknown"
    DOCUMENT_LOST = "document_lost"
    DOCUMENT_STOLEN = "document_stolen"
    DOCUMENT_REVOKED = "document_revoked"
    DOCUMENT_SUPERSEDED = "document_superseded"
    HOLDER_TOO_YOUNG = "holder_too_young"
    HOLDER_AGE_UNKNOWN = "holder_age_unknown"
    # Pictures of the document's page
    PAGE_NOT_EXAMINED = "page_not_examined"
    PAGE_SUSPICIOUS = "page_suspicious"
    MRZ_MISSING_IN_INFRARED = "mrz_missing_in_infrared"
    PAPER_BRIGHT_UNDER_ULTRAVIOLET = "paper_bright_under_ultraviolet"
    PRINTED_ZONE_DIFFERS = "printed_zone_differs"
    SEAL_INVALID = "seal_invalid"
    PORTRAIT_NOT_COMPARED = "portrait_not_compared"
    PORTRAIT_DIFFERS = "portrait_differs"
    # Record
    RECORD_UNAVAILABLE = "record_unavailable"
    RECORD_NOT_FOUND = "record_not_found"
    RECORD_STALE = "record_stale"
    RECORD_FROM_FUTURE = "record_from_future"
    RECORD_AGE_UNKNOWN = "record_age_unknown"
    RECORD_NAME_DIFFERS = "record_name_differs"
    RECORD_BIRTH_DATE_DIFFERS = "record_birth_date_differs"
    RECORD_SEX_DIFFERS = "record_sex_differs"
    RECORD_NATIONALITY_DIFFERS = "record_nationality_differs"
    RECORD_EXPIRY_DIFFERS = "record_expiry_differs"
    RECORD_UNCONFIRMED = "record_unconfirmed"
    # Membership
    MEMBERSHIP_NONE = "membership_none"
    MEMBERSHIP_PROGRAM_NOT_ACCEPTED = "membership_program_not_accepted"
    MEMBERSHIP_CONDITION_NOT_MET = "membership_condition_not_met"
    MEMBERSHIP_SUSPENDED = "membership_suspended"
    MEMBERSHIP_REVOKED = "membership_revoked"
    MEMBERSHIP_EXPIRED = "membership_expired"
    MEMBERSHIP_NOT_YET_VALID = "membership_not_yet_valid"
    # Face
    FACE_NOT_MEASURED = "face_not_measured"
    FACE_ABSENT = "face_absent"
    FACE_SEVERAL = "face_several"
    FACE_CHANGED = "face_changed"
    FACE_QUALITY_POOR = "face_quality_poor"
    FACE_QUALITY_UNKNOWN = "face_quality_unknown"
    FACE_NOT_COMPARED = "face_not_compared"
    FACE_REFERENCE_MISSING = "face_reference_missing"
    FACE_MODEL_DIFFERS = "face_model_differs"
    FACE_DISTANCE_INVALID = "face_distance_invalid"
    FACE_DIFFERS = "face_differs"
    FACE_NOT_NORMALISED = "face_not_normalised"
    FACE_COHORT_DIFFERS = "face_cohort_differs"
    FACE_SCORE_INVALID = "face_score_invalid"
    FACE_CLOSER_TO_ANOTHER = "face_closer_to_another"
    FACE_HAS_NEAR_DUPLICATE = "face_has_near_duplicate"
    FACE_PRESENTATION_UNKNOWN = "face_presentation_unknown"
    FACE_PRESENTATION_SUSPICIOUS = "face_presentation_suspicious"
    FACE_CHALLENGE_UNANSWERED = "face_challenge_unanswered"
    FACE_CHALLENGE_FAILED = "face_challenge_failed"
    # Policy and decision
    POLICY_EMPTY = "policy_empty"
    POLICY_NOT_IN_FORCE = "policy_not_in_force"
    RULE_UNKNOWN = "rule_unknown"
    RULE_FAILED = "rule_failed"
    TIME_WITHOUT_ZONE = "time_without_zone"


@dataclass(frozen=True, slots=True)
class ReasonText:
    """How a reason is ranked and told."""

    severity: Severity
    category: Category
    officer: str  # a plain English sentence
    traveler: TravelerText = TravelerText.SEE_OFFICER


REASONS: Mapping[ReasonCode, ReasonText] = MappingProxyType(
    {
        ReasonCode.READING_WITHOUT_SOURCE: ReasonText(
            Severity.CHECK, Category.READING, "No device vouches for what was read in this session."
        ),
        ReasonCode.READING_SIMULATED: ReasonText(
            Severity.ALERT, Category.READING, "A simulated device took part in this session."
        ),
        ReasonCode.READING_FROM_FILE: ReasonText(
            Severity.ALERT, Category.READING, "A reading came from a file and not from a device."
        ),
        ReasonCode.READING_NOT_ACCEPTED: ReasonText(
            Severity.CHECK, Category.READING, "The policy accepts no readings of this kind."
        ),
        ReasonCode.READING_UNPROTECTED: ReasonText(
            Severity.ALERT,
            Category.READING,
            "A reading came over a connection that is not protected enough.",
        ),
        ReasonCode.BUDGET_EXHAUSTED: ReasonText(
            Severity.CHECK,
            Category.PROCESS,
            "The time for a decision ran out before every answer was in.",
        ),
        ReasonCode.DEVICE_LOST: ReasonText(
            Severity.CHECK, Category.PROCESS, "A device was disconnected during the session."
        ),
        ReasonCode.DEVICE_ERROR: ReasonText(
            Severity.CHECK, Category.PROCESS, "A device reported an error during the session."
        ),
        ReasonCode.DEVICE_RESTARTED: ReasonText(
            Severity.CHECK, Category.PROCESS, "A device was connected anew during the session."
        ),
        ReasonCode.CAPTURE_TIMED_OUT: ReasonText(
            Severity.CHECK, Category.PROCESS, "The camera delivered no picture in time."
        ),
        ReasonCode.SECOND_DOCUMENT: ReasonText(
            Severity.ALERT, Category.PROCESS, "Another document was presented in the same session."
        ),
        ReasonCode.SESSION_EXPIRED: ReasonText(
            Severity.CHECK, Category.PROCESS, "The traveler did not go on with the session."
        ),
        ReasonCode.SESSION_INTERRUPTED: ReasonText(
            Severity.CHECK, Category.PROCESS, "The service ended before it could answer."
        ),
        ReasonCode.CANCELLED: ReasonText(
            Severity.CHECK, Category.PROCESS, "The session was cancelled."
        ),
        ReasonCode.OPTED_OUT: ReasonText(
            Severity.ROUTINE,
            Category.PROCESS,
            "The traveler chose an officer instead of the comparison of faces.",
        ),
        ReasonCode.CLOCK_UNRELIABLE: ReasonText(
            Severity.CHECK,
            Category.PROCESS,
            "The clock of the kiosk cannot be relied on.",
            TravelerText.OUT_OF_SERVICE,
        ),
        ReasonCode.JOURNAL_UNAVAILABLE: ReasonText(
            Severity.CHECK,
            Category.PROCESS,
            "The decision could not be put on record in time.",
            TravelerText.OUT_OF_SERVICE,
        ),
        ReasonCode.MATCHER_FAILED: ReasonText(
            Severity.CHECK, Category.PROCESS, "The face comparison failed for a technical reason."
        ),
        ReasonCode.STORE_FAILED: ReasonText(
            Severity.CHECK,
            Category.PROCESS,
            "The store of traveler records failed for a technical reason.",
        ),
        ReasonCode.DOCUMENT_MISSING: ReasonText(
            Severity.CHECK, Category.DOCUMENT, "No document was read."
        ),
        ReasonCode.DOCUMENT_UNREADABLE: ReasonText(
            Severity.CHECK,
            Category.DOCUMENT,
            "The machine-readable zone of the document could not be read.",
        ),
        ReasonCode.DOCUMENT_CHECK_DIGIT_WRONG: ReasonText(
            Severity.ADVERSE,
            Category.DOCUMENT,
            "A check digit of the machine-readable zone is wrong.",
        ),
        ReasonCode.DOCUMENT_MALFORMED: ReasonText(
            Severity.ADVERSE,
            Category.DOCUMENT,
            "The machine-readable zone does not follow ICAO Doc 9303.",
        ),
        ReasonCode.DOCUMENT_READ_UNSURE: ReasonText(
            Severity.CHECK,
            Category.DOCUMENT,
            "The machine-readable zone could not be read from its picture without doubt.",
        ),
        ReasonCode.DOCUMENT_READING_CONTRADICTS: ReasonText(
            Severity.ADVERSE,
            Category.DOCUMENT,
            "What the document reader says is not what the picture of the document shows.",
        ),
        ReasonCode.DOCUMENT_CLASS_NOT_ACCEPTED: ReasonText(
            Severity.CHECK,
            Category.DOCUMENT,
            "Documents of this kind are not accepted at this site.",
        ),
        ReasonCode.DOCUMENT_ISSUER_NOT_ACCEPTED: ReasonText(
            Severity.CHECK,
            Category.DOCUMENT,
            "Documents of this kind from this issuer are not accepted here.",
        ),
        ReasonCode.DOCUMENT_EXPIRED: ReasonText(
            Severity.ADVERSE, Category.DOCUMENT, "The document has expired."
        ),
        ReasonCode.DOCUMENT_EXPIRY_UNKNOWN: ReasonText(
            Severity.CHECK,
            Category.DOCUMENT,
            "The document shows no date of expiry that could be read.",
        ),
        ReasonCode.DOCUMENT_LOST: ReasonText(
            Severity.ALERT, Category.DOCUMENT, "The record authority lists the document as lost."
        ),
        ReasonCode.DOCUMENT_STOLEN: ReasonText(
            Severity.ALERT, Category.DOCUMENT, "The record authority lists the document as stolen."
        ),
        ReasonCode.DOCUMENT_REVOKED: ReasonText(
            Severity.ALERT, Category.DOCUMENT, "The record authority lists the document as revoked."
        ),
        ReasonCode.DOCUMENT_SUPERSEDED: ReasonText(
            Severity.ADVERSE,
            Category.DOCUMENT,
            "A newer document replaced this one, which is void.",
        ),
        ReasonCode.HOLDER_TOO_YOUNG: ReasonText(
            Severity.ROUTINE,
            Category.DOCUMENT,
            "The traveler is younger than the age from which this lane decides.",
        ),
        ReasonCode.HOLDER_AGE_UNKNOWN: ReasonText(
            Severity.CHECK,
            Category.DOCUMENT,
            "The age of the traveler is not known from the document.",
        ),
        ReasonCode.PAGE_NOT_EXAMINED: ReasonText(
            Severity.CHECK,
            Category.DOCUMENT,
            "The pictures of the document could not be examined as they must be.",
        ),
        ReasonCode.PAGE_SUSPICIOUS: ReasonText(
            Severity.ADVERSE,
            Category.DOCUMENT,
            "A picture of the document shows a sign of a copy or an alteration.",
        ),
        ReasonCode.MRZ_MISSING_IN_INFRARED: ReasonText(
            Severity.ADVERSE,
            Category.DOCUMENT,
            "The machine-readable zone does not show in infrared light as it does to the eye.",
        ),
        ReasonCode.PAPER_BRIGHT_UNDER_ULTRAVIOLET: ReasonText(
            Severity.ADVERSE,
            Category.DOCUMENT,
            "The document shines under ultraviolet light, as ordinary paper does.",
        ),
        ReasonCode.PRINTED_ZONE_DIFFERS: ReasonText(
            Severity.ADVERSE,
            Category.DOCUMENT,
            "What is printed on the page is not what the machine-readable zone says.",
        ),
        ReasonCode.SEAL_INVALID: ReasonText(
            Severity.ADVERSE,
            Category.DOCUMENT,
            "The digital seal on the document is not genuine, or belongs to another document.",
        ),
        ReasonCode.PORTRAIT_NOT_COMPARED: ReasonText(
            Severity.CHECK,
            Category.DOCUMENT,
            "The portrait on the document was not compared with the face in the record.",
        ),
        ReasonCode.PORTRAIT_DIFFERS: ReasonText(
            Severity.ADVERSE,
            Category.DOCUMENT,
            "The portrait on the document is not similar to the face in the record.",
        ),
        ReasonCode.RECORD_UNAVAILABLE: ReasonText(
            Severity.CHECK, Category.RECORD, "The traveler records could not be searched."
        ),
        ReasonCode.RECORD_NOT_FOUND: ReasonText(
            Severity.CHECK, Category.RECORD, "No traveler record belongs to this document."
        ),
        ReasonCode.RECORD_STALE: ReasonText(
            Severity.CHECK,
            Category.RECORD,
            "The traveler record has not been confirmed recently enough.",
        ),
        ReasonCode.RECORD_FROM_FUTURE: ReasonText(
            Severity.CHECK,
            Category.RECORD,
            "The traveler record bears a time that has not come yet.",
        ),
        ReasonCode.RECORD_AGE_UNKNOWN: ReasonText(
            Severity.CHECK,
            Category.RECORD,
            "It is not known when the traveler record was last confirmed.",
        ),
        ReasonCode.RECORD_NAME_DIFFERS: ReasonText(
            Severity.ADVERSE,
            Category.RECORD,
            "The name on the document is not the name in the record.",
        ),
        ReasonCode.RECORD_BIRTH_DATE_DIFFERS: ReasonText(
            Severity.ADVERSE,
            Category.RECORD,
            "The date of birth on the document is not the one in the record.",
        ),
        ReasonCode.RECORD_SEX_DIFFERS: ReasonText(
            Severity.ADVERSE,
            Category.RECORD,
            "The sex on the document is not the one in the record.",
        ),
        ReasonCode.RECORD_NATIONALITY_DIFFERS: ReasonText(
            Severity.ADVERSE,
            Category.RECORD,
            "The nationality on the document is not the one in the record.",
        ),
        ReasonCode.RECORD_EXPIRY_DIFFERS: ReasonText(
            Severity.ADVERSE,
            Category.RECORD,
            "The date of expiry on the document is not the one in the record.",
        ),
        ReasonCode.RECORD_UNCONFIRMED: ReasonText(
            Severity.CHECK,
            Category.RECORD,
            "A field that must agree is missing in the document or in the record.",
        ),
        ReasonCode.MEMBERSHIP_NONE: ReasonText(
            Severity.ADVERSE, Category.MEMBERSHIP, "The traveler is a member of no program."
        ),
        ReasonCode.MEMBERSHIP_PROGRAM_NOT_ACCEPTED: ReasonText(
            Severity.ADVERSE,
            Category.MEMBERSHIP,
            "This site does not accept members of the traveler's program.",
        ),
        ReasonCode.MEMBERSHIP_CONDITION_NOT_MET: ReasonText(
            Severity.ADVERSE,
            Category.MEMBERSHIP,
            "This site accepts the program only for certain nationalities or documents.",
        ),
        ReasonCode.MEMBERSHIP_SUSPENDED: ReasonText(
            Severity.ADVERSE, Category.MEMBERSHIP, "A membership is suspended."
        ),
        ReasonCode.MEMBERSHIP_REVOKED: ReasonText(
            Severity.ADVERSE, Category.MEMBERSHIP, "A membership has been revoked."
        ),
        ReasonCode.MEMBERSHIP_EXPIRED: ReasonText(
            Severity.ADVERSE, Category.MEMBERSHIP, "The membership has expired."
        ),
        ReasonCode.MEMBERSHIP_NOT_YET_VALID: ReasonText(
            Severity.ADVERSE, Category.MEMBERSHIP, "The membership is not valid yet."
        ),
        ReasonCode.FACE_NOT_MEASURED: ReasonText(
            Severity.CHECK, Category.FACE, "No picture of the face could be evaluated."
        ),
        ReasonCode.FACE_ABSENT: ReasonText(
            Severity.CHECK, Category.FACE, "No face is to be seen in the picture."
        ),
        ReasonCode.FACE_SEVERAL: ReasonText(
            Severity.CHECK, Category.FACE, "More than one face is to be seen in the picture."
        ),
        ReasonCode.FACE_CHANGED: ReasonText(
            Severity.ADVERSE, Category.FACE, "The pictures of one capture show different people."
        ),
        ReasonCode.FACE_QUALITY_POOR: ReasonText(
            Severity.CHECK, Category.FACE, "The picture of the face is too poor for a comparison."
        ),
        ReasonCode.FACE_QUALITY_UNKNOWN: ReasonText(
            Severity.CHECK,
            Category.FACE,
            "A quality of the picture that the policy asks for was not measured.",
        ),
        ReasonCode.FACE_NOT_COMPARED: ReasonText(
            Severity.CHECK, Category.FACE, "The face was not compared with the record."
        ),
        ReasonCode.FACE_REFERENCE_MISSING: ReasonText(
            Severity.CHECK, Category.FACE, "No face is on record to compare with."
        ),
        ReasonCode.FACE_MODEL_DIFFERS: ReasonText(
            Severity.CHECK,
            Category.FACE,
            "The face was compared by a model that the policy has no threshold for.",
        ),
        ReasonCode.FACE_DISTANCE_INVALID: ReasonText(
            Severity.CHECK, Category.FACE, "The face comparison gave a value that cannot be."
        ),
        ReasonCode.FACE_DIFFERS: ReasonText(
            Severity.ADVERSE,
            Category.FACE,
            "The face is not similar enough to the one in the record.",
        ),
        ReasonCode.FACE_NOT_NORMALISED: ReasonText(
            Severity.CHECK,
            Category.FACE,
            "The face could not be compared with those of other people, as the policy asks.",
        ),
        ReasonCode.FACE_COHORT_DIFFERS: ReasonText(
            Severity.CHECK,
            Category.FACE,
            "The face was compared with other people than those that the policy has a limit for.",
        ),
        ReasonCode.FACE_SCORE_INVALID: ReasonText(
            Severity.CHECK,
            Category.FACE,
            "The face comparison gave a score outside the range for which its limit was found.",
        ),
        ReasonCode.FACE_CLOSER_TO_ANOTHER: ReasonText(
            Severity.ADVERSE,
            Category.FACE,
            "The face is more similar to another person's than to the one in the record.",
        ),
        ReasonCode.FACE_HAS_NEAR_DUPLICATE: ReasonText(
            Severity.CHECK,
            Category.FACE,
            "Somebody else looks so much like the face in the record that an officer must look.",
        ),
        ReasonCode.FACE_PRESENTATION_UNKNOWN: ReasonText(
            Severity.CHECK,
            Category.FACE,
            "It was not examined whether a real face is before the camera.",
        ),
        ReasonCode.FACE_PRESENTATION_SUSPICIOUS: ReasonText(
            Severity.ADVERSE,
            Category.FACE,
            "The picture shows signs of a photograph, a screen or a mask before the camera.",
        ),
        ReasonCode.FACE_CHALLENGE_UNANSWERED: ReasonText(
            Severity.CHECK,
            Category.FACE,
            "The pictures do not show whether the traveler did what the kiosk asked for.",
        ),
        ReasonCode.FACE_CHALLENGE_FAILED: ReasonText(
            Severity.CHECK,
            Category.FACE,
            "The pictures do not show what the kiosk asked this traveler to do.",
        ),
        ReasonCode.POLICY_EMPTY: ReasonText(
            Severity.CHECK,
            Category.POLICY,
            "The policy of this site holds no rule.",
            TravelerText.OUT_OF_SERVICE,
        ),
        ReasonCode.POLICY_NOT_IN_FORCE: ReasonText(
            Severity.CHECK,
            Category.POLICY,
            "The policy of this site is not in force yet.",
            TravelerText.OUT_OF_SERVICE,
        ),
        ReasonCode.RULE_UNKNOWN: ReasonText(
            Severity.CHECK,
            Category.POLICY,
            "The policy names a rule that this release lacks.",
            TravelerText.OUT_OF_SERVICE,
        ),
        ReasonCode.RULE_FAILED: ReasonText(
            Severity.CHECK,
            Category.POLICY,
            "A rule failed for a technical reason.",
            TravelerText.OUT_OF_SERVICE,
        ),
        ReasonCode.TIME_WITHOUT_ZONE: ReasonText(
            Severity.CHECK,
            Category.POLICY,
            "The time of the decision bears no time zone.",
            TravelerText.OUT_OF_SERVICE,
        ),
    }
)

TRAVELER_TEXTS: Mapping[TravelerText, Mapping[Language, str]] = MappingProxyType(
    {
        TravelerText.PROCEED: {
            Language.ENGLISH: "Thank you. Please proceed.",
            Language.SPANISH: "Gracias. Puede continuar.",
            Language.FRENCH: "Merci. Vous pouvez continuer.",
        },
        TravelerText.SEE_OFFICER: {
            Language.ENGLISH: "Please see an officer at the desk.",
            Language.SPANISH: "Por favor, diríjase al mostrador de un oficial.",
            Language.FRENCH: "Veuillez vous adresser à un agent au comptoir.",
        },
        TravelerText.TRY_AGAIN: {
            Language.ENGLISH: "Please try once more.",
            Language.SPANISH: "Por favor, inténtelo de nuevo.",
            Language.FRENCH: "Veuillez essayer encore une fois.",
        },
        TravelerText.OUT_OF_SERVICE: {
            Language.ENGLISH: "This kiosk is out of service. Please see an officer at the desk.",
            Language.SPANISH: (
                "Este quiosco está fuera de servicio. "
                "Por favor, diríjase al mostrador de un oficial."
            ),
            Language.FRENCH: (
                "Cette borne est hors service. Veuillez vous adresser à un agent au comptoir."
            ),
        },
    }
)
