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
INNER_FACE = (slice(30, 120), slice(30, 120))

# Mean distance from grey, in CIE L*a*b* units, below which a chip holds no colour to judge by:
# grey photographs lie below 2, the palest face in colour of the shared photographs above 4.
_LEAST_CHROMA = 3.0


@dataclass(frozen=True)
class FaceView:
    """One detected face: where it is in the picture, and its aligned chip.

    `chip` has shape (150, 150, 3), uint8, RGB: the standard cut of `FaceEngine.align`.
    `picture` is the whole upright picture, (height, width, 3), uint8, RGB; without it, what
    is around the face stays not measured. `others` holds, for every further face that was
    found, its size as a fraction of this one's (see `FivePoints.spread`); None when nobody
    looked for further faces, which is not the same as none.
    """

    box: Box
    landmarks: FivePoints
    chip: RGBPicture
    picture: RGBPicture | None = None
    others: tuple[float, ...] | None = None

    @cached_property
    def luminance(self) -> NDArray[np.float32]:
        """Luma of the whole chip (ITU-R BT.601), shape (150, 150), float32, 0 to 255."""
        return np.asarray(cv2.cvtColor(self.chip, cv2.COLOR_RGB2GRAY), dtype=np.float32)

    @property
    def inner_luminance(self) -> NDArray[np.float32]:
        """Luma of the inner face, shape (90, 90)."""
        return inner_face(self.luminance)

    @cached_property
    def smooth_luminance(self) -> NDArray[np.float32]:
        """Luma of the chip after a Gaussian of 1 px, shape (150, 150): without pixel noise."""
        return np.asarray(cv2.GaussianBlur(self.luminance, (0, 0), 1.0), dtype=np.float32)

    @cached_property
    def lab(self) -> NDArray[np.float32]:
        """The chip at half its size in OpenCV's 8-bit L*a*b*, shape (75, 75, 3), float32.

        L* is scaled to 0-255, a* and b* are offset by 128. Row and column are half the chip's.
        """
        half = cv2.resize(self.chip, (75, 75), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.cvtColor(half, cv2.COLOR_RGB2LAB), dtype=np.float32)

    @cached_property
    def has_colour(self) -> bool:
        """Whether the face has colours to judge by; a grey photograph has none."""
        chroma = self.lab[15:60, 15:60, 1:] - 128
        return float(np.hypot(chroma[..., 0], chroma[..., 1]).mean()) >= _LEAST_CHROMA

    @cached_property
    def skin(self) -> NDArray[np.float32]:
        """The colour of the bare face as `lab` has it, shape (3,).

        The median over the root of the nose and the lower forehead: what a mask leaves free.
        """
        root, forehead = self.lab[20:27, 32:43], self.lab[11:16, 27:48]
        pixels = np.concatenate([root.reshape(-1, 3), forehead.reshape(-1, 3)])
        return np.array([value_at(channel, 0.5) for channel in pixels.T], dtype=np.float32)


def inner_face(chip_plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut the inner face out of a plane of chip size."""
    return chip_plane[INNER_FACE]


def value_at(values: NDArray[np.float32], share: float) -> float:
    """Return the value below which this share (0 to 1) of the values lies.

    One of the values, never a mean of two: a third of the time of `np.quantile`.
    """
    flat = values.ravel()
    at = int(share * (flat.size - 1))
    return float(np.partition(flat, at)[at])
