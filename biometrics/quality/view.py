"""What the measures look at: one face in a picture, and the same face at a standard scale."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from biometrics.protocols import RGBPicture
from biometrics.results import Box, FivePoints

# The middle of a 150 px chip, from the brows to the lower lip and between the cheeks. In a
# frontal chip the eyes lie at rows 46-48 and columns 49 and 101, the subnasale at row 88.
# Hair, headgear, background and the black fill of a face cut off by the frame stay outside.
_INNER_FACE = (slice(30, 120), slice(30, 120))


@dataclass(frozen=True)
class FaceView:
    """One detected face: where it is in the picture, and its aligned chip.

    `chip` has shape (150, 150, 3), uint8, RGB, the first that `FaceEngine.align` returns.
    """

    box: Box
    landmarks: FivePoints
    chip: RGBPicture

    @cached_property
    def luminance(self) -> NDArray[np.float32]:
        """Luma of the whole chip (ITU-R BT.601), shape (150, 150), float32, 0 to 255."""
        return np.asarray(cv2.cvtColor(self.chip, cv2.COLOR_RGB2GRAY), dtype=np.float32)

    @property
    def inner_luminance(self) -> NDArray[np.float32]:
        """Luma of the inner face, shape (90, 90)."""
        return inner_face(self.luminance)


def inner_face(chip_plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut the inner face out of a plane of chip size."""
    return chip_plane[_INNER_FACE]
