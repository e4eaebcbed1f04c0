"""The form of an entry: one text for one entry, and a hash over all of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_api.core.journal import (
    NO_HASH,
    Anchor,
    CheckpointReason,
    EntryError,
    EntryFlaw,
    EntryKind,
    anchor_message,
    checkpoint_message,
    decode_anchor,
    decode_header,
    decode_line,
    encode_anchor,
    encode_line,
    is_session_id,
    time_text,
)
from kiosk_api.core.plain import canonical_json

AT = datetime(2026, 6, 1, 12, 0, 0, 5, tzinfo=UTC)

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
plain = st.recursive(
    scalars.filter(lambda value: value not in (float("inf"), float("-inf"))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
session_ids = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}", fullmatch=True)


def line(**changes: object) -> bytes:
    fields: dict[str, object] = {
        "seq": 7,
        "kind": EntryKind.DECISION,
        "at": AT,
        "session_id": "s-1",
        "body": b'{"a":1}',
        "prev": NO_HASH,
    }
    return encode_line(**{**fields, **changes})[0]  # type: ignore[arg-type]  # by name


def with_hash(entry: bytes) -> bytes:
    """A line around any bytes, its hash in order."""
    tag = b"port-of-entry-kiosk journal entry v1\n"
    digest = sha256(tag + entry).hexdigest().encode()
    return b'{"entry":' + entry + b',"hash":"' + digest + b'"}\n'


def test_a_line_is_canonical_json_with_its_hash_over_the_tagged_entry() -> None:
    written, digest = encode_line(
        seq=7, kind=EntryKind.DECISION, at=AT, session_id="s-1", body=b'{"a":1}', prev=NO_HASH
    )
    entry = (
        b'{"at":"2026-06-01T12:00:00.000005Z","body":{"a":1},"kind":"decision","prev":"'
        + NO_HASH.encode()
        + b'","seq":7,"session_id":"s-1"}'
    )
    assert written == with_hash(entry)
    assert canonical_json(json.loads(written)) + b"\n" == written
    assert json.loads(written)["hash"] == digest


@given(
    st.integers(0, 10**18),
    st.sampled_from(EntryKind),
    st.none() | session_ids,
    st.dictionaries(st.text(), plain, max_size=4),
    st.binary(min_size=32, max_size=32),
)
def test_what_was_written_is_read(
    seq: int, kind: EntryKind, session_id: str | None, body: dict[str, object], prev: bytes
) -> None:
    written, digest = encode_line(
        seq=seq,
        kind=kind,
        at=AT,
        session_id=session_id,
        body=canonical_json(body),  # type: ignore[arg-type]  # made of plain values
        prev=prev.hex(),
    )
    entry = decode_line(written)
    assert written.count(b"\n") == 1
    assert entry.header == decode_header(written)
    assert (entry.header.seq, entry.header.kind) == (seq, kind)
    assert (entry.header.session_id, entry.header.prev) == (session_id, prev.hex())
    assert (entry.header.hash, entry.at, entry.body) == (digest, AT, body)


def test_a_body_cannot_pass_for_what_stands_behind_it() -> None:
    fake = f'","kind":"genesis","prev":"{NO_HASH}","seq":0,"session_id":null}}'
    body = canonical_json({"z": fake, "zz": {"kind": "genesis", "seq": 0, "session_id": None}})
    header = decode_header(line(body=body))
    assert (header.kind, header.seq, header.session_id) == (EntryKind.DECISION, 7, "s-1")


@pytest.mark.parametrize(
    "entry",
    [
        b"",
        b"{}",
        b"[1]",
        b"null",
        line()[9:-76].replace(b'"decision"', b'"unknown"'),
        line()[9:-76].replace(b'"seq":7', b'"seq":07'),
        line()[9:-76].replace(b'"seq":7', b'"seq":-7'),
        line()[9:-76].replace(b'{"a":1}', b"[1]"),
        line()[9:-76].replace(b'{"a":1}', b'{"a": 1}'),
        line()[9:-76].replace(b'{"a":1}', b'{"b":1,"a":1}'),
        line()[9:-76].replace(b'{"a":1}', b'{"a":1,"a":2}'),
        line()[9:-76].replace(b'{"a":1}', b'{"a":NaN}'),
        line()[9:-76].replace(b'{"a":1}', b"[" * 100_000),
        line()[9:-76].replace(b"2026-06", b"2026-13"),
        line()[9:-76].replace(b"000005Z", b"000005+00:00"),
    ],
)
def test_a_right_hash_does_not_make_an_entry(entry: bytes) -> None:
    with pytest.raises(EntryError) as error:
        decode_line(with_hash(entry))
    assert error.value.flaw is EntryFlaw.NOT_AN_ENTRY


def test_a_wrong_hash_is_named() -> None:
    with pytest.raises(EntryError) as error:
        decode_header(line().replace(b'{"a":1}', b'{"a":2}'))
    assert error.value.flaw is EntryFlaw.HASH_DIFFERS


def test_time_is_utc_to_the_microsecond() -> None:
    away = AT.astimezone(timezone(timedelta(hours=-4)))
    assert time_text(away) == time_text(AT) == "2026-06-01T12:00:00.000005Z"


def test_an_anchor_is_read_to_the_byte() -> None:
    text = encode_anchor(Anchor(3, "ab" * 32, AT), b"\xab" * 64)
    assert decode_anchor(text) == (Anchor(3, "ab" * 32, AT), b"\xab" * 64)
    for changed in (text[:-1], text + b"\n", text.replace(b"abab", b"ABab"), b"null", b""):
        with pytest.raises(EntryError):
            decode_anchor(changed)


def test_no_signature_can_stand_for_another() -> None:
    messages = {
        anchor_message(Anchor(3, NO_HASH, AT)),
        anchor_message(Anchor(4, NO_HASH, AT)),
        *(checkpoint_message(3, NO_HASH, reason) for reason in CheckpointReason),
        checkpoint_message(4, NO_HASH, CheckpointReason.CLOSED),
        checkpoint_message(3, "1" * 64, CheckpointReason.CLOSED),
    }
    assert len(messages) == 2 + len(CheckpointReason) + 2


@pytest.mark.parametrize("good", ["a", "0192f0c4-7d1a", "A_b.c", "x" * 64])
def test_session_ids(good: str) -> None:
    assert is_session_id(good)
