"""The convolutional detector in onnxruntime against dlib's own, and what it finds."""

import csv
import itertools
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import onnx
import onnxruntime
import pytest

from biometrics.engines import mmod_detector
from biometrics.engines.dlib_weights import StoredDetector, read_detector
from biometrics.engines.mmod_detector import MmodDetector
from biometrics.engines.mmod_graph import INPUT, build_detector, grid, least_side_px
from biometrics.engines.mmod_reference import (
    SHAPE,
    TOLERANCE,
    file_that_tells_every_score,
    raised,
    reference_picture,
    reference_scores,
)
from biometrics.engines.resnet_engine import ResNetEngine
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.model_files import MMOD_FACES
from biometrics.results import Box, Detection, FivePoints
from simulators.people.captures import CaptureKind, capture_picture
from simulators.people.identity import Identity
from simulators.people.population import load_identities

FACES = Path(__file__).parents[3] / "shared" / "data" / "faces"
LIMITS = {"longest_px": 640, "least_face_px": 60}


@pytest.fixture(scope="module")
def weights() -> bytes:
    return MMOD_FACES.verified_bytes()


@pytest.fixture(scope="module")
def stored(weights: bytes) -> StoredDetector:
    return read_detector(weights)


@pytest.fixture(scope="module")
def detector(weights: bytes) -> MmodDetector:
    return MmodDetector.load(weights)


@pytest.fixture(scope="module")
def engine() -> ResNetEngine:
    return ResNetEngine.load()


@pytest.fixture(scope="module")
def people() -> list[Identity]:
    return list(load_identities().values())[:6]


@pytest.fixture(scope="module")
def frames(people: list[Identity]) -> list[np.ndarray]:
    return [_captured(people, CaptureKind.NEUTRAL, seed) for seed in range(len(people))]


def _captured(people: list[Identity], kind: CaptureKind, seed: int) -> np.ndarray:
    return capture_picture(people[seed % len(people)], kind, seed, beside=people[0])


# --- the same numbers as dlib --------------------------------------------------------------


@pytest.fixture(scope="module")
def telling(weights: bytes, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """dlib's detector, with its own pyramid and margins, telling every score."""
    path = tmp_path_factory.mktemp("mmod") / "telling.dat"
    path.write_bytes(file_that_tells_every_score(weights, padded=True))
    return dlib.cnn_face_detection_model_v1(str(path))


def _sizes(height: int, width: int) -> list[tuple[int, int]]:
    """The levels of dlib's pyramid: five sixths of the one before, rounded down."""
    sizes = []
    while height >= 5 and width > 0:
        sizes.append((height, width))
        height, width = 5 * height // 6, 5 * width // 6
    return sizes


def _tiles(height: int, width: int) -> tuple[list[tuple[slice, slice]], tuple[int, int]]:
    """Where dlib lays the levels: downwards on the left, then upwards on the right.

    As `compute_tiled_image_pyramid_details` with a margin of 11 pixels and distances of 10.
    """
    distance, margin = 10, 11
    sizes = _sizes(height, width)
    total = sum(rows + distance for rows, _ in sizes) - 2 * distance
    column, before, number = 0, 0, 0
    for rows, columns in sizes:
        if columns <= width - before - distance and 2 * (column - height) >= total - height:
            break
        column, before, number = column + rows + distance, columns, number + 1
    tiles, y = [], margin
    for rows, columns in sizes[:number]:
        tiles.append((slice(y, y + rows), slice(margin, margin + columns)))
        y += rows + distance
    y -= distance
    for rows, columns in sizes[number:]:
        if y - rows < margin + height:
            break
        tiles.append((slice(y - rows, y), slice(margin + width - columns, margin + width)))
        y -= rows + distance
    return tiles, (column - distance + 2 * margin, width + 2 * margin)


def _resized(values: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Bilinear, corner to corner, in floating point: dlib's `resize_bilinear` of a tensor."""
    for axis, size in ((0, rows), (1, columns)):
        places = np.arange(size) * ((values.shape[axis] - 1) / max(size - 1, 1))
        low = np.floor(places).astype(int)
        high = np.minimum(low + 1, values.shape[axis] - 1)
        share = (places - low).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        values = (1 - share) * values.take(low, axis) + share * values.take(high, axis)
    return values


def _on_tiles(stored: StoredDetector, picture: np.ndarray) -> np.ndarray:
    """The scores of our graph on dlib's whole pyramid: its levels between its mean colour."""
    tiles, shape = _tiles(*picture.shape[:2])
    canvas = np.tile(np.array(stored.channel_means), (*shape, 1))
    level = picture.astype(np.float64)
    for rows, columns in tiles:
        level = _resized(level, rows.stop - rows.start, columns.stop - columns.start)
        canvas[rows, columns] = level
    # The mean colour is no whole number, so the graph is fed floating point here.
    model = onnx.load_from_string(build_detector(stored))
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (scores,) = session.run(None, {INPUT: canvas[None].astype(np.float32)})
    return np.asarray(scores[0, 0])


def _pictures(frames: list[np.ndarray]) -> list[np.ndarray]:
    noise = np.random.default_rng(5).integers(0, 256, (150, 170, 3), dtype=np.uint8)
    return [
        noise,
        cv2.GaussianBlur(noise, (0, 0), 3),
        np.full((121, 97, 3), (255, 0, 0), np.uint8),
        cv2.resize(frames[0], (320, 240), interpolation=cv2.INTER_AREA),
    ]


def test_every_score_of_a_pyramid_is_that_of_dlib(
    stored: StoredDetector, telling: Any, frames: list[np.ndarray]
) -> None:
    for picture in _pictures(frames):
        ours = _on_tiles(stored, picture)
        found = telling(picture, 0)
        theirs = np.array([face.confidence for face in found]) - raised()
        assert theirs.shape == (ours.size,)
        assert np.abs(np.sort(theirs) - np.sort(ours, axis=None)).max() <= TOLERANCE
    assert theirs.max() > 0.5  # the last picture shows a face


def test_every_score_is_in_the_place_where_dlib_has_it(
    stored: StoredDetector, telling: Any, frames: list[np.ndarray]
) -> None:
    picture = _pictures(frames)[-1]
    ours = _on_tiles(stored, picture)
    step, first = grid(stored)
    compared = 0
    for face in telling(picture, 0):
        if not 80 <= face.rect.width() <= 81:
            continue  # boxes of the first level alone are as large as the window
        centre = face.rect.dcenter()
        row, column = (round((place + 11 - first - 0.25) / step) for place in (centre.y, centre.x))
        assert ours[row, column] == pytest.approx(face.confidence - raised(), abs=TOLERANCE)
        compared += 1
    assert compared > 1000


def test_the_tolerance_tells_a_slip_from_rounding(
    stored: StoredDetector, telling: Any, frames: list[np.ndarray]
) -> None:
    # Control: colours swapped, or the means off by one level, is another detector.
    picture = _pictures(frames)[-1]
    theirs = np.sort([face.confidence for face in telling(picture, 0)]) - raised()
    red, green, blue = stored.channel_means
    off = StoredDetector((red + 1, green, blue), stored.window_px, stored.overlap, stored.layers)
    for network, seen in ((stored, picture[..., ::-1]), (off, picture)):
        ours = np.sort(_on_tiles(network, seen), axis=None)
        assert np.abs(theirs - ours).max() > 10 * TOLERANCE


def test_the_reference_is_what_dlib_makes_of_the_picture(weights: bytes, tmp_path: Path) -> None:
    path = tmp_path / "telling.dat"
    path.write_bytes(file_that_tells_every_score(weights, padded=False))
    found = dlib.cnn_face_detection_model_v1(str(path))(reference_picture(), 0)
    told = np.sort([face.confidence - raised() for face in found])
    for score in reference_scores().ravel():
        assert np.abs(told - score).min() < TOLERANCE / 10


# --- what a load refuses -------------------------------------------------------------------


def test_a_runtime_that_computes_something_else_starts_nothing(
    weights: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = reference_scores()
    wrong[7, 3] += 2 * TOLERANCE
    monkeypatch.setattr(mmod_detector, "reference_scores", lambda: wrong)
    with pytest.raises(BiometricsError) as caught:
        MmodDetector.load(weights)
    assert caught.value.code is BiometricsErrorCode.SELF_CHECK_FAILED


@pytest.mark.parametrize(
    "answer", [np.full((22, 16), np.nan), np.zeros((22, 15)), np.zeros((0, 0))]
)
def test_scores_that_are_none_fail_the_self_check(
    stored: StoredDetector, answer: np.ndarray
) -> None:
    class Session:
        def run(self, *_: Any) -> list[np.ndarray]:
            return [answer[None, None].astype(np.float32)]

    with pytest.raises(BiometricsError) as caught:
        MmodDetector(Session(), stored).check()
    assert caught.value.code is BiometricsErrorCode.SELF_CHECK_FAILED


def test_layers_of_another_network_are_refused(stored: StoredDetector) -> None:
    layers = stored.layers
    for others in (layers[:-1], layers[1:], layers[:3], layers[:2] + layers[3:], (), layers[-1:]):
        network = StoredDetector(stored.channel_means, stored.window_px, stored.overlap, others)
        with pytest.raises(BiometricsError) as caught:
            build_detector(network)
        assert caught.value.code is BiometricsErrorCode.MODEL_FILE_MALFORMED


def test_a_weight_file_that_is_cut_or_longer_is_refused(weights: bytes) -> None:
    cuts = [0, 1, 20, 100, 1000, len(weights) // 2, len(weights) - 1]
    for malformed in (*(weights[:cut] for cut in cuts), weights + b"\x00", weights + weights[-99:]):
        with pytest.raises(BiometricsError) as caught:
            MmodDetector.load(malformed)
        assert caught.value.code is BiometricsErrorCode.MODEL_FILE_MALFORMED


def test_a_failure_of_the_runtime_is_coded(stored: StoredDetector) -> None:
    class Session:
        def run(self, *_: Any) -> list[np.ndarray]:
            raise RuntimeError("broken")

    with pytest.raises(BiometricsError) as caught:
        MmodDetector(Session(), stored).detect(np.zeros((200, 200, 3), np.uint8), **LIMITS)
    assert caught.value.code is BiometricsErrorCode.ENGINE_FAILED


# --- what it finds -------------------------------------------------------------------------


def _by_hog(picture: np.ndarray) -> list[Box]:
    """What dlib's HOG finds: an engine may fall back on the detector under test."""
    scale = 500 / max(picture.shape)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found = dlib.get_frontal_face_detector()(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), 0)
    return [
        Box(*(side / scale for side in (box.left(), box.top(), box.width(), box.height())))
        for box in found
    ]


def _middle_distance(a: Box, b: Box) -> float:
    return float(
        np.hypot(
            a.left + a.width / 2 - b.left - b.width / 2, a.top - b.top + (a.height - b.height) / 2
        )
    )


def test_a_face_is_found_once_in_the_box_that_hog_draws(
    detector: MmodDetector, engine: ResNetEngine, frames: list[np.ndarray]
) -> None:
    apart, widths = [], []
    for frame in frames:
        (face,) = detector.detect(frame, **LIMITS)
        (wanted,) = _by_hog(frame)
        assert _middle_distance(face.box, wanted) < 0.2 * wanted.width
        widths.append(face.box.width / wanted.width)
        ours, theirs = (engine.landmarks(frame, box) for box in (face.box, wanted))
        apart.append(_points_apart(ours, theirs))
    assert np.median(widths) == pytest.approx(1, abs=0.08)  # both come in steps of 1.2
    # HOG's own boxes at two scales lead to landmarks that are 0.03 apart.
    assert np.mean(apart) < 0.04


def _points_apart(a: FivePoints, b: FivePoints) -> float:
    eyes = float(np.hypot(*(np.array(b.left_eye) - b.right_eye)))
    return float(np.hypot(*(a.as_array() - b.as_array()).T).mean()) / eyes


def test_the_box_follows_where_the_face_is_and_how_large(
    detector: MmodDetector, frames: list[np.ndarray]
) -> None:
    (face,) = detector.detect(frames[0], **LIMITS)
    half = cv2.resize(frames[0], (320, 240), interpolation=cv2.INTER_AREA)
    canvas = np.full((480, 640, 3), 128, np.uint8)
    canvas[200:440, 300:620] = half
    (moved,) = detector.detect(canvas, **LIMITS)
    wanted = Box(
        300 + face.box.left / 2, 200 + face.box.top / 2, face.box.width / 2, face.box.height / 2
    )
    assert _middle_distance(moved.box, wanted) < 0.08 * wanted.width
    assert moved.box.width == pytest.approx(wanted.width, rel=0.12)


def test_tilted_faces_are_found_where_hog_finds_none(
    detector: MmodDetector, frames: list[np.ndarray]
) -> None:
    found = missed_by_hog = 0
    for frame in frames:
        turn = cv2.getRotationMatrix2D((320, 240), 55, 1)
        tilted = cv2.warpAffine(frame, turn, (640, 480), borderMode=cv2.BORDER_REFLECT)
        found += bool(detector.detect(tilted, **LIMITS))
        missed_by_hog += not _by_hog(tilted)
    assert found >= len(frames) - 1
    assert missed_by_hog >= len(frames) // 2


def test_two_faces_are_two_and_come_largest_first(
    detector: MmodDetector, people: list[Identity]
) -> None:
    found = detector.detect(_captured(people, CaptureKind.TWO_FACES, 1), **LIMITS)
    assert len(found) == 2
    assert found[0].box.width >= found[1].box.width


def test_no_face_is_found_where_there_is_none(
    detector: MmodDetector, people: list[Identity]
) -> None:
    random = np.random.default_rng(8)
    noise = random.integers(0, 256, (480, 640, 3), dtype=np.uint8)
    pictures = [
        *(_captured(people, CaptureKind.NO_FACE, seed) for seed in range(2)),
        *(_captured(people, CaptureKind.TURNED_AWAY, seed) for seed in range(2)),
        *(np.full((300, 400, 3), level, np.uint8) for level in (0, 128, 255)),
        noise,
        *(
            cv2.normalize(cv2.GaussianBlur(noise, (0, 0), sigma), None, 0, 255, cv2.NORM_MINMAX)
            for sigma in (2, 6, 15)
        ),
    ]
    assert [detector.detect(picture, **LIMITS) for picture in pictures] == [[]] * len(pictures)


@pytest.mark.parametrize("size", [(1, 1), (28, 28), (64, 64), (29, 4000), (80, 80), (2000, 90)])
def test_any_size_is_looked_at_or_passed_over(
    detector: MmodDetector, size: tuple[int, int]
) -> None:
    assert detector.detect(np.full((*size, 3), 90, np.uint8), **LIMITS) == []


def test_the_limits_limit(stored: StoredDetector) -> None:
    seen: list[tuple[int, int]] = []

    class Session:
        def run(self, _: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            seen.append(inputs[INPUT].shape[1:3])
            return [np.full((1, 1, 2, 2), -1, np.float32)]

    detector = MmodDetector(Session(), stored)
    detector.detect(np.zeros((720, 1280, 3), np.uint8), longest_px=320, least_face_px=40)
    assert seen[0] == (180, 320)
    assert all(b[1] == pytest.approx(a[1] / 1.2, abs=1) for a, b in itertools.pairwise(seen))
    assert 66 <= seen[-1][0] < 80
    seen.clear()
    detector.detect(np.zeros((720, 1280, 3), np.uint8), longest_px=2000, least_face_px=200)
    assert seen[0][1] == pytest.approx(1280 * 80 * 1.077 / 200, abs=1)
    seen.clear()
    detector.detect(np.zeros((100, 100, 3), np.uint8), longest_px=2000, least_face_px=1)
    assert seen[0] == (200, 200)


def test_the_smallest_picture_with_a_score(detector: MmodDetector, stored: StoredDetector) -> None:
    side = least_side_px(stored)
    assert detector.scores(np.zeros((side, side, 3), np.uint8)).shape == (1, 1)
    with pytest.raises(BiometricsError):
        detector.scores(np.zeros((side - 1, side, 3), np.uint8))
    assert detector.scores(reference_picture()).shape == (22, SHAPE[1])


@pytest.mark.realdata
@pytest.mark.skipif(
    not (FACES / "images.csv").exists(), reason="needs real photographs in ../shared/data/faces"
)
def test_faces_of_photographs_are_found_upright_tilted_and_covered(
    detector: MmodDetector,
) -> None:
    with (FACES / "images.csv").open(newline="", encoding="utf-8") as file:
        paths = [row["path"] for row in csv.DictReader(file) if row["dataset"] == "lfw"][::200]
    found: dict[str, list[list[Detection]]] = {"upright": [], "tilted": [], "covered": []}
    for path in paths:
        photograph = cv2.imread(str(FACES / path), cv2.IMREAD_COLOR_RGB)
        assert photograph is not None
        covered = photograph.copy()
        covered[138:180, 75:175] = 210  # where these photographs have mouth and chin
        turn = cv2.getRotationMatrix2D((125, 125), 45, 1)
        tilted = cv2.warpAffine(photograph, turn, (250, 250), borderMode=cv2.BORDER_REFLECT)
        for name, picture in (("upright", photograph), ("tilted", tilted), ("covered", covered)):
            found[name].append(detector.detect(np.asarray(picture, np.uint8), **LIMITS))
    assert len(paths) >= 14
    assert all(found["upright"])
    assert all(found["tilted"])
    assert sum(map(bool, found["covered"])) >= 0.8 * len(paths)
