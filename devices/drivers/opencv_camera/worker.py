"""The process that holds a camera: reads without a pause, and hands on the best frame on request.

Run as `python -m devices.drivers.opencv_camera.worker` by the driver. Another measure of which
frame is best (for example one that finds faces) is a module of its own that calls
`serve(its_score)`, named to `driver.open_camera` as `worker`.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from typing import BinaryIO, Final

import cv2

from devices.drivers.opencv_camera.glass import Glass
from devices.drivers.opencv_camera.scoring import Score, central_quality
from devices.drivers.opencv_camera.selection import Selection, VideoFrame
from devices.drivers.opencv_camera.settings import CameraSettings
from devices.drivers.opencv_camera.stream import StreamEndedError, VideoStream, turned
from devices.drivers.opencv_camera.wire import (
    Beat,
    Capture,
    Ended,
    Open,
    Opened,
    Report,
    Seen,
    Taken,
    WireError,
    decode_order,
    encode_report,
)
from devices.processes.child import enter
from devices.processes.frames import FrameError, encode_frame, read_frame_blocking
from devices.readings import Capability

_BEAT_SECONDS: Final = 0.1
_BROKEN: Final = 2


def serve(score: Score = central_quality) -> None:
    """Open the camera that the first message names, and serve it until it or the service ends."""
    requests, answers = enter()
    cv2.setNumThreads(1)  # the cores are for the measuring of faces, which travelers wait for
    orders = _Orders(requests)
    try:
        opening = orders.wait()
        if isinstance(opening, Open):
            threading.Thread(target=orders.listen, daemon=True).start()
            if opening.settings.capability is Capability.DOCUMENT_READER:
                _watch(opening.settings, answers)
            else:
                _film(opening.settings, score, orders, answers)
    except StreamEndedError as error:
        _say(answers, Ended(error.code))
    except BrokenPipeError:
        pass  # the service has gone
    os._exit(0)  # the thread may hold the lock of standard input


class _Orders:
    """What the service asks for; only the newest capture counts."""

    def __init__(self, requests: BinaryIO) -> None:
        self._requests = requests
        self._captures: queue.SimpleQueue[Capture] = queue.SimpleQueue()

    def wait(self) -> Open | Capture | None:
        """Wait for the next message; None: the service has gone."""
        frame = read_frame_blocking(self._requests)
        return None if frame is None else decode_order(frame)

    def listen(self) -> None:
        """Take captures until the service goes, whatever the camera is doing then."""
        try:
            while (order := self.wait()) is not None:
                if isinstance(order, Capture):
                    self._captures.put(order)
        except (FrameError, WireError):
            os._exit(_BROKEN)
        os._exit(0)

    def take(self) -> Capture | None:
        """The newest capture, if one has come since the last call."""
        capture = None
        while not self._captures.empty():
            capture = self._captures.get()
        return capture


def _watch(settings: CameraSettings, answers: BinaryIO) -> None:
    """Hand on a picture of every document that comes to rest."""
    stream = VideoStream(settings)
    height, width = turned(stream.read().image, settings).shape[:2]
    _say(answers, Opened(width, height))
    glass = Glass(still=settings.still, detail=settings.detail)
    frames = 1
    beat_at = 0.0
    while True:
        frame = stream.read()
        frames += 1
        if frame.read_at >= beat_at:
            _say(answers, Beat(frames, stream.undecodable))
            beat_at = frame.read_at + _BEAT_SECONDS
        page = glass.consider(frame)
        if page is not None:
            _say(answers, Seen(page.read_at, _jpeg(page, settings)))


def _film(settings: CameraSettings, score: Score, orders: _Orders, answers: BinaryIO) -> None:
    stream = VideoStream(settings)
    height, width = turned(stream.read().image, settings).shape[:2]
    _say(answers, Opened(width, height))
    frames = 1
    selection: Selection | None = None
    beat_at = 0.0
    while True:
        frame = stream.read()
        frames += 1
        if frame.read_at >= beat_at:
            _say(answers, Beat(frames, stream.undecodable))
            beat_at = frame.read_at + _BEAT_SECONDS
        if (capture := orders.take()) is not None:
            selection = Selection(
                capture,
                score,
                frames=settings.frames,
                watch=settings.watch,
                live=settings.kind.is_live,
            )
        if selection is None:
            continue
        selection.consider(frame)
        now = time.monotonic()
        if selection.is_over(now):
            selection = None
        elif selection.best is not None and selection.is_settled(now):
            best = selection.best
            job, considered = selection.capture.job, selection.considered
            _say(answers, Taken(job, best.read_at, considered, _jpeg(best, settings)))
            selection = None


def _jpeg(frame: VideoFrame, settings: CameraSettings) -> bytes:
    quality = [cv2.IMWRITE_JPEG_QUALITY, settings.jpeg_quality]
    return cv2.imencode(".jpg", turned(frame.image, settings), quality)[1].tobytes()


def _say(answers: BinaryIO, report: Report) -> None:
    answers.write(encode_frame(*encode_report(report)))
    answers.flush()


if __name__ == "__main__":
    serve()
