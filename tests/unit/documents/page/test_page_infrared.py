"""The zone in infrared: there, the same, whole; and what must raise no suspicion."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from documents.mrz.reader.results import Character, MRZScan, ScanStatus
from documents.page import CheckOutcome, Light
from documents.page.infrared import check_infrared
from simulators.documents import Condition, DocumentKind, Forgery

W, IR = Light.WHITE, Light.INFRARED
NO_MRZ = MRZScan(ScanStatus.NO_MRZ)


def with_character(scan, line, column, character):
    characters = list(scan.lines[line].characters)
    characters[column] = character
    lines = list(scan.lines)
    lines[line] = replace(lines[line], characters=tuple(characters))
    return replace(scan, lines=tuple(lines))


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        (DocumentKind.PASSPORT, None),
        (DocumentKind.NEXUS, Condition(wear=0.8)),
        (DocumentKind.NEXUS, Condition(glare=0.9)),
        (DocumentKind.NEXUS, Condition(tilt=5, blur=1.5)),
    ],
)
def test_a_genuine_page_is_the_same_in_infrared(specimen, kind, condition):
    page = specimen(kind, condition=condition)
    found = check_infrared(page.pages, page.scans)
    assert (found.outcome, found.code) == (CheckOutcome.PASSED, "mrz_same_in_infrared")


@pytest.mark.parametrize("kind", [DocumentKind.PASSPORT, DocumentKind.NEXUS])
def test_a_digit_printed_anew_without_carbon_is_missing(specimen, kind):
    page = specimen(kind, forgery=Forgery.ALTERED_DIGIT)
    found = check_infrared(page.pages, page.scans)
    assert (found.outcome, found.code) == (
        CheckOutcome.SUSPICIOUS,
        "characters_missing_in_infrared",
    )
    assert found.value == 1
    # The same when the reader makes nothing of the gap.
    found = check_infrared(page.pages, {**page.scans, IR: NO_MRZ})
    assert found.code == "characters_missing_in_infrared"


def test_a_zone_that_is_not_there_is_suspicious(specimen):
    page = specimen()
    blank = page.pages[IR].copy()
    blank[round(0.7 * len(blank)) :] = 215
    found = check_infrared({**page.pages, IR: blank}, {**page.scans, IR: NO_MRZ})
    assert (found.outcome, found.code) == (CheckOutcome.SUSPICIOUS, "mrz_missing_in_infrared")
    assert found.confidence > 0.8


def test_a_zone_that_is_there_and_was_not_read_is_a_poor_picture(specimen):
    page = specimen()
    found = check_infrared(page.pages, {**page.scans, IR: NO_MRZ})
    assert (found.outcome, found.code) == (CheckOutcome.POOR, "mrz_unread_in_infrared")


def test_the_pictures_may_have_two_sizes_and_be_a_little_apart(specimen):
    page = specimen()
    moved = np.roll(page.pages[IR], (3, -4), axis=(0, 1))
    smaller = cv2.resize(moved, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    found = check_infrared({**page.pages, IR: smaller}, {**page.scans, IR: NO_MRZ})
    assert found.code == "mrz_unread_in_infrared"
    forged = specimen(forgery=Forgery.ALTERED_DIGIT)
    smaller = cv2.resize(forged.pages[IR], None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    found = check_infrared({**forged.pages, IR: smaller}, forged.scans)
    assert found.code == "characters_missing_in_infrared"


def test_a_lamp_that_did_not_burn_says_nothing_about_the_document(specimen):
    page = specimen()
    dark = (page.pages[IR] * 0.1).astype(np.uint8)
    found = check_infrared({**page.pages, IR: dark}, {**page.scans, IR: NO_MRZ})
    assert (found.outcome, found.code) == (CheckOutcome.POOR, "infrared_too_dark")


def test_another_character_that_both_are_sure_of_is_suspicious(specimen):
    page = specimen()
    other = with_character(page.scans[IR], 1, 4, Character("9", 0.99))
    found = check_infrared(page.pages, {**page.scans, IR: other})
    assert (found.outcome, found.code, found.value) == (
        CheckOutcome.SUSPICIOUS,
        "mrz_differs_in_infrared",
        1,
    )


@pytest.mark.parametrize(
    "character", [Character("9", 0.6), Character("9", 0.95, (("4", 0.04), ("5", 0.01)))]
)
def test_another_character_that_may_be_the_same_is_none(specimen, character):
    page = specimen()
    assert page.scans[W].texts[1][4] == "4"
    other = with_character(page.scans[IR], 1, 4, character)
    found = check_infrared(page.pages, {**page.scans, IR: other})
    assert (found.outcome, found.code) == (CheckOutcome.PASSED, "mrz_nearly_same_in_infrared")


def test_a_line_read_one_place_to_the_side_is_no_forgery(specimen):
    page = specimen()
    other = page.scans[IR]
    for column, char in enumerate("<" + other.texts[1][:-1]):
        other = with_character(other, 1, column, Character(char, 0.95))
    other = replace(other, accepted=False)
    found = check_infrared(page.pages, {**page.scans, IR: other})
    assert (found.outcome, found.code) == (CheckOutcome.NOT_MEASURED, "mrz_unclear_in_infrared")


def test_what_was_not_looked_at_is_not_measured(specimen):
    page = specimen()
    late = MRZScan(ScanStatus.OUT_OF_TIME)
    cases = {
        "no_infrared_picture": ({W: page.pages[W]}, page.scans),
        "infrared_not_searched": (page.pages, {**page.scans, IR: late}),
        "no_mrz_in_either_light": (page.pages, {W: NO_MRZ, IR: NO_MRZ}),
    }
    for code, given in cases.items():
        found = check_infrared(*given)
        assert (found.outcome, found.code) == (CheckOutcome.NOT_MEASURED, code)
    only = check_infrared(page.pages, {W: NO_MRZ, IR: page.scans[IR]})
    assert (only.outcome, only.code) == (CheckOutcome.PASSED, "mrz_only_in_infrared")
