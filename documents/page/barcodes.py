"""Two-dimensional codes on a page, read by ZXing.

Only the matrix codes that travel documents carry are searched for; what they hold is for
`documents.seals` to understand. Bounded in work by the size of the picture, not in time: a caller
that has a deadline calls from a process that can be killed.
"""

from __future__ import annotations

import cv2
import numpy as np

from documents.page.results import RGB, Barcode, BarcodeKind

# The finest module that 9303-13 allows is 0.25 mm or so: 3 pixels at 300 dots per inch, and a
# TD3 page has 1,480 pixels there. Larger pictures are shrunk.
_LONGEST_SIDE = 2_400
_MOST_CODES = 8


def read_barcodes(rgb: RGB) -> tuple[Barcode, ...]:
    """Return the codes of a picture that pass their error correction, in any orientation.

    At most eight, largest first; none for what is no picture.
    """
    import zxingcpp

    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or min(rgb.shape[:2]) < 16:
        return ()
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    factor = min(_LONGEST_SIDE / max(gray.shape), 1.0)
    if factor < 1.0:
        size = tuple(max(round(side * factor), 1) for side in gray.shape[::-1])
        gray = cv2.resize(gray, (size[0], size[1]), interpolation=cv2.INTER_AREA)
    formats = zxingcpp.BarcodeFormat
    kinds = {
        formats.PDF417: BarcodeKind.PDF417,
        formats.QRCode: BarcodeKind.QR,
        formats.DataMatrix: BarcodeKind.DATA_MATRIX,
        formats.Aztec: BarcodeKind.AZTEC,
    }
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(gray),
        formats=zxingcpp.BarcodeFormats(list(kinds)),
        try_invert=False,
    )
    codes: list[tuple[float, Barcode]] = []
    for code in found:
        kind = kinds.get(code.symbology)
        if kind is None or not code.valid:
            continue
        place = code.position
        points = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
        corners = np.array([(p.x, p.y) for p in points], np.float32) / np.float32(factor)
        area = abs(float(cv2.contourArea(corners)))
        codes.append((area, Barcode(kind, bytes(code.bytes), corners)))
    codes.sort(key=lambda pair: -pair[0])
    return tuple(code for _, code in codes[:_MOST_CODES])
