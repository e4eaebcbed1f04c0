"""Writing the graph of a converted network down: one version of the format for all of them."""

from collections.abc import Sequence

import onnx
from onnx import helper

_OPSET = 13
_IR_VERSION = 8


def serialized(
    name: str,
    nodes: Sequence[onnx.NodeProto],
    constants: Sequence[onnx.TensorProto],
    takes: onnx.ValueInfoProto,
    gives: onnx.ValueInfoProto,
) -> bytes:
    """Return a checked ONNX model with one input and one output.

    Raises:
        onnx.checker.ValidationError: the graph is none.
    """
    model = helper.make_model(
        helper.make_graph(nodes, name, [takes], [gives], constants),
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    onnx.checker.check_model(model)
    written: bytes = model.SerializeToString()
    return written
