"""The packing of letters and digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.seals import c40

TEXT = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ", max_size=90)


@given(TEXT)
def test_what_is_packed_is_unpacked(text: str) -> None:
    packed = c40.encode(text)
    assert c40.decode(packed) == text
    assert len(packed) == 2 * ((len(text) + 2) // 3)


def test_the_filler_is_a_space() -> None:
    assert c40.decode(c40.encode("D<<")) == "D  "


def test_a_country_of_the_standard() -> None:
    # Utopia, in the first bytes of every published test seal.
    assert c40.encode("UTO") == bytes.fromhex("d9c5")


@given(st.binary(max_size=64))
def test_any_bytes_are_text_or_an_error(data: bytes) -> None:
    try:
        text = c40.decode(data)
    except c40.C40Error:
        return
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ")


@pytest.mark.parametrize(
    "packed",
    ["d9", "0000", "ffff", "fe41d9c5", "fe00", "fe62", "fe80", "fe3d"],
    ids=["odd", "zero", "high", "unlatch_inside", "nothing", "lower_case", "delete", "less_than"],
)
def test_what_is_no_c40(packed: str) -> None:
    with pytest.raises(c40.C40Error):
        c40.decode(bytes.fromhex(packed))


@pytest.mark.parametrize("text", ["a", "Ä", "A-B", "²", "A\n"])
def test_what_c40_does_not_have(text: str) -> None:
    with pytest.raises(c40.C40Error):
        c40.encode(text)
