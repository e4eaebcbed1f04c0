"""Injected streams: what a virtual camera delivers in the place of the kiosk's own.

Nothing stands before the lens, so nothing of paper or glass is to be seen. A recording has the
noise of the camera that made it; a rendering has none unless somebody adds it.
"""

from collections.abc import Sequence

import numpy as np

from simulators.people.render import Image


def frozen_loop(frames: Sequence[Image], length: int, *, distinct: int = 2) -> list[Image]:
    """The first `distinct` frames over and over, `length` in all."""
    return [frames[i % min(distinct, len(frames))] for i in range(length)]


def replaced(frames: Sequence[Image], instead: Sequence[Image], start: int) -> list[Image]:
    """The camera's own frames until `start`, from there on a recording."""
    tail = [instead[i % len(instead)] for i in range(len(frames) - start)]
    return [*frames[:start], *tail]


def with_sensor_noise(picture: Image, sigma: float, generator: np.random.Generator) -> Image:
    """The picture as a sensor would have delivered it; `sigma` of 255."""
    noise = sigma * generator.standard_normal(picture.shape, dtype=np.float32)
    return np.asarray(np.clip(picture + noise + 0.5, 0.0, 255.0), np.uint8)
