"""One generated chip and what dlib's own network makes of it, to hold any other runtime against.

`python -m biometrics.engines.resnet_reference` prints the table anew.
"""

import numpy as np
from numpy.typing import NDArray

from biometrics.protocols import RGBPicture

TOLERANCE_L2 = 1e-4
"""Rounding moves an embedding by 1e-5; two pictures of one person differ by 0.1 and more."""


def reference_chip() -> RGBPicture:
    """Return the chip, (150, 150, 3): integer arithmetic, so that it is the same everywhere."""
    row, column, channel = np.ogrid[:150, :150, :3]
    waves = (row * column // 8 + 5 * row * (channel + 1) + 3 * column) % 256
    squares = 96 * ((row // 19 + column // 23 + channel) % 2)
    chip: RGBPicture = ((2 * waves + squares) // 3 % 256).astype(np.uint8)
    return chip


def reference_embedding() -> NDArray[np.float32]:
    """Return dlib's embedding of the reference chip: (128,), float32."""
    return np.array(_EMBEDDING.split(), dtype=np.float32)


_EMBEDDING = """
-0.0995520 0.1201735 0.0911174 -0.0029025 -0.0868899 -0.0709102 -0.0822038 0.0137453
0.0729321 -0.0071634 0.2295876 -0.0331134 -0.2372408 -0.0148948 -0.0436874 0.1073095
-0.1270959 -0.0603847 -0.1081527 -0.1254341 0.0445302 0.0021568 -0.0091013 0.0208450
-0.0888313 -0.2886190 -0.0601468 -0.1339719 0.0613063 -0.1721123 0.0120346 0.0045006
-0.1540499 -0.0392313 -0.0005267 0.0379467 0.0146769 -0.0941351 0.1565538 -0.0344769
-0.1351894 -0.0479372 0.0315283 0.2605349 0.1805532 0.0610917 0.0263595 -0.0443883
0.0544991 -0.2666710 0.0176797 0.1572885 0.0498000 0.1113476 0.0568898 -0.1328825
0.0423512 0.0551271 -0.1148275 0.0309040 0.0365236 -0.1131287 -0.0420443 -0.1186546
0.2510716 0.0722884 -0.0848700 -0.1098123 0.1443539 -0.1680232 -0.0522963 0.0988993
-0.0940969 -0.1351371 -0.2390651 0.0888896 0.3574127 0.2007613 -0.1473741 0.0373116
-0.1260342 -0.0269956 0.0089551 0.0501903 -0.0581959 0.0082440 -0.0792162 0.0732765
0.2229147 -0.0925624 0.0306130 0.1659887 -0.0258640 0.0253407 -0.0178363 -0.0045914
-0.0831850 -0.0042161 -0.0364561 0.0047050 0.1248427 -0.0977423 0.0227825 0.0908140
-0.1781344 0.0523393 -0.0310046 -0.0508439 0.0246592 0.0214486 -0.0474759 -0.0569467
0.2037283 -0.2136265 0.2516801 0.2299710 0.0392992 0.1002208 0.0453742 0.1181267
-0.0224846 -0.0627839 -0.1107444 -0.0674394 0.0176267 -0.0081963 -0.0287370 -0.0054280
"""


def _by_dlib() -> NDArray[np.float64]:
    import dlib

    from biometrics.model_files import RESNET_V1

    network = dlib.face_recognition_model_v1(str(RESNET_V1.verified_path()))
    return np.array(network.compute_face_descriptor(reference_chip()))


if __name__ == "__main__":
    for line in _by_dlib().reshape(-1, 8):
        print(" ".join(f"{value:.7f}" for value in line))  # noqa: T201  # its purpose
