"""Has the page colours?

Genuine pages are printed in several colours: background prints change hue across the page and
the portrait is in colour. A copy from a black and white machine has one hue, that of its paper
under this lamp. Measured as the spread of the logarithms of red over green and blue over green: a
lamp's colour is a factor to each channel, which moves their mean and not their spread.
"""

from __future__ import annotations

import numpy as np

from documents.page.geometry import PagePlace, clip, cut
from documents.page.results import (
    RGB,
    CheckOutcome,
    PageCheck,
    PageFinding,
    not_measured,
)

# Per cent by which the ratio of two channels varies over the page.
_COPY = 1.5
_COLOURED = 3.0
_PX_PER_MM = 1.0
# Darker pixels are noise and the camera's black level, 0 to 255.
_LEAST_LIGHT = 48


def check_colours(white: RGB, place: PagePlace | None) -> PageFinding:
    """Look for colours on the page; value: the spread of the channels' ratios, per cent.

    A picture from a grey camera, its three channels equal, says nothing.
    """
    check = PageCheck.COLOURED
    if place is None:
        return not_measured(check, "no_mrz_to_measure_by")
    box = clip(place, (2.0, 2.0, place.size.width - 4.0, place.size.height - 4.0), white)
    width, height = (max(round(v * _PX_PER_MM), 8) for v in box[2:])
    page = cut(white, place.corners(box), width, height).reshape(-1, 3)
    if int(np.ptp(page, axis=1).max()) <= 1:
        return not_measured(check, "picture_without_colour")
    # Where a channel is full the others go on, which would look like a colour.
    told = page[(page.min(axis=1) >= _LEAST_LIGHT) & (page.max(axis=1) < 254)]
    if len(told) < len(page) // 4:
        return not_measured(check, "picture_badly_exposed")
    logs = np.log(told.astype(np.float64))
    # A twentieth is left out at either end: a coloured speck or a thumb is no print.
    spread = max(
        100 * float(np.subtract(*np.percentile(logs[:, channel] - logs[:, 1], (95, 5)))) / 3.29
        for channel in (0, 2)
    )
    if spread >= _COLOURED:
        return PageFinding(check, CheckOutcome.PASSED, 0.9, "page_coloured", spread)
    if spread >= _COPY:
        return PageFinding(check, CheckOutcome.NOT_MEASURED, 0.0, "colours_faint", spread)
    return PageFinding(check, CheckOutcome.SUSPICIOUS, 0.6, "page_without_colour", spread)
