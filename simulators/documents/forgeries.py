"""What forgers do, and how it shows.

swapped_portrait: another person's photograph glued over the portrait. White: no overprint and a
faint edge; infrared: a photograph's dyes vanish altogether; ultraviolet: photographic paper is
bright. The ghost image stays the holder's.
altered_digit: one digit of number, birth or expiry in the machine-readable zone scraped off and
printed anew. Its check digits are wrong and the printed zone says otherwise; the new digit is
heavier, out of line and of an ink without carbon, so that it is gone in infrared.
altered_print: the same of the printed zone; the machine-readable zone stays right.
photocopy: all grey and high in contrast; toner is carbon, so that infrared shows the artwork too;
copier paper is bright under ultraviolet and nothing else glows.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from documents.mrz import Field
from documents.mrz.layouts import select_layout
from simulators.documents.canvas import Canvas, Plane, Points
from simulators.documents.faces import photograph
from simulators.documents.formats import CAP_HEIGHT, EM, PITCH, Format
from simulators.documents.glyphs import typeface
from simulators.documents.light import DYE_BLACK, OFFICE_PAPER, Light
from simulators.documents.printed_zone import PrintedZone
from simulators.people import PEOPLE, Person

_FIELDS = (Field.DOCUMENT_NUMBER, Field.BIRTH_DATE, Field.EXPIRY_DATE)
_OFF_LINE = (0.13, -0.14)


@dataclass(frozen=True, slots=True)
class Alteration:
    """One digit of the zone, at `line` and `position` from 0, became another."""

    line: int
    position: int
    digit: str = field(repr=False)

    def of(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        """The lines as altered."""
        return self._with(lines, self.digit)

    def gap(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        """The lines with a space where the digit is redrawn."""
        return self._with(lines, " ")

    def _with(self, lines: tuple[str, ...], character: str) -> tuple[str, ...]:
        text = lines[self.line]
        changed = text[: self.position] + character + text[self.position + 1 :]
        return (*lines[: self.line], changed, *lines[self.line + 1 :])


def alteration(lines: tuple[str, ...], rng: np.random.Generator) -> Alteration:
    """A digit of number, birth or expiry to alter; raises ValueError when the lines have none."""
    layout = select_layout(len(lines), len(lines[0]), lines[0][:5])
    places = [
        (span.line - 1, column)
        for one in _FIELDS
        if layout and (span := layout.fields.get(one))
        for column in range(span.first - 1, span.last)
        if lines[span.line - 1][column : column + 1].isdigit()
    ]
    if not places:
        raise ValueError("no digit of these lines can be altered")
    line, position = places[int(rng.integers(len(places)))]
    return Alteration(line, position, _another(lines[line][position], rng))


def redraw_digit(canvas: Canvas, form: Format, change: Alteration, count: int) -> None:
    """Scrape the place of the digit and print the new one."""
    x = form.left + PITCH * change.position
    y = form.baselines(count)[change.line]
    scrape(canvas, (x + PITCH / 2, y - CAP_HEIGHT / 2), (1.25, 1.9))
    dx, dy = _OFF_LINE
    face = typeface("ocrb")
    canvas.text(
        (x + dx, y + dy), change.digit, face, face.cap_height * EM, DYE_BLACK, weight_mm=0.13
    )


def altered_print(zone: PrintedZone, rng: np.random.Generator) -> PrintedZone:
    """The zone with a digit of its number, birth year or expiry year altered."""
    places = [
        (key, place)
        for key in ("document_number", "birth_date", "expiry_date")
        for place, character in enumerate(zone.values[key])
        if character.isdigit() and (key == "document_number" or place >= len(zone.values[key]) - 2)
    ]
    if not places:
        return zone
    key, place = places[int(rng.integers(len(places)))]
    text = zone.values[key]
    changed = text[:place] + _another(text[place], rng) + text[place + 1 :]
    return PrintedZone(zone.issuer_name, {**zone.values, key: changed}, (key, place))


def scrape(canvas: Canvas, centre: tuple[float, float], radii: tuple[float, float]) -> None:
    """Rub the print off: the fibres are raised and, under ultraviolet, a little brighter."""
    height, width = canvas.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / np.float32(canvas.px_per_mm)
    away = np.hypot((x - centre[0]) / radii[0], (y - centre[1]) / radii[1])
    share = np.clip((1.15 - away) / 0.3, 0.0, 1.0)[..., None]
    paper = canvas.blank * np.float32(2.2 if canvas.light is Light.ULTRAVIOLET else 0.985)
    canvas.pixels += (paper - canvas.pixels) * share


def other_person(person: Person, rng: np.random.Generator) -> Person:
    """Somebody of the same sex, where there is one."""
    others = [one for one in PEOPLE if one.id != person.id and one.sex is person.sex]
    return others[int(rng.integers(len(others)))]


def paste_portrait(
    canvas: Canvas,
    person: Person,
    place: tuple[tuple[float, float], tuple[float, float]],
    rng: np.random.Generator,
) -> Points:
    """Glue a photograph of `person` over the place; returns its corners (4, 2), mm."""
    (x, y), (width, height) = place
    x, y = x - 0.3 + float(rng.uniform(-0.25, 0.25)), y - 0.3 + float(rng.uniform(-0.25, 0.25))
    width, height = width + 0.6, height + 0.6
    scale = canvas.px_per_mm
    left, top, right, bottom = (round(v * scale) for v in (x, y, x + width, y + height))
    picture = photograph(person, (right - left, bottom - top))
    match canvas.light:
        case Light.WHITE:
            tone = np.asarray((1.0, 0.985, 0.955), np.float32)
            lit = np.clip(0.04 + 0.93 * picture, 0.0, 1.0) * tone
        case Light.INFRARED:
            lit = 0.88 - 0.05 * (1.0 - picture.mean(axis=2, keepdims=True)) + 0.0 * picture
        case Light.ULTRAVIOLET:
            gray = picture.mean(axis=2, keepdims=True)
            lit = (0.45 + 0.4 * gray) * np.asarray(OFFICE_PAPER.ultraviolet, np.float32)
    lit = np.asarray(lit, np.float32)
    edge = np.float32(0.82)
    lit[-2:] *= edge
    lit[:, -2:] *= edge
    lit[:1] = lit[:1] * 0.5 + 0.5 * min(1.0, float(lit.max()))
    canvas.pixels[top:bottom, left:right] = lit
    return np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])


def photocopied(white: Plane, light: Light, rng: np.random.Generator) -> Plane:
    """A copy of the page in white light, under `light`."""
    height, width = white.shape[:2]
    gray = white @ np.array([0.299, 0.587, 0.114], np.float32)
    toner = np.clip((0.93 - gray) * 1.75, 0.0, 1.0)
    # A copier's drum: vertical bands, and toner that does not take evenly.
    bands = cv2.resize(rng.normal(0.0, 0.03, (1, 60)).astype(np.float32), (width, height))
    grain = rng.normal(0.0, 0.11, (height, width)).astype(np.float32)
    toner = np.clip(toner + toner * (grain + bands), 0.0, 1.0)
    specks = rng.uniform(0.0, 1.0, (height, width)) > 0.99985
    toner = np.maximum(
        toner, cv2.dilate(specks.astype(np.float32), np.ones((2, 2), np.uint8)) * 0.8
    )
    toner = np.asarray(cv2.GaussianBlur(toner, (0, 0), 0.7), np.float32)[..., None]
    return np.asarray(
        (1.0 - 0.92 * toner) * np.asarray(OFFICE_PAPER.under(light), np.float32), np.float32
    )


def _another(digit: str, rng: np.random.Generator) -> str:
    return str((int(digit) + int(rng.integers(1, 10))) % 10)
