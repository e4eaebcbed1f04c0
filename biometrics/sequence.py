"""From the frames of one live capture to one template: the best of them, averaged.

Frames are chosen by their quality and by when they were taken, before and without any comparison
with a record: whoever chose by distance would let an impostor try as often as there are frames.
The chosen frames must show one person. Only frames of one live capture are averaged: portraits
of different origin (a document, a record) are compared one by one, each must match by itself, and
no function here takes them.
"""

import itertools
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from biometrics import matching
from biometrics.results import (
    FaceTemplate,
    MeasuredFace,
    Measurement,
    NotMeasured,
    QualityMeasure,
    failed_measures,
)
from biometrics.thresholds import ComparisonThreshold

MOST_FRAMES = 3
LEAST_GAP_SECONDS = 0.2
"""Frames that follow each other closely show the same noise, light and expression."""
MOST_SEEN = 64
"""How many frames of a capture are looked at: no stream keeps a worker for ever."""


class Graded(Protocol):
    """What choosing looks at, so that frames can be chosen before they are embedded."""

    @property
    @abstractmethod
    def at(self) -> float:
        """When the frame was taken, seconds of one clock."""

    @property
    @abstractmethod
    def measures(self) -> tuple[Measurement, ...]:
        """The quality of the face in it."""


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """A measured frame of a camera: never a portrait out of a document or a record.

    `capture` names the connection and the step that the frame came from; frames of two captures
    are not averaged. `at` is when it was taken, monotonic seconds.
    """

    capture: str
    at: float
    measures: tuple[Measurement, ...]
    template: FaceTemplate

    @classmethod
    def of(cls, face: MeasuredFace, *, capture: str, at: float) -> "LiveFrame":
        """Take what the pipeline measured in a frame."""
        return cls(capture, at, face.measures, face.template)


@dataclass(frozen=True, slots=True)
class FusedFace:
    """One person's template out of `frames`: their places in the capture, in order of time.

    The mean of several templates lies nearer to other people's too, if by little: rates measured
    on single frames do not hold for it, rates of fused ones must be measured.
    """

    template: FaceTemplate
    frames: tuple[int, ...]
    seen: int


@dataclass(frozen=True, slots=True)
class NoUsableFrame:
    """No frame was good enough to compare."""

    seen: int


@dataclass(frozen=True, slots=True)
class Contradictory:
    """The chosen frames show different people: nothing is to be concluded from this capture.

    `distance` is the largest between two of them.
    """

    frames: tuple[int, ...]
    seen: int
    distance: float


Fusion = FusedFace | NoUsableFrame | Contradictory


def fuse(
    frames: Iterable[LiveFrame],
    *,
    threshold: ComparisonThreshold,
    deadline: float | None,
    clock: Callable[[], float] = time.monotonic,
    most: int = MOST_FRAMES,
    least_gap: float = LEAST_GAP_SECONDS,
) -> Fusion:
    """Look at frames until they end or the deadline passes, and average the best of them.

    Args:
        frames: Of one capture. No frame is asked for after the deadline; one that is under way
            is waited for, so whoever delivers frames keeps the deadline too.
        threshold: Of the frames' model; further apart than this are different people.
        deadline: Seconds of `clock`, or None for no limit but `MOST_SEEN` frames.
        clock: Monotonic seconds.
        most: How many frames are averaged at most.
        least_gap: How many seconds two of them are apart at least.

    Raises:
        ValueError: Frames of two captures.
        BiometricsError: TEMPLATE_OF_ANOTHER_MODEL.
    """
    seen = _seen(frames, deadline, clock)
    if len({frame.capture for frame in seen}) > 1:
        raise ValueError("frames of two captures are never averaged")
    chosen = choose(seen, most=most, least_gap=least_gap)
    if not chosen:
        return NoUsableFrame(len(seen))
    templates = [seen[i].template for i in chosen]
    # A single frame is compared with itself, so that its model is checked as well.
    pairs = itertools.combinations_with_replacement(templates, 2)
    distance = max(matching.compare(a, b, threshold).distance for a, b in pairs)
    if distance > threshold.value:
        return Contradictory(chosen, len(seen), distance)
    vectors = np.stack([template.vector for template in templates])
    fused = FaceTemplate(templates[0].model, np.asarray(vectors.mean(axis=0), dtype=np.float32))
    return FusedFace(fused, chosen, len(seen))


def choose(
    frames: Sequence[Graded], *, most: int = MOST_FRAMES, least_gap: float = LEAST_GAP_SECONDS
) -> tuple[int, ...]:
    """Return the places of the best frames, at least `least_gap` seconds apart, in order of time.

    A frame is as good as its weakest measure, then as its mean score; what was not measured
    counts against it first. Frames with a measure that is too poor are never chosen.
    """
    usable = [i for i, frame in enumerate(frames) if not failed_measures(frame.measures)]
    chosen: list[int] = []
    for i in sorted(usable, key=lambda i: (_rank(frames[i].measures), -i), reverse=True):
        if len(chosen) == most:
            break
        if all(abs(frames[i].at - frames[other].at) >= least_gap for other in chosen):
            chosen.append(i)
    return tuple(sorted(chosen, key=lambda i: (frames[i].at, i)))


def _seen(
    frames: Iterable[LiveFrame], deadline: float | None, clock: Callable[[], float]
) -> list[LiveFrame]:
    seen: list[LiveFrame] = []
    iterator = iter(frames)
    while len(seen) < MOST_SEEN and (deadline is None or clock() < deadline):
        try:
            seen.append(next(iterator))
        except StopIteration:
            break
    return seen


def _rank(measures: tuple[Measurement, ...]) -> tuple[int, int, float]:
    """Return what orders frames by quality; larger is better."""
    scores = [measure.score for measure in measures if isinstance(measure, QualityMeasure)]
    missing = sum(isinstance(measure, NotMeasured) for measure in measures)
    if not scores:
        return (-missing, -1, -1.0)
    return (-missing, min(scores), sum(scores) / len(scores))
