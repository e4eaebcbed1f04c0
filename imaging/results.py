"""What decoding can come to: pixels, or a stable reason why there are none."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

RGBPicture = NDArray[np.uint8]
"""Shape (height, width, 3), uint8, sRGB, upright."""

GrayPicture = NDArray[np.uint8]
"""Shape (height, width), uint8, 0 black to 255 white, upright."""


class PictureFault(StrEnum):
    """Why bytes are not a picture that this product reads."""

    EMPTY = "empty"
    TOO_MANY_BYTES = "too_many_bytes"
    NOT_JPEG_OR_PNG = "not_jpeg_or_png"
    HEADER_MALFORMED = "header_malformed"
    KIND_NOT_SUPPORTED = "kind_not_supported"
    ANIMATED = "animated"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"
    TRUNCATED = "truncated"
    NOT_DECODABLE = "not_decodable"
