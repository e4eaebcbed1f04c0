"""Signals of presentation attacks on generated pictures: each answers to its cause alone."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biometrics.presentation_attack import (
    MeasuredSignal,
    PadFrame,
    PresentationAssessment,
    PresentationStatus,
    SignalName,
    SignalNotMeasured,
    assess,
)
from biometrics.presentation_attack.results import Signal
from biometrics.results import Box, FivePoints

BOX = Box(220, 140, 200, 200)


def _points(*, yaw: float = 0.0, roll: float = 0.0, scale: float = 1.0, depth: float = 0.43):
    """Five points of a rigid head (`depth` 0: of a plane) in orthographic view, 80 px eyes."""
    left_outer, left_inner = (0.75, 0.0, 0.0), (0.25, 0.02, 0.0)
    head = np.array(
        [
            left_outer,
            left_inner,
            (-left_outer[0], 0.0, 0.0),
            (-left_inner[0], 0.02, 0.0),
            (0.0, 0.7, depth),
        ]
    )
    a, r = np.deg2rad(yaw), np.deg2rad(roll)
    x = head[:, 0] * np.cos(a) + head[:, 2] * np.sin(a)
    y = head[:, 1]
    turned = np.stack([x * np.cos(r) + y * np.sin(r), y * np.cos(r) - x * np.sin(r)], axis=1)
    return FivePoints(*[(320 + 80 * scale * u, 200 + 80 * scale * v) for u, v in turned])


def _face(noise: float = 2.0, seed: int = 0) -> np.ndarray:
    """Something with the dark and bright, the colours and the smoothness of a face."""
    rng = np.random.default_rng(seed)
    picture = np.full((480, 640, 3), (120, 124, 128), np.float32)
    cv2.ellipse(picture, (320, 250), (90, 120), 0, 0, 360, (205, 160, 130), -1)
    for x in (285, 355):
        cv2.circle(picture, (x, 220), 9, (30, 20, 15), -1)
    cv2.ellipse(picture, (320, 300), (30, 9), 0, 0, 360, (160, 70, 70), -1)
    picture = cv2.GaussianBlur(picture, (0, 0), 3)
    return np.clip(picture + noise * rng.standard_normal(picture.shape), 0, 255).astype(np.uint8)


def _frame(picture: np.ndarray | None = None, *, at: float = 0.0, **more) -> PadFrame:
    points = more.pop("landmarks", _points())
    return PadFrame(_face() if picture is None else picture, BOX, points, at, **more)


def _signal(assessment: PresentationAssessment, name: SignalName) -> Signal:
    (found,) = (signal for signal in assessment.signals if signal.name is name)
    return found


def _still(picture: np.ndarray) -> PresentationAssessment:
    return assess([_frame(picture)])


def _sequence(n: int = 4, **points) -> list[PadFrame]:
    return [_frame(_face(seed=i), at=float(i)) for i in range(n)]


def test_an_ordinary_still_is_unsuspicious_and_says_what_one_still_cannot_tell() -> None:
    assessment = _still(_face())
    assert assessment.status is PresentationStatus.NOTHING_SUSPICIOUS
    assert assessment.suspicious == ()
    unmeasured = {s.name for s in assessment.signals if isinstance(s, SignalNotMeasured)}
    assert unmeasured == {
        SignalName.MISSING_PARALLAX,
        SignalName.REPEATED_FRAMES,
        SignalName.CAPTURE_ORDER,
        SignalName.UNCHANGED_PIXELS,
        SignalName.FLAT_DEPTH,
        SignalName.DARK_INFRARED,
        SignalName.FEATURELESS_INFRARED,
    }


def test_every_signal_is_reported_once() -> None:
    names = [signal.name for signal in _still(_face()).signals]
    assert sorted(names) == sorted(SignalName)


def test_no_frame_is_not_measured() -> None:
    assessment = assess([])
    assert assessment.status is PresentationStatus.NOT_MEASURED
    assert assessment.score is None


@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.3, 1.0)])
def test_a_fine_grating_is_a_peak_of_the_spectrum(direction: tuple[float, float]) -> None:
    down, across = np.mgrid[0:480, 0:640]
    wave = np.sin(2.1 * (across * direction[0] + down * direction[1]))
    gratings = _face().astype(float) + 6 * wave[..., None]
    signal = _signal(_still(gratings.clip(0, 255).astype(np.uint8)), SignalName.SPECTRAL_PEAKS)
    assert isinstance(signal, MeasuredSignal)
    assert signal.suspicion >= 0.5


def test_the_blocks_of_a_hard_jpeg_are_no_peak() -> None:
    _, data = cv2.imencode(".jpg", _face(), [cv2.IMWRITE_JPEG_QUALITY, 40])
    signal = _signal(_still(cv2.imdecode(data, cv2.IMREAD_COLOR)), SignalName.SPECTRAL_PEAKS)
    assert isinstance(signal, MeasuredSignal)
    assert signal.suspicion < 0.5


def test_a_coarse_pattern_is_no_peak() -> None:
    """Shirts and shadows: wavelengths above 9 px belong to the scene."""
    wave = 40 * np.sin(np.arange(640) * 2 * np.pi / 16)
    striped = (_face().astype(float) + wave[None, :, None]).clip(0, 255).astype(np.uint8)
    signal = _signal(_still(striped), SignalName.SPECTRAL_PEAKS)
    assert isinstance(signal, MeasuredSignal)
    assert signal.suspicion < 0.5


def test_a_face_without_blacks_and_colours_is_a_compressed_gamut() -> None:
    washed = (0.25 * _face().astype(float) + 120).astype(np.uint8)
    assert SignalName.COMPRESSED_GAMUT in _still(washed).suspicious


def test_a_dim_face_is_no_compressed_gamut() -> None:
    dim = (0.5 * _face().astype(float)).astype(np.uint8)
    assert SignalName.COMPRESSED_GAMUT not in _still(dim).suspicious


def test_a_mirrored_lamp_is_a_burnt_highlight() -> None:
    picture = _face()
    assert SignalName.BURNT_HIGHLIGHTS not in _still(picture).suspicious
    cv2.ellipse(picture, (300, 230), (22, 12), 20, 0, 360, (255, 255, 255), -1)
    assert SignalName.BURNT_HIGHLIGHTS in _still(picture).suspicious


@pytest.mark.parametrize("colour", [(245, 245, 240), (12, 12, 14)])
def test_paper_and_bezel_surround_a_face(colour: tuple[int, int, int]) -> None:
    picture = _face()
    corners = np.array([[190, 60], [470, 75], [460, 440], [180, 430]])
    cv2.polylines(picture, [corners], True, colour, 14)
    assert _still(picture).suspicious == (SignalName.SURROUNDING_FRAME,)


def test_three_straight_edges_are_a_door() -> None:
    picture = _face()
    cv2.polylines(picture, [np.array([[190, 479], [190, 60], [470, 60], [470, 479]])], False, 0, 14)
    # Two posts that leave at the bottom, and the lintel.
    assert SignalName.SURROUNDING_FRAME not in _still(picture).suspicious


def test_the_padding_of_a_picture_is_no_bezel() -> None:
    padded = np.zeros((480, 640, 3), np.uint8)
    padded[70:430, 190:460] = _face()[70:430, 190:460]
    assert SignalName.SURROUNDING_FRAME not in _still(padded).suspicious


@pytest.mark.parametrize(
    "box",
    [
        Box(-90, -90, 100, 100),
        Box(600, 440, 200, 200),
        Box(10, 10, 3, 3),
        Box(900, 900, 80, 80),
        Box(0, 0, 4000, 4000),
        Box(float("nan"), 0, 80, 80),
        Box(0, 0, float("inf"), 80),
        Box(50, 50, -80, 80),
    ],
)
def test_boxes_at_and_beyond_the_border_are_measured_or_not_but_never_raise(box: Box) -> None:
    depth = np.full((480, 640), 500.0, np.float32)
    frames = [
        replace(frame, box=box, depth=depth, infrared=depth, infrared_full=1000.0)
        for frame in _sequence()
    ]
    assess(frames, head_turn_requested=True)
    assess(frames[:1])


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_blank_picture_has_no_spectrum(level: int) -> None:
    blank = np.full((480, 640, 3), level, np.uint8)
    signal = _signal(_still(blank), SignalName.SPECTRAL_PEAKS)
    assert isinstance(signal, MeasuredSignal)
    assert signal.raw == 0


def _turning(depth: float, *, requested: bool = True, yaws=(0, 0, 12, 24, 24)) -> Signal:
    frames = [
        _frame(_face(seed=i), at=i, landmarks=_points(yaw=yaw, depth=depth))
        for i, yaw in enumerate(yaws)
    ]
    assessment = assess(frames, head_turn_requested=requested)
    return _signal(assessment, SignalName.MISSING_PARALLAX)


def test_the_nose_of_a_head_that_turns_moves_and_that_of_a_picture_stays() -> None:
    head, paper = _turning(0.43), _turning(0.0)
    assert isinstance(head, MeasuredSignal)
    assert isinstance(paper, MeasuredSignal)
    assert head.suspicion == 0
    assert paper.suspicion >= 0.5


def test_a_flat_nose_that_turned_is_a_head() -> None:
    flat = _turning(0.28)
    assert isinstance(flat, MeasuredSignal)
    assert flat.suspicion < 0.5


def test_nothing_turned_is_not_measured() -> None:
    assert isinstance(_turning(0.43, yaws=(0, 0, 1, 0, 0)), SignalNotMeasured)
    assert isinstance(_turning(0.43, requested=False), SignalNotMeasured)


def test_a_repeated_frame_is_certain() -> None:
    frames = _sequence()
    assert assess(frames).status is PresentationStatus.NOTHING_SUSPICIOUS
    looped = [*frames, replace(frames[1], captured_at=9.0)]
    signal = _signal(assess(looped), SignalName.REPEATED_FRAMES)
    assert isinstance(signal, MeasuredSignal)
    assert (signal.raw, signal.suspicion) == (1, 1.0)


@pytest.mark.parametrize("times", [(0.0, 1.0, 1.0), (0.0, 2.0, 1.0), (0.0, float("nan"), 2.0)])
def test_a_clock_that_does_not_advance_is_suspicious(times: tuple[float, ...]) -> None:
    frames = [_frame(_face(seed=i), at=at) for i, at in enumerate(times)]
    assert SignalName.CAPTURE_ORDER in assess(frames).suspicious


def test_a_rendering_without_noise_does_not_change_where_nothing_moves() -> None:
    frames = []
    for i in range(3):
        picture = _face(noise=0)
        moved = np.roll(picture[140:400, 230:410], i, axis=1)
        picture[140:400, 230:410] = moved
        frames.append(_frame(picture, at=float(i)))
    suspicious = assess(frames).suspicious
    assert SignalName.UNCHANGED_PIXELS in suspicious
    assert SignalName.REPEATED_FRAMES not in suspicious


def test_frames_of_different_sizes_are_not_compared() -> None:
    other = cv2.resize(_face(), (320, 240))
    signal = _signal(assess([_frame(), _frame(other, at=1.0)]), SignalName.UNCHANGED_PIXELS)
    assert isinstance(signal, SignalNotMeasured)


def _relief(height: float) -> np.ndarray:
    down, across = np.mgrid[0:480, 0:640].astype(np.float32)
    nose = np.exp(-(((across - 320) / 25) ** 2) - ((down - 250) / 40) ** 2)
    tilted = 500 + 0.2 * across - 0.1 * down
    noise = np.random.default_rng(0).normal(0, 1.0, tilted.shape)
    return (tilted - height * nose + noise).astype(np.float32)


def test_a_tilted_plane_is_flat_and_a_nose_is_not() -> None:
    flat = assess([_frame(depth=_relief(0.0))])
    head = assess([_frame(depth=_relief(40.0))])
    assert SignalName.FLAT_DEPTH in flat.suspicious
    assert SignalName.FLAT_DEPTH not in head.suspicious


@pytest.mark.parametrize(
    "depth",
    [np.zeros((480, 640)), np.full((480, 640), np.nan), np.full((240, 320), 500.0)],
    ids=["no return", "not a number", "another size"],
)
def test_depth_that_tells_nothing_is_not_measured(depth: np.ndarray) -> None:
    signal = _signal(assess([_frame(depth=depth)]), SignalName.FLAT_DEPTH)
    assert isinstance(signal, SignalNotMeasured)


def test_screens_are_dark_and_inks_featureless_in_infrared() -> None:
    gray = cv2.cvtColor(_face(), cv2.COLOR_RGB2GRAY)
    assert assess([_frame(infrared=gray)]).suspicious == ()
    dark = assess([_frame(infrared=np.full_like(gray, 3))])
    assert dark.suspicious == (SignalName.DARK_INFRARED,)
    even = assess([_frame(infrared=np.full_like(gray, 120))])
    assert even.suspicious == (SignalName.FEATURELESS_INFRARED,)


def test_one_frame_with_a_mirrored_lamp_accuses_nobody() -> None:
    frames = _sequence(5)
    burnt = frames[2].picture.copy()
    burnt[200:260, 280:330] = 255
    frames[2] = replace(frames[2], picture=burnt)
    assert assess(frames[2:3]).status is PresentationStatus.SUSPICIOUS
    assert assess(frames).status is PresentationStatus.NOTHING_SUSPICIOUS


_suspicions = st.lists(
    st.tuples(st.sampled_from(SignalName), st.floats(0, 1)), min_size=0, max_size=8
)


@given(_suspicions, st.floats(0, 1))
def test_a_further_signal_never_lowers_the_score(
    some: list[tuple[SignalName, float]], more: float
) -> None:
    signals = tuple(MeasuredSignal(name, 0.0, "x", value) for name, value in some)
    before = PresentationAssessment(signals, 1, "v")
    added = MeasuredSignal(SignalName.FLAT_DEPTH, 0.0, "mm", more)
    after = PresentationAssessment((*signals, added), 1, "v")
    assert after.score is not None
    assert after.score >= (before.score or 0.0)
    if before.status is PresentationStatus.SUSPICIOUS:
        assert after.status is PresentationStatus.SUSPICIOUS


def test_there_is_no_status_that_says_alive() -> None:
    assert set(PresentationStatus) == {"nothing_suspicious", "suspicious", "not_measured"}


def test_a_frame_shows_neither_face_nor_picture_in_its_repr() -> None:
    assert "array" not in repr(_frame())
    assert "320" not in repr(_frame())
