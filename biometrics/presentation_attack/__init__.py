"""Looking for presentation attacks (ISO/IEC 30107-1): evidence against, never for."""

from biometrics.presentation_attack.assessment import assess
from biometrics.presentation_attack.results import (
    MeasuredSignal,
    PadFrame,
    PresentationAssessment,
    PresentationStatus,
    SignalName,
    SignalNotMeasured,
)

__all__ = [
    "MeasuredSignal",
    "PadFrame",
    "PresentationAssessment",
    "PresentationStatus",
    "SignalName",
    "SignalNotMeasured",
    "assess",
]
