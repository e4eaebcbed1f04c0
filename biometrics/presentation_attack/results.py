"""What looking for a presentation attack can come to.

Vocabulary of ISO/IEC 30107-1 and 30107-3: an *attack* presents an *instrument* (a print, a screen,
a mask) of a *species* to the camera; a *bona fide* presentation is everything else. Nothing here
says "alive": the absence of suspicion proves nothing, so the best status is that nothing suspicious
was seen, and results can only ever be held against a presentation.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from biometrics.presentation_attack.region import cut
from biometrics.protocols import RGBPicture
from biometrics.results import Box, FivePoints

_HALF_FACE = 0.35
"""Of the box's width."""
_LEAST_FACE_PX = 24
_SMALL_FACE_PX = 64


@dataclass(frozen=True)
class PadFrame:
    """One picture of a capture, with the face that was found in it.

    `captured_at` is in seconds of the camera's monotonic clock. `depth` has the picture's height
    and width, in millimetres from the camera; 0 or a value that is not finite is no return.
    `infrared` has the same shape, in any scale that starts at no light; `infrared_full` is the
    value at which that scale ends.
    """

    picture: RGBPicture = field(repr=False)
    box: Box = field(repr=False)
    landmarks: FivePoints = field(repr=False)
    captured_at: float
    depth: NDArray[np.floating] | None = field(default=None, repr=False)
    infrared: NDArray[np.number] | None = field(default=None, repr=False)
    infrared_full: float = 255.0

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 over the shape and the pixels: equal for equal pictures."""
        shape = np.array(self.picture.shape, dtype="<u4").tobytes()
        return hashlib.sha256(shape + np.ascontiguousarray(self.picture).tobytes()).digest()

    @cached_property
    def small_face(self) -> NDArray[np.float32] | None:
        """The middle of the face, shape (64, 64, 3), float32, sRGB 0 to 1; None if tiny.

        From the brows to the lips, without hair and background.
        """
        face, _, _ = cut(self.picture, self.box, _HALF_FACE * self.box.width)
        if min(face.shape[:2]) < _LEAST_FACE_PX:
            return None
        size = (_SMALL_FACE_PX, _SMALL_FACE_PX)
        while min(face.shape[:2]) >= 2 * _SMALL_FACE_PX:  # halves are averaged fastest
            half = (face.shape[1] // 2, face.shape[0] // 2)
            face = np.asarray(cv2.resize(face, half, interpolation=cv2.INTER_AREA), np.uint8)
        small = cv2.resize(face, size, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32) / np.float32(255.0)


@unique
class SignalName(StrEnum):
    """The signals, each in a file of its own."""

    SPECTRAL_PEAKS = "spectral_peaks"
    COMPRESSED_GAMUT = "compressed_gamut"
    BURNT_HIGHLIGHTS = "burnt_highlights"
    SURROUNDING_FRAME = "surrounding_frame"
    MISSING_PARALLAX = "missing_parallax"
    REPEATED_FRAMES = "repeated_frames"
    CAPTURE_ORDER = "capture_order"
    UNCHANGED_PIXELS = "unchanged_pixels"
    FLAT_DEPTH = "flat_depth"
    DARK_INFRARED = "dark_infrared"
    FEATURELESS_INFRARED = "featureless_infrared"


@dataclass(frozen=True, slots=True)
class MeasuredSignal:
    """A signal: the raw value in its unit, and how suspicious that is, 0 to 1.

    0.5 is the limit of the threshold table: from there on the signal is suspicious.
    """

    name: SignalName
    raw: float
    unit: str
    suspicion: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.suspicion <= 1.0:
            raise ValueError("a suspicion lies between 0 and 1")


@dataclass(frozen=True, slots=True)
class SignalNotMeasured:
    """A signal that could not be measured, and why; never a zero."""

    name: SignalName
    why: str


Signal = MeasuredSignal | SignalNotMeasured

SUSPICIOUS_FROM = 0.5


@unique
class PresentationStatus(StrEnum):
    """What the signals say together. There is no status for "alive"."""

    NOTHING_SUSPICIOUS = "nothing_suspicious"
    SUSPICIOUS = "suspicious"
    NOT_MEASURED = "not_measured"


@dataclass(frozen=True, slots=True)
class PresentationAssessment:
    """All signals of one capture, and the version of the thresholds they were held against."""

    signals: tuple[Signal, ...]
    frames: int
    thresholds_version: str

    @property
    def score(self) -> float | None:
        """The largest suspicion, 0 to 1; None when nothing was measured.

        The largest and no mean: a clear signal is not diluted by others that see nothing, and a
        further signal never lowers the score.
        """
        return max((signal.suspicion for signal in _measured(self.signals)), default=None)

    @property
    def status(self) -> PresentationStatus:
        """The score as a status."""
        score = self.score
        if score is None:
            return PresentationStatus.NOT_MEASURED
        if score >= SUSPICIOUS_FROM:
            return PresentationStatus.SUSPICIOUS
        return PresentationStatus.NOTHING_SUSPICIOUS

    @property
    def suspicious(self) -> tuple[SignalName, ...]:
        """The signals that are suspicious by themselves."""
        return tuple(
            signal.name for signal in _measured(self.signals) if signal.suspicion >= SUSPICIOUS_FROM
        )


def _measured(signals: Sequence[Signal]) -> list[MeasuredSignal]:
    return [signal for signal in signals if isinstance(signal, MeasuredSignal)]
