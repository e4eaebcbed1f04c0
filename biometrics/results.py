"""What measuring one picture of a face can come to.

Vocabulary of ISO/IEC 2382-37 (template, comparison) and ISO/IEC 29794-5 (quality measures).
Coordinates are pixels of the upright decoded picture, x to the right, y down; left and right
of a face are the subject's own. Every type pickles, because measuring runs in another process.
No `repr` shows a template or where the features of a face lie.
"""

import math
import struct
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from biometrics.errors import BiometricsError, BiometricsErrorCode
from imaging.results import PictureFault as PictureFault

if TYPE_CHECKING:
    from biometrics.presentation_attack.results import PresentationAssessment

TEMPLATE_DIMENSIONS = 128
_TEMPLATE_MAGIC = b"FTPL"
_TEMPLATE_FORMAT = 1
_TEMPLATE_HEADER = struct.Struct("<4sBHH")  # magic, format, model id bytes, dimensions


# --- where the face is ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-parallel rectangle in pixels; it may reach beyond the picture."""

    left: float
    top: float
    width: float
    height: float

    def overlap(self, other: "Box") -> float:
        """Return the intersection of both over their union, 0 to 1."""
        width = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        height = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        both = width * height
        return both / (self.width * self.height + other.width * other.height - both)


@dataclass(frozen=True, slots=True)
class Detection:
    """A face found by an engine; the score's scale is the engine's own, larger is surer."""

    box: Box
    score: float


Point = tuple[float, float]


@dataclass(frozen=True, slots=True, repr=False)
class FivePoints:
    """The corners of both eyes and the point where the nose meets the upper lip, in pixels."""

    left_eye_outer: Point
    left_eye_inner: Point
    right_eye_outer: Point
    right_eye_inner: Point
    subnasale: Point

    def as_array(self) -> NDArray[np.float64]:
        """Return shape (5, 2), float64, in the order of the fields."""
        return np.array(
            [
                self.left_eye_outer,
                self.left_eye_inner,
                self.right_eye_outer,
                self.right_eye_inner,
                self.subnasale,
            ],
            dtype=np.float64,
        )

    @property
    def left_eye(self) -> Point:
        """The centre of the subject's left eye: the midpoint of its corners."""
        return _midpoint(self.left_eye_outer, self.left_eye_inner)

    @property
    def right_eye(self) -> Point:
        """The centre of the subject's right eye: the midpoint of its corners."""
        return _midpoint(self.right_eye_outer, self.right_eye_inner)

    @property
    def spread(self) -> float:
        """The root mean square distance of the points from their centroid, in pixels.

        A size of the face that turning the head changes little: what turning takes from the
        width, it leaves in the height.
        """
        points = self.as_array()
        return float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean()))

    def __repr__(self) -> str:
        return "FivePoints(hidden)"


def _midpoint(a: Point, b: Point) -> Point:
    return ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)


# --- how good the picture is ---------------------------------------------------------------


class QualityName(StrEnum):
    """Measures by their names in ISO/IEC 29794-5:2025; `face_width` is the detector's own."""

    INTER_EYE_DISTANCE = "inter_eye_distance"
    FACE_WIDTH = "face_width"
    SHARPNESS = "sharpness"
    LUMINANCE_MEAN = "luminance_mean"
    UNDER_EXPOSURE_PREVENTION = "under_exposure_prevention"
    OVER_EXPOSURE_PREVENTION = "over_exposure_prevention"
    DYNAMIC_RANGE = "dynamic_range"
    HEAD_POSE_YAW = "head_pose_yaw"
    HEAD_POSE_PITCH = "head_pose_pitch"
    HEAD_POSE_ROLL = "head_pose_roll"
    LUMINANCE_VARIANCE = "luminance_variance"
    ILLUMINATION_UNIFORMITY = "illumination_uniformity"
    EYES_VISIBLE = "eyes_visible"
    EYES_OPEN = "eyes_open"
    MOUTH_OCCLUSION_PREVENTION = "mouth_occlusion_prevention"
    MOUTH_CLOSED = "mouth_closed"
    FACE_OCCLUSION_PREVENTION = "face_occlusion_prevention"
    SINGLE_FACE_PRESENT = "single_face_present"
    HEAD_SIZE = "head_size"
    LEFTWARD_CROP = "leftward_crop"
    RIGHTWARD_CROP = "rightward_crop"
    MARGIN_ABOVE = "margin_above"
    MARGIN_BELOW = "margin_below"
    BACKGROUND_UNIFORMITY = "background_uniformity"


class QualityStatus(StrEnum):
    """What a raw value means for comparison."""

    GOOD = "good"
    MARGINAL = "marginal"
    TOO_POOR = "too_poor"


@dataclass(frozen=True, slots=True)
class QualityMeasure:
    """A measured quality: the raw value in its unit, a score of 0 (worst) to 100, a status."""

    name: QualityName
    raw: float
    unit: str
    score: int
    status: QualityStatus


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A quality that could not be measured, and why; never a zero."""

    name: QualityName
    why: str


Measurement = QualityMeasure | NotMeasured


# --- the template --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model made a template. Templates and thresholds belong to exactly one.

    `version` changes when the weights do; `variant` names everything else that moves the
    vectors (alignment, averaging).
    """

    name: str
    version: str
    variant: str

    def __str__(self) -> str:
        return f"{self.name}/{self.version}/{self.variant}"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class FaceTemplate:
    """A face as a vector under the Euclidean (L2) metric.

    `vector` has shape (128,), dtype float32, is finite and read-only. Smaller distance means
    more alike. This is biometric data: it belongs sealed at rest and in no log.

    Raises:
        BiometricsError: TEMPLATE_MALFORMED for another shape or a value that is not finite.
    """

    model: ModelIdentity
    vector: NDArray[np.float32]

    def __post_init__(self) -> None:
        vector = np.array(self.vector, dtype=np.float32)  # a copy that nobody else can write
        if vector.shape != (TEMPLATE_DIMENSIONS,) or not bool(np.isfinite(vector).all()):
            raise BiometricsError(
                BiometricsErrorCode.TEMPLATE_MALFORMED,
                f"a template is {TEMPLATE_DIMENSIONS} finite numbers",
            )
        vector.setflags(write=False)
        object.__setattr__(self, "vector", vector)

    def to_bytes(self) -> bytes:
        """Return the template in a layout that names its format and model.

        Little-endian: magic "FTPL", format (1 byte), length of the model identity (2),
        dimensions (2), the identity in UTF-8, the vector as float32.
        """
        model = str(self.model).encode()
        header = _TEMPLATE_HEADER.pack(
            _TEMPLATE_MAGIC, _TEMPLATE_FORMAT, len(model), TEMPLATE_DIMENSIONS
        )
        return header + model + self.vector.astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, data: bytes, *, expected: ModelIdentity) -> Self:
        """Read what `to_bytes` wrote, for the model that the reader works with.

        Raises:
            BiometricsError: TEMPLATE_MALFORMED, or TEMPLATE_OF_ANOTHER_MODEL when the bytes
                come from a model other than `expected`.
        """
        malformed = BiometricsError(
            BiometricsErrorCode.TEMPLATE_MALFORMED, "these bytes are not a template of format 1"
        )
        if len(data) < _TEMPLATE_HEADER.size:
            raise malformed
        magic, layout, model_length, dimensions = _TEMPLATE_HEADER.unpack_from(data)
        vector_at = _TEMPLATE_HEADER.size + model_length
        if (magic, layout, dimensions) != (
            _TEMPLATE_MAGIC,
            _TEMPLATE_FORMAT,
            TEMPLATE_DIMENSIONS,
        ) or len(data) != vector_at + 4 * TEMPLATE_DIMENSIONS:
            raise malformed
        if data[_TEMPLATE_HEADER.size : vector_at] != str(expected).encode():
            raise BiometricsError(
                BiometricsErrorCode.TEMPLATE_OF_ANOTHER_MODEL,
                f"the template was not made by {expected}; enrol again from the portrait",
            )
        return cls(expected, np.frombuffer(data, dtype="<f4", offset=vector_at))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FaceTemplate):
            return NotImplemented
        return self.model == other.model and bool(np.array_equal(self.vector, other.vector))

    __hash__ = None  # type: ignore[assignment]  # equality is by value of an array

    def __repr__(self) -> str:
        return f"FaceTemplate({self.model}, vector hidden)"

    def __reduce__(self) -> tuple[type[Self], tuple[ModelIdentity, NDArray[np.float32]]]:
        # Unpickling goes through the checks of __post_init__ and stays read-only.
        return (type(self), (self.model, self.vector))


# --- the outcome of one picture ------------------------------------------------------------


class Purpose(StrEnum):
    """What a template is made for: how much time it is worth."""

    ENROLMENT = "enrolment"  # once for years: every crop that helps
    LIVE = (
        "live"  # while a traveler waits: an estimate of the same template, in a third of the time
    )


class Stage(StrEnum):
    """The steps of measuring, in order."""

    DECODE = "decode"
    DETECT = "detect"
    LANDMARKS = "landmarks"
    QUALITY = "quality"
    PRESENTATION = "presentation"
    EMBED = "embed"


@dataclass(frozen=True, slots=True)
class UnreadablePicture:
    """The bytes are not a picture that can be read safely."""

    fault: PictureFault


@dataclass(frozen=True, slots=True)
class NoFace:
    """The picture was read and no face was found in it."""


@dataclass(frozen=True, slots=True)
class SeveralFaces:
    """More than one person stands in front of the camera; `count` of comparable size."""

    count: int


@dataclass(frozen=True, slots=True)
class TooPoor:
    """One face was found, and its picture is too poor to compare; no template was made."""

    box: Box
    landmarks: FivePoints
    measures: tuple[Measurement, ...]

    @property
    def failed(self) -> tuple[QualityName, ...]:
        """The measures that are too poor, in the order of measuring."""
        return failed_measures(self.measures)


@dataclass(frozen=True, slots=True)
class OutOfTime:
    """The deadline passed before `stage` could begin."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class MeasuredFace:
    """A face and its template.

    `faces` counts those of comparable size, its own included; `presentation` is what a live
    picture was searched for, None for any other.
    """

    box: Box
    landmarks: FivePoints
    measures: tuple[Measurement, ...]
    template: FaceTemplate
    faces: int = 1
    presentation: "PresentationAssessment | None" = None


FaceOutcome = UnreadablePicture | NoFace | SeveralFaces | TooPoor | OutOfTime | MeasuredFace


@dataclass(frozen=True, slots=True)
class FaceMeasurement:
    """What measuring one picture came to, and the milliseconds of each stage that ran."""

    outcome: FaceOutcome
    timings_ms: dict[Stage, float] = field(compare=False)


def failed_measures(measures: tuple[Measurement, ...]) -> tuple[QualityName, ...]:
    """Return the names of the measures whose status is too poor."""
    return tuple(
        measure.name
        for measure in measures
        if isinstance(measure, QualityMeasure) and measure.status is QualityStatus.TOO_POOR
    )


# --- the comparison ------------------------------------------------------------------------


class Verdict(StrEnum):
    """On which side of the threshold a distance lies."""

    SAME = "same"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class MatchResult:
    """A comparison: `margin` is threshold minus distance, so negative means different."""

    distance: float
    threshold: float
    threshold_id: str
    verdict: Verdict

    @property
    def margin(self) -> float:
        """How far inside (positive) or outside (negative) the threshold the distance lies."""
        return self.threshold - self.distance

    def __post_init__(self) -> None:
        if not (math.isfinite(self.distance) and self.distance >= 0):
            raise ValueError("a distance is finite and not negative")
