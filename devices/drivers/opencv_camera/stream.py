"""Reading frames with OpenCV: one open source, its stalls, its garbage and its end.

OpenCV's FFMPEG backend hides what a stream does: it scales frames of a new size to the old one,
and answers a broken frame, a closed connection and a timeout alike. MJPEG over HTTP is therefore
taken as it comes, packet by packet, and decoded here, where all of that can be seen.
"""

from __future__ import annotations

import os
import time
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from devices.drivers.opencv_camera.scoring import Image
from devices.drivers.opencv_camera.selection import VideoFrame
from devices.drivers.opencv_camera.settings import CameraSettings, SourceKind
from devices.drivers.opencv_camera.wire import EndCode

MOST_UNDECODABLE: Final = 10
"""How many more broken frames than good ones may come in a row of both."""

_SLOWEST_FPS, _FASTEST_FPS = 1.0, 60.0
_UNKNOWN_FPS: Final = 25.0
_MJPG: Final = int(cv2.VideoWriter.fourcc(*"MJPG"))
# What FFMPEG may open, so that no address and no file makes it open anything else.
_FFMPEG_OPTIONS: Final = {
    SourceKind.FILE: "protocol_whitelist;file",
    SourceKind.HTTP: "protocol_whitelist;http,tcp",
    SourceKind.RTSP: "rtsp_transport;tcp|protocol_whitelist;rtsp,rtp,tcp",
}
_ROTATE: Final = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


class StreamEndedError(Exception):
    """The source gives no frames that could be used; `code` says why."""

    def __init__(self, code: EndCode) -> None:
        """Remember the code."""
        super().__init__(code)
        self.code = code


class VideoStream:
    """An open source; `read` blocks in C, so it belongs into a process that can be killed."""

    def __init__(self, settings: CameraSettings) -> None:
        """Open it; raises StreamEndedError."""
        self._settings = settings
        self._kind = settings.kind
        self._capture = self._open()
        self._size: tuple[int, ...] | None = None
        self._last: Image | None = None
        self._moved_at = time.monotonic()
        self._trouble = 0  # rises with each broken frame, falls with each good one
        self._due = 0.0
        self.undecodable = 0

    def read(self) -> VideoFrame:
        """Wait for the next frame that can be decoded; raises StreamEndedError."""
        while True:
            began_at = time.monotonic()
            raw = self._read_raw()
            read_at = time.monotonic()
            image = None if raw is None else self._decoded(raw)
            if raw is None or image is None:
                self._count_broken()
                continue
            self._trouble = max(0, self._trouble - 1)
            if self._size not in (None, image.shape):
                raise StreamEndedError(EndCode.RESOLUTION_CHANGED)
            self._size = image.shape
            # Of the picture, not of the bytes that it came in: those may hold a clock.
            repeats = self._last is not None and np.array_equal(image, self._last)
            self._last = image
            self._watch_for_freezing(repeats, read_at)
            return VideoFrame(image, began_at, read_at, repeats)

    def close(self) -> None:
        """Give the source up."""
        self._capture.release()

    def _open(self) -> cv2.VideoCapture:
        settings = self._settings
        if self._kind is SourceKind.BUS:
            name = settings.source
            capture = cv2.VideoCapture(int(name) if name.isdigit() else name, cv2.CAP_V4L2)
            if settings.width is not None and settings.height is not None:
                capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
                capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
        else:
            os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = _FFMPEG_OPTIONS[self._kind]
            limits = [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                int(settings.open_timeout * 1000),
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                int(settings.read_timeout * 1000),
            ]
            capture = cv2.VideoCapture(settings.source, cv2.CAP_FFMPEG, limits)
        if not capture.isOpened():
            raise StreamEndedError(EndCode.CANNOT_OPEN)
        if self._kind is SourceKind.HTTP:
            is_mjpeg = int(capture.get(cv2.CAP_PROP_FOURCC)) == _MJPG
            if not is_mjpeg or not capture.set(cv2.CAP_PROP_FORMAT, -1):
                raise StreamEndedError(EndCode.NOT_MJPEG)
        return capture

    def _read_raw(self) -> NDArray[np.uint8] | None:
        """A frame, or a packet of MJPEG; None for a broken frame."""
        started = time.monotonic()
        if self._kind is SourceKind.FILE:
            return self._read_in_step()
        there, raw = self._capture.read()
        if there:
            return raw  # type: ignore[return-value]  # of unsigned bytes in each of our modes
        if time.monotonic() - started >= self._settings.read_timeout * 0.9:
            raise StreamEndedError(EndCode.STALLED)
        if self._kind is SourceKind.HTTP:
            raise StreamEndedError(EndCode.CLOSED)  # a broken frame would have come as a packet
        return None

    def _read_in_step(self) -> NDArray[np.uint8]:
        """A frame of a recording, no sooner than a camera would give it; after the last, the first.

        It is opened anew for that: seeking is not exact in every format, and a recording that was
        taken away ends.
        """
        time.sleep(max(0.0, self._due - time.monotonic()))
        there, raw = self._capture.read()
        if not there:
            self._capture.release()
            self._capture = self._open()
            there, raw = self._capture.read()
            if not there:
                raise StreamEndedError(EndCode.CLOSED)
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        pace = min(_FASTEST_FPS, max(_SLOWEST_FPS, fps)) if fps > 0 else _UNKNOWN_FPS
        self._due = time.monotonic() + 1 / pace
        return raw  # type: ignore[return-value]  # as above

    def _decoded(self, raw: NDArray[np.uint8]) -> Image | None:
        image: Image | None = raw
        if self._kind is SourceKind.HTTP:
            image = _decoded_jpeg(raw.reshape(-1))
        if image is None or image.ndim != 3 or image.shape[2] != 3:
            return None
        return image

    def _count_broken(self) -> None:
        self.undecodable += 1
        self._trouble += 1
        if self._trouble >= MOST_UNDECODABLE:
            # Of other sources OpenCV tells a broken frame and an end alike.
            is_certain = self._kind is SourceKind.HTTP
            raise StreamEndedError(EndCode.GARBAGE if is_certain else EndCode.CLOSED)

    def _watch_for_freezing(self, repeats: bool, now: float) -> None:
        if not repeats or not self._kind.is_live:
            self._moved_at = now
        elif now - self._moved_at >= self._settings.frozen_after:
            raise StreamEndedError(EndCode.FROZEN)


def turned(image: Image, settings: CameraSettings) -> Image:
    """Return the picture as it is to be seen: rotated, then mirrored."""
    if settings.rotation:
        image = cv2.rotate(image, _ROTATE[settings.rotation])  # type: ignore[assignment]
    if settings.mirror:
        image = cv2.flip(image, 1)  # type: ignore[assignment]
    return image


def _decoded_jpeg(data: NDArray[np.uint8]) -> Image | None:
    """The picture, or None; how it is turned is a setting, never the sender's choice."""
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        return cv2.imdecode(data, flags)  # type: ignore[return-value]
    except cv2.error:
        return None  # for example larger than OPENCV_IO_MAX_IMAGE_PIXELS
