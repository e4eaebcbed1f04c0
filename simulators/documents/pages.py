"""Documents as a reader photographs them: one side under one light."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.documents import cards, passport
from simulators.documents.canvas import Canvas, Picture, Points, as_picture
from simulators.documents.condition import Condition, finish, wear_out
from simulators.documents.faces import printed_portrait
from simulators.documents.forgeries import (
    alteration,
    altered_print,
    other_person,
    paste_portrait,
    photocopied,
    redraw_digit,
)
from simulators.documents.formats import FORMATS, line_corners, print_zone, zone_corners
from simulators.documents.kinds import DocumentKind, Forgery, Side
from simulators.documents.light import CARBON, POLYCARBONATE, SECURITY_PAPER, Light
from simulators.documents.printed_zone import printed_zone
from simulators.people import Person
from simulators.people.identity import named_generator

DEFAULT_PX_PER_MM = 12.0
"""About 300 dpi: a passport's page is 1500 by 1056 px."""


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """A picture of one side, and where things are in it (pixels, from the top left clockwise).

    rgb: uint8 (h, w, 3). lines: the zone as printed, altered digits included; empty on the front
    of a card. line_corners: (lines, 4, 2); mrz_corners: (4, 2) around all lines, from the first to
    beyond the last character cell. portrait_corners: (4, 2); None where that side has none.
    symbol_corners: (4, 2) likewise. printed: the values of the printed zone by name, as printed
    (`printed_zone.PrintedZone`); what a side leaves out is there all the same.
    """

    kind: DocumentKind
    side: Side
    light: Light
    rgb: Picture = field(repr=False)
    lines: tuple[str, ...] = field(repr=False)
    line_corners: NDArray[np.float32] | None = field(repr=False)
    portrait_corners: NDArray[np.float32] | None = field(repr=False)
    symbol_corners: NDArray[np.float32] | None = field(repr=False)
    printed: Mapping[str, str] = field(repr=False)
    px_per_mm: float

    @property
    def mrz_corners(self) -> NDArray[np.float32] | None:
        return None if self.line_corners is None else zone_corners(self.line_corners)


def render_page(
    person: Person,
    kind: DocumentKind,
    *,
    mrz: tuple[str, ...],
    light: Light | str = Light.WHITE,
    side: Side = Side.ZONE,
    condition: Condition | None = None,
    forgery: Forgery | None = None,
    symbol: NDArray[np.uint8] | None = None,
    seed: int = 0,
    px_per_mm: float = DEFAULT_PX_PER_MM,
) -> RenderedPage:
    """Draw a document of `person` with these lines.

    light: anything equal to a value of `Light`. symbol: a barcode with its quiet zone, grey (h, w)
    or RGB, printed in black where the kind has a place for it (`passport.SYMBOL`,
    `cards.SYMBOL`, on the side with the zone). seed: artwork, wear, forgery and noise; the three
    lights of one seed show one document, only the noise differs.

    Raises ValueError for lines that do not have the size of the kind's template, for a passport's
    front, and where there is no digit to alter.
    """
    lit, condition = Light(light), condition or Condition()
    card = kind is not DocumentKind.PASSPORT
    if side is Side.FRONT and not card:
        raise ValueError("a passport's page has the zone; it has no front of its own")
    if len(mrz) != (3 if card else 2):
        raise ValueError(f"the zone of {kind.value} has {3 if card else 2} lines")
    sheet = _draw(person, kind, mrz, lit, side, forgery, symbol, seed, px_per_mm)
    canvas = sheet.canvas
    if forgery is Forgery.PHOTOCOPY:
        canvas.pixels = photocopied(canvas.pixels, lit, named_generator(seed, "documents.copy"))
        canvas.light = lit
    if condition.wear > 0.0:
        wear_out(canvas, condition.wear, named_generator(seed, "documents.wear"))
    form = FORMATS[kind.template]
    corner = 0.0 if forgery is Forgery.PHOTOCOPY else form.corner
    pixels, matrix = finish(
        canvas, condition, corner, named_generator(seed, f"documents.sensor.{lit.value}")
    )
    each = None
    if side is Side.ZONE:
        each = line_corners(form, sheet.lines, px_per_mm)
    return RenderedPage(
        kind,
        side,
        lit,
        as_picture(pixels),
        sheet.lines if side is Side.ZONE else (),
        None if each is None else _moved(each.reshape(-1, 2), matrix).reshape(-1, 4, 2),
        _moved(sheet.portrait * px_per_mm, matrix) if sheet.portrait is not None else None,
        _moved(sheet.symbol * px_per_mm, matrix) if sheet.symbol is not None else None,
        sheet.printed,
        px_per_mm,
    )


@dataclass(slots=True)
class _Sheet:
    """A drawn page; corners in mm."""

    canvas: Canvas
    lines: tuple[str, ...]
    printed: Mapping[str, str]
    portrait: Points | None = None
    symbol: Points | None = None


def _draw(
    person: Person,
    kind: DocumentKind,
    mrz: tuple[str, ...],
    light: Light,
    side: Side,
    forgery: Forgery | None,
    symbol: NDArray[np.uint8] | None,
    seed: int,
    px_per_mm: float,
) -> _Sheet:
    card = kind is not DocumentKind.PASSPORT
    form = FORMATS[kind.template]
    art = named_generator(seed, f"documents.art.{kind.value}.{side.value}")
    forger = named_generator(seed, "documents.forger")
    # A copy is one of what white light shows.
    drawn_in = Light.WHITE if forgery is Forgery.PHOTOCOPY else light
    canvas = Canvas(form.size, px_per_mm, drawn_in, POLYCARBONATE if card else SECURITY_PAPER)
    zone = printed_zone(person, mrz, named_generator(seed, "documents.civil"))
    if forgery is Forgery.ALTERED_PRINT:
        zone = altered_print(zone, forger)
    sheet = _Sheet(canvas, mrz, zone.values)
    if card:
        cards.draw_background(canvas, kind, art)
        cards.draw_titles(canvas, kind, zone)
    else:
        passport.draw_background(canvas, zone, art)
        passport.draw_titles(canvas, zone)
    if not card or side is Side.FRONT:
        place, ghost = (
            (cards.PORTRAIT, cards.GHOST) if card else (passport.PORTRAIT, passport.GHOST)
        )
        _print_portrait(canvas, person, place, light=drawn_in, engraved=card)
        _print_portrait(canvas, person, ghost, light=drawn_in, engraved=card, strength=0.45)
        sheet.portrait = _rectangle(place)
        if card:
            cards.draw_front(canvas, kind, zone)
            cards.draw_overprint(canvas, kind)
        else:
            passport.draw_printed_zone(canvas, zone, narrow=symbol is not None)
            passport.draw_overprint(canvas, zone)
        if forgery is Forgery.SWAPPED_PORTRAIT:
            sheet.portrait = paste_portrait(canvas, other_person(person, forger), place, forger)
    if side is Side.FRONT:
        return sheet
    if card:
        cards.draw_back(canvas, kind, zone, symbol=symbol is not None)
    if symbol is not None:
        sheet.symbol = _print_symbol(canvas, symbol, cards.SYMBOL if card else passport.SYMBOL)
    if forgery is Forgery.ALTERED_DIGIT:
        change = alteration(mrz, forger)
        sheet.lines = change.of(mrz)
        print_zone(canvas, form, change.gap(mrz), CARBON)
        redraw_digit(canvas, form, change, len(mrz))
    else:
        print_zone(canvas, form, mrz, CARBON)
    return sheet


_Place = tuple[tuple[float, float], tuple[float, float]]


def _print_portrait(
    canvas: Canvas,
    person: Person,
    place: _Place,
    *,
    light: Light,
    engraved: bool,
    strength: float = 1.0,
) -> None:
    corner, (width, height) = place
    size = round(width * canvas.px_per_mm), round(height * canvas.px_per_mm)
    canvas.image(
        printed_portrait(person, size, light, engraved=engraved, strength=strength), corner
    )


def _print_symbol(canvas: Canvas, symbol: NDArray[np.uint8], place: _Place) -> Points:
    """Print the symbol as large as its place allows; returns its corners, mm."""
    gray = symbol if symbol.ndim == 2 else cv2.cvtColor(symbol, cv2.COLOR_RGB2GRAY)
    (x, y), (width, height) = place
    scale = min(width * canvas.px_per_mm / gray.shape[1], height * canvas.px_per_mm / gray.shape[0])
    size = round(gray.shape[1] * scale), round(gray.shape[0] * scale)
    way = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_NEAREST
    black = 1.0 - np.asarray(cv2.resize(gray, size, interpolation=way), np.float32) / 255.0
    place = ((x, y), (size[0] / canvas.px_per_mm, size[1] / canvas.px_per_mm))
    at = (round(x * canvas.px_per_mm), round(y * canvas.px_per_mm))
    # Its place is left blank by the printer of the book.
    under = canvas.pixels[at[1] : at[1] + size[1], at[0] : at[0] + size[0]]
    under += (canvas.blank - under) * np.float32(0.9)
    canvas.paint(np.asarray(black, np.float32), CARBON, at)
    return _rectangle(place)


def _rectangle(place: _Place) -> Points:
    (x, y), (width, height) = place
    return np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])


def _moved(points: NDArray[np.floating], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)
