"""Cards in TD1 size (9303-5): one plan, a theme for each kind, no issuer's real artwork.

The back has the machine-readable zone and a place for a symbol, the front the portrait.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from simulators.documents import patterns
from simulators.documents.canvas import Canvas, Points
from simulators.documents.glyphs import typeface
from simulators.documents.kinds import DocumentKind
from simulators.documents.light import CARBON, Colour, Ink, fluorescent, offset
from simulators.documents.printed_zone import PrintedZone, write_value

PORTRAIT = ((4.2, 12.6), (25.2, 32.4))
GHOST = ((69.0, 29.0), (12.6, 16.2))
SYMBOL = ((4.5, 12.0), (58.0, 16.5))
"""On the back, above the zone: the largest rectangle that fits."""


@dataclass(frozen=True, slots=True)
class Theme:
    """title and subtitle; the dark colour of the titles, two tints of the background, the colour
    that glows under ultraviolet, and the emblem: its curves about a centre with a radius."""

    title: str
    subtitle: str
    dark: Colour
    tint: Colour
    other: Colour
    glow: Colour
    emblem: Callable[[tuple[float, float], float], Sequence[Points]]


def _sun(centre: tuple[float, float], radius: float) -> Sequence[Points]:
    return [
        *patterns.rays(centre, 0.45 * radius, radius, 40),
        *patterns.rosette(centre, 0.42 * radius, petals=8, depth=0.1, copies=6, inner=0.2),
    ]


def _northern_lights(centre: tuple[float, float], radius: float) -> Sequence[Points]:
    x, y = centre
    return patterns.waves(
        (x - radius, y - 0.6 * radius),
        (2.0 * radius, 1.2 * radius),
        count=18,
        swing=0.3 * radius,
        periods=1.5,
        twist=0.5,
    )


def _stars(centre: tuple[float, float], radius: float) -> Sequence[Points]:
    closed = []
    for share in np.linspace(1.0, 0.3, 9):
        outline = patterns.star(centre, radius * float(share))
        closed.append(np.concatenate([outline, outline[:1]]))
    return closed


def _lathe(centre: tuple[float, float], radius: float) -> Sequence[Points]:
    return patterns.star_wheel(centre, radius, spokes=13, ratio=13 / 37)


THEMES = {
    DocumentKind.PASSPORT_CARD: Theme(
        "PASSPORT CARD",
        "CARD FOR LAND AND SEA TRAVEL",
        (0.16, 0.2, 0.42),
        (0.76, 0.81, 0.93),
        (0.95, 0.8, 0.8),
        (0.7, 0.15, 0.2),
        _stars,
    ),
    DocumentKind.NEXUS: Theme(
        "NEXUS",
        "TRUSTED TRAVELER CARD",
        (0.05, 0.33, 0.34),
        (0.72, 0.88, 0.84),
        (0.8, 0.84, 0.95),
        (0.15, 0.75, 0.55),
        _northern_lights,
    ),
    DocumentKind.SENTRI: Theme(
        "SENTRI",
        "TRUSTED TRAVELER CARD",
        (0.45, 0.2, 0.06),
        (0.95, 0.85, 0.68),
        (0.93, 0.76, 0.68),
        (0.85, 0.5, 0.1),
        _sun,
    ),
    DocumentKind.GLOBAL_ENTRY: Theme(
        "GLOBAL ENTRY",
        "TRUSTED TRAVELER CARD",
        (0.08, 0.17, 0.38),
        (0.74, 0.83, 0.95),
        (0.8, 0.92, 0.93),
        (0.2, 0.45, 0.95),
        patterns.globe,
    ),
    DocumentKind.PERMANENT_RESIDENT_CARD: Theme(
        "PERMANENT RESIDENT",
        "CARD OF RESIDENCE",
        (0.12, 0.32, 0.16),
        (0.78, 0.9, 0.74),
        (0.93, 0.9, 0.74),
        (0.45, 0.8, 0.15),
        _lathe,
    ),
}

_MARK = Ink((0.92, 0.36, 0.36), infrared=0.02, quench=0.06)


def draw_background(canvas: Canvas, kind: DocumentKind, rng: np.random.Generator) -> None:
    """The offset print of either side, and what fluoresces."""
    theme = THEMES[kind]
    width, height = canvas.size_mm
    tint, other = offset(*theme.tint), offset(*theme.other)
    phase = float(rng.uniform())
    sheet = patterns.waves(
        (-1.0, -1.0), (width + 2, height + 2), count=52, swing=2.8, periods=1.6, phase=phase
    )
    pale, paler = (offset(*(1.0 - 0.22 * (1.0 - v) for v in c)) for c in (theme.tint, theme.other))
    canvas.wash(pale, paler)
    canvas.lines(sheet, tint, other, 0.12)
    canvas.lines(
        patterns.waves(
            (-1.0, -1.0), (width + 2, height + 2), count=46, swing=2.0, periods=2.4, twist=-1.4
        ),
        other,
        tint,
        0.1,
    )
    canvas.box((0.0, 0.0), (width, 9.6), tint)
    canvas.lines(
        patterns.waves((0.0, 9.5), (width, 0.8), count=5, swing=0.4, periods=20.0),
        Ink(theme.dark, infrared=0.03, quench=0.1),
        width_mm=0.08,
    )
    canvas.lines(theme.emblem((70.0, 20.0), 9.0), tint, other, 0.12)
    canvas.lines(theme.emblem((44.0, 30.0), 15.0), tint, other, 0.1)
    glow = fluorescent(*theme.glow)
    canvas.lines(theme.emblem((43.0, 24.0), 13.0), glow, width_mm=0.18)
    for _ in range(22):
        red, green, blue = theme.glow if rng.uniform() < 0.5 else (0.75, 0.2, 0.15)
        fibre = patterns.fibre(rng, canvas.size_mm)
        canvas.lines([fibre], fluorescent(red, green, blue), width_mm=0.14)


def draw_titles(canvas: Canvas, kind: DocumentKind, zone: PrintedZone) -> None:
    """The name of the card and of its issuer, and that it is a specimen."""
    theme, sans = THEMES[kind], typeface("sans")
    dark = Ink(theme.dark, infrared=0.04, quench=0.25)
    canvas.text((4.2, 5.4), theme.title, sans, 2.7, dark, weight_mm=0.18, fit_mm=42.0)
    canvas.text((4.2, 8.2), theme.subtitle, sans, 1.25, dark, fit_mm=42.0)
    canvas.text((50.0, 4.6), zone.issuer_name, sans, 1.5, dark, weight_mm=0.06, fit_mm=31.0)
    canvas.text((50.0, 8.0), "SPECIMEN", sans, 2.0, _MARK, weight_mm=0.16)


def draw_front(canvas: Canvas, kind: DocumentKind, zone: PrintedZone) -> None:
    """Labels and values beside the portrait."""
    say, dark = zone.values, THEMES[kind].dark
    rows = (
        (("Surname / Nom", "surname", 32.0, 48.0),),
        (("Given names / Prénoms", "given_names", 32.0, 48.0),),
        (
            ("Nationality / Nationalité", "nationality", 32.0, 20.0),
            ("Sex / Sexe", "sex", 56.0, 10.0),
        ),
        (("Date of birth / Date de naissance", "birth_date", 32.0, 34.0),),
        (("Card No. / No de carte", "document_number", 32.0, 34.0),),
        (("Date of expiry / Date d'expiration", "expiry_date", 32.0, 34.0),),
    )
    label_ink = Ink(dark, infrared=0.03, quench=0.2)
    for index, row in enumerate(rows):
        y = 13.6 + 6.3 * index
        for label, key, x, fit in row:
            canvas.text((x, y), label, typeface("sans"), 1.1, label_ink, fit_mm=fit + 2.0)
            if say[key]:
                write_value(canvas, zone, key, (x, y + 3.1), 2.0, CARBON, fit)


def draw_back(canvas: Canvas, kind: DocumentKind, zone: PrintedZone, *, symbol: bool) -> None:
    """The small print above the zone; a symbol takes its place but for the number."""
    dark, sans = THEMES[kind].dark, typeface("sans")
    ink = Ink(dark, infrared=0.03, quench=0.2)
    if zone.values["document_number"]:
        canvas.text((65.5, 25.2), "Card No. / No de carte", sans, 0.95, ink, fit_mm=16.0)
        write_value(canvas, zone, "document_number", (65.5, 28.2), 1.7, CARBON, 16.0)
    if symbol:
        return
    lines = (
        "This card is a specimen of a simulator. It is nobody's and opens no door.",
        "It belongs to the issuing authority and is to be returned on request.",
        "Cette carte est un spécimen. Elle doit être rendue sur demande.",
        "Esta tarjeta es un espécimen y debe devolverse cuando se solicite.",
    )
    for index, line in enumerate(lines):
        canvas.text((4.5, 14.2 + 2.9 * index), line, sans, 1.15, ink, fit_mm=57.0)
    canvas.text((5.0, 28.6), "SPECIMEN", sans, 3.4, offset(0.95, 0.7, 0.7))


def draw_overprint(canvas: Canvas, kind: DocumentKind) -> None:
    """What lies over the portrait."""
    theme = THEMES[kind]
    (x, y), (width, height) = PORTRAIT
    canvas.lines(
        patterns.waves((x, y + height - 8.0), (width + 5.0, 8.0), count=11, swing=1.2, periods=2.0),
        offset(*theme.tint),
        offset(*theme.other),
        0.09,
    )
    canvas.text((6.2, 43.6), "SPECIMEN", typeface("sans"), 2.7, offset(0.96, 0.6, 0.6))
