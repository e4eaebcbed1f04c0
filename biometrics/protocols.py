"""What the pipeline asks of a face engine, so that another one can be installed.

An engine holds loaded models. It is used by one thread of one process: engines need not be
thread-safe.
"""

from abc import abstractmethod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from biometrics.results import Box, Detection, FaceTemplate, FivePoints, ModelIdentity

RGBPicture = NDArray[np.uint8]
"""Shape (height, width, 3), uint8, sRGB, upright."""

FaceChips = NDArray[np.uint8]
"""Shape (n, 150, 150, 3), uint8, sRGB: one face cut out n times, upright. The first is at the
standard scale (see `quality.view`); what the others are is up to the engine that embeds them."""


class FaceEngine(Protocol):
    """From an upright picture to a template, in four steps that a deadline can come between.

    Every method may raise `BiometricsError` (ENGINE_FAILED); finding nothing is no error.
    """

    @property
    @abstractmethod
    def model(self) -> ModelIdentity:
        """The identity that every template of this engine carries."""

    @abstractmethod
    def detect(self, picture: RGBPicture) -> list[Detection]:
        """Return the faces found, largest first.

        A second face half as wide as the largest must be findable, or the pipeline cannot
        tell one traveler from two.
        """

    @abstractmethod
    def landmarks(self, picture: RGBPicture, box: Box) -> FivePoints:
        """Return the five points of the face in `box`."""

    @abstractmethod
    def align(self, picture: RGBPicture, landmarks: FivePoints) -> FaceChips:
        """Return the face cut out, the first time at the standard scale."""

    @abstractmethod
    def embed(self, chips: FaceChips) -> FaceTemplate:
        """Return the template of a face from all the chips that `align` cut out."""
