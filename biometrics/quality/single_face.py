"""Is there one person before the camera? (ISO/IEC 29794-5, single face present)

The raw value is the size of the largest further face as a fraction of the traveler's: 0 when
there is none. What is too poor equals the pipeline's line for a companion (`COMPARABLE_SIZE`),
at which it refuses the picture before any measure is taken; below it someone may wait behind.
"""

from biometrics.quality.view import FaceView
from biometrics.results import Measurement, NotMeasured, QualityName
from biometrics.thresholds import graded


def measure_single_face(face: FaceView) -> Measurement:
    """Return the size of the largest further face over that of this one (0 and more)."""
    if face.others is None:
        return NotMeasured(QualityName.SINGLE_FACE_PRESENT, "nobody looked for further faces")
    return graded(QualityName.SINGLE_FACE_PRESENT, max(face.others, default=0.0))
