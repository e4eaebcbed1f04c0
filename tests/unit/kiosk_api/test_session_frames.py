"""Several pictures of one capture in one body: what is taken, and what is refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_api.core.evidence import Assurance, Provenance, Source
from kiosk_api.intake.face import MOST_FRAMES, TimedPicture
from kiosk_api.sessions.frames import LATEST_MS, FramesError, read_frames
from kiosk_api.sessions.readings import FaceEvent

BOUNDARY = "----kiosk7MA4YWxk"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def part(name: str, content: bytes, more: str = "") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def body(*frames: tuple[object, bytes], end: bytes = f"--{BOUNDARY}--\r\n".encode()) -> bytes:
    each = (
        part("captured_at_ms", str(at).encode()) + part("frame", data, '; filename="a.jpg"')
        for at, data in frames
    )
    return b"".join(each) + end


frames = st.lists(
    st.tuples(st.integers(0, LATEST_MS), st.binary(max_size=200)),
    min_size=1,
    max_size=MOST_FRAMES,
)


@given(frames)
def test_what_was_sent_is_read(sent: list[tuple[int, bytes]]) -> None:
    expected = tuple(TimedPicture(data, at) for at, data in sent)
    assert read_frames(TYPE, body(*sent)) == expected


@given(st.binary(max_size=400), st.text(max_size=80))
def test_any_bytes_are_read_or_refused(content: bytes, content_type: str) -> None:
    for media in (TYPE, content_type):
        with contextlib.suppress(FramesError):
            assert 1 <= len(read_frames(media, content)) <= MOST_FRAMES


@given(frames, st.data())
def test_a_body_that_was_cut_off_is_refused(sent: list[tuple[int, bytes]], data: st.DataObject):
    whole = body(*sent, end=f"--{BOUNDARY}--".encode())
    with pytest.raises(FramesError):
        read_frames(TYPE, whole[: data.draw(st.integers(0, len(whole) - 1))])


ONE = (0, b"picture")


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("multipart/form-data", body(ONE)),
        (TYPE, b""),
        (TYPE, f"--{BOUNDARY}--".encode()),
        (TYPE, body(*[ONE] * (MOST_FRAMES + 1))),
        (TYPE, body((-1, b"x"))),
        (TYPE, body((LATEST_MS + 1, b"x"))),
        (TYPE, body(("1.5", b"x"))),
        (TYPE, body(("", b"x"))),
        (TYPE, part("frame", b"x") + part("captured_at_ms", b"1") + body(ONE)),
        (TYPE, part("captured_at_ms", b"1") + body(end=f"--{BOUNDARY}--".encode())),
        (TYPE, part("note", b"x") + body(ONE)),
        (TYPE, b"preamble\r\n" + body(ONE)),
        (TYPE, body(ONE) + b"epilogue"),
        (TYPE, body(ONE).replace(b"\r\n\r\np", b"\r\nContent-Transfer-Encoding: base64\r\n\r\np")),
    ],
)  # fmt: skip
def test_other_forms_are_refused(content_type: str, content: bytes) -> None:
    with pytest.raises(FramesError):
        read_frames(content_type, content)


def event(*sent: TimedPicture) -> FaceEvent:
    source = Source("http:x", 1, Provenance.SIMULATED, Assurance.CHANNEL)
    return FaceEvent("e", source, sent[0].data, 0.0, sent if len(sent) > 1 else ())


@given(frames, frames)
def test_only_equal_captures_are_one_event(
    a: list[tuple[int, bytes]], b: list[tuple[int, bytes]]
) -> None:
    first, second = (tuple(TimedPicture(data, at) for at, data in sent) for sent in (a, b))
    if len(first) > 1 and len(second) > 1:
        assert (event(*first).content == event(*second).content) is (first == second)


def test_a_single_picture_is_known_by_its_bytes_alone() -> None:
    assert event(TimedPicture(b"picture", 7)).content == b"picture"
