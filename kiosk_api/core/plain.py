"""Frozen dataclasses to plain data (what JSON holds) and back, exactly and strictly.

Driven by type hints alone, so that a field cannot be forgotten:

- a dataclass is an object of all its fields; a union of dataclasses is an object with one key,
  the class's name in snake case
- enums are their values, tuples arrays, dates and aware times ISO 8601
- a timedelta is a whole number of microseconds, which represents every timedelta exactly
- floats are themselves; those that JSON cannot hold are "nan", "inf" and "-inf"
- a field that came with a later release (`ADDED`) is left out while it has its default, so that
  what an older release wrote reads as before and has the digest that it had

Errors name the path of what is wrong, never its value.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"

_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_MICROSECOND = timedelta(microseconds=1)


_ADDED = "added"
ADDED: Mapping[str, bool] = MappingProxyType({_ADDED: True})
"""Metadata of a field that a released form did not have yet; its default stands for that."""


class CodecError(Exception):
    """Data does not have the form that it must have; says where, and not what it holds."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path or 'the top'}: {problem}")
        self.path = path
        self.problem = problem


def canonical_json(plain: Plain) -> bytes:
    """Return the one way to write `plain`: sorted keys, no white space, ASCII."""
    return json.dumps(
        plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    ).encode("ascii")


def to_plain(value: Any, hint: Any, path: str = "") -> Plain:
    """Turn `value`, which is of type `hint`, into plain data.

    Raises:
        CodecError: the value is not of that type, or is a time without a zone.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _union_to_plain(value, arguments, path)
    if origin is tuple:
        hints = _element_hints(arguments, value, path)
        return [
            to_plain(v, h, f"{path}[{i}]")
            for i, (v, h) in enumerate(zip(value, hints, strict=True))
        ]
    kind = origin or hint
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise CodecError(path, f"is not {_name(kind)}")
    if dataclasses.is_dataclass(kind):
        defaults = _added_defaults(kind)
        return {
            name: to_plain(getattr(value, name), field_hint, _join(path, name))
            for name, field_hint in _field_hints(hint).items()
            if name not in defaults or getattr(value, name) != defaults[name]
        }
    if isinstance(value, Enum):
        return value.value  # type: ignore[no-any-return]  # our enums hold strings and integers
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise CodecError(path, "is a time without a zone")
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value // _MICROSECOND
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value  # type: ignore[no-any-return]  # str, int, float, bool or None by now


def from_plain(hint: Any, plain: Plain, path: str = "") -> Any:
    """Turn plain data into a value of type `hint`; the inverse of `to_plain`.

    Raises:
        CodecError: a key is unknown or missing, or a value is not of its type.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _union_from_plain(arguments, plain, path)
    if origin is tuple:
        if not isinstance(plain, list):
            raise CodecError(path, "is not an array")
        hints = _element_hints(arguments, plain, path)
        return tuple(
            from_plain(h, p, f"{path}[{i}]")
            for i, (h, p) in enumerate(zip(hints, plain, strict=True))
        )
    kind = origin or hint
    if dataclasses.is_dataclass(kind):
        return _dataclass_from_plain(hint, kind, plain, path)
    return _scalar_from_plain(kind, plain, path)


def _scalar_from_plain(kind: Any, plain: Plain, path: str) -> Any:
    problem = CodecError(path, f"is not {_name(kind)}")
    if kind is float and isinstance(plain, str):
        if plain not in _NOT_FINITE:
            raise problem
        return _NOT_FINITE[plain]
    try:
        if kind is float and type(plain) is int:
            return float(plain)
        if kind is timedelta and type(plain) is int:
            return plain * _MICROSECOND
        if issubclass(kind, Enum) and type(plain) in (str, int):
            return kind(plain)
        if kind in (date, datetime) and isinstance(plain, str):
            return _time_from_plain(kind, plain, path)
    except (ValueError, OverflowError):
        raise problem from None  # the original quotes the value
    if kind not in (str, int, float, bool, NoneType) or type(plain) is not kind:
        raise problem
    return plain


def _time_from_plain(kind: type[date], plain: str, path: str) -> date:
    time = kind.fromisoformat(plain)
    if isinstance(time, datetime) and time.utcoffset() is None:
        raise CodecError(path, "is a time without a zone")
    if time.isoformat() != plain:
        raise CodecError(path, "is not written as this codec writes it")
    return time


def _dataclass_from_plain(hint: Any, kind: Any, plain: Plain, path: str) -> Any:
    if not isinstance(plain, dict):
        raise CodecError(path, "is not an object")
    hints = _field_hints(hint)
    if plain.keys() - hints.keys():
        # An unknown key is somebody else's text, so it is counted and not quoted.
        raise CodecError(path, f"has {len(plain.keys() - hints.keys())} unknown keys")
    defaults = _added_defaults(kind)
    for name in hints:
        if name not in plain and name not in defaults:
            raise CodecError(_join(path, name), "is missing")
    values = {
        name: from_plain(h, plain[name], _join(path, name))
        for name, h in hints.items()
        if name in plain
    }
    for name in defaults.keys() & values.keys():
        if values[name] == defaults[name]:
            # Two ways to write one thing would be two digests of it.
            raise CodecError(_join(path, name), "is written though it has its default")
    try:
        return kind(**values)
    except ValueError as error:
        raise CodecError(path, f"is no valid {_name(kind)}") from error


def _union_to_plain(value: Any, members: tuple[Any, ...], path: str) -> Plain:
    for member in members:
        kind = get_origin(member) or member
        if type(value) is kind:
            plain = to_plain(value, member, path)
            if kind is float and not math.isfinite(value):
                raise CodecError(path, "is not finite where text is allowed too")
            return {_name(kind): plain} if dataclasses.is_dataclass(kind) else plain
    raise CodecError(path, "is of none of the types allowed here")


def _union_from_plain(members: tuple[Any, ...], plain: Plain, path: str) -> Any:
    by_name = {
        _name(get_origin(m) or m): m
        for m in members
        if dataclasses.is_dataclass(get_origin(m) or m)
    }
    if isinstance(plain, dict) and len(plain) == 1:
        (name,) = plain
        if name in by_name:
            return from_plain(by_name[name], plain[name], _join(path, name))
    for member in members:
        if type(plain) is member:
            return plain
    raise CodecError(path, "is of none of the types allowed here")


def _element_hints(arguments: tuple[Any, ...], elements: Any, path: str) -> tuple[Any, ...]:
    """The types of a tuple's elements: of all alike (`tuple[T, ...]`), or one by one."""
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return (arguments[0],) * len(elements)
    if len(arguments) != len(elements):
        raise CodecError(path, f"has not {len(arguments)} elements")
    return arguments


@cache
def _field_hints(hint: Any) -> dict[str, Any]:
    """The types of a dataclass's fields, a generic one's parameter filled in."""
    kind = get_origin(hint) or hint
    parameters = dict(zip(getattr(kind, "__parameters__", ()), get_args(hint), strict=True))
    return {
        name: parameters.get(field_hint, field_hint)
        if isinstance(field_hint, TypeVar)
        else field_hint
        for name, field_hint in get_type_hints(kind).items()
    }


@cache
def _added_defaults(kind: Any) -> dict[str, Any]:
    """The defaults of the fields that older releases did not have."""
    return {f.name: f.default for f in dataclasses.fields(kind) if f.metadata.get(_ADDED)}


def _name(kind: Any) -> str:
    """The class's name in snake case: `NotMeasured` is `not_measured`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
