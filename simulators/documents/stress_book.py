"""The stress book: as many pages as wanted with random content, each in one bad picture.

Pages are drawn cheaply: a printed ground from a small stock, a portrait that is a mere figure,
random printed lines. The zone is printed as anywhere else, its weight and ink vary.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np

from documents.mrz import Template
from simulators.documents import patterns
from simulators.documents.canvas import Canvas, Picture, Plane, as_picture
from simulators.documents.capture import PX_PER_MM, Stress, as_jpeg, expose
from simulators.documents.condition import rounded
from simulators.documents.fictions import KINDS, fiction
from simulators.documents.formats import (
    FORMATS,
    Format,
    line_corners,
    print_zone,
    zone_corners,
)
from simulators.documents.glyphs import typeface
from simulators.documents.light import Ink, Light, Paper, offset
from simulators.people.identity import named_generator

STRESSES = tuple(stress for stress in Stress if stress is not Stress.PLAIN)
"""What the acceptance of the reader is measured on; `Stress.PLAIN` is the control."""
_GROUNDS = 5
_DARKEST_GROUND = 0.76
"""Of the paper. With the ink below, a print contrast of 0.6 or nearly remains, the least that
9303-3 section 4.4 allows."""
_WORDS = ("NAME", "NOM", "DATE", "ISSUED", "VALID", "PLACE", "No", "Sex / Sexe", "Authority")


@dataclass(frozen=True, slots=True)
class StressPage:
    """A picture and the truth: the lines as printed, all check digits right."""

    jpeg: bytes = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    template: Template
    stress: Stress


def stress_book(stress: Stress | str, pages: int, seed: int) -> Iterator[StressPage]:
    """The first `pages` pages of this stress and seed; page n is the same however many are asked.

    The content of page n is the same under every stress.
    """
    kind = Stress(stress)
    shares = np.cumsum([share for _, _, share in KINDS])
    for page in range(pages):
        rng = named_generator(seed, f"stress.page.{page}")
        template, what, _ = KINDS[int(np.searchsorted(shares, rng.uniform() * shares[-1]))]
        lines = fiction(template, what, rng)
        form = FORMATS[template]
        picture = _page(form, lines, rng)
        corners = zone_corners(line_corners(form, lines, PX_PER_MM))
        shot = expose(
            picture, PX_PER_MM, corners, kind, named_generator(seed, f"stress.{kind.value}.{page}")
        )
        quality = 15 if kind is Stress.JPEG else 92
        yield StressPage(as_jpeg(shot.rgb, quality), lines, template, kind)


def _page(form: Format, lines: tuple[str, ...], rng: np.random.Generator) -> Picture:
    tone = float(rng.uniform(0.84, 0.99))
    tint = tone * (1.0 - rng.uniform(0.0, 0.06, 3))
    paper = Paper((float(tint[0]), float(tint[1]), float(tint[2])), 0.85, (0.0, 0.0, 0.0))
    canvas = Canvas(form.size, PX_PER_MM, Light.WHITE, paper)
    ground = _ground(form.size, int(rng.integers(_GROUNDS))) ** np.float32(rng.uniform(0.2, 0.9))
    canvas.pixels *= np.maximum(ground, np.float32(_DARKEST_GROUND))
    _print_figure(canvas, form, rng)
    _print_text(canvas, form, rng)
    black = float(rng.uniform(0.05, 0.34))
    weight = float(np.clip(rng.normal(0.0, 0.05), -0.1, 0.14))
    print_zone(
        canvas,
        form,
        lines,
        Ink((black, black, black * float(rng.uniform(0.9, 1.2)))),
        weight_mm=weight,
        jitter_mm=(float(rng.uniform(-1.0, 0.6)), float(rng.uniform(-0.8, 0.8))),
    )
    if rng.uniform() < 0.25:
        _rub(canvas, rng)
    if form.corner:
        inside = rounded(canvas.shape, form.corner * PX_PER_MM)
        canvas.pixels = canvas.pixels * inside + np.float32(0.2) * (1.0 - inside)
    return as_picture(canvas.pixels)


@lru_cache(maxsize=32)
def _ground(size: tuple[float, float], number: int) -> Plane:
    """One of the stock of printed grounds, (h, w, 3), 0 to 1."""
    rng = named_generator(number, "stress.ground")
    canvas = Canvas(size, PX_PER_MM, Light.WHITE, Paper((1.0, 1.0, 1.0), 1.0, (1.0, 1.0, 1.0)))
    width, height = size

    def ink() -> Ink:
        red, green, blue = rng.uniform(0.5, 0.95, 3).tolist()
        return offset(red, green, blue)

    for _ in range(int(rng.integers(1, 4))):
        sheet = patterns.waves(
            (-1.0, -1.0),
            (width + 2.0, height + 2.0),
            count=int(rng.integers(24, 70)),
            swing=float(rng.uniform(0.8, 4.0)),
            periods=float(rng.uniform(0.8, 5.0)),
            phase=float(rng.uniform()),
            twist=float(rng.uniform(-2.0, 2.0)),
        )
        canvas.lines(sheet, ink(), ink(), float(rng.uniform(0.1, 0.2)))
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.uniform((0.0, 0.0), size).tolist()
        rosette = patterns.rosette(
            (x, y),
            float(rng.uniform(8.0, 24.0)),
            petals=int(rng.integers(7, 20)),
            depth=float(rng.uniform(0.08, 0.25)),
            copies=int(rng.integers(6, 18)),
            inner=0.2,
        )
        canvas.lines(rosette, ink(), ink(), 0.13)
    lattice = rng.uniform(0.9, 1.0, (3, 4, 3)).astype(np.float32)
    wash = cv2.resize(lattice, canvas.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(canvas.pixels * wash, 0.05, 1.0), np.float32)


def _print_figure(canvas: Canvas, form: Format, rng: np.random.Generator) -> None:
    """A head and shoulders, for what a portrait does to the search for lines."""
    room = form.height - 23.2
    if rng.uniform() < 0.2:
        return
    high = room * float(rng.uniform(0.55, 0.85))
    wide = high * 35 / 45
    x = form.left if rng.uniform() < 0.7 else form.width - wide - form.left
    y = float(rng.uniform(0.08, 0.12)) * room
    wall = float(rng.uniform(0.65, 0.95))
    skin, cloth, hair = (float(tone) for tone in rng.uniform(0.1, 0.8, 3))
    canvas.box((x, y), (wide, high), offset(wall, wall, wall * 0.98))
    turn = np.linspace(0.0, 2.0 * np.pi, 60)
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    middle = np.array([x + wide / 2, y + 0.45 * high])
    parts = (
        (middle + np.array((0.0, 0.52 * high)), (0.42 * wide, 0.34 * high), (cloth, cloth, cloth)),
        (middle - np.array((0.0, 0.06 * high)), (0.28 * wide, 0.3 * high), (hair, hair, hair)),
        (
            middle,
            (0.23 * wide, 0.26 * high),
            (0.3 + 0.7 * skin, 0.2 + 0.6 * skin, 0.15 + 0.5 * skin),
        ),
    )
    for centre, radii, (red, green, blue) in parts:
        outline = np.clip(circle * radii + centre, (x, y), (x + wide, y + high))
        canvas.area([outline], offset(red, green, blue))


def _print_text(canvas: Canvas, form: Format, rng: np.random.Generator) -> None:
    """Labels and values that mean nothing, above the zone."""
    sans, ocrb = typeface("sans"), typeface("ocrb")
    room = form.height - 25.0
    dark = float(rng.uniform(0.1, 0.4))
    ink = Ink((dark, dark, dark * 1.1))
    canvas.text((form.width * 0.4, 0.11 * room), "SPECIMEN", sans, 2.2, offset(0.85, 0.4, 0.4))
    rows = int((0.9 * room - 6.0) / 4.6)
    for row in range(int(rng.integers(min(3, rows), rows + 1))):
        y = 0.11 * room + 3.2 + 4.6 * row
        x = form.width * float(rng.uniform(0.38, 0.5))
        canvas.text((x, y), _WORDS[int(rng.integers(len(_WORDS)))], sans, 1.1, ink)
        letters = rng.integers(0, 36, int(rng.integers(4, 16)))
        value = "".join("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[int(at)] for at in letters)
        face = ocrb if rng.uniform() < 0.3 else sans
        canvas.text((x, y + 3.0), value, face, 2.0, ink, fit_mm=form.width * 0.45)


def _rub(canvas: Canvas, rng: np.random.Generator) -> None:
    """Print that wore off a little, in patches."""
    lattice = rng.uniform(0.0, 1.0, (12, 17)).astype(np.float32)
    share = cv2.resize(lattice, canvas.shape[::-1], interpolation=cv2.INTER_CUBIC)
    share = np.clip(share * 1.5 - 0.6, 0.0, 1.0)[..., None] * np.float32(rng.uniform(0.2, 0.5))
    canvas.pixels += (canvas.blank - canvas.pixels) * share
