"""One generated picture and dlib's own detector scores on it, to hold any other runtime against.

dlib tells only the boxes that score above zero and suppresses overlapping ones. A copy of its
weight file in which the last bias is raised and the suppression is off makes it tell every score;
with the padding around its pyramid set to zero, the original picture lies in the top left corner
of what its network sees, so that whole rows of scores depend on that picture alone.

`python -m biometrics.engines.mmod_reference` prints the table anew.
"""

import numpy as np
from numpy.typing import NDArray

from biometrics.protocols import RGBPicture

TOLERANCE = 1e-4
"""Rounding moves a score by 1e-5; those of faces and of anything else lie 1 apart and more."""

SHAPE = (12, 16)
"""Rows and columns of the scores that are compared: rows further down would see a second level."""


def reference_picture() -> RGBPicture:
    """Return the picture, (200, 150, 3): integer arithmetic, so that it is the same everywhere."""
    row, column, channel = np.ogrid[:200, :150, :3]
    waves = (row * column // 16 + 3 * row * (channel + 1) + 2 * column) % 256
    squares = 80 * ((row // 23 + column // 17 + channel) % 2)
    far_from_the_middle = (row - 90) ** 2 // 2 + (column - 70) ** 2 > 2400
    picture: RGBPicture = np.where(
        far_from_the_middle, (2 * waves + squares) // 3 % 256, 96 + 24 * channel + waves // 8
    ).astype(np.uint8)
    return picture


def reference_scores() -> NDArray[np.float32]:
    """Return dlib's scores of the first rows of the reference picture: `SHAPE`, float32."""
    return np.array(_SCORES.split(), dtype=np.float32).reshape(SHAPE)


_SCORES = """
-1.133938 -1.303303 -1.371050 -1.475428 -1.614321 -1.648867 -1.730093 -1.993540
-2.351366 -2.651205 -2.722694 -2.598320 -2.302969 -2.026321 -1.804956 -1.542444
-1.143852 -1.277279 -1.381392 -1.531811 -1.667322 -1.648773 -1.752724 -2.169624
-2.711193 -3.163631 -3.275455 -3.009432 -2.497057 -2.113758 -1.866508 -1.648367
-1.180128 -1.311642 -1.420481 -1.542969 -1.657251 -1.610807 -1.678167 -2.109386
-2.723148 -3.249128 -3.377789 -3.045010 -2.458197 -2.094982 -1.910034 -1.727053
-1.222086 -1.346693 -1.511503 -1.663551 -1.830202 -1.788700 -1.806210 -2.250011
-2.910833 -3.407978 -3.420565 -2.961046 -2.376944 -2.157269 -2.050255 -1.885952
-1.320639 -1.456362 -1.662838 -1.884718 -2.172031 -2.185030 -2.189251 -2.653442
-3.277803 -3.600449 -3.385307 -2.848309 -2.373650 -2.294073 -2.282490 -2.142532
-1.305311 -1.426052 -1.618248 -1.859741 -2.214975 -2.307247 -2.350389 -2.750496
-3.250038 -3.433828 -3.148048 -2.681660 -2.283943 -2.213583 -2.294395 -2.217609
-1.299520 -1.407499 -1.564505 -1.787806 -2.147177 -2.306377 -2.361279 -2.690855
-3.068396 -3.207481 -3.046547 -2.738325 -2.343100 -2.223005 -2.346464 -2.268478
-1.272697 -1.380308 -1.533161 -1.772484 -2.156620 -2.418575 -2.529640 -2.825981
-3.107454 -3.233488 -3.256319 -3.133165 -2.659332 -2.365732 -2.398506 -2.236269
-1.205208 -1.295799 -1.472569 -1.723417 -2.141752 -2.501228 -2.671917 -2.927216
-3.127296 -3.256832 -3.455416 -3.458664 -2.920120 -2.398226 -2.252821 -2.060776
-1.148453 -1.221815 -1.391396 -1.610807 -1.994461 -2.391438 -2.561207 -2.730389
-2.855236 -3.019129 -3.333431 -3.341749 -2.727730 -2.132217 -1.940292 -1.806133
-1.133675 -1.210051 -1.363325 -1.531462 -1.846375 -2.228523 -2.362518 -2.452200
-2.559612 -2.773411 -3.044409 -2.960911 -2.355005 -1.877796 -1.740225 -1.633213
-1.119465 -1.208771 -1.366138 -1.489216 -1.737747 -2.090727 -2.255434 -2.390026
-2.528969 -2.727688 -2.865152 -2.679413 -2.117119 -1.739719 -1.623611 -1.518534
"""

_RAISED = 32.0


def file_that_tells_every_score(weights: bytes, *, padded: bool) -> bytes:
    """Return a weight file of dlib's whose detector tells every score plus `raised()`.

    Args:
        weights: The original file.
        padded: Whether the pyramid keeps dlib's margin of 11 pixels.
    """
    from biometrics.engines.dlib_weights import Convolution, read_detector

    last = read_detector(weights).layers[-1]
    if not isinstance(last, Convolution):
        raise ValueError("the last layer is no convolution")
    bias_at = weights.rindex(last.bias.astype("<f4").tobytes())
    raised = (last.bias + np.float32(_RAISED)).astype("<f4").tobytes()
    changed = weights[:bias_at] + raised + weights[bias_at + len(raised) :]
    changed = _replaced(changed, _OVERLAP, _ONE)
    if padded:
        return changed
    means_at = changed.index(_INPUT) + len(_INPUT)
    means = changed[means_at : changed.index(_FIRST_LAYER)]
    return _replaced(changed, _INPUT + means, _INPUT_2 + means + _TEN + _ZERO)


def raised() -> float:
    """Return what such a file adds to every score."""
    return _RAISED


# In dlib's encoding of numbers and strings, see `dlib_weights`.
_OVERLAP = bytes.fromhex("078c6a54f250a6158136")
_ONE = bytes.fromhex("01108104")
_TEN = bytes.fromhex("010a")  # dlib's own distance between the levels
_ZERO = bytes.fromhex("0100")
_INPUT = b"\x01\x17input_rgb_image_pyramid"
_INPUT_2 = b"\x01\x18input_rgb_image_pyramid2"
_FIRST_LAYER = b"\x01\x05con_4"


def _replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    if data.count(old) != 1:
        raise ValueError("the weight file is not the one that this was written for")
    return data.replace(old, new)


def _by_dlib() -> NDArray[np.float64]:
    import tempfile

    import dlib

    from biometrics.model_files import MMOD_FACES

    with tempfile.NamedTemporaryFile(suffix=".dat") as file:
        file.write(file_that_tells_every_score(MMOD_FACES.verified_bytes(), padded=False))
        file.flush()
        detector = dlib.cnn_face_detection_model_v1(file.name)
    scores = np.full(SHAPE, np.nan)
    for found in detector(reference_picture(), 0):
        if 80 <= found.rect.width() <= 81:  # the first level; the second has boxes of 96 px
            row, column = (
                (centre - 14) // 8 for centre in (found.rect.dcenter().y, found.rect.dcenter().x)
            )
            if row < SHAPE[0]:
                scores[int(row), int(column)] = found.confidence - _RAISED
    return scores


if __name__ == "__main__":
    for line in _by_dlib().reshape(-1, 8):
        print(" ".join(f"{value:.6f}" for value in line))  # noqa: T201  # its purpose
