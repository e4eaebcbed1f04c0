"""Making a template of an enrolled portrait, by whatever engine the caller brings."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, assert_never

from biometrics.results import (
    TEMPLATE_DIMENSIONS,
    FaceTemplate,
    MeasuredFace,
    NoFace,
    OutOfTime,
    Purpose,
    SeveralFaces,
    TooPoor,
    UnreadablePicture,
)

if TYPE_CHECKING:
    from biometrics.pipeline import FacePipeline


class PortraitRefusal(StrEnum):
    """Why no template was made of a portrait."""

    UNREADABLE = "picture_unreadable"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_POOR = "picture_too_poor"


def template_class(dimensions: int) -> type[FaceTemplate]:
    """Return the class of templates of so many dimensions: the shipped model's, or a matcher's."""
    if dimensions == TEMPLATE_DIMENSIONS:
        return FaceTemplate
    # OpenCV comes with it: only where there is such a template.
    from biometrics.matchers.engine import MatcherTemplate

    return MatcherTemplate


class Embed(Protocol):
    """Makes a template of an enrolled portrait."""

    def __call__(self, picture: bytes, /) -> FaceTemplate | PortraitRefusal:
        """Return the template, or why there is none.

        Raises:
            biometrics.errors.BiometricsError: the engine is broken.
        """
        ...


def embed_with(pipeline: FacePipeline) -> Embed:
    """Embed by a face pipeline in this process, taking the time it takes."""

    def embed(picture: bytes, /) -> FaceTemplate | PortraitRefusal:
        measured = pipeline.measure(picture, deadline=None, purpose=Purpose.ENROLMENT)
        outcome = measured.outcome
        match outcome:
            case MeasuredFace():
                return outcome.template
            case UnreadablePicture():
                return PortraitRefusal.UNREADABLE
            case NoFace():
                return PortraitRefusal.NO_FACE
            case SeveralFaces():
                return PortraitRefusal.SEVERAL_FACES
            case TooPoor():
                return PortraitRefusal.TOO_POOR
            case OutOfTime():
                raise RuntimeError("measuring without a deadline ran out of time")
            case _:
                assert_never(outcome)

    return embed
