"""BMP and WebP: read from one's own files alone, and never past what their headers state."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imaging.pictures import decode_gray, decode_rgb
from imaging.results import PictureFault

WIDTH, HEIGHT = 90, 70


def encoded(kind: str, mode: str = "RGB", **options: object) -> bytes:
    ramp = np.tile(np.linspace(0, 250, WIDTH, dtype=np.uint8), (HEIGHT, 1))
    image = Image.fromarray(np.dstack([ramp, ramp, ramp])).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


FILES = {
    "bmp": encoded("BMP"),
    "bmp grey": encoded("BMP", "L"),
    "webp": encoded("WEBP", quality=90),
    "webp lossless": encoded("WEBP", lossless=True),
    "webp alpha": encoded("WEBP", "RGBA", exact=True),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_ones_own_is_read(name: str) -> None:
    picture = decode_rgb(FILES[name], own_file=True)
    assert isinstance(picture, np.ndarray)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert abs(int(picture[:, -1].mean()) - 250) < 8
    assert picture[:, 0].mean() < 8


@pytest.mark.parametrize("name", FILES)
def test_what_somebody_sends_is_not(name: str) -> None:
    assert decode_rgb(FILES[name]) is PictureFault.NOT_JPEG_OR_PNG


@pytest.mark.parametrize("name", FILES)
def test_a_file_without_its_end_is_refused(name: str) -> None:
    assert decode_gray(FILES[name][:-8], own_file=True) is PictureFault.TRUNCATED


def test_a_bitmap_that_states_more_than_it_may_is_refused_before_decoding() -> None:
    huge = bytearray(FILES["bmp"])
    struct.pack_into("<ii", huge, 18, 60_000, 60_000)
    assert decode_gray(bytes(huge), own_file=True) is PictureFault.TRUNCATED
    extended = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\xff\x00" * 2
    body = b"WEBP" + extended
    data = b"RIFF" + struct.pack("<I", len(body)) + body
    assert decode_gray(data, own_file=True) is PictureFault.TOO_MANY_PIXELS


def test_an_animation_is_refused() -> None:
    frames = [Image.new("RGB", (80, 80), colour) for colour in ("red", "blue")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:])
    assert decode_gray(buffer.getvalue(), own_file=True) is PictureFault.ANIMATED


def test_a_compressed_bitmap_is_refused() -> None:
    packed = bytearray(FILES["bmp grey"])
    struct.pack_into("<I", packed, 30, 1)  # run-length encoding
    assert decode_gray(bytes(packed), own_file=True) is PictureFault.KIND_NOT_SUPPORTED


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_no_damage_raises(name: str, data: st.DataObject) -> None:
    damaged = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(len(damaged), 80) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    found = decode_gray(bytes(damaged), own_file=True)
    assert isinstance(found, PictureFault | np.ndarray)
