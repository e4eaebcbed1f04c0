"""A machine-readable zone as text for a person and as JSON for a program."""

from datetime import date

from documents.mrz import (
    BirthDate,
    FieldReading,
    IssuerCode,
    MRZReading,
    MRZUnreadable,
    Names,
    Normalised,
    Problem,
)


def as_json(normalised: Normalised, result: MRZReading | MRZUnreadable) -> dict[str, object]:
    """Return one object for either result; `readable` tells them apart. It identifies a person."""
    common: dict[str, object] = {
        "readable": isinstance(result, MRZReading),
        "normalised": [
            {"change": change.kind, "line": change.line, "count": change.count}
            for change in normalised.changes
        ],
        "problems": [_problem(problem) for problem in result.problems],
    }
    if isinstance(result, MRZUnreadable):
        return common
    return common | {
        "template": result.template,
        "document_class": result.document_class,
        "program": result.program,
        "subtype": result.subtype,
        "fields": {
            field.field: {
                "status": field.status,
                "raw": field.raw,
                "value": _value(field),
                "spans": [[span.line, span.first, span.last] for span in field.spans],
            }
            for field in result.fields
        },
        "french": result.french
        and {
            "department": result.french.department,
            "office": result.french.office,
            "issued": result.french.issued
            and f"{result.french.issued.year}-{result.french.issued.month:02}",
        },
        "checks": [
            {
                "field": check.field,
                "status": check.status,
                "printed": check.printed,
                "computed": check.computed,
            }
            for check in result.checks
        ],
    }


def _problem(problem: Problem) -> dict[str, object]:
    span = problem.span
    return {
        "code": problem.code,
        "field": problem.field,
        "span": [span.line, span.first, span.last] if span else None,
        "text": problem.describe(),
    }


def _value(field: FieldReading[object]) -> object:
    """The value of a field as JSON knows it."""
    match field.value:
        case IssuerCode(code, normalised, name, kind):
            return {"code": code, "normalised": normalised, "name": name, "kind": kind}
        case Names(primary, secondary, truncated):
            return {"primary": primary, "secondary": secondary, "truncated": truncated}
        case BirthDate() as born:
            return {
                "candidates": [candidate.isoformat() for candidate in born.candidates],
                "years": list(born.years),
                "month": born.month,
                "day": born.day,
            }
        case date() as day:
            return day.isoformat()
        case other:
            return other


def as_text(normalised: Normalised, result: MRZReading) -> str:
    """Return the fields and check digits as lines. What they say identifies a person."""
    title = f"{result.template} {result.document_class.replace('_', ' ')}"
    lines = [f"{title}, {result.program}" if result.program else title]
    lines += [
        f"  {field.field.replace('_', ' '):<16} {field.status:<8} {_words(field)}".rstrip()
        for field in result.fields
        if field.spans
    ]
    if result.french:
        lines.append(f"  {'department':<16} {'':<8} {result.french.department}")
        lines.append(f"  {'office':<16} {'':<8} {result.french.office}")
    lines.append("check digits")
    lines += [
        f"  {check.field.replace('_', ' '):<16} {check.status:<8} "
        f"printed {check.printed}, computed {check.computed}"
        for check in result.checks
    ]
    if result.problems:
        lines.append("problems")
        lines += [f"  {problem.describe()}" for problem in result.problems]
    if normalised.changes:
        lines.append("changed before reading")
        for change in normalised.changes:
            where = f" in line {change.line}" if change.line else ""
            lines.append(f"  {change.kind.replace('_', ' ')}: {change.count}{where}")
    return "\n".join(lines)


def _words(field: FieldReading[object]) -> str:
    """The value of a field in one line for a person."""
    match field.value:
        case IssuerCode(_, normalised, name, kind):
            return f"{normalised}, {name} ({kind})" if name else f"{normalised} ({kind})"
        case Names(primary, secondary, truncated):
            return f"{primary}, {secondary}{' (may be truncated)' if truncated else ''}"
        case BirthDate() as born if born.candidates:
            return " or ".join(candidate.isoformat() for candidate in born.candidates)
        case BirthDate(years, month, day):
            year = " or ".join(map(str, years)) or "????"
            parts = (f"{part:02}" if part else "??" for part in (month, day))
            return "-".join([year, *parts])
        case None:
            return ""
        case other:
            return str(other)
