"""What the printed zone says: the fields of the machine-readable zone, in a person's spelling."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from documents.mrz import MRZReading, NameAgreement, Template, names_agree, parse
from documents.mrz.codes import look_up
from simulators.documents.canvas import Canvas
from simulators.documents.glyphs import typeface
from simulators.documents.light import DYE_BLACK, Ink
from simulators.people import Person

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_TOWNS = ("PORT HAVEN", "EASTMERE", "LINDEN FALLS", "CAPE ALDER", "NORTH QUILL", "SANTA VEGA")
_BORN_BEFORE = date(2049, 12, 31)
"""A simulated document's expiry lies in 20YY; its holder's birth is taken from the person."""


@dataclass(frozen=True, slots=True)
class PrintedZone:
    """The text of every field, upper case, as printed; `values` by the name of the field.

    Keys: document_code, issuer, document_number, surname, given_names, nationality, birth_date,
    sex, birth_place, issue_date, expiry_date. A date is printed as 12 AUG 1974.
    altered: the key and position (from 0) of a character that a forger printed anew.
    """

    issuer_name: str
    values: Mapping[str, str] = field(repr=False)
    altered: tuple[str, int] | None = None


def printed_zone(person: Person, lines: tuple[str, ...], rng: np.random.Generator) -> PrintedZone:
    """The printed zone that belongs to these lines.

    Names are spelt as the person spells them where the lines agree with that, otherwise as in the
    lines. What the lines do not say (town, day of issue, everything when no template fits them)
    is the person's or made up.
    """
    town = _TOWNS[int(rng.integers(len(_TOWNS)))]
    reading = parse(lines, today=_BORN_BEFORE)
    if not isinstance(reading, MRZReading):
        return _of_person(person, town)
    names, nationality = reading.names.value, reading.nationality.value
    surname, given_names = person.surname, person.given_names
    if names and names_agree(names, surname, given_names) is NameAgreement.DISAGREE:
        surname, given_names = names.primary, names.secondary
    issuer = reading.issuer.value
    expiry = reading.expiry_date.raw
    sex = reading.sex.value
    return PrintedZone(
        issuer_name=((issuer.name if issuer else None) or "Utopia").upper(),
        values={
            "document_code": reading.document_code.raw.rstrip("<"),
            "issuer": issuer.code if issuer else "",
            "document_number": reading.document_number.value or "",
            "surname": surname.upper(),
            "given_names": given_names.upper(),
            "nationality": _nationality(nationality.code if nationality else "", reading.template),
            "birth_date": _printed(reading.birth_date.raw, str(person.birth_date.year)[:2]),
            "sex": sex.value if sex else "",
            "birth_place": town,
            "issue_date": _issued(expiry, 10 if reading.template is Template.TD3 else 5),
            "expiry_date": _printed(expiry, "20"),
        },
    )


def _of_person(person: Person, town: str) -> PrintedZone:
    born = person.birth_date
    return PrintedZone(
        issuer_name=(look_up(person.nationality).name or "Utopia").upper(),
        values={
            "document_code": "P",
            "issuer": person.nationality,
            "document_number": "",
            "surname": person.surname.upper(),
            "given_names": person.given_names.upper(),
            "nationality": _nationality(person.nationality, Template.TD3),
            "birth_date": f"{born.day:02} {_MONTHS[born.month - 1]} {born.year}",
            "sex": person.sex.value,
            "birth_place": town,
            "issue_date": "",
            "expiry_date": "",
        },
    )


def _nationality(code: str, template: Template) -> str:
    name = look_up(code).name
    return (name or code).upper() if template is Template.TD3 else code


def _printed(raw: str, century: str) -> str:
    """YYMMDD as 12 AUG 1974; as it stands when it is no date."""
    if not (len(raw) == 6 and raw.isdigit() and 1 <= int(raw[2:4]) <= 12):
        return raw.replace("<", " ").strip()
    return f"{raw[4:]} {_MONTHS[int(raw[2:4]) - 1]} {century}{raw[:2]}"


def _issued(expiry: str, years: int) -> str:
    if not (len(expiry) == 6 and expiry.isdigit()):
        return ""
    return _printed(f"{(int(expiry[:2]) - years) % 100:02}{expiry[2:]}", "20")


def write_value(
    canvas: Canvas,
    zone: PrintedZone,
    key: str,
    at: tuple[float, float],
    cap_mm: float,
    ink: Ink,
    fit_mm: float,
) -> None:
    """Write a value of the zone at this baseline (mm); an altered character in another ink,
    heavier and out of line."""
    text, sans = zone.values[key], typeface("sans")
    if zone.altered is None or zone.altered[0] != key:
        canvas.text(at, text, sans, cap_mm, ink, weight_mm=0.06, fit_mm=fit_mm)
        return
    place = zone.altered[1]
    em = cap_mm / sans.cap_height
    narrow = min(1.0, fit_mm / (sans.advance(text) * em))
    x, y = at
    for part, own_ink, weight, drop in (
        (text[:place], ink, 0.06, 0.0),
        (text[place], DYE_BLACK, 0.16, 0.1),
        (text[place + 1 :], ink, 0.06, 0.0),
    ):
        width = sans.advance(part) * em * narrow
        canvas.text((x, y + drop), part, sans, cap_mm, own_ink, weight_mm=weight, fit_mm=width)
        x += width
