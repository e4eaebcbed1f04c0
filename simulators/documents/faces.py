"""The holder's portrait as it is printed, in every light."""

from functools import lru_cache

import cv2
import numpy as np

from simulators.documents.canvas import Plane
from simulators.documents.light import Light
from simulators.people import Person, portrait
from simulators.people.captures import decoded

_EXPOSURE = 1.17
"""The renderer's wall, 205 of 255, is printed as a pale tint."""


@lru_cache(maxsize=64)
def _photograph(jpeg: bytes) -> Plane:
    """The portrait cut to 35 by 45 (9303-3, section 3.9), RGB, 0 to 1."""
    picture = decoded(jpeg)
    height, width = picture.shape[:2]
    side = round(height * 35 / 45)
    left = (width - side) // 2
    return picture[:, left : left + side].astype(np.float32) / np.float32(255.0)


def photograph(person: Person, size_px: tuple[int, int]) -> Plane:
    """A photographic print of the portrait, (height, width, 3)."""
    small = cv2.resize(_photograph(portrait(person)), size_px, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def printed_portrait(
    person: Person, size_px: tuple[int, int], light: Light, *, engraved: bool, strength: float = 1.0
) -> Plane:
    """What the page is multiplied with where the portrait is, (height, width, 3).

    engraved: by laser, grey and whole in infrared; otherwise with dyes, of which only the black
    of the shadows remains in infrared. strength: 1 for the portrait, less for a ghost image.
    """
    picture = np.clip(photograph(person, size_px) * np.float32(_EXPOSURE), 0.0, 1.0)
    gray = picture @ np.array([0.299, 0.587, 0.114], np.float32)
    match light:
        case Light.WHITE:
            if engraved:
                picture = np.repeat(gray[..., None], 3, axis=2)
        case Light.INFRARED:
            dark = 1.0 - gray
            absorbed = 0.85 * dark if engraved else 0.55 * dark**2.2
            picture = np.repeat((1.0 - absorbed)[..., None], 3, axis=2)
        case Light.ULTRAVIOLET:
            picture = np.repeat((0.35 + 0.65 * gray)[..., None], 3, axis=2)
    return np.asarray(1.0 - strength * (1.0 - picture), np.float32)
