"""Is this picture of a face good enough to compare? One file a measure.

Names follow ISO/IEC 29794-5:2025. Every measure works on the aligned face at a standard
scale (`view`), so that its thresholds mean the same at every distance from the camera.
"""

from biometrics.quality.exposure import measure_exposure
from biometrics.quality.face_size import measure_face_size
from biometrics.quality.pose import measure_pose
from biometrics.quality.sharpness import measure_sharpness
from biometrics.quality.view import FaceView
from biometrics.results import Measurement


def measure_quality(face: FaceView) -> tuple[Measurement, ...]:
    """Return every measure of one aligned face, in the order in which guidance helps.

    Distance first (come closer), then pose, then light, then sharpness: the later ones are
    not worth a word to a traveler while an earlier one is poor.
    """
    return (
        *measure_face_size(face),
        *measure_pose(face),
        *measure_exposure(face),
        measure_sharpness(face),
    )
