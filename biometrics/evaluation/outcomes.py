"""Names under which the outcomes of measuring are counted and printed."""

from enum import StrEnum
from typing import assert_never

from biometrics.results import (
    FaceOutcome,
    MeasuredFace,
    NoFace,
    OutOfTime,
    SeveralFaces,
    TooPoor,
    UnreadablePicture,
)


class OutcomeName(StrEnum):
    """How measuring one picture ended, without the details."""

    MEASURED = "measured"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_POOR = "too_poor"
    UNREADABLE = "unreadable"
    OUT_OF_TIME = "out_of_time"
    ENGINE_FAILED = "engine_failed"


def name_of(outcome: FaceOutcome) -> OutcomeName:
    """Return the name under which an outcome is counted."""
    match outcome:
        case MeasuredFace():
            return OutcomeName.MEASURED
        case NoFace():
            return OutcomeName.NO_FACE
        case SeveralFaces():
            return OutcomeName.SEVERAL_FACES
        case TooPoor():
            return OutcomeName.TOO_POOR
        case UnreadablePicture():
            return OutcomeName.UNREADABLE
        case OutOfTime():
            return OutcomeName.OUT_OF_TIME
        case _:
            assert_never(outcome)
