"""Following rendered people with the real engine: who stays is followed, whatever else is lost."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from biometrics.engines.resnet_engine import ResNetEngine
from biometrics.results import FivePoints
from biometrics.tracking import FaceTracker, Lost, LostReason, Tracked
from simulators.people.camera import Backdrop, Sensor, View
from simulators.people.identity import Identity
from simulators.people.population import load_identities
from simulators.people.render import render, render_scene

FRAMES = 8
SECONDS = 0.1
FINDS = "flow"


@pytest.fixture(scope="module")
def engine() -> ResNetEngine:
    return ResNetEngine.load()


def _view(step: int) -> View:
    """A head that turns by 20 degrees a second, nods, tilts, walks and comes nearer."""
    return View(
        width=640,
        height=480,
        yaw=-6 + 2.0 * step,
        pitch=-2 + 0.6 * step,
        roll=0.7 * step,
        face_px=180 + 3.0 * step,
        centre_x=0.5 + 0.008 * step,
        sensor=Sensor(noise=2.0, noise_seed=step),
        backdrop=replace(Backdrop(), hall_seed=4),
    )


def _people() -> list[Identity]:
    return list(load_identities().values())


@pytest.fixture(scope="module")
def moving() -> list[np.ndarray]:
    return [render(_people()[0], _view(step)) for step in range(FRAMES)]


@pytest.fixture(params=["flow", "predictor"], autouse=True)
def finds(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways of finding the points of the next frame have to pass."""
    monkeypatch.setattr("test_face_tracking.FINDS", request.param)


def _tracker(engine: ResNetEngine, frame: np.ndarray, at: float = 0.0) -> FaceTracker:
    tracker = FaceTracker(engine if FINDS == "predictor" else None)
    box = engine.detect(frame)[0].box
    tracker.begin(frame, box, engine.landmarks(frame, box), at=at)
    return tracker


def _apart(a: FivePoints, b: FivePoints) -> float:
    eyes = float(np.hypot(*(np.array(b.left_eye) - b.right_eye)))
    return float(np.hypot(*(a.as_array() - b.as_array()).T).mean()) / eyes


def test_a_moving_head_is_followed_where_a_detection_finds_it(
    engine: ResNetEngine, moving: list[np.ndarray]
) -> None:
    tracker, apart = _tracker(engine, moving[0]), []
    for step, frame in enumerate(moving[1:], start=1):
        found = tracker.follow(frame, at=step * SECONDS)
        assert isinstance(found, Tracked), (step, found)
        detected = engine.detect(frame)[0].box
        apart.append(_apart(found.landmarks, engine.landmarks(frame, detected)))
    assert len(apart) == FRAMES - 1
    # The landmarks from HOG's boxes at two scales are 0.03 apart.
    assert np.mean(apart) < 0.05


def test_an_empty_seat_a_blank_frame_and_noise_are_lost(
    engine: ResNetEngine, moving: list[np.ndarray]
) -> None:
    noise = np.random.default_rng(2).integers(0, 256, moving[0].shape, dtype=np.uint8)
    seat = replace(_view(1), backdrop=replace(_view(1).backdrop, seat=True))
    for frame in (
        render_scene([], seat),
        np.zeros_like(noise),
        np.full_like(noise, 128),
        noise,
        cv2.GaussianBlur(noise, (0, 0), 9),
    ):
        lost = _tracker(engine, moving[0]).follow(frame, at=SECONDS)
        assert isinstance(lost, Lost)
        assert lost.why in (LostReason.CHANGED, LostReason.JUMPED, LostReason.OUT_OF_FRAME)
        assert lost.perhaps_another


def test_another_person_in_the_same_place_and_pose_is_lost(
    engine: ResNetEngine, moving: list[np.ndarray]
) -> None:
    for other in _people()[1:6]:
        swapped = render(other, _view(1))
        assert engine.detect(swapped)  # a face is there, and landmarks alone would follow it
        lost = _tracker(engine, moving[0]).follow(swapped, at=SECONDS)
        assert isinstance(lost, Lost)
        assert lost.perhaps_another


@pytest.mark.parametrize("top", [0.1, 0.2])
def test_a_face_behind_a_hand_or_a_sheet_is_lost(
    engine: ResNetEngine, moving: list[np.ndarray], top: float
) -> None:
    tracker = _tracker(engine, moving[0])
    box = engine.detect(moving[0])[0].box
    covered = moving[1].copy()
    rows = slice(int(box.top + top * box.height), int(box.top + (top + 0.6) * box.height))
    covered[rows, int(box.left) : int(box.left + box.width)] = (180, 140, 120)
    assert isinstance(tracker.follow(covered, at=SECONDS), Lost)
