"""Templates: bytes with a header, refusal of strangers, silence in every repr."""

import pickle
from collections.abc import Callable

import numpy as np
import pytest

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.results import (
    Box,
    FaceMeasurement,
    FaceTemplate,
    FivePoints,
    MeasuredFace,
    ModelIdentity,
    Stage,
)

MODEL = ModelIdentity("net", "1", "mirror")
VECTOR = np.linspace(-0.2, 0.2, 128, dtype=np.float32)


def _code(call: Callable[..., object], *args: object, **kwargs: object) -> BiometricsErrorCode:
    with pytest.raises(BiometricsError) as caught:
        call(*args, **kwargs)
    return caught.value.code


def test_bytes_round_trip() -> None:
    template = FaceTemplate(MODEL, VECTOR)
    back = FaceTemplate.from_bytes(template.to_bytes(), expected=MODEL)
    assert back == template
    assert back.vector.dtype == np.float32


@pytest.mark.parametrize(
    "other",
    [
        ModelIdentity("net", "2", "mirror"),
        ModelIdentity("net", "1", "plain"),
        ModelIdentity("ten", "1", "mirror"),
    ],
)
def test_another_model_is_refused(other: ModelIdentity) -> None:
    data = FaceTemplate(MODEL, VECTOR).to_bytes()
    code = _code(FaceTemplate.from_bytes, data, expected=other)
    assert code is BiometricsErrorCode.TEMPLATE_OF_ANOTHER_MODEL


def test_damaged_bytes_are_malformed() -> None:
    data = FaceTemplate(MODEL, VECTOR).to_bytes()
    not_a_number = data[:-4] + np.float32(np.nan).tobytes()
    for damaged in (b"", data[:5], data[:-1], data + b"\0", b"XXXX" + data[4:], not_a_number):
        code = _code(FaceTemplate.from_bytes, damaged, expected=MODEL)
        assert code is BiometricsErrorCode.TEMPLATE_MALFORMED


@pytest.mark.parametrize("vector", [np.zeros(127), np.zeros((1, 128)), np.full(128, np.inf)])
def test_only_finite_vectors_of_the_right_shape(vector: np.ndarray) -> None:
    assert _code(FaceTemplate, MODEL, vector) is BiometricsErrorCode.TEMPLATE_MALFORMED


def test_a_template_cannot_be_changed_from_outside() -> None:
    source = VECTOR.copy()
    template = FaceTemplate(MODEL, source)
    source[0] = 9
    assert template.vector[0] == VECTOR[0]
    with pytest.raises(ValueError, match="read-only"):
        template.vector[0] = 9


def test_results_pickle_and_stay_read_only() -> None:
    points = FivePoints((50, 40), (40, 40), (20, 40), (30, 40), (35, 60))
    outcome = MeasuredFace(Box(0, 0, 9, 9), points, (), FaceTemplate(MODEL, VECTOR))
    back = pickle.loads(pickle.dumps(FaceMeasurement(outcome, {Stage.EMBED: 1.5})))
    assert back.outcome == outcome
    assert back.timings_ms == {Stage.EMBED: 1.5}
    assert not back.outcome.template.vector.flags.writeable


def test_no_repr_shows_biometric_data() -> None:
    points = FivePoints((51.25, 40), (40, 40), (20, 40), (30, 40), (35, 60))
    face = MeasuredFace(Box(0, 0, 9, 9), points, (), FaceTemplate(MODEL, VECTOR))
    shown = repr(face) + str(face.template)
    assert "51.25" not in shown
    assert str(VECTOR[0])[:5] not in shown
    assert "array" not in shown
