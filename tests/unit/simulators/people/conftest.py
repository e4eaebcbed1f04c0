"""What the tests of the fictitious people share: one cache and one set of templates a session."""

from collections.abc import Mapping

import pytest

from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.results import FaceTemplate, Purpose
from simulators.people import PEOPLE, PictureCache, portrait
from simulators.people.separability import measured_template


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> PictureCache:
    """A cache of this session alone: nothing rendered by an earlier version is looked at."""
    return PictureCache(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="session")
def pipeline() -> FacePipeline:
    return load_pipeline()


@pytest.fixture(scope="session")
def portraits(pipeline: FacePipeline, pictures: PictureCache) -> Mapping[str, FaceTemplate]:
    """The portrait template of everyone who has one."""
    measured = {
        person.id: measured_template(pipeline, portrait(person, pictures), Purpose.ENROLMENT)
        for person in PEOPLE
    }
    return {key: template for key, template in measured.items() if template is not None}
