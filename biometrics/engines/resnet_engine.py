"""The engine of this product: dlib finds a face, dlib's ResNet embeds it in onnxruntime.

The one module through which the product measures with dlib. dlib ships no types, so its objects
are `Any` here and nothing of them leaves.

An enrolled template is the mean of six embeddings: the aligned face cut out at three scales, each
as it is and as its mirror image. A live one is the mean of two, at two scales in between and one
of them mirrored: an estimate of the same mean for a third of the time. On press photographs,
normalised by a cohort, FNMR at FMR 1e-4 is 9.4 % with six on both sides, 9.8 % with two on the
live side and 11.4 % with the face and its mirror image on both. Means move every distance, so they
are a variant of the model with thresholds of their own (`thresholds.toml`).
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Self

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from biometrics import model_files
from biometrics.engines.alignment import STANDARD_PADDING, Crop, cut_chips
from biometrics.engines.mmod_detector import MmodDetector
from biometrics.engines.resnet import ResNet
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.protocols import AlignedFace, FaceChips, FaceEngine, RGBPicture
from biometrics.results import Box, Detection, FaceTemplate, FivePoints, ModelIdentity, Purpose

MODEL = ModelIdentity(
    name="dlib-resnet-v1", version=model_files.RESNET_V1.sha256[:12], variant="crops3-mirror"
)

_MIRRORED = True
CROPS: Mapping[Purpose, tuple[Crop, ...]] = {
    # 0.34 and 0.175 show 1.12 and 0.90 times as much as the standard padding.
    Purpose.ENROLMENT: tuple(
        Crop(padding, mirrored)
        for mirrored in (False, True)
        for padding in (STANDARD_PADDING, 0.34, 0.175)
    ),
    Purpose.LIVE: (Crop(0.29), Crop(0.21, _MIRRORED)),
}
"""How a face is cut out for each embedding of a template."""

_STANDARD = Crop(STANDARD_PADDING)

_STEP = 5 / 6
"""Between the levels of dlib's pyramid."""
_FIRST_LOOK_PX = 415
_LAST_LOOK_PX = 1290
_LARGEST_UPSCALE = 2.0
_FALLBACK_PX = 480
_FALLBACK_FACE = 1 / 8
"""Of the shorter side: a smaller face could not be compared anyway."""
_LEAST_FACE_PX = 66
"""Box of the smallest face that HOG finds reliably."""
_COMPANION_SIZE = 0.65
"""Least size of a companion beside the traveler, who must be findable."""
# dlib's own operating point. Of the 70 weakest further detections on 2,948 press photographs,
# all with scores of 0.02 to 0.48, one was not a face: raising it would only lose bystanders.
_HOG_SCORE_MIN = 0.0


_ROUNDING = 1e-9


class ResNetEngine(FaceEngine):
    """Loaded models; about a second and 230 MB to load, then no disk access."""

    def __init__(
        self, detector: Any, fallback: MmodDetector, predictor: Any, network: ResNet
    ) -> None:
        self._detector = detector
        self._fallback = fallback
        self._predictor = predictor
        self._network = network

    @classmethod
    def load(cls) -> Self:
        """Verify and load the weight files.

        OpenCV is set to one thread for the whole process: a kiosk runs this in a worker
        process of its own, and a second thread would only take time from its neighbours.

        Raises:
            BiometricsError: MODEL_FILE_MISSING, MODEL_FILE_ALTERED, MODEL_FILE_MALFORMED,
                SELF_CHECK_FAILED or ENGINE_FAILED.
        """
        landmarks = model_files.LANDMARKS_5.verified_path()
        network = ResNet.load(model_files.RESNET_V1.verified_bytes())
        fallback = MmodDetector.load(model_files.MMOD_FACES.verified_bytes())
        cv2.setNumThreads(1)
        with _coded("loading its models"):
            detector = dlib.get_frontal_face_detector()
            predictor = dlib.shape_predictor(str(landmarks))
        return cls(detector, fallback, predictor, network)

    @property
    def model(self) -> ModelIdentity:
        """The ResNet of 2017, averaged over three crops and their mirror images."""
        return MODEL

    def detect(self, picture: RGBPicture) -> list[Detection]:
        """Return the faces found, largest first.

        HOG's time grows with the area that it scans. The first look is at about 400 px (small
        pictures are enlarged, at most twice). A second, finer look follows when nothing was
        found, or when a companion of the largest face would have been too small for the first.
        Where HOG finds nothing, dlib's convolutional detector looks: it sees tilted, covered and
        half-turned faces, and costs several times as much.

        Every scale is one of the levels that dlib looks at in a picture enlarged twice, which is
        what face_recognition does: so the boxes, which come in steps, are mostly like its boxes.
        """
        longest = max(picture.shape[:2])
        scale = _level_below(_FIRST_LOOK_PX / longest)
        finest = _level_below(_LAST_LOOK_PX / longest)
        found = self._look(picture, scale)
        wanted = finest
        if found:
            largest_px = max(detection.box.width for detection in found)
            wanted = min(finest, _level_above(_LEAST_FACE_PX / (_COMPANION_SIZE * largest_px)))
        if wanted > scale:
            finer = self._look(picture, wanted)
            found = finer + [
                detection for detection in found if not _overlaps_any(detection.box, finer)
            ]
        if not found:
            return self._fallback.detect(
                picture,
                longest_px=_FALLBACK_PX,
                least_face_px=_FALLBACK_FACE * min(picture.shape[:2]),
            )
        return sorted(found, key=lambda detection: detection.box.width, reverse=True)

    def landmarks(self, picture: RGBPicture, box: Box) -> FivePoints:
        """Return the five points; dlib gives them in whole pixels."""
        with _coded("finding landmarks"):
            shape = self._predictor(picture, _rectangle(box))
        points = [(float(shape.part(i).x), float(shape.part(i).y)) for i in range(5)]
        return FivePoints(*points)

    def align(self, picture: RGBPicture, landmarks: FivePoints, purpose: Purpose) -> AlignedFace:
        """Return the face as dlib cuts it out, turned and scaled by its five points."""
        standard, *chips = cut_chips(picture, landmarks, (_STANDARD, *CROPS[purpose]))
        return AlignedFace(standard, np.stack(chips))

    def embed(self, chips: FaceChips) -> FaceTemplate:
        """Return the mean embedding of the chips."""
        return FaceTemplate(MODEL, self._network.embed(chips).mean(axis=0))

    def _look(self, picture: RGBPicture, scale: float) -> list[Detection]:
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
        scaled = _shrunk(grey, scale)
        with _coded("detecting"):
            boxes, scores, _ = self._detector.run(scaled, 0, _HOG_SCORE_MIN)
        return [
            Detection(
                Box(
                    left=box.left() / scale,
                    top=box.top() / scale,
                    width=box.width() / scale,
                    height=box.height() / scale,
                ),
                score,
            )
            for box, score in zip(boxes, scores, strict=True)
        ]


def _shrunk(grey: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Resize in steps of one half, which OpenCV averages an order of magnitude faster."""
    height, width = grey.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    while grey.shape[1] >= 2 * size[0] and grey.shape[0] >= 2 * size[1]:
        half = (grey.shape[1] // 2, grey.shape[0] // 2)
        grey = np.asarray(cv2.resize(grey, half, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _level_below(scale: float) -> float:
    """Return the largest level that does not exceed a scale."""
    return _LARGEST_UPSCALE * _STEP ** max(0, math.ceil(_steps(scale) - _ROUNDING))


def _level_above(scale: float) -> float:
    """Return the smallest level that is not below a scale, or the largest of all."""
    return _LARGEST_UPSCALE * _STEP ** max(0, math.floor(_steps(scale) + _ROUNDING))


def _steps(scale: float) -> float:
    return math.log(scale / _LARGEST_UPSCALE, _STEP)


@contextmanager
def _coded(doing: str) -> Iterator[None]:
    """Turn what dlib raises (RuntimeError and its kin) into this package's coded error."""
    try:
        yield
    except (RuntimeError, MemoryError, ValueError) as error:
        raise BiometricsError(
            BiometricsErrorCode.ENGINE_FAILED, f"dlib failed while {doing}"
        ) from error


def _rectangle(box: Box) -> Any:
    return dlib.rectangle(
        round(box.left),
        round(box.top),
        round(box.left + box.width) - 1,
        round(box.top + box.height) - 1,
    )


def _overlaps_any(box: Box, others: list[Detection]) -> bool:
    return any(box.overlap(other.box) > 0.3 for other in others)
