"""What stands behind the person: a wall, an arrivals hall out of focus, an empty seat."""

import cv2
import numpy as np

from simulators.people.appearance.colour import linear
from simulators.people.camera import View
from simulators.people.fields import Field, blurred
from simulators.people.identity import named_generator

_OBJECTS = 7


def backdrop_light(view: View) -> Field:
    """The light (height, width, 3), linear, of the empty scene."""
    backdrop = view.backdrop
    height, width = view.height, view.width
    down = np.linspace(1.06, 0.90, height, dtype=np.float32)[:, None, None]
    wall = np.broadcast_to(linear(*backdrop.colour), (height, width, 3)) * down
    if backdrop.hall_seed is not None:
        wall = _hall(wall, backdrop.hall_seed)
    if backdrop.seat:
        wall = _seat(wall)
    light = view.lighting
    level = (light.ambient + 0.5 * light.key_strength) / 1.5
    return np.asarray(wall * np.float32(min(1.0, level)), np.float32)


def _hall(wall: Field, seed: int) -> Field:
    """Pillars, doors and lamps, far out of focus."""
    rng = named_generator(seed, "hall")
    height, width = wall.shape[:2]
    canvas = wall.copy()
    for _ in range(_OBJECTS):
        left = int(rng.uniform(-0.1, 0.95) * width)
        right = left + int(rng.uniform(0.05, 0.25) * width)
        top = int(rng.uniform(0.0, 0.4) * height)
        shade = rng.uniform(0.6, 1.3) * rng.uniform(0.92, 1.08, 3)
        canvas[top:, max(left, 0) : max(right, 0)] *= shade.astype(np.float32)
    return blurred(canvas, width / 45.0)


def _seat(wall: Field) -> Field:
    """The back of an empty chair."""
    height, width = wall.shape[:2]
    mask = np.zeros((height, width), np.float32)
    left, right, top = int(0.3 * width), int(0.7 * width), int(0.55 * height)
    radius = int(0.06 * width)
    cv2.rectangle(mask, (left + radius, top), (right - radius, height), 1.0, -1)
    cv2.rectangle(mask, (left, top + radius), (right, height), 1.0, -1)
    cv2.circle(mask, (left + radius, top + radius), radius, 1.0, -1)
    cv2.circle(mask, (right - radius, top + radius), radius, 1.0, -1)
    soft = blurred(mask, 1.5)[..., None]
    shade = np.linspace(1.25, 0.8, height, dtype=np.float32)[:, None, None]
    return wall + soft * (linear(58, 66, 78) * shade - wall)
