"""One line of an import or export file: bytes to entry, record to bytes.

What is wrong with a line is told as field and code; neither holds anything that the line said.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from kiosk_api.records.model import StoredTemplate, TravelerRecord, format_birth_date
from kiosk_api.records.schemas import PersonEntry

MAX_LINE_BYTES = 16 * 1024 * 1024
_HEAD_BYTES = 9  # of `FaceTemplate.to_bytes`

# Pydantic's codes are many and change with its versions; ours are few and stable. Codes of our
# own validators pass through; whatever is not listed is `malformed`.
_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "enum": "unknown_value",
    "literal_error": "unknown_value",
    "string_too_short": "empty",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "string_type": "wrong_type",
    "tuple_type": "wrong_type",
    "model_type": "wrong_type",
    "not_a_date": "not_a_date",
    "not_a_time_with_zone": "not_a_time_with_zone",
    "not_base64": "not_base64",
    "not_jpeg_or_png": "not_jpeg_or_png",
    "not_a_template": "not_a_template",
    "ends_before_it_begins": "ends_before_it_begins",
    "two_portraits": "two_portraits",
}


@dataclass(frozen=True, slots=True, order=True)
class BadField:
    """What is wrong where; the code reads as English once its underscores are spaces."""

    field: str  # dotted path, e.g. "documents.0.number"; "" for the line as a whole
    code: str


class _RepeatedKeyError(ValueError):
    pass


def parse_line(line: bytes) -> PersonEntry | tuple[BadField, ...]:
    """Read one line, or say everything that is wrong with it. Never raises, whatever it holds."""
    if len(line) > MAX_LINE_BYTES:
        return (BadField("", "too_long"),)
    try:
        # Two values for one key are two truths; which one wins depends on who reads.
        json.loads(line.decode(), object_pairs_hook=_no_repeated_key)
    except _RepeatedKeyError:
        return (BadField("", "repeated_key"),)
    except (ValueError, RecursionError):
        return (BadField("", "not_json"),)
    try:
        return PersonEntry.model_validate_json(line)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(sorted({_bad_field(detail["type"], detail["loc"]) for detail in details}))


def _no_repeated_key(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _RepeatedKeyError


def _bad_field(kind: str, place: tuple[int | str, ...]) -> BadField:
    if kind == "extra_forbidden":
        place = place[:-1]  # the key itself is content of the line
    if kind == "json_invalid":
        return BadField("", "not_json")
    return BadField(".".join(str(part) for part in place), _CODES.get(kind, "malformed"))


def format_line(record: TravelerRecord, portrait: bytes | None = None) -> bytes:
    """Write a record, with its portrait if given, as `parse_line` reads it; ends in a newline."""
    who = record.biographics
    entry: dict[str, Any] = {
        "format": 1,
        "person_id": record.person_id,
        "surname": who.surname,
        "given_names": who.given_names,
        "birth_date": format_birth_date(who.birth_date),
        "sex": who.sex,
        "nationality": who.nationality,
        "documents": [
            {
                "document_class": document.document_class,
                "issuer": document.issuer,
                "number": document.number,
                "expires_on": document.expires_on and document.expires_on.isoformat(),
                "status": document.status,
            }
            for document in record.documents
        ],
        "memberships": [
            {
                "program": membership.program,
                "status": membership.status,
                "valid_from": membership.valid_from.isoformat(),
                "valid_until": membership.valid_until.isoformat(),
            }
            for membership in record.memberships
        ],
        "refreshed_at": record.refreshed_at.isoformat(),
    }
    if record.template is not None:
        entry["template"] = {
            "model": record.template.model,
            "vector": base64.b64encode(_vector(record.template)).decode(),
        }
    if portrait is not None:
        entry["portrait"] = base64.b64encode(portrait).decode()
    return json.dumps(entry, ensure_ascii=False).encode() + b"\n"


def _vector(template: StoredTemplate) -> bytes:
    # The layout of FaceTemplate.to_bytes is a head, the model and the vector, however long.
    return template.data[_HEAD_BYTES + len(template.model.encode()) :]
