"""The real engine and the command line on generated pictures that show no real person."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from biometrics.commands import biometrics, verify_photos
from biometrics.engines.resnet_engine import MODEL, ResNetEngine
from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.results import Box, NoFace, TooPoor


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


def test_a_template_is_the_mean_of_three_crops_and_their_mirror_images(
    engine: ResNetEngine,
) -> None:
    picture = _noise(300, 300)
    chips = engine.align(picture, engine.landmarks(picture, Box(50, 50, 200, 200)))
    assert chips.shape == (3, 150, 150, 3)
    template = engine.embed(chips)
    assert template.model == MODEL
    alone = [engine._network.embed(chip[None])[0] for chip in (*chips, *chips[:, :, ::-1])]
    assert np.allclose(template.vector, np.mean(alone, axis=0), atol=1e-5)
    # Averaging over both makes the embedding blind to mirroring. A plain embedding is not.
    mirrored = engine.embed(np.ascontiguousarray(chips[:, :, ::-1]))
    assert np.allclose(template.vector, mirrored.vector, atol=1e-5)
    assert np.linalg.norm(template.vector - alone[0]) > 0.01


@pytest.mark.parametrize(("chip", "scale"), [(1, 1.12), (2, 0.90)])
def test_the_further_crops_show_more_and_less_around_the_same_face(
    engine: ResNetEngine, chip: int, scale: float
) -> None:
    picture = _noise(300, 300, sigma=4)
    chips = engine.align(picture, engine.landmarks(picture, Box(75, 75, 150, 150)))

    def difference(scale: float) -> float:
        zoom = cv2.getRotationMatrix2D((74.5, 74.5), 0, 1 / scale)
        zoomed = cv2.warpAffine(chips[0], zoom, (150, 150)).astype(float)
        return float(np.abs(chips[chip] - zoomed)[20:130, 20:130].mean())

    assert difference(scale) < min(difference(1), difference(1 / scale)) / 3


def test_a_box_that_reaches_beyond_the_picture_is_no_crash(engine: ResNetEngine) -> None:
    picture = _noise(200, 200)
    landmarks = engine.landmarks(picture, Box(-80, -80, 400, 400))
    assert engine.align(picture, landmarks).shape == (3, 150, 150, 3)


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


def test_evaluate_says_in_one_line_what_it_cannot_read(tmp_path: Path) -> None:
    result = CliRunner().invoke(biometrics, ["evaluate", "--data", str(tmp_path), "--json"])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "words"), [(_png(_noise(200, 200)), "no single face"), (b"text", "cannot be read")]
)
def test_bench_says_in_one_line_that_it_needs_a_face(
    tmp_path: Path, content: bytes, words: str
) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(content)
    result = CliRunner().invoke(biometrics, ["bench", "--picture", str(picture), "--json"])
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
