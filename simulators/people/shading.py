"""Light on the visible surface: ambient with occlusion, two lights, shadow, a soft shoulder.

Deferred shading: attributes are interpolated to the pixels that see a surface, then all
pixels are lit at once. Colours are linear until the sensor.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from simulators.people.camera import View
from simulators.people.fields import Colour, Field, blurred
from simulators.people.raster import Visible

_WRAP = np.array([0.30, 0.16, 0.12], np.float32)
"""Light bleeds through skin past the terminator, red furthest."""
_SHADOW_POWER = np.array([0.70, 0.95, 1.00], np.float32)
_OCCLUSION_POWER = np.array([0.80, 1.00, 1.05], np.float32)
_ALBEDO_SCALE = 0.62
_SPECULAR_SCALE = 0.55
_SHOULDER = 0.7
_WET = 0.4
"""Gloss above this is wet."""

_OCCLUSION_SCALES = ((0.35, 0.55, 1), (1.0, 0.30, 2), (2.6, 0.10, 4))
"""Radius in cm, strength, and by how much the depth is reduced before the blur."""
_SHADOW_SIZE = 420
_SHADOW_PX_PER_CM = 5.0
_SHADOW_BIAS = 0.7
_SHADOW_SOFTNESS = 0.22


@dataclass(frozen=True, slots=True)
class Surface:
    """What each visible pixel shows, in the order of `Visible`; n pixels."""

    position: Field
    normal: Field
    albedo: Field
    gloss: Field


def lit(view: View, visible: Visible, surface: Surface, vertices: Field) -> Field:
    """The light (n, 3), linear, that the visible pixels send to the camera.

    `vertices` (m, 3) of the whole scene cast the key light's shadow.
    """
    lighting = view.lighting
    to_camera = _unit(np.array([0.0, 0.0, view.lens_z], np.float32) - surface.position)
    normal = _unit(surface.normal)
    facing = _dot(normal, to_camera)
    # Open surfaces such as hair show both sides.
    normal = np.where(facing[:, None] < 0, -normal, normal)
    facing = np.abs(facing)
    key, fill = _direction(lighting.key), _direction(lighting.fill)
    occlusion = _occlusion(view, visible)
    unshadowed = _unshadowed(view, visible, surface.position, vertices, key)

    sky = (0.62 + 0.38 * normal[:, 1])[:, None]
    ambient = np.asarray(lighting.ambient_colour, np.float32) * lighting.ambient
    light = ambient * sky * occlusion[:, None] ** _OCCLUSION_POWER
    key_light = np.asarray(lighting.key_colour, np.float32) * lighting.key_strength
    light += (
        key_light
        * _diffuse(normal, key)
        * unshadowed[:, None] ** _SHADOW_POWER
        * (0.5 + 0.5 * occlusion)[:, None]
    )
    light += lighting.fill_strength * _diffuse(normal, fill) * occlusion[:, None]

    fresnel = 0.5 + 0.5 * (1.0 - np.minimum(facing, 1.0)) ** 3
    shine = lighting.key_strength * unshadowed * _highlight(normal, to_camera, key, surface.gloss)
    shine += lighting.fill_strength * _highlight(normal, to_camera, fill, surface.gloss)
    shine *= _SPECULAR_SCALE * surface.gloss * fresnel * occlusion
    return np.asarray(surface.albedo * (_ALBEDO_SCALE * light) + shine[:, None])


def shouldered(light: Field) -> Field:
    """Highlights rolled off softly, as a camera does, so that nothing exceeds 1."""
    over = np.maximum(light - _SHOULDER, 0.0)
    room = 1.0 - _SHOULDER
    return np.where(light > _SHOULDER, _SHOULDER + room * (1.0 - np.exp(-over / room)), light)


def _diffuse(normal: Field, direction: Colour) -> Field:
    return np.clip(((normal @ direction)[:, None] + _WRAP) / (1.0 + _WRAP), 0.0, 1.0)


def _highlight(normal: Field, to_camera: Field, direction: Colour, gloss: Field) -> Field:
    """Blinn-Phong: a broad lobe on skin and cloth, a sharp one on wet eyes and teeth."""
    half = _unit(to_camera + direction)
    cosine = np.maximum(_dot(normal, half), 0.0)
    return np.where(gloss > _WET, 0.5 * cosine**90, 0.55 * cosine**22)


def _occlusion(view: View, visible: Visible) -> Field:
    """How open each pixel is, 0..1: its depth against the depth around it at three scales."""
    depth = np.full((view.height, view.width), visible.depth.max() + 4.0, np.float32)
    depth.reshape(-1)[visible.pixel] = visible.depth
    openness = np.ones_like(depth)
    for radius, strength, reduction in _OCCLUSION_SCALES:
        size = (view.width // reduction, view.height // reduction)
        small = cv2.resize(depth, size, interpolation=cv2.INTER_AREA)
        smooth = blurred(np.asarray(small), radius * view.px_per_cm / reduction)
        around = cv2.resize(smooth, (view.width, view.height), interpolation=cv2.INTER_LINEAR)
        hidden = strength * np.clip(depth - around, 0.0, 1.2)
        openness *= 1.0 - np.minimum(hidden, 0.65)
    return openness.reshape(-1)[visible.pixel]


def _unshadowed(
    view: View, visible: Visible, position: Field, vertices: Field, key: Colour
) -> Field:
    """How much of the key light reaches each pixel, 0..1, with soft edges.

    The vertices lie dense enough to be scattered into the light's depth map as points; the
    holes between them close by a 3 × 3 minimum.
    """
    if view.lighting.key_strength <= 0:
        return np.ones(len(position), np.float32)
    right = _direction(np.cross(np.array([0.0, 1.0, 0.0]), key))
    frame = np.stack([right, np.cross(key, right), key]).astype(np.float32)
    nearest = np.full(_SHADOW_SIZE * _SHADOW_SIZE, np.inf, np.float32)
    cell, inside, away = _light_cells(vertices, frame)
    np.minimum.at(nearest, cell[inside], away[inside])
    square = nearest.reshape(_SHADOW_SIZE, _SHADOW_SIZE)
    closed = np.asarray(cv2.erode(square, np.ones((3, 3), np.uint8)), np.float32).reshape(-1)
    cell, inside, away = _light_cells(position, frame)
    reached = np.ones(len(position), np.float32)
    reached[inside] = away[inside] < closed[cell[inside]] + _SHADOW_BIAS
    image = np.ones((view.height, view.width), np.float32)
    image.reshape(-1)[visible.pixel] = reached
    soft = blurred(image, _SHADOW_SOFTNESS * view.px_per_cm)
    return np.clip(soft.reshape(-1)[visible.pixel], 0.0, 1.0)


def _light_cells(
    points: Field, frame: Field
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_], Field]:
    """The cell of the light's depth map, whether it lies inside, and the distance along it."""
    seen: Field = points @ frame.T
    column = np.rint(seen[:, 0] * _SHADOW_PX_PER_CM).astype(np.int32) + _SHADOW_SIZE // 2
    row = np.rint(seen[:, 1] * _SHADOW_PX_PER_CM).astype(np.int32) + _SHADOW_SIZE // 2
    inside = (column >= 0) & (column < _SHADOW_SIZE) & (row >= 0) & (row < _SHADOW_SIZE)
    return (row * _SHADOW_SIZE + column).astype(np.int32), inside, -seen[:, 2]


def _direction(vector: tuple[float, float, float] | Field) -> Colour:
    v = np.asarray(vector, np.float32)
    return np.asarray(v / np.linalg.norm(v), np.float32)


def _unit(vectors: Field) -> Field:
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return np.asarray(vectors / (length + 1e-6)[:, None])


def _dot(a: Field, b: Field) -> Field:
    return np.asarray(np.einsum("ij,ij->i", a, b))
