"""One person with one expression, as two meshes: the head, which turns, and the body."""

from dataclasses import dataclass

import numpy as np

from simulators.people.appearance.head import (
    paint_eyes,
    paint_hair,
    paint_mouth,
    paint_skin,
    skin_ground,
)
from simulators.people.expression import Expression
from simulators.people.fields import Field, value_noise
from simulators.people.geometry.attire import ears, glasses, neck_and_clothes
from simulators.people.geometry.eyes import eye_form
from simulators.people.geometry.facial_hair import beard_mask, brow_mask
from simulators.people.geometry.hair import hanging_hair, hides_ears, scalp_hair
from simulators.people.geometry.mesh import Mesh, grid_mesh, joined
from simulators.people.geometry.mouth import mouth_form
from simulators.people.geometry.nose import nose_form
from simulators.people.geometry.skull import HeadGrid, head_grid
from simulators.people.geometry.tissue import tissue_form
from simulators.people.identity import named_generator
from simulators.people.parameters import Beard, Face

_SKULL_RADII = np.array([7.0, 9.0, 9.0], np.float32)
_BEARD_DEPTH = {Beard.NONE: 0.0, Beard.STUBBLE: 0.0, Beard.FULL: 0.45}
_SHORT_BEARD_DEPTH = 0.26


@dataclass(frozen=True, slots=True)
class Model:
    """The meshes of one person, in the head frame (cm)."""

    head: Mesh
    body: Mesh


def build_model(face: Face, expression: Expression) -> Model:
    """The meshes of this face with this expression, computed anew from the parameters."""
    grid = head_grid(face, expression)
    head = [_head(face, expression, grid), *hanging_hair(face, grid.marks.brow_y)]
    if not hides_ears(face):
        head.extend(ears(face, grid.marks))
    head.extend(glasses(face, grid.marks))
    return Model(head=joined(head), body=joined(neck_and_clothes(face)))


def _head(face: Face, expression: Expression, grid: HeadGrid) -> Mesh:
    tissue = tissue_form(face, expression, grid)
    nose = nose_form(face, expression, grid)
    mouth = mouth_form(face, expression, grid)
    eyes = eye_form(face, expression, grid)
    brows = brow_mask(face, grid)
    beard = beard_mask(face, grid, mouth)
    scalp = scalp_hair(face, grid)

    paint = skin_ground(face, grid.x.shape)
    paint_skin(paint, face, grid, nose, eyes, tissue)
    paint_mouth(paint, face, expression, grid, mouth)
    paint_eyes(paint, face, expression, grid, eyes)
    paint_hair(paint, face, grid, brows, beard, scalp)

    bristles = value_noise(named_generator(face.seed, "bristles"), grid.x.shape, (120, 150), 2)
    # Lines of the forehead do not show through a fringe.
    bare = 1.0 - 0.9 * scalp.mask
    forward = grid.front * (
        bare * tissue.displacement + nose.displacement + mouth.displacement + eyes.displacement
    )
    forward = forward + 0.10 * brows
    depth = _BEARD_DEPTH.get(face.beard, _SHORT_BEARD_DEPTH)
    forward = forward + depth * beard * (1.0 + 0.12 * bristles)
    points = np.stack([grid.x, grid.y, grid.z + forward], axis=-1)
    points = points + _outwards(grid) * scalp.lift[..., None]
    albedo = np.clip(paint.albedo, 0.002, 1.0)
    return grid_mesh(points.astype(np.float32), albedo, paint.gloss, closed=True)


def _outwards(grid: HeadGrid) -> Field:
    radial = np.stack([grid.x, grid.y - 2.0, grid.z], axis=-1) / _SKULL_RADII
    return np.asarray(radial / (np.linalg.norm(radial, axis=-1, keepdims=True) + 1e-6))
