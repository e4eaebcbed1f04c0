"""A logistic regression with fixed weights, for measures that no single contrast decides.

Weights come from rendered faces with and without the defect, never from photographs of real
people; photographs only check them. The raw value of such a measure is the log-odds that the
defect is absent: 0 is even, and it is held to +-10, beyond which nothing was seen in fitting.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LARGEST_LOG_ODDS = 10.0


@dataclass(frozen=True, slots=True)
class LogOdds:
    """One weight for each feature, and the log-odds where all features are 0."""

    weights: tuple[float, ...]
    bias: float

    def of(self, features: NDArray[np.float64]) -> float:
        """Return the log-odds (-10 to 10) of features of shape (len(weights),)."""
        value = float(features @ np.array(self.weights)) + self.bias
        return min(LARGEST_LOG_ODDS, max(-LARGEST_LOG_ODDS, value))
