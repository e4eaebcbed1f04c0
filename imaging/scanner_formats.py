"""BMP and WebP headers: what scanners' programs and the web leave on disks.

Read where somebody names a file of their own; no device and no client of the service sends them.

Sources: BITMAPINFOHEADER and its successors as Windows documents them (uncompressed pixels only);
WebP container, RFC 9649 section 2.
"""

from __future__ import annotations

import struct

from imaging.results import PictureFault

BMP_SIGNATURE = b"BM"
RIFF_SIGNATURE = b"RIFF"

_BMP_HEADER_BYTES = 14
_INFO_SIZES = frozenset({40, 52, 56, 108, 124})
_UNCOMPRESSED, _BIT_FIELDS = 0, 3
_BMP_DEPTHS = frozenset({8, 24, 32})
_ANIMATED = 0x02
_VP8_START = b"\x9d\x01\x2a"
_VP8L_SIGNATURE = 0x2F


def bmp_size(data: bytes) -> tuple[int, int] | PictureFault:
    """Return width and height that a bitmap states, having checked that its pixels are there."""
    if len(data) < _BMP_HEADER_BYTES + 40:
        return PictureFault.TRUNCATED
    (offset,) = struct.unpack_from("<I", data, 10)
    size, width, height, planes, depth, packing = struct.unpack_from("<IiiHHI", data, 14)
    if size not in _INFO_SIZES or planes != 1 or width <= 0 or height == 0:
        return PictureFault.HEADER_MALFORMED
    if depth not in _BMP_DEPTHS or packing not in (_UNCOMPRESSED, _BIT_FIELDS):
        return PictureFault.KIND_NOT_SUPPORTED
    row = (width * depth + 31) // 32 * 4
    if offset < _BMP_HEADER_BYTES + size:
        return PictureFault.HEADER_MALFORMED
    if offset + row * abs(height) > len(data):
        return PictureFault.TRUNCATED
    return width, abs(height)


def webp_size(data: bytes) -> tuple[int, int] | PictureFault:
    """Return width and height that a WebP file states; an animation is refused."""
    if len(data) < 30:
        return PictureFault.TRUNCATED
    if data[8:12] != b"WEBP":
        return PictureFault.NOT_JPEG_OR_PNG
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        return PictureFault.TRUNCATED
    kind = data[12:16]
    if kind == b"VP8X":
        if data[20] & _ANIMATED:
            return PictureFault.ANIMATED
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if kind == b"VP8L" and data[20] == _VP8L_SIGNATURE:
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and data[23:26] == _VP8_START:
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return PictureFault.HEADER_MALFORMED
