"""A line of the zone as a small picture in, the probabilities of its characters out.

The network is fully convolutional: for every fourth pixel column it says which character stands
there, or none. It was trained on rendered lines alone (`documents.mrz.reader.training`).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from string import ascii_uppercase, digits
from typing import TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from documents.mrz.reader.rectify import CROP_HEIGHT_PX, CROP_PITCH_PX
from documents.mrz.reader.results import GrayPicture

ALPHABET = digits + ascii_uppercase + "<"
"""The characters in the order of the network's classes; class 0 is none of them."""

LINE_HEIGHT = CROP_HEIGHT_PX
"""Height in pixels of the picture of a line."""

PITCH = CROP_PITCH_PX
"""Pixels from one character to the next, nominally."""

STRIDE = 4
"""Pixel columns to a step of the output."""

LogProbabilities: TypeAlias = NDArray[np.float32]
"""Shape (steps, 38), float32: natural logarithms; column 0 is `none`, then `ALPHABET`."""

_MODEL = "recogniser.onnx"
_BUCKET = 32


class Recogniser:
    """The network, loaded once; not to be shared between threads at the same time."""

    def __init__(self, model: bytes | None = None) -> None:
        """Load the shipped network, or another one with the same input and output.

        Raises:
            onnxruntime errors: the bytes are no such network.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        if model is None:
            model = files(__package__).joinpath(_MODEL).read_bytes()
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )

    def recognise(self, lines: Sequence[GrayPicture]) -> list[LogProbabilities]:
        """Recognise lines of height `LINE_HEIGHT` in one batch.

        lines: shapes (28, width), uint8; widths may differ.

        Returns one array a line, of width // 4 steps.
        """
        widest = max(line.shape[1] for line in lines)
        # A few widths only: the runtime plans its memory for each one anew.
        widest = -(-widest // _BUCKET) * _BUCKET
        batch = np.empty((len(lines), 1, LINE_HEIGHT, widest), np.float32)
        for row, line in enumerate(lines):
            normal = normalise(line)
            batch[row, 0, :, : line.shape[1]] = normal
            batch[row, 0, :, line.shape[1] :] = normal[:, -1:]
        (logits,) = self._session.run(None, {"lines": batch})
        logits = logits - logits.max(axis=1, keepdims=True)
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return [
            np.ascontiguousarray(logs[row, :, : max(1, line.shape[1] // STRIDE)].T)
            for row, line in enumerate(lines)
        ]


def normalise(line: GrayPicture) -> NDArray[np.float32]:
    """Return a line with its contrast stretched to about -0.5 (ink) to 0.5 (paper), float32."""
    counts = np.bincount(line.ravel(), minlength=256).cumsum()
    low, high = np.searchsorted(counts, (0.02 * counts[-1], 0.98 * counts[-1]))
    scaled = (line.astype(np.float32) - np.float32(low)) / np.float32(max(high - low, 12))
    return np.asarray(np.clip(scaled, -0.5, 1.5) - 0.5, np.float32)
