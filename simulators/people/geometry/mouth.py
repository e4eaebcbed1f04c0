"""The mouth: two lips along a curved line, which part over teeth; philtrum and chin."""

from dataclasses import dataclass

import numpy as np

from simulators.people.expression import Expression
from simulators.people.fields import Field, bump, ridge, smoothstep
from simulators.people.geometry.skull import HeadGrid
from simulators.people.parameters import Face

TEETH_FROM_SMILE = 0.25
"""A smile above this parts the lips."""


@dataclass(frozen=True, slots=True)
class MouthForm:
    """Displacement in cm, masks 0..1, and the edges that beard and paint follow."""

    displacement: Field
    lips: Field
    inside: Field
    teeth: Field
    seam: Field
    upper_edge_y: Field
    lower_edge_y: Field
    across: Field
    """|x| over the mouth's half-width, cut at 1."""


def mouth_form(face: Face, expression: Expression, grid: HeadGrid) -> MouthForm:
    """The mouth of this face with its expression."""
    mouth, at, y, abs_x = face.mouth, grid.marks, grid.y, grid.abs_x
    smile, opened, half = expression.smile, expression.mouth_open, grid.marks.mouth_half_width
    reach = np.clip(abs_x / half, 0.0, 1.3)
    across = np.clip(reach, 0.0, 1.0)
    line_y = (
        at.mouth_y
        + (mouth.curve + 0.75 * smile) * reach**2
        - 0.08 * np.exp(-0.5 * (abs_x / 0.35) ** 2)
        + 0.05 * np.exp(-0.5 * ((abs_x - 0.5) / 0.3) ** 2)
    )
    gap = 1.5 * opened * np.sqrt(1.0 - across**2)
    if smile > TEETH_FROM_SMILE:
        gap = gap + 0.32 * smile * (1.0 - across**2.2)
    upper_in, lower_in = line_y + 0.22 * gap, line_y - 0.78 * gap
    upper = mouth.upper_lip * (1 - 0.20 * smile)
    lower = mouth.lower_lip * (1 - 0.15 * smile)
    bow = np.exp(-0.5 * ((abs_x - 0.48) / 0.28) ** 2) - 0.9 * np.exp(-0.5 * (abs_x / 0.24) ** 2)
    upper_edge = upper_in + upper * (1.0 - across**1.7) ** 0.8 + mouth.bow * bow * (1.0 - across)
    lower_edge = lower_in - lower * np.sqrt(1.0 - across**2.4)
    corner = smoothstep(1.02, 0.94, reach)
    lips = np.clip(
        smoothstep(upper_edge + 0.05, upper_edge - 0.10, y)
        * smoothstep(upper_in - 0.05, upper_in + 0.03, y)
        * corner
        + smoothstep(lower_edge - 0.06, lower_edge + 0.12, y)
        * smoothstep(lower_in + 0.05, lower_in - 0.03, y)
        * corner,
        0.0,
        1.0,
    )
    inside = (
        smoothstep(upper_in + 0.02, upper_in - 0.04, y)
        * smoothstep(lower_in - 0.02, lower_in + 0.04, y)
        * (reach < 1.0)
        * (gap > 0.03)
        * grid.front
    )
    teeth_top = upper_in - 0.02
    teeth_height = 0.62 * (1.0 - 0.25 * across**2)
    teeth = (
        smoothstep(teeth_top - teeth_height, teeth_top - teeth_height + 0.08, y)
        * smoothstep(teeth_top + 0.02, teeth_top - 0.05, y)
        * smoothstep(0.9, 0.7, reach)
        * inside
    )
    seam = ridge(y - line_y, 0.085) * smoothstep(1.10, 0.96, reach) * (gap < 0.06)
    bulge = (1.0 - across**2) ** 0.7
    displacement = (
        mouth.fullness * 0.42 * ridge(y - upper_in - 0.38 * upper, 0.42 + 0.40 * upper) * bulge
        + mouth.fullness * 0.50 * ridge(y - lower_in + 0.50 * lower, 0.34 + 0.42 * lower) * bulge
        + 0.35 * bump(abs_x, y - at.mouth_y, 0.9 * half, 1.5)
        - 0.22 * seam
        - 0.25 * (1 + smile) * bump(abs_x - 1.04 * half, y - line_y, 0.22, 0.25)
        - 0.55 * inside
        + _philtrum(face, grid, upper)
        + _chin(face, grid, lower_edge)
    )
    return MouthForm(
        displacement=displacement,
        lips=lips * grid.front,
        inside=inside,
        teeth=teeth,
        seam=seam * grid.front,
        upper_edge_y=upper_edge,
        lower_edge_y=lower_edge,
        across=across,
    )


def _philtrum(face: Face, grid: HeadGrid, upper_lip: float) -> Field:
    dy = grid.y - 0.5 * (grid.marks.subnasale_y + grid.marks.mouth_y + upper_lip)
    return face.mouth.philtrum * (
        0.35 * bump(grid.abs_x - 0.45, dy, 0.18, 0.6) - 0.5 * bump(grid.abs_x, dy, 0.2, 0.5)
    )


def _chin(face: Face, grid: HeadGrid, lower_edge: Field) -> Field:
    tissue = face.tissue
    dy = grid.y - (grid.marks.chin_y + 1.35)
    crease = bump(grid.abs_x, grid.y - lower_edge + 0.55, 1.5, 0.32)
    return (
        0.80 * tissue.chin_ball * bump(grid.abs_x, dy, 1.25, 0.85)
        - 0.35 * tissue.chin_cleft * bump(grid.abs_x, dy + 0.2, 0.16, 0.6)
        - 0.55 * tissue.chin_crease * crease * smoothstep(3.0, 1.5, grid.abs_x)
    )
