"""Untrusted bytes: what is read, what is refused and why, and that nothing crashes."""

import io
import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image

from imaging import pictures
from imaging.pictures import decode_gray, decode_rgb
from imaging.results import PictureFault

WIDTH, HEIGHT = 160, 120


def _scene() -> Image.Image:
    """A red left half, a blue right half, a white bar at the top."""
    scene = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    scene[:, : WIDTH // 2, 0] = 200
    scene[:, WIDTH // 2 :, 2] = 200
    scene[:20] = 255
    return Image.fromarray(scene)


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _decoded(data: bytes) -> np.ndarray:
    """The picture in colour, after a look at the grey one: the same picture without colours."""
    picture, gray = decode_rgb(data), decode_gray(data)
    assert isinstance(picture, np.ndarray), picture
    assert isinstance(gray, np.ndarray), gray
    assert picture.dtype == gray.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert gray.flags.c_contiguous
    assert picture.shape == (*gray.shape, 3)
    luma = picture @ np.array([0.299, 0.587, 0.114])
    # Rounding, and in a JPEG colours that do not fit RGB.
    assert np.abs(luma - gray).mean() < 2
    assert np.abs(luma - gray).max() < 40
    return picture


def _fault(data: bytes) -> PictureFault:
    answer = decode_rgb(data)
    assert isinstance(answer, PictureFault)
    assert decode_gray(data) is answer
    return answer


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """A PNG with more chunks behind its header."""
    return png[:33] + b"".join(chunks) + png[33:]


def _png_stating(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _png_chunk(b"IHDR", header)
        + _png_chunk(b"IDAT", zlib.compress(bytes(1000)))
        + _png_chunk(b"IEND", b"")
    )


def _jpeg_stating(width: int, height: int) -> bytes:
    data = bytearray(_encoded(_scene(), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_channels_come_out_as_rgb(kind: str) -> None:
    picture = _decoded(_encoded(_scene(), kind))
    assert picture.shape == (HEIGHT, WIDTH, 3)
    red, blue = picture[80, 20], picture[80, 140]
    assert red[0] > 150 > 80 > red[2]
    assert blue[2] > 150 > 80 > blue[0]


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_grey_and_cmyk_jpegs_become_rgb(mode: str) -> None:
    picture = _decoded(_encoded(_scene().convert(mode), "JPEG"))
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture[5, 5].min() > 200  # the white bar is white in every colour space


def test_progressive_jpeg_is_read() -> None:
    assert _decoded(_encoded(_scene(), "JPEG", progressive=True)).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize("mode", ["RGBA", "P", "1", "LA"])
def test_png_colour_types_become_rgb(mode: str) -> None:
    picture = _decoded(_encoded(_scene().convert(mode), "PNG"))
    assert picture.shape == (HEIGHT, WIDTH, 3)


def test_sixteen_bit_png_is_reduced_to_eight() -> None:
    deep = Image.fromarray(np.full((HEIGHT, WIDTH), 0x8000, np.uint16))
    picture = _decoded(_encoded(deep, "PNG"))
    assert 120 <= picture.mean() <= 136


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", PictureFault.EMPTY),
        (b"a traveler went to sea\n" * 50, PictureFault.NOT_JPEG_OR_PNG),
        (b"GIF89a" + bytes(500), PictureFault.NOT_JPEG_OR_PNG),
        (b"\xff\xd8\xff", PictureFault.TRUNCATED),
        (b"\xff\xd8\xff\xe0 this is text with a JPEG's first bytes", PictureFault.TRUNCATED),
        (b"\xff\xd8\xff\xd9", PictureFault.HEADER_MALFORMED),
        (b"\x89PNG\r\n\x1a\n", PictureFault.TRUNCATED),
        (b"\x89PNG\r\n\x1a\n" + b"text " * 50, PictureFault.HEADER_MALFORMED),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, fault: PictureFault) -> None:
    assert _fault(data) is fault


@pytest.mark.parametrize("stating", [_png_stating, _jpeg_stating])
def test_bombs_are_refused_from_the_header_alone(
    stating: Callable[[int, int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_decoder(*_: object) -> None:
        raise AssertionError("a bomb reached the decoder")

    monkeypatch.setattr(pictures.cv2, "imdecode", no_decoder)
    assert _fault(stating(60_000, 60_000)) is PictureFault.TOO_MANY_PIXELS
    assert _fault(stating(20_000, 100)) is PictureFault.TOO_MANY_PIXELS
    assert _fault(stating(63, 1000)) is PictureFault.TOO_SMALL
    assert _fault(stating(1, 1)) is PictureFault.TOO_SMALL
    assert _fault(stating(1000, 0)) is PictureFault.TOO_SMALL


def test_a_stated_size_that_the_pixels_do_not_bear_out_is_refused() -> None:
    assert _fault(_png_stating(400, 300)) is PictureFault.NOT_DECODABLE


def test_too_many_bytes_are_refused_unread() -> None:
    picture = _encoded(_scene(), "PNG")
    assert _fault(picture + bytes(pictures.MAX_BYTES)) is PictureFault.TOO_MANY_BYTES


def test_a_jpeg_with_endless_scans_is_refused() -> None:
    data = _encoded(_scene(), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    last_scan = data[at:-2]
    assert _fault(data[:at] + last_scan * 100 + b"\xff\xd9") is PictureFault.HEADER_MALFORMED


def test_an_animated_png_is_refused() -> None:
    data = _encoded(_scene(), "PNG", save_all=True, append_images=[_scene().rotate(180)])
    assert _fault(data) is PictureFault.ANIMATED


def test_a_changed_byte_in_a_png_is_noticed() -> None:
    data = bytearray(_encoded(_scene(), "PNG"))
    data[data.index(b"IDAT") + 20] ^= 0xFF
    assert _fault(bytes(data)) is PictureFault.NOT_DECODABLE


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_made_upright(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = _decoded(_encoded(_scene(), kind, exif=exif))
    assert picture.shape[:2] == ((HEIGHT, WIDTH) if orientation < 5 else (WIDTH, HEIGHT))
    # The white bar at the top, as Exif's table of orientations carries it around.
    top, left = np.s_[:9], np.s_[:, :9]
    bottom, right = np.s_[-9:], np.s_[:, -9:]
    bar = (top, top, bottom, bottom, left, right, right, left)[orientation - 1]
    assert picture[bar].mean() > 240


def test_what_a_png_says_besides_its_pixels_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    decoder, given = cv2.imdecode, []
    monkeypatch.setattr(
        pictures.cv2, "imdecode", lambda data, how: given.append(data) or decoder(data, how)
    )
    comment = _png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(7 << 20), 9))
    profile = _png_chunk(b"iCCP", b"a name that would be printed\0\0" + zlib.compress(b"none"))
    data = _with_chunks(_encoded(_scene(), "PNG"), profile, *[comment] * 900)
    assert np.array_equal(_decoded(data + b"appendix"), np.asarray(_scene()))
    assert max(map(len, given)) < 1000 < len(data)
    assert capfd.readouterr().err == ""


def test_a_png_that_needs_an_unknown_chunk_is_not_supported() -> None:
    sound = _encoded(_scene(), "PNG")
    assert _fault(_with_chunks(sound, _png_chunk(b"NEEd", b""))) is PictureFault.KIND_NOT_SUPPORTED
    _decoded(_with_chunks(sound, _png_chunk(b"niCe", b"")))


def test_two_frame_headers_in_one_jpeg_are_refused() -> None:
    data = _encoded(_scene(), "JPEG")
    at = data.index(b"\xff\xc0")
    length = struct.unpack(">H", data[at + 2 : at + 4])[0]
    frame = data[at : at + 2 + length]
    assert _fault(data[:at] + frame + data[at:]) is PictureFault.HEADER_MALFORMED


@pytest.mark.parametrize("marker", [b"\xff\xc3", b"\xff\xc9"])
def test_lossless_and_arithmetic_jpegs_are_not_supported(marker: bytes) -> None:
    data = _encoded(_scene(), "JPEG").replace(b"\xff\xc0", marker, 1)
    assert _fault(data) is PictureFault.KIND_NOT_SUPPORTED


@pytest.mark.parametrize(("kind", "end"), [("JPEG", 2), ("PNG", 12)])
def test_every_truncation_is_an_answer_and_prints_nothing(
    kind: str, end: int, capfd: pytest.CaptureFixture[str]
) -> None:
    data = _encoded(_scene(), kind)
    for cut in range(4, len(data) - 1, 7):
        assert isinstance(decode_rgb(data[:cut]), PictureFault)
    assert _fault(data[:-end]) is PictureFault.TRUNCATED
    assert capfd.readouterr().err == ""


def test_bytes_after_the_end_do_not_matter() -> None:
    # Telephones append depth maps and motion clips behind the picture.
    assert _decoded(_encoded(_scene(), "JPEG") + b"appendix" * 9).shape == (HEIGHT, WIDTH, 3)


def test_random_damage_never_raises() -> None:
    random = np.random.default_rng(7)
    for kind in ("JPEG", "PNG"):
        sound = _encoded(_scene(), kind)
        for _ in range(150):
            data = bytearray(sound)
            for at in random.integers(2, len(data), 3):
                data[at] = random.integers(256)
            rgb, gray = decode_rgb(bytes(data)), decode_gray(bytes(data))
            assert isinstance(rgb, PictureFault) or rgb.ndim == 3
            assert isinstance(gray, PictureFault) or gray.ndim == 2
