"""From the lines of a machine-readable zone to document facts, without what identifies anybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from documents.mrz import (
    FieldStatus,
    MRZReading,
    MRZUnreadable,
    ProblemCode,
    normalise,
    parse,
)
from kiosk_api.core.evidence import DocumentClass, DocumentFacts, Measured, NotMeasured, Why

# Check digits have a place of their own in the facts.
_NOT_A_PROBLEM = frozenset({ProblemCode.CHECK_DIGIT_FAILED})


@dataclass(frozen=True, slots=True)
class DocumentReading:
    """A document as it was read.

    Args:
        facts: what decide() may see; None when the zone could not be read.
        reading: what it says of the holder, for the look-up and the sealed payload.
        problems: stable codes of what is wrong, without content.
    """

    facts: DocumentFacts | None
    reading: MRZReading | None = field(repr=False)
    problems: tuple[str, ...]


def read_document(lines: tuple[str, ...], *, today: date) -> DocumentReading:
    """Read the lines that a reader delivered.

    Args:
        lines: 2 or 3 lines as read, untrusted.
        today: the day at the port.
    """
    result = parse(normalise("\n".join(lines)).lines, today=today)
    problems = tuple(
        str(problem.code) for problem in result.problems if problem.code not in _NOT_A_PROBLEM
    )
    if isinstance(result, MRZUnreadable):
        return DocumentReading(None, None, problems)
    facts = DocumentFacts(
        document_class=DocumentClass(result.document_class.value),
        issuer=result.issuer.value.normalised if result.issuer.value else "",
        nationality=result.nationality.value.normalised if result.nationality.value else "",
        expires_on=_expiry(result),
        age_years=_age(result, today),
        checks_failed=tuple(str(name) for name in result.checks_failed),
        problems=problems,
    )
    return DocumentReading(facts, result, problems)


def _expiry(reading: MRZReading) -> Measured[date] | NotMeasured:
    expiry = reading.expiry_date
    if expiry.value is not None and expiry.status is FieldStatus.VALID:
        return Measured(expiry.value)
    absent = expiry.status is FieldStatus.ABSENT
    return NotMeasured(Why.NOT_PRESENT if absent else Why.UNREADABLE)


def _age(reading: MRZReading, today: date) -> Measured[int] | NotMeasured:
    born = reading.birth_date
    bounds = born.value.age_bounds(today) if born.value is not None else None
    if bounds is None:
        absent = born.status in {FieldStatus.ABSENT, FieldStatus.UNKNOWN}
        return NotMeasured(Why.NOT_PRESENT if absent else Why.UNREADABLE)
    # An unknown day or century is read as the youngest that the holder can be: a policy asks for
    # a least age, and whoever may be younger sees an officer.
    return Measured(bounds[0])
