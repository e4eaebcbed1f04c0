"""The ovoid under the features: one grid around the whole head, and the heights of its marks.

Rows go from the chin to the crown, columns around the head from the back over the camera's
left to the back again; both are denser where eyes, nose and mouth will be.
"""

from dataclasses import dataclass

import numpy as np

from simulators.people.expression import Expression
from simulators.people.fields import Field, profile, smoothstep
from simulators.people.parameters import Face

ROWS = 380
COLUMNS = 380
JAW_DROP = 1.25
"""How far the chin sinks, in cm, when the mouth is fully open."""

_CHEEK_Y = 0.5
_BROW_Y = 4.6
_TYPICAL_CHIN_Y = -8.6
_TYPICAL_CROWN_Y = 12.3


def _warped(length: float, centre: float, spread: float, gain: float, count: int) -> Field:
    """`count` places over 0..length, denser around `centre`."""
    fine = np.linspace(0.0, length, 4096)
    density = 1.0 + gain * np.exp(-(((fine - centre) / spread) ** 2))
    share = np.cumsum(density) - density[0]
    return np.interp(np.linspace(0.0, 1.0, count), share / share[-1], fine).astype(np.float32)


_POLAR = _warped(np.pi, 1.35, 0.6, 0.9, ROWS)
_THETA = _warped(2.0 * np.pi, np.pi, 0.9, 1.6, COLUMNS) - np.float32(np.pi)


@dataclass(frozen=True, slots=True)
class Marks:
    """Heights (y) and half-distances (x) of the features, in cm, expression included."""

    eye_x: float
    eye_y: float
    brow_y: float
    nasion_y: float
    nose_tip_y: float
    subnasale_y: float
    mouth_y: float
    mouth_half_width: float
    chin_y: float


@dataclass(frozen=True, slots=True)
class HeadGrid:
    """The undisplaced head: coordinates (rows, columns) and the masks that all features use."""

    x: Field
    y: Field
    z: Field
    theta: Field
    """(1, columns)."""
    marks: Marks
    front: Field
    """1 on the face, falling to 0 behind the ears."""
    abs_x: Field
    side: Field
    """The sign of x."""
    abs_theta: Field


def marks(face: Face, expression: Expression) -> Marks:
    """Where the features of this face lie."""
    eye_y = face.eyes.height
    subnasale_y = eye_y - 1.06 * face.nose.length
    stretch = 1.0 + 0.16 * expression.smile - 0.05 * expression.mouth_open
    return Marks(
        eye_x=face.eyes.half_spacing,
        eye_y=eye_y,
        brow_y=eye_y + face.brows.height + 0.35 * expression.brow_raise,
        nasion_y=eye_y + 0.35,
        nose_tip_y=eye_y - 0.86 * face.nose.length,
        subnasale_y=subnasale_y,
        mouth_y=subnasale_y - face.mouth.drop,
        mouth_half_width=face.mouth.half_width * stretch,
        chin_y=face.chin_y - JAW_DROP * expression.mouth_open,
    )


def head_grid(face: Face, expression: Expression) -> HeadGrid:
    """The ovoid of this face, from tables of half-width, front, back and centre by height."""
    where = marks(face, expression)
    skull = face.skull
    chin, crown = where.chin_y, skull.crown_height

    def below_cheek(above_chin: float) -> float:
        return chin + above_chin * (_CHEEK_Y - chin) / (_CHEEK_Y - _TYPICAL_CHIN_Y)

    def above_brow(y: float) -> float:
        return _BROW_Y + (y - _BROW_Y) * (crown - _BROW_Y) / (_TYPICAL_CROWN_Y - _BROW_Y)

    chin_w, jaw_w, cheek_w = face.chin_width, face.jaw_width, skull.cheek_width
    temple_w = skull.temple_width
    c, j, f = skull.chin_forward, skull.jaw_forward, skull.forehead_forward
    levels = np.array(
        # y, half-width, front, back, centre
        [
            (chin + 0.001, 0.0, 6.2 + c, 5.0 + c, 5.6 + c),
            (below_cheek(0.25), 2.2 * chin_w, 7.2 + c, 3.6 + c, 5.2 + c),
            (
                below_cheek(1.0),
                3.55 * (0.6 * chin_w + 0.4 * jaw_w),
                7.8 + c,
                1.6 + 0.6 * c,
                4.2 + c,
            ),
            (
                below_cheek(2.5),
                4.85 * (0.25 * chin_w + 0.75 * jaw_w),
                7.75 + 0.8 * c,
                -1.4,
                2.5 + 0.5 * c,
            ),
            (below_cheek(4.1), 5.65 * jaw_w, 7.9 + 0.4 * c, -4.5, 1.0),
            (below_cheek(6.1), 6.25 * 0.5 * (jaw_w + cheek_w), 8.2 + j, -7.0, 0.1),
            (_CHEEK_Y, 6.85 * cheek_w, 8.4, -9.0, -0.4),
            (2.5, 7.0 * 0.5 * (cheek_w + temple_w), 8.4, -9.6, -0.5),
            (_BROW_Y, 7.1 * temple_w, 8.9 + 0.3 * f, -9.9, -0.5),
            (above_brow(7.0), 6.95 * temple_w, 8.5 + f, -9.9, -0.5),
            (above_brow(9.0), 6.2, 7.2 + f, -9.0, -0.7),
            (above_brow(11.0), 4.3, 4.4, -6.5, -1.0),
            (above_brow(11.95), 2.3, 2.2, -4.2, -1.0),
            (crown - 0.001, 0.0, -0.6, -1.4, -1.0),
        ]
    )
    middle, half = 0.5 * (chin + crown), 0.5 * (crown - chin)
    polar = np.arccos(np.clip(-(levels[:, 0] - middle) / half, -1.0, 1.0))
    width, front, back, centre = (
        profile(polar, levels[:, column], _POLAR)[:, None] for column in range(1, 5)
    )
    width = width * skull.width
    theta = _THETA[None]
    sine, cosine = np.sin(theta), np.cos(theta)
    exponent = 2.0 / skull.squareness
    x = width * np.sign(sine) * np.abs(sine) ** exponent
    reach = np.abs(cosine) ** exponent
    z = np.where(
        cosine > 0, centre + (front - centre) * reach, centre - (centre - back) * np.abs(cosine)
    )
    y = np.broadcast_to((middle - half * np.cos(_POLAR))[:, None], x.shape)
    # The jaw line climbs towards the ears.
    y = y + 0.9 * smoothstep(0.6, 1.7, np.abs(theta)) * smoothstep(-1.5, -8.5, y)
    return HeadGrid(
        x=x,
        y=y,
        z=z,
        theta=theta,
        marks=where,
        front=np.broadcast_to(smoothstep(-0.15, 0.35, cosine), x.shape),
        abs_x=np.abs(x),
        side=np.sign(x),
        abs_theta=np.abs(theta),
    )
