"""An ONNX file from a stranger is judged as data, before anything in it runs.

Only a feed-forward network of known operators passes: one picture in, one vector out, every
tensor in between of a size that is known beforehand. Whatever could loop, branch, call home, read
another file or grow with its input is refused by its kind, not by what it looks like. Parsing is
native code too, so whoever has keys calls this through `examiner`, in a process without any.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import onnx
from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, ValueInfoProto

from biometrics.matchers.card import ModelCard
from biometrics.matchers.errors import MatcherError, MatcherErrorCode

MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_NODES = 20_000
MAX_TENSOR_ELEMENTS = 1 << 26
"""256 MiB of float32; the largest map of a network for 512 px pictures has an eighth of it."""
MAX_TOTAL_ELEMENTS = 1 << 31
"""Of all maps of one picture together: bounds the work that small files can ask for."""
LEAST_OPSET = 7

# What face networks are made of. No control flow (If, Loop, Scan), nothing random, no strings,
# sequences or tables, and nothing of which the result's size depends on values (NonZero, Unique).
_OPERATORS = """
    Abs Add ArgMax AveragePool BatchNormalization Cast Ceil Clip Concat Constant ConstantOfShape
    Conv ConvInteger DepthToSpace DequantizeLinear Div Dropout DynamicQuantizeLinear Einsum Elu
    Equal Erf Exp Expand Flatten Floor Gather Gelu Gemm GlobalAveragePool GlobalLpPool
    GlobalMaxPool Greater GroupNormalization HardSigmoid HardSwish Identity InstanceNormalization
    LRN LayerNormalization LeakyRelu Less Log LpNormalization MatMul MatMulInteger Max MaxPool Mean
    Min Mish Mul Neg PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear RMSNormalization
    Reciprocal ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
    ReduceSumSquare Relu Reshape Resize Selu Shape Sigmoid Size Slice Softmax Softplus Softsign
    SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tanh Tile Transpose Unsqueeze Where
"""
OPERATORS = frozenset(_OPERATORS.split())

_ITEM_BITS: Mapping[int, int] = {
    TensorProto.FLOAT: 32,
    TensorProto.DOUBLE: 64,
    TensorProto.FLOAT16: 16,
    TensorProto.BFLOAT16: 16,
    TensorProto.INT64: 64,
    TensorProto.INT32: 32,
    TensorProto.INT8: 8,
    TensorProto.UINT8: 8,
    TensorProto.BOOL: 8,
}
# Where values lie that are not in `raw_data` (onnx.proto: TensorProto).
_TYPED_FIELDS: Mapping[int, str] = {
    TensorProto.FLOAT: "float_data",
    TensorProto.DOUBLE: "double_data",
    TensorProto.INT64: "int64_data",
}
_ELEMENTS: Mapping[str, int] = {"float32": TensorProto.FLOAT, "uint8": TensorProto.UINT8}


def examine(data: bytes, card: ModelCard) -> None:
    """Judge the content of an ONNX file against its card; nothing of it is executed.

    Raises:
        MatcherError: FILE_TOO_LARGE, FILE_MALFORMED, EXTERNAL_DATA, OPERATOR_REFUSED,
            TENSOR_REFUSED or SHAPE_DISAGREES.
    """
    if len(data) > MAX_FILE_BYTES:
        raise too_large(len(data))
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's errors depend on how it was built
        raise _malformed("the file is not an ONNX model") from error
    _check_parts(model)
    for tensor in _tensors(model.graph):
        _check_tensor(tensor)
    for node in model.graph.node:
        _check_node(node)
    batch_is_free = _check_input(model.graph, card)
    try:
        onnx.checker.check_model(model, full_check=False)
    except Exception as error:  # its errors share no narrower base class
        raise _malformed(f"the model breaks the standard: {_first_line(error)}") from error
    _check_shapes(model, card, batch_is_free=batch_is_free)


def too_large(size: int) -> MatcherError:
    """The error for a file of `size` bytes."""
    return MatcherError(
        MatcherErrorCode.FILE_TOO_LARGE,
        f"the file has {size} bytes, at most {MAX_FILE_BYTES} are taken",
    )


def _check_parts(model: ModelProto) -> None:
    graph = model.graph
    if model.functions:
        raise _operator("the model defines functions of its own")
    if model.training_info:
        raise _operator("the model holds a training graph")
    domains = {opset.domain for opset in model.opset_import} - {"", "ai.onnx"}
    if domains:
        raise _operator(f"the model asks for operators of {_listed(domains)}")
    versions = [opset.version for opset in model.opset_import]
    if len(versions) != 1 or not LEAST_OPSET <= versions[0] <= onnx.defs.onnx_opset_version():
        raise _malformed(
            f"the model needs one operator set between {LEAST_OPSET} and "
            f"{onnx.defs.onnx_opset_version()}"
        )
    if not graph.node:
        raise _malformed("the model has no nodes")
    if len(graph.node) > MAX_NODES:
        raise _malformed(f"the model has {len(graph.node)} nodes, at most {MAX_NODES} are taken")
    if graph.sparse_initializer:
        raise MatcherError(MatcherErrorCode.TENSOR_REFUSED, "the model holds sparse tensors")


def _check_node(node: Any) -> None:
    if node.domain not in ("", "ai.onnx"):
        raise _operator(f"the operator {node.domain}.{node.op_type} is not of the standard")
    for attribute in node.attribute:
        holds_graph = attribute.HasField("g") or len(attribute.graphs) > 0
        if holds_graph or attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS):
            raise _operator(f"the operator {node.op_type} holds a graph: no control flow is taken")
        if attribute.sparse_tensor.dims or attribute.sparse_tensors:
            raise MatcherError(MatcherErrorCode.TENSOR_REFUSED, "the model holds sparse tensors")
        if attribute.ref_attr_name:
            raise _malformed("an attribute refers to a function that is not there")
    if node.op_type not in OPERATORS:
        raise _operator(f"the operator {node.op_type} is not taken")


def _tensors(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def _check_tensor(tensor: TensorProto) -> None:
    """Every value that a tensor claims to have lies in the file itself."""
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise MatcherError(
            MatcherErrorCode.EXTERNAL_DATA, f"the tensor {tensor.name!r} lies in another file"
        )
    bits = _ITEM_BITS.get(tensor.data_type)
    if bits is None:
        raise _tensor(tensor, "has a type that is not taken")
    if any(side < 0 for side in tensor.dims):
        raise _tensor(tensor, "has a negative dimension")
    wanted = math.prod(tensor.dims)
    if wanted * bits // 8 > MAX_FILE_BYTES:
        raise _tensor(tensor, f"claims {wanted} values")
    if tensor.HasField("raw_data"):
        present = len(tensor.raw_data) * 8 // bits
    else:
        present = len(getattr(tensor, _TYPED_FIELDS.get(tensor.data_type, "int32_data")))
    if present != wanted:
        raise _tensor(tensor, f"claims {wanted} values and holds {present}")


def _check_input(graph: GraphProto, card: ModelCard) -> bool:
    """Return whether the network takes any number of pictures at once."""
    constants = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise _shape(f"the network has {len(inputs)} inputs and {len(graph.output)} outputs, not 1")
    tensor = inputs[0].type.tensor_type
    if tensor.elem_type != _ELEMENTS[card.input.element]:
        raise _shape(f"the input's elements are not {card.input.element}, as the card says")
    size = [card.input.height, card.input.width]
    wanted = [3, *size] if card.input.layout == "NCHW" else [*size, 3]
    found = _dimensions(inputs[0])
    if len(found) != 4 or found[1:] != wanted or found[0] not in (None, 1):
        raise _shape(
            f"the input has the shape {_shown(found)}, the card says {_shown([None, *wanted])}"
        )
    return found[0] is None


def _check_shapes(model: ModelProto, card: ModelCard, *, batch_is_free: bool) -> None:
    """Infer every shape for one picture, believing nothing that the file says of its own."""
    graph = model.graph
    del graph.value_info[:]
    graph.output[0].type.tensor_type.ClearField("shape")
    constants = {tensor.name for tensor in graph.initializer}
    for value in graph.input:
        if value.name not in constants and batch_is_free:
            value.type.tensor_type.shape.dim[0].dim_value = 1
    try:
        inferred = onnx.shape_inference.infer_shapes(
            model, check_type=True, strict_mode=True, data_prop=True
        )
    except Exception as error:  # its errors share no narrower base class
        raise _malformed(f"its shapes contradict each other: {_first_line(error)}") from error
    known = {
        value.name: _dimensions(value)
        for value in (*inferred.graph.value_info, *inferred.graph.output)
    }
    total = 0
    for node in inferred.graph.node:
        for name in filter(None, node.output):
            shape = known.get(name)
            if shape is None or any(side is None for side in shape):
                raise MatcherError(
                    MatcherErrorCode.TENSOR_REFUSED,
                    f"how large the output of a {node.op_type} gets cannot be told beforehand",
                )
            elements = math.prod(side for side in shape if side is not None)
            if elements > MAX_TENSOR_ELEMENTS:
                raise MatcherError(
                    MatcherErrorCode.TENSOR_REFUSED,
                    f"the output of a {node.op_type} has {elements} values",
                )
            total += elements
    if total > MAX_TOTAL_ELEMENTS:
        raise MatcherError(
            MatcherErrorCode.TENSOR_REFUSED, f"one picture takes {total} values in between"
        )
    output = inferred.graph.output[0]
    if output.type.tensor_type.elem_type != TensorProto.FLOAT:
        raise _shape("the output is not float32")
    if _dimensions(output) != [1, card.output.dimensions]:
        raise _shape(
            f"one picture gives the shape {_shown(_dimensions(output))}, the card says "
            f"{_shown([1, card.output.dimensions])}"
        )


def _dimensions(value: ValueInfoProto) -> list[int | None]:
    """The sides of a value's shape, None where one is free; one free side when all is unknown."""
    if not value.type.tensor_type.HasField("shape"):
        return [None]
    return [
        side.dim_value if side.HasField("dim_value") else None
        for side in value.type.tensor_type.shape.dim
    ]


def _shown(shape: list[int | None]) -> str:
    return f"({', '.join('n' if side is None else str(side) for side in shape)})"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no detail"])[0][:200]


def _malformed(detail: str) -> MatcherError:
    return MatcherError(MatcherErrorCode.FILE_MALFORMED, detail)


def _operator(detail: str) -> MatcherError:
    return MatcherError(MatcherErrorCode.OPERATOR_REFUSED, detail)


def _shape(detail: str) -> MatcherError:
    return MatcherError(MatcherErrorCode.SHAPE_DISAGREES, detail)


def _tensor(tensor: TensorProto, detail: str) -> MatcherError:
    return MatcherError(MatcherErrorCode.TENSOR_REFUSED, f"the tensor {tensor.name!r} {detail}")
