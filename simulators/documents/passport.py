"""The data page of a passport (TD3, 9303-4): artwork of our own, marked SPECIMEN."""

import numpy as np

from simulators.documents import patterns
from simulators.documents.canvas import Canvas
from simulators.documents.glyphs import typeface
from simulators.documents.light import CARBON, DYE_BLACK, Ink, fluorescent, offset
from simulators.documents.printed_zone import PrintedZone, write_value

PORTRAIT = ((6.0, 14.6), (35.0, 45.0))
"""Corner and size of the portrait, mm (9303-4, figure of the data page, zone V)."""
GHOST = ((103.0, 40.5), (15.4, 19.8))
SYMBOL = ((91.0, 12.5), (28.0, 28.0))
"""Where a seal may stand; the largest square that fits."""

_TEAL, _ROSE, _GOLD = offset(0.55, 0.78, 0.8), offset(0.9, 0.66, 0.68), offset(0.86, 0.78, 0.52)
_DEEP = Ink((0.1, 0.25, 0.38), infrared=0.04, quench=0.3)
_LABEL = Ink((0.2, 0.36, 0.46), infrared=0.03, quench=0.2)
_MARK = Ink((0.93, 0.42, 0.42), infrared=0.02, quench=0.06)
_FIBRES = (
    fluorescent(0.75, 0.12, 0.1),
    fluorescent(0.15, 0.4, 0.95),
    fluorescent(0.3, 0.85, 0.25),
    fluorescent(0.85, 0.75, 0.15),
)


def draw_background(canvas: Canvas, rng: np.random.Generator) -> None:
    """Everything that the printer of blank books prints, and what fluoresces."""
    width, height = canvas.size_mm
    phase = float(rng.uniform())
    sheet = patterns.waves(
        (0.0, 1.0), (width, height - 2.0), count=46, swing=3.4, periods=2.0, phase=phase, twist=1.6
    )
    canvas.lines(sheet, offset(0.72, 0.87, 0.88), offset(0.95, 0.82, 0.8), 0.09)
    crossing = patterns.waves(
        (0.0, 0.0), (width, height), count=40, swing=2.4, periods=3.0, phase=0.3, twist=-1.2
    )
    canvas.lines(crossing, offset(0.95, 0.86, 0.78), offset(0.78, 0.86, 0.93), 0.08)
    middle = (70.0, 37.0)
    canvas.lines(
        patterns.rosette(middle, 22.0, petals=16, depth=0.16, copies=16, inner=0.2),
        offset(0.68, 0.85, 0.84),
        offset(0.93, 0.75, 0.76),
        0.09,
    )
    canvas.lines(
        patterns.rosette((111.0, 52.0), 13.0, petals=12, depth=0.2, copies=12, inner=0.3),
        _GOLD,
        _ROSE,
        0.09,
    )
    canvas.area(patterns.compass(middle, 9.0), offset(0.86, 0.92, 0.9))
    canvas.lines(patterns.frame((2.0, 2.0), (width - 4.0, 62.3), 0.55), _TEAL, _ROSE, 0.1)
    canvas.lines(
        patterns.waves((0.0, 64.6), (width, 0.7), count=5, swing=0.35, periods=28.0),
        _TEAL,
        _GOLD,
        0.09,
    )
    _draw_fluorescence(canvas, rng)


def _draw_fluorescence(canvas: Canvas, rng: np.random.Generator) -> None:
    width, height = canvas.size_mm
    for _ in range(42):
        ink = _FIBRES[int(rng.integers(len(_FIBRES)))]
        canvas.lines([patterns.fibre(rng, (width, height))], ink, width_mm=0.16)
    sun = (82.0, 38.0)
    canvas.lines(patterns.rays(sun, 9.0, 25.0, 56), fluorescent(0.75, 0.5, 0.06), width_mm=0.22)
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
    canvas.text((6.0, 10.4), zone.issuer_name, sans, 3.2, _DEEP, weight_mm=0.16, fit_mm=62.0)
    canvas.text((72.0, 8.4), "PASSPORT", sans, 2.0, _DEEP, weight_mm=0.1)
    canvas.text((72.0, 11.4), "PASSEPORT · PASAPORTE", sans, 1.3, _DEEP)
    canvas.text((104.0, 10.4), "SPECIMEN", sans, 2.1, _MARK, weight_mm=0.16)


def draw_printed_zone(canvas: Canvas, zone: PrintedZone, *, narrow: bool) -> None:
    """Labels and values; `narrow` leaves the place of the symbol free."""
    wide = 44.0 if narrow else 56.0
    rows = (
        (
            ("Type / Type", "document_code", 44.5, 10.0),
            ("Code / Code", "issuer", 56.0, 10.0),
            ("Passport No. / No de passeport", "document_number", 67.0, 22.0),
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
    for index, row in enumerate(rows):
        y = 16.6 + 6.75 * index
        for label, key, x, fit in row:
            canvas.text((x, y), label, typeface("sans"), 1.15, _LABEL, fit_mm=fit + 1.0)
            if zone.values[key]:
                ink = CARBON if key == "document_number" else DYE_BLACK
                write_value(canvas, zone, key, (x, y + 3.25), 2.1, ink, fit)


def draw_overprint(canvas: Canvas) -> None:
    """What is printed over the portrait, so that it cannot be taken off unseen."""
    (x, y), (width, height) = PORTRAIT
    lines = patterns.waves(
        (x - 1.0, y + height - 11.0), (width + 8.0, 11.0), count=13, swing=1.6, periods=2.5
    )
    canvas.lines(lines, offset(0.7, 0.84, 0.84), _ROSE, 0.09)
    canvas.text(
        (9.5, 57.0), "SPECIMEN", typeface("sans"), 4.2, offset(0.97, 0.62, 0.62), angle=34.0
    )
    canvas.lines(
        patterns.rosette((x + width - 2.0, y + 7.0), 6.5, petals=9, depth=0.2, copies=7, inner=0.3),
        fluorescent(0.5, 0.42, 0.05),
        width_mm=0.16,
    )
