"""Presentation attacks made from a picture: held before the camera on paper or on a screen.

Instruments of ISO/IEC 30107-3. They match their victim, as a real one does: only presentation
attack detection can tell them.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from simulators.people.fields import Field
from simulators.people.identity import named_generator
from simulators.people.render import Image

_GAMMA = 2.2
_SCREEN_ANGLES = ((0, 15.0), (1, 45.0), (2, 75.0))
"""Channel and angle, in degrees, of the printer's halftone screens."""
_HELD_AT_CM = 45.0
_HELD_WIDTH_CM = 24.0
_MIRRORED_BY_GLASS = 0.04
"""Fresnel reflection of glass near the vertical."""


@dataclass(frozen=True, slots=True)
class Hold:
    """How an instrument is held in one frame of a sequence; the default is as in a still."""

    yaw: float = 0.0
    """Degrees about the vertical, positive turns the right edge of the image away."""
    roll: float = 0.0
    """Degrees in the plane, positive as `View.roll`."""
    scale: float = 1.0
    light: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """What falls on it, against the hall's ordinary light."""
    frame: int = 0
    """Frames differ in noise."""


_STILL = Hold()


def printed(picture: Image, seed: int, *, width: int, height: int, hold: Hold = _STILL) -> Image:
    """The picture printed on bent paper with a white margin, held before the camera."""
    rng = named_generator(seed, "printed")
    page = _bordered(inked(picture), (40, 40, 40, 40), (0.80, 0.80, 0.78))
    bend = 1.0 + 0.12 * np.sin(np.linspace(-0.5, 2.6, page.shape[1], dtype=np.float32))
    side = min(width, height)
    corners = _held(width, height, (side - 80, side - 40), rng.uniform(-14.0, 14.0, (4, 2)))
    lit_page = _lit(page * bend[:, None], hold.light)
    scene = _warped(_to_picture(lit_page), _turned(corners, hold), width, height, (70, 74, 78))
    scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), 0.6), np.float32)
    return _noisy(scene, 2.5, _noise_of(rng, seed, hold))


def inked(picture: Image) -> Field:
    """The picture as ink on paper: linear light of twice the size, with the printer's dots.

    Printed once and held many times: the last few are kept, read-only.
    """
    return _inked(picture.tobytes(), picture.shape)


@lru_cache(maxsize=4)
def _inked(data: bytes, shape: tuple[int, ...]) -> Field:
    light = _to_light(np.frombuffer(data, np.uint8).reshape(shape))
    grey = light.mean(axis=2, keepdims=True)
    # Ink has neither the black, the white nor the colours of the original.
    ink = 0.06 + 0.72 * (grey + 0.8 * (light - grey))
    rows, columns = ink.shape[:2]
    page = np.asarray(
        cv2.resize(ink, (2 * columns, 2 * rows), interpolation=cv2.INTER_CUBIC), np.float32
    )
    down, across = np.mgrid[0 : 2 * rows, 0 : 2 * columns].astype(np.float32)
    for channel, angle in _SCREEN_ANGLES:
        c, s = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
        dots = np.sin(1.9 * (across * c + down * s)) * np.sin(1.9 * (down * c - across * s))
        page[..., channel] *= 1.0 + 0.10 * dots
    page.setflags(write=False)
    return page


def replayed(picture: Image, seed: int, *, width: int, height: int, hold: Hold = _STILL) -> Image:
    """The picture on a tablet: stripes of sub-pixels, moiré, a reflection, a dark bezel."""
    rng = named_generator(seed, "replayed")
    screen = _displayed(picture.tobytes(), picture.shape)
    # A screen lights itself: of what falls on it only a reflection is seen.
    glass = tuple(1.0 + _MIRRORED_BY_GLASS * (gain - 1.0) for gain in hold.light)
    screen = _lit(screen, (glass[0], glass[1], glass[2]))
    side = min(width, height)
    corners = _held(width, height, (side - 60, side - 20), rng.uniform(-10.0, 10.0, (4, 2)))
    sharp = np.asarray(cv2.GaussianBlur(_to_picture(screen), (0, 0), 0.55), np.float32)
    # Sampled below the stripes' own resolution: hence the moiré.
    scene = _warped(sharp, _turned(corners, hold), width, height, (58, 62, 66))
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    glare = np.exp(-(((across - 0.66 * width) / 60) ** 2) - ((down - 0.2 * height) / 40) ** 2)
    flicker = 1.0 + 0.05 * np.sin(6.0 * np.pi * down / height)
    scene = scene * flicker[..., None] + 70.0 * glare[..., None]
    scene = np.asarray(cv2.GaussianBlur(scene, (0, 0), 0.5), np.float32)
    return _noisy(scene, 2.0, _noise_of(rng, seed, hold))


@lru_cache(maxsize=4)
def _displayed(data: bytes, shape: tuple[int, ...]) -> Field:
    """The picture's light from the sub-pixels of a screen in its bezel, read-only."""
    light = _to_light(np.frombuffer(data, np.uint8).reshape(shape))
    rows, columns = light.shape[:2]
    screen = np.asarray(
        cv2.resize(light, (3 * columns, 3 * rows), interpolation=cv2.INTER_LINEAR), np.float32
    )
    for channel in range(3):
        others = [column for column in range(3) if column != channel]
        for column in others:
            screen[:, column::3, channel] *= 0.55
    screen[0::3] *= 0.72
    tint = 1.25 * np.array([0.94, 1.0, 1.10], np.float32)
    screen = np.asarray(screen * tint + 0.012, np.float32)
    screen = _bordered(screen, (60, 110, 50, 50), (0.004, 0.004, 0.005))
    screen.setflags(write=False)
    return screen


def _lit(light: Field, gain: tuple[float, float, float]) -> Field:
    return (
        light
        if gain == _STILL.light
        else np.asarray(light * np.asarray(gain, np.float32), np.float32)
    )


def _noise_of(rng: np.random.Generator, seed: int, hold: Hold) -> np.random.Generator:
    return rng if hold.frame == 0 else named_generator(seed, f"held.{hold.frame}")


def _turned(corners: Field, hold: Hold) -> Field:
    """The corners after turning the instrument about its middle, in perspective."""
    if (hold.yaw, hold.roll, hold.scale) == (_STILL.yaw, _STILL.roll, _STILL.scale):
        return corners
    middle = corners.mean(axis=0)
    px_per_cm = (corners[:, 0].max() - corners[:, 0].min()) / _HELD_WIDTH_CM
    x, y = (hold.scale * (corners - middle) / px_per_cm).T
    yaw, roll = np.deg2rad(hold.yaw), np.deg2rad(hold.roll)
    x, y = x * np.cos(roll) + y * np.sin(roll), y * np.cos(roll) - x * np.sin(roll)
    nearer = _HELD_AT_CM / (_HELD_AT_CM + x * np.sin(yaw))
    turned = np.stack([x * np.cos(yaw) * nearer, y * nearer], axis=1)
    return np.asarray(middle + turned * px_per_cm, np.float32)


def _to_light(picture: Image) -> Field:
    return np.asarray(np.power(picture.astype(np.float32) / 255.0, _GAMMA))


def _to_picture(light: Field) -> Field:
    return np.asarray(np.clip(light, 0.0, 1.0) ** (1.0 / _GAMMA) * 255.0, np.float32)


def _bordered(
    light: Field, widths: tuple[int, int, int, int], colour: tuple[float, float, float]
) -> Field:
    top, bottom, left, right = widths
    framed = cv2.copyMakeBorder(light, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour)
    return np.asarray(framed, np.float32)


def _held(width: int, height: int, size: tuple[int, int], shake: Field) -> Field:
    """The corners of something held in the middle of the frame by an unsteady hand."""
    left, top = (width - size[0]) / 2, (height - size[1]) / 2
    right, bottom = left + size[0], top + size[1]
    corners: Field = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return (corners + shake).astype(np.float32)


def _warped(
    source: Field, corners: Field, width: int, height: int, behind: tuple[int, int, int]
) -> Field:
    rows, columns = source.shape[:2]
    flat = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    transform = cv2.getPerspectiveTransform(flat, np.asarray(corners, np.float32))
    scene = cv2.warpPerspective(
        source,
        transform,
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=behind,
    )
    return np.asarray(scene, np.float32)


def _noisy(scene: Field, sigma: float, rng: np.random.Generator) -> Image:
    noise = sigma * rng.standard_normal(scene.shape, dtype=np.float32)
    return np.clip(scene + noise + 0.5, 0.0, 255.0).astype(np.uint8)
