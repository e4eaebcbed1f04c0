"""The network in onnxruntime against dlib's own, and what a load refuses."""

import csv
from pathlib import Path
from typing import Any

import cv2
import dlib
import numpy as np
import pytest

from biometrics.engines import resnet
from biometrics.engines.dlib_weights import StoredNetwork, read_network
from biometrics.engines.resnet import ResNet
from biometrics.engines.resnet_graph import build_model
from biometrics.engines.resnet_reference import (
    TOLERANCE_L2,
    reference_chip,
    reference_embedding,
)
from biometrics.engines.runtime import load_session
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.model_files import RESNET_V1

FACES = Path(__file__).parents[3] / "shared" / "data" / "faces"


@pytest.fixture(scope="module")
def weights() -> bytes:
    return RESNET_V1.verified_bytes()


@pytest.fixture(scope="module")
def stored(weights: bytes) -> StoredNetwork:
    return read_network(weights)


@pytest.fixture(scope="module")
def network(weights: bytes) -> ResNet:
    return ResNet.load(weights)


@pytest.fixture(scope="module")
def by_dlib() -> Any:
    return dlib.face_recognition_model_v1(str(RESNET_V1.verified_path()))


def _chips() -> np.ndarray:
    """Empty, structured and noisy chips: (14, 150, 150, 3)."""
    random = np.random.default_rng(11)
    noise = random.integers(0, 256, (150, 150, 3), dtype=np.uint8)
    ramp = np.repeat(np.linspace(0, 255, 150)[:, None], 150, axis=1)
    rings = 127 + 127 * np.cos(np.hypot(*np.indices((150, 150)) - 75.0) / 6)
    planes = [ramp, ramp.T, rings, np.where(rings > 127, 255, 0)]
    reference = reference_chip()
    return np.array(
        [
            *(np.full((150, 150, 3), level) for level in (0, 128, 255)),
            np.broadcast_to([255, 0, 0], (150, 150, 3)),
            *(np.repeat(plane[..., None], 3, axis=2) for plane in planes),
            noise,
            *(cv2.GaussianBlur(noise, (0, 0), sigma) for sigma in (1, 4, 12)),
            reference,
            reference[::-1],
        ]
    ).astype(np.uint8)


def _furthest(network: ResNet, by_dlib: Any, chips: np.ndarray) -> float:
    wanted = np.array([by_dlib.compute_face_descriptor(chip) for chip in chips])
    return float(np.linalg.norm(network.embed(chips) - wanted, axis=1).max())


def test_the_embeddings_are_those_of_dlib(network: ResNet, by_dlib: Any) -> None:
    chips = _chips()
    assert len(chips) >= 12
    assert _furthest(network, by_dlib, chips) <= TOLERANCE_L2


@pytest.mark.realdata
@pytest.mark.skipif(
    not (FACES / "images.csv").exists(), reason="needs real photographs in ../shared/data/faces"
)
def test_the_embeddings_of_photographs_are_those_of_dlib(network: ResNet, by_dlib: Any) -> None:
    with (FACES / "images.csv").open(newline="", encoding="utf-8") as file:
        paths = [row["path"] for row in csv.DictReader(file)][::400]
    photographs = [cv2.imread(str(FACES / path), cv2.IMREAD_COLOR_RGB) for path in paths]
    chips = np.array([cv2.resize(photograph, (150, 150)) for photograph in photographs])
    assert len(chips) >= 5
    assert _furthest(network, by_dlib, chips.astype(np.uint8)) <= TOLERANCE_L2


def test_the_tolerance_tells_a_slip_from_rounding(
    network: ResNet, by_dlib: Any, stored: StoredNetwork
) -> None:
    # Control: colours swapped, or the means off by one level, is another network.
    chips = _chips()[-6:]
    assert _furthest(network, _Swapped(by_dlib), chips) > 10 * TOLERANCE_L2
    red, green, blue = stored.channel_means
    off = StoredNetwork((red + 1, green, blue), stored.input_px, stored.layers)
    session = load_session(build_model(off), "another network")
    assert _furthest(ResNet(session), by_dlib, chips) > 10 * TOLERANCE_L2


class _Swapped:
    """dlib's network on blue, green, red."""

    def __init__(self, network: Any) -> None:
        self._network = network

    def compute_face_descriptor(self, chip: np.ndarray) -> Any:
        return self._network.compute_face_descriptor(np.ascontiguousarray(chip[..., ::-1]))


def test_the_reference_is_what_dlib_makes_of_the_chip(by_dlib: Any) -> None:
    generated = np.array(by_dlib.compute_face_descriptor(reference_chip()))
    assert np.linalg.norm(reference_embedding() - generated) < TOLERANCE_L2 / 10


def test_a_runtime_that_computes_something_else_starts_nothing(
    weights: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resnet, "reference_embedding", lambda: reference_embedding() + 1e-4)
    with pytest.raises(BiometricsError) as caught:
        ResNet.load(weights)
    assert caught.value.code is BiometricsErrorCode.SELF_CHECK_FAILED


@pytest.mark.parametrize("place", range(6))
def test_one_wrong_place_in_a_batch_fails_the_self_check(place: int) -> None:
    class Session:
        def run(self, _: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            found = np.repeat(reference_embedding()[None], len(inputs[resnet.INPUT]), axis=0)
            if len(found) > 1:
                found[place, 3] = np.nan
            return [found]

    with pytest.raises(BiometricsError) as caught:
        ResNet(Session()).check()
    assert caught.value.code is BiometricsErrorCode.SELF_CHECK_FAILED


def test_a_failure_of_the_runtime_is_coded(network: ResNet) -> None:
    with pytest.raises(BiometricsError) as caught:
        network.embed(np.zeros((1, 100, 100, 3), np.uint8))
    assert caught.value.code is BiometricsErrorCode.ENGINE_FAILED


def test_layers_of_another_network_are_refused(stored: StoredNetwork) -> None:
    for layers in (
        stored.layers[:-1],
        stored.layers[1:],
        stored.layers + stored.layers[-1:],
        stored.layers[:4] + stored.layers[5:],
        stored.layers[:4] + stored.layers[-20:],
    ):
        with pytest.raises(BiometricsError) as caught:
            build_model(StoredNetwork(stored.channel_means, stored.input_px, layers))
        assert caught.value.code is BiometricsErrorCode.MODEL_FILE_MALFORMED
    with pytest.raises(BiometricsError):
        build_model(StoredNetwork(stored.channel_means, (20, 20), stored.layers))


def test_a_weight_file_that_is_cut_or_longer_is_refused(weights: bytes) -> None:
    cuts = [0, 1, 20, 40, 100, 1000, len(weights) // 2, len(weights) - 1]
    for malformed in (*(weights[:cut] for cut in cuts), weights + b"\x00", weights + weights[-60:]):
        with pytest.raises(BiometricsError) as caught:
            ResNet.load(malformed)
        assert caught.value.code is BiometricsErrorCode.MODEL_FILE_MALFORMED
