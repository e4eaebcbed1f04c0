"""A morphed enrolment: one portrait that two people match.

Both portraits are warped so that their features coincide half-way, then averaged. This is an
attack on the record and not on the camera: whoever presents it is a living person.
"""

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from simulators.people.appearance.colour import to_srgb
from simulators.people.attacks.covering import linear_picture
from simulators.people.attacks.marks import FRONT_CM, in_picture, neutral_marks
from simulators.people.camera import View
from simulators.people.fields import Field
from simulators.people.identity import Identity
from simulators.people.parameters import Face
from simulators.people.render import Image

_STEP = 4
"""The warp is computed on every fourth pixel and enlarged: it is smooth."""


def morphed(a: Identity, b: Identity, portraits: tuple[Image, Image], view: View) -> Image:
    """The average of two portraits that `view` took, features aligned; RGB uint8."""
    points = [_features(identity.face(), view) for identity in (a, b)]
    half_way = (points[0] + points[1]) / 2
    warped = [
        _warped(linear_picture(portrait), half_way, own)
        for portrait, own in zip(portraits, points, strict=True)
    ]
    return np.asarray(np.clip(to_srgb((warped[0] + warped[1]) / 2) + 0.5, 0, 255), np.uint8)


def _features(face: Face, view: View) -> Field:
    """Corresponding points of every face in its portrait, px, and the fixed rim of the picture."""
    at, eyes = neutral_marks(face), face.eyes
    nose = 1.35 * face.nose.width
    front = [
        *((side * (at.eye_x - eyes.half_width), at.eye_y) for side in (-1, 1)),
        *((side * (at.eye_x + eyes.half_width), at.eye_y) for side in (-1, 1)),
        *((side * at.eye_x, at.brow_y) for side in (-1, 1)),
        (0.0, at.nasion_y),
        (0.0, at.nose_tip_y),
        *((side * nose, at.subnasale_y + 0.4) for side in (-1, 1)),
        (0.0, at.subnasale_y),
        *((side * at.mouth_half_width, at.mouth_y) for side in (-1, 1)),
        (0.0, at.mouth_y),
        (0.0, at.chin_y),
    ]
    sides = [
        *((side * 6.9 * face.skull.width, at.eye_y) for side in (-1, 1)),
        *((side * 5.2 * face.jaw_width, at.mouth_y) for side in (-1, 1)),
        (0.0, face.skull.crown_height),
    ]
    points = [(x, y, FRONT_CM) for x, y in front] + [(x, y, 1.0) for x, y in sides]
    seen = in_picture(np.array(points, np.float32), view)
    right, bottom = view.width - 1, view.height - 1
    across, down = np.meshgrid(np.linspace(0, right, 4), np.linspace(0, bottom, 4))
    rim = np.stack([across.ravel(), down.ravel()], axis=1)
    outer = np.isin(rim[:, 0], (0, right)) | np.isin(rim[:, 1], (0, bottom))
    return np.concatenate([seen, rim[outer]]).astype(np.float64)


def _warped(light: Field, target: Field, source: Field) -> Field:
    """The picture with what lies at `source` moved to `target`."""
    height, width = light.shape[:2]
    across, down = np.meshgrid(np.arange(0, width, _STEP), np.arange(0, height, _STEP))
    places = np.stack([across.ravel(), down.ravel()], axis=1).astype(np.float64)
    interpolate = RBFInterpolator(target, source - target, kernel="thin_plate_spline")
    shift = interpolate(places).reshape(*across.shape, 2).astype(np.float32)
    whole = cv2.resize(shift, (width, height), interpolation=cv2.INTER_LINEAR)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(
        light,
        x + whole[..., 0],
        y + whole[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(moved, np.float32)
