"""The door for device agents: an authenticated WebSocket, handed to the device gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from devices.credentials import AgentCredential
from devices.gateway import DeviceGateway
from devices.readings import Capability, Provenance
from devices.transports.messages import CloseCode, ConnectionClosedError, MessageConnection
from kiosk_api.access.tokens import Principal, Role, TokenBook, bearer_token

router = APIRouter(prefix="/v1/devices", tags=["devices"])


@router.websocket("/gateway")
async def gateway(socket: WebSocket) -> None:
    """Serve one agent until it goes; see docs/integrators/gateway.md for the messages."""
    book: TokenBook = socket.app.state.tokens
    token = bearer_token(socket.headers.get("authorization")) or ""
    principal = book.principal(token)
    if principal is None or principal.role is not Role.DEVICE or principal.lane_id is None:
        # Refused before it is accepted: the client sees HTTP 403.
        await socket.close(CloseCode.POLICY_VIOLATION)
        return
    await socket.accept()
    devices: DeviceGateway = socket.app.state.gateway
    connection = _SocketConnection(socket, lambda: book.principal(token) == principal)
    await devices.serve(connection, _credential(principal, principal.lane_id))


def _credential(principal: Principal, lane_id: str) -> AgentCredential:
    return AgentCredential(
        agent_id=principal.token_id,
        lane_id=lane_id,
        provenance=Provenance(principal.provenance.value),
        capabilities=frozenset(principal.capabilities or Capability),
    )


class _SocketConnection(MessageConnection):
    """A WebSocket as the device layer wants it; it ends with the token that opened it.

    Args:
        socket: accepted.
        is_allowed: asked at every message, heartbeats included.
    """

    def __init__(self, socket: WebSocket, is_allowed: Callable[[], bool]) -> None:
        self._socket = socket
        self._is_allowed = is_allowed

    async def receive(self, timeout: float) -> str | bytes:
        """The next message."""
        if self._socket.client_state is not WebSocketState.CONNECTED:
            raise ConnectionClosedError
        async with asyncio.timeout(timeout):
            message = await self._socket.receive()
        if message["type"] == "websocket.disconnect" or not self._is_allowed():
            raise ConnectionClosedError
        text: str | None = message.get("text")
        return text if text is not None else message.get("bytes") or b""

    async def send(self, text: str, timeout: float) -> None:
        """Send one message."""
        try:
            async with asyncio.timeout(timeout):
                await self._socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError, OSError) as error:
            raise ConnectionClosedError from error

    async def close(self, code: int, reason: str) -> None:
        """Close; harmless when closed already."""
        if self._socket.application_state is WebSocketState.DISCONNECTED:
            return
        try:
            await self._socket.close(code, reason)
        except (WebSocketDisconnect, RuntimeError, OSError):
            return
