"""Documents with pictures in the body of a request: what is taken, and that nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_api.core.evidence import Light
from kiosk_api.intake.document_pages import MOST_PAGES, PagePicture
from kiosk_api.sessions.multipart import read_fields
from kiosk_api.sessions.scans import MOST_LINES, ScanError, read_scan

BOUNDARY = "xyz"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
SECRET = "ARKFREITH"
WHITE = (("light", b"white"), ("page", b"\xff\xd8 white \r\n--xy"))
DARK = (("light", b"infrared"), ("page", b"\xff\xd8 infrared"))


def body(*fields: tuple[str, bytes]) -> bytes:
    parts = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, content in fields
    )
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


ID = ("event_id", b"scan-1")
LINES = (("mrz", b"P<UTO"), ("mrz", b"L898"))


def test_lines_and_pages_come_in_their_order() -> None:
    event_id, lines, pages = read_scan(TYPE, body(ID, *LINES, *WHITE, *DARK))
    assert (event_id, lines) == ("scan-1", ("P<UTO", "L898"))
    assert pages == (
        PagePicture(Light.WHITE, WHITE[1][1]),
        PagePicture(Light.INFRARED, DARK[1][1]),
    )
    assert read_scan(TYPE, body(ID, *WHITE))[1:] == ((), (PagePicture(Light.WHITE, WHITE[1][1]),))
    assert read_scan(TYPE, body(ID, *LINES))[2] == ()


@pytest.mark.parametrize(
    "fields",
    [
        (ID,),
        LINES,
        (*WHITE, ID),
        (ID, *WHITE, *LINES),
        (ID, ID, *WHITE),
        (ID, WHITE[1], WHITE[0]),
        (ID, WHITE[0]),
        (ID, ("light", SECRET.encode()), WHITE[1]),
        (ID, ("mrz", b"\xff" + SECRET.encode()), *WHITE),
        (ID, *LINES, *LINES, *WHITE),
        (ID, *WHITE * (MOST_PAGES + 1)),
        (ID, (SECRET.lower(), b""), *WHITE),
    ],
)
def test_another_form_is_refused_and_not_repeated(fields: tuple[tuple[str, bytes], ...]) -> None:
    with pytest.raises(ScanError) as caught:
        read_scan(TYPE, body(*fields))
    assert SECRET not in str(caught.value).upper()


@given(st.binary(max_size=400), st.sampled_from([TYPE, "multipart/form-data", "", "a; boundary="]))
def test_reading_is_total(content: bytes, media: str) -> None:
    for sent in (content, body(ID, *WHITE)[: len(content)], body(ID, ("page", content))):
        try:
            _, lines, pages = read_scan(media, sent)
        except ScanError:
            continue
        assert len(lines) <= MOST_LINES
        assert lines or pages


def test_a_part_of_another_name_is_no_field() -> None:
    fields = read_fields(TYPE, body(ID), names=("event_id",), most=1, holds="an id")
    assert fields == [ID]
