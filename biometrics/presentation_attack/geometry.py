"""What five points tell about how a head is held: turned, tilted, near."""

from dataclasses import dataclass

import numpy as np

from biometrics.results import FivePoints


@dataclass(frozen=True, slots=True)
class HeadGeometry:
    """Measures of one face's five points."""

    eyes_px: float
    """Between the centres of the eyes; positive."""
    sideways: float
    """The nose from the middle of the eyes along their line, in inter-eye distances, positive
    towards the subject's left. A head turned by 20 degrees: 0.15."""
    height_px: float
    """The nose from the line of the eyes."""
    roll: float
    """Degrees, positive towards the subject's right shoulder (ISO/IEC 39794-5)."""
    spread_px: float


def head_geometry(landmarks: FivePoints) -> HeadGeometry | None:
    """Return the measures, or None where the points are no face: coinciding or not finite."""
    points = landmarks.as_array()
    if not bool(np.isfinite(points).all()):
        return None
    left, right = points[0:2].mean(axis=0), points[2:4].mean(axis=0)
    between = left - right
    eyes = float(np.hypot(*between))
    if eyes == 0:
        return None
    offset = points[4] - (left + right) / 2
    along = between / eyes
    across = float(offset @ np.array([along[1], -along[0]]))
    if across == 0:
        return None
    return HeadGeometry(
        eyes_px=eyes,
        sideways=float(offset @ along) / eyes,
        height_px=abs(across),
        roll=float(np.degrees(np.arctan2(-between[1], between[0]))),
        spread_px=landmarks.spread,
    )
