"""Pixels that do not change: a frozen picture, or a rendering without a sensor's noise.

The raw value is the largest share, over consecutive frames, of pixels that are exactly the same in
both, of the face or of what surrounds it, whichever is larger. Pixels at either end of the scale
are left out: they are clipped and cannot vary.

Blind to: injected streams with noise of their own. Not for cameras that compress between frames
(H.264 and the like copy still blocks); the product's cameras deliver single pictures.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from biometrics.presentation_attack.region import cut
from biometrics.presentation_attack.results import PadFrame, Signal, SignalName, SignalNotMeasured
from biometrics.presentation_attack.thresholds import judged

_CLIPPED_BELOW, _CLIPPED_ABOVE = 8, 247
_LEAST_PIXELS = 1000
_MOST_PAIRS = 8
_ENOUGH_PIXELS = 100_000


def measure_unchanged_pixels(frames: Sequence[PadFrame]) -> Signal:
    """Return the largest share of unchanged pixels, 0 to 1."""
    name = SignalName.UNCHANGED_PIXELS
    if len(frames) < 2:
        return SignalNotMeasured(name, "needs two frames")
    pairs = list(pairwise(frames))
    step = -(-len(pairs) // _MOST_PAIRS)
    shares = [
        share
        for earlier, later in pairs[::step]
        if earlier.picture.shape == later.picture.shape
        for share in _shares(earlier, later)
    ]
    if not shares:
        return SignalNotMeasured(name, "no two consecutive frames can be compared")
    return judged(name, max(shares))


def _shares(earlier: PadFrame, later: PadFrame) -> list[float]:
    height, width = later.picture.shape[:2]
    # A share of so many pixels needs no more of them.
    step = max(1, int(np.sqrt(height * width / _ENOUGH_PIXELS)))
    face: NDArray[np.bool_] = np.zeros((height, width), np.bool_)
    # `cut` returns a view, so marking it marks the whole.
    cut(face, later.box, later.box.width / 2)[0][...] = True
    face = face[::step, ::step]
    a, b = (frame.picture[::step, ::step] for frame in (earlier, later))
    same = (a == b).all(axis=2)
    usable = (a.min(axis=2) >= _CLIPPED_BELOW) & (a.max(axis=2) <= _CLIPPED_ABOVE)
    return [
        float(same[part].mean())
        for part in (usable & face, usable & ~face)
        if part.sum() >= _LEAST_PIXELS
    ]
