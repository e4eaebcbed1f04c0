"""Colours in linear light, and the palettes of skin, hair, irises, frames and cloth."""

from collections.abc import Sequence

import numpy as np

from simulators.people.fields import Colour, Field
from simulators.people.parameters import Complexion, Face, HairColour


def linear(red: int, green: int, blue: int) -> Colour:
    """The linear-light triple of an sRGB colour 0..255 (IEC 61966-2-1)."""
    c = np.array([red, green, blue], np.float64) / 255.0
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4).astype(np.float32)


def to_srgb(light: Field) -> Field:
    """Linear light 0..1 to sRGB 0..255 (IEC 61966-2-1), still float32."""
    curve = 1.055 * np.power(np.maximum(light, 0.0031308), 1.0 / 2.4) - 0.055
    return np.asarray(np.where(light <= 0.0031308, light * 12.92, curve) * 255.0, np.float32)


_SKIN = (
    linear(232, 194, 174),
    linear(220, 176, 148),
    linear(205, 156, 124),
    linear(172, 122, 92),
    linear(128, 84, 60),
    linear(84, 54, 40),
)
_HAIR = {
    HairColour.BLACK: linear(24, 20, 19),
    HairColour.DARK_BROWN: linear(50, 35, 26),
    HairColour.BROWN: linear(86, 58, 38),
    HairColour.AUBURN: linear(110, 56, 32),
    HairColour.GINGER: linear(164, 92, 48),
    HairColour.BLOND: linear(180, 144, 94),
    HairColour.LIGHT_BLOND: linear(208, 182, 140),
    HairColour.GREY: linear(138, 136, 134),
    HairColour.WHITE: linear(200, 198, 194),
}
_IRIS = (
    linear(48, 30, 19),
    linear(64, 40, 23),
    linear(84, 60, 32),
    linear(72, 82, 54),
    linear(62, 92, 118),
    linear(88, 106, 120),
)
_FRAMES = (linear(20, 20, 22), linear(70, 40, 25), linear(96, 96, 102), linear(84, 20, 26))
_LIPSTICK = (linear(178, 38, 52), linear(150, 40, 70), linear(200, 90, 90), linear(120, 30, 40))
_EYESHADOW = (
    np.array([0.45, 0.40, 0.50], np.float32),
    np.array([0.60, 0.42, 0.38], np.float32),
    np.array([0.40, 0.50, 0.62], np.float32),
)
_CLOTH = (
    linear(38, 52, 84),
    linear(92, 40, 48),
    linear(52, 84, 70),
    linear(116, 110, 102),
    linear(58, 58, 64),
    linear(150, 128, 96),
    linear(80, 66, 104),
    linear(60, 96, 124),
    linear(160, 92, 68),
    linear(44, 64, 44),
)


def skin(complexion: Complexion) -> Colour:
    """The skin colour on one melanin axis from six anchors, a little redder or bluer."""
    place = complexion.melanin * (len(_SKIN) - 1)
    index = min(int(place), len(_SKIN) - 2)
    mixed = _SKIN[index] + (place - index) * (_SKIN[index + 1] - _SKIN[index])
    tone = np.array([1.0 + complexion.redness, 1.0, 1.0 + complexion.blueness], np.float32)
    return np.asarray(mixed * tone, np.float32)


def hair(face: Face) -> Colour:
    """The colour of the scalp hair."""
    return np.asarray(_HAIR[face.hair_colour] * face.hair.lightness, np.float32)


def brow(face: Face) -> Colour:
    """The colour of brows and beard: the hair's, a little browner."""
    return np.asarray(hair(face) * 0.75 + 0.25 * linear(40, 28, 20), np.float32)


def iris(complexion: Complexion) -> Colour:
    """The iris: all colours with light skin, browns with dark skin."""
    reach = len(_IRIS) if complexion.melanin < 0.45 else 2.2
    return _IRIS[min(int(complexion.iris * reach), len(_IRIS) - 1)]


def frame(face: Face) -> Colour:
    """The glasses' frame."""
    return _picked(_FRAMES, face.picks.frame)


def lipstick(face: Face) -> Colour:
    """The lipstick that the makeup is mixed with."""
    return _picked(_LIPSTICK, face.picks.lipstick)


def eyeshadow(face: Face) -> Colour:
    """The factor that eyeshadow multiplies the skin by."""
    return _picked(_EYESHADOW, face.picks.eyeshadow)


def cloth(face: Face) -> Colour:
    """The main colour of the clothes."""
    return _picked(_CLOTH, face.picks.cloth)


def _picked(palette: Sequence[Colour], u: float) -> Colour:
    return palette[min(int(u * len(palette)), len(palette) - 1)]
