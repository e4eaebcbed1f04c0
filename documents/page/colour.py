"""Has the page colours?

Genuine pages are printed in several colours: background prints change hue across the page and
the portrait is in colour. A copy from a black and white machine has one hue, that of paper and
light. Measured as the spread of the colour axes a and b of CIE L*a*b* over the page; light alone
moves their mean, not their spread.
"""

from __future__ import annotations

import cv2
import numpy as np

from documents.page.geometry import PagePlace, clip, cut
from documents.page.results import (
    RGB,
    CheckOutcome,
    PageCheck,
    PageFinding,
    not_measured,
)

# CIELAB units. A difference of 2.3 is just noticeable side by side.
_COPY = 0.8
_COLOURED = 2.0
_PX_PER_MM = 1.0


def check_colours(white: RGB, place: PagePlace | None) -> PageFinding:
    """Look for colours on the page; value: their spread, CIELAB units.

    A picture from a grey camera, its three channels equal, says nothing.
    """
    check = PageCheck.COLOURED
    if place is None:
        return not_measured(check, "no_mrz_to_measure_by")
    box = clip(place, (2.0, 2.0, place.size.width - 4.0, place.size.height - 4.0), white)
    width, height = (max(round(v * _PX_PER_MM), 8) for v in box[2:])
    page = cut(white, place.corners(box), width, height)
    if int(np.ptp(page, axis=2).max()) <= 1:
        return not_measured(check, "picture_without_colour")
    lab = cv2.cvtColor(page.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    # A hundredth is left out at either end: a coloured speck or a thumb is no print.
    spread = float(
        max(np.subtract(*np.percentile(lab[..., axis], (95, 5))) / (2 * 1.645) for axis in (1, 2))
    )
    if spread >= _COLOURED:
        return PageFinding(check, CheckOutcome.PASSED, 0.9, "page_coloured", spread)
    if spread >= _COPY:
        return PageFinding(check, CheckOutcome.NOT_MEASURED, 0.0, "colours_faint", spread)
    return PageFinding(check, CheckOutcome.SUSPICIOUS, 0.6, "page_without_colour", spread)
