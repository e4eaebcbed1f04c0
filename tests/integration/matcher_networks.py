"""Small networks and cards for the tests of matchers: a real embedder, and hostile variants."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE = 112
DIMENSIONS = 192


def embedder(
    seed: int = 1, *, dimensions: int = DIMENSIONS, batch: str | int = "n"
) -> onnx.ModelProto:
    """Random convolutions, pooled over an 8x8 grid and projected: no match for a trained network,
    but a function of the picture that tells different ones apart."""
    random = np.random.default_rng(seed)
    weights = {
        "first": random.normal(0, 0.1, (8, 3, 7, 7)),
        "second": random.normal(0, 0.1, (16, 8, 3, 3)),
        "projection": random.normal(0, 0.1, (16 * 7 * 7, dimensions)),
    }
    nodes = [
        helper.make_node("Conv", ["picture", "first"], ["a"], strides=[2, 2], pads=[3, 3, 3, 3]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], ["c"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("AveragePool", ["d"], ["e"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Flatten", ["e"], ["f"], axis=1),
        helper.make_node("MatMul", ["f", "projection"], ["embedding"]),
    ]
    return model(
        nodes,
        {name: value.astype(np.float32) for name, value in weights.items()},
        dimensions=dimensions,
        batch=batch,
    )


def model(
    nodes: list[Any],
    weights: dict[str, np.ndarray],
    *,
    dimensions: int = DIMENSIONS,
    batch: str | int = "n",
    extra_domains: tuple[str, ...] = (),
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "embedder",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [batch, 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [batch, dimensions])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    domains = [helper.make_opsetid("", 17)]
    domains += [helper.make_opsetid(domain, 1) for domain in extra_domains]
    return helper.make_model(graph, opset_imports=domains, ir_version=9)


def card_of(content: bytes, name: str = "grid-face", **changes: str) -> str:
    """The card of a network; `changes` replace values, as TOML, by their key."""
    values = {
        "sha256": f'"{hashlib.sha256(content).hexdigest()}"',
        "licence": '"Apache-2.0"',
        "format": '"onnx"',
        "width": str(SIDE),
        "height": str(SIDE),
        "colour": '"BGR"',
        "element": '"float32"',
        "mean": "[127.5, 127.5, 127.5]",
        "alignment": '{ kind = "points", points = '
        "{ right_eye = [38.3, 51.7], left_eye = [73.5, 51.5], subnasale = [56.0, 76.0] } }",
        "dimensions": str(DIMENSIONS),
        "metric": '"cosine"',
        **changes,
    }
    return f"""
schema = 1
name = "{name}"
version = "3.1"
licence = {values["licence"]}
licence_source = "made by this test"
training = "none: random weights"
intended_use = "tests"
limits = "knows no face"

[file]
format = {values["format"]}
sha256 = {values["sha256"]}

[input]
width = {values["width"]}
height = {values["height"]}
colour = {values["colour"]}
layout = "NCHW"
element = {values["element"]}
mean = {values["mean"]}
deviation = [128, 128, 128]
alignment = {values["alignment"]}

[output]
dimensions = {values["dimensions"]}
metric = {values["metric"]}
mirror = true
"""


def as_exported() -> onnx.ModelProto:
    random = np.random.default_rng(9)
    nodes = [
        helper.make_node("Conv", ["picture", "filters"], ["a"], strides=[4, 4], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["a", "gain", "bias", "mean", "variance"], ["b"]),
        helper.make_node("PRelu", ["b", "slope"], ["c"]),
        helper.make_node("MaxPool", ["c"], ["d"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Shape", ["d"], ["size"]),
        helper.make_node("Gather", ["size", "first"], ["batch"], axis=0),
        helper.make_node("Unsqueeze", ["batch", "axis"], ["batch_1d"]),
        helper.make_node("Concat", ["batch_1d", "rest"], ["flat_shape"], axis=0),
        helper.make_node("Reshape", ["d", "flat_shape"], ["flat"]),
        helper.make_node("Gemm", ["flat", "projection", "offset"], ["embedding"], transB=1),
    ]
    floats = {
        "filters": random.normal(0, 0.2, (8, 3, 3, 3)),
        "gain": np.ones(8),
        "bias": np.zeros(8),
        "mean": np.zeros(8),
        "variance": np.ones(8),
        "slope": np.full((8, 1, 1), 0.25),
        "projection": random.normal(0, 0.1, (DIMENSIONS, 8 * 7 * 7)),
        "offset": np.zeros(DIMENSIONS),
    }
    integers = {"first": np.array(0), "axis": np.array([0]), "rest": np.array([-1])}
    return model(
        nodes,
        {name: value.astype(np.float32) for name, value in floats.items()}
        | {name: value.astype(np.int64) for name, value in integers.items()},
    )


# --- hostile ones --------------------------------------------------------------------------


def with_custom_operator() -> onnx.ModelProto:
    return model(
        [helper.make_node("Phone", ["picture"], ["embedding"], domain="com.example")],
        {},
        extra_domains=("com.example",),
    )


def with_undeclared_domain() -> onnx.ModelProto:
    hostile = embedder()
    hostile.graph.node[1].domain = "com.microsoft"
    return hostile


def with_function() -> onnx.ModelProto:
    hostile = embedder()
    hostile.functions.append(
        helper.make_function(
            "", "Relu", ["x"], ["y"], [helper.make_node("Abs", ["x"], ["y"])],
            [helper.make_opsetid("", 17)],
        )
    )  # fmt: skip
    return hostile


def with_external_data(path: str = "/etc/passwd") -> onnx.ModelProto:
    hostile = embedder()
    tensor = hostile.graph.initializer[2]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=path)
    return hostile


def with_external_attribute() -> onnx.ModelProto:
    """The other place in which a tensor can hide: the value of a Constant."""
    hostile = embedder()
    tensor = numpy_helper.from_array(np.ones(DIMENSIONS, np.float32), "hidden")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../etc/passwd")
    hostile.graph.node[-1].output[0] = "before"
    hostile.graph.node.extend(
        [
            helper.make_node("Constant", [], ["hidden"], value=tensor),
            helper.make_node("Add", ["before", "hidden"], ["embedding"]),
        ]
    )
    return hostile


def with_loop() -> onnx.ModelProto:
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["goes_on"]),
            helper.make_node("Identity", ["value"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("round", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("goes_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, None),
        ],
    )
    hostile = embedder()
    hostile.graph.node[-1].output[0] = "before"
    hostile.graph.initializer.append(numpy_helper.from_array(np.array(1 << 60), "rounds"))
    hostile.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    hostile.graph.node.append(
        helper.make_node("Loop", ["rounds", "yes", "before"], ["embedding"], body=body)
    )
    return hostile


def with_huge_weight() -> onnx.ModelProto:
    """Claims 4 TB of weights and holds none."""
    hostile = embedder()
    tensor = hostile.graph.initializer[2]
    tensor.ClearField("raw_data")
    del tensor.dims[:]
    tensor.dims.extend([1 << 20, 1 << 20])
    return hostile


def with_short_weight() -> onnx.ModelProto:
    hostile = embedder()
    tensor = hostile.graph.initializer[2]
    tensor.raw_data = tensor.raw_data[:-4]
    return hostile


def with_huge_map() -> onnx.ModelProto:
    """A picture doubled 12 times over: small in the file, 600 GB in memory."""
    nodes, name = [], "picture"
    for step in range(12):
        nodes.append(helper.make_node("Concat", [name, name], [f"twice{step}"], axis=2 + step % 2))
        name = f"twice{step}"
    nodes += [
        helper.make_node("GlobalAveragePool", [name], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "projection"], ["embedding"]),
    ]
    return model(nodes, {"projection": np.ones((3, DIMENSIONS), np.float32)})


def with_size_from_pixels() -> onnx.ModelProto:
    """How large its inner tensor gets, the picture decides."""
    nodes = [
        helper.make_node("ReduceMax", ["picture"], ["brightest"], keepdims=0),
        helper.make_node("Mul", ["brightest", "million"], ["scaled"]),
        helper.make_node("Cast", ["scaled"], ["count"], to=TensorProto.INT64),
        helper.make_node("Unsqueeze", ["count", "zero"], ["shape"]),
        helper.make_node("Expand", ["one", "shape"], ["bomb"]),
        helper.make_node("ReduceSum", ["bomb"], ["total"], keepdims=0),
        helper.make_node("GlobalAveragePool", ["picture"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "projection"], ["plain"]),
        helper.make_node("Add", ["plain", "total"], ["embedding"]),
    ]
    return model(
        nodes,
        {
            "million": np.array(1e6, np.float32),
            "zero": np.array([0], np.int64),
            "one": np.array([1], np.float32),
            "projection": np.ones((3, DIMENSIONS), np.float32),
        },
    )


def with_nan() -> onnx.ModelProto:
    """The square root of what is negative for dark pictures only."""
    hostile = embedder()
    hostile.graph.node[-1].output[0] = "before"
    hostile.graph.node.append(helper.make_node("Sqrt", ["before"], ["embedding"]))
    return hostile


def that_is_constant() -> onnx.ModelProto:
    hostile = embedder()
    hostile.graph.node[-1].output[0] = "before"
    hostile.graph.initializer.append(numpy_helper.from_array(np.array(0, np.float32), "nothing"))
    hostile.graph.initializer.append(
        numpy_helper.from_array(np.ones(DIMENSIONS, np.float32), "always")
    )
    hostile.graph.node.extend(
        [
            helper.make_node("Mul", ["before", "nothing"], ["zeros"]),
            helper.make_node("Add", ["zeros", "always"], ["embedding"]),
        ]
    )
    return hostile


def that_hangs() -> onnx.ModelProto:
    """Maps of legal size and convolutions of legal kind, minutes of work for one picture."""
    nodes = [helper.make_node("Conv", ["picture", "widen"], ["wide0"], pads=[1, 1, 1, 1])]
    nodes += [
        helper.make_node("Conv", [f"wide{i}", "heavy"], [f"wide{i + 1}"], pads=[4, 4, 4, 4])
        for i in range(60)
    ]
    nodes += [
        helper.make_node("GlobalAveragePool", ["wide60"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"], axis=1),
        helper.make_node("MatMul", ["flat", "projection"], ["embedding"]),
    ]
    random = np.random.default_rng(3)
    return model(
        nodes,
        {
            "widen": random.normal(0, 0.1, (128, 3, 3, 3)).astype(np.float32),
            "heavy": random.normal(0, 0.01, (128, 128, 9, 9)).astype(np.float32),
            "projection": random.normal(0, 0.1, (128, DIMENSIONS)).astype(np.float32),
        },
    )
