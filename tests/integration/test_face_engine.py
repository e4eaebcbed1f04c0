"""The real engine and the command line on generated pictures that show no real person."""

import json
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest
from click.testing import CliRunner

from biometrics.commands import verify_photos
from biometrics.engines.alignment import CHIP_SIZE_PX, STANDARD_PADDING, Crop, cut_chips
from biometrics.engines.resnet_engine import CROPS, MODEL, ResNetEngine
from biometrics.pictures import decode_picture
from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.results import (
    Box,
    FivePoints,
    MeasuredFace,
    NoFace,
    Purpose,
    TooPoor,
    UnreadablePicture,
)
from simulators.people.captures import portrait
from simulators.people.population import PEOPLE


@pytest.fixture(scope="module")
def pipeline() -> FacePipeline:
    return load_pipeline()


@pytest.fixture(scope="module")
def engine() -> ResNetEngine:
    return ResNetEngine.load()


def _noise(height: int, width: int, sigma: float = 3) -> np.ndarray:
    noise = np.random.default_rng(4).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), sigma)


def _png(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", picture)[1].tobytes()


@pytest.mark.parametrize("size", [(64, 64), (64, 4000), (250, 250), (720, 1280), (2000, 1500)])
def test_pictures_without_a_face(pipeline: FacePipeline, size: tuple[int, int]) -> None:
    assert pipeline.measure(_png(_noise(*size)), deadline=None).outcome == NoFace()


@pytest.mark.parametrize("level", [0, 128, 255])
def test_empty_pictures(pipeline: FacePipeline, level: int) -> None:
    blank = np.full((480, 640, 3), level, np.uint8)
    assert pipeline.measure(_png(blank), deadline=None).outcome == NoFace()


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_template_is_the_mean_of_its_crops(engine: ResNetEngine, purpose: Purpose) -> None:
    picture = _noise(300, 300)
    landmarks = engine.landmarks(picture, Box(50, 50, 200, 200))
    aligned = engine.align(picture, landmarks, purpose)
    assert aligned.chips.shape == (len(CROPS[purpose]), 150, 150, 3)
    template = engine.embed(aligned.chips)
    assert template.model == MODEL
    alone = [engine._network.embed(chip[None])[0] for chip in aligned.chips]
    assert np.allclose(template.vector, np.mean(alone, axis=0), atol=1e-5)
    assert np.linalg.norm(template.vector - alone[0]) > 0.01


def test_an_enrolled_template_is_blind_to_mirroring(engine: ResNetEngine) -> None:
    picture = _noise(300, 300)
    landmarks = engine.landmarks(picture, Box(50, 50, 200, 200))
    chips = engine.align(picture, landmarks, Purpose.ENROLMENT).chips
    template = engine.embed(chips)
    mirrored = engine.embed(np.ascontiguousarray(chips[:, :, ::-1]))
    assert np.allclose(template.vector, mirrored.vector, atol=1e-5)
    # Control: one embedding is not.
    assert np.linalg.norm(engine.embed(chips[:1]).vector - mirrored.vector) > 0.01


def test_a_live_template_estimates_the_enrolled_one() -> None:
    distances = []
    pipeline = load_pipeline()
    for person in PEOPLE[:4]:
        picture = portrait(person)
        enrolled, live = (
            pipeline.measure(picture, deadline=None, purpose=purpose).outcome
            for purpose in (Purpose.ENROLMENT, Purpose.LIVE)
        )
        assert isinstance(enrolled, MeasuredFace)
        assert isinstance(live, MeasuredFace)
        distances.append(np.linalg.norm(enrolled.template.vector - live.template.vector))
    assert max(distances) < 0.15


@pytest.mark.parametrize("face_px", [60, 150, 260, 450])
def test_chips_are_those_of_dlib(engine: ResNetEngine, face_px: int) -> None:
    # As much contrast as bytes hold, at every scale.
    picture = np.asarray(
        cv2.normalize(_noise(900, 900, sigma=face_px / 40), None, 0, 255, cv2.NORM_MINMAX), np.uint8
    )
    landmarks = engine.landmarks(picture, Box(200, 200, face_px, face_px))
    points = [dlib.point(int(x), int(y)) for x, y in landmarks.as_array()]
    shape = dlib.full_object_detection(dlib.rectangle(0, 0, 1, 1), points)
    for padding in (STANDARD_PADDING, 0.34, 0.175):
        wanted = dlib.get_face_chip(picture, shape, CHIP_SIZE_PX, padding).astype(float)
        (chip,) = cut_chips(picture, landmarks, (Crop(padding),))
        assert np.abs(chip - wanted).mean() < 2.5
        # Control: half a pixel off is seen.
        moved = FivePoints(*((x + face_px / 200, y) for x, y in landmarks.as_array()))
        (off,) = cut_chips(picture, moved, (Crop(padding),))
        assert np.abs(off - wanted).mean() > 1.5 * np.abs(chip - wanted).mean()


@pytest.mark.parametrize(("padding", "scale"), [(0.34, 1.12), (0.175, 0.90)])
def test_the_further_crops_show_more_and_less_around_the_same_face(
    engine: ResNetEngine, padding: float, scale: float
) -> None:
    picture = _noise(300, 300, sigma=4)
    landmarks = engine.landmarks(picture, Box(75, 75, 150, 150))
    standard, other = cut_chips(picture, landmarks, (Crop(STANDARD_PADDING), Crop(padding)))

    def difference(scale: float) -> float:
        zoom = cv2.getRotationMatrix2D((74.5, 74.5), 0, 1 / scale)
        zoomed = cv2.warpAffine(standard, zoom, (150, 150)).astype(float)
        return float(np.abs(other - zoomed)[20:130, 20:130].mean())

    assert difference(scale) < min(difference(1), difference(1 / scale)) / 3


def test_a_mirrored_crop_is_the_mirror_image(engine: ResNetEngine) -> None:
    picture = _noise(300, 300)
    landmarks = engine.landmarks(picture, Box(50, 50, 200, 200))
    plain, mirrored = cut_chips(picture, landmarks, (Crop(0.21), Crop(0.21, mirrored=True)))
    assert np.array_equal(plain[:, ::-1], mirrored)
    assert not np.array_equal(plain, mirrored)


@pytest.mark.parametrize(
    "points",
    [
        [(-900.0, -900.0), (-930.0, -900.0), (-990.0, -900.0), (-960.0, -900.0), (-940.0, -850.0)],
        [(5e5, 5e5), (4e5, 5e5), (1e5, 5e5), (2e5, 5e5), (3e5, 9e5)],
        [(10.0, 10.0)] * 5,
        [(float("nan"), 1.0)] * 5,
    ],
)
def test_points_of_no_face_give_black_chips_and_no_crash(points: list[tuple[float, float]]) -> None:
    picture = _noise(200, 200)
    chips = cut_chips(picture, FivePoints(*points), (Crop(STANDARD_PADDING), Crop(0.34)))
    assert chips.shape == (2, 150, 150, 3)


def test_a_box_that_reaches_beyond_the_picture_is_no_crash(engine: ResNetEngine) -> None:
    picture = _noise(200, 200)
    landmarks = engine.landmarks(picture, Box(-80, -80, 400, 400))
    aligned = engine.align(picture, landmarks, Purpose.LIVE)
    assert aligned.standard.shape == (150, 150, 3)


def test_a_face_that_hog_misses_is_found_by_the_convolutional_detector(
    engine: ResNetEngine,
) -> None:
    picture = decode_picture(portrait(PEOPLE[0]))
    assert not isinstance(picture, UnreadablePicture)
    upright = engine.detect(picture)[0].box
    height, width = picture.shape[:2]
    middle = (width / 2, height / 2)
    turned = cv2.warpAffine(picture, cv2.getRotationMatrix2D(middle, 55, 1.0), (width, height))
    assert engine._look(turned, 1.0) == []
    found = engine.detect(turned)
    assert len(found) == 1
    assert 0.6 < found[0].box.width / upright.width < 1.6


def _photo(path: Path, picture: np.ndarray) -> str:
    path.write_bytes(_png(picture))
    return str(path)


def test_verify_photos_cannot_tell_without_faces(tmp_path: Path) -> None:
    a, b = (_photo(tmp_path / name, _noise(200, 200)) for name in ("a.png", "b.png"))
    result = CliRunner().invoke(verify_photos, [a, b, "--json"])
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["verdict"] == "cannot_tell"
    assert "no face" in answer["why"]
    assert answer["distance"] is None
    assert [photo["outcome"] for photo in answer["photos"]] == ["no_face", "no_face"]
    words = CliRunner().invoke(verify_photos, [a, b])
    assert "cannot tell: no face in" in words.stdout


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"text in a picture's clothes", "not jpeg or png"),
        (_png(np.zeros((100, 100, 3), np.uint8))[:-30], "truncated"),
        (b"", "empty"),
        (None, "No such file"),
    ],
)
def test_verify_photos_says_in_one_line_what_it_cannot_read(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    good = _photo(tmp_path / "good.png", _noise(200, 200))
    bad = tmp_path / "bad.jpg"
    if content is not None:
        bad.write_bytes(content)
    result = CliRunner().invoke(verify_photos, [good, str(bad), "--json"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_smear_that_passes_for_a_face_is_still_too_poor(
    pipeline: FacePipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Even if the detector took a smooth surface for a face, no template comes of it.
    from biometrics.results import Detection

    smear = cv2.GaussianBlur(_noise(300, 300), (0, 0), 9)
    monkeypatch.setattr(ResNetEngine, "detect", lambda *_: [Detection(Box(50, 50, 200, 200), 1.0)])
    assert isinstance(pipeline.measure(_png(smear), deadline=None).outcome, TooPoor)
