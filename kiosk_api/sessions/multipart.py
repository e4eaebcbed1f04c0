"""multipart/form-data (RFC 7578), read strictly, because what is sent is written by programs.

Every part is one named field as it is, without a transfer encoding, and the order counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection

MULTIPART = "multipart/form-data"

_MOST_HEADER_BYTES = 1024
# RFC 2046, 5.1.1.
_BOUNDARY = re.compile(
    r"""boundary=(?:"([0-9A-Za-z'()+_,./:=?-]{1,70})"|([0-9A-Za-z'()+_,./:=?-]{1,70}))(?:\s*;|\s*$)"""
)
_NAME = re.compile(
    rb"^content-disposition:[ \t]*form-data;[ \t]*name=\"?([a-z_]{1,32})\"?[ \t]*(?:;|$)",
    re.IGNORECASE,
)
_ENCODING = re.compile(rb"^content-transfer-encoding:[ \t]*(?!binary[ \t]*$)", re.IGNORECASE)


class MultipartError(Exception):
    """The body has another form; the message says what to do and repeats nothing of it."""


def read_fields(
    content_type: str, body: bytes, *, names: Collection[str], most: int, holds: str
) -> list[tuple[str, bytes]]:
    """Return the fields in the order of the body, at least one.

    Args:
        content_type: the header of the request, with the boundary.
        body: untrusted.
        names: of the fields that may be there.
        most: how many fields.
        holds: what the body is told to hold, for the message.

    Raises:
        MultipartError: it has another form.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise MultipartError("multipart/form-data needs a boundary")
    boundary = (found[1] or found[2]).encode("ascii")
    # The first delimiter has no line break of its own before it.
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary, most + 2)
    if parts[0] or len(parts) < 3 or not re.fullmatch(rb"--\s*", parts[-1]):
        raise MultipartError(f"the body is not multipart/form-data with {holds}")
    return [_field(part, names) for part in parts[1:-1]]


def _field(part: bytes, names: Collection[str]) -> tuple[str, bytes]:
    head, gap, content = part.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    if not gap or lines[0].strip(b" \t") or len(head) > _MOST_HEADER_BYTES:
        raise MultipartError("a part of the body has no proper head")
    if any(_ENCODING.match(line) for line in lines):
        raise MultipartError("parts are sent as they are, without a transfer encoding")
    found = [match[1].decode("ascii") for line in lines if (match := _NAME.match(line))]
    if len(found) != 1 or found[0] not in names:
        raise MultipartError(f"fields are {' and '.join(names)}, no others")
    return found[0], content
