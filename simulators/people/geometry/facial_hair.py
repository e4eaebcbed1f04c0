"""Brows and beards: masks on the head's grid, which both displace and colour it."""

from typing import assert_never

import numpy as np

from simulators.people.fields import Field, smoothstep, value_noise
from simulators.people.geometry.mouth import MouthForm
from simulators.people.geometry.skull import HeadGrid
from simulators.people.identity import named_generator
from simulators.people.parameters import Beard, Face


def brow_mask(face: Face, grid: HeadGrid) -> Field:
    """Both eyebrows, drawn in short strokes."""
    brows = face.brows
    along = np.clip((grid.abs_x - brows.inner) / (brows.outer - brows.inner), -0.2, 1.2)
    arch = brows.arch * np.sin(np.pi * np.clip(along, 0.0, 1.0) ** 1.15)
    centre = (
        grid.marks.brow_y
        + arch
        + brows.tilt * (along - 0.35)
        - 0.45 * smoothstep(0.65, 1.05, along)
    )
    taper = (1.0 - 0.72 * smoothstep(0.5, 1.0, along)) * smoothstep(-0.06, 0.14, along)
    thickness = brows.thickness * (0.75 + 0.5 * face.build.masculinity) * taper
    strokes = value_noise(named_generator(face.seed, "brow"), grid.x.shape, (60, 300), 2)
    from_centre = np.abs(grid.y - centre) / (thickness + 0.02)
    return (
        smoothstep(1.25, 0.55, from_centre + 0.28 * strokes)
        * smoothstep(-0.05, 0.10, along)
        * smoothstep(1.06, 0.92, along)
        * grid.front
    )


def beard_mask(face: Face, grid: HeadGrid, mouth: MouthForm) -> Field:
    """Where the beard of this face grows; zero without one."""
    if face.beard is Beard.NONE:
        return np.zeros_like(grid.x)
    ragged = value_noise(named_generator(face.seed, "beard"), grid.x.shape, (22, 22), 3)
    abs_x, y, at = grid.abs_x, grid.y, grid.marks
    half = at.mouth_half_width

    cheek_line = at.mouth_y + 0.2 + 2.6 * smoothstep(3.0, 6.5, abs_x) + 0.25 * ragged
    beside_mouth = np.maximum(0.0, abs_x - 0.98 * half) + 3.0 * (y < mouth.lower_edge_y - 0.25)
    jaw = (
        smoothstep(cheek_line + 0.5, cheek_line - 0.5, y)
        * smoothstep(0.0, 0.5, beside_mouth)
        * smoothstep(2.05, 1.5, grid.abs_theta)
    )
    lip = (
        smoothstep(at.subnasale_y - 0.05, at.subnasale_y - 0.45, y + 0.05 * ragged)
        * smoothstep(mouth.upper_edge_y - 0.02, mouth.upper_edge_y + 0.12, y)
        * smoothstep(1.3 * half, 1.02 * half, abs_x)
    )
    chin = smoothstep(mouth.lower_edge_y - 0.35, mouth.lower_edge_y - 0.75, y) * smoothstep(
        2.5, 1.7, abs_x
    )
    corners = (
        smoothstep(0.92 * half, 1.08 * half, abs_x)
        * smoothstep(1.75 * half, 1.4 * half, abs_x)
        * smoothstep(at.mouth_y + 0.9, at.mouth_y + 0.2, y)
    )
    match face.beard:
        case Beard.STUBBLE | Beard.FULL:
            mask = np.maximum(jaw, lip)
        case Beard.MOUSTACHE:
            mask = lip
        case Beard.GOATEE:
            mask = np.maximum(np.maximum(lip, chin), corners)
        case Beard.CHIN:
            mask = chin
        case _:
            assert_never(face.beard)
    return np.asarray(mask * (1.0 - mouth.lips) * (1.0 - mouth.inside) * grid.front)
