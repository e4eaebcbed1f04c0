"""Real photographs, where they lie beside the repository: a few, never copied into it."""

import csv
import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from biometrics.commands import verify_photos
from biometrics.evaluation.commands import faces as evaluate_faces
from biometrics.pipeline import FacePipeline, load_pipeline
from biometrics.results import (
    MeasuredFace,
    QualityName,
    SeveralFaces,
    TooPoor,
    Verdict,
)

FACES = Path(__file__).parents[3] / "shared" / "data" / "faces"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(
        not (FACES / "images.csv").exists(), reason="needs real photographs in ../shared/data/faces"
    ),
]

PORTRAITS = "deepface"
FEW = 14


@pytest.fixture(scope="module")
def pipeline() -> FacePipeline:
    return load_pipeline()


@pytest.fixture(scope="module")
def faces(pipeline: FacePipeline) -> list[tuple[str, MeasuredFace]]:
    """The first portraits of the high-resolution set with the person that each shows."""
    with (FACES / "images.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == PORTRAITS]
    measured = []
    for row in rows[:FEW]:
        outcome = pipeline.measure((FACES / row["path"]).read_bytes(), deadline=None).outcome
        assert isinstance(outcome, MeasuredFace)
        measured.append((row["identity"], outcome))
    return measured


def _photo(path: str) -> np.ndarray:
    picture = cv2.imread(str(FACES / path), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


def _first(dataset: str) -> str:
    with (FACES / "images.csv").open(newline="", encoding="utf-8") as file:
        return next(row["path"] for row in csv.DictReader(file) if row["dataset"] == dataset)


def _jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def _scaled_to_face_width(pipeline: FacePipeline, path: str, width: float) -> np.ndarray:
    picture = _photo(path)
    outcome = pipeline.measure((FACES / path).read_bytes(), deadline=None).outcome
    assert isinstance(outcome, MeasuredFace)
    factor = width / outcome.box.width
    return cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def test_no_two_people_match_and_most_of_the_same_do(
    pipeline: FacePipeline, faces: list[tuple[str, MeasuredFace]]
) -> None:
    genuine, impostor = [], []
    for i, (person, face) in enumerate(faces):
        for other_person, other in faces[i + 1 :]:
            result = pipeline.compare(face.template, other.template)
            (genuine if person == other_person else impostor).append(result.verdict)
    assert len(genuine) >= 10
    assert len(impostor) >= 10
    assert Verdict.SAME not in impostor
    assert genuine.count(Verdict.SAME) / len(genuine) >= 0.6


def test_blur_and_darkness_are_too_poor_and_dim_noise_is_not(pipeline: FacePipeline) -> None:
    picture = _scaled_to_face_width(pipeline, _first(PORTRAITS), 200)
    random = np.random.default_rng(6)

    blurred = pipeline.measure(_jpeg(cv2.GaussianBlur(picture, (0, 0), 4)), deadline=None).outcome
    assert isinstance(blurred, TooPoor)
    assert QualityName.SHARPNESS in blurred.failed

    dark_picture = (picture * 0.12).astype(np.uint8)
    dark = pipeline.measure(_jpeg(dark_picture), deadline=None).outcome
    assert isinstance(dark, TooPoor)
    assert QualityName.LUMINANCE_MEAN in dark.failed

    dim = np.clip(picture * 0.5 + random.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)
    assert isinstance(pipeline.measure(_jpeg(dim), deadline=None).outcome, MeasuredFace)


def _with_another(picture: np.ndarray, ratio: float, size: tuple[int, int]) -> bytes:
    """Put a photograph and the same at `ratio` of its size side by side into a grey frame."""
    height, width = size
    frame = np.full((height, width, 3), 128, np.uint8)
    other = cv2.resize(picture, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA)
    left = 0
    for part in (picture, other):
        fitted = part[:height, : width - left]
        frame[: fitted.shape[0], left : left + fitted.shape[1]] = fitted
        left += fitted.shape[1]
    return _jpeg(frame)


@pytest.mark.parametrize(("size", "face_px"), [((480, 640), 120), ((720, 1280), 200)])
def test_who_stands_beside_counts_and_who_stands_behind_does_not(
    pipeline: FacePipeline, size: tuple[int, int], face_px: int
) -> None:
    picture = _scaled_to_face_width(pipeline, _first("lfw"), face_px)
    for ratio in (1.0, 0.8, 0.65):
        frame = _with_another(picture, ratio, size)
        assert pipeline.measure(frame, deadline=None).outcome == SeveralFaces(2), ratio
    for ratio in (0.45, 0.3):
        outcome = pipeline.measure(_with_another(picture, ratio, size), deadline=None).outcome
        assert isinstance(outcome, MeasuredFace), ratio


def test_a_photograph_on_its_side_is_turned_by_its_exif(pipeline: FacePipeline) -> None:
    import io

    from PIL import Image

    picture = _scaled_to_face_width(pipeline, _first(PORTRAITS), 200)
    on_its_side = Image.fromarray(
        cv2.rotate(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), cv2.ROTATE_90_COUNTERCLOCKWISE)
    )
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    on_its_side.save(buffer, "JPEG", quality=95, exif=exif.tobytes())
    turned = pipeline.measure(buffer.getvalue(), deadline=None).outcome
    upright = pipeline.measure(_jpeg(picture), deadline=None).outcome
    assert isinstance(turned, MeasuredFace)
    assert isinstance(upright, MeasuredFace)
    assert pipeline.compare(turned.template, upright.template).distance < 0.15


def test_verify_photos_on_one_person_and_on_two() -> None:
    with (FACES / "pairs.csv").open(newline="", encoding="utf-8") as file:
        pairs = [row for row in csv.DictReader(file) if row["dataset"] == "celeb"]
    same = next(row for row in pairs if row["same"] == "1")
    different = next(row for row in pairs if row["same"] == "0")
    for row, verdict in ((same, "same"), (different, "different")):
        photos = [str(FACES / row["path_a"]), str(FACES / row["path_b"])]
        result = CliRunner().invoke(verify_photos, [*photos, "--json"])
        assert result.exit_code == 0
        answer = json.loads(result.stdout)
        assert answer["verdict"] == verdict
        assert (answer["distance"] <= answer["threshold"]["value"]) == (verdict == "same")


def test_evaluate_faces_measures_in_workers_and_prints_one_object() -> None:
    arguments = [str(FACES / "images.csv"), "--dataset", PORTRAITS, "--json"]
    result = CliRunner().invoke(evaluate_faces, arguments)
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    with (FACES / "images.csv").open(newline="", encoding="utf-8") as file:
        people = [row["identity"] for row in csv.DictReader(file) if row["dataset"] == PORTRAITS]
    counted = Counter(people)
    assert report["identities"] == len(counted)
    assert report["images"] == sum(min(10, pictures) for pictures in counted.values())
    assert report["genuine"] == report["images"] - report["identities"]
    assert report["failure_to_acquire"] <= 0.02
    assert report["raw"]["fnmr_at_fmr"]["1e-2"] <= 0.2
    shipped = report["raw"]["at_shipped_threshold"]
    assert shipped["fmr"] <= 0.01
    assert shipped["fnmr"] < 0.4
