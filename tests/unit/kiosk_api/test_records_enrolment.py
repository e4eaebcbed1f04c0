"""What a face pipeline says of an enrolled portrait."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from biometrics.pipeline import FacePipeline
from biometrics.results import (
    Box,
    FaceMeasurement,
    FaceOutcome,
    FaceTemplate,
    FivePoints,
    MeasuredFace,
    ModelIdentity,
    NoFace,
    OutOfTime,
    PictureFault,
    Purpose,
    SeveralFaces,
    Stage,
    TooPoor,
    UnreadablePicture,
)
from kiosk_api.records.enrolment import PortraitRefusal, embed_with

BOX = Box(0, 0, 100, 100)
POINTS = FivePoints(*[(0.0, 0.0)] * 5)


class Pipeline:
    """Answers every picture alike."""

    def __init__(self, outcome: FaceOutcome) -> None:
        self._outcome = outcome

    def measure(
        self, picture: bytes, *, deadline: float | None, purpose: Purpose
    ) -> FaceMeasurement:
        assert picture == b"picture"
        assert purpose is Purpose.ENROLMENT
        assert deadline is None
        return FaceMeasurement(self._outcome, {})


def embedded(outcome: FaceOutcome) -> FaceTemplate | PortraitRefusal:
    return embed_with(cast("FacePipeline", Pipeline(outcome)))(b"picture")


def test_a_face_gives_its_template() -> None:
    template = FaceTemplate(ModelIdentity("m", "1", "v"), np.zeros(128, np.float32))
    assert embedded(MeasuredFace(BOX, POINTS, (), template)) == template


@pytest.mark.parametrize(
    ("outcome", "refusal"),
    [
        (UnreadablePicture(PictureFault.TRUNCATED), PortraitRefusal.UNREADABLE),
        (NoFace(), PortraitRefusal.NO_FACE),
        (SeveralFaces(2), PortraitRefusal.SEVERAL_FACES),
        (TooPoor(BOX, POINTS, ()), PortraitRefusal.TOO_POOR),
    ],
)
def test_anything_else_gives_none(outcome: FaceOutcome, refusal: PortraitRefusal) -> None:
    assert embedded(outcome) is refusal


def test_a_pipeline_without_a_deadline_may_not_run_out_of_time() -> None:
    with pytest.raises(RuntimeError, match="without a deadline"):
        embedded(OutOfTime(Stage.DETECT))
