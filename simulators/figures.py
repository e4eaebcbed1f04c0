"""Figures of a run."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of ascending values: the smallest that `share` do not exceed.

    0 when there are no values.
    """
    if not ordered:
        return 0.0
    rank = max(1, -(-int(share * 1000) * len(ordered) // 1000))
    return ordered[rank - 1]
