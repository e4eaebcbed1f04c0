"""How often a sign-in may fail: counted in memory, for an account, an address, and both."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

WINDOW_SECONDS = 300.0
"""So long after the first of too many failures nobody may try again."""

PAIR_LIMIT = 5
"""Failures of one account from one address (NIST SP 800-63B-4: at most 100 in all)."""

ADDRESS_LIMIT = 20
ACCOUNT_LIMIT = 50
"""Higher than the others: with it, somebody elsewhere can lock a person out."""

_REMEMBERED = 10_000


class LoginThrottle:
    """Counts failures; the oldest counts are forgotten when there are too many.

    Args:
        monotonic: seconds that never go back.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def wait(self, name: str, address: str) -> float:
        """Seconds until this account may be tried from this address; 0 for now."""
        now = self._monotonic()
        waits = [
            since + WINDOW_SECONDS - now
            for key, limit in _keys(name, address)
            for count, since in (self._count(key, now),)
            if count >= limit
        ]
        return max(waits, default=0.0)

    def failed(self, name: str, address: str) -> None:
        """Count a failure."""
        now = self._monotonic()
        for key, _ in _keys(name, address):
            count, since = self._count(key, now)
            self._failures[key] = count + 1, since
            self._failures.move_to_end(key)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of this account from this address, and no others."""
        self._failures.pop((name, address), None)

    def _count(self, key: tuple[str, str], now: float) -> tuple[int, float]:
        count, since = self._failures.get(key, (0, now))
        return (count, since) if now - since < WINDOW_SECONDS else (0, now)


def _keys(name: str, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
    return (
        ((name, address), PAIR_LIMIT),
        (("", address), ADDRESS_LIMIT),
        ((name, ""), ACCOUNT_LIMIT),
    )
