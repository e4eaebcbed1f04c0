"""Reader of the files in which dlib stores the networks of its face recognition and detection.

dlib serialises a network from the outermost layer inwards: one version number for each wrapper,
then the parameters of every layer from the input to the output. The layout is that of dlib's
`serialize.h`, `cuda/tensor.h` and `dnn/*.h`, for the layer kinds that these two networks have;
anything else is refused. Nothing is believed before it is checked against the bytes that are
there, so that a malformed file is an error and no large allocation.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from biometrics.errors import BiometricsError, BiometricsErrorCode


@dataclass(frozen=True, slots=True)
class Window:
    """Where a convolution or a pool looks; each pair is (vertical, horizontal) in pixels."""

    size: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Convolution:
    """Cross-correlation. `filters`: (out, in, height, width); `bias`: (out,); float32."""

    filters: NDArray[np.float32]
    bias: NDArray[np.float32]
    window: Window


@dataclass(frozen=True, slots=True)
class Affine:
    """What training left of batch normalisation: y = gain x + offset, by channel, float32.

    A file may also hold the normalisation itself, gamma (x - mean) / sqrt(variance + epsilon) +
    beta with the statistics of training; it is read as the affine layer that it amounts to.
    """

    gain: NDArray[np.float32]
    offset: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class MaxPool:
    """The largest value in a window."""

    window: Window


@dataclass(frozen=True, slots=True)
class AveragePool:
    """The mean of a window; a window of size (0, 0) is the whole map."""

    window: Window


@dataclass(frozen=True, slots=True)
class Linear:
    """y = x W without a bias. `weights`: (in, out), float32."""

    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ReLU:
    """The positive part."""


@dataclass(frozen=True, slots=True)
class AddShortcut:
    """Adds the map from before the block; the smaller is extended with zeros at its end."""


Layer = Convolution | Affine | MaxPool | AveragePool | Linear | ReLU | AddShortcut


@dataclass(frozen=True, slots=True)
class StoredNetwork:
    """The content of a weight file.

    The input is RGB of `input_px` (height, width); the network sees (value - mean) / 256.
    """

    channel_means: tuple[float, float, float]
    input_px: tuple[int, int]
    layers: tuple[Layer, ...]


@dataclass(frozen=True, slots=True)
class StoredDetector:
    """The content of a weight file of a max-margin detector (dlib's `loss_mmod_`).

    The input is RGB of any size; the network sees (value - mean) / 256 and answers with a map of
    scores. `window_px` is the (height, width) of the box that a score speaks of. Of two boxes of
    which intersection over union exceeds `overlap`, only the one with the higher score stays.
    """

    channel_means: tuple[float, float, float]
    window_px: tuple[int, int]
    overlap: float
    layers: tuple[Layer, ...]


_Stored = TypeVar("_Stored")


def read_network(data: bytes) -> StoredNetwork:
    """Read a whole weight file of an embedding network.

    Raises:
        BiometricsError: MODEL_FILE_MALFORMED with the offset at which reading stopped.
    """
    return _read(data, _network)


def read_detector(data: bytes) -> StoredDetector:
    """Read a whole weight file of a detector.

    Raises:
        BiometricsError: MODEL_FILE_MALFORMED with the offset at which reading stopped.
    """
    return _read(data, _detector)


def _read(data: bytes, reader: Callable[["_Stream"], _Stored]) -> _Stored:
    stream = _Stream(data)
    try:
        return reader(stream)
    # Also numbers that no sound file holds: past a float's range, or in no known character set.
    except (ValueError, OverflowError) as error:
        raise BiometricsError(
            BiometricsErrorCode.MODEL_FILE_MALFORMED, f"{error} at byte {stream.position}"
        ) from error


def _network(stream: "_Stream") -> StoredNetwork:
    stream.expect_integer(1, "version of the loss")
    stream.expect_string("loss_metric_2")
    stream.skip_reals(2)  # margin and threshold of training
    _skip_wrappers(stream)
    stream.expect_string("input_rgb_image_sized")
    means = (stream.real(), stream.real(), stream.real())
    size = (stream.count(), stream.count())
    return StoredNetwork(means, size, tuple(_layers(stream)))


def _detector(stream: "_Stream") -> StoredDetector:
    stream.expect_integer(1, "version of the loss")
    stream.expect_string("loss_mmod_")
    stream.expect_integer(1, "version of the options")
    width, height = stream.count(), stream.count()
    stream.skip_reals(3)  # what an error cost in training, and how much overlap was a hit
    overlap = stream.real()
    # How much of a box another may cover; dlib's files have no limit here, and nor has the reader.
    if stream.real() < 1:
        raise ValueError("boxes are suppressed by covered area, which is not known")
    stream.skip_reals(2)  # the boxes that training ignored
    if not 0 < overlap <= 1:
        raise ValueError("the overlap is no fraction")
    _skip_wrappers(stream)
    stream.expect_string("input_rgb_image_pyramid")
    means = (stream.real(), stream.real(), stream.real())
    return StoredDetector(means, (height, width), overlap, tuple(_layers(stream)))


def _skip_wrappers(stream: "_Stream") -> None:
    # 2 for a layer, 1 for a tag or a skip, 3 for the layer next to the input.
    while (wrapper := stream.integer()) != 3:
        if wrapper not in (1, 2):
            raise ValueError(f"no wrapper has version {wrapper}")


def _layers(stream: "_Stream") -> Iterator[Layer]:
    first = True
    while not stream.at_end:
        yield _layer(stream)
        stream.skip_flags(3)
        for _ in range(3):  # gradients and outputs, empty in a stored network
            if stream.tensor().size:
                raise ValueError("a tensor of the training state is not empty")
        if first:
            stream.integer()  # sample expansion, which only the layer next to the input has
            first = False


def _layer(stream: "_Stream") -> Layer:
    match kind := stream.string():
        case "con_4":
            return _convolution(stream)
        case "affine_":
            parameters = stream.tensor()
            gain, offset = _split(parameters, stream.view(), stream.view())
            stream.integer()  # by channel or by value, which the shapes tell as well
            return Affine(gain.ravel(), offset.ravel())
        case "bn_con2":
            return _normalisation(stream)
        case "max_pool_2":
            return MaxPool(stream.window())
        case "avg_pool_2":
            return AveragePool(stream.window())
        case "fc_2":
            return _linear(stream)
        case "relu_":
            return ReLU()
        case "add_prev_":
            return AddShortcut()
        case _:
            raise ValueError(f"no layer of the kind {kind[:32]!r} is known")


def _convolution(stream: "_Stream") -> Convolution:
    parameters = stream.tensor()
    channels = stream.count()
    window = stream.window()
    filters, bias = _split(parameters, stream.view(), stream.view())
    stream.skip_reals(4)  # multipliers of training
    if filters.shape[0] != channels or filters.shape[2:] != window.size or bias.size != channels:
        raise ValueError("the filters of a convolution contradict its dimensions")
    return Convolution(filters, bias.ravel(), window)


def _normalisation(stream: "_Stream") -> Affine:
    parameters = stream.tensor()
    gamma, beta = (part.ravel() for part in _split(parameters, stream.view(), stream.view()))
    stream.tensor()  # the statistics of the last batch
    stream.tensor()
    means, variances = stream.tensor().ravel(), stream.tensor().ravel()
    stream.integer()  # how many updates the statistics have seen, and over how many they run
    stream.integer()
    stream.skip_reals(4)  # multipliers of training
    epsilon = stream.real()
    if not gamma.size == beta.size == means.size == variances.size:
        raise ValueError("the statistics of a normalisation contradict its parameters")
    spread = variances.astype(np.float64) + epsilon
    if bool((spread <= 0).any()):
        raise ValueError("a variance is not positive")
    gain = gamma / np.sqrt(spread)
    with np.errstate(over="ignore"):
        folded = Affine(gain.astype(np.float32), (beta - gain * means).astype(np.float32))
    if not bool(np.isfinite([folded.gain, folded.offset]).all()):
        raise ValueError("a normalisation multiplies by more than a float holds")
    return folded


def _linear(stream: "_Stream") -> Linear:
    outputs, inputs = stream.count(), stream.count()
    parameters = stream.tensor()
    stream.view()
    stream.view()
    stream.integer()  # with a bias or without, which the size of the parameters tells as well
    stream.skip_reals(4)  # multipliers of training
    if parameters.size != inputs * outputs:
        raise ValueError("the weights of a linear layer contradict its dimensions")
    return Linear(parameters.reshape(inputs, outputs))


def _split(
    parameters: NDArray[np.float32], first: tuple[int, ...], second: tuple[int, ...]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cut the one tensor in which dlib keeps two kinds of parameters after each other."""
    flat, cut = parameters.ravel(), math.prod(first)
    if flat.size != cut + math.prod(second):
        raise ValueError("the parameters of a layer contradict their shapes")
    return flat[:cut].reshape(first), flat[cut:].reshape(second)


class _Stream:
    """dlib's primitive encodings over bytes; every method raises ValueError past the end.

    An integer is a control byte (low nibble: number of bytes, high bit: sign) and that many
    bytes, little-endian. A float is two integers m and e, meaning m 2^e. A tensor is a version,
    four dimensions and little-endian float32 values.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.position = 0

    @property
    def at_end(self) -> bool:
        return self.position == len(self._data)

    def integer(self) -> int:
        (control,) = self._take(1)
        length = control & 0x0F
        if length > 8 or control & 0x70:
            raise ValueError("an integer has no valid control byte")
        magnitude = int.from_bytes(self._take(length), "little")
        return -magnitude if control & 0x80 else magnitude

    def count(self) -> int:
        value = self.integer()
        if value < 0:
            raise ValueError("a size is negative")
        return value

    def real(self) -> float:
        mantissa, exponent = self.integer(), self.integer()
        return math.ldexp(mantissa, exponent)

    def string(self) -> str:
        return self._take(self.count()).decode("ascii")

    def window(self) -> Window:
        size = (self.count(), self.count())
        stride = (self.count(), self.count())
        padding = (self.count(), self.count())
        if 0 in stride:
            raise ValueError("a window does not move")
        return Window(size, stride, padding)

    def tensor(self) -> NDArray[np.float32]:
        self.expect_integer(2, "version of a tensor")
        shape = tuple(self.count() for _ in range(4))
        values = np.frombuffer(self._take(4 * math.prod(shape)), dtype="<f4").reshape(shape)
        if not bool(np.isfinite(values).all()):
            raise ValueError("a weight is not finite")
        return values

    def view(self) -> tuple[int, ...]:
        self.expect_integer(1, "version of a view")
        return tuple(self.count() for _ in range(4))

    def skip_reals(self, number: int) -> None:
        for _ in range(number):
            self.real()

    def skip_flags(self, number: int) -> None:
        if self._take(number).strip(b"01"):
            raise ValueError("a flag is neither 0 nor 1")

    def expect_integer(self, wanted: int, what: str) -> None:
        if (found := self.integer()) != wanted:
            raise ValueError(f"{what} is {found}, only {wanted} is known")

    def expect_string(self, wanted: str) -> None:
        if self.string() != wanted:
            raise ValueError(f"{wanted} is missing")

    def _take(self, length: int) -> bytes:
        if length > len(self._data) - self.position:
            raise ValueError("the file ends too early")
        self.position += length
        return self._data[self.position - length : self.position]
