"""The table of everything that tells one fictitious face from another.

Each number is declared once, with its range and unit, as the annotation of the field that
holds it. Lengths are centimetres in the head frame: x to the image right, y up, z to the
camera, the origin between the ears; `×` scales a typical value; plain shares run 0..1.
Parameters that move a face recogniser most are drawn towards both ends of their range.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum, unique
from functools import cache
from math import copysign, sqrt
from typing import Annotated, TypeVar, get_type_hints

Uniform = Callable[[str], float]
"""Gives the uniform draw 0 ≤ u < 1 of a named parameter."""


@dataclass(frozen=True, slots=True)
class Range:
    """Where a parameter may lie, and how a uniform draw is spread over it."""

    low: float
    high: float
    unit: str
    to_the_edges: bool = False

    def at(self, u: float) -> float:
        """The value for the uniform draw 0 ≤ u < 1."""
        t = 2.0 * u - 1.0
        if self.to_the_edges:
            t = copysign(sqrt(abs(t)), t)
        return 0.5 * (self.low + self.high) + 0.5 * (self.high - self.low) * t


def even(low: float, high: float, unit: str = "cm") -> Range:
    """A parameter spread evenly over its range."""
    return Range(low, high, unit)


def edges(low: float, high: float, unit: str = "cm") -> Range:
    """A parameter drawn towards both ends of its range: mid + half · sgn(t) · √|t|."""
    return Range(low, high, unit, to_the_edges=True)


@dataclass(frozen=True, slots=True)
class Build:
    """What shapes many features at once."""

    masculinity: Annotated[float, edges(0.0, 1.0, "share")]
    age: Annotated[float, edges(0.0, 1.0, "share, 20 to 75 years")]


@dataclass(frozen=True, slots=True)
class Skull:
    """The ovoid under the features."""

    width: Annotated[float, edges(0.85, 1.15, "×")]
    cheek_width: Annotated[float, edges(0.94, 1.07, "×")]
    temple_width: Annotated[float, edges(0.94, 1.05, "×")]
    jaw_width: Annotated[float, edges(0.78, 1.18, "×")]
    chin_width: Annotated[float, edges(0.62, 1.5, "×")]
    chin_forward: Annotated[float, edges(-0.8, 1.1)]
    jaw_forward: Annotated[float, even(-0.3, 0.3)]
    forehead_forward: Annotated[float, even(-0.35, 0.4)]
    crown_height: Annotated[float, edges(11.1, 13.1)]
    squareness: Annotated[float, even(2.05, 2.55, "superellipse exponent")]


@dataclass(frozen=True, slots=True)
class Eyes:
    """The openings, their lids and sockets."""

    half_spacing: Annotated[float, edges(2.7, 3.75)]
    height: Annotated[float, edges(1.4, 2.8)]
    half_width: Annotated[float, edges(1.2, 1.85)]
    upper_opening: Annotated[float, edges(0.36, 0.7)]
    lower_opening: Annotated[float, edges(0.28, 0.52)]
    tilt: Annotated[float, edges(-0.22, 0.3, "slope")]
    depth: Annotated[float, edges(0.2, 1.6)]
    peak: Annotated[float, edges(-0.3, 0.35, "share")]
    lid_fold: Annotated[float, edges(0.1, 0.42)]
    epicanthus: Annotated[float, even(0.0, 1.0, "share")]
    bags: Annotated[float, even(0.0, 1.0, "share")]
    iris_radius: Annotated[float, even(0.54, 0.62)]


@dataclass(frozen=True, slots=True)
class Brows:
    """The eyebrows and the bone under them."""

    height: Annotated[float, edges(1.05, 2.6, "cm above the eye")]
    inner: Annotated[float, edges(0.55, 2.0)]
    outer: Annotated[float, edges(4.3, 5.6)]
    arch: Annotated[float, edges(-0.15, 0.85)]
    tilt: Annotated[float, edges(-0.5, 0.5)]
    thickness: Annotated[float, edges(0.12, 0.56)]
    density: Annotated[float, edges(0.4, 1.0, "share")]
    bone: Annotated[float, edges(0, 0.85)]


@dataclass(frozen=True, slots=True)
class Nose:
    """Bridge, tip and wings."""

    length: Annotated[float, edges(3.1, 5.3)]
    height: Annotated[float, edges(0.65, 1.45, "×")]
    width: Annotated[float, edges(0.62, 1.62, "×")]
    bridge: Annotated[float, edges(0.15, 1.05, "share")]
    bridge_width: Annotated[float, edges(0.7, 1.45, "×")]
    hump: Annotated[float, edges(-0.3, 0.45, "share")]
    tip_width: Annotated[float, edges(0.66, 1.4, "×")]
    upturn: Annotated[float, edges(-0.4, 0.5, "share")]
    wings: Annotated[float, edges(0.55, 1.4, "×")]
    bend: Annotated[float, even(-0.12, 0.12)]


@dataclass(frozen=True, slots=True)
class Mouth:
    """The lips."""

    drop: Annotated[float, edges(1.4, 2.9, "cm below the nose")]
    half_width: Annotated[float, edges(1.7, 3.25)]
    upper_lip: Annotated[float, edges(0.16, 1.0)]
    lower_lip: Annotated[float, edges(0.28, 1.18)]
    bow: Annotated[float, edges(0, 0.28)]
    curve: Annotated[float, edges(-0.2, 0.24)]
    fullness: Annotated[float, edges(0.45, 1.45, "×")]
    redness: Annotated[float, edges(0.1, 0.8, "share")]
    philtrum: Annotated[float, even(0.0, 0.3)]


@dataclass(frozen=True, slots=True)
class Tissue:
    """Chin, cheeks and what age does to them."""

    chin_gap: Annotated[float, edges(2.6, 5.0, "cm below the mouth")]
    chin_ball: Annotated[float, edges(0.15, 0.95)]
    chin_crease: Annotated[float, edges(0.1, 0.75)]
    chin_cleft: Annotated[float, even(0.0, 0.25)]
    cheekbone: Annotated[float, edges(-0.05, 1.05)]
    cheek_height: Annotated[float, edges(-1.5, 0.7)]
    cheek_hollow: Annotated[float, edges(-0.65, 0.85)]
    jowl: Annotated[float, edges(0, 0.55)]
    smile_fold: Annotated[float, even(0.4, 1.2, "×")]
    wrinkles: Annotated[float, even(0.6, 1.4, "×")]
    ear_size: Annotated[float, even(0.85, 1.2, "×")]


@dataclass(frozen=True, slots=True)
class Complexion:
    """The colours of skin and eyes."""

    melanin: Annotated[float, edges(0.0, 1.0, "share")]
    redness: Annotated[float, even(-0.05, 0.06, "share")]
    blueness: Annotated[float, even(-0.10, 0.08, "share")]
    flush: Annotated[float, edges(0.0, 1.0, "share")]
    blotches: Annotated[float, even(0.2, 1.0, "share")]
    freckles: Annotated[float, even(-1.4, 1.0, "share; none below 0")]
    moles: Annotated[float, even(0.0, 4.0, "count, rounded down")]
    iris: Annotated[float, even(0.0, 1.0, "brown to blue")]
    makeup: Annotated[float, even(-1.2, 1.0, "share; none below 0")]


@dataclass(frozen=True, slots=True)
class Hair:
    """Measures of the hair, whatever its style."""

    hairline: Annotated[float, edges(6.8, 9.2)]
    parting: Annotated[float, even(-0.8, 0.8, "rad")]
    volume: Annotated[float, edges(0.5, 1.7, "×")]
    length: Annotated[float, even(-20.0, -8.0)]
    fall_width: Annotated[float, even(1.05, 1.22, "×")]
    lightness: Annotated[float, even(0.8, 1.25, "×")]
    beard_density: Annotated[float, even(0.55, 1.0, "share")]


@dataclass(frozen=True, slots=True)
class Picks:
    """Draws that choose among kinds: of hair, beard, glasses, clothes."""

    style: Annotated[float, even(0.0, 1.0, "pick")]
    colour: Annotated[float, even(0.0, 1.0, "pick")]
    greying: Annotated[float, even(0.0, 1.0, "pick")]
    beard: Annotated[float, even(0.0, 1.0, "pick")]
    glasses: Annotated[float, even(0.0, 1.0, "pick")]
    frame: Annotated[float, even(0.0, 1.0, "pick")]
    lipstick: Annotated[float, even(0.0, 1.0, "pick")]
    eyeshadow: Annotated[float, even(0.0, 1.0, "pick")]
    clothing: Annotated[float, even(0.0, 1.0, "pick")]
    cloth: Annotated[float, even(0.0, 1.0, "pick")]


@unique
class HairStyle(StrEnum):
    SHORT = "short"
    BUZZ = "buzz"
    BALD = "bald"
    RECEDING = "receding"
    QUIFF = "quiff"
    FRINGE = "fringe"
    LONG = "long"
    LONG_FRINGE = "long_fringe"
    BOB = "bob"
    BUN = "bun"
    HEADSCARF = "headscarf"


@unique
class HairColour(StrEnum):
    BLACK = "black"
    DARK_BROWN = "dark_brown"
    BROWN = "brown"
    AUBURN = "auburn"
    GINGER = "ginger"
    BLOND = "blond"
    LIGHT_BLOND = "light_blond"
    GREY = "grey"
    WHITE = "white"


@unique
class Beard(StrEnum):
    NONE = "none"
    STUBBLE = "stubble"
    FULL = "full"
    MOUSTACHE = "moustache"
    GOATEE = "goatee"
    CHIN = "chin"


@unique
class Glasses(StrEnum):
    NONE = "none"
    ROUND = "round"
    RECTANGULAR = "rectangular"
    WAYFARER = "wayfarer"


@unique
class Clothing(StrEnum):
    CREW_NECK = "crew_neck"
    SHIRT = "shirt"
    JACKET = "jacket"


@dataclass(frozen=True, slots=True)
class Face:
    """All parameters of one face, and the few that follow from several of them."""

    seed: int
    build: Build
    skull: Skull
    eyes: Eyes
    brows: Brows
    nose: Nose
    mouth: Mouth
    tissue: Tissue
    complexion: Complexion
    hair: Hair
    picks: Picks
    hair_style: HairStyle
    hair_colour: HairColour
    beard: Beard
    glasses: Glasses
    clothing: Clothing

    @property
    def is_male(self) -> bool:
        """Whether the face is drawn from the male styles."""
        return self.build.masculinity > 0.5

    @property
    def apparent_age(self) -> float:
        """The age that the face shows, in years."""
        return 20.0 + 55.0 * self.build.age

    @property
    def chin_y(self) -> float:
        """The height of the chin in cm: eye, nose, lip and chin stack up downwards."""
        return (
            self.eyes.height
            - 1.06 * self.nose.length
            - self.mouth.drop
            - self.tissue.chin_gap
            - 0.3 * (self.build.masculinity - 0.5)
        )

    @property
    def jaw_width(self) -> float:
        """The width of the jaw, ×: broader for masculine faces."""
        return self.skull.jaw_width * (0.94 + 0.12 * self.build.masculinity)

    @property
    def chin_width(self) -> float:
        """The width of the chin, ×: broader for masculine faces."""
        return self.skull.chin_width * (0.9 + 0.2 * self.build.masculinity)

    @property
    def wrinkles(self) -> float:
        """The depth of forehead and eye wrinkles, 0 for the young."""
        return max(0.0, self.build.age - 0.35) * self.tissue.wrinkles

    @property
    def makeup(self) -> float:
        """The strength of lipstick and eyeshadow, 0..1."""
        return 0.0 if self.is_male else max(0.0, self.complexion.makeup)


_GROUPS = {
    "build": Build,
    "skull": Skull,
    "eyes": Eyes,
    "brows": Brows,
    "nose": Nose,
    "mouth": Mouth,
    "tissue": Tissue,
    "complexion": Complexion,
    "hair": Hair,
    "picks": Picks,
}

_G = TypeVar("_G")
_T = TypeVar("_T")


@cache
def drawn_ranges() -> Mapping[str, Range]:
    """Every drawn parameter by its full name, `group.name`."""
    table: dict[str, Range] = {}
    for group, kind in _GROUPS.items():
        hints = get_type_hints(kind, include_extras=True)
        for item in fields(kind):
            (table[f"{group}.{item.name}"],) = hints[item.name].__metadata__
    return table


def draw_face(seed: int, uniform: Uniform) -> Face:
    """Draw every parameter by its name, then the kinds that depend on sex, age and skin."""
    build = _drawn(Build, "build", uniform)
    complexion = _drawn(Complexion, "complexion", uniform)
    picks = _drawn(Picks, "picks", uniform)
    male = build.masculinity > 0.5
    hair_style = pick(picks.style, _MALE_STYLES if male else _FEMALE_STYLES)
    # A scarf falls over collar and lapels.
    scarf = hair_style is HairStyle.HEADSCARF
    return Face(
        seed=seed,
        build=build,
        skull=_drawn(Skull, "skull", uniform),
        eyes=_drawn(Eyes, "eyes", uniform),
        brows=_drawn(Brows, "brows", uniform),
        nose=_drawn(Nose, "nose", uniform),
        mouth=_drawn(Mouth, "mouth", uniform),
        tissue=_drawn(Tissue, "tissue", uniform),
        complexion=complexion,
        hair=_drawn(Hair, "hair", uniform),
        picks=picks,
        hair_style=hair_style,
        hair_colour=_hair_colour(build, complexion, picks),
        beard=pick(picks.beard, _BEARDS) if male else Beard.NONE,
        glasses=pick(picks.glasses, _GLASSES),
        clothing=Clothing.CREW_NECK if scarf else pick(picks.clothing, _CLOTHING),
    )


def pick(u: float, shares: Mapping[_T, float]) -> _T:
    """The kind that the uniform `u` falls on, each having a share by its weight."""
    threshold = u * sum(shares.values())
    for kind, weight in shares.items():
        threshold -= weight
        if threshold < 0:
            return kind
    return next(reversed(list(shares)))


def _drawn(kind: type[_G], group: str, uniform: Uniform) -> _G:
    prefix = f"{group}."
    return kind(
        **{
            name.removeprefix(prefix): span.at(uniform(name))
            for name, span in drawn_ranges().items()
            if name.startswith(prefix)
        }
    )


def _hair_colour(build: Build, complexion: Complexion, picks: Picks) -> HairColour:
    if build.age > 0.72 and picks.greying < 0.75:
        return pick(picks.colour, {HairColour.GREY: 1.0, HairColour.WHITE: 1.0})
    if complexion.melanin > 0.55:
        return pick(picks.colour, {HairColour.BLACK: 3.0, HairColour.DARK_BROWN: 1.0})
    return pick(picks.colour, _LIGHT_SKIN_HAIR)


_LIGHT_SKIN_HAIR = {
    HairColour.BLACK: 3.0,
    HairColour.DARK_BROWN: 3.0,
    HairColour.BROWN: 3.0,
    HairColour.AUBURN: 1.4,
    HairColour.GINGER: 1.0,
    HairColour.BLOND: 2.0,
    HairColour.LIGHT_BLOND: 1.2,
}
_MALE_STYLES = {
    HairStyle.SHORT: 3.0,
    HairStyle.BUZZ: 2.0,
    HairStyle.BALD: 1.5,
    HairStyle.RECEDING: 1.6,
    HairStyle.QUIFF: 2.0,
    HairStyle.FRINGE: 1.0,
    HairStyle.LONG: 0.4,
}
_FEMALE_STYLES = {
    HairStyle.LONG: 3.0,
    HairStyle.BOB: 2.0,
    HairStyle.FRINGE: 0.8,
    HairStyle.SHORT: 0.8,
    HairStyle.BUN: 1.8,
    HairStyle.LONG_FRINGE: 1.4,
    HairStyle.HEADSCARF: 1.0,
}
_BEARDS = {
    Beard.NONE: 3.0,
    Beard.STUBBLE: 1.5,
    Beard.FULL: 2.4,
    Beard.MOUSTACHE: 1.4,
    Beard.GOATEE: 1.8,
    Beard.CHIN: 0.5,
}
_GLASSES = {
    Glasses.NONE: 5.0,
    Glasses.ROUND: 1.2,
    Glasses.RECTANGULAR: 1.2,
    Glasses.WAYFARER: 1.6,
}
_CLOTHING = {Clothing.CREW_NECK: 2.0, Clothing.SHIRT: 1.5, Clothing.JACKET: 1.5}
