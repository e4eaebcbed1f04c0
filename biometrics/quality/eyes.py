"""Are the eyes to be seen, and are they open? (ISO/IEC 29794-5, eyes visible and eyes open)

*Visible* compares the lighter part of each eye's surroundings (lids and the skin below) with
the darker of the forehead above and the cheek below on the same side: dark lenses are darker
than both, a shaded or dark-skinned face is not. The worse eye counts. It sees dark glasses, a
patch and hair over an eye; not mirrored lenses, and not a hand of the skin's own colour.

*Open* is the log-odds of a logistic regression on two contrasts of the eye: an open eye has
an iris between lighter whites, a shut one a line. Fitted on 1,400 rendered eyes of 40
fictitious people and the same blurred, never on photographs. Of shut rendered eyes it calls
seven in ten shut; of photographs 4 %, most of them narrowed in hard sun or laughing. So it is
at worst marginal.
"""

import numpy as np
from numpy.typing import NDArray

from biometrics.quality.fitted import LogOdds
from biometrics.quality.view import FaceView, value_at
from biometrics.results import Measurement, NotMeasured, QualityMeasure, QualityName, QualityStatus
from biometrics.thresholds import graded

_EYE_ROW = 47
_EYE_COLUMNS = (48, 101)
"""The subject's right eye, then the left: mirrored pictures measure the same."""

# Below the darkest skin in ordinary light; keeps the ratio of two near-blacks from exploding.
_DARK_LEVEL = 4.0

_OPEN = LogOdds((97.7, 11.65), -7.58)


def measure_eyes(face: FaceView) -> tuple[Measurement, Measurement]:
    """Return eyes visible (a ratio of luma, 0 to about 1) and eyes open (log-odds)."""
    visible = graded(QualityName.EYES_VISIBLE, eyes_visibility(face))
    return visible, _measured_open(face, visible)


def _measured_open(face: FaceView, visible: QualityMeasure) -> Measurement:
    if visible.status is QualityStatus.TOO_POOR:
        return NotMeasured(QualityName.EYES_OPEN, "the eyes are covered")
    return graded(QualityName.EYES_OPEN, _OPEN.of(eye_contrasts(face)))


def eyes_visibility(face: FaceView) -> float:
    """Return how light the darker eye's surroundings are beside the skin around them."""
    luma = face.smooth_luminance
    ratios = []
    for column, outwards in zip(_EYE_COLUMNS, (-1, 1), strict=True):
        eye = luma[40:60:2, column - 12 : column + 13 : 2]
        at = column + 4 * outwards
        cheek = luma[70:86:2, at - 10 : at + 11 : 2]
        at = column - 6 * outwards
        forehead = luma[16:26:2, at - 12 : at + 13 : 2]
        skin = min(value_at(cheek, 0.5), value_at(forehead, 0.5))
        ratios.append((value_at(eye, 0.8) + _DARK_LEVEL) / (skin + _DARK_LEVEL))
    return min(ratios)


def eye_contrasts(face: FaceView) -> NDArray[np.float64]:
    """Return the two contrasts, shape (2,), each the mean of both eyes.

    The mean step along the rows of the eye, and how much darker the iris is than the darker of
    what lies beside it, both as shares of the contrast around the eye.
    """
    return np.asarray(
        np.mean([_contrasts(face.smooth_luminance, column) for column in _EYE_COLUMNS], axis=0)
    )


def _contrasts(luma: NDArray[np.float32], column: int) -> tuple[float, float]:
    patch = luma[_EYE_ROW - 11 : _EYE_ROW + 13, column - 14 : column + 15]
    light, dark = value_at(patch, 0.85), value_at(patch, 0.03)
    darkness = np.clip((light - patch) / (light - dark + 8), 0, 1)
    eye = darkness[7:16]
    steps = float(np.abs(eye[:, 2:] - eye[:, :-2]).mean())
    by_column = darkness[8:15].mean(axis=0)
    running = np.concatenate([[0.0], np.cumsum(by_column)])
    of_seven = (running[7:] - running[:-7]) / 7  # an iris is 7 px wide
    at = 4 + int(np.argmax(of_seven[4:19]))
    before = float(by_column[max(0, at - 5) : at].min())
    behind = float(by_column[at + 7 : at + 12].min())
    return steps, float(of_seven[at]) - max(before, behind)
