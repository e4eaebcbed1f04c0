"""How the head lies in the picture: its size, and the room left around it.

ISO/IEC 29794-5: head size, leftward and rightward crop, margin above and below. The outline of
the head is estimated from the five points with the proportions of rendered heads (see
`_HALF_WIDTH` and its like), so it knows neither hair nor a long chin: uncertain by a quarter of
an eye distance. Left and right are the subject's own: a kiosk's "leftward" room is at the right
edge of the picture.

Room is too poor only where the edge cuts an eye or the mouth off, which really spoils a
comparison; a cut-off chin or crown is marginal. Head size is never worse than marginal, because
`inter_eye_distance` says when there are too few pixels.
"""

import math
from dataclasses import dataclass
from typing import Self

from biometrics.quality.view import FaceView
from biometrics.results import Measurement, NotMeasured, QualityName
from biometrics.thresholds import graded

# The spread of the five points of a frontal face over the distance of its eyes. Unlike that
# distance, the spread shrinks little when the head turns.
_SPREAD_OF_FRONTAL = 0.572

# Medians of rendered heads, in frontal eye distances from the middle between the eyes.
_HALF_WIDTH = 1.2
_CROWN_ABOVE = 1.8
_CHIN_BELOW = 1.85

_USUAL_HEAD = 0.55
"""Length of the head over the height of the picture at which a kiosk's frame is well filled."""

# The scale's `too_poor`, which is never passed.
_MOST_OCTAVES = 8.0

_SIDES = (
    QualityName.LEFTWARD_CROP,
    QualityName.RIGHTWARD_CROP,
    QualityName.MARGIN_ABOVE,
    QualityName.MARGIN_BELOW,
)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the eyes lie in the picture: the middle between them and the unit of lengths, px."""

    eye_x: float
    eye_y: float
    unit: float

    @classmethod
    def of(cls, face: FaceView) -> Self | None:
        """Return the frame of a face, or None when its points do not span one."""
        unit = face.landmarks.spread / _SPREAD_OF_FRONTAL
        if not unit > 0:
            return None
        left, right = face.landmarks.left_eye, face.landmarks.right_eye
        return cls((left[0] + right[0]) / 2, (left[1] + right[1]) / 2, unit)


def measure_framing(face: FaceView) -> tuple[Measurement, ...]:
    """Return head size and the four margins.

    Head size is log2 of the head's length over 0.55 of the picture's height: 0 is right, +1
    twice too large. Margins are in frontal eye distances from the outline of the head to the
    edge; negative when the edge cuts the head.
    """
    names = (QualityName.HEAD_SIZE, *_SIDES)
    if face.picture is None:
        return tuple(NotMeasured(name, "the whole picture was not given") for name in names)
    frame = Frame.of(face)
    if frame is None:
        return tuple(NotMeasured(name, "the points of the face coincide") for name in names)
    height, width = face.picture.shape[:2]
    length = (_CROWN_ABOVE + _CHIN_BELOW) * frame.unit
    octaves = math.log2(length / (_USUAL_HEAD * height))
    rooms = (
        (width - frame.eye_x) / frame.unit - _HALF_WIDTH,
        frame.eye_x / frame.unit - _HALF_WIDTH,
        frame.eye_y / frame.unit - _CROWN_ABOVE,
        (height - frame.eye_y) / frame.unit - _CHIN_BELOW,
    )
    return (
        graded(QualityName.HEAD_SIZE, min(_MOST_OCTAVES, max(-_MOST_OCTAVES, octaves))),
        *(graded(name, room) for name, room in zip(_SIDES, rooms, strict=True)),
    )
