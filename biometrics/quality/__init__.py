"""Is this picture of a face good enough to compare? One file a measure.

Names follow ISO/IEC 29794-5:2025. Measures of the face itself work on the aligned face at a
standard scale (`view`), so that their thresholds mean the same at every distance from the
camera; those of what is around it work on the whole picture, and are not measured without it.

Some measures are never worse than marginal, because what they see does not spoil a comparison
or because they cannot be sure enough to refuse a traveler; each says so in its file, and its
scale in `thresholds.toml` puts `too_poor` where no raw value lies.
"""

from biometrics.quality.background import measure_background
from biometrics.quality.contrast import measure_contrast
from biometrics.quality.exposure import measure_exposure
from biometrics.quality.eyes import measure_eyes
from biometrics.quality.face_occlusion import measure_face_occlusion
from biometrics.quality.face_size import measure_face_size
from biometrics.quality.framing import measure_framing
from biometrics.quality.illumination import measure_illumination
from biometrics.quality.mouth import measure_mouth
from biometrics.quality.pose import measure_pose
from biometrics.quality.sharpness import measure_sharpness
from biometrics.quality.single_face import measure_single_face
from biometrics.quality.view import FaceView
from biometrics.results import Measurement


def measure_quality(face: FaceView) -> tuple[Measurement, ...]:
    """Return every measure of one aligned face, each name of `QualityName` once.

    In the order in which an officer reads them: who and where, pose, light, what covers the
    face. What to tell a traveler first is another question (`biometrics.guidance`).
    """
    return (
        measure_single_face(face),
        *measure_face_size(face),
        *measure_framing(face),
        *measure_pose(face),
        *measure_exposure(face),
        measure_contrast(face),
        measure_illumination(face),
        measure_sharpness(face),
        *measure_eyes(face),
        *measure_mouth(face),
        measure_face_occlusion(face),
        measure_background(face),
    )
