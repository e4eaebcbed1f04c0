"""How large the face is in the picture.

Inter-eye distance (ISO/IEC 29794-5, ISO/IEC 39794-5 annex D: between the centres of the eyes)
and the width of the detector's box, which is what a kiosk can guide by before landmarks exist.
"""

import math

from biometrics.quality.view import FaceView
from biometrics.results import Measurement, QualityName
from biometrics.thresholds import graded


def measure_face_size(face: FaceView) -> tuple[Measurement, ...]:
    """Return the inter-eye distance and the face width, both in pixels of the picture.

    The inter-eye distance is as seen: turning the head by 30 degrees shortens it by 13 %.
    """
    distance = math.dist(face.landmarks.left_eye, face.landmarks.right_eye)
    return (
        graded(QualityName.INTER_EYE_DISTANCE, distance),
        graded(QualityName.FACE_WIDTH, face.box.width),
    )
