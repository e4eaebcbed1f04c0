"""Attack instruments do what their species does, and print and screen are what they were."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from simulators.people import PEOPLE
from simulators.people.attacks import (
    Hold,
    MaskMaterial,
    cut_out,
    frozen_loop,
    masked,
    morphed,
    printed,
    replaced,
    replayed,
    wearer_face,
    with_sensor_noise,
)
from simulators.people.attacks.marks import in_picture, neutral_marks, onto_face
from simulators.people.camera import Sensor, View
from simulators.people.expression import NEUTRAL
from simulators.people.model import Model, build_model
from simulators.people.parameters import Beard, Glasses
from simulators.people.render import Image, Placement, render, render_scene

PORTRAIT = View(sensor=Sensor(noise=1.0))
KIOSK = View(width=640, height=480, face_px=180.0, sensor=Sensor(noise=0.0))
VICTIM, WEARER = PEOPLE[1].identity, PEOPLE[3].identity


@pytest.fixture(scope="module")
def portrait() -> Image:
    return render(VICTIM, PORTRAIT)


@pytest.fixture(scope="module")
def bare() -> Model:
    return build_model(wearer_face(WEARER), NEUTRAL)


def _scene(model: Model, view: View = KIOSK) -> Image:
    return render_scene([Placement(model)], view)


def _chart() -> Image:
    down, across = np.mgrid[0:480, 0:480]
    return np.stack([down // 2, across // 2, (down + across) // 4], axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("show", "means"),
    [
        # Written down from the single module that these two came from: they were bit-identical.
        (printed, (116.833, 118.952, 118.249)),
        (replayed, (83.051, 85.102, 88.525)),
    ],
)
def test_print_and_screen_are_what_they_were(show, means: tuple[float, ...]) -> None:
    scene = show(_chart(), 7, width=640, height=480)
    assert scene.shape == (480, 640, 3)
    assert scene.mean(axis=(0, 1)) == pytest.approx(means, abs=0.05)
    assert np.array_equal(scene, show(_chart(), 7, width=640, height=480, hold=Hold()))
    assert not np.array_equal(scene, show(_chart(), 8, width=640, height=480))


@pytest.mark.parametrize("show", [printed, replayed])
def test_frames_of_one_instrument_differ_in_noise_alone(show) -> None:
    a, b = (
        show(_chart(), 7, width=640, height=480, hold=Hold(frame=frame)).astype(float)
        for frame in (1, 2)
    )
    assert 1.0 < (a - b).std() < 5.0


def _extent(scene: Image, show) -> tuple[int, int]:
    """Width and height of what is held, told from the even background by its contrast."""
    behind = (70, 74, 78) if show is printed else (58, 62, 66)
    apart = np.abs(scene.astype(int) - behind).max(axis=2) > 20
    columns, rows = (
        np.flatnonzero(apart.mean(axis=0) > 0.2),
        np.flatnonzero(apart.mean(axis=1) > 0.2),
    )
    return int(np.ptp(columns)), int(np.ptp(rows))


def test_paper_turned_about_the_vertical_narrows() -> None:
    def held(**how: float) -> Image:
        return printed(_chart(), 7, width=640, height=480, hold=Hold(**how))

    width, height = _extent(held(), printed)
    narrow, as_high = _extent(held(yaw=30.0), printed)
    assert narrow / width == pytest.approx(np.cos(np.deg2rad(30)), abs=0.04)
    assert as_high >= height


@pytest.mark.parametrize(("show", "least", "most"), [(printed, 1.03, 1.2), (replayed, 0.99, 1.01)])
def test_paper_reflects_coloured_light_and_a_screen_hardly_does(
    show, least: float, most: float
) -> None:
    grey = np.full((480, 480, 3), 128, np.uint8)

    def middle(**how) -> np.ndarray:
        scene = show(grey, 7, width=640, height=480, hold=Hold(**how))
        light = (scene[200:280, 280:360] / 255.0) ** 2.2
        return light.mean(axis=(0, 1))

    gain = middle(light=(1.1, 1.0, 1.0)) / middle()
    assert least < gain[0] < most
    assert gain[1] == pytest.approx(1.0, abs=0.01)


def test_places_of_one_face_are_found_on_another() -> None:
    a, b = wearer_face(WEARER), VICTIM.face()
    at, there = neutral_marks(a), neutral_marks(b)
    x, y = onto_face(
        np.array([at.eye_x, 0.0, 0.0]), np.array([at.eye_y, at.mouth_y, at.chin_y]), a, b
    )
    assert x == pytest.approx([there.eye_x, 0, 0])
    assert y == pytest.approx([there.eye_y, there.mouth_y, there.chin_y])


def test_the_wearer_hides_nothing_under_the_mask() -> None:
    face = wearer_face(WEARER)
    assert (face.glasses, face.beard) == (Glasses.NONE, Beard.NONE)


def _cheek(model_face, view: View) -> tuple[int, int]:
    at = neutral_marks(model_face)
    x, y = in_picture(np.array([[3.2, (at.mouth_y + at.eye_y) / 2, 7.0]]), view)[0]
    return round(float(y)), round(float(x))


@pytest.mark.parametrize("material", list(MaskMaterial))
def test_a_mask_has_the_victims_colours_and_leaves_the_wearers_neck(
    material: MaskMaterial, portrait: Image, bare: Model
) -> None:
    worn = _scene(masked(WEARER, VICTIM, portrait, PORTRAIT, material)).astype(float)
    without = _scene(bare).astype(float)
    # The victim is fair and the wearer dark.
    row, column = _cheek(wearer_face(WEARER), KIOSK)
    patch = np.s_[row - 5 : row + 5, column - 5 : column + 5]
    assert worn[patch].mean() > without[patch].mean() + 40
    # Shoulders and background stay.
    assert np.abs(worn[400:, :] - without[400:, :]).mean() < 1.0


def test_a_mask_turns_with_the_head_and_keeps_its_relief(portrait: Image) -> None:
    paper = masked(WEARER, VICTIM, portrait, PORTRAIT, MaskMaterial.PAPER)
    latex = masked(WEARER, VICTIM, portrait, PORTRAIT, MaskMaterial.LATEX)
    own = build_model(VICTIM.face(), NEUTRAL).head.positions
    # Latex is moulded on the victim's nose; paper has none.
    nose = int(np.argmax(own[: 380 * 380, 2]))
    assert latex.head.positions[nose, 2] == pytest.approx(own[nose, 2] + 0.15, abs=0.01)
    assert paper.head.positions[nose, 2] < own[nose, 2]


def test_a_cut_out_covers_the_face_but_not_the_eyes(portrait: Image, bare: Model) -> None:
    scene = _scene(bare)
    worn = cut_out(scene, WEARER, VICTIM, portrait, PORTRAIT, KIOSK)
    changed = np.abs(worn.astype(int) - scene.astype(int)).max(axis=2) > 12
    face = wearer_face(WEARER)
    row, column = _cheek(face, KIOSK)
    assert changed[row - 4 : row + 4, column - 4 : column + 4].all()
    at = neutral_marks(face)
    for side in (-1, 1):
        x, y = in_picture(np.array([[side * at.eye_x, at.eye_y, 8.0]]), KIOSK)[0]
        assert not changed[round(y) - 2 : round(y) + 2, round(x) - 4 : round(x) + 4].any()
    assert not changed[400:].any()


def test_a_cut_out_follows_the_head_that_wears_it(portrait: Image, bare: Model) -> None:
    turned = replace(KIOSK, yaw=20.0)
    middles = []
    for view in (KIOSK, turned):
        scene = _scene(bare, view)
        worn = cut_out(scene, WEARER, VICTIM, portrait, PORTRAIT, view)
        changed = np.abs(worn.astype(int) - scene.astype(int)).max(axis=2) > 12
        middles.append(np.flatnonzero(changed.any(axis=0)).mean())
    assert middles[1] > middles[0] + 10


def test_a_morph_lies_between_both_and_features_coincide() -> None:
    identities = (VICTIM, PEOPLE[5].identity)
    portraits = (render(VICTIM, PORTRAIT), render(identities[1], PORTRAIT))
    morph = morphed(*identities, portraits, PORTRAIT)
    assert morph.shape == portraits[0].shape
    again = morphed(identities[1], identities[0], portraits[::-1], PORTRAIT)
    assert np.abs(morph.astype(int) - again.astype(int)).mean() < 1.0
    plain = portraits[0].astype(float) / 2 + portraits[1].astype(float) / 2

    def sharp(picture: np.ndarray) -> float:
        middle = picture[160:330, 160:320].astype(np.float32).mean(axis=2)
        return float(cv2.Laplacian(cv2.GaussianBlur(middle, (0, 0), 2), cv2.CV_32F).std())

    # Two eyes on one another are a sharper edge than two beside one another.
    assert sharp(morph) > sharp(plain)


def test_a_morph_with_oneself_is_oneself(portrait: Image) -> None:
    morph = morphed(VICTIM, VICTIM, (portrait, portrait), PORTRAIT)
    assert np.abs(morph.astype(int) - portrait.astype(int)).max() <= 2


def test_streams() -> None:
    frames = [np.full((4, 4, 3), i, np.uint8) for i in range(4)]
    instead = [np.full((4, 4, 3), 100 + i, np.uint8) for i in range(2)]
    assert [f[0, 0, 0] for f in frozen_loop(frames, 5)] == [0, 1, 0, 1, 0]
    assert [f[0, 0, 0] for f in frozen_loop(frames[:1], 3)] == [0, 0, 0]
    assert [f[0, 0, 0] for f in replaced(frames, instead, 1)] == [0, 100, 101, 100]
    even = np.full((200, 200, 3), 128, np.uint8)
    noisy = with_sensor_noise(even, 2.0, np.random.default_rng(0))
    assert noisy.std() == pytest.approx(2.0, abs=0.1)
