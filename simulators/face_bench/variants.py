"""What is timed: a frame goes in, an embedding or a template comes out.

`single` makes one embedding a frame, as face_recognition does. `decision` is what a kiosk decides
with and what `kiosk evaluate faces` measures: every embedding of a live template, the quality
measures and the signals of a presentation attack. Both come stateless, which detects in every
frame, and tracked, which verifies that the face of the last detection is still there.
"""

import hashlib
import json
import time
import warnings
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import cv2
import dlib
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from biometrics import model_files
from biometrics.engines.alignment import STANDARD_PADDING, Crop, cut_chips
from biometrics.engines.resnet_engine import CROPS, MODEL, ResNetEngine
from biometrics.pipeline import FacePipeline
from biometrics.presentation_attack.thresholds import presentation_thresholds
from biometrics.results import Box, FivePoints, MeasuredFace, Purpose
from biometrics.thresholds import threshold_table
from biometrics.tracking import FaceTracker, Tracked
from simulators.face_bench.frames import BenchFrame

Stages = dict[str, float]
"""Milliseconds of wall time by stage."""


class NoFaceInFrameError(Exception):
    """A variant found no face in a frame that shows one; its times would mean nothing."""


class Variant(Protocol):
    """One way to embed a frame."""

    @abstractmethod
    def embed(self, frame: BenchFrame) -> tuple[NDArray[np.float32], Stages]:
        """Return the embedding (128,) of the only face, and how long each stage took.

        Raises:
            NoFaceInFrameError: there is none.
        """


@dataclass(slots=True)
class _Watch:
    stages: Stages = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.stages[name] = (time.perf_counter() - started) * 1000


class FaceRecognition(Variant):
    """`face_recognition.face_encodings` as its documentation calls it."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it imports pkg_resources
            import face_recognition
        self._library = face_recognition

    def embed(self, frame: BenchFrame) -> tuple[NDArray[np.float32], Stages]:
        """Return its first encoding."""
        watch = _Watch()
        with watch.stage("all"):
            encodings = self._library.face_encodings(frame.picture)
        if not encodings:
            raise NoFaceInFrameError
        return np.asarray(encodings[0], np.float32), watch.stages


class Dlib480(Variant):
    """dlib as one would write it for speed: HOG on grey at 480 px, five points, its network."""

    _LONGEST_PX = 480

    def __init__(self) -> None:
        self._detector: Any = dlib.get_frontal_face_detector()
        self._predictor: Any = dlib.shape_predictor(str(model_files.LANDMARKS_5.verified_path()))
        weights = str(model_files.RESNET_V1.verified_path())
        self._network: Any = dlib.face_recognition_model_v1(weights)

    def embed(self, frame: BenchFrame) -> tuple[NDArray[np.float32], Stages]:
        """Return dlib's descriptor of the first face."""
        watch, picture = _Watch(), frame.picture
        with watch.stage("detect"):
            scale = self._LONGEST_PX / max(picture.shape[:2])
            small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            found = self._detector(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), 0)
        if not found:
            raise NoFaceInFrameError
        with watch.stage("landmarks"):
            box = found[0]
            sides = (box.left(), box.top(), box.right(), box.bottom())
            shape = self._predictor(picture, dlib.rectangle(*(round(s / scale) for s in sides)))
            chip = dlib.get_face_chip(picture, shape, 150, STANDARD_PADDING)
        with watch.stage("embed"):
            descriptor = self._network.compute_face_descriptor(chip)
        return np.asarray(descriptor, np.float32), watch.stages


class _Following:
    """Where the face is: detected, or verified by a tracker where one is given."""

    def __init__(self, engine: ResNetEngine, *, tracked: bool) -> None:
        self._engine = engine
        self._tracker = FaceTracker() if tracked else None

    def find(self, frame: BenchFrame, watch: _Watch) -> tuple[Box, FivePoints] | None:
        """Return box and landmarks; None asks for a detection that `begin` is then told of."""
        if self._tracker is None:
            return None
        with watch.stage("follow"):
            found = self._tracker.follow(frame.picture, at=frame.at)
        return (found.box, found.landmarks) if isinstance(found, Tracked) else None

    def begin(self, frame: BenchFrame, box: Box, landmarks: FivePoints) -> None:
        """Follow this face from now on."""
        if self._tracker is not None:
            self._tracker.begin(frame.picture, box, landmarks, at=frame.at)


class Single(Variant):
    """One embedding a frame: what face_recognition gives, by this engine."""

    CROPS = (Crop(STANDARD_PADDING),)

    def __init__(self, engine: ResNetEngine, *, tracked: bool) -> None:
        self._engine = engine
        self._following = _Following(engine, tracked=tracked)

    def embed(self, frame: BenchFrame) -> tuple[NDArray[np.float32], Stages]:
        """Return the embedding of the face cut out once."""
        watch = _Watch()
        face = self._following.find(frame, watch)
        if face is None:
            with watch.stage("detect"):
                found = self._engine.detect(frame.picture)
            if not found:
                raise NoFaceInFrameError
            with watch.stage("landmarks"):
                box = found[0].box
                face = (box, self._engine.landmarks(frame.picture, box))
            self._following.begin(frame, *face)
        with watch.stage("align"):
            chips = cut_chips(frame.picture, face[1], self.CROPS)
        with watch.stage("embed"):
            vector = self._engine.embed(chips).vector
        return vector, watch.stages


class Decision(Variant):
    """Everything that a decision measures in a frame."""

    def __init__(self, engine: ResNetEngine, *, tracked: bool) -> None:
        self._pipeline = FacePipeline(engine)
        self._following = _Following(engine, tracked=tracked)

    def embed(self, frame: BenchFrame) -> tuple[NDArray[np.float32], Stages]:
        """Return the live template."""
        watch = _Watch()
        face = self._following.find(frame, watch)
        measured = self._pipeline.measure_frame(frame.picture, deadline=None, followed=face)
        outcome = measured.outcome
        if not isinstance(outcome, MeasuredFace):
            raise NoFaceInFrameError
        if face is None:
            self._following.begin(frame, outcome.box, outcome.landmarks)
        stages = {stage.value: spent for stage, spent in measured.timings_ms.items()}
        return outcome.template.vector, watch.stages | stages


def configuration_hash(crops: tuple[Crop, ...], *, decides: bool) -> str:
    """Return a digest of everything that makes a configuration's numbers what they are."""
    content: dict[str, Any] = {
        "model": str(MODEL),
        "files": [file.sha256 for file in (model_files.RESNET_V1, model_files.LANDMARKS_5)],
        "crops": [[crop.padding, crop.mirrored] for crop in crops],
        "onnxruntime": onnxruntime.__version__,
    }
    if decides:
        content["thresholds"] = threshold_table().version
        content["presentation_thresholds"] = presentation_thresholds().version
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


SINGLE_HASH = configuration_hash(Single.CROPS, decides=False)
DECISION_HASH = configuration_hash(CROPS[Purpose.LIVE], decides=True)
