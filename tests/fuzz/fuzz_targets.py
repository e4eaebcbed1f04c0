"""What holds for any bytes whatever: one function for each door that strangers' data comes in by.

`fuzz.py` throws bytes at them for minutes, guided by coverage; `test_fuzz_targets.py` for seconds.
Each returns for every input or raises AssertionError; nothing else.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date

import numpy as np
from PIL import Image

from documents.mrz import (
    FieldStatus,
    MRZReading,
    MRZUnreadable,
    NameAgreement,
    content_of,
    encode,
    names_agree,
    normalise,
    parse,
)
from documents.mrz.alphabet import ALPHABET
from documents.mrz.layouts import LINE_LENGTHS
from documents.seals import SealMalformed, parse_seal, seal_agrees_with
from imaging.pictures import MAX_PIXELS, MAX_SIDE_PX, MIN_SIDE_PX, decode_gray, decode_rgb
from imaging.results import PictureFault
from simulators.seals import SealAuthority, VDSContent, person_message, sign_vds, sign_vds_nc

TODAY = date(2026, 1, 15)
_CHARACTERS = "".join(sorted(ALPHABET))
_SHAPES = [(count, length) for count, all_ in LINE_LENGTHS.items() for length in sorted(all_)]

# --- pictures ------------------------------------------------------------------------------


def pictures(data: bytes) -> None:
    """Both decoders agree on what is refused before decoding, and keep to the limits."""
    rgb, gray = decode_rgb(data), decode_gray(data)
    for picture, dimensions in ((rgb, 3), (gray, 2)):
        if isinstance(picture, PictureFault):
            continue
        assert picture.dtype == np.uint8
        assert picture.ndim == dimensions
        assert picture.flags.c_contiguous
        height, width = picture.shape[:2]
        assert min(height, width) >= MIN_SIDE_PX
        assert max(height, width) <= MAX_SIDE_PX
        assert height * width <= MAX_PIXELS
    before = [
        answer
        for answer in (rgb, gray)
        if isinstance(answer, PictureFault) and answer is not PictureFault.NOT_DECODABLE
    ]
    assert len(before) in (0, 2)
    assert len(set(before)) <= 1
    if not isinstance(rgb, PictureFault) and not isinstance(gray, PictureFault):
        assert rgb.shape[:2] == gray.shape


def _picture_seeds() -> list[bytes]:
    scene = np.zeros((66, 70, 3), np.uint8)
    scene[:, :35, 0] = 200
    scene[::3, :, 2] = 90
    image = Image.fromarray(scene)
    exif = Image.Exif()
    exif[0x0112] = 6
    seeds: list[bytes] = []

    def add(picture: Image.Image, kind: str, **options: object) -> None:
        buffer = io.BytesIO()
        picture.save(buffer, kind, **options)
        seeds.append(buffer.getvalue())

    for mode in ("RGB", "L", "CMYK"):
        add(image.convert(mode), "JPEG", exif=exif)
    add(image, "JPEG", progressive=True, restart_marker_blocks=2)
    for mode in ("RGB", "RGBA", "P", "LA", "1"):
        add(image.convert(mode), "PNG", exif=exif)
    add(image.convert("P"), "PNG", transparency=0)
    add(Image.fromarray(scene[..., 0].astype(np.uint16) * 256), "PNG")
    add(image, "PNG", save_all=True, append_images=[image.rotate(180)])
    return seeds


# --- machine-readable zones ----------------------------------------------------------------


def zones(data: bytes) -> None:
    """Parsing is total; what it read without fault is printed and read again."""
    text = _zone_text(data)
    for lines in (text, normalise(text).lines):
        result = parse(lines, today=TODAY)
        repr(result)
        if isinstance(result, MRZUnreadable):
            assert result.problems
            continue
        for problem in result.problems:
            assert problem.describe()
        _holds(result)


def _zone_text(data: bytes) -> str:
    """The first byte says how the others become text: as they are, or as lines that fit."""
    if not data:
        return ""
    kind, rest = data[0] % (len(_SHAPES) + 1), data[1:]
    if kind == len(_SHAPES):
        return rest.decode("utf-8", "replace")
    count, length = _SHAPES[kind]
    # Letters, digits and fillers stay what they are, so that a dictionary and seeds make sense.
    characters = "".join(
        char if (char := chr(byte)) in ALPHABET else _CHARACTERS[byte % len(_CHARACTERS)]
        for byte in rest
    ).ljust(count * length, "<")
    return "\n".join(characters[at : at + length] for at in range(0, count * length, length))


def _holds(reading: MRZReading) -> None:
    for field in reading.fields:
        assert field.value is not None or field.status in (FieldStatus.INVALID, FieldStatus.ABSENT)
    born = reading.birth_date.value
    if born is not None:
        assert all(day <= TODAY for day in born.candidates)
        bounds = born.age_bounds(TODAY)
        assert bounds is None or 0 <= bounds[0] <= bounds[1]
    content = content_of(reading)
    if content is None:
        return
    again = parse(encode(content), today=TODAY)
    assert isinstance(again, MRZReading)
    assert again.checks_failed == ()
    assert again.document_number.value == reading.document_number.value
    names = again.names.value
    assert names is not None
    assert names_agree(names, content.surname, content.given_names) in (
        NameAgreement.AGREE,
        NameAgreement.CANNOT_TELL,
    )


def _zone_seeds() -> list[bytes]:
    zones_ = [
        "P<UTOVALTERS<<MIRA<JOHANNA".ljust(44, "<")
        + "XQ12345674UTO7408122F3404159"
        + "<" * 14
        + "04",
        "I<UTOXQ2314589<7349".ljust(30, "<")
        + "3407127M9507122UTO".ljust(30, "<")
        + "VALTERS<<MIRA",
        "IDFRAVALTERS".ljust(36, "<") + "9409923102854MIRA<<<<<<<<<<6512068F4",
        "V<UTOVALTERS<<MIRA".ljust(36, "<") + "XQ12345674UTO74<<<<1F3404159",
        "A3USA012345678<01<0109".ljust(30, "<") + "8001014F2101314<<<<<<A1BB22233DOE<<JANE",
    ]
    return [bytes([kind]) + text.encode() for text in zones_ for kind in range(len(_SHAPES) + 1)]


# --- names ---------------------------------------------------------------------------------


def names(data: bytes) -> None:
    """Names of a record, of any characters, are compared with printed ones without a fault."""
    surname, _, rest = data.decode("utf-8", "replace").partition("\n")
    given_names, _, printed = rest.partition("\n")
    line = "".join(char if char in ALPHABET else "<" for char in printed.upper())[:39]
    reading = parse(["P<UTO" + line.ljust(39, "<"), "<" * 44], today=TODAY)
    assert isinstance(reading, MRZReading)
    assert reading.names.value is not None
    agreement = names_agree(reading.names.value, surname, given_names)
    assert agreement in NameAgreement


def _name_seeds() -> list[bytes]:
    return [
        "Válters-Müller\nMira Jo'hanna\nVALTERS<MUELLER<<MIRA<JOHANNA".encode(),
        "Ñandú Öz\nÜ\nNXXANDU<OEZ<<UXX".encode(),
        ("Ä" * 60 + "\n" + "Ü" * 60 + "\n" + "AE" * 19 + "A").encode(),
    ]


# --- seals ---------------------------------------------------------------------------------


def seals(data: bytes) -> None:
    """A barcode of any content is a seal, which can be compared, or says why it is none."""
    seal = parse_seal(data)
    repr(seal)
    if not isinstance(seal, SealMalformed):
        reading = parse(_SEALED_ZONE, today=TODAY)
        assert isinstance(reading, MRZReading)
        seal_agrees_with(seal, reading)


_SEALED_ZONE = [
    "P<UTOVALTERS<<MIRA<JOHANNA".ljust(44, "<"),
    "XQ12345674UTO7408122F3404159" + "<" * 14 + "04",
]


def _seal_seeds() -> list[bytes]:
    authority = SealAuthority()
    signer, nc_signer = authority.issue(), authority.issue("DEMO", 7, vds_nc=True)
    visa = VDSContent.of_visa(
        ["V" + _SEALED_ZONE[0][1:], _SEALED_ZONE[1]],
        passport_number="XQ1234567",
        issued_on=TODAY,
        signed_on=TODAY,
    )
    message = person_message(
        name="VALTERS<<MIRA<JOHANNA",
        birth_date=date(1974, 8, 12),
        sex="F",
        document_number="XQ1234567",
    )
    sealed = [sign_vds(visa, signer), sign_vds_nc(message, nc_signer)]
    as_bytes = [seal if isinstance(seal, bytes) else seal.encode() for seal in sealed]
    return [*as_bytes, as_bytes[0].decode("latin-1").encode()]


TARGETS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "pictures": (pictures, _picture_seeds),
    "zones": (zones, _zone_seeds),
    "names": (names, _name_seeds),
    "seals": (seals, _seal_seeds),
}
"""For each door: what must hold, and inputs to begin with."""
