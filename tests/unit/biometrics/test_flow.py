"""Following points by optical flow on generated textures."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biometrics.flow import LandmarkFlow
from biometrics.results import FivePoints

POINTS = np.array([(250.0, 180.0), (222.0, 182.0), (158.0, 180.0), (186.0, 182.0), (204.0, 230.0)])


def _texture(seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    return np.asarray(
        cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 4), None, 0, 255, cv2.NORM_MINMAX), np.uint8
    )


def _moved(picture: np.ndarray, dx: float, dy: float) -> np.ndarray:
    shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    return np.asarray(cv2.warpAffine(picture, shift, (400, 400), borderMode=cv2.BORDER_REFLECT))


def _points(at: np.ndarray = POINTS) -> FivePoints:
    return FivePoints(*(tuple(point) for point in at.tolist()))


@settings(max_examples=30, deadline=None)
@given(st.floats(-9, 9), st.floats(-9, 9))
def test_points_move_with_what_they_lie_on(dx: float, dy: float) -> None:
    flow = LandmarkFlow()
    flow.begin(_texture(), _points())
    found = flow.follow(_moved(_texture(), dx, dy))
    assert found is not None
    assert np.abs(found.as_array() - (POINTS + np.array([dx, dy]))).max() < 0.5


def test_many_steps_add_up_and_the_patch_moves_along() -> None:
    flow = LandmarkFlow()
    flow.begin(_texture(), _points())
    for step in range(1, 16):
        found = flow.follow(_moved(_texture(), 5.0 * step, 2.0 * step))
        assert found is not None, step
    assert np.abs(found.as_array() - (POINTS + np.array([75, 30]))).max() < 2


def test_nothing_is_followed_before_a_beginning_or_after_a_loss() -> None:
    flow = LandmarkFlow()
    assert flow.follow(_texture()) is None
    flow.begin(_texture(), _points())
    assert flow.follow(_texture()[:100, :100]) is None  # no room around the points
    assert flow.follow(_texture()) is None
    flow.begin(_texture(), _points())
    assert flow.follow(_texture()) is not None  # the control


@pytest.mark.parametrize(
    "at",
    [
        np.full((5, 2), np.nan),
        np.full((5, 2), 200.0),
        POINTS + 1e6,
        POINTS - 5000,
        POINTS * 1e300,
    ],
)
def test_points_of_no_face_are_lost_and_no_crash(at: np.ndarray) -> None:
    flow = LandmarkFlow()
    flow.begin(_texture(), _points(at))
    assert flow.follow(_texture()) is None
