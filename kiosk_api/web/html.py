"""HTML that cannot be broken by what is put into it."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Html(str):
    """Text that is HTML already; any other text is escaped when it is put in."""

    __slots__ = ()


def html(template: str, *values: object, **named: object) -> Html:
    """Fill the `{}` of a template of ours; every value that is not `Html` is escaped."""
    return Html(
        template.format(
            *map(_safe, values), **{name: _safe(value) for name, value in named.items()}
        )
    )


def join(parts: Iterable[Html]) -> Html:
    """One after the other."""
    return Html("".join(parts))


def _safe(value: object) -> str:
    return value if isinstance(value, Html) else escape(str(value))
