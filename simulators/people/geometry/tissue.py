"""Brow bone, sockets, cheeks, jowls, and the lines that age and smiles draw."""

from dataclasses import dataclass

import numpy as np

from simulators.people.expression import Expression
from simulators.people.fields import Field, bump, ridge, smoothstep
from simulators.people.geometry.skull import HeadGrid
from simulators.people.parameters import Face

_FOREHEAD_LINES = (1.5, 2.3, 3.1)
"""Heights of the forehead's lines above the brow, cm."""
_CROWS_FEET = (-0.5, 0.0, 0.5)
"""Slopes of the lines beside the eye."""


@dataclass(frozen=True, slots=True)
class TissueForm:
    """Displacement in cm and masks 0..1."""

    displacement: Field
    smile_fold: Field
    smile_fold_depth: float
    forehead_lines: Field


def tissue_form(face: Face, expression: Expression, grid: HeadGrid) -> TissueForm:
    """The soft tissue of this face; a smile lifts the cheeks and deepens the fold."""
    eyes, tissue, at = face.eyes, face.tissue, grid.marks
    abs_x, y, smile = grid.abs_x, grid.y, expression.smile
    bone = face.brows.bone * (0.3 + face.build.masculinity)
    displacement = (
        -1.05 * eyes.depth * bump(abs_x - 0.97 * at.eye_x, y - at.eye_y - 0.25, 1.45, 0.95)
        - 0.45 * eyes.depth * bump(abs_x - 1.7, y - at.eye_y - 0.1, 0.6, 0.9)
        + 0.70 * bone * bump(abs_x - 2.6, y - at.brow_y + 0.35, 2.0, 0.55)
        + tissue.cheekbone
        * (1 + 0.5 * smile)
        * bump(abs_x - 4.3, y - tissue.cheek_height + 0.2, 1.5, 1.1)
        + 0.55 * smile * bump(abs_x - 3.7, y - at.subnasale_y - 0.6, 1.2, 1.0)
        - tissue.cheek_hollow * bump(abs_x - 4.9, y - at.mouth_y - 1.2, 1.3, 1.6)
        + tissue.jowl * bump(abs_x - 4.2, y - face.chin_y - 2.4, 1.1, 1.0)
    )
    fold_x = 0.9 + 0.42 * (at.subnasale_y + 1.1 - y) + 0.35 * smile
    reach = smoothstep(at.subnasale_y + 1.4, at.subnasale_y + 0.4, y) * smoothstep(
        at.mouth_y - 0.9, at.mouth_y + 0.4, y
    )
    fold = np.exp(-0.5 * ((abs_x - fold_x - 0.55) / 0.2) ** 2) * reach
    beside = np.exp(-0.5 * ((abs_x - fold_x - 1.15) / 0.5) ** 2) * reach
    depth = 0.12 + 0.55 * face.build.age * tissue.smile_fold + 0.5 * smile
    displacement = displacement + 0.22 * depth * (beside - fold)
    lines = np.zeros_like(y)
    if face.wrinkles > 0:
        for number, above in enumerate(_FOREHEAD_LINES):
            wave = 0.12 * np.sin(0.9 * abs_x + number)
            lines = lines + ridge(y - (at.brow_y + above + wave), 0.09)
        lines = lines * smoothstep(4.2, 2.5, abs_x) * grid.front
        displacement = displacement - face.wrinkles * (
            0.16 * lines + 0.12 * _crows_feet(face, grid)
        )
    return TissueForm(displacement, fold * grid.front, depth, lines)


def _crows_feet(face: Face, grid: HeadGrid) -> Field:
    outside = grid.abs_x - grid.marks.eye_x - face.eyes.half_width
    lines = np.zeros_like(outside)
    for slope in _CROWS_FEET:
        lines = lines + ridge(grid.y - grid.marks.eye_y - slope * (0.9 * outside + 0.3), 0.06)
    return lines * smoothstep(0.1, 0.4, outside) * smoothstep(1.5, 0.8, outside)
