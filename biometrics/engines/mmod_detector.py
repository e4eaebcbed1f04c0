"""dlib's convolutional face detector run by onnxruntime: for the faces that HOG does not find.

It finds tilted, covered and half-turned faces, and costs several times what HOG does. The graph
is built in memory from dlib's verified weight file; a load ends with a comparison of scores with
dlib's own, and a machine that computes something else starts nothing.
"""

from collections.abc import Iterator
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from biometrics.engines.dlib_weights import StoredDetector, read_detector
from biometrics.engines.mmod_graph import INPUT, OUTPUT, build_detector, grid, least_side_px
from biometrics.engines.mmod_reference import (
    SHAPE,
    TOLERANCE,
    reference_picture,
    reference_scores,
)
from biometrics.engines.runtime import load_session
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.protocols import RGBPicture
from biometrics.results import Box, Detection

SCORE_MIN = 0.0
"""dlib's own operating point."""

_LEVEL_STEP = 5 / 6  # dlib's pyramid
_LARGEST_UPSCALE = 2.0
_MOST_FACES = 16
_MOST_BOXES = 1_000
"""No more are grouped: a picture made of faces would keep the grouping busy for seconds."""

# The box that HOG draws around the same face, in units of this detector's box: the means over 60
# rendered pictures and 368 photographs. Landmarks are fitted from HOG's boxes.
_HOG_WIDTH = 1.077
_HOG_RIGHT = 0.03
_HOG_DOWN = 0.07


class MmodDetector:
    """The loaded detector."""

    def __init__(self, session: Any, network: StoredDetector) -> None:
        self._session = session
        self._window_px = network.window_px[1]
        self._overlap = network.overlap
        self._stride, self._first = grid(network)
        self._least_side_px = least_side_px(network)

    @classmethod
    def load(cls, weights: bytes) -> Self:
        """Build the detector from dlib's weight file and check it.

        Raises:
            BiometricsError: MODEL_FILE_MALFORMED, ENGINE_FAILED or SELF_CHECK_FAILED.
        """
        network = read_detector(weights)
        model = build_detector(network)
        detector = cls(load_session(model, "the detector"), network)
        detector.check()
        return detector

    def detect(
        self, picture: RGBPicture, *, longest_px: int, least_face_px: float
    ) -> list[Detection]:
        """Return the faces found, largest first, in boxes as HOG would draw them.

        Args:
            picture: Upright.
            longest_px: The longer side of the largest level that is looked at; the time grows
                with its square.
            least_face_px: The width of the smallest face to find, in pixels of the picture. No
                level is larger than this takes.

        Raises:
            BiometricsError: ENGINE_FAILED.
        """
        height, width = picture.shape[:2]
        scale = min(
            _LARGEST_UPSCALE,
            longest_px / max(height, width),
            self._window_px * _HOG_WIDTH / least_face_px,
        )
        found: list[Detection] = []
        # A face that fills the picture is still sought: the last level is as small as the window.
        while scale * min(height, width) >= self._window_px * _LEVEL_STEP:
            found += self._look(picture, scale)
            scale *= _LEVEL_STEP
        return sorted(
            (Detection(_as_hog(face.box), face.score) for face in _faces(found, self._overlap)),
            key=lambda face: face.box.width,
            reverse=True,
        )

    def scores(self, picture: RGBPicture) -> NDArray[np.float32]:
        """Return the scores of one level: (rows, columns), one for every eighth pixel.

        Raises:
            BiometricsError: ENGINE_FAILED, also for a picture that is smaller than one score.
        """
        try:
            (scores,) = self._session.run([OUTPUT], {INPUT: picture[None]})
        except Exception as error:  # its errors share no narrower base class
            raise BiometricsError(
                BiometricsErrorCode.ENGINE_FAILED, "onnxruntime failed while detecting"
            ) from error
        return np.asarray(scores[0, 0], dtype=np.float32)

    def check(self) -> None:
        """Compare with dlib's scores of a generated picture.

        Raises:
            BiometricsError: SELF_CHECK_FAILED when one differs by more than rounding.
        """
        rows, columns = SHAPE
        found = self.scores(reference_picture())[:rows]
        if found.shape != (rows, columns):
            raise BiometricsError(
                BiometricsErrorCode.SELF_CHECK_FAILED, "the detector gives too few scores"
            )
        worst = float(np.abs(found - reference_scores()).max())
        # Negated, so that a score that is not a number fails too.
        if not worst <= TOLERANCE:
            raise BiometricsError(
                BiometricsErrorCode.SELF_CHECK_FAILED,
                f"scores differ from dlib's by {worst:.1e}, allowed is {TOLERANCE:.0e}",
            )

    def _look(self, picture: RGBPicture, scale: float) -> Iterator[Detection]:
        height, width = picture.shape[:2]
        size = (round(width * scale), round(height * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        level = picture if scale == 1 else cv2.resize(picture, size, interpolation=method)
        if min(level.shape[:2]) < self._least_side_px:
            return
        scores = self.scores(np.asarray(level, dtype=np.uint8))
        side = self._window_px / scale
        for row, column in np.argwhere(scores > SCORE_MIN):
            x, y = (self._first + self._stride * int(cell) + 0.5 for cell in (column, row))
            yield Detection(
                Box(x / scale - side / 2, y / scale - side / 2, side, side),
                float(scores[row, column]),
            )


def _as_hog(box: Box) -> Box:
    """Return the box that HOG would draw around the face in a box of this detector."""
    side = box.width * _HOG_WIDTH
    return Box(
        box.left + (box.width - side) / 2 + _HOG_RIGHT * box.width,
        box.top + (box.height - side) / 2 + _HOG_DOWN * box.height,
        side,
        side,
    )


def _faces(found: list[Detection], overlap: float) -> Iterator[Detection]:
    """Yield one detection for each group of boxes that overlap the surest of them.

    Scores lie 8 pixels apart and levels a factor of 1.2; the mean of a group, weighted by score,
    says where the face is more precisely than its surest box does.
    """
    left = sorted(found, key=lambda face: face.score, reverse=True)[:_MOST_BOXES]
    for _ in range(_MOST_FACES):
        if not left:
            return
        surest = left[0]
        group = [face for face in left if face.box.overlap(surest.box) > overlap]
        left = [face for face in left if face.box.overlap(surest.box) <= overlap]
        weights = np.array([face.score for face in group])
        boxes = [(face.box.left, face.box.top, face.box.width, face.box.height) for face in group]
        yield Detection(Box(*np.average(boxes, axis=0, weights=weights).tolist()), surest.score)
