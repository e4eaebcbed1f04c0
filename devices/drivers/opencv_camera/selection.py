"""The best frame of those that were exposed after a capture was asked for; no clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

from devices.drivers.opencv_camera.scoring import Image, Score
from devices.drivers.opencv_camera.wire import Capture


@dataclass(frozen=True, eq=False, slots=True)
class VideoFrame:
    """One frame as it was read."""

    image: Image
    began_at: float  # when we began to wait for it, time.monotonic() seconds
    read_at: float  # when it was there
    repeats: bool  # whether it is the same, bit by bit, as the one before it


class Selection:
    """Collects the frames of one capture."""

    def __init__(
        self, capture: Capture, score: Score, *, frames: int, watch: float, live: bool
    ) -> None:
        """Choose among at least `frames` frames of at least `watch` seconds, if there is time.

        Of a `live` source at least two frames must differ: a camera that shows the same frame
        over and over may show the traveler before this one.
        """
        self.capture = capture
        self.considered = 0
        self.best: VideoFrame | None = None
        self._score = score
        self._frames = frames
        self._enough_at = capture.asked_at + watch
        self._moves = not live
        self._best_score = 0.0

    def consider(self, frame: VideoFrame) -> None:
        """Take a frame into account, unless its exposure may have begun before the request."""
        if frame.began_at < self.capture.asked_at:
            return
        self.considered += 1
        if self.considered > 1 and not frame.repeats:
            self._moves = True
        score = self._score(frame.image)
        if score is not None and (self.best is None or score > self._best_score):
            self.best, self._best_score = frame, score

    def is_settled(self, now: float) -> bool:
        """Whether the best frame is to be handed on now."""
        if self.best is None or not self._moves:
            return False
        complete = self.considered >= self._frames and now >= self._enough_at
        return complete or now >= self.capture.settle_at

    def is_over(self, now: float) -> bool:
        """Whether nobody waits for this capture any more."""
        return now >= self.capture.give_up_at
