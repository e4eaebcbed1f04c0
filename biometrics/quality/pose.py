"""Head pose from five points: what they can tell, and what they cannot.

Angles in degrees with the signs of ISO/IEC 39794-5 (yaw positive towards the subject's left,
roll positive towards the subject's right shoulder).

- Roll is the slope of the line between the eyes.
- Yaw follows from the subnasale, which lies in front of the eyes and therefore moves
  sideways when the head turns. One generic depth serves for everybody: on rendered heads of
  known pose the error has a standard deviation of 5 degrees at frontal and 10 at 30.
- Pitch moves the subnasale vertically, but so does the length of a nose. On the same heads ten
  degrees of pitch change the ratio by 0.08 while two people differ by 0.10. Regressing pitch on
  it, alone or with the rows of lips, line of the mouth and nostrils, left an error of 8.0 degrees
  on 40 rendered people at -20 to 20, where always answering 0 leaves 8.4: not measured.
"""

import math

import numpy as np

from biometrics.quality.view import FaceView
from biometrics.results import Measurement, NotMeasured, QualityName
from biometrics.thresholds import graded

# Depth of the subnasale in front of the corners of the eyes, as a fraction of the inter-eye
# distance; fitted on 14 rendered heads at yaw -30 to 30.
_SUBNASALE_DEPTH = 0.43


def measure_pose(face: FaceView) -> tuple[Measurement, ...]:
    """Return yaw and roll in degrees, and pitch as not measured."""
    left, right = np.array(face.landmarks.left_eye), np.array(face.landmarks.right_eye)
    between = left - right
    distance = float(np.hypot(*between))
    pitch = NotMeasured(
        QualityName.HEAD_POSE_PITCH, "five points cannot tell pitch from the length of a nose"
    )
    if distance == 0:
        why = "the eyes coincide"
        return (
            NotMeasured(QualityName.HEAD_POSE_YAW, why),
            pitch,
            NotMeasured(QualityName.HEAD_POSE_ROLL, why),
        )
    towards_left = between / distance
    offset = np.array(face.landmarks.subnasale) - (left + right) / 2
    yaw = math.degrees(math.atan(float(offset @ towards_left) / distance / _SUBNASALE_DEPTH))
    # y grows downwards in a picture, upwards in the standard.
    roll = math.degrees(math.atan2(-float(between[1]), float(between[0])))
    return (
        graded(QualityName.HEAD_POSE_YAW, yaw),
        pitch,
        graded(QualityName.HEAD_POSE_ROLL, roll),
    )
