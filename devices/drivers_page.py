"""The page docs/integrators/drivers.md, made from the table of drivers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from devices.drivers.spec import DriverSpec, Support

_HEAD: Final = """\
# Drivers

Generated from the built-in drivers of `devices/registry.py` by `devices.drivers_page.drivers_page`;
a test compares the two. A label says how far a driver has been tried, and what that rests on.

"""

_SUPPORT: Final = {
    Support.UNVERIFIED: "written from documents",
    Support.SIMULATED: "keeps the contract against a simulator of its wire",
    Support.BENCH: "keeps it against the hardware, in a laboratory",
    Support.FIELD: "has served travelers",
}


def drivers_page(specs: Iterable[DriverSpec]) -> str:
    """Return the whole page, in Markdown."""
    rows = [
        (
            f"`{spec.name}`",
            spec.summary,
            ", ".join(f"`{capability}`" for capability in sorted(spec.capabilities)),
            f"`{spec.provenance}`",
            spec.support.value,
            spec.evidence,
        )
        for spec in specs
    ]
    columns = ("driver", "what", "capabilities", "provenance at best", "support", "evidence")
    labels = [(label.value, meaning) for label, meaning in _SUPPORT.items()]
    return f"{_HEAD}{_table(columns, rows)}\n{_table(('support', 'meaning'), labels)}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
