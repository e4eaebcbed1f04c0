"""Several pictures of one capture in the body of a request: multipart/form-data (RFC 7578).

Strict, because what is sent is written by programs: for each picture a field `captured_at_ms`
and then a field `frame`, nothing else, and every part as it is, without a transfer encoding.
"""

from __future__ import annotations

import re

from kiosk_api.intake.face import MOST_FRAMES, TimedPicture

SEVERAL = "multipart/form-data"
LATEST_MS = 60_000
"""A capture takes seconds; what spans more is not one."""

_MOST_HEADER_BYTES = 1024
# RFC 2046, 5.1.1.
_BOUNDARY = re.compile(
    r"""boundary=(?:"([0-9A-Za-z'()+_,./:=?-]{1,70})"|([0-9A-Za-z'()+_,./:=?-]{1,70}))(?:\s*;|\s*$)"""
)
_NAME = re.compile(
    rb"^content-disposition:[ \t]*form-data;[ \t]*name=\"?(captured_at_ms|frame)\"?[ \t]*(?:;|$)",
    re.IGNORECASE,
)
_ENCODING = re.compile(rb"^content-transfer-encoding:[ \t]*(?!binary[ \t]*$)", re.IGNORECASE)
_TIME = re.compile(rb"[0-9]{1,5}")


class FramesError(Exception):
    """The body is not of the form above; the message says what to do and repeats nothing of it."""


def read_frames(content_type: str, body: bytes) -> tuple[TimedPicture, ...]:
    """Return the pictures, at least one and at most `MOST_FRAMES`, in the order of the body.

    Their times need not be in order: what that means is for the search for attacks to say.

    Args:
        content_type: the header of the request, with the boundary.
        body: untrusted.

    Raises:
        FramesError: it has another form.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise FramesError("multipart/form-data needs a boundary")
    boundary = (found[1] or found[2]).encode("ascii")
    # The first delimiter has no line break of its own before it.
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary, 2 * MOST_FRAMES + 2)
    if parts[0] or len(parts) < 2 or not re.fullmatch(rb"--\s*", parts[-1]):
        raise FramesError(f"the body is not multipart/form-data with 1 to {MOST_FRAMES} frames")
    fields = [_field(part) for part in parts[1:-1]]
    names = [name for name, _ in fields]
    if not fields or names != ["captured_at_ms", "frame"] * (len(fields) // 2):
        raise FramesError("each frame is a field captured_at_ms and then a field frame")
    return tuple(
        TimedPicture(picture, _time(at))
        for (_, at), (_, picture) in zip(fields[::2], fields[1::2], strict=True)
    )


def _field(part: bytes) -> tuple[str, bytes]:
    head, gap, content = part.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    if not gap or lines[0].strip(b" \t") or len(head) > _MOST_HEADER_BYTES:
        raise FramesError("a part of the body has no proper head")
    if any(_ENCODING.match(line) for line in lines):
        raise FramesError("parts are sent as they are, without a transfer encoding")
    names = [found[1].decode("ascii") for line in lines if (found := _NAME.match(line))]
    if len(names) != 1:
        raise FramesError("fields are captured_at_ms and frame, no others")
    return names[0], content


def _time(text: bytes) -> int:
    if _TIME.fullmatch(text) is None or int(text) > LATEST_MS:
        raise FramesError(f"captured_at_ms is a whole number from 0 to {LATEST_MS}")
    return int(text)
