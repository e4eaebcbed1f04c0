"""A damaged weight file is refused in a coded way, whatever is damaged."""

import struct

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biometrics.engines import mmod_graph
from biometrics.engines.dlib_weights import (
    Affine,
    AveragePool,
    Convolution,
    Linear,
    ReLU,
    StoredDetector,
    StoredNetwork,
    read_detector,
    read_network,
)
from biometrics.engines.mmod_graph import build_detector
from biometrics.errors import BiometricsError, BiometricsErrorCode


def _integer(value: int) -> bytes:
    magnitude = abs(value)
    length = max(1, (magnitude.bit_length() + 7) // 8)
    return bytes([length | (0x80 if value < 0 else 0)]) + magnitude.to_bytes(length, "little")


def _real(mantissa: int, exponent: int) -> bytes:
    return _integer(mantissa) + _integer(exponent)


def _text(value: str) -> bytes:
    return _integer(len(value)) + value.encode()


def _integers(*values: int) -> bytes:
    return b"".join(_integer(value) for value in values)


def _tensor(values: np.ndarray, shape: tuple[int, int, int, int]) -> bytes:
    return _integers(2, *shape) + values.astype("<f4").tobytes()


_EMPTY = _tensor(np.zeros(0), (0, 0, 0, 0))
_AFTER_A_LAYER = b"101" + 3 * _EMPTY
_FILTERS = np.arange(2 * 3 * 1 * 1) / 7
_BIAS = np.array([0.5, -0.25])
_WEIGHTS = np.arange(2 * 4) / 3

SMALL = b"".join(
    [
        _integer(1),
        _text("loss_metric_2"),
        _real(1, -5),
        _real(3, -2),
        _integers(2, 1, 2, 3),
        _text("input_rgb_image_sized"),
        _real(-245, -1),
        _real(117, 0),
        _real(13, 3),
        _integers(9, 8),
        _text("con_4"),
        _tensor(np.concatenate([_FILTERS, _BIAS]), (8, 1, 1, 1)),
        _integers(2, 1, 1, 2, 3, 0, 1),
        _integers(1, 2, 3, 1, 1),
        _integers(1, 1, 2, 1, 1),
        4 * _real(1, 0),
        _AFTER_A_LAYER,
        _integer(1),
        _text("avg_pool_2"),
        _integers(0, 0, 1, 1, 0, 0),
        _AFTER_A_LAYER,
        _text("fc_2"),
        _integers(4, 2),
        _tensor(_WEIGHTS, (2, 4, 1, 1)),
        _integers(1, 2, 4, 1, 1),
        _integers(1, 0, 0, 0, 0),
        _integer(1),
        4 * _real(1, 0),
        _AFTER_A_LAYER,
    ]
)
"""A network of three layers as dlib would store it."""


def test_every_number_of_a_small_network_is_read() -> None:
    network = read_network(SMALL)
    assert network.channel_means == (-122.5, 117.0, 104.0)
    assert network.input_px == (9, 8)
    convolution, pool, linear = network.layers
    assert isinstance(convolution, Convolution)
    assert isinstance(pool, AveragePool)
    assert isinstance(linear, Linear)
    assert np.allclose(convolution.filters.ravel(), _FILTERS)
    assert convolution.filters.shape == (2, 3, 1, 1)
    assert np.allclose(convolution.bias, _BIAS)
    assert (convolution.window.stride, convolution.window.padding) == ((2, 3), (0, 1))
    assert pool.window.size == (0, 0)
    assert np.allclose(linear.weights, _WEIGHTS.reshape(2, 4))


def _read_or_refuse(data: bytes) -> StoredNetwork | None:
    try:
        return read_network(data)
    except BiometricsError as error:
        if error.code is not BiometricsErrorCode.MODEL_FILE_MALFORMED:
            raise
        return None


@given(st.integers(0, len(SMALL) - 1))
def test_no_part_of_a_file_is_a_file(length: int) -> None:
    # A file may end after any layer; the graph then misses the next one and refuses.
    network = _read_or_refuse(SMALL[:length])
    assert network is None or len(network.layers) < 3


@given(st.integers(0, len(SMALL) - 1), st.integers(0, 255))
def test_a_changed_byte_reads_or_is_refused(position: int, value: int) -> None:
    damaged = bytearray(SMALL)
    damaged[position] = value
    _read_or_refuse(bytes(damaged))


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    assert _read_or_refuse(data) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (_text("con_4"), _text("con_5")),
        (_integers(2, 1, 2, 3), _integers(2, 7, 2, 3)),
        (_integers(2, 8, 1, 1, 1), _integers(2, 2**60, 1, 1, 1)),  # asks for memory
        (_integers(2, 8, 1, 1, 1), _integers(2, -8, 1, 1, 1)),
        (_integers(2, 1, 1, 2, 3, 0, 1), _integers(2, 1, 1, 0, 3, 0, 1)),  # a stride of 0
        (_integers(2, 1, 1, 2, 3, 0, 1), _integers(3, 1, 1, 2, 3, 0, 1)),
        (_integers(1, 2, 3, 1, 1), _integers(1, 2, 2, 1, 1)),
        (_real(117, 0), _real(117, 10**6)),
        (b"101", b"1x1"),
        (struct.pack("<f", 0.5), struct.pack("<f", float("nan"))),
        (_integers(4, 2) + _integers(2, 2, 4), _integers(4, 3) + _integers(2, 2, 4)),
        (_text("loss_metric_2"), _text("loss_metric_é")),
    ],
)
def test_each_kind_of_nonsense_is_refused(old: bytes, new: bytes) -> None:
    assert old in SMALL
    assert _read_or_refuse(SMALL.replace(old, new, 1)) is None


def test_a_reader_that_lets_an_error_through_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    # Control: without the coded error, the properties above fail.
    from biometrics.engines import dlib_weights

    monkeypatch.setattr(
        f"{__name__}.read_network", lambda data: dlib_weights._network(dlib_weights._Stream(data))
    )
    with pytest.raises(ValueError, match="ends too early"):
        _read_or_refuse(b"")


# --- the detector --------------------------------------------------------------------------

_GAMMA = np.array([2.0, -0.5])
_BETA = np.array([0.25, 4.0])
_MEANS = np.array([1.0, -3.0])
_VARIANCES = np.array([4.0, 0.0])
_TWO = (1, 2, 1, 1)


def _conv(filters: np.ndarray, bias: np.ndarray, channels: tuple[int, int]) -> bytes:
    out, into = channels
    return b"".join(
        [
            _text("con_4"),
            _tensor(np.concatenate([filters, bias]), (filters.size + bias.size, 1, 1, 1)),
            _integers(out, 1, 1, 2, 2, 0, 0),
            _integers(1, out, into, 1, 1),
            _integers(1, 1, out, 1, 1),
            4 * _real(1, 0),
            _AFTER_A_LAYER,
        ]
    )


DETECTOR = b"".join(
    [
        _integer(1),
        _text("loss_mmod_"),
        _integers(1, 80, 60),
        3 * _real(1, 0),
        _real(3, -3),
        2 * _real(1, 0),
        _real(1, -1),
        _integers(2, 2, 2, 3),
        _text("input_rgb_image_pyramid"),
        _real(-245, -1),
        _real(117, 0),
        _real(13, 3),
        _conv(_FILTERS, _BIAS, (2, 3)),
        _integer(1),
        _text("bn_con2"),
        _tensor(np.concatenate([_GAMMA, _BETA]), (4, 1, 1, 1)),
        _integers(1, *_TWO),
        _integers(1, *_TWO),
        2 * _EMPTY,
        _tensor(_MEANS, _TWO),
        _tensor(_VARIANCES, _TWO),
        _integers(7, 100),
        4 * _real(1, 0),
        _real(1, -4),
        _AFTER_A_LAYER,
        _text("relu_"),
        _AFTER_A_LAYER,
        _conv(np.array([3.0, -1.0]), np.array([-0.5]), (1, 2)),
    ]
)
"""A detector of two convolutions as dlib would store it."""


def test_every_number_of_a_small_detector_is_read() -> None:
    detector = read_detector(DETECTOR)
    assert detector.channel_means == (-122.5, 117.0, 104.0)
    assert detector.window_px == (60, 80)
    assert detector.overlap == 0.375
    first, normalisation, positive, last = detector.layers
    assert isinstance(first, Convolution)
    assert isinstance(normalisation, Affine)
    assert isinstance(positive, ReLU)
    assert isinstance(last, Convolution)
    gain = _GAMMA / np.sqrt(_VARIANCES + 1 / 16)
    assert np.allclose(normalisation.gain, gain)
    assert np.allclose(normalisation.offset, _BETA - gain * _MEANS)
    assert np.allclose(last.filters.ravel(), [3, -1])


def test_a_detector_computes_what_its_layers_say() -> None:
    detector = read_detector(DETECTOR)
    session = onnxruntime.InferenceSession(
        build_detector(detector), providers=["CPUExecutionProvider"]
    )
    picture = np.random.default_rng(3).integers(0, 256, (9, 11, 3), dtype=np.uint8)
    (found,) = session.run(None, {mmod_graph.INPUT: picture[None]})
    values = (picture[::2, ::2] - np.array(detector.channel_means)) / 256
    maps = values @ _FILTERS.reshape(2, 3).T + _BIAS
    maps = (maps - _MEANS) / np.sqrt(_VARIANCES + 1 / 16) * _GAMMA + _BETA
    wanted = np.maximum(maps, 0)[::2, ::2] @ np.array([3.0, -1.0]) - 0.5
    assert found.shape == (1, 1, *wanted.shape)
    assert np.allclose(found[0, 0], wanted, atol=1e-4)
    assert mmod_graph.grid(detector) == (4, 0)
    assert mmod_graph.least_side_px(detector) == 1


def _detector_or_refusal(data: bytes) -> StoredDetector | None:
    try:
        return read_detector(data)
    except BiometricsError as error:
        if error.code is not BiometricsErrorCode.MODEL_FILE_MALFORMED:
            raise
        return None


@given(st.integers(0, len(DETECTOR) - 1))
def test_no_part_of_a_detector_is_a_detector(length: int) -> None:
    detector = _detector_or_refusal(DETECTOR[:length])
    assert detector is None or len(detector.layers) < 4


@given(st.integers(0, len(DETECTOR) - 1), st.integers(0, 255))
def test_a_detector_with_a_changed_byte_is_built_or_refused(position: int, value: int) -> None:
    damaged = bytearray(DETECTOR)
    damaged[position] = value
    detector = _detector_or_refusal(bytes(damaged))
    if detector is None:
        return
    try:
        build_detector(detector)
    except BiometricsError as error:
        assert error.code is BiometricsErrorCode.MODEL_FILE_MALFORMED  # noqa: PT017


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (_integers(1, 80, 60), _integers(2, 80, 60)),
        (_real(3, -3), _real(3, -1)),
        (_real(3, -3), _real(0, 0)),
        (_real(3, -3) + _real(1, 0), _real(3, -3) + _real(1, -1)),
        (_text("bn_con2"), _text("bn_fc2")),
        (_tensor(_MEANS, _TWO), _tensor(_MEANS[:1], (1, 1, 1, 1))),
        (_tensor(_VARIANCES, _TWO), _tensor(-_VARIANCES, _TWO)),
        (_real(1, -4), _real(1, -900)),
        (_text("loss_mmod_"), _text("loss_metric_2")),
        (_text("input_rgb_image_pyramid"), _text("input_rgb_image_sized")),
    ],
)
def test_each_kind_of_nonsense_in_a_detector_is_refused(old: bytes, new: bytes) -> None:
    assert old in DETECTOR
    assert _detector_or_refusal(DETECTOR.replace(old, new, 1)) is None


def test_one_kind_of_file_is_not_the_other() -> None:
    assert _detector_or_refusal(SMALL) is None
    assert _read_or_refuse(DETECTOR) is None
