"""What the pipeline asks of a face engine, so that another one can be installed.

An engine holds loaded models. It is used by one thread of one process: engines need not be
thread-safe.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from biometrics.results import Box, Detection, FaceTemplate, FivePoints, ModelIdentity, Purpose
from imaging.results import RGBPicture as RGBPicture

FaceChips = NDArray[np.uint8]
"""Shape (n, 150, 150, 3), uint8, sRGB: one face cut out n times."""


@dataclass(frozen=True, slots=True)
class AlignedFace:
    """One face cut out: at the standard scale, and as the engine embeds it.

    `standard` has shape (150, 150, 3), uint8, RGB, upright: what quality is measured on (see
    `quality.view`). What `chips` are is up to the engine.
    """

    standard: RGBPicture
    chips: FaceChips


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
    def align(self, picture: RGBPicture, landmarks: FivePoints, purpose: Purpose) -> AlignedFace:
        """Return the face cut out, in as many ways as the purpose is worth."""

    @abstractmethod
    def embed(self, chips: FaceChips) -> FaceTemplate:
        """Return the template of a face from all the chips that `align` cut out."""
