"""Attacks worn on the face: a mask with relief, and a print cut out along the face.

The wearer's own eyes look through holes, and the wearer's own head moves underneath.
"""

from dataclasses import replace
from enum import StrEnum, unique

import cv2
import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

from simulators.people.appearance.colour import linear
from simulators.people.attacks.flat import inked
from simulators.people.attacks.marks import FRONT_CM, in_picture, neutral_marks, onto_face
from simulators.people.camera import View
from simulators.people.expression import NEUTRAL
from simulators.people.fields import Field, blurred
from simulators.people.geometry.skull import COLUMNS, ROWS
from simulators.people.identity import Identity
from simulators.people.model import Model, build_model
from simulators.people.parameters import Beard, Face, Glasses, HairStyle
from simulators.people.render import Image

Mask = npt.NDArray[np.bool_]

_HALF_WIDTH_CM = 6.1
"""Times the width of the skull."""
_ABOVE_BROWS_CM = 2.4
_HOLE = (1.15, 0.75)
"""Half-width as a share of the eye's and half-height in cm."""
_PORTRAIT_LIGHT = 1.05
"""What the portrait's lamps make of a white wall, so that it is not lit twice."""
_THICKNESS_CM = 0.15
_STIFFNESS = 12.0
"""Of paper: how far it evens out what lies under it, in cells of the head's grid."""
_ALL_AROUND = np.linspace(0.0, 2.0 * np.pi, 48, endpoint=False, dtype=np.float32)


@unique
class MaskMaterial(StrEnum):
    """What a mask is made of."""

    PAPER = "paper"
    LATEX = "latex"


_GLOSS = {MaskMaterial.PAPER: 0.02, MaskMaterial.LATEX: 0.3}


def wearer_face(identity: Identity) -> Face:
    """The face under a mask: no glasses, no beard, no hair over the forehead."""
    return replace(
        identity.face(), glasses=Glasses.NONE, beard=Beard.NONE, hair_style=HairStyle.BUZZ
    )


def masked(
    wearer: Identity, victim: Identity, portrait: Image, view: View, material: MaskMaterial
) -> Model:
    """The wearer with the victim's portrait over the face; `view` took the portrait.

    Latex is moulded on the victim: it has their relief, and their eyes are painted on. Paper is
    bent over the wearer's head, without a nose of its own, and the wearer's eyes look through.
    """
    face, original = wearer_face(wearer), victim.face()
    model = build_model(face, NEUTRAL)
    head = model.head
    # The skin comes first in the head's mesh: a grid whose rows and columns mean the same places
    # of every face.
    skin = np.arange(len(head.positions)) < ROWS * COLUMNS
    front = skin & (head.positions[:, 2] > 0) & (head.normals[:, 2] > 0)
    positions, normals = head.positions.copy(), head.normals.copy()
    if material is MaskMaterial.LATEX:
        moulded = build_model(original, NEUTRAL).head
        points = moulded.positions[: len(positions)]
        covered = front.copy()
        covered[: len(points)] &= _covered(points[:, 0], points[:, 1], original)
        covered[len(points) :] = False
        points = np.resize(points, positions.shape)
        positions[covered] = points[covered] + np.array([0.0, 0.0, _THICKNESS_CM], np.float32)
        normals[covered] = np.resize(moulded.normals, normals.shape)[covered]
    else:
        x, y, z = positions.T
        victim_x, victim_y = onto_face(x, y, face, original)
        covered = front & _covered(victim_x, victim_y, original) & ~_in_holes(x, y, face)
        points = np.stack([victim_x, victim_y, np.maximum(z, 2.0)], axis=1)
        draped = _draped(positions[: ROWS * COLUMNS, 2])
        positions[: ROWS * COLUMNS, 2] = np.where(
            covered[: ROWS * COLUMNS], draped, positions[: ROWS * COLUMNS, 2]
        )
        normals = _smooth_normals(normals, covered)
    column, row = in_picture(points[covered], view).T
    light = linear_picture(portrait)
    albedo = head.albedo.copy()
    for channel in range(3):
        albedo[covered, channel] = map_coordinates(
            light[..., channel], [row, column], order=1, mode="nearest"
        )
    albedo[covered] = np.clip(albedo[covered] / _PORTRAIT_LIGHT, 0.02, 0.95)
    gloss = np.where(covered, np.float32(_GLOSS[material]), head.gloss)
    worn = replace(head, positions=positions, normals=normals, albedo=albedo, gloss=gloss)
    return replace(model, head=worn)


def _draped(z: Field) -> Field:
    """The depth of a sheet that lies over the head: the coarse relief, in front of the skin."""
    grid = z.reshape(ROWS, COLUMNS)
    return blurred(grid, _STIFFNESS).ravel() + np.float32(_THICKNESS_CM)


def _smooth_normals(normals: Field, covered: Mask) -> Field:
    """The normals of the sheet where it covers."""
    count = ROWS * COLUMNS
    grid = np.asarray(normals[:count] / np.linalg.norm(normals[:count], axis=1, keepdims=True))
    sheet = blurred(grid.reshape(ROWS, COLUMNS, 3), _STIFFNESS).reshape(-1, 3)
    smooth = normals.copy()
    smooth[:count] = np.where(covered[:count, None], sheet, normals[:count])
    return smooth


def linear_picture(picture: Image) -> Field:
    """Linear light (height, width, 3) of an sRGB picture."""
    table = np.stack([linear(level, level, level)[0] for level in range(256)])
    return np.asarray(table[picture], np.float32)


def cut_out(
    scene: Image,
    wearer: Identity,
    victim: Identity,
    portrait: Image,
    portrait_view: View,
    view: View,
    light: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Image:
    """The wearer's picture `scene`, taken by `view`, with a print of the victim's face over it.

    The print is flat, as large as the wearer's face, and turns with the head.
    """
    face, original = wearer_face(wearer), victim.face()
    own, theirs = neutral_marks(face), neutral_marks(original)
    ink = inked(portrait)
    scale = ink.shape[0] / portrait.shape[0]
    source = scale * in_picture(_anchors(theirs.eye_x, theirs.eye_y, theirs.mouth_y), portrait_view)
    target = in_picture(_anchors(own.eye_x, own.eye_y, own.mouth_y), view)
    transform = cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
    size = (scene.shape[1], scene.shape[0])
    paper = np.zeros(ink.shape[:2], np.float32)
    outline = scale * in_picture(_outline(original), portrait_view)
    cv2.fillPoly(paper, [np.rint(outline).astype(np.int32)], 1.0)
    for hole in _holes(original):
        ring = scale * in_picture(hole, portrait_view)
        cv2.fillPoly(paper, [np.rint(ring).astype(np.int32)], 0.0)
    here = cv2.warpPerspective(paper, transform, size, flags=cv2.INTER_LINEAR)
    seen = cv2.warpPerspective(
        ink * np.asarray(light, np.float32), transform, size, flags=cv2.INTER_LINEAR
    )
    print_ = np.clip(seen, 0.0, 1.0) ** (1.0 / 2.2) * 255.0
    mixed = scene + here[..., None] * (cv2.GaussianBlur(print_, (0, 0), 0.6) - scene)
    return np.asarray(np.clip(mixed + 0.5, 0.0, 255.0), np.uint8)


def _anchors(eye_x: float, eye_y: float, mouth_y: float) -> Field:
    """Four points of a plane before the face: under and at the eyes."""
    corners = [(-eye_x, eye_y), (eye_x, eye_y), (eye_x, mouth_y), (-eye_x, mouth_y)]
    return np.array([(x, y, FRONT_CM) for x, y in corners], np.float32)


def _middle(face: Face) -> tuple[float, float]:
    """The height of the middle of a covering and half its height, cm."""
    at = neutral_marks(face)
    top, bottom = at.brow_y + _ABOVE_BROWS_CM, at.chin_y
    return 0.5 * (top + bottom), 0.5 * (top - bottom)


def _covered(x: Field, y: Field, face: Face) -> Mask:
    middle, half = _middle(face)
    across = x / (_HALF_WIDTH_CM * face.skull.width)
    return np.asarray(across**2 + ((y - middle) / half) ** 2 <= 1.0, np.bool_)


def _outline(face: Face) -> Field:
    middle, half = _middle(face)
    return _ring(0.0, middle, _HALF_WIDTH_CM * face.skull.width, half)


def _holes(face: Face) -> list[Field]:
    at = neutral_marks(face)
    return [
        _ring(side * at.eye_x, at.eye_y, _HOLE[0] * face.eyes.half_width, _HOLE[1])
        for side in (-1.0, 1.0)
    ]


def _in_holes(x: Field, y: Field, face: Face) -> Mask:
    at = neutral_marks(face)
    across = (np.abs(x) - at.eye_x) / (_HOLE[0] * face.eyes.half_width)
    return np.asarray(across**2 + ((y - at.eye_y) / _HOLE[1]) ** 2 <= 1.0, np.bool_)


def _ring(x: float, y: float, half_width: float, half_height: float) -> Field:
    return np.stack(
        [
            x + half_width * np.cos(_ALL_AROUND),
            y + half_height * np.sin(_ALL_AROUND),
            np.full_like(_ALL_AROUND, FRONT_CM),
        ],
        axis=1,
    )
