"""Coded errors: a broken model, engine or template.

What a picture shows or fails to show is never an error here; it is a result (`results`).
No message carries a vector, a landmark or a path that names a person.
"""

from enum import StrEnum


class BiometricsErrorCode(StrEnum):
    """Stable codes; the text beside them may change."""

    MODEL_FILE_MISSING = "model_file_missing"
    MODEL_FILE_ALTERED = "model_file_altered"
    MODEL_FILE_MALFORMED = "model_file_malformed"
    SELF_CHECK_FAILED = "self_check_failed"
    ENGINE_FAILED = "engine_failed"
    TEMPLATE_MALFORMED = "template_malformed"
    TEMPLATE_OF_ANOTHER_MODEL = "template_of_another_model"
    THRESHOLD_TABLE_INVALID = "threshold_table_invalid"
    COHORT_MALFORMED = "cohort_malformed"
    COHORT_OF_ANOTHER_MODEL = "cohort_of_another_model"
    COHORT_REFERENCE_MISMATCHED = "cohort_reference_mismatched"
    COHORT_SIGNATURE_INVALID = "cohort_signature_invalid"
    COHORT_TOO_SMALL = "cohort_too_small"
    COHORT_UNBALANCED = "cohort_unbalanced"
    DISTANCES_MALFORMED = "distances_malformed"


class BiometricsError(Exception):
    """Something of the engine is broken or was put together wrongly."""

    def __init__(self, code: BiometricsErrorCode, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"
