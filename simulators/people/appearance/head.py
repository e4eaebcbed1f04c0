"""Painting the head: skin first, then lips, eyes, brows, beard and hair over it."""

import numpy as np

from simulators.people.appearance import colour
from simulators.people.appearance.paint import Paint
from simulators.people.expression import Expression
from simulators.people.fields import Field, bump, ridge, smoothstep, value_noise
from simulators.people.geometry.eyes import EyeForm
from simulators.people.geometry.hair import ScalpHair
from simulators.people.geometry.mouth import TEETH_FROM_SMILE, MouthForm
from simulators.people.geometry.nose import NoseForm
from simulators.people.geometry.skull import HeadGrid
from simulators.people.geometry.tissue import TissueForm
from simulators.people.identity import named_generator, named_uniform
from simulators.people.parameters import Beard, Face, HairStyle

_WARM = np.array([1.10, 0.84, 0.80], np.float32)
_DARK = np.array([0.72, 0.60, 0.56], np.float32)
_SKIN_GLOSS = 0.16
_SCLERA = colour.linear(226, 218, 212) * np.float32(0.62)
_TOOTH = colour.linear(222, 212, 192)
_BLACK = np.array([0.004, 0.004, 0.004], np.float32)
_LASH = np.array([0.012, 0.009, 0.008], np.float32)
_THROAT = np.array([0.05, 0.012, 0.012], np.float32)
_WHITE = np.ones(3, np.float32)


def skin_ground(face: Face, shape: tuple[int, int]) -> Paint:
    """A canvas of bare skin with its blotches and pores."""
    paint = Paint(colour.skin(face.complexion), shape, _SKIN_GLOSS)
    rng = named_generator(face.seed, "skin")
    blotches = value_noise(rng, shape, (22, 22), 3)
    pores = value_noise(rng, shape, (130, 130), 2)
    paint.albedo *= (1 + 0.05 * face.complexion.blotches * blotches + 0.03 * pores)[..., None]
    return paint


def paint_skin(
    paint: Paint, face: Face, grid: HeadGrid, nose: NoseForm, eyes: EyeForm, tissue: TissueForm
) -> None:
    """Flush, shadows under the eyes, lines, freckles, moles and the nose's openings."""
    at, abs_x, y, front = grid.marks, grid.abs_x, grid.y, grid.front
    flush = 0.35 + 0.65 * face.complexion.flush
    paint.tint(bump(abs_x - 4.0, y - at.subnasale_y - 1.4, 1.5, 1.3) * front, _WARM, 0.75 * flush)
    paint.tint(bump(abs_x, y - at.nose_tip_y, 1.2, 0.8) * front, _WARM, 0.70 * flush)
    paint.tint(bump(abs_x, y - at.chin_y - 1.35, 1.3, 0.9) * front, _WARM, 0.35 * flush)
    around_eye = bump(abs_x - at.eye_x, y - at.eye_y, 1.9, 1.15) * front
    paint.tint(around_eye, _DARK, 0.28 + 0.18 * face.eyes.bags)
    paint.tint(eyes.bag, _DARK, 0.35 * face.eyes.bags)
    paint.tint(tissue.smile_fold, _DARK, 0.35 * tissue.smile_fold_depth)
    paint.tint(tissue.forehead_lines, _DARK, 0.5 * face.wrinkles)
    if face.complexion.freckles > 0:
        spots = value_noise(named_generator(face.seed, "freckles"), y.shape, (150, 150))
        where = bump(abs_x - 2.6, y - at.subnasale_y - 2.0, 2.6, 1.6) * front
        brown = np.array([0.62, 0.46, 0.38], np.float32)
        paint.tint(smoothstep(1.15, 1.7, spots) * where, brown, 0.75 * face.complexion.freckles)
    _paint_moles(paint, face, grid)
    paint.polish(bump(abs_x, y - at.nose_tip_y - 0.5, 0.9, 1.5) * front, 0.10)
    paint.polish(bump(abs_x, y - 6.2, 3.0, 1.5) * front, 0.06)
    hole = colour.skin(face.complexion) * np.array([0.12, 0.07, 0.06], np.float32)
    paint.cover(nose.nostril, hole, 0.85)
    paint.tint(nose.wing_crease, _DARK, 0.5)


def paint_mouth(
    paint: Paint, face: Face, expression: Expression, grid: HeadGrid, mouth: MouthForm
) -> None:
    """Lips, the seam between them, and teeth where they part."""
    skin = colour.skin(face.complexion)
    redness = 0.35 * face.mouth.redness
    blood = colour.linear(190, 80, 84) * np.float32(0.35 + 1.4 * float(skin[1]))
    lip = skin * np.array([0.86, 0.50, 0.50], np.float32) * (1 - redness) + redness * blood
    if face.makeup > 0:
        lip = lip + 0.7 * face.makeup * (colour.lipstick(face) - lip)
    lines = value_noise(named_generator(face.seed, "lips"), grid.x.shape, (8, 230), 2)
    strength = 0.55 + 0.40 * max(face.makeup, face.mouth.redness)
    paint.cover(mouth.lips * (1.0 + 0.06 * lines), lip, strength)
    paint.polish(mouth.lips, 0.12)
    paint.cover(mouth.seam, lip * np.float32(0.22), 0.9)
    paint.cover(mouth.inside, _THROAT)
    if expression.smile > TEETH_FROM_SMILE or expression.mouth_open > 0.1:
        between = np.abs(np.sin(np.pi * (grid.x / 0.72 + 0.5)))
        shade = 0.75 * (0.75 + 0.25 * np.clip(6.0 * between, 0.0, 1.0))
        shade = shade * (1.0 - 0.55 * mouth.across)
        paint.cover(mouth.teeth, _TOOTH * shade[..., None])
        paint.polish(mouth.teeth, 0.2)


def paint_eyes(
    paint: Paint, face: Face, expression: Expression, grid: HeadGrid, eyes: EyeForm
) -> None:
    """Sclera, iris, pupil and catchlight inside the opening; lids and lashes around it."""
    y, front, blink = grid.y, grid.front, expression.blink
    skin, abs_across = colour.skin(face.complexion), np.abs(eyes.across)
    femininity = 1.0 - face.build.masculinity
    paint.tint(eyes.fold, _DARK * np.float32(0.75), 0.55 * (1 - 0.9 * blink))
    if face.makeup > 0:
        lid = (
            smoothstep(eyes.upper_lid_y - 0.02, eyes.upper_lid_y + 0.1, y)
            * smoothstep(eyes.fold_y + 0.5, eyes.fold_y - 0.1, y)
            * smoothstep(1.25, 0.9, abs_across)
            * front
        )
        paint.tint(lid, colour.eyeshadow(face), 0.6 * face.makeup)
    paint.cover(eyes.opening, _SCLERA)
    _paint_iris(paint, face, expression, grid, eyes)
    paint.polish(eyes.opening, 0.26)
    lid_shadow = smoothstep(eyes.upper_lid_y - 0.26, eyes.upper_lid_y, y)
    paint.tint(eyes.opening * lid_shadow, np.array([0.35, 0.30, 0.30], np.float32), 0.75)
    caruncle = ridge(eyes.from_centre + 0.93 * face.eyes.half_width, 0.13)
    caruncle = caruncle * ridge(y - eyes.axis_y, 0.12) * front
    paint.cover(caruncle, skin * np.array([0.85, 0.42, 0.40], np.float32), 0.75)
    lash_width = 0.065 + 0.03 * face.makeup + 0.015 * femininity
    lashes = ridge(y - eyes.upper_lid_y - 0.02, lash_width)
    shut = blink * ridge(y - eyes.lower_lid_y, 0.11)
    lashes = np.maximum(lashes, shut) * smoothstep(1.06, 0.96, abs_across) * front
    paint.cover(lashes, _LASH, 0.75 + 0.22 * max(femininity, face.makeup))
    rim = ridge(y - eyes.lower_lid_y + 0.01, 0.04) * smoothstep(1.02, 0.92, abs_across) * front
    paint.cover(rim, skin * np.float32(0.25), 0.35 + 0.35 * face.makeup)


def paint_hair(
    paint: Paint, face: Face, grid: HeadGrid, brows: Field, beard: Field, scalp: ScalpHair
) -> None:
    """Brows, beard or its shadow, and the hair of the scalp."""
    paint.cover(brows, colour.brow(face) * np.float32(0.8), face.brows.density)
    if face.beard is not Beard.NONE:
        rng = named_generator(face.seed, "bristles")
        bristles = value_noise(rng, beard.shape, (120, 150), 2)
        tips = np.clip(0.78 + 0.28 * bristles, 0.0, 1.0)
        density = 0.45 if face.beard is Beard.STUBBLE else face.hair.beard_density
        shade = np.clip(1.0 + 0.22 * bristles, 0.5, 1.6)[..., None]
        paint.cover(beard * tips, colour.brow(face) * 0.9 * shade, density)
        paint.gloss *= 1.0 - 0.7 * beard
    elif face.build.masculinity > 0.55:
        at = grid.marks
        jaw = smoothstep(at.mouth_y + 1.0, at.mouth_y - 0.6, grid.y)
        jaw = jaw * smoothstep(6.5, 4.0, grid.abs_x) * grid.front
        shaven = np.array([0.78, 0.78, 0.84], np.float32)
        paint.tint(jaw, shaven, 0.35 * face.build.masculinity)
    if face.hair_style is HairStyle.HEADSCARF:
        cover = np.broadcast_to(colour.cloth(face), paint.albedo.shape)
    else:
        cover = colour.hair(face) * scalp.shade[..., None]
    paint.cover(scalp.mask, cover)
    paint.gloss += scalp.mask * (0.16 - paint.gloss)


def _paint_iris(
    paint: Paint, face: Face, expression: Expression, grid: HeadGrid, eyes: EyeForm
) -> None:
    radius = face.eyes.iris_radius
    dx = eyes.from_centre - 0.3 * expression.gaze_x * grid.side
    dy = grid.y - (grid.marks.eye_y + 0.07 + 0.22 * expression.gaze_y)
    distance = np.hypot(dx, dy)
    iris = smoothstep(radius + 0.03, radius - 0.03, distance) * eyes.opening
    fibres = value_noise(named_generator(face.seed, "iris"), dx.shape, (30, 200))
    limbus = 1.0 - 0.65 * smoothstep(0.78 * radius, radius, distance)
    glow = 1.0 + 0.35 * smoothstep(0.0, -0.4, dy)
    shade = (1.0 + 0.18 * fibres) * limbus * glow
    paint.cover(iris, colour.iris(face.complexion) * shade[..., None])
    paint.cover(smoothstep(0.25, 0.20, distance) * eyes.opening, _BLACK)
    if expression.blink < 0.5:
        highlight = np.hypot(eyes.from_centre * grid.side + 0.16, dy - 0.20)
        paint.cover(smoothstep(0.16, 0.07, highlight) * iris, _WHITE, 0.85)


def _paint_moles(paint: Paint, face: Face, grid: HeadGrid) -> None:
    colour_of_mole = colour.skin(face.complexion) * np.array([0.28, 0.22, 0.20], np.float32)
    for number in range(int(face.complexion.moles)):
        x = -5.0 + 10.0 * named_uniform(face.seed, f"mole{number}.x")
        y = -7.0 + 14.0 * named_uniform(face.seed, f"mole{number}.y")
        radius = 0.07 + 0.10 * named_uniform(face.seed, f"mole{number}.radius")
        distance = np.hypot(grid.x - x, grid.y - y)
        mask = smoothstep(1.3 * radius, 0.7 * radius, distance) * grid.front
        paint.cover(mask, colour_of_mole, 0.9)
