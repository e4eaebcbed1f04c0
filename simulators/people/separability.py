"""Whether the product's matcher can tell the fictitious people apart, and knows them again.

Measured with the product's own pipeline on the JPEG bytes that the simulators deliver. The
figures hold for one renderer and one model (dlib-resnet-v1, crops3-mirror, threshold 0.45): a
test pins them, `choose.py` renews them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from biometrics.matching import distance
from biometrics.pipeline import FacePipeline
from biometrics.results import FaceTemplate, MeasuredFace, Purpose

PORTRAITS_APART = 0.54
"""Least distance (L2) promised between the portraits of two people."""
STRANGERS_APART = 0.47
"""Least distance promised between an everyday capture and somebody else's portrait."""
SELF_ALIKE = 0.40
"""Largest distance promised between an everyday capture and the person's own portrait."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures, named by their people, and their distance."""

    first: str
    second: str
    distance: float


def measured_template(
    pipeline: FacePipeline, picture: bytes, purpose: Purpose = Purpose.LIVE
) -> FaceTemplate | None:
    """The template of the one usable face in the picture; none for any other outcome."""
    outcome = pipeline.measure(picture, deadline=None, purpose=purpose).outcome
    return outcome.template if isinstance(outcome, MeasuredFace) else None


def nearest_pair(portraits: Mapping[str, FaceTemplate]) -> Pair:
    """The two people whose portraits are most alike.

    Raises:
        ValueError: Fewer than two people.
    """
    if len(portraits) < 2:
        raise ValueError("a nearest pair needs at least two people")
    pairs = (
        Pair(a, b, distance(portraits[a], portraits[b])) for a, b in combinations(portraits, 2)
    )
    return min(pairs, key=lambda pair: pair.distance)


def nearest_stranger(
    own_id: str, template: FaceTemplate, portraits: Mapping[str, FaceTemplate]
) -> Pair:
    """Whose portrait, of all other people's, is most like this capture.

    Raises:
        ValueError: There is nobody else.
    """
    pairs = [
        Pair(own_id, other, distance(template, portraits[other]))
        for other in portraits
        if other != own_id
    ]
    if not pairs:
        raise ValueError("there is nobody else to compare with")
    return min(pairs, key=lambda pair: pair.distance)
