"""A damaged weight file is refused in a coded way, whatever is damaged."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biometrics.engines.dlib_weights import (
    AveragePool,
    Convolution,
    Linear,
    StoredNetwork,
    read_network,
)
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
