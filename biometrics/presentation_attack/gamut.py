"""Does the face lack black, or colour? Ink on paper reflects a few per cent where it is blackest.

The raw value is the range of brightness over the face in stops (factors of two of linear light)
between its 1st and 99th percentile, plus the spread of its colours in CIELAB, one stop for each
unit: nostrils, brows and pupils of a living face are far darker than its forehead. A dim picture
has the same range as a bright one, because range is a ratio.

A tint is not used: on press photographs and under coloured light, bona fide faces are as blue as
screens are. Blind to: screens with good blacks, photographic prints.
"""

import cv2
import numpy as np

from biometrics.presentation_attack.results import PadFrame, Signal, SignalName, SignalNotMeasured
from biometrics.presentation_attack.thresholds import judged

_GAMMA = 2.2
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709
_DARKEST = 1e-3
_COLOUR_SHARE = 1.0


def measure_gamut(frame: PadFrame) -> Signal:
    """Return the range of brightness and colour in stops."""
    face = frame.small_face
    if face is None:
        return SignalNotMeasured(SignalName.COMPRESSED_GAMUT, "the face is too small")
    luminance = np.power(face, np.float32(_GAMMA)) @ _LUMINANCE
    dark, bright = np.percentile(luminance, (1, 99))
    if bright <= 2 * _DARKEST:
        return SignalNotMeasured(SignalName.COMPRESSED_GAMUT, "the face is too dark")
    stops = float(np.log2((bright + _DARKEST) / (dark + _DARKEST)))
    lab = cv2.cvtColor(face, cv2.COLOR_RGB2Lab)
    spread = float(np.hypot(lab[..., 1].std(), lab[..., 2].std()))
    return judged(SignalName.COMPRESSED_GAMUT, stops + _COLOUR_SHARE * float(np.log2(1 + spread)))
