"""JSON as signatures need it: read without ambiguity, written in the one way of RFC 8785 (JCS).

Names that occur twice in an object, numbers that a double cannot hold exactly and halves of
surrogate pairs are refused (I-JSON, RFC 7493, on which RFC 8785 section 3.1 rests).
"""

import json
import math
from typing import TypeAlias

from documents.seals.problems import SealError, SealProblem

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | float | bool | None"

LONGEST_TEXT = 16 * 1024
"""Characters; a QR code holds 2,953 bytes, and some issuers split a seal over several."""

DEEPEST = 16
"""Nested objects and arrays; a proof of vaccination has 6."""

_LARGEST_INTEGER = 2**53 - 1
_LONGEST_NUMBER = 32


def read_json(text: str) -> JSON:
    """Read one JSON value with nothing but white space around it; raises SealError."""
    if len(text) > LONGEST_TEXT:
        raise SealError(SealProblem.TOO_LONG)
    # Python's reader recurses with the depth: look first.
    if _depth(text) > DEEPEST:
        raise SealError(SealProblem.JSON_TOO_DEEP)
    try:
        value: JSON = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except SealError:
        raise
    except ValueError:
        raise SealError(SealProblem.JSON_MALFORMED) from None
    try:
        text_of(value).encode("utf-8")
    except UnicodeEncodeError:
        raise SealError(SealProblem.JSON_TEXT_UNSUPPORTED) from None
    return value


def canonical(value: JSON) -> bytes:
    """Write a value that `read_json` has read in the form of RFC 8785."""
    return text_of(value).encode("utf-8")


def text_of(value: JSON) -> str:
    """The text that `canonical` encodes; halves of surrogate pairs are still in it."""
    if isinstance(value, dict):
        # RFC 8785 section 3.2.3: in the order of UTF-16 code units, which is not Python's.
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_text(name)}:{text_of(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text_of, value)) + "]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    return str(value) if isinstance(value, int) else _double(value)


def _text(text: str) -> str:
    # Python escapes exactly what RFC 8785 section 3.2.2.2 does, and writes the same escapes.
    return json.dumps(text, ensure_ascii=False)


def _double(value: float) -> str:
    """A number as ECMAScript prints it (ECMA-262, Number::toString), from Python's digits.

    Both print the fewest digits that read back as the same double; they differ in the form.
    """
    if value == 0:
        return "0"
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = digits.partition(".")
    fraction = "" if fraction == "0" else fraction
    figures = (whole + fraction).lstrip("0")
    # The value is 0.FIGURES times ten to the power of `point`.
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(figures))
    figures = figures.rstrip("0")
    count = len(figures)
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{figures}"
    if count <= point <= 21:
        return f"{sign}{figures}{'0' * (point - count)}"
    if 0 < point < count:
        return f"{sign}{figures[:point]}.{figures[point:]}"
    head = figures[0] + ("." + figures[1:] if count > 1 else "")
    return f"{sign}{head}e{point - 1:+d}"


def _depth(text: str) -> int:
    """How deep brackets outside of strings nest, at the deepest."""
    depth = deepest = 0
    inside = escaped = False
    for character in text:
        if inside:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                inside = False
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _object(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise SealError(SealProblem.JSON_KEY_REPEATED)
    return found


def _integer(digits: str) -> int | float:
    if len(digits) > _LONGEST_NUMBER:
        raise SealError(SealProblem.JSON_NUMBER_UNSUPPORTED)
    if abs(int(digits)) <= _LARGEST_INTEGER:
        return int(digits)
    # A double that happens to be whole is written like an integer; others of that size are none.
    if _double(float(digits)) != digits:
        raise SealError(SealProblem.JSON_NUMBER_UNSUPPORTED)
    return float(digits)


def _number(digits: str) -> float:
    if len(digits) > _LONGEST_NUMBER or not math.isfinite(value := float(digits)):
        raise SealError(SealProblem.JSON_NUMBER_UNSUPPORTED)
    return value


def _constant(_: str) -> float:
    raise SealError(SealProblem.JSON_MALFORMED)  # NaN and Infinity, which are no JSON
