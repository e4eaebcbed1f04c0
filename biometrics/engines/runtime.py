"""Loading a network into onnxruntime, the one way in which this package does it."""

from typing import Any

import onnxruntime

from biometrics.errors import BiometricsError, BiometricsErrorCode

_ONLY_ERRORS = 3


def load_session(model: bytes, what: str) -> Any:
    """Return an inference session of a serialised model.

    One thread that never spins: a second would only take time from a kiosk's neighbours.

    Args:
        model: ONNX, from weights that were verified.
        what: for the error, e.g. "the detector".

    Raises:
        BiometricsError: ENGINE_FAILED.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = _ONLY_ERRORS
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors share no narrower base class
        raise BiometricsError(
            BiometricsErrorCode.ENGINE_FAILED, f"onnxruntime failed while loading {what}"
        ) from error
