"""The face in near infrared: screens send none, and inks that differ in colour are alike in it.

Two signals of an active near-infrared picture: the mean of the face as a share of the scale (a
screen stays dark), and its contrast, standard deviation over mean (paper is featureless, because
most inks but black are transparent there). Blind to: masks, carbon-black prints.
"""

import numpy as np
from numpy.typing import NDArray

from biometrics.presentation_attack.region import cut
from biometrics.presentation_attack.results import PadFrame, Signal, SignalName, SignalNotMeasured
from biometrics.presentation_attack.thresholds import judged

_HALF_FACE = 0.4
_LEAST_PIXELS = 100


def measure_infrared(frame: PadFrame) -> tuple[Signal, Signal]:
    """Return the level of the face (0 to 1) and its contrast (0 and up)."""
    names = (SignalName.DARK_INFRARED, SignalName.FEATURELESS_INFRARED)
    face = _face(frame)
    if isinstance(face, str):
        return SignalNotMeasured(names[0], face), SignalNotMeasured(names[1], face)
    mean = float(face.mean())
    level = judged(names[0], mean / frame.infrared_full)
    if level.suspicion >= 1.0:
        # In the dark there is nothing to be contrasted.
        return level, SignalNotMeasured(names[1], "the face is dark in infrared")
    return level, judged(names[1], float(face.std()) / mean)


def _face(frame: PadFrame) -> NDArray[np.float64] | str:
    """The face in infrared, or why there is none."""
    if frame.infrared is None:
        return "the camera has no infrared channel"
    if frame.infrared.shape != frame.picture.shape[:2]:
        return "the infrared channel has another size than the picture"
    if not frame.infrared_full > 0:
        return "the infrared channel has no scale"
    face = cut(frame.infrared, frame.box, _HALF_FACE * frame.box.width)[0].astype(np.float64)
    if face.size < _LEAST_PIXELS or not np.isfinite(face).all():
        return "too little of the face lies in the infrared picture"
    return face
