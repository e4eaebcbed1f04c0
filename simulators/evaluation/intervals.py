"""Shares with their counts and their uncertainty."""

from dataclasses import dataclass
from math import sqrt

_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of` cases, as a rate with a 95 % interval by Wilson; None of no cases.

    The interval takes cases as independent. Several pictures of one person are not, so it is
    too narrow where one person contributes more than one case.
    """

    count: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.of:
            raise ValueError("a share counts some of its cases")

    @property
    def rate(self) -> float | None:
        """The share, 0 to 1."""
        return self.count / self.of if self.of else None

    @property
    def ci95(self) -> tuple[float, float] | None:
        """The Wilson score interval (E. B. Wilson 1927)."""
        if not self.of:
            return None
        n, p, z = self.of, self.count / self.of, _Z95
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        # At the ends the formula gives 0 and 1 but for rounding.
        low = 0.0 if self.count == 0 else middle - half
        high = 1.0 if self.count == self.of else middle + half
        return (low, high)

    def as_json(self) -> dict[str, object]:
        """The counts, the rate and the interval."""
        return {"count": self.count, "of": self.of, "rate": self.rate, "ci95": self.ci95}
