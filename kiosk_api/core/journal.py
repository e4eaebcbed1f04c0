"""Entries of the journal: their form, their hash link, and what a signature covers.

A journal is a list of lines, each one entry:

    {"entry":{"at":…,"body":…,"kind":…,"prev":…,"seq":…,"session_id":…},"hash":"<64 hex>"}\\n

in canonical JSON (sorted keys, no spaces, ASCII). `hash` is the SHA-256 of the entry's own bytes
behind a tag that belongs to entries alone, `prev` the hash of the entry before it (64 zeros for
the first). So every byte of a line is either hashed or one of the fixed characters around.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

from kiosk_api.core.plain import Plain, canonical_json

FORMAT = 1
"""Version of this format; the genesis entry names it."""

NO_HASH = "0" * 64
"""What the first entry links to."""

MAXIMUM_LINE = 1 << 20
"""Bytes of the longest line; a longer one is not ours."""

_ENTRY_TAG = b"port-of-entry-kiosk journal entry v1\n"
_CHECKPOINT_TAG = b"port-of-entry-kiosk journal checkpoint v1\n"
_ANCHOR_TAG = b"port-of-entry-kiosk journal anchor v1\n"

_BEFORE_ENTRY = b'{"entry":'
_BEFORE_HASH = b',"hash":"'
_AFTER_HASH = b'"}\n'
_AROUND_HASH = len(_BEFORE_HASH) + 64 + len(_AFTER_HASH)

# What stands behind the body; a string in a body cannot look like it, its quotes are escaped.
_TAIL = re.compile(
    rb'.*,"kind":"([a-z_]{1,32})","prev":"([0-9a-f]{64})","seq":(0|[1-9][0-9]{0,18}),'
    rb'"session_id":(?:null|"([A-Za-z0-9_.-]{1,64})")\}',
    re.DOTALL,
)
_TAIL_BYTES = 256
_SESSION_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}")


class EntryKind(StrEnum):
    """What an entry records."""

    GENESIS = "genesis"  # the first of all: format, kiosk, public key
    SEGMENT = "segment"  # the first of every later file
    POLICY = "policy"  # a policy in full, before the first decision under it
    DECISION = "decision"
    SUPERSEDED = "superseded"  # the REFER that was told in place of an ADMIT durable too late
    VIEWED = "viewed"  # an officer was shown what identifies a referred traveler
    RESOLUTION = "resolution"  # what an officer did with a referred session, and why
    CHECKPOINT = "checkpoint"  # a signature over everything before it
    KEY_DESTROYED = "key_destroyed"  # retention: a session's payload cannot be read any more
    REOPENED = "reopened"  # the journal was not closed; what was cut off its end


class CheckpointReason(StrEnum):
    """Why a checkpoint was written."""

    INTERVAL = "interval"
    RECOVERED = "recovered"  # the disk works again
    OPENED = "opened"
    CLOSED = "closed"


class EntryFlaw(StrEnum):
    """Why a line is no entry."""

    NOT_AN_ENTRY = "not_an_entry"
    HASH_DIFFERS = "hash_differs"


class EntryError(ValueError):
    """A line is no entry; the message names the flaw and quotes nothing."""

    def __init__(self, flaw: EntryFlaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


@dataclass(frozen=True, slots=True)
class Header:
    """What links an entry, without its body."""

    seq: int
    kind: EntryKind
    session_id: str | None
    prev: str
    hash: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it was read; `hash` agrees with its bytes."""

    header: Header
    at: datetime
    body: dict[str, Plain]

    @property
    def outcome(self) -> str | None:
        """What a decision or superseded entry says that its traveler was told."""
        decision = self.body.get("decision")
        outcome = decision.get("outcome") if isinstance(decision, dict) else None
        return outcome if isinstance(outcome, str) else None


@dataclass(frozen=True, slots=True)
class Anchor:
    """The last entry known to be durable; kept outside the segments, signed."""

    seq: int
    hash: str
    at: datetime  # the latest time of any entry so far


def is_session_id(text: str) -> bool:
    """Whether `text` may name a session: 1-64 of A-Z a-z 0-9 _ - and, not first, a full stop."""
    return _SESSION_ID.fullmatch(text) is not None


def time_text(moment: datetime) -> str:
    """A moment as UTC, ISO 8601 with microseconds, 27 characters."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def encode_line(
    *, seq: int, kind: EntryKind, at: datetime, session_id: str | None, body: bytes, prev: str
) -> tuple[bytes, str]:
    """The line of an entry, newline included, and its hash.

    Args:
        body: a JSON object in canonical form (`canonical_json`).
    """
    session = f'"{session_id}"' if session_id is not None else "null"
    entry = b"".join(
        (
            f'{{"at":"{time_text(at)}","body":'.encode(),
            body,
            f',"kind":"{kind}","prev":"{prev}","seq":{seq},"session_id":{session}}}'.encode(),
        )
    )
    digest = _entry_hash(entry)
    return _BEFORE_ENTRY + entry + _BEFORE_HASH + digest.encode() + _AFTER_HASH, digest


def decode_header(line: bytes) -> Header:
    """Check a line's hash and read how it is linked, without parsing its body.

    Raises:
        EntryError: the line is no entry, or its hash is another.
    """
    entry = line[len(_BEFORE_ENTRY) : -_AROUND_HASH]
    around = line[-_AROUND_HASH:]
    if not (
        line.startswith(_BEFORE_ENTRY)
        and around.startswith(_BEFORE_HASH)
        and around.endswith(_AFTER_HASH)
    ):
        raise EntryError(EntryFlaw.NOT_AN_ENTRY)
    digest = _entry_hash(entry)
    if around[len(_BEFORE_HASH) : -len(_AFTER_HASH)] != digest.encode():
        raise EntryError(EntryFlaw.HASH_DIFFERS)
    tail = _TAIL.fullmatch(entry[-_TAIL_BYTES:])
    if tail is None:
        raise EntryError(EntryFlaw.NOT_AN_ENTRY)
    kind, prev, seq, session = tail.groups()
    try:
        known = EntryKind(kind.decode())
    except ValueError as error:
        raise EntryError(EntryFlaw.NOT_AN_ENTRY) from error
    session_id = session.decode() if session is not None else None
    return Header(int(seq), known, session_id, prev.decode(), digest)


def decode_line(line: bytes) -> Entry:
    """Read a line in full; its hash and its form are checked.

    Raises:
        EntryError: the line is no entry in canonical form, or its hash is another.
    """
    header = decode_header(line)
    try:
        parsed = json.loads(line)["entry"]
        body = parsed["body"]
        at = datetime.fromisoformat(parsed["at"])
        if not isinstance(body, dict):
            raise EntryError(EntryFlaw.NOT_AN_ENTRY)
        again, _ = encode_line(
            seq=header.seq,
            kind=header.kind,
            at=at,
            session_id=header.session_id,
            body=canonical_json(body),
            prev=header.prev,
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EntryError(EntryFlaw.NOT_AN_ENTRY) from error
    if again != line:
        raise EntryError(EntryFlaw.NOT_AN_ENTRY)
    return Entry(header, at, body)


def checkpoint_message(seq: int, prev: str, reason: CheckpointReason) -> bytes:
    """What the signature of a checkpoint covers: everything up to the entry with hash `prev`."""
    return _CHECKPOINT_TAG + canonical_json({"prev": prev, "reason": reason, "seq": seq})


def anchor_message(anchor: Anchor) -> bytes:
    """What the signature of an anchor covers."""
    return _ANCHOR_TAG + canonical_json(_anchor_object(anchor))


def encode_anchor(anchor: Anchor, signature: bytes) -> bytes:
    """The text of the anchor file."""
    return canonical_json({"anchor": _anchor_object(anchor), "signature": signature.hex()}) + b"\n"


def decode_anchor(text: bytes) -> tuple[Anchor, bytes]:
    """Read an anchor file: the anchor and its signature, which is not yet checked.

    Raises:
        EntryError: the text is no anchor, to the byte.
    """
    try:
        parsed = json.loads(text)
        fields = parsed["anchor"]
        at = datetime.fromisoformat(fields["at"])
        anchor = Anchor(fields["seq"], fields["hash"], at)
        signature = bytes.fromhex(parsed["signature"])
        again = encode_anchor(anchor, signature)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise EntryError(EntryFlaw.NOT_AN_ENTRY) from error
    if again != text:
        raise EntryError(EntryFlaw.NOT_AN_ENTRY)
    return anchor, signature


def _anchor_object(anchor: Anchor) -> dict[str, Plain]:
    return {"at": time_text(anchor.at), "hash": anchor.hash, "seq": anchor.seq}


def _entry_hash(entry: bytes) -> str:
    return sha256(_ENTRY_TAG + entry).hexdigest()
