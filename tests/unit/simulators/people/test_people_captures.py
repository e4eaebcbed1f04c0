"""Each kind of capture is what its name says, as the product's own pipeline sees it."""

import pytest

from biometrics.pipeline import FacePipeline
from biometrics.results import FaceTemplate, MeasuredFace, NoFace, SeveralFaces, TooPoor
from simulators.people import PEOPLE, CaptureKind, PictureCache, capture, portrait
from simulators.people.captures import decoded, encoded, portrait_picture

SOMEONE = PEOPLE[0]
OUTCOMES = {
    CaptureKind.NO_FACE: NoFace,
    CaptureKind.TURNED_AWAY: NoFace,
    CaptureKind.OUT_OF_FRAME: NoFace,
    CaptureKind.TWO_FACES: SeveralFaces,
    CaptureKind.BLURRED: TooPoor,
    CaptureKind.DARK: TooPoor,
    CaptureKind.LOOK_ALIKE: MeasuredFace,
    CaptureKind.PRINTED: MeasuredFace,
    CaptureKind.REPLAY: MeasuredFace,
}


@pytest.mark.parametrize(("kind", "outcome"), OUTCOMES.items(), ids=OUTCOMES)
def test_a_capture_is_what_its_kind_says(
    kind: CaptureKind, outcome: type, pipeline: FacePipeline, pictures: PictureCache
) -> None:
    frame = capture(SOMEONE, kind, 0, pictures)
    assert decoded(frame).shape == (480, 640, 3)
    assert isinstance(pipeline.measure(frame, deadline=None).outcome, outcome)


def test_captures_repeat_by_seed_and_differ_between_seeds(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    first = PictureCache(tmp_path_factory.mktemp("first"))
    second = PictureCache(tmp_path_factory.mktemp("second"))
    a = capture(SOMEONE, CaptureKind.NEUTRAL, 1, first)
    assert capture(SOMEONE, CaptureKind.NEUTRAL, 1, second) == a
    assert capture(SOMEONE, CaptureKind.NEUTRAL, 2, second) != a


def test_the_cache_gives_what_would_be_rendered(pictures: PictureCache) -> None:
    portrait(SOMEONE, pictures)
    assert portrait(SOMEONE, pictures) == encoded(portrait_picture(SOMEONE.identity))


def test_attacks_show_their_victim(
    pipeline: FacePipeline, pictures: PictureCache, portraits: dict[str, FaceTemplate]
) -> None:
    for kind in (CaptureKind.PRINTED, CaptureKind.REPLAY):
        outcome = pipeline.measure(capture(SOMEONE, kind, 0, pictures), deadline=None).outcome
        assert isinstance(outcome, MeasuredFace)
        match = pipeline.compare(outcome.template, portraits[SOMEONE.id])
        assert match.distance < match.threshold


def test_bytes_that_are_no_picture_are_refused() -> None:
    with pytest.raises(ValueError, match="not a JPEG"):
        decoded(b"no picture")
