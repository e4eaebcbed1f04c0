"""The portrait: found by a finder or by the layout, upright, whole; or said not to be there."""

import numpy as np
import pytest

from documents.page import CheckOutcome, Light
from documents.page.geometry import gray_of, place_of
from documents.page.portrait import find_portrait
from simulators.documents import Condition, DocumentKind

W = Light.WHITE


def of(page):
    return page.pages[W], page.scans[W], place_of(page.scans[W])


def overlap(corners, wanted):
    (ax0, ay0), (ax1, ay1) = corners.min(axis=0), corners.max(axis=0)
    (bx0, by0), (bx1, by1) = wanted.min(axis=0), wanted.max(axis=0)
    both = max(min(ax1, bx1) - max(ax0, bx0), 0) * max(min(ay1, by1) - max(ay0, by0), 0)
    return both / ((ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - both)


@pytest.mark.parametrize("condition", [None, Condition(tilt=6)])
def test_the_layout_and_skin_find_the_portrait(specimen, condition):
    page = specimen(condition=condition)
    found, portrait = find_portrait(*of(page), None)
    assert found.outcome is CheckOutcome.PASSED
    assert found.confidence < 0.8  # never as sure as a face
    assert portrait is not None
    assert overlap(portrait.corners, page.rendered[W].portrait_corners) > 0.4
    assert portrait.crop.shape[0] > portrait.crop.shape[1]


def test_the_crop_of_a_turned_page_is_upright(specimen, scanned):
    page = specimen()
    rendered = page.rendered[W]
    turned = np.ascontiguousarray(np.rot90(rendered.rgb, 2))
    size = np.array(rendered.rgb.shape[1::-1], np.float32)
    scan = scanned(rendered.lines, size - 1 - rendered.line_corners)
    _, upright = find_portrait(*of(page), None)
    _, portrait = find_portrait(turned, scan, place_of(scan), None)
    assert portrait is not None
    assert upright is not None
    assert portrait.crop.shape == upright.crop.shape
    difference = gray_of(portrait.crop).astype(int) - gray_of(upright.crop)
    assert np.abs(difference).mean() < 4


def test_a_finder_is_asked_and_the_largest_face_is_the_holders(specimen):
    page = specimen()
    white, scan, place = of(page)
    shown = []

    def find_faces(view):
        shown.append(view)
        scale = view.shape[1] / place.size.width
        return [
            (104 * scale, 44 * scale, 8 * scale, 8 * scale),
            (15 * scale, 25 * scale, 17 * scale, 17 * scale),
        ]

    found, portrait = find_portrait(white, scan, place, find_faces)
    assert (found.outcome, found.code) == (CheckOutcome.PASSED, "face_found")
    assert portrait is not None
    assert overlap(portrait.corners, page.rendered[W].portrait_corners) > 0.4
    assert shown[0].shape[0] < 75 / place.size.width * shown[0].shape[1]  # not the zone


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [(DocumentKind.PASSPORT, CheckOutcome.POOR), (DocumentKind.NEXUS, CheckOutcome.NOT_MEASURED)],
)
def test_no_face_is_told_by_what_the_document_must_have(specimen, kind, outcome):
    found, portrait = find_portrait(*of(specimen(kind)), lambda view: [])
    assert (found.outcome, portrait) == (outcome, None)


def test_a_finder_works_without_a_zone_and_wild_boxes_are_ignored(specimen):
    white = specimen().pages[W]
    wild = [(float("nan"), 0, 50, 50), (0, 0, 2, 2)]
    found, portrait = find_portrait(white, None, None, lambda view: wild)
    assert (found.outcome, portrait) == (CheckOutcome.NOT_MEASURED, None)
    edge = [(-40.0, -40.0, 120.0, 120.0)]
    found, portrait = find_portrait(white, None, None, lambda view: edge)
    assert found.outcome is CheckOutcome.PASSED
    assert portrait is not None
    assert portrait.corners.min() >= 0


def test_a_blank_page_has_no_portrait(specimen):
    page = specimen()
    blank = np.full_like(page.pages[W], 225)
    scan = page.scans[W]
    found, portrait = find_portrait(blank, scan, place_of(scan), None)
    assert (found.outcome, portrait) == (CheckOutcome.POOR, None)
