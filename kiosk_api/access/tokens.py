"""Bearer tokens: how they look, what they allow, and the book in which they are looked up."""

from __future__ import annotations

import logging
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import Engine, select

from devices.readings import Capability
from kiosk_api.config import LANE_RULE, is_lane_id
from kiosk_api.core.evidence import Provenance
from kiosk_api.persistence.engine import reading, writing
from kiosk_api.persistence.models import CredentialRow

_LOG = logging.getLogger(__name__)
_SECRET_BYTES = 32
_PREFIX = "poe"


class Role(StrEnum):
    """What a token's bearer may do."""

    DEVICE = "device"  # connect as a device agent of one lane
    SERVICE = "service"  # open sessions and send their events
    OPERATOR = "operator"  # read the state of lanes, devices and sessions


@dataclass(frozen=True, slots=True)
class Principal:
    """The bearer of a valid token.

    `provenance` is the best that this bearer's readings can be: it was fixed when the token was
    made, and no claim of the bearer betters it.
    """

    token_id: str
    name: str
    role: Role
    lane_id: str | None
    provenance: Provenance
    capabilities: tuple[Capability, ...]  # a device's; none: all of them


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a new token shall allow; `lane_id` is needed for devices."""

    name: str
    role: Role
    provenance: Provenance
    lane_id: str | None = None
    capabilities: tuple[Capability, ...] = ()


class TokenRequestError(ValueError):
    """A token that would make no sense."""


def create_token(engine: Engine, request: TokenRequest, now: datetime) -> tuple[str, str]:
    """Make a token; returns its id and the token itself, which is shown once and not kept.

    Raises:
        TokenRequestError: a device token without a lane, or another one with a lane.
    """
    is_device = request.role is Role.DEVICE
    if is_device and (request.lane_id is None or not is_lane_id(request.lane_id)):
        raise TokenRequestError(f"a device token needs a lane; {LANE_RULE}")
    if not is_device and (request.lane_id is not None or request.capabilities):
        raise TokenRequestError("only device tokens have a lane and capabilities")
    token_id = secrets.token_hex(4)
    token = f"{_PREFIX}_{token_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    with writing(engine) as session:
        session.add(
            CredentialRow(
                token_id=token_id,
                token_digest=_digest(token),
                role=request.role,
                name=request.name,
                lane_id=request.lane_id,
                provenance=request.provenance,
                capabilities=list(request.capabilities),
                created_at=now,
                revoked_at=None,
            )
        )
    return token_id, token


def revoke_token(engine: Engine, token_id: str, now: datetime) -> bool:
    """End a token; False when there is no such one."""
    with writing(engine) as session:
        row = session.get(CredentialRow, token_id)
        if row is None:
            return False
        row.revoked_at = row.revoked_at or now
    return True


def list_tokens(engine: Engine) -> list[tuple[Principal, datetime | None]]:
    """All tokens ever made, oldest first, with the time of their end."""
    with reading(engine) as session:
        rows = session.scalars(select(CredentialRow).order_by(CredentialRow.created_at))
        return [(_principal(row), row.revoked_at) for row in rows]


class TokenBook:
    """The valid tokens, in memory: who a bearer is must not wait for a disk.

    `refresh` reads the database; the service calls it every few seconds in a thread, so that a
    new or revoked token counts soon and a hanging disk delays nobody's answer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._book: dict[bytes, Principal] = {}

    def refresh(self) -> None:
        """Read the valid tokens anew."""
        with reading(self._engine) as session:
            rows = session.scalars(select(CredentialRow).where(CredentialRow.revoked_at.is_(None)))
            book = {}
            for row in rows:
                try:
                    book[row.token_digest] = _principal(row)
                except ValueError:
                    # Of another version, or changed by hand: nobody is let in on a guess.
                    _LOG.warning("the token %s makes no sense; it is not valid", row.token_id)
        with self._lock:
            self._book = book

    def principal(self, token: str) -> Principal | None:
        """The bearer of `token`, or None. Found by its digest: no comparison leaks its text."""
        with self._lock:
            return self._book.get(_digest(token))


def bearer_token(authorization: str | None) -> str | None:
    """The token of an Authorization header (RFC 6750), or None."""
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _digest(token: str) -> bytes:
    # 256 random bits cannot be guessed, so a fast hash is enough.
    return sha256(token.encode(errors="surrogatepass")).digest()


def _principal(row: CredentialRow) -> Principal:
    # Without a stated provenance nothing better than the least trusted is assumed.
    provenance = Provenance(row.provenance) if row.provenance else Provenance.SIMULATED
    return Principal(
        token_id=row.token_id,
        name=row.name,
        role=Role(row.role),
        lane_id=row.lane_id,
        provenance=provenance,
        capabilities=tuple(Capability(name) for name in row.capabilities),
    )
