"""Cutting a face out for a matcher: its points end where the template has them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biometrics.matchers.alignment import aligner, cut_to, similarity
from biometrics.matchers.card import DlibChip, Input, PointTemplate
from biometrics.results import FivePoints

TEMPLATE = PointTemplate(
    kind="points",
    points={"right_eye": [38.3, 51.7], "left_eye": [73.5, 51.5], "subnasale": [56.0, 76.0]},
)


def turned(scale: float, degrees: float, place: tuple[float, float]) -> FivePoints:
    """A face of which the template's points lie exactly as the template has them, moved."""
    angle = np.radians(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    right, left, nose = (turn @ np.array(p) + place for p in TEMPLATE.points.values())
    apart = turn @ np.array([8.0, 0.0])
    corners = (left + apart, left - apart, right - apart, right + apart, nose)
    return FivePoints(*((float(x), float(y)) for x, y in corners))


@pytest.mark.parametrize("scale", [0.4, 1.0, 1.9, 2.6, 6.0])
@pytest.mark.parametrize("degrees", [0, 25, -70])
def test_points_end_where_the_template_has_them(scale: float, degrees: float) -> None:
    place = (700.0, 600.0)
    points = turned(scale, degrees, place)
    for name, wanted in TEMPLATE.points.items():
        x, y = {
            "right_eye": points.right_eye,
            "left_eye": points.left_eye,
            "subnasale": points.subnasale,
        }[name]
        rows, columns = np.ogrid[:1700, :1700]
        # A soft spot of the size of four pixels of the result, so that its centre can be told.
        spot = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * (4 * scale) ** 2))
        picture = np.repeat((255 * spot)[..., None], 3, axis=2).astype(np.uint8)
        chip = cut_to(picture, points, TEMPLATE, 112, 112)[..., 0].astype(float)
        rows, columns = np.mgrid[:112, :112]
        found = np.array([(chip * columns).sum(), (chip * rows).sum()]) / chip.sum()
        assert np.abs(found - wanted).max() < 0.35


def test_where_detail_is_finer_than_the_result_it_is_averaged() -> None:
    """Stripes of one pixel, seen at a sixth: grey, not a pattern that is not there."""
    picture = np.zeros((1700, 1700, 3), np.uint8)
    picture[:, ::2] = 255
    chip = cut_to(picture, turned(6.0, 0, (300.0, 300.0)), TEMPLATE, 112, 112)
    assert chip.std() < 12
    assert cv2.resize(picture, (112, 112), interpolation=cv2.INTER_NEAREST).std() > 100


def test_a_dlib_chip_is_dlibs_and_the_same_place_by_points() -> None:
    import dlib

    noise = np.random.default_rng(2).normal(0, 1, (400, 400, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 6)
    picture = (128 + 45 * smooth / smooth.std()).clip(0, 255).astype(np.uint8)
    points = FivePoints((251, 150), (212, 153), (140, 150), (180, 152), (196, 230))
    what = _input(DlibChip(kind="dlib_chip", paddings=[0.25, 0.4]), 150)
    chips = aligner(what)(picture, points)
    assert chips.shape == (2, 150, 150, 3)
    parts = [dlib.point(int(x), int(y)) for x, y in points.as_array()]
    shape = dlib.full_object_detection(dlib.rectangle(0, 0, 1, 1), parts)
    assert np.array_equal(chips[1], dlib.get_face_chip(picture, shape, 150, 0.4))
    # dlib's mean face in a chip at padding 0.25, as a template of points.
    mean = np.array([[0.8596, 0.2135], [0.6460, 0.2290], [0.1206, 0.2137], [0.3341, 0.2291],
                     [0.4901, 0.6278]])  # fmt: skip
    places = ((mean + 0.25) / 1.5 * 150).tolist()
    names = ["left_eye_outer", "left_eye_inner", "right_eye_outer", "right_eye_inner", "subnasale"]
    template = PointTemplate(kind="points", points=dict(zip(names, places, strict=True)))
    by_points = cut_to(picture, points, template, 150, 150)
    # Half a pixel at the edges: dlib stretches 149 px where a template of points has 150.
    assert np.abs(by_points.astype(float) - chips[0]).mean() < 6
    assert np.abs(chips[1].astype(float) - chips[0]).mean() > 30


coordinates = st.floats(-1e6, 1e6)
pairs = st.tuples(coordinates, coordinates)


@given(st.builds(FivePoints, pairs, pairs, pairs, pairs, pairs))
def test_no_points_raise(points: FivePoints) -> None:
    picture = np.full((80, 60, 3), 200, np.uint8)
    assert cut_to(picture, points, TEMPLATE, 112, 96).shape == (96, 112, 3)


def test_points_in_one_place_give_nothing() -> None:
    one = FivePoints((5, 5), (5, 5), (5, 5), (5, 5), (5, 5))
    picture = np.full((80, 60, 3), 200, np.uint8)
    assert not cut_to(picture, one, TEMPLATE, 112, 112).any()
    assert np.isnan(similarity(np.zeros((2, 2)), np.ones((2, 2)))).all()


def _input(alignment: DlibChip | PointTemplate, side: int) -> Input:
    return Input(
        width=side,
        height=side,
        colour="RGB",
        layout="NCHW",
        element="float32",
        mean=[0, 0, 0],
        deviation=[1, 1, 1],
        alignment=alignment,
    )
