"""The result of reading a machine-readable zone.

Whatever identifies a person stays out of every repr: a result that lands in a log or in an
exception's text shows which fields there are and what became of them, not what they say.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Generic, TypeVar

from documents.mrz.codes import IssuerCode
from documents.mrz.dates import BirthDate, PartialDate
from documents.mrz.document_class import DocumentClass, Program
from documents.mrz.layouts import Field, Span, Template
from documents.mrz.names import Names
from documents.mrz.problems import Problem

T_co = TypeVar("T_co", covariant=True)


class FieldStatus(StrEnum):
    """What became of a field; its check digit is told apart, in `MRZReading.checks`."""

    VALID = "valid"
    PARTIAL = "partial"
    """A date of birth of which a part is unknown."""
    UNKNOWN = "unknown"
    """A date of birth that is unknown altogether: fillers are printed for it."""
    ABSENT = "absent"
    """Nothing but fillers is printed, or the template has no such field."""
    INVALID = "invalid"
    """What is printed cannot stand there; the value, if any, is not to be relied on."""


class CheckStatus(StrEnum):
    """What became of a check digit."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    ABSENT = "absent"
    """A filler is printed for it; a problem says so when the field itself is not empty."""


class Sex(StrEnum):
    """Sex as 9303 knows it; `X` where the MRZ prints a filler."""

    FEMALE = "F"
    MALE = "M"
    UNSPECIFIED = "X"


@dataclass(frozen=True, slots=True, repr=False)
class FieldReading(Generic[T_co]):
    """One field: the characters as printed, where, their meaning and its status.

    spans is empty, and raw too, when the template has no such field. A document number that
    continues in the optional data has two spans.
    """

    field: Field
    raw: str
    spans: tuple[Span, ...]
    status: FieldStatus
    value: T_co | None

    def __repr__(self) -> str:
        return f"FieldReading({self.field.value}, {self.status.value})"


@dataclass(frozen=True, slots=True, repr=False)
class CheckReading:
    """One check digit: what it covers, what is printed, what it ought to be."""

    field: Field
    span: Span
    printed: str
    computed: str
    status: CheckStatus

    def __repr__(self) -> str:
        return f"CheckReading({self.field.value}, {self.status.value})"


@dataclass(frozen=True, slots=True, repr=False)
class FrenchExtras:
    """What only the old French identity card says.

    department: of issue, three characters, fillers stripped; office: likewise. issued: year and
    month from the first four digits of the number; None when they are no such thing.
    """

    department: str
    office: str
    issued: PartialDate | None

    def __repr__(self) -> str:
        return "FrenchExtras(…)"


@dataclass(frozen=True, slots=True, repr=False)
class MRZReading:
    """A machine-readable zone whose lines fit a template.

    It may still be wrong in every field: look at `checks` and `problems`. A check digit that is
    absent where it ought to be fails nothing and is a problem (`check_digit_absent`).
    An expired document is not a problem: that is for a policy to judge.
    """

    template: Template
    document_class: DocumentClass
    program: Program | None
    document_code: FieldReading[str]
    issuer: FieldReading[IssuerCode]
    nationality: FieldReading[IssuerCode]
    document_number: FieldReading[str]
    names: FieldReading[Names]
    birth_date: FieldReading[BirthDate]
    sex: FieldReading[Sex]
    expiry_date: FieldReading[date]
    optional_data: FieldReading[str]
    optional_data_2: FieldReading[str]
    french: FrenchExtras | None
    checks: tuple[CheckReading, ...]
    problems: tuple[Problem, ...]

    def __repr__(self) -> str:
        return (
            f"MRZReading({self.template.value}, {self.document_class.value}, "
            f"checks_failed={[field.value for field in self.checks_failed]}, "
            f"problems={[problem.code.value for problem in self.problems]})"
        )

    @property
    def subtype(self) -> str:
        """The second character of the document code; empty when it is a filler."""
        return (self.document_code.value or "")[1:]

    @property
    def checks_failed(self) -> tuple[Field, ...]:
        """The fields whose printed check digit is wrong, in the order of the layout."""
        return tuple(check.field for check in self.checks if check.status is CheckStatus.FAIL)

    @property
    def fields(self) -> tuple[FieldReading[object], ...]:
        """Every field in the order of the class, absent ones too."""
        return (
            self.document_code,
            self.issuer,
            self.nationality,
            self.document_number,
            self.names,
            self.birth_date,
            self.sex,
            self.expiry_date,
            self.optional_data,
            self.optional_data_2,
        )


@dataclass(frozen=True, slots=True)
class MRZUnreadable:
    """Text that no template fits; the problems name lines and lengths, never the text."""

    problems: tuple[Problem, ...]
