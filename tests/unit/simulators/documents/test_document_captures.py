"""Bad pictures of a page: what each does, and that the corners follow."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from simulators.documents import DocumentKind, RenderedPage, Stress, capture, photograph

Render = Callable[..., RenderedPage]


@pytest.mark.parametrize("stress", list(Stress))
def test_the_corners_follow_the_page(page: Render, stress: Stress) -> None:
    made = page(DocumentKind.PASSPORT)
    shot = photograph(made, stress, seed=3)
    assert shot.rgb.dtype == np.uint8
    assert shot.mrz_corners is not None
    assert made.mrz_corners is not None
    back = cv2.getPerspectiveTransform(shot.mrz_corners, made.mrz_corners)
    height, width = made.rgb.shape[:2]
    returned = cv2.warpPerspective(shot.rgb, back, (width, height))
    top, bottom = (int(value) for value in np.quantile(made.mrz_corners[:, 1], (0.0, 1.0)))
    part = slice(top, bottom), slice(40, width - 60)
    alike = np.corrcoef(returned[part].ravel(), made.rgb[part].ravel())[0, 1]
    assert alike > (0.25 if stress is Stress.GLARE else 0.55)


@pytest.mark.parametrize("stress", list(Stress))
def test_the_same_seed_takes_the_same_picture(page: Render, stress: Stress) -> None:
    made = page(DocumentKind.NEXUS)
    assert np.array_equal(capture(made, stress, 5), capture(made, stress, 5))
    other = capture(made, stress, 6)
    assert other.shape != capture(made, stress, 5).shape or not np.array_equal(
        other, capture(made, stress, 5)
    )


def _length(corners: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> float:
    return float(np.hypot(*(corners[1] - corners[0])))


def test_resolution_and_turns(page: Render) -> None:
    made = page()
    plain, half = (photograph(made, one) for one in (Stress.PLAIN, Stress.HALF_RESOLUTION))
    assert plain.mrz_corners is not None
    assert half.mrz_corners is not None
    assert _length(plain.mrz_corners) == pytest.approx(44 * 2.54 * 8, rel=0.01)
    assert _length(half.mrz_corners) == pytest.approx(44 * 2.54 * 4, rel=0.01)
    quarters = set()
    for seed in range(12):
        shot = photograph(made, Stress.ROTATION, seed)
        assert shot.mrz_corners is not None
        x, y = shot.mrz_corners[1] - shot.mrz_corners[0]
        degrees = np.degrees(np.arctan2(-y, x)) % 360.0
        askew = min(degrees % 90.0, 90.0 - degrees % 90.0)
        assert 2.9 <= askew <= 15.1
        quarters.add(round(degrees / 90.0) % 4)
        height, width = shot.rgb.shape[:2]
        assert (shot.mrz_corners >= 0).all()
        assert (shot.mrz_corners < (width, height)).all()
    assert quarters == {0, 1, 2, 3}


def test_glare_saturates_some_of_the_zone_and_not_all(page: Render) -> None:
    made = page()

    def saturated(stress: Stress, seed: int) -> float:
        shot = photograph(made, stress, seed)
        assert shot.mrz_corners is not None
        mask = np.zeros(shot.rgb.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, np.round(shot.mrz_corners).astype(np.int32), 255)
        return float((shot.rgb.min(axis=2)[mask > 0] >= 250).mean())

    glaring = [saturated(Stress.GLARE, seed) for seed in range(8)]
    assert np.median(glaring) > 0.01
    assert max(glaring) < 0.6
    assert saturated(Stress.PLAIN, 0) < 0.005


def test_noise_and_blur_move_the_sharpness_apart(page: Render) -> None:
    made = page()

    def grain(stress: Stress) -> float:
        return float(cv2.Laplacian(capture(made, stress, 1), cv2.CV_64F).std())

    assert grain(Stress.BLUR) < 0.7 * grain(Stress.PLAIN)
    assert grain(Stress.NOISE) > 1.3 * grain(Stress.PLAIN)


def test_an_unknown_stress_is_refused(page: Render) -> None:
    with pytest.raises(ValueError, match="wind"):
        capture(page(), "wind")
