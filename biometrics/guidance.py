"""What to tell the traveler, so that the next picture is better: a pure function of the last one.

Codes, not sentences: whoever shows or speaks them has the words in the traveler's language.
Left and right are the traveler's own, whatever a screen shows. The picture is as the camera
took it, so a traveler who stands at the left edge of the picture stands too far to their own
right and is asked to move left; a preview that is mirrored for the traveler's comfort changes
nothing about that, and must not be measured.

What is said first: what makes the picture too poor goes before what merely could be better.
Within each of these, in the order of `Guidance`: who is there, what covers the face (no other
advice helps while it does), distance, place, pose, light, stillness, then eyes and mouth. One
thing of a kind, so that nothing contradicts the other, and two in all: nobody follows three.
A measure that was not made is no reason to say anything.
"""

import math
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import chain

from biometrics.results import (
    Box,
    FivePoints,
    Measurement,
    QualityMeasure,
    QualityName,
    QualityStatus,
)

MOST_AT_ONCE = 2

OFF_CENTRE_ACROSS = 0.2
OFF_CENTRE_UP_OR_DOWN = 0.3
"""How far the eyes may be from the middle, as shares of the picture's width and height. Wider in
height, where people differ and a camera is often set: room that is really missing is measured."""


class Guidance(StrEnum):
    """One request to the traveler, the most useful first."""

    NOBODY_SEEN = "nobody_seen"
    ONE_PERSON_ONLY = "one_person_only"
    TAKE_OFF_DARK_GLASSES = "take_off_dark_glasses"
    UNCOVER_FACE = "uncover_face"
    STEP_BACK = "step_back"
    COME_CLOSER = "come_closer"
    MOVE_LEFT = "move_left"
    MOVE_RIGHT = "move_right"
    MOVE_UP = "move_up"
    MOVE_DOWN = "move_down"
    LOOK_STRAIGHT = "look_straight"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    LEVEL_HEAD = "level_head"
    RAISE_CHIN = "raise_chin"
    LOWER_CHIN = "lower_chin"
    TOO_BRIGHT = "too_bright"
    MORE_LIGHT = "more_light"
    TURN_TO_THE_LIGHT = "turn_to_the_light"
    HOLD_STILL = "hold_still"
    OPEN_EYES = "open_eyes"
    CLOSE_MOUTH = "close_mouth"


_G, _Q, _S = Guidance, QualityName, QualityStatus

# Of each kind only the first is said. Codes that are in no kind stand alone.
_KINDS = (
    {_G.STEP_BACK, _G.COME_CLOSER},
    {_G.MOVE_LEFT, _G.MOVE_RIGHT},
    {_G.MOVE_UP, _G.MOVE_DOWN},
    {_G.LOOK_STRAIGHT, _G.TURN_LEFT, _G.TURN_RIGHT, _G.LEVEL_HEAD, _G.RAISE_CHIN, _G.LOWER_CHIN},
    {_G.TOO_BRIGHT, _G.MORE_LIGHT, _G.TURN_TO_THE_LIGHT},
    {_G.OPEN_EYES, _G.CLOSE_MOUTH},
)

_ORDER = {guidance: rank for rank, guidance in enumerate(Guidance)}

Advice = tuple[Guidance, QualityStatus]
"""What to say, and how poor that makes the picture (never GOOD)."""


def guide(
    measures: Sequence[Measurement],
    *,
    box: Box | None,
    landmarks: FivePoints | None,
    picture_px: tuple[int, int],
    faces: int,
) -> tuple[Guidance, ...]:
    """Return at most two requests, the most useful first; none when there is nothing to improve.

    Total: whatever the measures and numbers are (absent, not measured, not finite), it returns.

    Args:
        measures: of the traveler's face (`quality.measure_quality`), in any order.
        box: where the face is in the picture as the camera took it, pixels; None if unknown.
        landmarks: its five points, preferred over the box for telling where it is.
        picture_px: width and height of the picture.
        faces: how many of comparable size were found.
    """
    if faces < 1:
        return (Guidance.NOBODY_SEEN,)
    if faces > 1:
        return (Guidance.ONE_PERSON_ONLY,)
    by_name = {measure.name: measure for measure in measures if _usable(measure)}
    return _chosen(chain(_of_measures(by_name), _of_place(box, landmarks, picture_px)))


def _chosen(advice: Iterator[Advice]) -> tuple[Guidance, ...]:
    ordered = sorted(advice, key=lambda item: (item[1] is not _S.TOO_POOR, _ORDER[item[0]]))
    said: list[Guidance] = []
    for guidance, _ in ordered:
        kind = next((kind for kind in _KINDS if guidance in kind), {guidance})
        if kind.isdisjoint(said):
            said.append(guidance)
    return tuple(said[:MOST_AT_ONCE])


def _usable(measure: Measurement) -> bool:
    return isinstance(measure, QualityMeasure) and math.isfinite(measure.raw)


def _of_measures(by_name: dict[QualityName, Measurement]) -> Iterator[Advice]:
    poor = {
        name: measure
        for name, measure in by_name.items()
        if isinstance(measure, QualityMeasure) and measure.status is not _S.GOOD
    }
    for name, measure in poor.items():
        guidance = _advice(name, measure, poor)
        if guidance is not None:
            yield guidance, measure.status


def _advice(
    name: QualityName, measure: QualityMeasure, poor: dict[QualityName, QualityMeasure]
) -> Guidance | None:
    """What one measure that is not good asks for."""
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _SIGNED:
        negative, positive = _SIGNED[name]
        return positive if measure.raw > 0 else negative
    if name in _ONLY_WHEN_TOO_POOR:
        return _ONLY_WHEN_TOO_POOR[name] if measure.status is _S.TOO_POOR else None
    if name in _CUT:
        opposite, guidance = _CUT[name]
        return _G.STEP_BACK if opposite in poor else guidance
    if name is _Q.FACE_OCCLUSION_PREVENTION:
        # Beards and hard shadows have foreign colours too: believed when the mouth agrees.
        agreed = _Q.MOUTH_OCCLUSION_PREVENTION in poor
        return _G.UNCOVER_FACE if agreed or measure.status is _S.TOO_POOR else None
    return None


_PLAIN = {
    _Q.SINGLE_FACE_PRESENT: _G.ONE_PERSON_ONLY,
    _Q.INTER_EYE_DISTANCE: _G.COME_CLOSER,
    _Q.FACE_WIDTH: _G.COME_CLOSER,
    _Q.HEAD_POSE_ROLL: _G.LEVEL_HEAD,
    _Q.LUMINANCE_MEAN: _G.MORE_LIGHT,
    _Q.UNDER_EXPOSURE_PREVENTION: _G.MORE_LIGHT,
    _Q.OVER_EXPOSURE_PREVENTION: _G.TOO_BRIGHT,
    _Q.DYNAMIC_RANGE: _G.TURN_TO_THE_LIGHT,
    _Q.LUMINANCE_VARIANCE: _G.TURN_TO_THE_LIGHT,
    _Q.ILLUMINATION_UNIFORMITY: _G.TURN_TO_THE_LIGHT,
    _Q.SHARPNESS: _G.HOLD_STILL,
    _Q.EYES_OPEN: _G.OPEN_EYES,
    _Q.MOUTH_CLOSED: _G.CLOSE_MOUTH,
}

# Below zero and above: towards the subject's right or left, chin raised or lowered, too small
# or too large.
_SIGNED = {
    _Q.HEAD_POSE_YAW: (_G.TURN_LEFT, _G.TURN_RIGHT),
    _Q.HEAD_POSE_PITCH: (_G.LOWER_CHIN, _G.RAISE_CHIN),
    _Q.HEAD_SIZE: (_G.COME_CLOSER, _G.STEP_BACK),
}

# Nobody is asked to take off what they may not wear.
_ONLY_WHEN_TOO_POOR = {
    _Q.EYES_VISIBLE: _G.TAKE_OFF_DARK_GLASSES,
    _Q.MOUTH_OCCLUSION_PREVENTION: _G.UNCOVER_FACE,
}

# The side on which room is missing: the side opposite (missing there too, the head is too near)
# and where to move. Leftward is the subject's left.
_CUT = {
    _Q.LEFTWARD_CROP: (_Q.RIGHTWARD_CROP, _G.MOVE_RIGHT),
    _Q.RIGHTWARD_CROP: (_Q.LEFTWARD_CROP, _G.MOVE_LEFT),
    _Q.MARGIN_ABOVE: (_Q.MARGIN_BELOW, _G.MOVE_DOWN),
    _Q.MARGIN_BELOW: (_Q.MARGIN_ABOVE, _G.MOVE_UP),
}


def _of_place(
    box: Box | None, landmarks: FivePoints | None, picture_px: tuple[int, int]
) -> Iterator[Advice]:
    """Where the face lies: a better place leaves the traveler room to move."""
    width, height = picture_px
    centre = _centre(box, landmarks)
    if centre is None or not (width > 0 and height > 0):
        return
    right_of_middle = centre[0] / width - 0.5
    below_middle = centre[1] / height - 0.5
    if not (math.isfinite(right_of_middle) and math.isfinite(below_middle)):
        return
    if abs(right_of_middle) > OFF_CENTRE_ACROSS:
        # The right of a picture is the subject's left.
        yield (_G.MOVE_RIGHT if right_of_middle > 0 else _G.MOVE_LEFT), _S.MARGINAL
    if abs(below_middle) > OFF_CENTRE_UP_OR_DOWN:
        yield (_G.MOVE_UP if below_middle > 0 else _G.MOVE_DOWN), _S.MARGINAL


def _centre(box: Box | None, landmarks: FivePoints | None) -> tuple[float, float] | None:
    if landmarks is not None:
        # In plain floats, which overflow to infinity in silence: the caller looks for it.
        left, right = landmarks.left_eye, landmarks.right_eye
        return (left[0] + right[0]) / 2, (left[1] + right[1]) / 2
    if box is not None:
        return box.left + box.width / 2, box.top + box.height / 2
    return None
