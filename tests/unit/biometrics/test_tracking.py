"""Following a face: a scripted finder that, like the real one, finds points in anything."""

import cv2
import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from biometrics import tracking
from biometrics.protocols import RGBPicture
from biometrics.results import Box, FivePoints
from biometrics.tracking import (
    LIKE_BEFORE_MIN,
    FaceTracker,
    LandmarkFinder,
    Lost,
    LostReason,
    Tracked,
)

SIDE = 100
WIDTH, HEIGHT = 320, 240
HOME = (110, 70)
_MEAN_FACE = np.array([[0.86, 0.21], [0.65, 0.23], [0.12, 0.21], [0.33, 0.23], [0.49, 0.63]])
# The box of HOG around a face whose mean square has the side 1.
_BOX_SIDE = 1.36


def _points(left: float, top: float, side: float) -> FivePoints:
    return FivePoints(*(tuple(point) for point in (_MEAN_FACE * side + (left, top)).tolist()))


def _box(left: float, top: float, side: float = SIDE) -> Box:
    margin = (_BOX_SIDE - 1) / 2 * side
    return Box(left - margin, top - margin, _BOX_SIDE * side, _BOX_SIDE * side)


def _texture(seed: int, size: tuple[int, int]) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1, (size[1], size[0])).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 5)
    return np.clip(128 + 60 * soft / soft.std(), 0, 255).astype(np.uint8)


def _frame(
    person: int | None, place: tuple[int, int] = HOME, *, side: int = SIDE, light: float = 1.0
) -> RGBPicture:
    """A hall, and in it the face of a person: a texture that is theirs alone."""
    frame = cv2.resize(_texture(999, (32, 24)), (WIDTH, HEIGHT))
    if person is not None:
        left, top = place
        face = cv2.resize(_texture(person, (SIDE, SIDE)), (side, side))
        inside = (slice(max(top, 0), top + side), slice(max(left, 0), left + side))
        seen = frame[inside].shape
        frame[inside] = face[max(-top, 0) :, max(-left, 0) :][: seen[0], : seen[1]]
    return np.repeat(np.clip(frame * light, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


class Finder(LandmarkFinder):
    """Finds the face where it was told that one is, if that is near; else a mean face."""

    def __init__(self) -> None:
        self.truth: FivePoints | None = None
        self.boxes: list[Box] = []

    def landmarks(self, picture: RGBPicture, box: Box) -> FivePoints:
        self.boxes.append(box)
        if self.truth is not None:
            middle = np.array([box.left + box.width / 2, box.top + box.height / 2])
            if np.hypot(*(self.truth.as_array().mean(axis=0) - middle)) < 0.6 * box.width:
                return self.truth
        side = box.width / _BOX_SIDE
        return _points(box.left + 0.18 * side, box.top + 0.18 * side, side)


@pytest.fixture
def finder() -> Finder:
    return Finder()


@pytest.fixture
def tracker(finder: Finder) -> FaceTracker:
    """A tracker that has just seen person 1 at home."""
    tracker = FaceTracker(finder)
    _begin(tracker)
    return tracker


def _begin(tracker: FaceTracker, at: float = 0.0) -> None:
    tracker.begin(_frame(1), _box(*HOME), _points(*HOME, SIDE), at=at)


def _at(finder: Finder, place: tuple[int, int], side: int = SIDE) -> None:
    finder.truth = _points(*place, side)


def test_a_face_that_stays_is_followed_in_its_own_box(finder: Finder, tracker: FaceTracker) -> None:
    _at(finder, HOME)
    found = tracker.follow(_frame(1), at=0.1)
    assert isinstance(found, Tracked)
    assert found.box == _box(*HOME)
    assert found.landmarks == _points(*HOME, SIDE)
    assert found.likeness == pytest.approx(1)
    assert len(finder.boxes) == 1


def test_a_face_that_walks_is_followed_and_its_box_comes_along(
    finder: Finder, tracker: FaceTracker
) -> None:
    for step in range(1, 10):
        place = (HOME[0] + 9 * step, HOME[1] + 2 * step)
        _at(finder, place)
        found = tracker.follow(_frame(1, place), at=0.1 * step)
        assert isinstance(found, Tracked), step
        assert abs(found.box.left - _box(*place).left) <= 0.11 * found.box.width
        assert found.landmarks == _points(*place, SIDE)


def test_a_face_that_comes_nearer_in_changing_light_is_followed(
    finder: Finder, tracker: FaceTracker
) -> None:
    for step in range(1, 6):
        side = SIDE + 8 * step
        _at(finder, HOME, side)
        found = tracker.follow(_frame(1, side=side, light=1 - 0.1 * step), at=0.1 * step)
        assert isinstance(found, Tracked), step
    assert found.box.width == pytest.approx(_BOX_SIDE * side, rel=0.1)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        np.full((HEIGHT, WIDTH, 3), 128, np.uint8),
        np.full((HEIGHT, WIDTH, 3), 255, np.uint8),
        np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8),
        _frame(None),
        _frame(2),
        _frame(1)[::-1],
        _frame(1, light=0.03),
    ],
    ids=["black", "grey", "white", "noise", "left", "swapped", "upside down", "too dark"],
)
def test_where_the_face_is_gone_or_another_it_is_lost(
    finder: Finder, tracker: FaceTracker, picture: RGBPicture
) -> None:
    _at(finder, HOME)  # a finder says "here is a face" of anything
    lost = tracker.follow(picture, at=0.1)
    assert lost == Lost(LostReason.CHANGED)
    assert lost.perhaps_another
    assert tracker.follow(_frame(1), at=0.2) == Lost(LostReason.NOTHING_FOLLOWED)


def test_landmarks_alone_would_follow_a_blank_frame(
    finder: Finder, tracker: FaceTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Control: what the test above catches is real.
    look = tracking._look(_frame(1), _points(*HOME, SIDE))
    monkeypatch.setattr(tracking, "_look", lambda *_: look)
    _at(finder, HOME)
    assert isinstance(tracker.follow(np.zeros((HEIGHT, WIDTH, 3), np.uint8), at=0.1), Tracked)


@pytest.mark.parametrize(
    ("place", "side"),
    [((HOME[0] + 60, HOME[1]), SIDE), (HOME, 70), (HOME, 140)],
    ids=["aside", "away", "near"],
)
def test_what_no_face_does_within_a_frame_is_a_jump(
    finder: Finder, tracker: FaceTracker, place: tuple[int, int], side: int
) -> None:
    _at(finder, place, side)
    assert tracker.follow(_frame(1, place, side=side), at=0.1) == Lost(LostReason.JUMPED)


def test_points_on_one_spot_or_turned_over_are_a_jump(finder: Finder, tracker: FaceTracker) -> None:
    finder.truth = FivePoints(*[(160.0, 110.0)] * 5)
    assert tracker.follow(_frame(1), at=0.1) == Lost(LostReason.JUMPED)
    _begin(tracker)
    turned = 2 * np.array([160, 105]) - _points(*HOME, SIDE).as_array()
    finder.truth = FivePoints(*(tuple(point) for point in turned.tolist()))
    assert tracker.follow(_frame(1), at=0.1) == Lost(LostReason.JUMPED)


def test_a_face_that_walks_out_is_lost_at_the_edge(finder: Finder) -> None:
    tracker = FaceTracker(finder, largest_frames=100, longest_seconds=100)
    _begin(tracker)
    for step in range(1, 40):
        place = (HOME[0] - 10 * step, HOME[1])
        _at(finder, place)
        found = tracker.follow(_frame(1, place), at=0.1 * step)
        if isinstance(found, Lost):
            break
    assert found == Lost(LostReason.OUT_OF_FRAME)
    assert place[0] < 0


def test_no_chain_of_small_steps_leads_to_somebody_else(finder: Finder) -> None:
    tracker = FaceTracker(finder, largest_frames=100, longest_seconds=100)
    _begin(tracker)
    _at(finder, HOME)
    likenesses, found = [], None
    for step in range(1, 41):
        share = step / 40
        mixed = (1 - share) * _frame(1).astype(float) + share * _frame(2)
        found = tracker.follow(mixed.astype(np.uint8), at=0.1 * step)
        if isinstance(found, Lost):
            break
        likenesses.append(found.likeness)
    assert found == Lost(LostReason.CHANGED)
    # Control: every step by itself looked harmless.
    assert min(likenesses) > LIKE_BEFORE_MIN + 0.1


def test_a_detection_is_due_after_so_many_frames_or_seconds(finder: Finder) -> None:
    _at(finder, HOME)
    tracker = FaceTracker(finder, largest_frames=3, longest_seconds=1.0)
    _begin(tracker)
    for step in range(3):
        assert isinstance(tracker.follow(_frame(1), at=0.1 * step), Tracked)
    due = tracker.follow(_frame(1), at=0.3)
    assert due == Lost(LostReason.DETECTION_DUE)
    assert not due.perhaps_another
    for at in (1.01, -0.1, float("nan")):
        _begin(tracker)
        assert tracker.follow(_frame(1), at=at) == Lost(LostReason.DETECTION_DUE)
    _begin(tracker)
    assert isinstance(tracker.follow(_frame(1), at=1.0), Tracked)


def test_somebody_else_after_a_long_gap_is_not_merely_due(
    finder: Finder, tracker: FaceTracker
) -> None:
    _at(finder, HOME)
    lost = tracker.follow(_frame(2), at=5.0)
    assert lost == Lost(LostReason.CHANGED)


def test_another_frame_size_is_another_camera(tracker: FaceTracker) -> None:
    lost = tracker.follow(_frame(1)[:-1], at=0.1)
    assert lost == Lost(LostReason.ANOTHER_FRAME_SIZE)


def test_nothing_is_followed_that_shows_nothing(finder: Finder) -> None:
    tracker = FaceTracker(finder)
    for picture, landmarks in (
        (np.zeros((HEIGHT, WIDTH, 3), np.uint8), _points(*HOME, SIDE)),
        (_frame(1), _points(-500, -500, SIDE)),
        (_frame(1), FivePoints(*[(10.0, 10.0)] * 5)),
        (_frame(1), FivePoints(*[(float("nan"), 10.0)] * 5)),
    ):
        tracker.begin(picture, _box(*HOME), landmarks, at=0)
        assert tracker.follow(_frame(1), at=0.1) == Lost(LostReason.NOTHING_FOLLOWED)


def test_what_is_forgotten_is_not_followed(finder: Finder, tracker: FaceTracker) -> None:
    _at(finder, HOME)
    tracker.forget()
    assert tracker.follow(_frame(1), at=0.1) == Lost(LostReason.NOTHING_FOLLOWED)


class Following(RuleBasedStateMachine):
    """Whatever happens before the camera, a tracked frame shows who was detected."""

    def __init__(self) -> None:
        super().__init__()
        self.finder = Finder()
        self.tracker = FaceTracker(self.finder, largest_frames=4, longest_seconds=1.0)
        self.detected: int | None = None
        self.frames = 0
        self.now = self.began = 0.0
        self.place = HOME
        self.found: Tracked | Lost | None = None
        self.shown: int | None = None

    @initialize(person=st.integers(1, 3))
    def detection(self, person: int) -> None:
        self.place = HOME
        self.tracker.begin(_frame(person), _box(*HOME), _points(*HOME, SIDE), at=self.now)
        self.detected, self.frames, self.began = person, 0, self.now

    @precondition(lambda self: isinstance(self.found, Lost))
    @rule(person=st.integers(1, 3))
    def detection_again(self, person: int) -> None:
        self.found = None
        self.detection(person)

    @rule(
        person=st.one_of(st.none(), st.integers(1, 3)),
        step=st.tuples(st.integers(-12, 12), st.integers(-6, 6)),
        wait=st.floats(0.01, 0.4),
    )
    def frame(self, person: int | None, step: tuple[int, int], wait: float) -> None:
        self.now += wait
        self.place = (self.place[0] + step[0], self.place[1] + step[1])
        _at(self.finder, self.place)
        self.found = self.tracker.follow(_frame(person, self.place), at=self.now)
        self.shown = person
        if isinstance(self.found, Tracked):
            self.frames += 1
            assert person == self.detected
            assert self.found.likeness >= LIKE_BEFORE_MIN
        else:
            expected_due = self.frames >= 4 or self.now - self.began > 1.0
            if self.detected is not None and person == self.detected and not expected_due:
                # Nothing but the edge of the frame takes away whom it has seen.
                assert self.found.why in (LostReason.OUT_OF_FRAME, LostReason.CHANGED)
                left, top = self.place
                assert not (20 < left < WIDTH - SIDE - 20 and 20 < top < HEIGHT - SIDE - 20)
            self.detected = None

    @invariant()
    def no_detection_is_relied_on_for_long(self) -> None:
        assert self.frames <= 4
        if isinstance(self.found, Tracked):
            assert self.now - self.began <= 1.0


Following.TestCase.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)
TestFollowing = Following.TestCase
