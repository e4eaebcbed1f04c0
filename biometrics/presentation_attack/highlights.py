"""Burnt-out highlights: a lamp mirrored in glass or in glossy paper.

Skin scatters light; its highlights are broad and keep colour and detail. Glass mirrors the lamp
itself, far brighter than what the camera is exposed for. The raw value is the share of the face's
middle that is white in all three channels.

Blind to: instruments that mirror no lamp. Glasses mirror lamps too, which is why the limit is
high, and an over-exposed picture is one that the quality measures refuse.
"""

from biometrics.presentation_attack.results import PadFrame, Signal, SignalName, SignalNotMeasured
from biometrics.presentation_attack.thresholds import judged

_WHITE = 250 / 255


def measure_highlights(frame: PadFrame) -> Signal:
    """Return the burnt-out share of the face's middle, 0 to 1."""
    face = frame.small_face
    if face is None:
        return SignalNotMeasured(SignalName.BURNT_HIGHLIGHTS, "the face is too small")
    return judged(SignalName.BURNT_HIGHLIGHTS, float((face.min(axis=2) > _WHITE).mean()))
