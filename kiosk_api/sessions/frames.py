"""Several pictures of one capture in the body of a request: multipart/form-data.

For each picture a field `captured_at_ms` and then a field `frame`, nothing else.
"""

from __future__ import annotations

import re

from kiosk_api.intake.face import MOST_FRAMES, TimedPicture
from kiosk_api.sessions.multipart import MULTIPART, MultipartError, read_fields

SEVERAL = MULTIPART
LATEST_MS = 60_000
"""A capture takes seconds; what spans more is not one."""

_FIELDS = ("captured_at_ms", "frame")
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
    try:
        fields = read_fields(
            content_type,
            body,
            names=_FIELDS,
            most=2 * MOST_FRAMES,
            holds=f"1 to {MOST_FRAMES} frames",
        )
    except MultipartError as error:
        raise FramesError(str(error)) from error
    if [name for name, _ in fields] != list(_FIELDS) * (len(fields) // 2):
        raise FramesError("each frame is a field captured_at_ms and then a field frame")
    return tuple(
        TimedPicture(picture, _time(at))
        for (_, at), (_, picture) in zip(fields[::2], fields[1::2], strict=True)
    )


def _time(text: bytes) -> int:
    if _TIME.fullmatch(text) is None or int(text) > LATEST_MS:
        raise FramesError(f"captured_at_ms is a whole number from 0 to {LATEST_MS}")
    return int(text)
