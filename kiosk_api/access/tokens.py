"""Bearer tokens: how they look, what they allow, and the book in which they are looked up.

A token's row is bound to it under the index key: whoever can write the database and has no keys
can neither make a token nor better one (decision 0005).
"""

from __future__ import annotations

import hmac
import logging
import secrets
import threading
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Engine, select

from devices.readings import Capability
from kiosk_api.config import LANE_RULE, is_lane_id
from kiosk_api.core.evidence import Provenance
from kiosk_api.persistence.engine import reading, writing
from kiosk_api.persistence.models import CredentialRow
from kiosk_api.sealing import KEY_BYTES, Keyring

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


def create_token(
    engine: Engine, keyring: Keyring, request: TokenRequest, now: datetime
) -> tuple[str, str]:
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
    bearer = Principal(
        token_id,
        request.name,
        request.role,
        request.lane_id,
        request.provenance,
        request.capabilities,
    )
    with writing(engine) as session:
        session.add(
            CredentialRow(
                token_id=token_id,
                token_digest=_digest(keyring, token, bearer),
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
    """End a token for good; False when there is no such one.

    Its digest goes, so that no later change of the row brings it back.
    """
    with writing(engine) as session:
        row = session.get(CredentialRow, token_id)
        if row is None:
            return False
        row.revoked_at = row.revoked_at or now
        row.token_digest = secrets.token_bytes(KEY_BYTES)
    return True


def list_tokens(engine: Engine) -> list[tuple[Principal, datetime | None]]:
    """All rows of tokens, oldest first, with the time of their end.

    Whether a row is this kiosk's own shows only when its token is used.
    """
    with reading(engine) as session:
        rows = session.scalars(select(CredentialRow).order_by(CredentialRow.created_at))
        return [(_principal(row), row.revoked_at) for row in rows]


class TokenBook:
    """The valid tokens, in memory: who a bearer is must not wait for a disk.

    `refresh` reads the database; the service calls it every few seconds in a thread, so that a
    new or revoked token counts soon and a hanging disk delays nobody's answer.
    """

    def __init__(self, engine: Engine, keyring: Keyring) -> None:
        self._engine = engine
        self._keyring = keyring
        self._lock = threading.Lock()
        self._book: dict[str, tuple[bytes, Principal]] = {}  # by token id
        self._warned: dict[str, bytes] = {}  # token id to the digest that did not fit

    def refresh(self) -> None:
        """Read the valid tokens anew."""
        with reading(self._engine) as session:
            rows = session.scalars(select(CredentialRow).where(CredentialRow.revoked_at.is_(None)))
            book = {}
            for row in rows:
                try:
                    book[row.token_id] = row.token_digest, _principal(row)
                except ValueError:
                    # Of another version, or changed by hand: nobody is let in on a guess.
                    _LOG.warning("the token %s makes no sense; it is not valid", row.token_id)
        with self._lock:
            self._book = book
            self._warned = {known: d for known, d in self._warned.items() if known in book}

    def principal(self, token: str) -> Principal | None:
        """The bearer of `token`, or None. Found by its id, which is no secret."""
        prefix, _, rest = token.partition("_")
        token_id, _, secret = rest.partition("_")
        with self._lock:
            found = self._book.get(token_id)
        if prefix != _PREFIX or not secret or found is None:
            return None
        stored, bearer = found
        if hmac.compare_digest(stored, _digest(self._keyring, token, bearer)):
            return bearer
        self._warn(token_id, stored)
        return None

    def _warn(self, token_id: str, stored: bytes) -> None:
        """Say once for each row that a token does not fit: a wrong one, or a changed row."""
        with self._lock:
            is_known = self._warned.get(token_id) == stored
            self._warned[token_id] = stored
        if not is_known:
            _LOG.warning("a token with the id %s does not fit its row; it is not valid", token_id)


def bearer_token(authorization: str | None) -> str | None:
    """The token of an Authorization header (RFC 6750), or None."""
    if authorization is None:
        return None
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _digest(keyring: Keyring, token: str, bearer: Principal) -> bytes:
    # The text of 256 random bits cannot be guessed; the key binds it to what its bearer may do.
    return keyring.blind_list(
        "token",
        [
            token,
            bearer.token_id,
            bearer.name,
            bearer.role,
            bearer.lane_id,
            bearer.provenance,
            *bearer.capabilities,
        ],
    )


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
