"""Frames that come again, and clocks that run backwards: a stream that no camera delivers.

The noise of a sensor makes two pictures of the very same scene differ, so equal pixels mean one
picture shown twice. Blind to: a recording that is played once.
"""

from collections.abc import Sequence
from itertools import pairwise

from biometrics.presentation_attack.results import PadFrame, Signal, SignalName, SignalNotMeasured
from biometrics.presentation_attack.thresholds import judged

_ONE = "needs two frames"


def measure_repeated_frames(frames: Sequence[PadFrame]) -> Signal:
    """Return how many frames equal an earlier one."""
    if len(frames) < 2:
        return SignalNotMeasured(SignalName.REPEATED_FRAMES, _ONE)
    different = len({frame.digest for frame in frames})
    return judged(SignalName.REPEATED_FRAMES, len(frames) - different)


def measure_capture_order(frames: Sequence[PadFrame]) -> Signal:
    """Return how many frames were captured no later than the one before."""
    if len(frames) < 2:
        return SignalNotMeasured(SignalName.CAPTURE_ORDER, _ONE)
    times = [frame.captured_at for frame in frames]
    backwards = sum(not later > earlier for earlier, later in pairwise(times))
    return judged(SignalName.CAPTURE_ORDER, backwards)
