"""How much of the face has a colour that is not its own? (ISO/IEC 29794-5, face occlusion
prevention)

The raw value is the share of the inner face that differs from the skin of the forehead and the
root of the nose in hue, or is far darker or lighter than it. Masks, scarves, hair and objects
count, and so do a dense beard, strong glare and dark frames; a hand does not, it has skin's
colour (`mouth_occlusion_prevention` sees one before the mouth). For what beard and light do to
it, this measure is at worst marginal.
"""

import numpy as np

from biometrics.quality.view import FaceView
from biometrics.results import Measurement, NotMeasured, QualityName
from biometrics.thresholds import graded

_INNER = (slice(15, 62), slice(17, 58))
# In a*b* units of 8-bit L*a*b*: half of the shared photographs stay within 6, lips within 20.
_FOREIGN_HUE = 16.0
_FAR_DARKER = 0.35
_FAR_LIGHTER = 1.6


def measure_face_occlusion(face: FaceView) -> Measurement:
    """Return the share of the inner face (0 to 1) that is not of the face's own colour."""
    if not face.has_colour:
        return NotMeasured(QualityName.FACE_OCCLUSION_PREVENTION, "the picture has no colours")
    inner, skin = face.lab[_INNER], face.skin
    hue = np.hypot(inner[..., 1] - skin[1], inner[..., 2] - skin[2])
    lightness = inner[..., 0] / (skin[0] + 10)
    foreign = (hue > _FOREIGN_HUE) | (lightness < _FAR_DARKER) | (lightness > _FAR_LIGHTER)
    return graded(QualityName.FACE_OCCLUSION_PREVENTION, float(foreign.mean()))
