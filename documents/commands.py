"""The `kiosk documents` commands, for people who integrate the kiosk."""

import json
from datetime import UTC, date, datetime
from typing import BinaryIO

import click

from documents.mrz import (
    BirthDate,
    FieldReading,
    IssuerCode,
    MRZReading,
    MRZUnreadable,
    Names,
    Normalised,
    Problem,
    normalise,
    parse,
)

# Ten times what three lines take; enough for wild formatting, too little for a wrong file.
_MOST_BYTES = 1_000


@click.group()
def documents() -> None:
    """Look at travel documents."""


@documents.command()
@click.argument("source", type=click.File("rb"), default="-", metavar="[FILE|-]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day of reading, for the century of dates; today by default.",
)
def mrz(source: BinaryIO, as_json: bool, today: datetime | None) -> None:
    """Print the fields and check digits of a machine-readable zone.

    FILE holds its two or three lines. What is printed identifies a person.
    """
    data = source.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise click.ClickException(f"more than {_MOST_BYTES} bytes are no machine-readable zone")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise click.ClickException("the input is not UTF-8 text") from None
    day = today.date() if today else datetime.now(tz=UTC).date()
    normalised = normalise(text)
    result = parse(normalised.lines, today=day)
    if as_json:
        click.echo(json.dumps(_as_json(normalised, result), ensure_ascii=False))
    if isinstance(result, MRZUnreadable):
        reasons = "; ".join(problem.describe() for problem in result.problems)
        raise click.ClickException(f"unreadable: {reasons}")
    if not as_json:
        click.echo(_as_text(normalised, result))


def _as_json(normalised: Normalised, result: MRZReading | MRZUnreadable) -> dict[str, object]:
    """One object for either result; `readable` tells them apart."""
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


def _as_text(normalised: Normalised, result: MRZReading) -> str:
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
