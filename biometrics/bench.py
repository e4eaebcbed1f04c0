"""How long each stage takes on this machine, beside dlib's own embedding in the same rounds.

Ratios are between calls that took turns, because a shared machine is never the same twice.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import dlib
import numpy as np

from biometrics import model_files
from biometrics.engines.resnet_engine import EMBEDDINGS_PER_TEMPLATE
from biometrics.engines.resnet_reference import reference_chip
from biometrics.pictures import decode_picture
from biometrics.pipeline import FacePipeline
from biometrics.protocols import RGBPicture
from biometrics.results import MeasuredFace, Stage, UnreadablePicture

FRAMES_PX = ((640, 480), (1280, 720))
"""Width and height of the frames: what the cameras of a lane deliver."""
_BACKGROUND = 128
_JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Times:
    """The middle and the slow end of repeated calls, in milliseconds."""

    p50_ms: float
    p95_ms: float

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> "Times":
        """Summarise at least one call."""
        p50, p95 = np.percentile(milliseconds, [50, 95])
        return cls(round(float(p50), 2), round(float(p95), 2))


@dataclass(frozen=True, slots=True)
class FrameBench:
    """The stages of measuring one frame and their sum."""

    width: int
    height: int
    stages: dict[Stage, Times]
    total: Times


@dataclass(frozen=True, slots=True)
class Bench:
    """One run. `times_faster` is dlib's embedding over one of the engine's, by the medians."""

    rounds: int
    frames: tuple[FrameBench, ...]
    embeddings_per_template: int
    dlib_embedding: Times
    times_faster: float


class UnusableFaceError(ValueError):
    """The given picture yields no frame with a measurable face."""


def run_bench(pipeline: FacePipeline, picture: bytes, rounds: int) -> Bench:
    """Measure frames with the face of a picture, `rounds` times each, and dlib in between.

    Raises:
        UnusableFaceError: The picture cannot be read, or its face not be measured in a frame.
        BiometricsError: As the pipeline, and as verifying dlib's weight file.
    """
    face = decode_picture(picture)
    if isinstance(face, UnreadablePicture):
        raise UnusableFaceError(f"the picture cannot be read ({face.fault})")
    frames = {size: _frame(face, *size) for size in FRAMES_PX}
    by_dlib = dlib.face_recognition_model_v1(str(model_files.RESNET_V1.verified_path()))
    chip = reference_chip()
    by_dlib.compute_face_descriptor(chip)  # the first call allocates
    measured: dict[tuple[int, int], list[dict[Stage, float]]] = {size: [] for size in frames}
    embedded_by_dlib: list[float] = []
    for _ in range(rounds):
        for size, frame in frames.items():
            measured[size].append(_stages(pipeline, frame))
        started = time.perf_counter()
        by_dlib.compute_face_descriptor(chip)
        embedded_by_dlib.append((time.perf_counter() - started) * 1000)
    template_ms = np.median(
        [timings[Stage.EMBED] for repeated in measured.values() for timings in repeated]
    )
    return Bench(
        rounds=rounds,
        frames=tuple(_summaries(measured)),
        embeddings_per_template=EMBEDDINGS_PER_TEMPLATE,
        dlib_embedding=Times.of(embedded_by_dlib),
        times_faster=round(
            float(np.median(embedded_by_dlib) / (template_ms / EMBEDDINGS_PER_TEMPLATE)), 1
        ),
    )


def _stages(pipeline: FacePipeline, frame: bytes) -> dict[Stage, float]:
    measurement = pipeline.measure(frame, deadline=None)
    if not isinstance(measurement.outcome, MeasuredFace):
        raise UnusableFaceError("the picture shows no single face that can be measured in a frame")
    return measurement.timings_ms


def _summaries(
    measured: dict[tuple[int, int], list[dict[Stage, float]]],
) -> Iterator[FrameBench]:
    for (width, height), repeated in measured.items():
        yield FrameBench(
            width,
            height,
            {stage: Times.of([timings[stage] for timings in repeated]) for stage in Stage},
            Times.of([sum(timings.values()) for timings in repeated]),
        )


def _frame(face: RGBPicture, width: int, height: int) -> bytes:
    """Lay the picture, as large as it fits, into the middle of a grey JPEG frame."""
    factor = min(height / face.shape[0], width / face.shape[1])
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    fitted = cv2.resize(face, None, fx=factor, fy=factor, interpolation=method)
    rows, columns = min(height, fitted.shape[0]), min(width, fitted.shape[1])
    top, left = (height - rows) // 2, (width - columns) // 2
    frame = np.full((height, width, 3), _BACKGROUND, dtype=np.uint8)
    frame[top : top + rows, left : left + columns] = fitted[:rows, :columns]
    _, encoded = cv2.imencode(
        ".jpg",
        cv2.cvtColor(frame, cv2.COLOR_RGB2BGR),
        [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY],
    )
    return encoded.tobytes()
