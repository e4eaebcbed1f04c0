"""Resolution, blur, glare and cut-off pages, and colours; measured in units of the page."""

import cv2
import numpy as np
import pytest

from documents.page import CheckOutcome, Light
from documents.page.colour import check_colours
from documents.page.geometry import gray_of, place_of
from documents.page.quality import (
    check_cut_off,
    check_glare,
    check_resolution,
    check_sharpness,
)
from simulators.documents import Condition, DocumentKind, Forgery

W = Light.WHITE


def of(page):
    return page.pages[W], page.scans[W], place_of(page.scans[W])


@pytest.mark.parametrize("px_per_mm", [4.0, 8.0, 12.0])
def test_characters_tell_the_resolution(specimen, px_per_mm):
    _, _, place = of(specimen(DocumentKind.NEXUS, px_per_mm=px_per_mm))
    found = check_resolution(place)
    assert found.value == pytest.approx(px_per_mm * 25.4, rel=0.01)
    assert (found.outcome is CheckOutcome.POOR) == (px_per_mm == 4.0)


@pytest.mark.parametrize("px_per_mm", [8.0, 12.0])
def test_blur_is_measured_in_millimetres(specimen, px_per_mm):
    white, scan, place = of(specimen(DocumentKind.NEXUS, px_per_mm=px_per_mm))
    sharp = check_sharpness(gray_of(white), scan, place)
    assert sharp.outcome is CheckOutcome.PASSED
    measured = []
    for millimetres in (0.1, 0.2, 0.5):
        blurred = cv2.GaussianBlur(white, (0, 0), millimetres * px_per_mm)
        found = check_sharpness(gray_of(blurred), scan, place)
        assert found.value is not None
        measured.append(found.value)
    assert sharp.value is not None
    assert sharp.value < measured[0] < measured[1] < measured[2]
    assert measured[:2] == pytest.approx([0.1, 0.2], abs=0.06)
    assert found.outcome is CheckOutcome.POOR


def test_noise_does_not_make_a_blurred_page_sharp(specimen):
    white, scan, place = of(specimen())
    blurred = cv2.GaussianBlur(white, (0, 0), 4.5).astype(np.float32)
    noisy = blurred + np.random.default_rng(1).normal(0, 6, white.shape)
    found = check_sharpness(gray_of(np.clip(noisy, 0, 255).astype(np.uint8)), scan, place)
    assert found.outcome is CheckOutcome.POOR


def test_a_blank_zone_has_no_edges(specimen):
    white, scan, place = of(specimen())
    found = check_sharpness(np.full(white.shape[:2], 200, np.uint8), scan, place)
    assert (found.outcome, found.code) == (CheckOutcome.NOT_MEASURED, "mrz_without_contrast")


@pytest.mark.parametrize(
    ("kind", "condition"),
    [
        (DocumentKind.PASSPORT, None),
        (DocumentKind.NEXUS, Condition(wear=0.8)),
        (DocumentKind.NEXUS, Condition(tilt=5, blur=1.5)),
    ],
)
def test_a_page_without_reflection_has_no_glare(specimen, kind, condition):
    white, scan, place = of(specimen(kind, condition=condition))
    assert check_glare(white, gray_of(white), scan, place).code == "no_glare"


def test_glare_over_characters_is_found(specimen):
    white, scan, place = of(specimen(DocumentKind.NEXUS, condition=Condition(glare=0.9)))
    found = check_glare(white, gray_of(white), scan, place)
    assert (found.outcome, found.code) == (CheckOutcome.POOR, "glare_on_mrz")


def lamp(white, centre, sigma, gain=3.0):
    """Add a reflection with a soft edge; centre and sigma in parts of the height."""
    rows, columns = white.shape[:2]
    y, x = np.mgrid[0:rows, 0:columns]
    away = np.hypot(y - centre[0] * rows, x - centre[1] * columns) / (sigma * rows)
    return np.clip(white + gain * 255 * np.exp(-(away**2) / 2)[..., None], 0, 255).astype(np.uint8)


def test_glare_elsewhere_on_the_page_is_found_and_a_white_sticker_is_not(specimen):
    white, scan, place = of(specimen())
    shone = lamp((white * 0.85).astype(np.uint8), (0.3, 0.6), 0.06)
    found = check_glare(shone, gray_of(shone), scan, place)
    assert (found.outcome, found.code) == (CheckOutcome.POOR, "glare_on_page")
    sticker = (white * 0.85).astype(np.uint8)
    sticker[100:250, 500:800] = 255
    assert check_glare(sticker, gray_of(sticker), scan, place).code == "no_glare"


def test_an_over_exposed_page_says_nothing(specimen):
    white, _, place = of(specimen())
    pale = np.clip(white.astype(int) + 60, 0, 255).astype(np.uint8)
    assert check_glare(pale, gray_of(pale), None, place).code == "picture_over_exposed"


@pytest.mark.parametrize("kind", [DocumentKind.PASSPORT, DocumentKind.NEXUS])
def test_a_whole_page_is_not_cut_off(specimen, kind):
    white, _, place = of(specimen(kind))
    assert check_cut_off(white, place).code == "page_complete"


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (np.s_[120:, :], "page_cut_off"),
        (np.s_[:, 35:], "page_complete"),  # the margin beside the zone is four millimetres wide
        (np.s_[:, 60:], "mrz_at_edge"),
        (np.s_[:, :900], "mrz_at_edge"),
        (np.s_[:620, :], "mrz_at_edge"),
    ],
)
def test_a_page_that_leaves_the_picture_is_cut_off(specimen, scanned, part, code):
    page = specimen()
    rendered = page.rendered[W]
    offset = np.array([part[1].start or 0, part[0].start or 0], np.float32)
    scan = scanned(rendered.lines, rendered.line_corners - offset)
    found = check_cut_off(rendered.rgb[part], place_of(scan))
    assert found.code == code
    assert (found.outcome is CheckOutcome.POOR) == (code != "page_complete")


def test_genuine_pages_have_colours_and_black_and_white_copies_have_not(specimen):
    for kind in (DocumentKind.PASSPORT, DocumentKind.NEXUS):
        white, _, place = of(specimen(kind))
        assert check_colours(white, place).outcome is CheckOutcome.PASSED
        copy, _, place = of(specimen(kind, forgery=Forgery.PHOTOCOPY))
        found = check_colours(copy, place)
        assert (found.outcome, found.code) == (CheckOutcome.SUSPICIOUS, "page_without_colour")


def test_a_copy_under_a_warm_lamp_is_still_without_colour(specimen):
    white, _, place = of(specimen(forgery=Forgery.PHOTOCOPY))
    warm = (white * np.array([1.0, 0.92, 0.78])).astype(np.uint8)
    assert check_colours(warm, place).outcome is CheckOutcome.SUSPICIOUS


def test_a_grey_camera_says_nothing_about_colours(specimen):
    white, _, place = of(specimen())
    gray = cv2.cvtColor(gray_of(white), cv2.COLOR_GRAY2RGB)
    assert check_colours(gray, place).code == "picture_without_colour"
