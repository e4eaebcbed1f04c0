"""Barcodes: bytes out, whatever the picture."""

import numpy as np
import pytest
import zxingcpp

from documents.page import BarcodeKind, read_barcodes

DATA = b"\xdc\x03UTO\x00\xff" + bytes(range(40))
FORMATS = {
    BarcodeKind.PDF417: zxingcpp.BarcodeFormat.PDF417,
    BarcodeKind.QR: zxingcpp.BarcodeFormat.QRCode,
    BarcodeKind.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    BarcodeKind.AZTEC: zxingcpp.BarcodeFormat.Aztec,
}


def symbol(kind, data=DATA, scale=4):
    code = zxingcpp.create_barcode(data, FORMATS[kind])
    return np.array(zxingcpp.write_barcode_to_image(code, scale=scale))


def on_page(*symbols):
    page = np.full((900, 1200, 3), 220, np.uint8)
    top = 60
    for one in symbols:
        page[top : top + one.shape[0], 80 : 80 + one.shape[1]] = one[..., None]
        top += one.shape[0] + 60
    return page


@pytest.mark.parametrize("kind", list(BarcodeKind))
@pytest.mark.parametrize("turns", [0, 1, 2])
def test_every_kind_gives_its_bytes_in_any_orientation(kind, turns):
    page = np.ascontiguousarray(np.rot90(on_page(symbol(kind)), turns))
    (code,) = read_barcodes(page)
    assert (code.kind, code.data) == (kind, DATA)
    assert np.all(code.corners >= 0)


def test_several_codes_come_largest_first():
    page = on_page(symbol(BarcodeKind.QR, scale=6), symbol(BarcodeKind.AZTEC, b"small", scale=3))
    assert [code.kind for code in read_barcodes(page)] == [BarcodeKind.QR, BarcodeKind.AZTEC]


def test_a_huge_picture_is_shrunk_and_corners_are_of_the_picture_given():
    huge = np.kron(on_page(symbol(BarcodeKind.QR)), np.ones((4, 4, 1), np.uint8))
    (code,) = read_barcodes(huge)
    assert code.data == DATA
    assert code.corners.max() > 4 * 80


def test_a_damaged_code_is_none_and_so_is_any_other_picture():
    broken = on_page(symbol(BarcodeKind.QR))
    broken[60:140, 80:160] = 0
    assert read_barcodes(broken) == ()
    for shape in ((1, 1, 3), (0, 0, 3), (40, 40), (300, 20, 3)):
        assert read_barcodes(np.full(shape, 255, np.uint8)) == ()


def test_what_a_code_holds_is_in_no_repr():
    (code,) = read_barcodes(on_page(symbol(BarcodeKind.QR, b"NOT TO BE LOGGED")))
    assert "LOGGED" not in repr(code)
