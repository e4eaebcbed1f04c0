"""The parts of the OpenCV camera that need no process: settings, messages, choice, picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.drivers.opencv_camera.glass import Glass
from devices.drivers.opencv_camera.scoring import Image, central_quality
from devices.drivers.opencv_camera.selection import Selection, VideoFrame
from devices.drivers.opencv_camera.settings import CameraSettings, SettingsError, SourceKind
from devices.drivers.opencv_camera.stream import turned
from devices.drivers.opencv_camera.wire import (
    Beat,
    Capture,
    EndCode,
    Ended,
    Open,
    Opened,
    Report,
    Seen,
    Taken,
    WireError,
    decode_order,
    decode_report,
    encode_order,
    encode_report,
)

JPEG = b"\xff\xd8\xff\xe0 picture"
BOARD = ((np.indices((120, 160)).sum(0) // 8) % 2 * 80 + 80).astype(np.uint8)
SHARP: Image = np.repeat(BOARD[:, :, np.newaxis], 3, axis=2)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("0", SourceKind.BUS),
        ("/dev/v4l/by-id/usb-Maker_Camera_0001-video-index0", SourceKind.BUS),
        ("http://10.0.0.7/video.mjpg", SourceKind.HTTP),
        ("rtsp://user:secret@10.0.0.7/1", SourceKind.RTSP),
        ("/srv/recording.mp4", SourceKind.FILE),
    ],
)
def test_a_source_is_what_it_is_written_like(source: str, kind: SourceKind) -> None:
    settings = CameraSettings.from_mapping({"source": source})
    assert settings.kind is kind
    assert CameraSettings.from_mapping(settings.to_mapping()) == settings
    assert "source" not in repr(settings)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "source"),
        ({"source": ""}, "source"),
        ({"source": 0}, "source"),
        ({"source": "https://10.0.0.7/x"}, "source"),
        ({"source": "concat://a|b"}, "source"),
        ({"source": "0\n"}, "source"),
        ({"source": "0", "zoom": 2}, "zoom"),
        ({"source": "0", "rotation": 45}, "rotation"),
        ({"source": "0", "rotation": True}, "rotation"),
        ({"source": "0", "mirror": 1}, "mirror"),
        ({"source": "0", "width": 640}, "height"),
        ({"source": "http://10.0.0.7/x", "width": 640, "height": 480}, "width"),
        ({"source": "0", "jpeg_quality": 101}, "jpeg_quality"),
        ({"source": "0", "frames": 1}, "frames"),
        ({"source": "0", "read_timeout": float("nan")}, "read_timeout"),
        ({"source": "0", "frozen_after": "5"}, "frozen_after"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(settings: dict[str, object], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        CameraSettings.from_mapping(settings)


@pytest.mark.parametrize(
    "report",
    [
        Opened(640, 480),
        Beat(7, 1),
        Taken(3, 12.5, 8, JPEG),
        Seen(1.5, JPEG),
        *(Ended(code) for code in EndCode),
    ],
)
def test_reports_survive_the_way(report: Report) -> None:
    assert decode_report(encode_report(report)) == report


@pytest.mark.parametrize("order", [Open(CameraSettings("0")), Capture(1, 1.0, 2.0, 3.0)])
def test_orders_survive_the_way(order: Open | Capture) -> None:
    assert decode_order(encode_order(order)) == order


@pytest.mark.parametrize(
    "frame",
    [
        ({}, ()),
        ({"type": "unknown"}, ()),
        ({"type": "beat", "frames": 1}, ()),
        ({"type": "beat", "frames": True, "undecodable": 0}, ()),
        ({"type": "beat", "frames": -1, "undecodable": 0}, ()),
        ({"type": "beat", "frames": 1, "undecodable": 0}, (b"",)),
        ({"type": "ended", "code": "tired"}, ()),
        ({"type": "taken", "job": 1, "captured_at": 1.0, "considered": 1}, ()),
        ({"type": "taken", "job": 1, "captured_at": 1.0, "considered": 1}, (b"GIF89a",)),
        ({"type": "taken", "job": 1, "captured_at": float("inf"), "considered": 1}, (JPEG,)),
    ],
)
def test_a_report_that_is_none_is_refused(frame: tuple[dict[str, object], tuple[bytes]]) -> None:
    with pytest.raises(WireError):
        decode_report(frame)


def test_of_one_scene_the_sharp_and_well_lit_frame_scores_best() -> None:
    blurred = np.asarray(cv2.GaussianBlur(SHARP, (0, 0), 4), np.uint8)
    burnt = np.where(SHARP > 100, 255, 0).astype(np.uint8)
    dark = (SHARP // 20).astype(np.uint8)
    worse = [central_quality(image) for image in (blurred, burnt, dark, np.zeros_like(SHARP))]
    assert central_quality(SHARP) > max(worse)
    assert worse[-1] == 0.0


def test_only_the_middle_of_a_frame_counts() -> None:
    edges = SHARP.copy()
    edges[30:90, 40:120] = 120
    assert central_quality(edges) < central_quality(SHARP) / 10


def frame(at: float, *, level: int = 0, repeats: bool = False, lag: float = 0.01) -> VideoFrame:
    return VideoFrame(np.full((2, 2, 3), level, np.uint8), at - lag, at, repeats)


def brightness(image: Image) -> float | None:
    level = int(image[0, 0, 0])
    return None if level == 99 else level


def selection(*, live: bool = True, settle_at: float = 5.0) -> Selection:
    capture = Capture(1, 0.0, settle_at, 10.0)
    return Selection(capture, brightness, frames=3, watch=1.0, live=live)


def test_the_best_of_enough_frames_of_enough_time_is_chosen() -> None:
    chosen = selection()
    for number, level in enumerate((10, 30, 20, 5)):
        assert not chosen.is_settled(0.3 * number)
        chosen.consider(frame(0.3 * number + 0.1, level=level))
    assert not chosen.is_settled(0.99)
    assert chosen.is_settled(1.0)
    assert chosen.best is not None
    assert chosen.best.image[0, 0, 0] == 30


def test_a_frame_that_was_on_its_way_before_the_request_is_none() -> None:
    chosen = selection()
    chosen.consider(frame(0.005, level=200))
    assert (chosen.considered, chosen.best) == (0, None)


def test_few_frames_are_enough_when_the_time_runs_out() -> None:
    chosen = selection(settle_at=2.0)
    chosen.consider(frame(0.5))
    chosen.consider(frame(1.5))
    assert not chosen.is_settled(1.9)
    assert chosen.is_settled(2.0)
    assert (chosen.is_over(9.9), chosen.is_over(10.0)) == (False, True)


def test_frames_that_the_score_refuses_are_never_chosen() -> None:
    chosen = selection()
    for at in (0.5, 1.0, 1.5):
        chosen.consider(frame(at, level=99))
    assert not chosen.is_settled(9.0)


@given(st.integers(2, 30), st.booleans())
def test_a_live_camera_that_repeats_itself_never_settles(count: int, live: bool) -> None:
    chosen = selection(live=live)
    for number in range(count):
        chosen.consider(frame(0.1 + number / 10, repeats=number > 0))
    assert chosen.is_settled(9.0) is not live
    chosen.consider(frame(9.1))
    assert chosen.is_settled(9.2)


def test_turning_is_clockwise_and_mirroring_comes_after_it() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 0] = 1  # upper left
    corners = {
        (rotation, mirror): tuple(
            int(index[0])
            for index in np.nonzero(
                turned(image, CameraSettings("0", rotation=rotation, mirror=mirror))[:, :, 0]
            )
        )
        for rotation in (0, 90, 180, 270)
        for mirror in (False, True)
    }
    assert corners == {
        (0, False): (0, 0),
        (0, True): (0, 2),
        (90, False): (0, 1),
        (90, True): (0, 0),
        (180, False): (1, 2),
        (180, True): (1, 0),
        (270, False): (2, 0),
        (270, True): (2, 1),
    }


BARE: Image = np.full((120, 160, 3), 90, np.uint8)


def rests(frames: list[tuple[float, Image]], *, detail: float = 0.02) -> list[float]:
    """When the pictures that a camera over documents hands on were taken."""
    glass = Glass(still=0.3, detail=detail)
    found = [glass.consider(VideoFrame(image, at, at, False)) for at, image in frames]
    return [frame.read_at for frame in found if frame is not None]


def test_a_page_is_picked_once_when_it_has_come_to_rest() -> None:
    frames = [(0.0, BARE), *((0.1 * n, SHARP) for n in range(1, 12))]
    assert len(rests(frames)) == 1
    assert rests(frames[1:]) == []  # it lay there before
    assert rests(frames[:4]) == []  # not at rest yet


def test_what_is_in_motion_or_bare_is_not_picked() -> None:
    waved = [(0.1 * n, SHARP if n % 2 else BARE) for n in range(20)]
    assert rests(waved) == []
    noise = np.random.default_rng(3).normal(0, 4, BARE.shape)
    noisy = np.clip(BARE + noise + 40, 0, 255).astype(np.uint8)  # somebody switched the light on
    assert rests([(0.0, BARE), *((0.1 * n, noisy) for n in range(1, 12))]) == []


def test_the_sharpest_frame_of_the_rest_is_picked() -> None:
    soft = np.asarray(cv2.GaussianBlur(SHARP, (0, 0), 1.0), np.uint8)
    frames = [(0.0, BARE), (0.1, soft), (0.2, soft), (0.3, SHARP), (0.4, soft), (0.5, soft)]
    assert rests(frames) == [0.3]
