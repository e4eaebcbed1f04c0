"""A guess at the matcher's view of a face from its parameters alone, without rendering it.

Linear ridge regression from the normalised parameters and the kinds (hair, beard, glasses) to
the template. It explains enough of the distances to tell which of thousands of faces are worth
rendering; nothing is ever selected on a guess.
"""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from biometrics.results import FaceTemplate
from simulators.people.fields import Field
from simulators.people.parameters import (
    Beard,
    Face,
    Glasses,
    HairColour,
    HairStyle,
    drawn_ranges,
)

_RIDGE = 8.0


class Surrogate:
    """Learns from every face that was rendered and measured."""

    def __init__(self) -> None:
        self._features: list[Field] = []
        self._templates: list[Field] = []
        self._weights: Field | None = None

    def learn(self, face: Face, template: FaceTemplate) -> None:
        """Add one measured face."""
        self._features.append(features(face))
        self._templates.append(template.vector.astype(np.float64))
        self._weights = None

    def guess(self, faces: Field) -> Field:
        """The guessed template vectors (n, 128) of faces given by their features (n, f)."""
        if self._weights is None:
            self._weights = self._fitted()
        return np.asarray(faces @ self._weights)

    def _fitted(self) -> Field:
        x, y = np.stack(self._features), np.stack(self._templates)
        return np.asarray(np.linalg.solve(x.T @ x + _RIDGE * np.eye(x.shape[1]), x.T @ y))


def features(face: Face) -> Field:
    """The face as numbers of order 1, with a constant at the end; shape (f,)."""
    groups = asdict(face)
    numbers = []
    for name, span in drawn_ranges().items():
        group, parameter = name.split(".")
        if group != "picks":
            share = (groups[group][parameter] - span.low) / (span.high - span.low)
            numbers.append(2.0 * share - 1.0)
    kinds: Sequence[tuple[object, Sequence[object]]] = (
        (face.hair_style, list(HairStyle)),
        (face.hair_colour, list(HairColour)),
        (face.beard, list(Beard)),
        (face.glasses, list(Glasses)),
    )
    for chosen, possible in kinds:
        numbers.extend(float(chosen is kind) for kind in possible)
    return np.array([*numbers, float(face.is_male), 1.0])
