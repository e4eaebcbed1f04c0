"""A simulated camera on the network: MJPEG over HTTP on loopback, with what can go wrong there."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from enum import StrEnum
from typing import Final

import cv2
import numpy as np

_BOUNDARY: Final = "frame"
_HEAD: Final = (
    "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nConnection: close\r\n"
    f"Content-Type: multipart/x-mixed-replace; boundary={_BOUNDARY}\r\n\r\n"
).encode()
_VARIANTS: Final = 8
"""How many pictures of one scene there are, each with sensor noise of its own."""
_NOISE_LEVELS: Final = 2.0  # standard deviation
_JPEG_QUALITY: Final = 92
_GARBAGE_BYTES: Final = 4096


class CameraTrouble(StrEnum):
    """What a network camera does wrong until it is told otherwise."""

    MUTE = "mute"  # takes the connection and says nothing at all
    STALL = "stall"  # sends no further frame and keeps the connection
    FREEZE = "freeze"  # sends one frame over and over
    GARBAGE = "garbage"  # sends parts that are no picture
    HANG_UP = "hang_up"  # closes every connection


class MjpegCamera:
    """Serves what it is shown to whoever connects, at a steady pace. For one event loop."""

    def __init__(self, picture: bytes, *, fps: float = 20.0) -> None:
        """Show `picture` (JPEG or PNG) until told otherwise."""
        self.trouble: CameraTrouble | None = None
        self._pause = 1 / fps
        self._variants = _noisy(picture)
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """Where the stream is; the same after a restart."""
        return f"http://127.0.0.1:{self._port}/stream.mjpg"

    def show(self, picture: bytes) -> None:
        """Have something else before the camera; another size is another resolution."""
        self._variants = _noisy(picture)

    async def start(self) -> None:
        """Listen, on the port of the last time if there was one."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Pull the plug; harmless when that was done."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            if self.trouble is not CameraTrouble.MUTE:
                writer.write(_HEAD)
            for number in itertools.count():
                match self.trouble:
                    case CameraTrouble.HANG_UP:
                        return
                    case CameraTrouble.MUTE | CameraTrouble.STALL:
                        pass
                    case CameraTrouble.GARBAGE:
                        writer.write(_part(np.random.default_rng(number).bytes(_GARBAGE_BYTES)))
                    case CameraTrouble.FREEZE:
                        writer.write(_part(self._variants[0]))
                    case None:
                        writer.write(_part(self._variants[number % _VARIANTS]))
                await writer.drain()
                await asyncio.sleep(self._pause)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            return  # the other side has gone, or speaks no HTTP
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


def _part(data: bytes) -> bytes:
    head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
    return head.encode() + data + b"\r\n"


def _noisy(picture: bytes) -> tuple[bytes, ...]:
    image = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError("not a picture")
    chance = np.random.default_rng(0)
    noisy = (image + chance.normal(0.0, _NOISE_LEVELS, image.shape) for _ in range(_VARIANTS))
    quality = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    return tuple(
        cv2.imencode(".jpg", np.clip(each, 0, 255).astype(np.uint8), quality)[1].tobytes()
        for each in noisy
    )
