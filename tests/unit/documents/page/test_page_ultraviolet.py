"""Paper under ultraviolet: dull, brightened, shining in a colour, patterned, or not lit at all."""

import numpy as np
import pytest

from documents.page import CheckOutcome, Light
from documents.page.geometry import place_of
from documents.page.ultraviolet import check_ultraviolet
from simulators.documents import Condition, DocumentKind, Forgery

UV = Light.ULTRAVIOLET


def look(page, ultraviolet=None):
    pages = page.pages if ultraviolet is None else {**page.pages, UV: ultraviolet}
    return check_ultraviolet(pages, place_of(page.scans[Light.WHITE]))


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        (DocumentKind.PASSPORT, None),
        (DocumentKind.NEXUS, Condition(wear=0.8)),
        (DocumentKind.NEXUS, Condition(glare=0.9)),
    ],
)
def test_genuine_paper_is_dull_whatever_is_printed_on_it(specimen, kind, condition):
    found = look(specimen(kind, condition=condition))
    assert (found.outcome, found.code) == (CheckOutcome.PASSED, "paper_dull")


@pytest.mark.parametrize("kind", [DocumentKind.PASSPORT, DocumentKind.NEXUS])
def test_copier_paper_is_not(specimen, kind):
    found = look(specimen(kind, forgery=Forgery.PHOTOCOPY))
    assert (found.outcome, found.code) == (CheckOutcome.SUSPICIOUS, "paper_brightened")
    assert found.confidence > 0.8


def test_a_photograph_glued_on_shines_in_one_piece(specimen):
    found = look(specimen(forgery=Forgery.SWAPPED_PORTRAIT))
    assert (found.outcome, found.code) == (CheckOutcome.SUSPICIOUS, "part_of_page_brightened")
    assert found.value is not None
    assert 1000 < found.value < 2000  # mm², of 35 mm by 45 mm


def test_fluorescent_print_over_a_third_of_the_page_is_no_brightener(specimen):
    page = specimen()
    stripes = page.pages[UV].copy()
    stripes[:, ::3] = (60, 160, 255)
    assert look(page, stripes).outcome is CheckOutcome.PASSED


def test_the_violet_of_the_lamp_is_no_shine(specimen):
    page = specimen()
    violet = np.zeros_like(page.pages[UV])
    violet[:] = (90, 30, 190)
    assert look(page, violet).code == "paper_dull"


@pytest.mark.parametrize("colour", [(70, 200, 90), (200, 180, 60)])
def test_paper_that_shines_in_a_colour_is_not_judged(specimen, colour):
    page = specimen()
    lit = np.zeros_like(page.pages[UV])
    lit[:] = colour
    found = look(page, lit)
    assert found.outcome in (CheckOutcome.NOT_MEASURED, CheckOutcome.PASSED)


def test_a_picture_in_white_light_is_not_one_in_ultraviolet(specimen):
    page = specimen()
    found = look(page, page.pages[Light.WHITE])
    assert (found.outcome, found.code) == (CheckOutcome.POOR, "lit_by_other_light")


def test_without_a_lamp_nothing_is_seen(specimen):
    page = specimen()
    found = look(page, np.full_like(page.pages[UV], 4))
    assert (found.outcome, found.code) == (CheckOutcome.POOR, "ultraviolet_too_dark")
    assert check_ultraviolet({}, None).code == "no_ultraviolet_picture"


def test_brightened_paper_is_found_without_a_picture_in_white_light(specimen):
    page = specimen(forgery=Forgery.PHOTOCOPY)
    found = check_ultraviolet({UV: page.pages[UV]}, None)
    assert found.outcome is CheckOutcome.SUSPICIOUS
