"""Frames between the service and its workers: what goes in comes out, and nothing else passes."""

from __future__ import annotations

import asyncio
import io
import json
import struct
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devices.processes import frames
from devices.processes.frames import (
    MAX_BLOB_BYTES,
    MAX_TEXT_BYTES,
    FrameError,
    encode_frame,
    read_frame,
    read_frame_blocking,
)

_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)
MESSAGES = st.dictionaries(st.text(max_size=10).filter(lambda key: key != "blobs"), _PLAIN)
BLOBS = st.lists(st.binary(max_size=200), max_size=4).map(tuple)


def read(data: bytes) -> Any:
    """Read as the service does."""

    async def run() -> Any:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await read_frame(reader)

    return asyncio.run(run())


def round_trip_holds(message: dict[str, Any], blobs: tuple[bytes, ...]) -> None:
    frame = frames.encode_frame(message, blobs)
    assert read(frame) == (message, blobs)
    assert read_frame_blocking(io.BytesIO(frame)) == (message, blobs)


@given(MESSAGES, BLOBS)
@example({"text": "é\ud800"}, (b"",))
def test_what_goes_in_comes_out(message: dict[str, Any], blobs: tuple[bytes, ...]) -> None:
    round_trip_holds(message, blobs)


def test_the_round_trip_finds_an_encoder_that_miscounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: lengths of texts instead of bytes, the classic mistake."""

    def broken(message: dict[str, Any], blobs: tuple[bytes, ...] = ()) -> bytes:
        text = json.dumps({**message, "blobs": [len(blob) for blob in blobs]}, ensure_ascii=False)
        return struct.pack(">I", len(text)) + text.encode() + b"".join(blobs)

    monkeypatch.setattr(frames, "encode_frame", broken)
    with pytest.raises((AssertionError, FrameError)):
        round_trip_holds({"text": "é"}, ())


@given(st.binary(max_size=300) | MESSAGES.map(lambda message: json.dumps(message).encode()))
@example(b"\x00\x00\x00\x00")
@example(struct.pack(">I", 2) + b"{}")
@example(struct.pack(">I", 2) + b"[]")
@example(struct.pack(">I", 13) + b'{"blobs":[-1]')
@example(struct.pack(">I", MAX_TEXT_BYTES + 1))
@example(struct.pack(">I", 20_000) + b"[" * 20_000)
def test_any_bytes_are_a_frame_or_refused(data: bytes) -> None:
    for variant in (data, struct.pack(">I", len(data)) + data):
        try:
            message, blobs = read(variant)
        except (FrameError, asyncio.IncompleteReadError):
            continue
        assert isinstance(message, dict)
        assert all(isinstance(blob, bytes) for blob in blobs)


@given(MESSAGES, BLOBS, st.data())
def test_a_frame_that_breaks_off_is_never_whole(
    message: dict[str, Any], blobs: tuple[bytes, ...], data: st.DataObject
) -> None:
    frame = encode_frame(message, blobs)
    cut = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(asyncio.IncompleteReadError):
        read(frame[:cut])
    if cut == 0:
        assert read_frame_blocking(io.BytesIO(b"")) is None
    else:
        with pytest.raises(FrameError):
            read_frame_blocking(io.BytesIO(frame[:cut]))


@pytest.mark.parametrize(
    "sizes", ["null", "{}", "[-1]", "[1.5]", "[true]", '["1"]', f"[{MAX_BLOB_BYTES + 1}]", "7"]
)
def test_sizes_that_are_none_are_refused(sizes: str) -> None:
    text = f'{{"blobs":{sizes}}}'.encode()
    with pytest.raises(FrameError):
        read(struct.pack(">I", len(text)) + text + b"\0" * 64)
