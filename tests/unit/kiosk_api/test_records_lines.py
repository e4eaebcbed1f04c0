"""The import format: what is accepted, and how a bad line is told."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from documents.mrz import PartialDate
from kiosk_api.core.evidence import DocumentClass, DocumentStatus, Program
from kiosk_api.records.lines import MAX_LINE_BYTES, BadField, format_line, parse_line
from kiosk_api.records.model import comparable_number, format_birth_date, parse_birth_date
from kiosk_api.records.schemas import PersonEntry

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xe0 a portrait"


def person(**changes: Any) -> dict[str, Any]:
    entry = {
        "person_id": "p-1",
        "surname": "Eriksson",
        "given_names": "Anna Maria",
        "birth_date": "1974-08-12",
        "sex": "F",
        "nationality": "UTO",
        "documents": [
            {
                "document_class": "passport",
                "issuer": "UTO",
                "number": "L898902C3",
                "expires_on": "2030-04-15",
                "status": "valid",
            }
        ],
        "memberships": [
            {
                "program": "GLOBAL_ENTRY",
                "status": "active",
                "valid_from": "2024-01-01",
                "valid_until": "2029-01-01",
            }
        ],
    } | changes
    return {key: value for key, value in entry.items() if value is not ...}


def document(**changes: Any) -> dict[str, Any]:
    return {"documents": [person()["documents"][0] | changes]}


def membership(**changes: Any) -> dict[str, Any]:
    return {"memberships": [person()["memberships"][0] | changes]}


def template(values: object = None, model: str = "m/1/v") -> dict[str, Any]:
    vector = np.linspace(-0.2, 0.2, 128) if values is None else np.asarray(values)
    text = base64.b64encode(vector.astype("<f4").tobytes()).decode()
    return {"template": {"model": model, "vector": text}}


def of_norm(norm: float) -> object:
    return np.eye(128)[0] * norm


def parse(entry: object) -> PersonEntry | tuple[BadField, ...]:
    return parse_line(json.dumps(entry).encode())


def test_a_person_is_read() -> None:
    entry = parse(person(refreshed_at="2026-05-04T14:00:00+02:00", **template()))
    assert isinstance(entry, PersonEntry)
    assert entry.template is not None
    record = entry.to_record(template=entry.template.to_template(), refreshed_at=NOON.min)
    assert record.biographics.surname == "Eriksson"
    assert record.biographics.birth_date == PartialDate(1974, 8, 12)
    [passport] = record.documents
    assert passport.document_class is DocumentClass.PASSPORT
    assert passport.expires_on == date(2030, 4, 15)
    assert passport.status is DocumentStatus.VALID
    assert record.memberships[0].program is Program.GLOBAL_ENTRY
    assert record.refreshed_at == NOON
    assert record.template is not None
    assert record.template.model == "m/1/v"


@pytest.mark.parametrize(
    "changes",
    [
        {"given_names": ""},
        {"birth_date": "????-??-??"},
        {"documents": [], "memberships": []},
        {"documents": [person()["documents"][0] | {"expires_on": None}]},
        {"documents": [person()["documents"][0] | {"number": "AB-12 34"}]},
        {"surname": "Żółć-O’Brien 王"},
        {"portrait": base64.b64encode(JPEG).decode()},
        {"portrait_file": "faces/p-1.jpg"},
        {"portrait_file": "p-1.jpg", **template()},
        template(of_norm(0.51)),
        template(of_norm(2.49)),
        {"format": 1},
        {"refreshed_at": "2026-05-04T12:00Z"},
    ],
)
def test_what_is_good(changes: dict[str, Any]) -> None:
    assert isinstance(parse(person(**changes)), PersonEntry)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"surname": ...}, "surname", "missing"),
        ({"surname": ""}, "surname", "empty"),
        ({"surname": None}, "surname", "wrong_type"),
        ({"surname": "Eriks\x00son"}, "surname", "malformed"),
        ({"given_names": "A" * 201}, "given_names", "too_long"),
        ({"person_id": "../1"}, "person_id", "malformed"),
        ({"person_id": 7}, "person_id", "wrong_type"),
        ({"birth_date": "12.08.1974"}, "birth_date", "not_a_date"),
        ({"birth_date": "1975-02-29"}, "birth_date", "not_a_date"),
        ({"birth_date": 0}, "birth_date", "not_a_date"),
        ({"sex": "f"}, "sex", "unknown_value"),
        ({"nationality": "D"}, "nationality", "malformed"),
        ({"documents": {}}, "documents", "wrong_type"),
        ({"documents": ["passport"]}, "documents.0", "wrong_type"),
        ({"documents": document()["documents"] * 65}, "documents", "too_long"),
        (document(document_class="Passport"), "documents.0.document_class", "unknown_value"),
        (document(number="l898902c3"), "documents.0.number", "malformed"),
        (document(number="-"), "documents.0.number", "malformed"),
        (document(expires_on="2030-04-15T00:00:00Z"), "documents.0.expires_on", "not_a_date"),
        (document(expires_on=1_900_000_000), "documents.0.expires_on", "not_a_date"),
        (document(status=""), "documents.0.status", "unknown_value"),
        (document(surprise=1), "documents.0", "unknown_field"),
        (membership(program="EZPASS"), "memberships.0.program", "unknown_value"),
        (membership(valid_until="2023-12-31"), "memberships.0", "ends_before_it_begins"),
        ({"refreshed_at": "2026-05-04T12:00:00"}, "refreshed_at", "not_a_time_with_zone"),
        ({"refreshed_at": "0001-01-01T00:00:00+14:00"}, "refreshed_at", "not_a_time_with_zone"),
        ({"refreshed_at": 1_777_777_777}, "refreshed_at", "not_a_time_with_zone"),
        ({"portrait": "***"}, "portrait", "not_base64"),
        ({"portrait": base64.b64encode(b"GIF89a").decode()}, "portrait", "not_jpeg_or_png"),
        ({"portrait_file": ""}, "portrait_file", "empty"),
        (
            {"portrait": base64.b64encode(JPEG).decode(), "portrait_file": "x.jpg"},
            "",
            "two_portraits",
        ),
        (template(np.zeros(127)), "template", "not_a_template"),
        (template(np.full(128, np.nan)), "template", "not_a_template"),
        (template(np.zeros(128)), "template", "not_a_template"),
        (template(of_norm(0.49)), "template", "not_a_template"),
        (template(of_norm(2.51)), "template", "not_a_template"),
        (template(np.full(128, 3e38)), "template", "not_a_template"),
        (template(model="m/1"), "template.model", "malformed"),
        ({"format": 2}, "format", "unknown_value"),
        ({"Anna Maria Eriksson": 1}, "", "unknown_field"),
    ],
)
def test_what_is_bad_is_named_and_not_quoted(
    changes: dict[str, Any], field: str, code: str
) -> None:
    assert parse(person(**changes)) == (BadField(field, code),)


def test_everything_bad_is_told_at_once() -> None:
    bad = parse(person(surname="", sex="?", birth_date="?"))
    assert bad == (
        BadField("birth_date", "not_a_date"),
        BadField("sex", "unknown_value"),
        BadField("surname", "empty"),
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"Eriksson, Anna", "not_json"),
        (b"\xff\xfe{}", "not_json"),
        (b'{"person_id": "p-1", "person_id": "p-2"}', "repeated_key"),
        (b'{"documents": [{"number": "A1", "number": "A2"}]}', "repeated_key"),
        (b"[" * 100_000, "not_json"),
        (b'{"person_id": "\\ud800"}', "not_json"),
        (b"[]", "wrong_type"),
        (b"1" * 5000, "not_json"),
        (b" " * (MAX_LINE_BYTES + 1), "too_long"),
    ],
)
def test_what_is_no_object(line: bytes, code: str) -> None:
    bad = parse_line(line)
    assert isinstance(bad, tuple)
    assert BadField("", code) in bad


def test_an_entry_does_not_show_itself() -> None:
    entry = parse(person(**template()))
    assert isinstance(entry, PersonEntry)
    for text in (repr(entry), str(entry), repr(entry.template), repr(entry.documents)):
        assert "hidden" in text
        assert "Eriksson" not in text
        assert "L898902C3" not in text
    record = entry.to_record(template=None, refreshed_at=NOON)
    for thing in (record, record.biographics, record.documents):
        assert "Eriksson" not in repr(thing)
        assert "L898902C3" not in repr(thing)


def test_what_is_written_is_read_again() -> None:
    entry = parse(person(birth_date="1974-??-??", surname="Müller", **template()))
    assert isinstance(entry, PersonEntry)
    assert entry.template is not None
    record = entry.to_record(template=entry.template.to_template(), refreshed_at=NOON)
    again = parse_line(format_line(record, JPEG))
    assert isinstance(again, PersonEntry)
    assert again.portrait == JPEG
    assert again.template is not None
    assert again.to_record(template=again.template.to_template(), refreshed_at=NOON.min) == record


@pytest.mark.parametrize("text", ["1974-08-12", "1974-08-??", "1974-??-12", "????-02-29"])
def test_birth_dates_keep_what_is_unknown(text: str) -> None:
    assert format_birth_date(parse_birth_date(text)) == text


@pytest.mark.parametrize(
    "text",
    ["1974-8-12", "1974-13-01", "1974-00-01", "1974-01-00", "0000-01-01", "1974-??-32",
     "197?-01-01", "????-02-30", "１９７４-01-01", "1974-08-12 "],
)  # fmt: skip
def test_what_is_no_birth_date(text: str) -> None:
    with pytest.raises(ValueError, match="not a date"):
        parse_birth_date(text)


def test_numbers_compare_without_what_an_mrz_cannot_print() -> None:
    assert comparable_number("ab-12 34") == comparable_number("AB<1234<<") == "AB1234"
    assert comparable_number("AB1243") != comparable_number("AB1234")
