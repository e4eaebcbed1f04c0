"""The whole look at a page: one finding each, total, in time."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from documents.mrz.reader.results import Character, MRZScan, ScannedLine, ScanStatus
from documents.page import CheckOutcome, Light, PageCheck, examine_page
from documents.page.geometry import place_of
from simulators.documents import DocumentKind, Forgery

CHECKS = [
    PageCheck.MRZ_IN_INFRARED,
    PageCheck.DULL_UNDER_ULTRAVIOLET,
    PageCheck.COLOURED,
    PageCheck.RESOLUTION,
    PageCheck.SHARPNESS,
    PageCheck.GLARE,
    PageCheck.CUT_OFF,
    PageCheck.PORTRAIT_FOUND,
]


def later():
    return time.monotonic() + 60


def test_a_genuine_passport_passes_everything(specimen):
    page = specimen()
    found = examine_page(page.pages, page.scans, deadline=later())
    assert [finding.check for finding in found.findings] == CHECKS
    assert {finding.outcome for finding in found.findings} == {CheckOutcome.PASSED}
    assert found.portrait is not None
    assert found.suspicious == ()


@pytest.mark.parametrize("forgery", [Forgery.ALTERED_DIGIT, Forgery.PHOTOCOPY])
def test_a_forged_card_is_suspicious(specimen, forgery):
    page = specimen(DocumentKind.NEXUS, forgery=forgery)
    assert examine_page(page.pages, page.scans, deadline=later()).suspicious


def test_after_the_deadline_nothing_is_looked_at(specimen):
    page = specimen()
    found = examine_page(page.pages, page.scans, deadline=time.monotonic() - 1)
    assert [finding.check for finding in found.findings] == CHECKS
    assert {finding.code for finding in found.findings} == {"out_of_time"}
    assert {finding.outcome for finding in found.findings} == {CheckOutcome.NOT_MEASURED}
    assert (found.portrait, found.barcodes) == (None, ())


def test_without_white_light_the_other_lights_are_still_looked_at(specimen):
    page = specimen(DocumentKind.NEXUS, forgery=Forgery.PHOTOCOPY)
    pages = {Light.ULTRAVIOLET: page.pages[Light.ULTRAVIOLET]}
    found = examine_page(pages, {}, deadline=later())
    assert [finding.check for finding in found.findings] == CHECKS
    assert [finding.code for finding in found.suspicious] == ["paper_brightened"]


def test_no_repr_shows_the_portrait(specimen):
    page = specimen()
    text = repr(examine_page(page.pages, page.scans, deadline=later()))
    assert "array" not in text


SHAPES = st.one_of(
    st.sampled_from([(0, 0, 3), (1, 1, 3), (15, 400, 3), (5, 5), (20, 20, 4)]),
    st.tuples(st.integers(16, 90), st.integers(16, 90), st.just(3)),
)
PICTURES = st.one_of(
    SHAPES.flatmap(
        lambda shape: arrays(
            np.uint8, shape, elements=st.integers(0, 255), fill=st.integers(0, 255)
        )
    ),
    SHAPES.map(lambda shape: np.random.default_rng(3).integers(0, 256, shape).astype(np.uint8)),
)
PLACES = arrays(
    np.float32,
    (4, 2),
    elements=st.one_of(
        st.floats(-200, 200, width=32), st.sampled_from([np.nan, np.inf, -1e5, 3e38])
    ),
)
SCANS = st.builds(
    lambda count, places: MRZScan(
        ScanStatus.READ,
        tuple(ScannedLine((Character("A", 0.9),) * count, place) for place in places),
    ),
    st.sampled_from([0, 1, 30, 36, 44]),
    st.lists(PLACES, max_size=3),
)


@settings(max_examples=40)
@given(
    st.dictionaries(st.sampled_from(list(Light)), PICTURES),
    st.dictionaries(st.sampled_from(list(Light)), SCANS),
)
def test_no_picture_and_no_scan_raise(pages, scans):
    found = examine_page(pages, scans, deadline=later())
    assert [finding.check for finding in found.findings] == CHECKS
    assert all(0 <= finding.confidence <= 1 for finding in found.findings)


def test_impossible_corners_have_no_place():
    for corners in (np.zeros((4, 2)), np.full((4, 2), np.nan), np.full((4, 2), 1e30)):
        line = ScannedLine((Character("A", 0.9),) * 30, corners.astype(np.float32))
        assert place_of(MRZScan(ScanStatus.READ, (line,) * 3)) is None
