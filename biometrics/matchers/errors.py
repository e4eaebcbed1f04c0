"""Coded errors of installing, loading and calibrating a matcher; each message is one line."""

from enum import StrEnum


class MatcherErrorCode(StrEnum):
    """Stable codes; the text beside them may change."""

    CARD_MALFORMED = "card_malformed"
    FILE_UNREADABLE = "file_unreadable"
    FILE_TOO_LARGE = "file_too_large"
    FILE_ALTERED = "file_altered"
    FILE_MALFORMED = "file_malformed"
    EXTERNAL_DATA = "external_data"
    OPERATOR_REFUSED = "operator_refused"
    TENSOR_REFUSED = "tensor_refused"
    SHAPE_DISAGREES = "shape_disagrees"
    OUTPUT_UNUSABLE = "output_unusable"
    TRIAL_FAILED = "trial_failed"
    NOT_INSTALLED = "not_installed"
    NOT_ALLOWED = "not_allowed"
    ENTRY_POINT_UNUSABLE = "entry_point_unusable"
    CALIBRATION_ALTERED = "calibration_altered"
    CALIBRATION_OF_ANOTHER_MODEL = "calibration_of_another_model"
    NOT_CALIBRATED = "not_calibrated"
    PICTURES_UNUSABLE = "pictures_unusable"


class MatcherError(Exception):
    """A matcher, its card, or what it is to be measured on cannot be used."""

    def __init__(self, code: MatcherErrorCode, detail: str) -> None:
        # What a file says of itself ends up here: one line, and no terminal's control signs.
        detail = "".join(sign if sign.isprintable() else " " for sign in detail)
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"
