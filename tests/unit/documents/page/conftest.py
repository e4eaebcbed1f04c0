"""Pages that simulators print, read without fault: what a document reader would send."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pytest

from documents.mrz import MRZContent, MRZReading, Sex, Template, encode, parse
from documents.mrz.reader.results import Character, MRZScan, ScannedLine, ScanStatus
from documents.page import Light
from documents.page.results import RGB
from simulators.documents import Condition, DocumentKind, Forgery, RenderedPage, render_page
from simulators.people import PEOPLE

TODAY = date(2026, 11, 24)
NUMBER = "U12X45678"
_PERSON = next(person for person in PEOPLE if person.birth_date.day > 12)


class Lazy(Mapping[Light, Any]):
    """Makes what belongs to a light when it is first asked for: rendering is slow."""

    def __init__(self, lights: tuple[Light, ...], make: Callable[[Light], Any]) -> None:
        self._lights, self._make = lights, cache(make)

    def __getitem__(self, light: Light) -> Any:
        if light not in self._lights:
            raise KeyError(light)
        return self._make(light)

    def __iter__(self) -> Iterator[Light]:
        return iter(self._lights)

    def __len__(self) -> int:
        return len(self._lights)


@dataclass(frozen=True)
class Specimen:
    """A page in three lights and what reading its zone came to."""

    rendered: Mapping[Light, RenderedPage]

    @property
    def pages(self) -> Mapping[Light, RGB]:
        return Lazy(tuple(Light), lambda light: self.rendered[light].rgb)

    @property
    def scans(self) -> Mapping[Light, MRZScan]:
        def scan(light: Light) -> MRZScan:
            return scan_of(self.rendered[light].lines, self.rendered[light].line_corners)

        return Lazy((Light.WHITE, Light.INFRARED), scan)


def scan_of(lines: tuple[str, ...], corners: Any, confidence: float = 0.99) -> MRZScan:
    """A scan that read these lines at these corners (lines, 4, 2), every character alike sure."""
    reading = parse(lines, today=TODAY)
    assert isinstance(reading, MRZReading)
    scanned = tuple(
        ScannedLine(
            tuple(Character(char, confidence) for char in text), np.asarray(place, np.float32)
        )
        for text, place in zip(lines, corners, strict=True)
    )
    return MRZScan(
        ScanStatus.READ, scanned, reading, confidence, accepted=not reading.checks_failed
    )


@cache
def specimen_of(
    kind: DocumentKind = DocumentKind.PASSPORT,
    forgery: Forgery | None = None,
    condition: Condition | None = None,
    px_per_mm: float = 8.0,
    seed: int = 5,
) -> Specimen:
    passport = kind is DocumentKind.PASSPORT
    lines = encode(
        MRZContent(
            template=Template.TD3 if passport else Template.TD1,
            document_code="P" if passport else "IN",
            issuer="UTO" if passport else "USA",
            document_number=NUMBER,
            surname=_PERSON.surname,
            given_names=_PERSON.given_names,
            nationality="UTO" if passport else "USA",
            birth_date=_PERSON.birth_date,
            sex=Sex(_PERSON.sex.value),
            expiry_date=date(2031, 4, 17),
        )
    )

    def render(light: Light) -> RenderedPage:
        return render_page(
            _PERSON,
            kind,
            mrz=lines,
            light=light.value,
            condition=condition,
            forgery=forgery,
            seed=seed,
            px_per_mm=px_per_mm,
        )

    return Specimen(Lazy(tuple(Light), render))


@pytest.fixture(scope="session")
def specimen() -> Callable[..., Specimen]:
    """Make a specimen: kind, forgery, condition, px_per_mm, seed."""
    return specimen_of


@pytest.fixture(scope="session")
def scanned() -> Callable[..., MRZScan]:
    """Make a scan of lines and corners."""
    return scan_of
