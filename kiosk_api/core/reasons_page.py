"""The page docs/reasons.md, made from the one table of reasons."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk_api.core.reasons import REASONS, TRAVELER_TEXTS, Language, Severity, TravelerText

_HEAD = """\
# Reasons to refer

Generated from `kiosk_api/core/reasons.py` by `kiosk_api.core.reasons_page.reasons_page`; a test
compares the two. Codes are stable: one is never renamed or reused, only retired.

Officers read the reason. The traveler reads one of the texts at the end, which never names it.

"""

_SEVERITIES = {
    Severity.ALERT: "a possible offence: act before the traveler leaves the lane",
    Severity.ADVERSE: "a fact speaks against admission",
    Severity.CHECK: "a fact is missing or a step failed: establish the fact",
    Severity.ROUTINE: "a look settles it",
}


def reasons_page() -> str:
    """Return the whole page, in Markdown."""
    return f"{_HEAD}{_severities()}\n{_reasons()}\n{_traveler_texts()}"


def _severities() -> str:
    rows = [(severity.name.lower(), meaning) for severity, meaning in _SEVERITIES.items()]
    return _table(("severity", "what it asks of the officer"), rows)


def _reasons() -> str:
    rows = [
        (f"`{code}`", reason.severity.name.lower(), reason.officer, f"`{reason.traveler}`")
        for code, reason in REASONS.items()
    ]
    return _table(("reason", "severity", "the officer reads", "the traveler reads"), rows)


def _traveler_texts() -> str:
    rows = [
        (f"`{text}`", *(TRAVELER_TEXTS[text][language] for language in Language))
        for text in TravelerText
    ]
    return _table(("text", *(language.name.capitalize() for language in Language)), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
