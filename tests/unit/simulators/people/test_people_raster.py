"""The rasteriser shows the nearest surface, front sides only, and nothing outside the picture."""

import numpy as np
import pytest

from simulators.people.raster import Visible, rasterise

WIDTH, HEIGHT = 12, 10
SQUARE = [(1.0, 1.0), (9.0, 1.0), (1.0, 9.0), (9.0, 9.0)]
FRONT = [(0, 2, 1), (1, 2, 3)]
BACK = [(0, 1, 2), (1, 3, 2)]


def seen(
    points: list[tuple[float, float]],
    depths: list[float],
    triangles: list[tuple[int, int, int]],
    *,
    closed: bool = False,
) -> Visible:
    return rasterise(
        np.array([x for x, _ in points], np.float32),
        np.array([y for _, y in points], np.float32),
        np.array(depths, np.float32),
        np.array(triangles, np.int32),
        np.full(len(triangles), closed),
        width=WIDTH,
        height=HEIGHT,
    )


def test_a_square_covers_its_pixels_once() -> None:
    visible = seen(SQUARE, [5.0] * 4, FRONT)
    rows, columns = np.divmod(visible.pixel, WIDTH)
    assert len(visible.pixel) == 81
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (1, 9, 1, 9)
    assert len(set(visible.pixel.tolist())) == 81
    assert visible.weights.sum(axis=1) == pytest.approx(np.ones(81), abs=1e-5)


def test_weights_interpolate_back_to_the_pixel() -> None:
    visible = seen(SQUARE, [5.0] * 4, FRONT)
    corners = np.array(SQUARE, np.float32)[visible.corners]
    place = (corners * visible.weights[..., None]).sum(axis=1)
    assert place[:, 0] == pytest.approx(visible.pixel % WIDTH, abs=1e-4)
    assert place[:, 1] == pytest.approx(visible.pixel // WIDTH, abs=1e-4)


@pytest.mark.parametrize("near_first", [True, False])
def test_the_nearer_surface_wins_whatever_the_order(near_first: bool) -> None:
    depths = [3.0] * 4 + [7.0] * 4 if near_first else [7.0] * 4 + [3.0] * 4
    second = [(a + 4, b + 4, c + 4) for a, b, c in FRONT]
    visible = seen(SQUARE * 2, depths, FRONT + second)
    assert visible.depth == pytest.approx(np.full(81, 3.0))


def test_equal_depths_go_to_the_earlier_triangle() -> None:
    second = [(a + 4, b + 4, c + 4) for a, b, c in FRONT]
    visible = seen(SQUARE * 2, [5.0] * 8, FRONT + second)
    assert visible.corners.max() < 4


def test_the_back_of_a_closed_surface_is_not_seen_but_that_of_an_open_one_is() -> None:
    assert len(seen(SQUARE, [5.0] * 4, FRONT, closed=True).pixel) == 81
    assert len(seen(SQUARE, [5.0] * 4, BACK, closed=True).pixel) == 0
    assert len(seen(SQUARE, [5.0] * 4, BACK, closed=False).pixel) == 81


def test_what_lies_outside_the_picture_is_cut_off() -> None:
    far = [(x + 8.0, y - 5.0) for x, y in SQUARE]
    visible = seen(far, [5.0] * 4, FRONT)
    rows, columns = np.divmod(visible.pixel, WIDTH)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (0, 4, 9, 11)
    assert len(seen([(x + 50.0, y) for x, y in SQUARE], [5.0] * 4, FRONT).pixel) == 0


def test_a_triangle_without_area_is_skipped() -> None:
    assert len(seen([(1.0, 1.0), (5.0, 5.0), (9.0, 9.0)], [5.0] * 3, [(0, 1, 2)]).pixel) == 0
