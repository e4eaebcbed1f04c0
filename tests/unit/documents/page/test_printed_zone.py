"""The printed zone against the machine-readable one: what differs beyond doubt."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from documents.page import CheckOutcome, Light
from documents.page.printed_text import PrintedLine, load_printed_zone_engine
from documents.page.printed_zone import compare_printed_zone
from simulators.documents import Forgery

W = Light.WHITE
ROWS = {
    "number": ("Passport No. / No de passeport", "U12X45678"),
    "surname": ("Surname / Nom", "LINDQVIST"),
    "given": ("Given names / Prénoms", "MARTA ELENA"),
    "birth": ("Date of birth / Date de naissance", "24 JUL 1957"),
    "sex": ("Sex / Sexe", "F"),
    "expiry": ("Date of expiry / Date d'expiration", "17 APR 2031"),
}
LINES = (
    "P<UTOLINDQVIST<<MARTA<ELENA<<<<<<<<<<<<<<<<<",
    "U12X456784UTO5707245F3104172<<<<<<<<<<<<<<04",
)


@dataclass
class Typist:
    """An engine that reads given rows: label above value; `again` is what it reads on a second
    look, the same as before unless told."""

    rows: dict = field(default_factory=lambda: dict(ROWS))
    confidence: float = 0.99
    again: str | None = None
    looked: list = field(default_factory=list)

    def read(self, rgb):
        lines = []
        for index, (label, value) in enumerate(self.rows.values()):
            y = 40 + 70 * index
            for text, top, height in ((label, y, 16), (value, y + 22, 26)):
                if text:
                    box = [(400, top), (400 + 14 * len(text), top)]
                    corners = np.array(
                        [*box, (box[1][0], top + height), (400, top + height)], np.float32
                    )
                    lines.append(PrintedLine(text, (self.confidence,) * len(text), corners))
        self.values = [value for _, value in self.rows.values()]
        return tuple(lines)

    def read_line(self, rgb):
        self.looked.append(rgb.shape)
        if self.again is not None:
            return self.again
        return next(v for v in self.values if v not in {value for _, value in ROWS.values()})


@pytest.fixture
def scan(scanned):
    corners = np.array([[(48, y), (942, y), (942, y + 24), (48, y + 24)] for y in (560, 611)])
    return scanned(LINES, corners)


PAGE = np.full((704, 1000, 3), 230, np.uint8)


def compare(scan, engine):
    return compare_printed_zone(PAGE, scan, engine=engine)


def changed(name, value):
    return {**ROWS, name: (ROWS[name][0], value)}


def test_print_that_says_the_same_agrees(scan):
    found = compare(scan, Typist())
    assert (found.outcome, found.code, found.value) == (
        CheckOutcome.PASSED,
        "printed_zone_agrees",
        5,
    )


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("number", "U12X45878", "printed_document_number_differs"),
        ("number", "U 12X 45878", "printed_document_number_differs"),
        ("birth", "24 JUL 1967", "printed_birth_date_differs"),
        ("birth", "21.07.1957", "printed_birth_date_differs"),
        ("expiry", "17 APR 2037", "printed_expiry_date_differs"),
        ("surname", "LINDAVIST", "printed_names_differs"),
        ("sex", "M", "printed_sex_differs"),
    ],
)
def test_one_field_that_says_something_else_is_suspicious(scan, name, value, code):
    engine = Typist(changed(name, value))
    found = compare(scan, engine)
    assert (found.outcome, found.code) == (CheckOutcome.SUSPICIOUS, code)
    assert found.confidence > 0.7
    assert len(engine.looked) >= 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("number", "UI2X45678"),
        ("number", "U12X4S678"),
        ("number", "U12X45G7B"),
        ("surname", "L1NDOVIST"),
        ("surname", "LINDQVISTOVA"),
        ("number", "QQ7700123"),
        ("birth", ""),
        ("sex", "F / F"),
        ("given", "MARTA"),
        ("expiry", "17 APR 2021"),
    ],
)
def test_what_ocr_or_another_form_explains_is_not_suspicious(scan, name, value):
    engine = Typist(changed(name, value))
    if name == "expiry":  # nothing but two dates: the label may belong to the day of issue
        engine.rows["birth"] = ("", "")
    assert compare(scan, engine).outcome is not CheckOutcome.SUSPICIOUS


def test_a_difference_that_a_second_look_does_not_see_is_none(scan):
    for name, value in (("number", "U12X45878"), ("birth", "24 JUL 1967"), ("sex", "M")):
        engine = Typist(changed(name, value), again=ROWS[name][1])
        assert compare(scan, engine).outcome is not CheckOutcome.SUSPICIOUS


def test_unsure_print_and_an_unsure_zone_raise_no_suspicion(scan, scanned):
    rows = changed("number", "U12X45878")
    assert compare(scan, Typist(rows, confidence=0.7)).outcome is not CheckOutcome.SUSPICIOUS
    unsure = scanned(LINES, np.array([line.corners for line in scan.lines]), confidence=0.6)
    assert compare(unsure, Typist(rows)).outcome is not CheckOutcome.SUSPICIOUS
    assert compare(scan, Typist(rows)).outcome is CheckOutcome.SUSPICIOUS


def test_an_altered_date_of_no_calendar_in_the_zone_differs_too(scanned, scan):
    lines = (LINES[0], LINES[1].replace("570724", "570784"))
    altered = scanned(lines, np.array([line.corners for line in scan.lines]))
    engine = Typist(again=ROWS["birth"][1])
    found = compare(altered, engine)
    assert (found.outcome, found.code) == (CheckOutcome.SUSPICIOUS, "printed_birth_date_differs")


def test_spanish_m_may_be_a_woman(scan):
    rows = changed("sex", "M") | {"sex": ("Sexo / Sex", "M")}
    assert compare(scan, Typist(rows)).outcome is not CheckOutcome.SUSPICIOUS


def test_several_differences_are_one_finding(scan):
    rows = changed("number", "U12X45878") | {"sex": (ROWS["sex"][0], "M")}

    class Twice(Typist):
        def read_line(self, rgb):
            return "M" if rgb.shape[1] < 80 else "U12X45878"

    found = compare(scan, Twice(rows))
    assert found.code == "printed_fields_differ"


def test_nothing_read_is_not_measured(scan):
    empty = Typist({"number": ("", "")})
    assert compare(scan, empty).outcome is CheckOutcome.NOT_MEASURED
    tiny = np.zeros((1, 1, 3), np.uint8)
    assert compare_printed_zone(tiny, scan, engine=empty).outcome is CheckOutcome.NOT_MEASURED


def test_the_shipped_models_find_an_altered_number_and_agree_with_a_genuine_page(specimen):
    engine = load_printed_zone_engine()
    genuine = specimen(px_per_mm=8.0)
    found = compare_printed_zone(genuine.pages[W], genuine.scans[W], engine=engine)
    assert (found.outcome, found.value) == (CheckOutcome.PASSED, 5)
    altered = specimen(px_per_mm=8.0, forgery=Forgery.ALTERED_PRINT)
    found = compare_printed_zone(altered.pages[W], altered.scans[W], engine=engine)
    assert found.outcome is CheckOutcome.SUSPICIOUS


def test_what_was_read_is_in_no_repr():
    line = PrintedLine("NOT TO BE LOGGED", (1.0,) * 16, np.zeros((4, 2), np.float32))
    assert "LOGGED" not in repr(line)
