"""Limits on request bodies, kept before anything is parsed."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kiosk_api.problems import ProblemDetails, problem_response

MAX_PICTURE_BYTES = 8 * 1024 * 1024
MAX_JSON_BYTES = 64 * 1024
_DRAIN_BYTES = 256 * 1024 * 1024
_DRAIN_SECONDS = 5.0
_BODY_SECONDS = 15.0


class BodyLimit:
    """Reads a request's whole body under a limit of size and time, then hands it on.

    Reading it here keeps a slow or endless sender away from the handlers, and gives every
    handler the same moment at which its event had arrived: `scope["state"]["arrived"]`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        limit = MAX_PICTURE_BYTES if _has_picture(scope) else MAX_JSON_BYTES
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body, complete = await _read(receive, limit)
        except ClientDisconnect:
            return  # half a picture is no event, and nobody waits for an answer
        except TimeoutError:
            await _refuse(scope, receive, send, 408, "body_too_slow", "the body came too slowly")
            return
        if body is None:
            # Reading on lets an honest client see the answer instead of a broken connection.
            await _drain(receive, complete)
            await _refuse(scope, receive, send, 413, "body_too_large", "the body is too large")
            return
        scope.setdefault("state", {})["arrived"] = asyncio.get_running_loop().time()
        handed_on = False

        async def replay() -> Message:
            nonlocal handed_on
            if handed_on:
                return await receive()
            handed_on = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)


def _has_picture(scope: Scope) -> bool:
    for name, value in scope["headers"]:
        if name == b"content-type":
            # Several pictures of one capture have together the room of one.
            return bool(value.startswith((b"image/", b"multipart/form-data")))
    return False


async def _read(receive: Receive, limit: int) -> tuple[bytes | None, bool]:
    """The body, or None when it is larger than `limit`; and whether it has ended.

    Raises:
        ClientDisconnect: the sender went away before the end.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        more = message.get("more_body", False)
        if size > limit:
            return None, not more
        chunks.append(chunk)
        if not more:
            return b"".join(chunks), True


async def _drain(receive: Receive, complete: bool) -> None:
    size = 0
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while not complete and size < _DRAIN_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                complete = not message.get("more_body", False)  # also when the sender went away
    except TimeoutError:
        return


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, code: str, title: str
) -> None:
    response = problem_response(ProblemDetails(title=title, status=status, code=code))
    response.headers["Connection"] = "close"
    await response(scope, receive, send)
