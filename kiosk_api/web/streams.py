"""Event streams of pages: the present first, then each change, and heartbeats between."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

from fastapi import Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from kiosk_api.access.browsers import Browser, BrowserBook

BEAT_SECONDS = 5.0
"""A page that hears nothing for more than twice as long takes its stream for broken."""

_T = TypeVar("_T")


def stream(
    request: Request,
    browser: Browser,
    *,
    name: str,
    now: _T,
    after: Callable[[_T], Awaitable[_T]],
    data: Callable[[_T], Any],
    keeps_signed_in: bool = False,
) -> EventSourceResponse:
    """A stream of events `name`, which ends when its browser is signed out.

    Args:
        now: what is sent first.
        after: waits for what follows a value.
        data: what of a value the page is told, as JSON.
        keeps_signed_in: whether following the stream counts as using the page.
    """
    book: BrowserBook = request.app.state.browsers

    async def events() -> AsyncIterator[ServerSentEvent]:
        value = now
        yield ServerSentEvent(json.dumps(data(value)), event=name, retry=1000)
        next_value = asyncio.ensure_future(after(value))
        try:
            while True:
                await asyncio.wait((next_value,), timeout=BEAT_SECONDS)
                if not book.is_signed_in(browser):
                    yield ServerSentEvent("{}", event="signed_out")
                    return
                if keeps_signed_in:
                    book.touch(browser)
                if not next_value.done():
                    yield ServerSentEvent("{}", event="beat")
                    continue
                value = next_value.result()
                yield ServerSentEvent(json.dumps(data(value)), event=name)
                next_value = asyncio.ensure_future(after(value))
        finally:
            next_value.cancel()

    return EventSourceResponse(events(), ping=0, send_timeout=10)
