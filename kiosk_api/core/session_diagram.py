"""The page docs/session.md, drawn from the session's table of transitions."""

from __future__ import annotations

from kiosk_api.core.session import TRANSITIONS, SessionState

_HEAD = """\
# The session of one traveler

Generated from `kiosk_api/core/session.py` by `kiosk_api.core.session_diagram.session_page`;
a test compares the two. Of several arrows for one event, the one with a condition that holds is
taken before the one without.

"""


def session_diagram() -> str:
    """Return the table of transitions as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {SessionState.AWAITING_DOCUMENT.value}"]
    for row in TRANSITIONS:
        label = f"{row.event.value} {row.guard.text}".rstrip()
        lines.append(f"    {row.state.value} --> {row.target.value}: {label}")
    lines += [f"    {state.value} --> [*]" for state in SessionState if state.is_terminal]
    return "\n".join(lines) + "\n"


def session_page() -> str:
    """Return the whole page, in Markdown."""
    return f"{_HEAD}```mermaid\n{session_diagram()}```\n"
