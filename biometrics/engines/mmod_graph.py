"""dlib's face detector (max-margin object detection, 2016) as an ONNX graph of the same numbers.

Seven convolutions: three of stride 2 without padding, then three and the last of stride 1, padded
with zeros. All but the last are followed by batch normalisation, folded into their filters here,
and a ReLU. The input is a picture of any size from `least_side_px` on; the output is one score for
every eighth pixel of either axis.
"""

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from biometrics.engines.dlib_weights import (
    Affine,
    Convolution,
    Layer,
    ReLU,
    StoredDetector,
    Window,
)
from biometrics.engines.onnx_file import serialized
from biometrics.errors import BiometricsError, BiometricsErrorCode

INPUT = "picture"
"""Name of the input: (1, height, width, 3), uint8, RGB."""
OUTPUT = "scores"
"""Name of the output: (1, 1, rows, columns), float32."""

_LEVELS = 256.0


def build_detector(network: StoredDetector) -> bytes:
    """Return the serialised ONNX model of a stored detector.

    Raises:
        BiometricsError: MODEL_FILE_MALFORMED when the layers are not those of such a network.
    """
    try:
        return _build(network)
    except (ValueError, onnx.checker.ValidationError) as error:
        raise BiometricsError(
            BiometricsErrorCode.MODEL_FILE_MALFORMED, f"the detector cannot be built: {error}"
        ) from error


def grid(network: StoredDetector) -> tuple[int, int]:
    """Return how many pixels scores are apart, and at which pixel the first one is centred."""
    step, first = 1, 0
    for window in _windows(network):
        first += step * ((window.size[1] - 1) // 2 - window.padding[1])
        step *= window.stride[1]
    return step, first


def least_side_px(network: StoredDetector) -> int:
    """Return the side of the smallest picture that has a score."""
    side = 1
    for window in reversed(_windows(network)):
        side = max(1, (side - 1) * window.stride[1] + window.size[1] - 2 * window.padding[1])
    return side


def _windows(network: StoredDetector) -> list[Window]:
    return [layer.window for layer in network.layers if isinstance(layer, Convolution)]


def _build(network: StoredDetector) -> bytes:
    nodes = [
        helper.make_node("Cast", [INPUT], ["values"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["values"], ["planes"], perm=[0, 3, 1, 2]),
    ]
    constants: list[onnx.TensorProto] = []
    x, channels = "planes", len(network.channel_means)
    layers = list(network.layers)
    while layers:
        last = len(layers) == 1
        filters, bias, window = _folded(layers, last=last)
        if not constants:
            filters, bias = _on_raw_values(filters, bias, window, network.channel_means)
        if filters.shape[1] != channels or (last and filters.shape[0] != 1):
            raise ValueError("a convolution does not fit the channels around it")
        channels = filters.shape[0]
        names = [f"filters_{len(constants)}", f"bias_{len(constants)}"]
        constants += [
            numpy_helper.from_array(values.astype(np.float32), name)
            for values, name in zip((filters, bias), names, strict=True)
        ]
        convolved = OUTPUT if last else f"{names[0]}_seen"
        nodes.append(
            helper.make_node(
                "Conv",
                [x, *names],
                [convolved],
                kernel_shape=list(window.size),
                strides=list(window.stride),
                pads=[*window.padding, *window.padding],
            )
        )
        if not last:
            nodes.append(helper.make_node("Relu", [convolved], [f"{convolved}_positive"]))
            x = f"{convolved}_positive"
    if x == "planes":
        raise ValueError("there are fewer than two convolutions")
    return serialized(
        "dlib_mmod_human_face_detector",
        nodes,
        constants,
        helper.make_tensor_value_info(INPUT, TensorProto.UINT8, [1, "height", "width", 3]),
        helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [1, 1, "rows", "columns"]),
    )


def _folded(
    layers: list[Layer], *, last: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], Window]:
    """Take the next convolution off `layers`, with its normalisation and ReLU unless last."""
    convolution = layers.pop(0)
    if not isinstance(convolution, Convolution):
        raise ValueError(f"a convolution expected, {type(convolution).__name__} found")
    filters = convolution.filters.astype(np.float64)
    bias = convolution.bias.astype(np.float64)
    if last:
        return filters, bias, convolution.window
    match layers[:2]:
        case [Affine() as affine, ReLU()]:
            del layers[:2]
        case _:
            raise ValueError("a convolution is not followed by a normalisation and a ReLU")
    gain = affine.gain.astype(np.float64)
    if gain.shape != bias.shape or affine.offset.shape != bias.shape:
        raise ValueError("a normalisation does not fit its convolution")
    return filters * gain[:, None, None, None], bias * gain + affine.offset, convolution.window


def _on_raw_values(
    filters: NDArray[np.float64],
    bias: NDArray[np.float64],
    window: Window,
    means: tuple[float, float, float],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Move (value - mean) / 256 into the first convolution, which has no padding to disturb."""
    if window.padding != (0, 0) or filters.shape[1] != len(means):
        raise ValueError("the first convolution is padded or does not look at three channels")
    scaled = filters / _LEVELS
    return scaled, bias - np.einsum("oihw,i->o", scaled, np.array(means))
