"""What a decoder of pictures refuses is an outcome of measuring a face."""

import cv2
import numpy as np
import pytest

from biometrics import pictures
from biometrics.pictures import decode_picture
from biometrics.results import PictureFault, UnreadablePicture
from imaging.pictures import decode_rgb


def test_pixels_are_those_of_the_decoder() -> None:
    scene = np.random.default_rng(3).integers(0, 256, (80, 90, 3), np.uint8)
    data = cv2.imencode(".png", scene[..., ::-1])[1].tobytes()
    assert np.array_equal(decode_picture(data), scene)
    assert np.array_equal(decode_picture(data), decode_rgb(data))


@pytest.mark.parametrize("fault", PictureFault)
def test_every_fault_becomes_an_outcome(
    fault: PictureFault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "decode_rgb", lambda _data: fault)
    assert decode_picture(b"whatever") == UnreadablePicture(fault)
