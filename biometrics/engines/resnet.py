"""dlib's face network run by onnxruntime: the same numbers, more than ten times as fast.

The graph is built in memory from dlib's verified weight file at every load; there is no
converted file that somebody could exchange. A load ends with a self-check: whatever this
machine's runtime computes must agree with dlib's own numbers, or nothing starts.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from biometrics.engines.dlib_weights import read_network
from biometrics.engines.resnet_graph import INPUT, OUTPUT, build_model
from biometrics.engines.resnet_reference import (
    TOLERANCE_L2,
    reference_chip,
    reference_embedding,
)
from biometrics.engines.runtime import load_session
from biometrics.errors import BiometricsError, BiometricsErrorCode


class ResNet:
    """The loaded network; a few milliseconds an embedding, without the interpreter lock."""

    def __init__(self, session: Any) -> None:
        self._session = session

    @classmethod
    def load(cls, weights: bytes) -> Self:
        """Build the network from dlib's weight file and check it (about 0.4 s).

        Raises:
            BiometricsError: MODEL_FILE_MALFORMED, ENGINE_FAILED or SELF_CHECK_FAILED.
        """
        model = build_model(read_network(weights))
        network = cls(load_session(model, "the network"))
        network.check()
        return network

    def embed(self, chips: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed chips of shape (n, 150, 150, 3), uint8, RGB; returns (n, 128), float32.

        Raises:
            BiometricsError: ENGINE_FAILED.
        """
        try:
            (embeddings,) = self._session.run([OUTPUT], {INPUT: chips})
        except Exception as error:  # its errors share no narrower base class
            raise BiometricsError(
                BiometricsErrorCode.ENGINE_FAILED, "onnxruntime failed while embedding"
            ) from error
        return np.asarray(embeddings, dtype=np.float32)

    def check(self) -> None:
        """Compare with dlib's embedding of a generated chip, alone and in every place of a batch.

        Raises:
            BiometricsError: SELF_CHECK_FAILED when one differs by more than rounding.
        """
        chip, wanted = reference_chip(), reference_embedding()
        for batch in (1, 6):
            found = self.embed(np.repeat(chip[None], batch, axis=0))
            worst = float(np.linalg.norm(found - wanted, axis=1).max())
            # Negated, so that a distance that is not a number fails too.
            if not worst <= TOLERANCE_L2:
                raise BiometricsError(
                    BiometricsErrorCode.SELF_CHECK_FAILED,
                    f"embeddings differ from dlib's by {worst:.1e}, allowed is {TOLERANCE_L2:.0e}",
                )
