"""Is the mouth to be seen, and is it shut? (ISO/IEC 29794-5)

*Mouth occlusion prevention* is the log-odds of a logistic regression on three signs of a bare
mouth: lips redder than the skin around them, the dark line between them, and a lower face of
the colour of the forehead. Cloth on the blue or green side of neutral needs no further sign. The
weights are fitted on rendered faces against the same with drawn masks and hands; the rule about
cloth was added after six blue and green masks in photographs had been overlooked, so the 28 of
32 that are caught there are not an independent figure. A hand of the face's own colour and a mask
of the colour of lips are often only marginal; a mask of the colour of the skin with a strong fold,
or with a red print, is overlooked.

*Mouth closed* is the log-odds on how much lies between the lips that is darker or less red
than they: the inside of a mouth, or teeth. A smile with teeth is an open mouth in the sense of
the standard. It costs a comparison little, so it is at worst marginal.

Both need colours: in a grey picture they are not measured.
"""

import numpy as np
from numpy.typing import NDArray

from biometrics.quality.fitted import LogOdds
from biometrics.quality.view import FaceView, value_at
from biometrics.results import Measurement, NotMeasured, QualityName, QualityStatus
from biometrics.thresholds import graded

# Rows and columns of the half-size chip; the lips of a frontal face lie at rows 50 to 58.
_LOWER_FACE = (slice(46, 66), slice(22, 53))
_MIDDLE = slice(8, 23)
_BETWEEN_LIPS = (slice(44, 67), slice(32, 43))

# In a*b* units. Skin lies on the red and yellow side of neutral in any light; where the lower
# face lies on the other side, and the forehead far from there, it is covered.
_NEUTRAL = 128.0
_FOREIGN_HUE = 12.0
_COOL_HUE = 6.0

_VISIBLE = LogOdds((1.10, 10.5, -0.158), -5.32)
_CLOSED = LogOdds((-0.253, 0.166, -0.129, 0.351), 4.75)


def measure_mouth(face: FaceView) -> tuple[Measurement, Measurement]:
    """Return mouth occlusion prevention and mouth closed, both as log-odds (-10 to 10)."""
    names = (QualityName.MOUTH_OCCLUSION_PREVENTION, QualityName.MOUTH_CLOSED)
    if not face.has_colour:
        why = "the picture has no colours"
        return NotMeasured(names[0], why), NotMeasured(names[1], why)
    visible = graded(names[0], _VISIBLE.of(mouth_signs(face)))
    if visible.status is QualityStatus.TOO_POOR:
        return visible, NotMeasured(names[1], "the mouth is covered")
    return visible, graded(names[1], _CLOSED.of(mouth_opening(face)))


def mouth_signs(face: FaceView) -> NDArray[np.float64]:
    """Return lip redness (a* units, to 12), line between the lips (share of the skin's
    lightness, to 0.4) and foreign colour (a*b* distance, to 30): shape (3,)."""
    lower, skin = face.lab[_LOWER_FACE], face.skin
    zone = [value_at(lower[..., channel], 0.5) for channel in (1, 2)]
    rows = np.median(lower[:, _MIDDLE, :2], axis=1)
    lightness, redness = rows[:, 0], rows[:, 1]
    lips = value_at(redness, 0.9) - value_at(lower[..., 1], 0.25)
    line = max(_notch(lightness, reach) for reach in (3, 5)) / (float(skin[0]) + 10)
    foreign = float(np.hypot(zone[0] - skin[1], zone[1] - skin[2]))
    # Folds, and red print, on blue or green cloth are no line between lips and no lips.
    cool = max(_NEUTRAL - zone[1], _NEUTRAL - zone[0]) if foreign > _FOREIGN_HUE else 0.0
    own = 1 - min(1.0, max(0.0, cool / _COOL_HUE))
    return np.array([own * min(lips, 12.0), own * min(max(line, 0.0), 0.4), min(foreign, 30.0)])


def mouth_opening(face: FaceView) -> NDArray[np.float64]:
    """Return what lies enclosed between the lips, shape (4,).

    The sum and the number of rows (of those above 0.25) that are darker than both lips, as
    shares of the skin's lightness; the sum and the number (above 4) that are less red, in a*.
    """
    rows = np.median(face.lab[_BETWEEN_LIPS][..., :2], axis=1)
    dark = _enclosed(rows[:, 0]) / (float(face.skin[0]) + 10)
    pale = _enclosed(rows[:, 1])
    return np.array(
        [
            float(dark.sum()),
            float((dark > 0.25).sum()),
            min(float(pale.sum()), 150.0),
            float((pale > 4).sum()),
        ]
    )


def _notch(profile: NDArray[np.float32], reach: int) -> float:
    """The deepest point of a profile below the lower of its two sides `reach` away."""
    sides = np.minimum(profile[: -2 * reach], profile[2 * reach :])
    return float((sides - profile[reach:-reach]).max())


def _enclosed(profile: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each value lies below the lower of the highest before and the highest behind."""
    before = np.maximum.accumulate(profile)
    behind = np.maximum.accumulate(profile[::-1])[::-1]
    return np.asarray(np.minimum(before, behind) - profile)
