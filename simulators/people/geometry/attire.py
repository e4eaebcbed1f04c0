"""Ears, glasses, neck and clothes: meshes of their own around the head."""

from typing import assert_never

import numpy as np

from simulators.people.appearance import colour
from simulators.people.fields import Colour, Field, bump, ridge, smoothstep, value_noise
from simulators.people.geometry.mesh import Mesh, Section, Tube, grid_mesh, tube
from simulators.people.geometry.skull import Marks
from simulators.people.identity import named_generator
from simulators.people.parameters import Clothing, Face, Glasses

_SKIN_GLOSS = 0.12
_CLOTH_GLOSS = 0.04
_SHIRT = colour.linear(168, 172, 178)
_LENS_PLANE = 9.3

_RIMS = {
    # superellipse exponent, half-width, half-height, radius of the wire; cm
    Glasses.ROUND: (2.0, 2.35, 2.2, 0.13),
    Glasses.RECTANGULAR: (4.5, 2.6, 1.55, 0.12),
    Glasses.WAYFARER: (3.2, 2.6, 1.95, 0.24),
}


def ears(face: Face, at: Marks) -> list[Mesh]:
    """Both ears: flattened ellipsoids with a darker bowl."""
    size = face.tissue.ear_size
    up = np.linspace(-1.0, 1.0, 44, dtype=np.float32)[:, None]
    around = np.linspace(-np.pi, np.pi, 44, dtype=np.float32)[None]
    girth = np.sqrt(np.clip(1.0 - up**2, 0.0, 1.0))
    forward, out = girth * np.cos(around), girth * np.sin(around)
    rim = np.hypot(forward, up)
    bowl = 1.0 - 0.45 * ridge(np.hypot(forward - 0.1, up + 0.1) - 0.25, 0.28)
    tint = np.array([1.06, 0.86, 0.82], np.float32)
    paint = colour.skin(face.complexion) * tint * bowl[..., None]
    reach = 6.75 * face.skull.width * face.skull.cheek_width
    y = at.eye_y - 1.5 + 2.9 * size * up * (1.0 + 0.1 * up) + 0.0 * forward
    z = -0.8 + 1.55 * size * forward * (1.0 + 0.25 * up) - 0.4 * up
    meshes = []
    for side in (-1.0, 1.0):
        x = side * (
            reach + size * (0.55 + 0.30 * out - 0.55 * forward) - 0.22 * ridge(rim - 0.45, 0.25)
        )
        meshes.append(grid_mesh(np.stack([x, y, z], axis=-1), paint, _SKIN_GLOSS))
    return meshes


def glasses(face: Face, at: Marks) -> list[Mesh]:
    """Two rims, two temples and a bridge; nothing for a face without glasses."""
    if face.glasses is Glasses.NONE:
        return []
    exponent, half_width, half_height, wire = _RIMS[face.glasses]
    paint = colour.frame(face)
    along = np.linspace(-np.pi, np.pi, 90, dtype=np.float32)[:, None]
    around = np.linspace(-np.pi, np.pi, 10, dtype=np.float32)[None]
    cosine, sine = np.cos(along), np.sin(along)
    rim_x = half_width * np.sign(cosine) * np.abs(cosine) ** (2.0 / exponent)
    rim_y = half_height * np.sign(sine) * np.abs(sine) ** (2.0 / exponent)
    meshes = []
    for side in (-1.0, 1.0):
        x = side * (at.eye_x + 0.05) + rim_x + wire * cosine * np.cos(around)
        y = at.eye_y - 0.15 + rim_y + wire * sine * np.cos(around)
        z = _LENS_PLANE + wire * np.sin(around) - 0.10 * np.maximum(0.0, side * x - 2.0) ** 1.6
        meshes.append(grid_mesh(np.stack([x, y, z], axis=-1), paint, 0.35))
        meshes.append(_temple(face, at, half_width, side, paint))
    reach = at.eye_x - half_width
    x = np.linspace(-reach - 0.1, reach + 0.1, 16, dtype=np.float32)[:, None] + 0.0 * around
    y = at.eye_y + 0.35 - 0.05 * x**2 + 0.14 * np.cos(around)
    z = _LENS_PLANE + 0.1 + 0.14 * np.sin(around) + 0.0 * x
    meshes.append(grid_mesh(np.stack([x, y, z], axis=-1), paint, 0.3))
    return meshes


def neck_and_clothes(face: Face) -> list[Mesh]:
    """The neck and what is worn below it; they stay when the head turns."""
    masculinity = face.build.masculinity
    neck = (4.7 + 1.3 * masculinity) * face.skull.width * (0.6 + 0.4 * face.jaw_width)
    return [_neck(face, neck), *_clothes(face, neck)]


def _temple(face: Face, at: Marks, half_width: float, side: float, paint: Colour) -> Mesh:
    around = np.linspace(-np.pi, np.pi, 10, dtype=np.float32)[None]
    z = np.linspace(_LENS_PLANE - 0.9, -1.0, 30, dtype=np.float32)[:, None]
    hinge = at.eye_x + half_width + 0.05
    ear = 6.95 * face.skull.width + 0.25
    x = side * (hinge + (ear - hinge) * smoothstep(_LENS_PLANE - 0.9, 4.5, z))
    x = x + 0.12 * np.cos(around)
    y = at.eye_y + 0.5 + 0.2 * np.sin(around) + 0.0 * z
    return grid_mesh(np.stack([x, y, z + 0.0 * around], axis=-1), paint, 0.3)


def _neck(face: Face, width: float) -> Mesh:
    body = tube(
        [
            Section(-20.0, 1.35 * width, 3.4, -8.0),
            Section(-13.0, 1.02 * width, 2.6, -7.5),
            Section(-10.0, 0.97 * width, 2.4, -7.5),
            Section(-5.0, 0.95 * width, 2.8, -7.0),
            Section(0.0, 0.88 * width, 2.0, -6.0),
        ],
        rows=120,
        columns=160,
    )
    x, y = body.x, body.y
    front = smoothstep(0.0, 0.5, np.cos(body.theta))
    # The two muscles from behind the ears to the breastbone, and the Adam's apple.
    muscle_x = 0.9 + 0.30 * np.clip(y + 15.0, 0.0, 12.0)
    relief = 0.35 * ridge(np.abs(x) - muscle_x, 0.8) - 0.25 * bump(x, y + 15.0, 0.8, 1.2)
    relief = relief + 0.5 * face.build.masculinity * bump(x, y + 11.5, 0.7, 0.9)
    points = body.points.copy()
    points[..., 2] += relief * front
    noise = value_noise(named_generator(face.seed, "neck"), y.shape, (10, 14), 3)
    paint = colour.skin(face.complexion) * np.array([0.97, 0.92, 0.90], np.float32)
    return grid_mesh(points, paint * (1.0 + 0.03 * noise)[..., None], _SKIN_GLOSS)


def _clothes(face: Face, neck: float) -> list[Mesh]:
    shoulder = 19.0 + 4.0 * face.build.masculinity
    torso = tube(
        [
            Section(-26.0, shoulder, 7.2, -11.0),
            Section(-21.0, shoulder, 7.0, -11.0),
            Section(-17.2, 0.92 * shoulder, 6.2, -10.5),
            Section(-14.6, 0.64 * shoulder, 5.2, -9.5),
            Section(-12.6, 1.50 * neck, 4.3, -8.6),
            Section(-11.6, 1.20 * neck, 3.7, -8.2),
            Section(-11.2, 1.16 * neck, 3.5, -8.0),
        ],
        rows=150,
        columns=260,
        squareness=2.3,
        crowding=0.7,
    )
    cloth = colour.cloth(face)
    weave = value_noise(named_generator(face.seed, "cloth"), torso.y.shape, (9, 11), 3)
    paint = np.broadcast_to(cloth, torso.points.shape) * (1.0 + 0.05 * weave)[..., None]
    front = (np.abs(torso.theta) < 0.5 * np.pi).astype(np.float32)
    match face.clothing:
        case Clothing.CREW_NECK:
            band = smoothstep(-12.3, -12.2, torso.y)
            paint = paint * (1.0 - 0.22 * band)[..., None]
            return [grid_mesh(torso.points, paint, _CLOTH_GLOSS)]
        case Clothing.SHIRT:
            placket = ridge(torso.x - 0.9, 0.10) * front
            paint = paint * (1.0 - 0.3 * placket)[..., None]
            collar = _collar(neck, np.asarray(cloth * 1.12))
        case Clothing.JACKET:
            shirt, lapel_edge = _lapels(torso)
            shirt = (shirt * front)[..., None]
            paint = 0.6 * paint * (1.0 - 0.5 * lapel_edge * front)[..., None]
            paint = paint + shirt * (_SHIRT - paint)
            collar = _collar(neck, _SHIRT)
        case _:
            assert_never(face.clothing)
    throat = (np.abs(torso.x) < 0.55 * (torso.y + 14.4)) & (front > 0)
    return [grid_mesh(torso.points, paint, _CLOTH_GLOSS, keep=~throat), collar]


def _lapels(torso: Tube) -> tuple[Field, Field]:
    """The mask of the shirt between the lapels, and their outer edges."""
    half_width = np.clip(0.55 * (torso.y + 22.0), 0.0, None)
    inside = smoothstep(half_width + 0.15, half_width - 0.15, np.abs(torso.x))
    outer = half_width + 2.4 * smoothstep(-22.0, -16.0, torso.y)
    return inside, ridge(np.abs(torso.x) - outer, 0.15)


def _collar(neck: float, paint: Colour) -> Mesh:
    """A turned collar, open at the throat."""
    shape = tube(
        [
            Section(-14.0, 1.50 * neck, 5.6, -9.1),
            Section(-12.2, 1.26 * neck, 4.6, -8.4),
            Section(-10.6, 1.10 * neck, 3.5, -8.0),
        ],
        rows=40,
        columns=300,
        crowding=0.7,
    )
    # Each side ends in a point: the gap is narrowest at the fold, the edge below runs upwards.
    abs_x = np.abs(shape.x)
    gap = 1.6 + 0.45 * np.clip(-11.0 - shape.y, 0.0, None)
    lower_edge = -14.0 + 0.45 * np.clip(abs_x - 3.0, 0.0, 4.0)
    behind = np.abs(shape.theta) > 0.5 * np.pi
    keep = behind | ((abs_x > gap) & (shape.y > lower_edge))
    return grid_mesh(shape.points, paint, _CLOTH_GLOSS, keep=keep)
