"""Where the features of a face lie in a picture of it, from its parameters: no landmarks needed."""

import numpy as np

from simulators.people.camera import View, head_rotation, turned
from simulators.people.expression import NEUTRAL
from simulators.people.fields import Field
from simulators.people.geometry.skull import Marks, marks
from simulators.people.parameters import Face

FRONT_CM = 8.0
"""Where on the z axis the front of a typical face lies."""


def neutral_marks(face: Face) -> Marks:
    """The heights and half-distances of the features at rest."""
    return marks(face, NEUTRAL)


def in_picture(points: Field, view: View) -> Field:
    """Pixels (n, 2) of points (n, 3) of the head, turned as the view asks."""
    moved = turned(np.asarray(points, np.float32), head_rotation(view))
    x, y, _ = view.project(moved)
    return np.stack([x, y], axis=1)


def onto_face(x: Field, y: Field, of: Face, to: Face) -> tuple[Field, Field]:
    """The place (x, y) on the front of one face, at the same features of another one, in cm.

    Heights go piecewise from chin to mouth, nose, eyes, brows and crown; widths go with the
    spacing of the eyes at their height and the width of the mouth at its own.
    """
    a, b = neutral_marks(of), neutral_marks(to)
    heights_a = [a.chin_y, a.mouth_y, a.subnasale_y, a.eye_y, a.brow_y, of.skull.crown_height]
    heights_b = [b.chin_y, b.mouth_y, b.subnasale_y, b.eye_y, b.brow_y, to.skull.crown_height]
    mouth, eyes = b.mouth_half_width / a.mouth_half_width, b.eye_x / a.eye_x
    wider = np.interp(y, [a.mouth_y, a.eye_y], [0.5 * (mouth + eyes), eyes])
    return x * wider, np.interp(y, heights_a, heights_b)
