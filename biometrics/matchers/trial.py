"""Running an examined network on fixed pictures: is what comes out usable at all?"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biometrics.errors import BiometricsError
from biometrics.matchers.card import ModelCard
from biometrics.matchers.engine import OnnxNetwork
from biometrics.matchers.errors import MatcherError, MatcherErrorCode

_SAME = 1e-3
"""Rounding of one network in different batches and on different machines, relative (L2)."""
_DIFFERENT = 1e-6


@dataclass(frozen=True, slots=True)
class Trial:
    """What a trial came to.

    Args:
        reference: the network's answer to `reference_picture`, (dimensions,), float32; a machine
            that finds another one later computes something else than what was installed.
        milliseconds: processor time of one picture, the median.
    """

    reference: NDArray[np.float32]
    milliseconds: float


def try_out(network: OnnxNetwork, card: ModelCard) -> Trial:
    """Run a network on fixed pictures: alone, repeated, in a batch, black, white and noise.

    Raises:
        MatcherError: OUTPUT_UNUSABLE when a number is not finite, the shape is not the card's,
            the same picture is described differently, or different ones are described the same.
    """
    height, width = card.input.height, card.input.width
    reference = reference_picture(height, width)
    noise = np.random.default_rng(7).integers(0, 256, reference.shape, dtype=np.uint8)
    pictures = [reference, noise, np.zeros_like(reference), np.full_like(reference, 255)]
    answers: list[NDArray[np.float32]] = []
    times: list[float] = []
    for picture in pictures:
        started = time.process_time()
        answers.append(_answer(network, picture[None], card)[0])
        times.append((time.process_time() - started) * 1000)
    first = answers[0]
    if _apart(first, _answer(network, reference[None], card)[0]) > _SAME:
        raise _unusable("the same picture is described differently the second time")
    batch = _answer(network, np.stack(pictures[:2]), card)
    if max(map(_apart, batch, answers[:2])) > _SAME:
        raise _unusable("a picture is described differently in a batch and alone")
    if _apart(first, answers[1]) <= _DIFFERENT:
        raise _unusable("different pictures are described the same")
    return Trial(first, float(np.median(times)))


def check_reference(network: OnnxNetwork, card: ModelCard, reference: NDArray[np.float32]) -> None:
    """Compare the network's answer with that of the trial at its installation.

    Raises:
        MatcherError: OUTPUT_UNUSABLE when this machine computes something else.
    """
    picture = reference_picture(card.input.height, card.input.width)
    found = _answer(network, picture[None], card)[0]
    # Negated, so that a distance that is not a number fails too.
    if found.shape != reference.shape or not _apart(reference, found) <= _SAME:
        raise _unusable("the matcher does not compute what it did when it was installed")


def reference_picture(height: int, width: int) -> NDArray[np.uint8]:
    """Return a picture made of integer arithmetic, the same everywhere: (height, width, 3)."""
    row, column, channel = np.ogrid[:height, :width, :3]
    waves = (row * column // 8 + 5 * row * (channel + 1) + 3 * column) % 256
    squares = 96 * ((row // 19 + column // 23 + channel) % 2)
    return np.asarray((2 * waves + squares) // 3 % 256, dtype=np.uint8)


def _answer(
    network: OnnxNetwork, pictures: NDArray[np.uint8], card: ModelCard
) -> NDArray[np.float32]:
    try:
        found = network.run(pictures)
    except BiometricsError as error:
        raise _unusable(error.detail) from error
    if found.shape != (len(pictures), card.output.dimensions):
        raise _unusable(f"the answer has the shape {found.shape}")
    return found


def _apart(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """The distance of two vectors as a part of the longer one."""
    longer = max(float(np.linalg.norm(a)), float(np.linalg.norm(b)))
    return float(np.linalg.norm(a - b)) / longer if longer > 0 else 0.0


def _unusable(detail: str) -> MatcherError:
    return MatcherError(MatcherErrorCode.OUTPUT_UNUSABLE, detail)
