"""The renderer gives the same picture for the same view, and moves what the view moves."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from simulators.people.camera import Backdrop, Sensor, View, head_rotation, turned
from simulators.people.expression import Expression
from simulators.people.identity import Identity
from simulators.people.model import build_model
from simulators.people.parameters import HairStyle
from simulators.people.render import Placement, render, render_scene

PLAIN = View(width=240, height=240, face_px=100, sensor=Sensor(noise=0.0, blur=0.0))
SOMEONE = Identity(3)
STYLED = {
    style: next(seed for seed in itertools.count() if Identity(seed).face().hair_style is style)
    for style in HairStyle
}


@pytest.fixture(scope="module")
def neutral() -> np.ndarray:
    return render(SOMEONE, PLAIN)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def test_the_same_person_and_view_give_the_same_picture() -> None:
    view = View(sensor=Sensor(noise_seed=5))
    first, second = render(SOMEONE, view), render(SOMEONE, view)
    assert first.shape == (480, 480, 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, second)


def test_another_seed_gives_another_face(neutral: np.ndarray) -> None:
    assert difference(neutral, render(Identity(4), PLAIN)) > 3


@pytest.mark.parametrize(
    "changed",
    [
        replace(PLAIN, yaw=10.0),
        replace(PLAIN, pitch=10.0),
        replace(PLAIN, roll=10.0),
        replace(PLAIN, face_px=110.0),
        replace(PLAIN, sensor=replace(PLAIN.sensor, exposure=0.5)),
        replace(PLAIN, backdrop=Backdrop(colour=(90, 90, 90))),
    ],
    ids=["yaw", "pitch", "roll", "size", "exposure", "backdrop"],
)
def test_each_part_of_the_view_is_seen(changed: View, neutral: np.ndarray) -> None:
    assert difference(neutral, render(SOMEONE, changed)) > 0.5


@pytest.mark.parametrize(
    "expression",
    [
        Expression(smile=0.8),
        Expression(mouth_open=0.6),
        Expression(blink=1.0),
        Expression(brow_raise=1.0),
        Expression(gaze_x=1.0),
    ],
    ids=["smile", "mouth_open", "blink", "brow_raise", "gaze"],
)
def test_each_expression_is_seen(expression: Expression, neutral: np.ndarray) -> None:
    moved = render(SOMEONE, PLAIN, expression)
    assert (np.abs(neutral.astype(int) - moved.astype(int)).max(axis=2) > 25).sum() > 5


def test_positive_yaw_turns_the_face_to_the_image_right() -> None:
    nose = np.array([[0.0, -2.0, 11.0]], np.float32)
    ahead = PLAIN.project(turned(nose, head_rotation(PLAIN)))[0][0]
    right = replace(PLAIN, yaw=15.0)
    assert right.project(turned(nose, head_rotation(right)))[0][0] > ahead + 10


def test_an_empty_scene_shows_the_backdrop_alone() -> None:
    picture = render_scene([], PLAIN)
    assert picture.std(axis=1).max() == 0.0
    seat = render_scene([], replace(PLAIN, backdrop=Backdrop(seat=True)))
    assert difference(picture, seat) > 1


def test_the_person_in_front_hides_the_one_behind() -> None:
    front = Placement(build_model(SOMEONE.face(), Expression()))
    behind = Placement(build_model(Identity(4).face(), Expression()), back=30.0)
    alone = render_scene([front], PLAIN)
    both = render_scene([behind, front], PLAIN)
    middle = (slice(90, 140), slice(95, 145))
    assert difference(alone[middle], both[middle]) < 1


def test_every_hair_style_can_be_rendered() -> None:
    view = replace(PLAIN, width=96, height=96, face_px=40)
    pictures = [render(Identity(seed), view).tobytes() for seed in STYLED.values()]
    assert len(set(pictures)) == len(HairStyle)
