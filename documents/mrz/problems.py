"""What can be wrong with a machine-readable zone: stable codes that never quote its text."""

from dataclasses import dataclass
from enum import StrEnum

from documents.mrz.layouts import Field, Span


class ProblemCode(StrEnum):
    """A stable code; integrators and policies may depend on the strings."""

    WRONG_LINE_COUNT = "wrong_line_count"
    WRONG_LINE_LENGTH = "wrong_line_length"
    FOREIGN_CHARACTER = "foreign_character"
    CHARACTER_NOT_ALLOWED = "character_not_allowed"
    DOCUMENT_CODE_UNEXPECTED = "document_code_unexpected"
    CODE_UNKNOWN = "code_unknown"
    CODE_EMPTY = "code_empty"
    NUMBER_EMPTY = "number_empty"
    NUMBER_UNTERMINATED = "number_unterminated"
    NAME_EMPTY = "name_empty"
    NAME_MALFORMED = "name_malformed"
    NAME_SEPARATOR_DOUBTFUL = "name_separator_doubtful"
    DATE_MALFORMED = "date_malformed"
    DATE_IMPOSSIBLE = "date_impossible"
    SEX_UNRECOGNISED = "sex_unrecognised"
    CHECK_DIGIT_FAILED = "check_digit_failed"
    CHECK_DIGIT_ABSENT = "check_digit_absent"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: what, in which field, at which positions.

    field: None when whole lines are concerned.
    span: None when no position can be named (a wrong number of lines). For a wrong length it
        spans the line as found, so its `length` is the length found.
    count: the number of lines found, for a wrong number of lines only.
    """

    code: ProblemCode
    field: Field | None = None
    span: Span | None = None
    count: int | None = None

    def describe(self) -> str:
        """Return one English line for an integrator; it names positions, never content."""
        words = self.code.value.replace("_", " ")
        subject = f"{self.field.value.replace('_', ' ')}: " if self.field else ""
        if self.code is ProblemCode.WRONG_LINE_LENGTH and self.span:
            return f"{words}: line {self.span.line} has {self.span.length} characters"
        if self.count is not None:
            return f"{words}: {self.count} lines"
        if self.span is None:
            return f"{subject}{words}"
        place = f"line {self.span.line}, position {self.span.first}"
        if self.span.last > self.span.first:
            place += f" to {self.span.last}"
        return f"{subject}{words} ({place})"
