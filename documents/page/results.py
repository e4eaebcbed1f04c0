"""What looking at a page can come to.

Every type pickles, because looking happens in another process. No repr shows a picture, what a
barcode holds or where a face is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

RGB: TypeAlias = NDArray[np.uint8]
"""Shape (height, width, 3), uint8, red, green, blue, upright or not."""

Gray: TypeAlias = NDArray[np.uint8]
"""Shape (height, width), uint8, 0 black to 255 white."""

Corners: TypeAlias = NDArray[np.float32]
"""Shape (4, 2), float32, x and y in pixels: top left, top right, bottom right, bottom left."""


class Light(StrEnum):
    """What a page was lit with; infrared is the B900 band of 9303-3, ultraviolet is 365 nm."""

    WHITE = "white"
    INFRARED = "infrared"
    ULTRAVIOLET = "ultraviolet"


class PageCheck(StrEnum):
    """A question about a page."""

    MRZ_IN_INFRARED = "mrz_in_infrared"
    """Do the lines stand there in infrared too, and say the same (9303-3 section 4.5)?"""
    DULL_UNDER_ULTRAVIOLET = "dull_under_ultraviolet"
    """Is the paper free of optical brightener (9303-2, basic feature of the substrate)?"""
    COLOURED = "coloured"
    """Are there colours on the page, which a black and white copy has not?"""
    RESOLUTION = "resolution"
    SHARPNESS = "sharpness"
    GLARE = "glare"
    CUT_OFF = "cut_off"
    PORTRAIT_FOUND = "portrait_found"
    PRINTED_ZONE_AGREES = "printed_zone_agrees"
    SEAL_VALID = "seal_valid"


class CheckOutcome(StrEnum):
    """What came of a check."""

    PASSED = "passed"
    SUSPICIOUS = "suspicious"
    """It speaks against the document."""
    POOR = "poor"
    """It speaks against the picture: take it again."""
    NOT_MEASURED = "not_measured"
    """Nothing may be concluded; the code says why."""


@dataclass(frozen=True, slots=True)
class PageFinding:
    """One check of one page.

    confidence: 0 to 1, how sure the outcome is; 0 where nothing was measured.
    code: a stable reason, e.g. `mrz_missing_in_infrared`; it names no content of the page.
    value: what was measured, in the unit that the check's module states; None where nothing was.
    """

    check: PageCheck
    outcome: CheckOutcome
    confidence: float
    code: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Portrait:
    """The holder's picture on the page.

    corners: of the crop, in pixels of the white picture, in the order of the upright page.
    crop: the portrait, upright, with a margin: the input of a face engine.
    """

    corners: Corners = field(repr=False)
    crop: RGB = field(repr=False)


class BarcodeKind(StrEnum):
    """The two-dimensional codes that travel documents print."""

    PDF417 = "pdf417"
    QR = "qr"
    DATA_MATRIX = "data_matrix"
    AZTEC = "aztec"


@dataclass(frozen=True, slots=True)
class Barcode:
    """A barcode that was read whole: its bytes as stored, error correction passed.

    corners: of the code, in pixels of the picture.
    """

    kind: BarcodeKind
    data: bytes = field(repr=False)
    corners: Corners = field(repr=False)


@dataclass(frozen=True, slots=True)
class PageExamination:
    """All that was found out about a page, one finding for each check that was asked."""

    findings: tuple[PageFinding, ...]
    portrait: Portrait | None = None
    barcodes: tuple[Barcode, ...] = field(default=(), repr=False)

    @property
    def suspicious(self) -> tuple[PageFinding, ...]:
        """The findings that speak against the document."""
        return tuple(f for f in self.findings if f.outcome is CheckOutcome.SUSPICIOUS)


def not_measured(check: PageCheck, code: str) -> PageFinding:
    """Return the finding of a check that came to nothing."""
    return PageFinding(check, CheckOutcome.NOT_MEASURED, 0.0, code)
