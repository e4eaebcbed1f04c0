"""Bearer tokens: shown once, kept as digests, ended by revocation, never guessed from a row."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from devices.readings import Capability
from kiosk_api.access.tokens import (
    Principal,
    Role,
    TokenBook,
    TokenRequest,
    TokenRequestError,
    _digest,
    bearer_token,
    create_token,
    list_tokens,
    revoke_token,
)
from kiosk_api.core.evidence import Provenance
from kiosk_api.persistence.engine import open_database
from kiosk_api.persistence.migrations import upgrade
from kiosk_api.sealing import Keyring

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEYS = Keyring(bytes(32), bytes(32), Ed25519PrivateKey.generate())
DEVICE = TokenRequest("camera", Role.DEVICE, Provenance.DEVICE, "lane-1", (Capability.FACE_CAMERA,))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(tmp_path / "kiosk.db")
    upgrade(engine)
    yield engine
    engine.dispose()


def test_a_token_is_nowhere_in_the_database(engine: Engine, tmp_path: Path) -> None:
    token_id, token = create_token(engine, KEYS, DEVICE, NOW)
    secret = token.rpartition(f"{token_id}_")[2]
    assert len(secret) >= 43  # 256 bits
    files = [path for path in tmp_path.iterdir() if path.name.startswith("kiosk.db")]
    stored = b"".join(path.read_bytes() for path in files)
    assert token_id.encode() in stored
    assert secret.encode() not in stored


def test_a_new_token_counts_after_a_refresh_and_a_revoked_one_no_more(engine: Engine) -> None:
    book = TokenBook(engine, KEYS)
    token_id, token = create_token(engine, KEYS, DEVICE, NOW)
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
    odd_id, odd = create_token(engine, KEYS, DEVICE, NOW)
    _, sound = create_token(engine, KEYS, DEVICE, NOW)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE credentials SET {change} WHERE token_id = '{odd_id}'")
    book = TokenBook(engine, KEYS)
    book.refresh()
    assert book.principal(odd) is None
    assert book.principal(sound) is not None


def test_a_row_without_a_provenance_lets_nobody_in(engine: Engine) -> None:
    _, token = create_token(engine, KEYS, DEVICE, NOW)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE credentials SET provenance = NULL")
    book = TokenBook(engine, KEYS)
    book.refresh()
    assert book.principal(token) is None
    [(listed, _)] = list_tokens(engine)
    assert listed.provenance is Provenance.SIMULATED


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
        create_token(engine, KEYS, request_, NOW)
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
    assert TokenBook(engine, KEYS).principal(token or "") is None


# --- who can write the database, and has no keys --------------------------------------------------


def change(engine: Engine, statement: str, *values: object) -> None:
    """Change the file as any program could, without this one's code."""
    with closing(sqlite3.connect(str(engine.url.database))) as plain:
        assert plain.execute(statement, values).rowcount == 1
        plain.commit()


def bearer(engine: Engine, token: str) -> Principal | None:
    book = TokenBook(engine, KEYS)
    book.refresh()
    return book.principal(token)


@pytest.mark.parametrize("keyed", [False, True])
def test_a_row_with_a_digest_of_somebodys_own_token_lets_nobody_in(
    engine: Engine, caplog: pytest.LogCaptureFixture, keyed: bool
) -> None:
    """A plain digest, or one that other keys made; the control is the very row with ours."""
    token = "poe_aaaaaaaa_" + "x" * 43
    wanted = Principal("aaaaaaaa", "gate", Role.DEVICE, "lane-1", Provenance.DEVICE, ())
    other = Keyring(bytes(32), b"\1" * 32, KEYS.journal_key)
    digest = _digest(other, token, wanted) if keyed else sha256(token.encode()).digest()
    change(
        engine,
        "INSERT INTO credentials VALUES ('aaaaaaaa', ?, 'device', 'gate', 'lane-1', 'device', '[]',"
        " '2026-06-01 12:00:00', NULL)",
        digest,
    )
    assert bearer(engine, token) is None
    assert "aaaaaaaa does not fit its row" in caplog.text
    assert token not in caplog.text
    change(engine, "UPDATE credentials SET token_digest = ?", _digest(KEYS, token, wanted))
    assert bearer(engine, token) == wanted


@pytest.mark.parametrize(
    "better",
    [
        "role = 'service', lane_id = NULL",
        "name = 'another'",
        "lane_id = 'lane-2'",
        "provenance = 'device'",
        "capabilities = '[]'",
        "token_id = 'aaaaaaaa'",
    ],
)
def test_a_row_that_was_changed_lets_nobody_in(engine: Engine, better: str) -> None:
    may = (Capability.FACE_CAMERA,)
    request = TokenRequest("camera", Role.DEVICE, Provenance.SIMULATED, "lane-1", may)
    _, token = create_token(engine, KEYS, request, NOW)
    assert bearer(engine, token) is not None
    change(engine, f"UPDATE credentials SET {better}")
    assert bearer(engine, token) is None
    assert bearer(engine, token.replace(token.split("_")[1], "aaaaaaaa")) is None


def test_a_revoked_token_does_not_come_back(engine: Engine) -> None:
    token_id, token = create_token(engine, KEYS, DEVICE, NOW)
    revoke_token(engine, token_id, NOW)
    change(engine, "UPDATE credentials SET revoked_at = NULL")
    assert bearer(engine, token) is None


def test_a_digest_moved_to_another_row_does_not_count(engine: Engine) -> None:
    _, weak = create_token(
        engine, KEYS, TokenRequest("weak", Role.DEVICE, Provenance.SIMULATED, "lane-1"), NOW
    )
    strong_id, strong = create_token(engine, KEYS, DEVICE, NOW)
    with closing(sqlite3.connect(str(engine.url.database))) as plain:
        [(digest,)] = plain.execute("SELECT token_digest FROM credentials WHERE name = 'weak'")
    change(engine, "DELETE FROM credentials WHERE name = 'weak'")
    change(engine, "UPDATE credentials SET token_digest = ?", digest)
    assert bearer(engine, weak) is None
    assert bearer(engine, weak.replace(weak.split("_")[1], strong_id)) is None
    assert bearer(engine, strong) is None


def test_a_wrong_token_is_told_of_once_and_not_quoted(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    token_id, token = create_token(engine, KEYS, DEVICE, NOW)
    book = TokenBook(engine, KEYS)
    book.refresh()
    for _ in range(3):
        assert book.principal(token + "x") is None
        book.refresh()
    assert caplog.text.count(token_id) == 1
    assert token not in caplog.text
    assert book.principal(token) is not None
