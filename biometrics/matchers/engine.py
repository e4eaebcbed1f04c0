"""A loaded matcher behind `FaceEngine`: the product finds the face, the matcher describes it."""

import struct
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.matchers.alignment import aligner
from biometrics.matchers.card import LEAST_DIMENSIONS, MOST_DIMENSIONS, Input, Metric, ModelCard
from biometrics.protocols import AlignedFace, FaceChips, FaceEngine, RGBPicture
from biometrics.results import (
    Box,
    Detection,
    FaceTemplate,
    FivePoints,
    ModelIdentity,
    Purpose,
)

# The layout of `FaceTemplate.to_bytes`, which writes 128 dimensions only.
_HEADER = struct.Struct("<4sBHH")
_MAGIC = b"FTPL"
_FORMAT = 1


class MatcherTemplate(FaceTemplate):
    """A template of a matcher: 64 to 1024 finite numbers under the Euclidean metric.

    Raises:
        BiometricsError: TEMPLATE_MALFORMED for another shape or a value that is not finite.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        vector = np.array(self.vector, dtype=np.float32)  # a copy that nobody else can write
        if (
            vector.ndim != 1
            or not LEAST_DIMENSIONS <= vector.size <= MOST_DIMENSIONS
            or not bool(np.isfinite(vector).all())
        ):
            raise _malformed_template()
        vector.setflags(write=False)
        object.__setattr__(self, "vector", vector)

    def to_bytes(self) -> bytes:
        """Return the template in the layout of `FaceTemplate.to_bytes`, with its dimensions."""
        model = str(self.model).encode()
        header = _HEADER.pack(_MAGIC, _FORMAT, len(model), self.vector.size)
        return header + model + self.vector.astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, *, expected: ModelIdentity) -> Self:
        """Read what `to_bytes` wrote, for the model that the reader works with.

        Raises:
            BiometricsError: TEMPLATE_MALFORMED or TEMPLATE_OF_ANOTHER_MODEL.
        """
        if len(data) < _HEADER.size:
            raise _malformed_template()
        magic, layout, model_length, dimensions = _HEADER.unpack_from(data)
        vector_at = _HEADER.size + model_length
        if (magic, layout) != (_MAGIC, _FORMAT) or len(data) != vector_at + 4 * dimensions:
            raise _malformed_template()
        if data[_HEADER.size : vector_at] != str(expected).encode():
            raise BiometricsError(
                BiometricsErrorCode.TEMPLATE_OF_ANOTHER_MODEL,
                f"the template was not made by {expected}; enrol again from the portrait",
            )
        return cls(expected, np.frombuffer(data, dtype="<f4", offset=vector_at))


class OnnxNetwork:
    """An examined network in onnxruntime, on one thread."""

    def __init__(self, session: Any, what: Input) -> None:
        self._session = session
        self._what = what
        (self._input,) = session.get_inputs()
        self._output = session.get_outputs()[0].name
        self._takes_several = not isinstance(self._input.shape[0], int)
        self._mean = np.array(what.mean, dtype=np.float32)
        self._deviation = np.array(what.deviation, dtype=np.float32)

    @classmethod
    def load(cls, data: bytes, what: Input) -> Self:
        """Build a session of a file that `examination.examine` let pass.

        Raises:
            BiometricsError: ENGINE_FAILED.
        """
        # Loaded only where a matcher runs.
        from biometrics.engines.runtime import load_session

        return cls(load_session(data, "the matcher"), what)

    def run(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Describe crops of shape (n, height, width, 3), uint8, RGB; returns (n, dimensions).

        Raises:
            BiometricsError: ENGINE_FAILED, also for a number that is not finite.
        """
        batch = self._prepared(crops)
        parts = [batch] if self._takes_several else [picture[None] for picture in batch]
        try:
            answers = [self._session.run([self._output], {self._input.name: p})[0] for p in parts]
        except Exception as error:  # its errors share no narrower base class
            raise BiometricsError(
                BiometricsErrorCode.ENGINE_FAILED, "onnxruntime failed while running the matcher"
            ) from error
        vectors = np.asarray(np.concatenate(answers), dtype=np.float32)
        if not bool(np.isfinite(vectors).all()):
            raise BiometricsError(
                BiometricsErrorCode.ENGINE_FAILED, "the matcher answered a number that is none"
            )
        return vectors

    def _prepared(self, crops: NDArray[np.uint8]) -> NDArray[Any]:
        batch: NDArray[Any] = crops if self._what.colour == "RGB" else crops[..., ::-1]
        if self._what.element == "float32":
            batch = (batch.astype(np.float32) - self._mean) / self._deviation
        if self._what.layout == "NCHW":
            batch = batch.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(batch)


class OnnxEngine(FaceEngine):
    """The product's own detection and landmarks, the matcher's alignment and network."""

    def __init__(self, finder: FaceEngine, network: OnnxNetwork, card: ModelCard) -> None:
        """Take a loaded engine that finds faces, and a loaded network with its card."""
        self._finder = finder
        self._network = network
        self._card = card
        self._align = aligner(card.input)

    @property
    def model(self) -> ModelIdentity:
        """The identity of the card."""
        return self._card.identity

    def detect(self, picture: RGBPicture) -> list[Detection]:
        """Return the faces that the product's own engine finds, largest first."""
        return self._finder.detect(picture)

    def landmarks(self, picture: RGBPicture, box: Box) -> FivePoints:
        """Return the five points that the product's own engine finds."""
        return self._finder.landmarks(picture, box)

    def align(self, picture: RGBPicture, landmarks: FivePoints, purpose: Purpose) -> AlignedFace:
        """Return the standard chip, and the crops of the card: (crops, height, width, 3).

        They are the same for every purpose: what the card says is what was calibrated.
        """
        try:
            crops = self._align(picture, landmarks)
        except (RuntimeError, MemoryError, ValueError) as error:
            raise BiometricsError(
                BiometricsErrorCode.ENGINE_FAILED, "aligning for the matcher failed"
            ) from error
        standard = self._finder.align(picture, landmarks, Purpose.LIVE).standard
        return AlignedFace(standard, crops)

    def embed(self, chips: FaceChips) -> FaceTemplate:
        """Return the template: the mean over crops and, where the card says so, mirror images."""
        if self._card.output.mirror:
            chips = np.concatenate([chips, chips[:, :, ::-1]])
        return template_of(self._network.run(chips), self._card)


class RelabelledEngine(FaceEngine):
    """An engine of an entry point: its templates carry the identity of the card, not its own."""

    def __init__(self, engine: FaceEngine, card: ModelCard) -> None:
        """Take the engine that the entry point returned."""
        self._engine = engine
        self._card = card

    @property
    def model(self) -> ModelIdentity:
        """The identity of the card."""
        return self._card.identity

    def detect(self, picture: RGBPicture) -> list[Detection]:
        """Return what the engine finds."""
        return self._engine.detect(picture)

    def landmarks(self, picture: RGBPicture, box: Box) -> FivePoints:
        """Return the five points that the engine finds."""
        return self._engine.landmarks(picture, box)

    def align(self, picture: RGBPicture, landmarks: FivePoints, purpose: Purpose) -> AlignedFace:
        """Return what the engine cuts out."""
        return self._engine.align(picture, landmarks, purpose)

    def embed(self, chips: FaceChips) -> FaceTemplate:
        """Return the engine's vector under the card's identity and metric."""
        return template_of(self._engine.embed(chips).vector[None], self._card)


def template_of(outputs: NDArray[np.float32], card: ModelCard) -> MatcherTemplate:
    """Make one template of the outputs for all crops of a face, (n, dimensions).

    Raises:
        BiometricsError: ENGINE_FAILED when they do not have the dimensions of the card, or when a
            vector without direction is to be scaled.
    """
    if outputs.ndim != 2 or outputs.shape[1] != card.output.dimensions:
        raise BiometricsError(
            BiometricsErrorCode.ENGINE_FAILED,
            f"the matcher's answer has not the {card.output.dimensions} dimensions of its card",
        )
    vector = outputs.astype(np.float64).mean(axis=0)
    if card.output.metric is not Metric.L2:
        length = float(np.linalg.norm(vector))
        if not length > 0:
            raise BiometricsError(
                BiometricsErrorCode.ENGINE_FAILED, "the matcher answered a vector of length zero"
            )
        vector = vector / length
    return MatcherTemplate(card.identity, vector.astype(np.float32))


def _malformed_template() -> BiometricsError:
    return BiometricsError(
        BiometricsErrorCode.TEMPLATE_MALFORMED, "these bytes are no template of a matcher"
    )
