"""The committed people can be told apart by the product's matcher, and are known again."""

from collections.abc import Mapping

import pytest

from biometrics.matching import distance
from biometrics.pipeline import FacePipeline
from biometrics.results import FaceTemplate, Purpose
from simulators.people import PEOPLE, CaptureKind, Person, PictureCache, capture, portrait
from simulators.people.separability import (
    PORTRAITS_APART,
    SELF_ALIKE,
    STRANGERS_APART,
    measured_template,
    nearest_pair,
    nearest_stranger,
)


def check_separable(portraits: Mapping[str, FaceTemplate]) -> None:
    nearest = nearest_pair(portraits)
    assert nearest.distance >= PORTRAITS_APART, nearest


def test_everyone_has_a_portrait_that_can_be_measured(
    portraits: Mapping[str, FaceTemplate],
) -> None:
    assert set(portraits) == {person.id for person in PEOPLE}


def test_all_portraits_lie_apart(portraits: Mapping[str, FaceTemplate]) -> None:
    check_separable(portraits)


def test_the_check_catches_one_face_under_two_ids(
    pipeline: FacePipeline, pictures: PictureCache, portraits: Mapping[str, FaceTemplate]
) -> None:
    again = measured_template(pipeline, capture(PEOPLE[0], CaptureKind.NEUTRAL, 3, pictures))
    assert again is not None
    with pytest.raises(AssertionError):
        check_separable({**portraits, "p99": again})


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.id)
def test_a_neutral_capture_is_known_again_and_no_stranger(
    person: Person,
    pipeline: FacePipeline,
    pictures: PictureCache,
    portraits: Mapping[str, FaceTemplate],
) -> None:
    live = measured_template(pipeline, capture(person, CaptureKind.NEUTRAL, 0, pictures))
    assert live is not None
    assert distance(live, portraits[person.id]) < SELF_ALIKE
    assert nearest_stranger(person.id, live, portraits).distance >= STRANGERS_APART


def test_nearest_needs_somebody_else(pipeline: FacePipeline, pictures: PictureCache) -> None:
    template = measured_template(pipeline, portrait(PEOPLE[0], pictures), Purpose.ENROLMENT)
    assert template is not None
    with pytest.raises(ValueError, match="two people"):
        nearest_pair({"p01": template})
    with pytest.raises(ValueError, match="nobody else"):
        nearest_stranger("p01", template, {"p01": template})
