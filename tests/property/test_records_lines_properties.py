"""Whatever a line of an import file holds, it is an entry or a list of coded faults."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk_api.records.lines import BadField, parse_line
from kiosk_api.records.schemas import PersonEntry

GOOD: dict[str, Any] = {
    "person_id": "p-1",
    "surname": "Eriksson",
    "given_names": "Anna",
    "birth_date": "1974-08-12",
    "sex": "F",
    "nationality": "UTO",
    "documents": [
        {
            "document_class": "passport",
            "issuer": "UTO",
            "number": "L898902C3",
            "expires_on": None,
            "status": "valid",
        }
    ],
    "memberships": [
        {
            "program": "NEXUS",
            "status": "active",
            "valid_from": "2024-01-01",
            "valid_until": "2029-01-01",
        }
    ],
    "refreshed_at": "2026-05-04T12:00:00Z",
    "portrait_file": "a.jpg",
    "template": {"model": "a/b/c", "vector": ""},
}
MARK = "qzqz"
FIELD = re.compile(r"[a-z_]*(\.([a-z_]+|[0-9]+))*")
CODE = re.compile(r"[a-z0-9_]+")

any_text = st.text(max_size=20).map(lambda text: MARK + text)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def damaged_entries(draw: st.DrawFn) -> bytes:
    """A good entry in which one value, at any depth, became another."""
    entry = json.loads(json.dumps(GOOD))
    inside: Any = entry
    while True:
        key = draw(
            st.sampled_from(list(inside) if isinstance(inside, dict) else range(len(inside)))
        )
        if not (isinstance(inside[key], dict | list) and inside[key] and draw(st.booleans())):
            break
        inside = inside[key]
    inside[key] = draw(any_json)
    return json.dumps(entry).encode()


lines = (
    st.binary(max_size=200)
    | any_json.map(lambda value: json.dumps(value).encode())
    | damaged_entries()
)
Parser = Callable[[bytes], PersonEntry | tuple[BadField, ...]]


def check(parser: Parser, line: bytes) -> None:
    result = parser(line)
    if isinstance(result, PersonEntry):
        return
    assert result
    for bad in result:
        assert FIELD.fullmatch(bad.field)
        assert CODE.fullmatch(bad.code)
        assert MARK not in bad.field + bad.code


@given(lines)
def test_a_line_is_an_entry_or_is_told_by_codes(line: bytes) -> None:
    check(parse_line, line)


def quotes_unknown_keys(line: bytes) -> PersonEntry | tuple[BadField, ...]:
    keys = json.loads(line).keys() - PersonEntry.model_fields
    return tuple(BadField(key, "unknown_field") for key in keys) or parse_line(line)


def expects_text(line: bytes) -> PersonEntry | tuple[BadField, ...]:
    json.loads(line)["surname"].upper()
    return parse_line(line)


@pytest.mark.parametrize(
    ("broken", "caught"), [(quotes_unknown_keys, AssertionError), (expects_text, AttributeError)]
)
def test_the_property_catches_parsers_that_quote_or_raise(
    broken: Parser, caught: type[Exception]
) -> None:
    @settings(report_multiple_bugs=False, database=None)
    @given(st.dictionaries(any_text, any_json).map(lambda more: json.dumps(GOOD | more).encode()))
    def with_unknown_keys(line: bytes) -> None:
        check(broken, line)

    @settings(report_multiple_bugs=False, database=None)
    @given(damaged_entries())
    def with_damage(line: bytes) -> None:
        check(broken, line)

    def both() -> None:
        with_unknown_keys()
        with_damage()

    with pytest.raises(caught):
        both()
