"""JSON without ambiguity, and its one canonical form."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.seals.canonical_json import canonical, read_json
from documents.seals.problems import SealError, SealProblem

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_the_example_of_rfc_8785() -> None:
    # Section 3.2.2 of the RFC, input and output.
    text = r"""{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }"""
    assert canonical(read_json(text)).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_names_are_sorted_by_utf_16() -> None:
    # Section 3.2.3: as code points the emoji would come behind U+FB33.
    names = ["€", "\r", "\ufb33", "1", "😀", "\x80", "ö"]
    value = read_json(json.dumps(dict.fromkeys(names, 0)))
    assert list(json.loads(canonical(value))) == ["\r", "1", "\x80", "ö", "€", "😀", "\ufb33"]


@pytest.mark.parametrize(
    ("double", "text"),
    [
        # Appendix B of the RFC.
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (-5e-324, "-5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"),
        (9.999999999999997e22, "9.999999999999997e+22"),
        (1e23, "1e+23"),
        (999999999999999700000.0, "999999999999999700000"),
        (1e21, "1e+21"),
        (0.000001, "0.000001"),
        (9.999999999999997e-7, "9.999999999999997e-7"),
        (333333333.33333325, "333333333.33333325"),
        (-0.0000033333333333333333, "-0.0000033333333333333333"),
        (1424953923781206.2, "1424953923781206.2"),
    ],
)
def test_numbers_as_ecmascript_prints_them(double: float, text: str) -> None:
    assert canonical(double).decode() == text


@settings(max_examples=40)
@given(VALUES)
def test_what_is_canonical_says_the_same_and_stays_as_it_is(value: object) -> None:
    text = json.dumps(value, indent=3)
    if len(text) > 4000 or not _encodable(text):
        return
    read = read_json(text)
    written = canonical(read)
    assert json.loads(written, parse_int=float) == json.loads(text, parse_int=float)
    assert canonical(read_json(written.decode())) == written


def _encodable(text: str) -> bool:
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1, "b": {"c": 1, "c": 1}}', SealProblem.JSON_KEY_REPEATED),
        ('{"a": 1, "\\u0061": 2}', SealProblem.JSON_KEY_REPEATED),
        ("9007199254740993", SealProblem.JSON_NUMBER_UNSUPPORTED),
        ("1" * 5000, SealProblem.JSON_NUMBER_UNSUPPORTED),
        ("1e999", SealProblem.JSON_NUMBER_UNSUPPORTED),
        ('"\\ud800"', SealProblem.JSON_TEXT_UNSUPPORTED),
        ('{"\\udc00": 1}', SealProblem.JSON_TEXT_UNSUPPORTED),
        ("NaN", SealProblem.JSON_MALFORMED),
        ("[Infinity]", SealProblem.JSON_MALFORMED),
        ('{"a": 1} x', SealProblem.JSON_MALFORMED),
        ('{"a": 1', SealProblem.JSON_MALFORMED),
        ("", SealProblem.JSON_MALFORMED),
        ('"\n"', SealProblem.JSON_MALFORMED),
        ("[" * 17 + "]" * 17, SealProblem.JSON_TOO_DEEP),
        ("[" * 10_000, SealProblem.JSON_TOO_DEEP),
        ('{"a":' * 3_000, SealProblem.JSON_TOO_DEEP),
        (" " * 20_000, SealProblem.TOO_LONG),
    ],
)
def test_what_is_refused(text: str, problem: SealProblem) -> None:
    with pytest.raises(SealError) as refused:
        read_json(text)
    assert refused.value.problem is problem


def test_brackets_within_text_do_not_nest() -> None:
    text = json.dumps({"a": '[{"\\' * 50})
    assert read_json(text) == json.loads(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back(value: float) -> None:
    read = float(canonical(value))
    assert read == value
    assert not math.isnan(read)
