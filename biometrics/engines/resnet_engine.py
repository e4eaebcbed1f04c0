"""The engine of this product: dlib finds and aligns a face, dlib's ResNet embeds it in onnxruntime.

The one module through which the product measures with dlib. dlib ships no types, so its objects
are `Any` here and nothing of them leaves. A template is the mean of six embeddings: the aligned
face cut out at three scales, each as it is and as its mirror image. On press photographs that
lowers the false non-match rate at FMR 1e-4 from 22 % (the mirror image alone) to 19 %, on the same
pairs. The mean moves every distance, so it is a variant of the model with a threshold of its own
(`thresholds.toml`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from biometrics import model_files
from biometrics.engines.resnet import ResNet
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.protocols import FaceChips, FaceEngine, RGBPicture
from biometrics.results import Box, Detection, FaceTemplate, FivePoints, ModelIdentity

MODEL = ModelIdentity(
    name="dlib-resnet-v1", version=model_files.RESNET_V1.sha256[:12], variant="crops3-mirror"
)

CHIP_SIZE_PX = 150
"""The input of the ResNet; at the standard scale the eyes of a frontal face are 53 px apart."""

# dlib's measure of how much is seen around a face: a chip's side is (1 + 2 padding) times the
# face's. 0.25 is the standard scale, on which quality is measured; then 1.12 and 0.90 of it.
_CHIP_PADDINGS = (0.25, 0.34, 0.175)
EMBEDDINGS_PER_TEMPLATE = 2 * len(_CHIP_PADDINGS)

_FIRST_LOOK_PX = 640
_LAST_LOOK_PX = 1280
_LARGEST_UPSCALE = 2.0
_HOG_WINDOW_PX = 80
# dlib's own operating point. Of the 70 weakest further detections on 2,948 press photographs,
# all with scores of 0.02 to 0.48, one was not a face: raising it would only lose bystanders.
_HOG_SCORE_MIN = 0.0


class ResNetEngine(FaceEngine):
    """Loaded models; about a second and 230 MB to load, then no disk access."""

    def __init__(self, detector: Any, predictor: Any, network: ResNet) -> None:
        self._detector = detector
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
        cv2.setNumThreads(1)
        with _coded("loading its models"):
            detector = dlib.get_frontal_face_detector()
            predictor = dlib.shape_predictor(str(landmarks))
        return cls(detector, predictor, network)

    @property
    def model(self) -> ModelIdentity:
        """The ResNet of 2017, averaged over three crops and their mirror images."""
        return MODEL

    def detect(self, picture: RGBPicture) -> list[Detection]:
        """Return the faces found, largest first.

        HOG sees faces from 80 px on, and its time grows with the area that it scans. The
        first look is at 640 px (small pictures are enlarged, at most twice). A second, finer
        look follows when nothing was found, or when a face half as wide as the largest would
        have been below 80 px in the first. A last look is in colour, where HOG takes the
        strongest gradient of three channels: it finds about a third of the few faces that
        grey misses, and is paid for only by pictures in which nothing was found.
        """
        gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        longest = max(gray.shape)
        scale = min(_LARGEST_UPSCALE, _FIRST_LOOK_PX / longest)
        found = self._look(gray, scale)
        finest = min(_LARGEST_UPSCALE, _LAST_LOOK_PX / longest)
        wanted = finest
        if found:
            largest_px = max(detection.box.width for detection in found)
            wanted = min(finest, 2 * _HOG_WINDOW_PX / largest_px)
        if wanted > scale:
            finer = self._look(gray, wanted)
            found = finer + [
                detection for detection in found if not _overlaps_any(detection.box, finer)
            ]
        if not found:
            found = self._look(picture, finest)
        return sorted(found, key=lambda detection: detection.box.width, reverse=True)

    def landmarks(self, picture: RGBPicture, box: Box) -> FivePoints:
        """Return the five points; dlib gives them in whole pixels."""
        with _coded("finding landmarks"):
            shape = self._predictor(picture, _rectangle(box))
        points = [(float(shape.part(i).x), float(shape.part(i).y)) for i in range(5)]
        return FivePoints(*points)

    def align(self, picture: RGBPicture, landmarks: FivePoints) -> FaceChips:
        """Return dlib's face chips at three scales: (3, 150, 150, 3), the standard one first.

        A least-squares similarity transform turns and scales the five points to their places.
        """
        points = landmarks.as_array()
        parts = [dlib.point(int(x), int(y)) for x, y in points]
        # get_face_chip reads the parts only; the rectangle merely has to be one.
        shape = dlib.full_object_detection(dlib.rectangle(0, 0, 1, 1), parts)
        with _coded("aligning"):
            return np.stack(
                [
                    dlib.get_face_chip(picture, shape, CHIP_SIZE_PX, padding)
                    for padding in _CHIP_PADDINGS
                ]
            )

    def embed(self, chips: FaceChips) -> FaceTemplate:
        """Return the mean embedding of the chips and of their mirror images."""
        with_mirror_images = np.concatenate([chips, chips[:, :, ::-1]])
        return FaceTemplate(MODEL, self._network.embed(with_mirror_images).mean(axis=0))

    def _look(self, picture: NDArray[np.uint8], scale: float) -> list[Detection]:
        height, width = picture.shape[:2]
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        scaled = cv2.resize(picture, size, interpolation=method)
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
    return any(_intersection_over_union(box, other.box) > 0.3 for other in others)


def _intersection_over_union(a: Box, b: Box) -> float:
    width = min(a.left + a.width, b.left + b.width) - max(a.left, b.left)
    height = min(a.top + a.height, b.top + b.height) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    intersection = width * height
    return intersection / (a.width * a.height + b.width * b.height - intersection)
