"""Hair: the cover of the scalp on the head's own grid, and the meshes that hang or sit on it."""

from dataclasses import dataclass

import numpy as np

from simulators.people.appearance import colour
from simulators.people.fields import Field, bump, smoothstep, value_noise
from simulators.people.geometry.mesh import Mesh, Section, Tube, grid_mesh, tube
from simulators.people.geometry.skull import HeadGrid
from simulators.people.identity import named_generator
from simulators.people.parameters import Face, HairStyle

_SCALP_VOLUME = {
    HairStyle.BALD: 0.0,
    HairStyle.BUZZ: 0.16,
    HairStyle.SHORT: 0.75,
    HairStyle.RECEDING: 0.45,
    HairStyle.QUIFF: 0.8,
    HairStyle.FRINGE: 0.95,
    HairStyle.LONG: 0.8,
    HairStyle.LONG_FRINGE: 0.9,
    HairStyle.BOB: 0.8,
    HairStyle.BUN: 0.45,
    HairStyle.HEADSCARF: 0.5,
}
"""How far the hair stands off the scalp, in cm at volume 1."""
_FRINGED = (HairStyle.FRINGE, HairStyle.LONG_FRINGE)
_HANGING = (HairStyle.LONG, HairStyle.LONG_FRINGE, HairStyle.BOB, HairStyle.HEADSCARF)
_BOB_END = -8.5
_SCARF_END = -15.0
_NOWHERE = 99.0
"""A hairline above every head."""


@dataclass(frozen=True, slots=True)
class ScalpHair:
    """The hair on the head's grid."""

    mask: Field
    lift: Field
    """How far the surface moves outwards, cm."""
    shade: Field
    """A factor on the hair's colour: strands, clumps, darker roots."""


def hides_ears(face: Face) -> bool:
    """Whether the hair hangs over the ears."""
    return face.hair_style in _HANGING


def scalp_hair(face: Face, grid: HeadGrid) -> ScalpHair:
    """The hair that grows on the head: where, how thick, how shaded."""
    shape = grid.x.shape
    rng = named_generator(face.seed, "strands")
    strands = value_noise(rng, shape, (7, 230), 2)
    clumps = value_noise(rng, shape, (4, 52), 2)
    line = _hairline(face, grid)
    above = grid.y - line
    mask = smoothstep(-0.3, 0.3, above + 0.10 * strands + 0.16 * clumps)
    # Nothing grows in front of the ear below its middle.
    mask = mask * (1.0 - smoothstep(0.3, -0.8, grid.y) * smoothstep(-3.2, -1.8, grid.z))
    volume = _SCALP_VOLUME[face.hair_style] * (0.5 + 0.5 * face.hair.volume)
    edge = 0.4 if face.hair_style in _FRINGED else 0.12
    grown = smoothstep(0.0, 2.4, above)
    lift = volume * (edge + (1.0 - edge) * grown) * mask
    if face.hair_style is HairStyle.QUIFF:
        crest = bump(grid.x - 2.0 * face.hair.parting, grid.y - 10.5, 3.2, 1.8)
        lift = lift + 1.6 * face.hair.volume * crest * smoothstep(1.4, 0.8, grid.abs_theta) * mask
    if face.hair_style is not HairStyle.HEADSCARF:
        lift = lift * (1.0 + 0.06 * strands + 0.05 * clumps)
    shade = _shade(face, strands, clumps) * (0.8 + 0.2 * grown)
    return ScalpHair(mask=mask * _cover(face), lift=lift, shade=shade)


def hanging_hair(face: Face, brow_y: float) -> list[Mesh]:
    """Long hair, a headscarf or a bun; nothing for the other styles."""
    if face.hair_style is HairStyle.BUN:
        return [_bun(face)]
    if face.hair_style not in _HANGING:
        return []
    fall = _fall(face)
    rng = named_generator(face.seed, "fall")
    strands = value_noise(rng, fall.y.shape, (6, 120), 2)
    if face.hair_style is HairStyle.HEADSCARF:
        opening = _scarf_opening(face, fall)
        folds = 1.0 + 0.10 * np.sin(2.0 * value_noise(rng, fall.y.shape, (5, 9), 2) + fall.y)
        paint = colour.cloth(face) * folds[..., None]
        keep = np.abs(fall.theta) >= opening
        return [grid_mesh(fall.points, paint, 0.06, keep=keep)]
    fringe_y = brow_y + 0.8 if face.hair_style is HairStyle.LONG_FRINGE else face.hair.hairline
    opening = _parted_opening(fall, fringe_y)
    clumps = value_noise(rng, fall.y.shape, (3, 40), 1)
    paint = colour.hair(face) * _shade(face, strands, clumps)[..., None]
    swell = np.stack([1.0 + 0.018 * strands, np.ones_like(strands), 1.0 + 0.018 * strands], -1)
    ends = fall.y[:1] + 0.9 + 0.5 * clumps + 0.2 * strands
    keep = (np.abs(fall.theta) + 0.04 * strands > opening) & (fall.y > ends)
    return [grid_mesh((fall.points * swell).astype(np.float32), paint, 0.16, keep=keep)]


def _hairline(face: Face, grid: HeadGrid) -> Field:
    style, hair, abs_theta = face.hair_style, face.hair, grid.abs_theta
    if style is HairStyle.BALD:
        return np.full_like(grid.y, _NOWHERE)
    if style is HairStyle.RECEDING:
        forehead = hair.hairline + 0.9 + 1.6 * np.exp(-0.5 * ((abs_theta - 0.55) / 0.25) ** 2)
    elif style in _FRINGED:
        sweep = 0.7 * hair.parting * np.sin(grid.theta)
        forehead = grid.marks.brow_y + 0.85 + sweep + 0.35 * np.abs(np.sin(grid.theta))
    else:
        forehead = hair.hairline + 0.25 * np.cos(3.0 * (grid.theta - 0.5 * hair.parting))
    # Down to the sideburns, and to the nape behind the ears.
    temple = forehead + (-1.0 - forehead) * smoothstep(0.80, 1.28, abs_theta)
    line = np.where(abs_theta < 0.80, forehead, temple) - 6.0 * smoothstep(1.62, 1.95, abs_theta)
    return np.broadcast_to(line.astype(np.float32), grid.y.shape)


def _cover(face: Face) -> float:
    return 0.82 if face.hair_style is HairStyle.BUZZ else 1.0


def _shade(face: Face, strands: Field, clumps: Field) -> Field:
    # Light hair reads as a wig when its strands differ as much as dark hair's.
    contrast = 0.40 - 0.28 * min(1.0, float(colour.hair(face).mean()) / 0.45)
    return np.clip(1.0 + contrast * (strands + 0.5 * clumps), 0.35, 1.9)


def _fall(face: Face) -> Tube:
    hair, crown = face.hair, face.skull.crown_height
    end = hair.length
    if face.hair_style is HairStyle.BOB:
        end = _BOB_END
    elif face.hair_style is HairStyle.HEADSCARF:
        end = _SCARF_END
    top = crown + 0.55 * hair.volume
    width = hair.fall_width * face.skull.width
    return tube(
        [
            Section(end, 8.0 * width, 2.5, -9.0),
            Section(-6.0, 8.1 * width, 4.5, -10.0),
            Section(0.0, 7.9 * width, 6.5, -10.8),
            Section(4.0, 7.75 * width, 7.6, -11.0),
            Section(8.0, 6.8 * width, 7.6, -10.8),
            Section(10.5, 4.9 * width, 5.2, -8.5),
            Section(top - 0.25, 1.5 * width, 1.0, -3.0),
            Section(top, 0.05 * width, -0.8, -1.2),
        ],
        rows=150,
        columns=260,
        squareness=2.1,
    )


def _parted_opening(fall: Tube, fringe_y: float) -> Field:
    """The half-angle that stays free before the face, closing above the fringe."""
    width = 1.10 + 0.25 * smoothstep(2.0, -6.0, fall.y)
    closing = np.sqrt(np.clip(1.0 - ((fall.y - fringe_y + 2.5) / 3.0) ** 2, 0.0, 1.0))
    return np.where(fall.y > fringe_y - 2.5, width * closing, width)


def _scarf_opening(face: Face, fall: Tube) -> Field:
    """An oval around the face; closed (-1) beneath the chin and above the forehead."""
    centre = -0.6
    reach = np.where(fall.y > centre, face.hair.hairline + 1.0, 0.2 - face.chin_y)
    oval = 1.0 - ((fall.y - centre) / reach) ** 2
    return np.where(oval > 0.0, 1.18 * np.sqrt(np.clip(oval, 0.0, 1.0)), -1.0)


def _bun(face: Face) -> Mesh:
    polar = np.linspace(0.0, np.pi, 40, dtype=np.float32)[:, None]
    theta = np.linspace(-np.pi, np.pi, 60, dtype=np.float32)[None]
    points = np.stack(
        [
            3.0 * np.sin(polar) * np.sin(theta),
            np.broadcast_to(face.skull.crown_height + 1.6 - 2.6 * np.cos(polar), (40, 60)),
            3.0 * np.sin(polar) * np.cos(theta) - 3.5,
        ],
        axis=-1,
    ).astype(np.float32)
    noise = value_noise(named_generator(face.seed, "bun"), (40, 60), (10, 5), 2)
    paint = colour.hair(face) * np.clip(1.0 + 0.2 * noise, 0.4, 1.8)[..., None]
    return grid_mesh(points, paint, 0.16, closed=True)
