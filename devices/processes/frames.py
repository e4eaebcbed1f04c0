"""Frames between the service and a worker process: one JSON object and raw blobs.

A frame is: 4 bytes big-endian length of the JSON text, the text, then for each number in its
`blobs` list so many raw bytes. JSON, not pickle: a worker decodes pictures from strangers, and
what it answers must not be able to run code here.
"""

from __future__ import annotations

import json
import struct
from typing import Any, Protocol

MAX_TEXT_BYTES = 256 * 1024
MAX_BLOB_BYTES = 16 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class FrameError(Exception):
    """A frame that does not keep the format; its sender is not to be trusted any more."""


class AsyncReader(Protocol):
    """What `read_frame` reads from; asyncio.StreamReader is one."""

    async def readexactly(self, n: int) -> bytes:
        """Read exactly `n` bytes or raise asyncio.IncompleteReadError."""
        ...


class BlockingReader(Protocol):
    """What `read_frame_blocking` reads from; a buffered binary file is one."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; fewer only at the end."""
        ...


def encode_frame(message: dict[str, Any], blobs: tuple[bytes, ...] = ()) -> bytes:
    """One frame as bytes; `message` must not use the key `blobs` itself."""
    text = json.dumps({**message, "blobs": [len(blob) for blob in blobs]}).encode()
    return b"".join((_LENGTH.pack(len(text)), text, *blobs))


async def read_frame(reader: AsyncReader) -> tuple[dict[str, Any], tuple[bytes, ...]]:
    """Read one frame.

    Raises:
        FrameError: the format is broken.
        asyncio.IncompleteReadError: the other end closed.
    """
    text = await reader.readexactly(_text_length(await reader.readexactly(_LENGTH.size)))
    message, sizes = _parse(text)
    blobs = [await reader.readexactly(size) for size in sizes]
    return message, tuple(blobs)


def read_frame_blocking(reader: BlockingReader) -> tuple[dict[str, Any], tuple[bytes, ...]] | None:
    """Read one frame; None when the other end closed before its first byte.

    Raises:
        FrameError: the format is broken, or the other end closed within a frame.
    """
    head = reader.read(_LENGTH.size)
    if not head:
        return None
    message, sizes = _parse(_exactly(reader, _text_length(head)))
    return message, tuple(_exactly(reader, size) for size in sizes)


def _text_length(head: bytes) -> int:
    if len(head) != _LENGTH.size:
        raise FrameError("closed within a frame")
    length = int(_LENGTH.unpack(head)[0])
    if length > MAX_TEXT_BYTES:
        raise FrameError("text too long")
    return length


def _parse(text: bytes) -> tuple[dict[str, Any], list[int]]:
    try:
        message = json.loads(text)
        sizes = message.pop("blobs")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FrameError("not a frame") from error
    if not isinstance(sizes, list) or not all(
        type(size) is int and 0 <= size <= MAX_BLOB_BYTES for size in sizes
    ):
        raise FrameError("bad blob sizes")
    return message, sizes


def _exactly(reader: BlockingReader, size: int) -> bytes:
    data = reader.read(size)
    if len(data) != size:
        raise FrameError("closed within a frame")
    return data
