"""dlib's face network as an ONNX graph that computes the same numbers.

The residual network of 2017: a stem (7x7 convolution, ReLU, max pool), 14 blocks of two 3x3
convolutions with a shortcut, the mean over the map, and a linear layer to 128 numbers. Where a
block halves the map, its shortcut is averaged over 2x2; where shortcut and block differ in any
dimension, dlib extends the smaller with zeros at the end of channels, rows and columns.

Three exact rearrangements keep arithmetic out of the graph: an affine layer after a convolution is
folded into its filters, and so is (value - mean) / 256 into the first convolution, which has no
padding that would have to know the mean; the last convolution, on a map of one pixel, keeps only
the tap that meets it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from biometrics.engines.dlib_weights import (
    AddShortcut,
    Affine,
    AveragePool,
    Convolution,
    Layer,
    Linear,
    MaxPool,
    ReLU,
    StoredNetwork,
    Window,
)
from biometrics.engines.onnx_file import serialized
from biometrics.errors import BiometricsError, BiometricsErrorCode

INPUT = "chips"
"""Name of the input: (n, height, width, 3), uint8, RGB."""
OUTPUT = "embeddings"
"""Name of the output: (n, 128), float32."""

_LEVELS = 256.0


def build_model(network: StoredNetwork) -> bytes:
    """Return the serialised ONNX model of a stored network.

    Raises:
        BiometricsError: MODEL_FILE_MALFORMED when the layers are not those of this network.
    """
    try:
        return _build(network)
    except (ValueError, onnx.checker.ValidationError) as error:
        raise BiometricsError(
            BiometricsErrorCode.MODEL_FILE_MALFORMED, f"the network cannot be built: {error}"
        ) from error


@dataclass(frozen=True, slots=True)
class _Map:
    """A value of the graph: its name and its shape without the batch."""

    name: str
    shape: tuple[int, int, int]  # channels, rows, columns


_Kind = TypeVar("_Kind", bound=Layer)


class _Layers:
    """The layers of a network, taken one after the other by the kind that must come next."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._left = list(reversed(layers))

    def next_is(self, kind: type[Layer]) -> bool:
        return bool(self._left) and isinstance(self._left[-1], kind)

    def take(self, kind: type[_Kind]) -> _Kind:
        layer = self._left.pop() if self._left else None
        if not isinstance(layer, kind):
            raise ValueError(f"{kind.__name__} expected, {type(layer).__name__} found")
        return layer

    def convolution(self) -> Convolution:
        """Take a convolution together with the affine layer behind it."""
        convolution, affine = self.take(Convolution), self.take(Affine)
        gain = affine.gain.astype(np.float64)
        if gain.shape != convolution.bias.shape or affine.offset.shape != gain.shape:
            raise ValueError("an affine layer does not fit its convolution")
        return replace(
            convolution,
            filters=(convolution.filters * gain[:, None, None, None]).astype(np.float32),
            bias=(convolution.bias * gain + affine.offset).astype(np.float32),
        )

    def expect_end(self) -> None:
        if self._left:
            raise ValueError(f"{len(self._left)} layers are left over")


class _Graph:
    """Collects nodes and constants, and keeps account of shapes."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constant(self, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(value, name))
        return name

    def convolve(self, x: _Map, layer: Convolution) -> _Map:
        if layer.filters.shape[1] != x.shape[0]:
            raise ValueError("a convolution does not fit the channels before it")
        if x.shape[1:] == (1, 1):
            layer = _on_one_pixel(layer)
        name = self.node(
            "Conv",
            x.name,
            self.constant(layer.filters),
            self.constant(layer.bias),
            **_attributes(layer.window),
        )
        return _Map(name, _seen(x, layer.window, layer.filters.shape[0]))

    def pool(self, x: _Map, operator: str, window: Window) -> _Map:
        name = self.node(operator, x.name, **_attributes(window))
        return _Map(name, _seen(x, window, x.shape[0]))

    def relu(self, x: _Map) -> _Map:
        return _Map(self.node("Relu", x.name), x.shape)

    def add(self, a: _Map, b: _Map) -> _Map:
        channels, rows, columns = (max(pair) for pair in zip(a.shape, b.shape, strict=True))
        shape = (channels, rows, columns)
        names = (self._extended(x, shape) for x in (a, b))
        return _Map(self.node("Add", *names), shape)

    def _extended(self, x: _Map, shape: tuple[int, int, int]) -> str:
        if x.shape == shape:
            return x.name
        ends = [wanted - present for wanted, present in zip(shape, x.shape, strict=True)]
        pads = np.array([0, 0, 0, 0, 0, *ends], dtype=np.int64)  # starts, then ends, batch first
        return self.node("Pad", x.name, self.constant(pads), mode="constant")


def _build(network: StoredNetwork) -> bytes:
    layers, graph = _Layers(network.layers), _Graph()
    height, width = network.input_px
    floats = graph.node("Cast", INPUT, to=TensorProto.FLOAT)
    x = _Map(graph.node("Transpose", floats, perm=[0, 3, 1, 2]), (3, height, width))
    x = graph.relu(graph.convolve(x, _on_raw_values(layers.convolution(), network.channel_means)))
    layers.take(ReLU)
    x = graph.pool(x, "MaxPool", layers.take(MaxPool).window)
    while layers.next_is(Convolution):
        x = _block(graph, x, layers)
    if layers.take(AveragePool).window.size != (0, 0):
        raise ValueError("the last pool is not over the whole map")
    means = graph.node("Flatten", graph.node("GlobalAveragePool", x.name), axis=1)
    linear = layers.take(Linear)
    layers.expect_end()
    if linear.weights.shape[0] != x.shape[0]:
        raise ValueError("the linear layer does not fit the channels before it")
    graph.nodes.append(
        helper.make_node("MatMul", [means, graph.constant(linear.weights)], [OUTPUT], name=OUTPUT)
    )
    return serialized(
        "dlib_face_recognition_resnet_v1",
        graph.nodes,
        graph.constants,
        helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["n", height, width, 3]),
        helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", linear.weights.shape[1]]),
    )


def _block(graph: _Graph, x: _Map, layers: _Layers) -> _Map:
    shortcut = x
    x = graph.relu(graph.convolve(x, layers.convolution()))
    layers.take(ReLU)
    x = graph.convolve(x, layers.convolution())
    if layers.next_is(AveragePool):
        shortcut = graph.pool(shortcut, "AveragePool", layers.take(AveragePool).window)
    layers.take(AddShortcut)
    layers.take(ReLU)
    return graph.relu(graph.add(x, shortcut))


def _on_raw_values(first: Convolution, means: tuple[float, float, float]) -> Convolution:
    """Return the convolution of raw values that equals `first` on (value - mean) / 256."""
    if first.window.padding != (0, 0) or first.filters.shape[1] != len(means):
        raise ValueError("the first convolution is padded or does not look at three channels")
    filters = first.filters / _LEVELS
    taken_off = np.einsum("oihw,i->o", filters.astype(np.float64), np.array(means))
    return replace(first, filters=filters, bias=(first.bias - taken_off).astype(np.float32))


def _on_one_pixel(layer: Convolution) -> Convolution:
    """Return the 1x1 convolution that equals a padded 3x3 one on a map of a single pixel.

    The other taps only meet the padding, which is zero, and are most of the filters' memory.
    """
    centred = Window(size=(3, 3), stride=(1, 1), padding=(1, 1))
    if layer.window != centred:
        return layer
    filters = np.ascontiguousarray(layer.filters[:, :, 1:2, 1:2])
    return replace(layer, filters=filters, window=Window((1, 1), (1, 1), (0, 0)))


def _attributes(window: Window) -> dict[str, list[int]]:
    return {
        "kernel_shape": list(window.size),
        "strides": list(window.stride),
        "pads": [*window.padding, *window.padding],
    }


def _seen(x: _Map, window: Window, channels: int) -> tuple[int, int, int]:
    rows, columns = (
        (side + 2 * padding - size) // stride + 1
        for side, padding, size, stride in zip(
            x.shape[1:], window.padding, window.size, window.stride, strict=True
        )
    )
    if min(rows, columns) < 1:
        raise ValueError("a window is larger than the map that it looks at")
    return channels, rows, columns
