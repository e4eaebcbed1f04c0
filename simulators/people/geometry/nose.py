"""The nose: a ridge whose height and width follow profiles from nasion to subnasale."""

from dataclasses import dataclass

import numpy as np

from simulators.people.expression import Expression
from simulators.people.fields import Field, bump, profile, smoothstep
from simulators.people.geometry.skull import COLUMNS, HeadGrid
from simulators.people.parameters import Face

_TYPICAL_HEIGHT = 2.3
_HEIGHT_KNOTS = (-0.6, -0.3, 0.0, 0.25, 0.5, 0.72, 0.84, 0.92, 1.0, 1.06, 1.16)
_WIDTH_KNOTS = (-0.6, 0.0, 0.25, 0.5, 0.72, 0.86, 1.0, 1.16)


@dataclass(frozen=True, slots=True)
class NoseForm:
    """Displacement in cm and masks 0..1."""

    displacement: Field
    nostril: Field
    wing_crease: Field


def nose_form(face: Face, expression: Expression, grid: HeadGrid) -> NoseForm:
    """The nose of this face; a smile widens its wings."""
    nose, at, smile = face.nose, grid.marks, expression.smile
    down = (at.nasion_y - grid.y) / (at.nasion_y - at.subnasale_y)
    # Near the middle a row lies at one height: the profiles need a single column.
    down_middle = np.clip(down[:, COLUMNS // 2 : COLUMNS // 2 + 1], -0.6, 1.16)
    up, bridge = nose.upturn, nose.bridge
    height = profile(
        _HEIGHT_KNOTS,
        (
            0.0,
            0.02,
            0.16 * bridge,
            0.12 + 0.32 * bridge + 0.25 * nose.hump,
            0.395 + 0.175 * bridge + 0.32 * nose.hump,
            0.82 + 0.05 * nose.hump,
            0.98 + 0.02 * up,
            0.98 - 0.10 * up,
            0.55 - 0.30 * up,
            0.14,
            0.0,
        ),
        down_middle,
    )
    tip = nose.tip_width
    width = nose.bridge_width * profile(
        _WIDTH_KNOTS, (1.1, 0.62, 0.58, 0.66, 0.8, 0.92 * tip, 0.80 * tip, 0.7), down_middle
    )
    abs_x = np.abs(grid.x - nose.bend * smoothstep(0.0, 1.0, down))
    wing_x = 0.98 * nose.width * nose.bridge_width**0.3
    wing_y = at.subnasale_y + 0.55
    nostril = bump(
        abs_x - 0.62 * wing_x,
        grid.y - (at.subnasale_y + 0.22 + 0.20 * up),
        0.24 * nose.width**0.5,
        0.15 + 0.05 * up,
    )
    wings = bump(abs_x - 0.92 * wing_x - 0.12 * smile, grid.y - wing_y, 0.34, 0.46)
    groove = bump(abs_x - 1.42 * wing_x - 0.15 * smile, grid.y - wing_y - 0.15, 0.16, 0.5)
    displacement = (
        _TYPICAL_HEIGHT * nose.height * height * np.exp(-((abs_x / width) ** 2.3))
        + 1.05 * nose.wings * wings
        - 0.28 * groove
        - 0.30 * nostril
    )
    crease = bump(abs_x - 1.42 * wing_x, grid.y - wing_y - 0.1, 0.12, 0.45)
    return NoseForm(displacement, nostril * grid.front, crease * grid.front)
