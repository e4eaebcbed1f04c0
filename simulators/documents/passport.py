"""The data page of a passport (TD3, 9303-4): artwork of our own, marked SPECIMEN."""

from dataclasses import dataclass

import numpy as np

from simulators.documents import patterns
from simulators.documents.canvas import Canvas
from simulators.documents.glyphs import typeface
from simulators.documents.light import CARBON, DYE_BLACK, Colour, Ink, fluorescent, offset
from simulators.documents.printed_zone import PrintedZone, write_value
from simulators.people.identity import named_uniform

PORTRAIT = ((6.0, 14.6), (35.0, 45.0))
"""Corner and size of the portrait, mm (9303-4, figure of the data page, zone V)."""
GHOST = ((103.0, 40.5), (15.4, 19.8))
SYMBOL = ((91.0, 12.5), (28.0, 28.0))
"""Where a seal may stand; the largest square that fits."""

_MARK = Ink((0.93, 0.42, 0.42), infrared=0.02, quench=0.06)


@dataclass(frozen=True, slots=True)
class _Palette:
    """The colours of an issuer's book: two that run into each other, a third, and the titles'."""

    left: Colour
    right: Colour
    third: Colour
    dark: Colour


_PALETTES = (
    _Palette((0.45, 0.76, 0.8), (0.93, 0.62, 0.62), (0.88, 0.76, 0.45), (0.08, 0.24, 0.4)),
    _Palette((0.5, 0.62, 0.9), (0.55, 0.82, 0.62), (0.9, 0.6, 0.7), (0.14, 0.16, 0.42)),
    _Palette((0.62, 0.8, 0.5), (0.9, 0.74, 0.46), (0.5, 0.72, 0.78), (0.08, 0.3, 0.2)),
    _Palette((0.9, 0.62, 0.48), (0.68, 0.58, 0.86), (0.5, 0.75, 0.72), (0.4, 0.1, 0.16)),
)


def _palette(issuer: str) -> _Palette:
    return _PALETTES[int(named_uniform(issuer, "documents.palette") * len(_PALETTES))]


def _pale(colour: Colour, share: float) -> Ink:
    """An offset ink of this share of the colour."""
    red, green, blue = (1.0 - share * (1.0 - value) for value in colour)
    return offset(red, green, blue)


_FIBRES = (
    fluorescent(0.75, 0.12, 0.1),
    fluorescent(0.15, 0.4, 0.95),
    fluorescent(0.3, 0.85, 0.25),
    fluorescent(0.85, 0.75, 0.15),
)


def draw_background(canvas: Canvas, zone: PrintedZone, rng: np.random.Generator) -> None:
    """Everything that the printer of blank books prints, and what fluoresces."""
    width, height = canvas.size_mm
    phase = float(rng.uniform())
    own = _palette(zone.values["issuer"])
    canvas.wash(_pale(own.left, 0.16), _pale(own.right, 0.16))
    left, right = _pale(own.left, 0.5), _pale(own.right, 0.5)
    sheet = patterns.waves(
        (-1.0, -1.0), (width + 2, height + 2), count=84, swing=3.4, periods=2.0, phase=phase
    )
    canvas.lines(sheet, left, right, 0.09)
    crossing = patterns.waves(
        (-1.0, -1.0), (width + 2, height + 2), count=70, swing=2.4, periods=3.0, twist=-1.2
    )
    canvas.lines(crossing, _pale(own.third, 0.4), left, 0.08)
    middle = (70.0, 37.0)
    for radius, petals, depth, share in ((23.0, 18, 0.1, 0.5), (16.0, 12, 0.16, 0.62)):
        canvas.lines(
            patterns.rosette(middle, radius, petals=petals, depth=depth, copies=15, inner=0.45),
            _pale(own.left, share),
            _pale(own.right, share),
            0.09,
        )
    canvas.area(patterns.compass(middle, 8.0), _pale(own.dark, 0.13))
    canvas.lines(
        patterns.rosette((110.7, 50.4), 12.5, petals=14, depth=0.14, copies=14, inner=0.4),
        _pale(own.third, 0.8),
        _pale(own.third, 0.8),
        0.09,
    )
    canvas.lines(
        patterns.star_wheel((112.0, 22.0), 8.5, spokes=13, ratio=13 / 37),
        _pale(own.third, 0.55),
        _pale(own.right, 0.6),
        0.08,
    )
    edge, end = _pale(own.left, 0.95), _pale(own.right, 0.95)
    canvas.lines(patterns.frame((2.0, 2.0), (width - 4.0, 61.6), 0.55), edge, end, 0.1)
    canvas.lines(
        patterns.waves((0.0, 64.6), (width, 0.7), count=5, swing=0.35, periods=28.0),
        edge,
        end,
        0.09,
    )
    _draw_fluorescence(canvas, rng)


def _draw_fluorescence(canvas: Canvas, rng: np.random.Generator) -> None:
    width, height = canvas.size_mm
    for _ in range(42):
        ink = _FIBRES[int(rng.integers(len(_FIBRES)))]
        canvas.lines([patterns.fibre(rng, (width, height))], ink, width_mm=0.16)
    sun = (82.0, 38.0)
    canvas.lines(patterns.rays(sun, 9.0, 24.0, 84), fluorescent(0.72, 0.45, 0.05), width_mm=0.15)
    canvas.lines(
        patterns.rosette(sun, 8.2, petals=10, depth=0.22, copies=9, inner=0.15),
        fluorescent(0.1, 0.62, 0.3),
        width_mm=0.18,
    )
    for x in np.linspace(10.0, width - 10.0, 8):
        canvas.area([patterns.star((float(x), 8.0), 1.6)], fluorescent(0.6, 0.1, 0.12))
    canvas.text(
        (47.0, 61.0), "SPECIMEN", typeface("sans"), 3.4, fluorescent(0.12, 0.55, 0.6), weight_mm=0.1
    )


def draw_titles(canvas: Canvas, zone: PrintedZone) -> None:
    """The state's name and the word for the document."""
    sans = typeface("sans")
    dark = Ink(_palette(zone.values["issuer"]).dark, infrared=0.04, quench=0.3)
    canvas.text((6.0, 10.4), zone.issuer_name, sans, 3.2, dark, weight_mm=0.16, fit_mm=62.0)
    canvas.text((72.0, 8.4), "PASSPORT", sans, 2.0, dark, weight_mm=0.1)
    canvas.text((72.0, 11.4), "PASSEPORT · PASAPORTE", sans, 1.3, dark)
    canvas.text((104.0, 10.4), "SPECIMEN", sans, 2.1, _MARK, weight_mm=0.16)


def draw_printed_zone(canvas: Canvas, zone: PrintedZone, *, narrow: bool) -> None:
    """Labels and values; `narrow` leaves the place of the symbol free."""
    wide = 44.0 if narrow else 56.0
    rows = (
        (
            ("Type / Type", "document_code", 44.5, 10.0),
            ("Code / Code", "issuer", 56.0, 10.0),
            ("Passport No. / No de passeport", "document_number", 70.5, 19.5),
        ),
        (("Surname / Nom", "surname", 44.5, wide),),
        (("Given names / Prénoms", "given_names", 44.5, wide),),
        (("Nationality / Nationalité", "nationality", 44.5, wide),),
        (
            ("Date of birth / Date de naissance", "birth_date", 44.5, 30.0),
            ("Sex / Sexe", "sex", 81.0, 8.0),
        ),
        (("Place of birth / Lieu de naissance", "birth_place", 44.5, 34.0),),
        (
            ("Date of issue / Date de délivrance", "issue_date", 44.5, 30.0),
            ("Date of expiry / Date d'expiration", "expiry_date", 78.0, 24.0),
        ),
    )
    label_ink = Ink(_palette(zone.values["issuer"]).dark, infrared=0.03, quench=0.2)
    for index, row in enumerate(rows):
        y = 16.6 + 6.75 * index
        for label, key, x, fit in row:
            canvas.text((x, y), label, typeface("sans"), 1.15, label_ink, fit_mm=fit + 1.0)
            if zone.values[key]:
                ink = CARBON if key == "document_number" else DYE_BLACK
                write_value(canvas, zone, key, (x, y + 3.25), 2.1, ink, fit)


def draw_overprint(canvas: Canvas, zone: PrintedZone) -> None:
    """What is printed over the portrait, so that it cannot be taken off unseen."""
    (x, y), (width, height) = PORTRAIT
    own = _palette(zone.values["issuer"])
    lines = patterns.waves(
        (x - 1.0, y + height - 11.0), (width + 8.0, 11.0), count=13, swing=1.6, periods=2.5
    )
    canvas.lines(lines, _pale(own.left, 0.7), _pale(own.right, 0.7), 0.09)
    sans = typeface("sans")
    canvas.text((8.5, 58.2), "SPECIMEN", sans, 3.6, offset(0.96, 0.6, 0.6), fit_mm=30.0)
    canvas.lines(
        patterns.rosette((x + width - 2.0, y + 7.0), 6.5, petals=9, depth=0.2, copies=7, inner=0.3),
        fluorescent(0.5, 0.42, 0.05),
        width_mm=0.16,
    )
