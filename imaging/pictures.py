"""Untrusted bytes become an upright picture, in colour or grey, or the reason why not.

JPEG and PNG, told by their signature; from files of one's own also BMP and WebP. The container
is walked before any decoder runs: dimensions are read from the header, so that a bomb is refused
before memory is asked for, and a file without its end is refused instead of being decoded into a
half-grey page or face.

Sources: JPEG ITU-T T.81 annex B; PNG (third edition) sections 5 and 11; Exif orientation is
applied by the decoder.
"""

import re
import struct
import zlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.results import GrayPicture, PictureFault, RGBPicture
from imaging.scanner_formats import BMP_SIGNATURE, RIFF_SIGNATURE, bmp_size, webp_size

__all__ = [
    "MAX_BYTES",
    "MAX_FILE_BYTES",
    "MAX_JPEG_SCANS",
    "MAX_PIXELS",
    "MAX_SIDE_PX",
    "MIN_SIDE_PX",
    "GrayPicture",
    "PictureFault",
    "RGBPicture",
    "decode_gray",
    "decode_rgb",
]

MAX_BYTES = 8_000_000
MAX_FILE_BYTES = 40_000_000
"""Of a file of one's own: 12 million pixels, uncompressed."""
MAX_PIXELS = 24_000_000
MAX_SIDE_PX = 8_192
MIN_SIDE_PX = 64
# A progressive file has about ten scans. Each scan costs a pass over the whole picture, so a
# small file with thousands of them is a bomb that its dimensions do not show.
MAX_JPEG_SCANS = 64

_JPEG_SIGNATURE = b"\xff\xd8\xff"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

# What a picture is made of (PNG section 5.6), with its transparency and its orientation. Everything
# else is left out before decoding: colours are taken as sRGB whatever a profile says, and nine
# hundred compressed comments cost half a minute of unpacking.
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IDAT", b"IEND"})
# Bit 5 of the first letter; a decoder must understand chunks without it (section 5.4).
_PNG_ANCILLARY = 0x20

# T.81 table B.1. Supported: baseline, extended sequential and progressive, Huffman-coded.
_SOF_SUPPORTED = frozenset({0xC0, 0xC1, 0xC2})
_SOF_ALL = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SOS, _EOI, _TEM = 0xDA, 0xD9, 0x01
_RST = range(0xD0, 0xD8)
# The next marker inside entropy-coded data: FF not followed by a stuffed 00, RSTn or fill FF.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclass(frozen=True, slots=True)
class _Dimensions:
    """Width and height in pixels as the header states them, before Exif orientation."""

    width: int
    height: int


class _RefusedError(Exception):
    """Carries the fault from where it is found to `_decoded`."""

    def __init__(self, fault: PictureFault) -> None:
        super().__init__(fault)
        self.fault = fault


def decode_rgb(data: bytes, *, own_file: bool = False) -> RGBPicture | PictureFault:
    """Decode JPEG or PNG bytes to shape (height, width, 3), uint8, RGB, upright.

    own_file: whether the bytes are a file that the user named, not what somebody sent: then BMP
        and WebP are read too, and up to `MAX_FILE_BYTES`.

    Grey, CMYK, alpha and 16-bit pictures are converted (alpha is dropped). Never raises for
    what the bytes are. Sets OpenCV's process-wide log level to silent: what it would print is
    what the returned fault says.

    Memory is bounded by the limits of this module (some 300 MB for 24 million pixels of 16 bits).
    Time is not: image data that unpacks to more than the picture takes seconds to skip, so that
    pictures from strangers belong into a process that a deadline can kill.
    """
    return _decoded(data, cv2.IMREAD_COLOR_RGB, own_file)


def decode_gray(data: bytes, *, own_file: bool = False) -> GrayPicture | PictureFault:
    """Decode JPEG or PNG bytes to shape (height, width), uint8, upright.

    Colours become their luma (ITU-R BT.601); for the rest see `decode_rgb`. A JPEG decodes
    faster than in colour, since its luma is a plane of its own.
    """
    return _decoded(data, cv2.IMREAD_GRAYSCALE, own_file)


def _decoded(data: bytes, how: int, own_file: bool) -> NDArray[np.uint8] | PictureFault:
    try:
        stated, data = _checked(data, own_file)
    except _RefusedError as refused:
        return refused.fault
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), how)
    except cv2.error:
        picture = None
    # Orientation may swap the sides; any other difference means that the decoder read another
    # picture than the one whose header was checked.
    if picture is None or sorted(picture.shape[:2]) != sorted((stated.width, stated.height)):
        return PictureFault.NOT_DECODABLE
    return np.ascontiguousarray(picture, dtype=np.uint8)


def _checked(data: bytes, own_file: bool) -> tuple[_Dimensions, bytes]:
    """Return the stated size and what of the bytes the decoder is given."""
    if not data:
        raise _RefusedError(PictureFault.EMPTY)
    if len(data) > (MAX_FILE_BYTES if own_file else MAX_BYTES):
        raise _RefusedError(PictureFault.TOO_MANY_BYTES)
    if data.startswith(_JPEG_SIGNATURE):
        return _walk_jpeg(data), data
    if data.startswith(_PNG_SIGNATURE):
        return _walk_png(data)
    if own_file and data.startswith((BMP_SIGNATURE, RIFF_SIGNATURE)):
        size = bmp_size(data) if data.startswith(BMP_SIGNATURE) else webp_size(data)
        if isinstance(size, PictureFault):
            raise _RefusedError(size)
        return _limited(*size), data
    raise _RefusedError(PictureFault.NOT_JPEG_OR_PNG)


def _limited(width: int, height: int) -> _Dimensions:
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX:
        raise _RefusedError(PictureFault.TOO_MANY_PIXELS)
    if min(width, height) < MIN_SIDE_PX:
        raise _RefusedError(PictureFault.TOO_SMALL)
    return _Dimensions(width, height)


def _walk_jpeg(data: bytes) -> _Dimensions:
    """Follow the marker segments from SOI to EOI; bytes after EOI are ignored."""
    dimensions: _Dimensions | None = None
    scans = 0
    at = 2
    while True:
        marker, at = _jpeg_marker(data, at)
        if marker == _EOI:
            break
        if marker == _TEM or marker in _RST:
            continue  # stand-alone markers without a length
        if at + 2 > len(data):
            raise _RefusedError(PictureFault.TRUNCATED)
        (length,) = struct.unpack_from(">H", data, at)
        if length < 2:
            raise _RefusedError(PictureFault.HEADER_MALFORMED)
        segment = data[at + 2 : at + length]
        at += length
        if at > len(data):
            raise _RefusedError(PictureFault.TRUNCATED)
        if marker in _SOF_ALL:
            if dimensions is not None:
                raise _RefusedError(PictureFault.HEADER_MALFORMED)
            dimensions = _jpeg_frame(marker, segment)
        elif marker == _SOS:
            scans += 1
            if dimensions is None or scans > MAX_JPEG_SCANS:
                raise _RefusedError(PictureFault.HEADER_MALFORMED)
            following = _NEXT_MARKER.search(data, at)
            if following is None:
                raise _RefusedError(PictureFault.TRUNCATED)
            at = following.start()
    if dimensions is None or scans == 0:
        raise _RefusedError(PictureFault.HEADER_MALFORMED)
    return dimensions


def _jpeg_marker(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker code at `at` (after any fill bytes) and the offset behind it."""
    if at >= len(data):
        raise _RefusedError(PictureFault.TRUNCATED)
    if data[at] != 0xFF:
        raise _RefusedError(PictureFault.HEADER_MALFORMED)
    while at < len(data) and data[at] == 0xFF:
        at += 1
    if at >= len(data):
        raise _RefusedError(PictureFault.TRUNCATED)
    return data[at], at + 1


def _jpeg_frame(marker: int, segment: bytes) -> _Dimensions:
    if marker not in _SOF_SUPPORTED:
        raise _RefusedError(PictureFault.KIND_NOT_SUPPORTED)
    if len(segment) < 6:
        raise _RefusedError(PictureFault.HEADER_MALFORMED)
    precision, height, width, components = struct.unpack_from(">BHHB", segment)
    if precision != 8 or components not in (1, 3, 4):
        raise _RefusedError(PictureFault.KIND_NOT_SUPPORTED)
    return _limited(width, height)


def _walk_png(data: bytes) -> tuple[_Dimensions, bytes]:
    """Follow the chunks from IHDR to IEND, checking every CRC, and keep what makes the picture."""
    dimensions: _Dimensions | None = None
    kept = [_PNG_SIGNATURE]
    pixels = False
    at = len(_PNG_SIGNATURE)
    while True:
        if at + 12 > len(data):
            raise _RefusedError(PictureFault.TRUNCATED)
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        # IHDR is judged before the length of anything else is believed.
        if dimensions is None:
            if kind != b"IHDR" or length != 13:
                raise _RefusedError(PictureFault.HEADER_MALFORMED)
            if end > len(data):
                raise _RefusedError(PictureFault.TRUNCATED)
            width, height = struct.unpack_from(">II", data, at + 8)
            dimensions = _limited(width, height)
        elif kind == b"IHDR":
            raise _RefusedError(PictureFault.HEADER_MALFORMED)
        if end > len(data):
            raise _RefusedError(PictureFault.TRUNCATED)
        (crc,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(memoryview(data)[at + 4 : end - 4]) != crc:
            raise _RefusedError(PictureFault.NOT_DECODABLE)
        if kind == b"acTL":
            raise _RefusedError(PictureFault.ANIMATED)
        if kind in _PNG_KEPT:
            kept.append(data[at:end])
        elif not kind[0] & _PNG_ANCILLARY:
            raise _RefusedError(PictureFault.KIND_NOT_SUPPORTED)
        if kind == b"IDAT":
            pixels = True
        if kind == b"IEND":
            break
        at = end
    if not pixels:
        raise _RefusedError(PictureFault.HEADER_MALFORMED)
    return dimensions, b"".join(kept)
