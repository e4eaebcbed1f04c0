"""Everything about a page that is quick enough to be asked while a traveler waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

from documents.mrz.reader.results import MRZScan
from documents.page.barcodes import read_barcodes
from documents.page.colour import check_colours
from documents.page.geometry import gray_of, place_of
from documents.page.infrared import check_infrared
from documents.page.portrait import FaceFinder, find_portrait
from documents.page.quality import (
    check_cut_off,
    check_glare,
    check_resolution,
    check_sharpness,
)
from documents.page.results import (
    RGB,
    Barcode,
    Light,
    PageCheck,
    PageExamination,
    PageFinding,
    Portrait,
    not_measured,
)
from documents.page.ultraviolet import check_ultraviolet

__all__ = ["FaceFinder", "examine_page"]

_LEAST_SIDE = 16

_OF_WHITE = (
    PageCheck.COLOURED,
    PageCheck.RESOLUTION,
    PageCheck.SHARPNESS,
    PageCheck.GLARE,
    PageCheck.CUT_OFF,
    PageCheck.PORTRAIT_FOUND,
)


def examine_page(
    pages: Mapping[Light, RGB],
    scans: Mapping[Light, MRZScan],
    *,
    deadline: float,
    find_faces: FaceFinder | None = None,
) -> PageExamination:
    """Look at one page in the lights that there are; never raises on a picture.

    pages: pictures of one page, RGB uint8, taken by one camera from one place. scans: what
    reading the zone of each came to. deadline: of `time.monotonic`, seconds; checks that it
    leaves no time for are `not_measured` with the code `out_of_time`, and barcodes are not
    looked for. find_faces: makes finding the portrait sure; without it the layout is asked.

    The checks come in one order: lights, colours, quality, portrait; one finding each.
    """
    pages = {light: page for light, page in pages.items() if _is_picture(page)}
    white, scan = pages.get(Light.WHITE), scans.get(Light.WHITE)
    place = place_of(scan)
    findings: list[PageFinding] = []
    portrait: Portrait | None = None
    barcodes: tuple[Barcode, ...] = ()

    def ask(check: PageCheck, question: Callable[[], PageFinding]) -> None:
        late = time.monotonic() >= deadline
        findings.append(not_measured(check, "out_of_time") if late else question())

    ask(PageCheck.MRZ_IN_INFRARED, lambda: check_infrared(pages, scans))
    ask(
        PageCheck.DULL_UNDER_ULTRAVIOLET,
        lambda: check_ultraviolet(pages, place if white is not None else None),
    )
    if white is None:
        findings.extend(not_measured(check, "no_white_picture") for check in _OF_WHITE)
        return PageExamination(tuple(findings))
    page, gray = white, gray_of(white)
    ask(PageCheck.COLOURED, lambda: check_colours(page, place))
    ask(PageCheck.RESOLUTION, lambda: check_resolution(place))
    ask(PageCheck.SHARPNESS, lambda: check_sharpness(gray, scan, place))
    ask(PageCheck.GLARE, lambda: check_glare(page, gray, scan, place))
    ask(PageCheck.CUT_OFF, lambda: check_cut_off(page, place))

    def seek() -> PageFinding:
        nonlocal portrait
        finding, portrait = find_portrait(page, scan, place, find_faces)
        return finding

    ask(PageCheck.PORTRAIT_FOUND, seek)
    if time.monotonic() < deadline:
        barcodes = read_barcodes(white)
    return PageExamination(tuple(findings), portrait, barcodes)


def _is_picture(page: RGB) -> bool:
    return (
        page.ndim == 3
        and page.shape[2] == 3
        and page.dtype == np.uint8
        and min(page.shape[:2]) >= _LEAST_SIDE
    )
