"""Bearer tokens: shown once, kept as digests, ended by revocation, never guessed from a row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from devices.readings import Capability
from kiosk_api.access.tokens import (
    Role,
    TokenBook,
    TokenRequest,
    TokenRequestError,
    bearer_token,
    create_token,
    list_tokens,
    revoke_token,
)
from kiosk_api.core.evidence import Provenance
from kiosk_api.persistence.engine import open_database
from kiosk_api.persistence.migrations import upgrade

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DEVICE = TokenRequest("camera", Role.DEVICE, Provenance.DEVICE, "lane-1", (Capability.FACE_CAMERA,))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(tmp_path / "kiosk.db")
    upgrade(engine)
    yield engine
    engine.dispose()


def test_a_token_is_nowhere_in_the_database(engine: Engine, tmp_path: Path) -> None:
    token_id, token = create_token(engine, DEVICE, NOW)
    secret = token.rpartition(f"{token_id}_")[2]
    assert len(secret) >= 43  # 256 bits
    files = [path for path in tmp_path.iterdir() if path.name.startswith("kiosk.db")]
    stored = b"".join(path.read_bytes() for path in files)
    assert token_id.encode() in stored
    assert secret.encode() not in stored


def test_a_new_token_counts_after_a_refresh_and_a_revoked_one_no_more(engine: Engine) -> None:
    book = TokenBook(engine)
    token_id, token = create_token(engine, DEVICE, NOW)
    assert book.principal(token) is None
    book.refresh()
    principal = book.principal(token)
    assert principal is not None
    assert (principal.role, principal.lane_id) == (Role.DEVICE, "lane-1")
    assert principal.capabilities == (Capability.FACE_CAMERA,)
    assert book.principal(token[:-1]) is None
    assert book.principal(token_id) is None
    assert revoke_token(engine, token_id, NOW)
    book.refresh()
    assert book.principal(token) is None
    assert [(p.token_id, revoked) for p, revoked in list_tokens(engine)] == [(token_id, NOW)]
    assert not revoke_token(engine, "ffffffff", NOW)


@pytest.mark.parametrize(
    "change",
    ["role = 'admin'", "provenance = 'blessed'", "capabilities = '[\"everything\"]'"],
)
def test_a_row_that_makes_no_sense_lets_nobody_in_and_keeps_nobody_out(
    engine: Engine, change: str
) -> None:
    odd_id, odd = create_token(engine, DEVICE, NOW)
    _, sound = create_token(engine, DEVICE, NOW)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE credentials SET {change} WHERE token_id = '{odd_id}'")
    book = TokenBook(engine)
    book.refresh()
    assert book.principal(odd) is None
    assert book.principal(sound) is not None


def test_without_a_provenance_the_least_trusted_is_assumed(engine: Engine) -> None:
    _, token = create_token(engine, DEVICE, NOW)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE credentials SET provenance = NULL")
    book = TokenBook(engine)
    book.refresh()
    principal = book.principal(token)
    assert principal is not None
    assert principal.provenance is Provenance.SIMULATED


@pytest.mark.parametrize(
    "request_",
    [
        TokenRequest("n", Role.DEVICE, Provenance.DEVICE),
        TokenRequest("n", Role.DEVICE, Provenance.DEVICE, ""),
        TokenRequest("n", Role.DEVICE, Provenance.DEVICE, "Lane 1"),
        TokenRequest("n", Role.SERVICE, Provenance.DEVICE, "lane-1"),
        TokenRequest("n", Role.OPERATOR, Provenance.DEVICE, None, (Capability.INDICATOR,)),
    ],
)
def test_a_token_without_sense_is_not_made(engine: Engine, request_: TokenRequest) -> None:
    with pytest.raises(TokenRequestError):
        create_token(engine, request_, NOW)
    assert list_tokens(engine) == []


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (None, None),
        ("", None),
        ("Bearer", None),
        ("Bearer  ", None),
        ("Basic x", None),
        ("Bearer x", "x"),
        ("bearer  x ", "x"),
        ("Bearer \udcff", "\udcff"),
    ],
)
def test_the_header(engine: Engine, header: str | None, token: str | None) -> None:
    assert bearer_token(header) == token
    assert TokenBook(engine).principal(token or "") is None
