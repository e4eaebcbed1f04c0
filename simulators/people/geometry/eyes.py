"""The eyes: openings between two lid curves, lids, folds and bags."""

from dataclasses import dataclass

import numpy as np

from simulators.people.expression import Expression
from simulators.people.fields import Field, ridge, smoothstep
from simulators.people.geometry.skull import HeadGrid
from simulators.people.parameters import Face

_SHUT = 0.93
"""From this share of a blink on nothing of the eyeball is seen."""


@dataclass(frozen=True, slots=True)
class EyeForm:
    """Displacement in cm, masks 0..1, and the coordinates that painting needs."""

    displacement: Field
    opening: Field
    fold: Field
    bag: Field
    from_centre: Field
    """x from the eye's centre, positive towards the ear, cm."""
    across: Field
    """The same over the half-width: -1 at the inner corner, 1 at the outer one."""
    axis_y: Field
    upper_lid_y: Field
    lower_lid_y: Field
    fold_y: Field


def eye_form(face: Face, expression: Expression, grid: HeadGrid) -> EyeForm:
    """Both eyes at once, mirrored about x = 0."""
    eyes, y = face.eyes, grid.y
    from_centre = grid.abs_x - grid.marks.eye_x
    across = from_centre / eyes.half_width
    abs_across, within = np.abs(across), np.clip(across, -1.0, 1.0)
    inside = np.clip(abs_across, 0.0, 1.0)
    axis_y = grid.marks.eye_y + eyes.tilt * from_centre
    peak = 0.18 * eyes.peak
    upper = np.clip(1.0 - np.abs(within + peak * (1.0 - across**2)) ** 2.1, 0.0, 1.0)
    lower = np.clip(1.0 - np.abs(within - 0.12) ** 2.2, 0.0, 1.0)
    blink, smile = expression.blink, expression.smile
    # A shutting lower lid rises to meet the upper one.
    lower_y = axis_y - eyes.lower_opening * (1 - 0.25 * smile) * (1 - 0.75 * blink) * lower
    open_upper_y = axis_y + eyes.upper_opening * (1 - 0.15 * smile) * upper
    upper_y = open_upper_y * (1 - blink) + (lower_y + 0.02) * blink
    opening = (
        smoothstep(lower_y - 0.02, lower_y + 0.05, y)
        * smoothstep(upper_y + 0.02, upper_y - 0.05, y)
        * (abs_across < 1.0)
        * grid.front
        * float(blink <= _SHUT)
    )
    fold_y = (
        open_upper_y
        + 0.1
        + eyes.lid_fold * (1 - 0.5 * eyes.epicanthus * np.clip(-across, 0.0, 1.0))
    )
    fold = ridge(y - fold_y, 0.07) * smoothstep(1.2, 0.8, abs_across) * grid.front
    bag = ridge(y - lower_y + 0.62, 0.16) * smoothstep(1.25, 0.7, abs_across) * grid.front
    ball = np.clip(1.0 - (from_centre / 1.95) ** 2 - ((y - grid.marks.eye_y) / 1.45) ** 2, 0.0, 1.0)
    upper_rim = ridge(y - upper_y - 0.14, 0.16) * (1.0 - inside**4)
    lower_rim = ridge(y - lower_y + 0.16, 0.13) * (1.0 - inside**3)
    displacement = (
        0.62 * ball**1.5
        + 0.16 * (1 - 0.8 * blink) * upper_rim
        + 0.10 * lower_rim
        - 0.12 * (1 - blink) * fold
        - 0.16 * eyes.bags * (0.5 + face.build.age) * bag
    )
    return EyeForm(
        displacement=displacement,
        opening=opening,
        fold=fold,
        bag=bag,
        from_centre=from_centre,
        across=across,
        axis_y=axis_y,
        upper_lid_y=upper_y,
        lower_lid_y=lower_y,
        fold_y=fold_y,
    )
