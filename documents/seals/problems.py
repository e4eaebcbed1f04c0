"""What can be wrong with the contents of a barcode that should be a seal."""

from dataclasses import dataclass
from enum import StrEnum


class SealKind(StrEnum):
    """Which of ICAO's seals."""

    VDS = "vds"
    """Visible digital seal, binary: Doc 9303 part 13."""
    VDS_NC = "vds_nc"
    """Visible digital seal for non-constrained environments, JSON: ICAO technical report."""


class SealProblem(StrEnum):
    """A stable code; integrators and policies may depend on the strings."""

    NOT_A_SEAL = "not_a_seal"
    """Some other barcode: it neither begins like a VDS nor is it a JSON object like a VDS-NC."""
    TOO_LONG = "too_long"
    VERSION_UNSUPPORTED = "version_unsupported"
    ALGORITHM_UNSUPPORTED = "algorithm_unsupported"
    CUT_OFF = "cut_off"
    """The bytes end within a part of the seal."""
    HEADER_MALFORMED = "header_malformed"
    MESSAGE_MALFORMED = "message_malformed"
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_MALFORMED = "signature_malformed"
    CERTIFICATE_MALFORMED = "certificate_malformed"
    JSON_MALFORMED = "json_malformed"
    JSON_TOO_DEEP = "json_too_deep"
    JSON_KEY_REPEATED = "json_key_repeated"
    """The object says two things under one name; who reads it decides which: refused."""
    JSON_NUMBER_UNSUPPORTED = "json_number_unsupported"
    """A number that RFC 8785 cannot print: out of the range of a double, or not exact there."""
    JSON_TEXT_UNSUPPORTED = "json_text_unsupported"
    """A half of a surrogate pair, for which RFC 8785 has no bytes."""


UNSUPPORTED = frozenset(
    {
        SealProblem.NOT_A_SEAL,
        SealProblem.VERSION_UNSUPPORTED,
        SealProblem.ALGORITHM_UNSUPPORTED,
    }
)
"""Problems that say nothing against the document: nobody here can read such a barcode."""


@dataclass(frozen=True, slots=True)
class SealMalformed:
    """A barcode that cannot be read as a seal; kind as far as it can be told."""

    problem: SealProblem
    kind: SealKind | None


class SealError(ValueError):
    """Raised inside this package only, with a problem and never with content."""

    def __init__(self, problem: SealProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem
