"""A document with pictures of its page in the body of a request: multipart/form-data.

A field `event_id`; up to three fields `mrz`, one a line; then for each picture a field `light` and
a field `page`. Lines or pictures may be missing, not both.
"""

from __future__ import annotations

from itertools import dropwhile, takewhile

from kiosk_api.core.evidence import Light
from kiosk_api.intake.document_pages import MOST_PAGES, PagePicture
from kiosk_api.sessions.multipart import MultipartError, read_fields

MOST_LINES = 3

_FIELDS = ("event_id", "mrz", "light", "page")


class ScanError(Exception):
    """The body is not of the form above; the message says what to do and repeats nothing of it."""


def read_scan(
    content_type: str, body: bytes
) -> tuple[str, tuple[str, ...], tuple[PagePicture, ...]]:
    """Return the event id, the lines and the pictures; ids and lines as they were sent.

    Args:
        content_type: the header of the request, with the boundary.
        body: untrusted.

    Raises:
        ScanError: it has another form.
    """
    try:
        fields = read_fields(
            content_type,
            body,
            names=_FIELDS,
            most=1 + MOST_LINES + 2 * MOST_PAGES,
            holds=f"an event id, up to {MOST_LINES} lines and up to {MOST_PAGES} pages",
        )
    except MultipartError as error:
        raise ScanError(str(error)) from error
    (first, event_id), *rest = fields
    lines = [value for _, value in takewhile(_is_line, rest)]
    pages = list(dropwhile(_is_line, rest))
    if (
        first != "event_id"
        or [name for name, _ in pages] != ["light", "page"] * (len(pages) // 2)
        or len(lines) > MOST_LINES
        or len(pages) > 2 * MOST_PAGES
        or not rest
    ):
        raise ScanError("a scan is an event_id, then lines (mrz), then each page after its light")
    return (
        _text(event_id),
        tuple(_text(line) for line in lines),
        tuple(
            PagePicture(_light(light), page)
            for (_, light), (_, page) in zip(pages[::2], pages[1::2], strict=True)
        ),
    )


def _is_line(field: tuple[str, bytes]) -> bool:
    return field[0] == "mrz"


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        pass  # the error would carry the bytes along
    raise ScanError("event_id and mrz are UTF-8 text")


def _light(value: bytes) -> Light:
    try:
        return Light(value.decode("ascii", "replace"))
    except ValueError:
        pass
    raise ScanError(f"light is one of {', '.join(Light)}")
