"""The HTTP server: uvicorn, with limits on what connections without a token can take.

A limit on bodies needs a request (`kiosk_api.limits`); these hold before there is one.
"""

from __future__ import annotations

import asyncio
import logging
import math
import resource
from typing import ClassVar

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

_LOG = logging.getLogger(__name__)

HEAD_SECONDS = 10.0
"""From the connection, or the first byte of a further request, to the end of the head."""

HEAD_BYTES = 64 * 1024
"""What is kept of a head that has not ended; the longest honest ones have a few KiB."""

MAX_CONNECTIONS = 256
"""In total: lanes, screens and officers of one kiosk need dozens, each holds a descriptor."""

SHARE_OF_ADDRESS = 0.75
"""How many of them one address may have: not fewer, since a proxy brings everybody."""

_MOST_DESCRIPTORS = 65_536
_ENOUGH_DESCRIPTORS = 1_024  # the connections, eight lanes, workers, the database, the journal
_MAX_MESSAGE_BYTES = 12 * 1024 * 1024
_STOP_SECONDS = 5
_WARNING_SECONDS = 60.0
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n"
    b"Content-Length: 0\r\nConnection: close\r\n\r\n"
)


class BoundedProtocol(H11Protocol):
    """A connection that must come to a request soon, and that not everybody may open at once.

    uvicorn's own limits begin with a whole head, or count connections only when one is there.
    """

    _warned_at: ClassVar[float] = -math.inf
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take a connection, or refuse it when there are too many."""
        super().connection_made(transport)
        of_address = sum(_address(other) == _address(self) for other in self.connections)
        most = most_connections()
        if len(self.connections) > most or of_address > most * SHARE_OF_ADDRESS:
            self._warn()
            self.connections.discard(self)
            transport.write(_REFUSAL)
            transport.close()
            return
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take bytes; the first of a further head start its time, none of the next extend it."""
        super().data_received(data)
        # uvicorn has no cycle until the first request, and does not declare that.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            self._stop_waiting()
        elif self.transport.get_protocol() is self:
            self._await_head()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection to the WebSocket protocol, which has its own times."""
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Say that this is no HTTP, unless an answer is under way or was given already."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def _warn(self) -> None:
        """Say so now and then: whoever opens connections must not fill the log's disk, too."""
        now = self.loop.time()
        if now - BoundedProtocol._warned_at > _WARNING_SECONDS:
            BoundedProtocol._warned_at = now
            _LOG.warning("a connection was refused: there are too many")

    def _await_head(self) -> None:
        if self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def _address(connection: object) -> str | None:
    """Where a connection comes from; WebSockets are among uvicorn's connections, too."""
    client: tuple[str, int] | None = getattr(connection, "client", None)
    return None if client is None else client[0]


def most_connections() -> int:
    """How many connections may be open: half of the descriptors belong to journal and database."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(MAX_CONNECTIONS, soft // 2)


def raise_descriptor_limit() -> None:
    """Take as many file descriptors as this process may have, within reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < _ENOUGH_DESCRIPTORS:
        _LOG.warning(
            "only %d file descriptors are allowed: raise the limit (LimitNOFILE, ulimit -n) to %d",
            allowed,
            _ENOUGH_DESCRIPTORS,
        )


def http_server(app: ASGIApp) -> uvicorn.Server:
    """A server for `app`, with all limits."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=BoundedProtocol,
            h11_max_incomplete_event_size=HEAD_BYTES,
            lifespan="off",  # what serves is started before and stopped after, with plain errors
            access_log=False,  # a URL names a session; who asked when is the journal's to say
            log_config=None,
            ws_max_size=_MAX_MESSAGE_BYTES,
            timeout_graceful_shutdown=_STOP_SECONDS,
            server_header=False,
        )
    )
