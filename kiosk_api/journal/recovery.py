"""Reading a journal from its start before anything is appended to it.

A crash can leave an unfinished end: bytes that never became durable, so that nobody was told of
them. They are cut off, and the next entry says what was cut. Anything else that is not as we
wrote it is refused: a journal is never repaired.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk_api.core.journal import (
    NO_HASH,
    Anchor,
    CheckpointReason,
    Entry,
    EntryError,
    EntryKind,
    Header,
    decode_header,
    decode_line,
)
from kiosk_api.journal import layout
from kiosk_api.journal.errors import JournalBrokenError
from kiosk_api.journal.signing import checkpoint_is_signed, open_anchor, public_hex

_OFFSET_BITS = 40

TOLD = (EntryKind.DECISION, EntryKind.SUPERSEDED)
"""Kinds of entry that hold what a traveler was told."""


def pack_place(segment: int, offset: int) -> int:
    """Segment and offset as one integer: a million of them in an index are 32 MB."""
    return segment << _OFFSET_BITS | offset


def unpack_place(place: int) -> tuple[int, int]:
    """The segment and the offset that `pack_place` joined."""
    return place >> _OFFSET_BITS, place & (1 << _OFFSET_BITS) - 1


def kind_belongs(header: Header, *, offset: int) -> bool:
    """Whether an entry of this kind may stand there: every segment begins with its own kind."""
    opening = EntryKind.SEGMENT if header.seq else EntryKind.GENESIS
    if offset == 0:
        return header.kind is opening
    return header.kind not in (EntryKind.GENESIS, EntryKind.SEGMENT)


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of the journal: its last entry, and where the next one goes."""

    segment: int
    start: int  # offset of the last entry
    end: int  # offset behind it
    seq: int
    hash: str


@dataclass(slots=True)
class Recovered:
    """What a journal holds, and how it ended."""

    tail: Tail
    last_at: datetime  # the latest time that the last entry or the anchor bears
    closed: bool  # its last entry says that it was closed
    unsigned: int  # entries since the last checkpoint
    unanchored: int  # entries behind the last anchor: durable perhaps, acknowledged never
    anchor_lost: bool  # the anchor file is empty, as a loss of power can leave it
    cut: bytes = field(repr=False)  # what stands behind the last entry
    places: dict[str, int] = field(repr=False)  # session id → where what it was told stands
    resolved: dict[str, int] = field(repr=False)  # session id → where its resolution stands
    policies: set[str] = field(repr=False)  # digests of the policies in the journal


def recover(directory: Path, public_key: Ed25519PublicKey) -> Recovered | None:
    """Read every entry; None when there is no journal, or no more than an attempt to make one.

    Raises:
        JournalBrokenError: an entry is missing, changed, or not where it belongs.
        OSError: a file cannot be read.
    """
    anchor, anchor_file = _read_anchor(directory, public_key)
    scan = _Scan(directory, public_key, anchor)
    numbers = layout.segment_numbers(directory)
    for number in numbers:
        scan.read_segment(number, is_last=number == numbers[-1])
    if scan.last is None:
        if anchor_file:
            raise JournalBrokenError("the segments of the journal are missing")
        return None
    if not anchor_file and scan.last.seq > 0:
        raise JournalBrokenError("the anchor file is missing")
    if anchor is not None and scan.last.seq < anchor.seq:
        raise JournalBrokenError(
            f"the journal ends with entry {scan.last.seq}, but entry {anchor.seq} was durable"
        )
    return scan.result(anchor_lost=anchor_file and anchor is None)


def _read_anchor(directory: Path, public_key: Ed25519PublicKey) -> tuple[Anchor | None, bool]:
    """The anchor, None for an empty file; and whether there is a file."""
    try:
        text = (directory / layout.ANCHOR).read_bytes()
    except FileNotFoundError:
        return None, False
    if not text.strip(b"\0"):
        return None, True
    anchor = open_anchor(public_key, text)
    if anchor is None:
        raise JournalBrokenError("the anchor file is not what this kiosk signed")
    return anchor, True


class _Scan:
    """Follows the chain through all segments."""

    def __init__(
        self, directory: Path, public_key: Ed25519PublicKey, anchor: Anchor | None
    ) -> None:
        self.last: Header | None = None
        self._directory = directory
        self._public_key = public_key
        self._anchor = anchor
        self._segment = self._start = self._end = self._unsigned = 0
        self._cut = b""
        self._places: dict[str, int] = {}
        self._resolved: dict[str, int] = {}
        self._policies: set[str] = set()

    def read_segment(self, number: int, *, is_last: bool) -> None:
        if number != self._segment + 1:
            raise JournalBrokenError(f"segment {self._segment + 1} is missing")
        path = layout.segment_path(self._directory, number)
        for offset, line in layout.lines(path):
            try:
                header = decode_header(line)
            except EntryError as error:
                if not is_last:
                    raise _broken(number, offset, error.flaw) from error
                self._cut_from(path, offset)
                return
            self._take(header, line, number, offset)
        if self._segment != number and not is_last:
            raise _broken(number, 0, "empty")

    def result(self, *, anchor_lost: bool) -> Recovered:
        assert self.last is not None
        entry = self._read_last()
        closed = entry.header.kind is EntryKind.CHECKPOINT and (
            checkpoint_is_signed(self._public_key, entry.header.seq, entry.header.prev, entry.body)
            is CheckpointReason.CLOSED
        )
        return Recovered(
            tail=Tail(self._segment, self._start, self._end, self.last.seq, self.last.hash),
            last_at=max(entry.at, self._anchor.at) if self._anchor else entry.at,
            closed=closed,
            unsigned=self._unsigned,
            unanchored=self.last.seq - self._anchor.seq if self._anchor else 0,
            anchor_lost=anchor_lost,
            cut=self._cut,
            places=self._places,
            resolved=self._resolved,
            policies=self._policies,
        )

    def _take(self, header: Header, line: bytes, number: int, offset: int) -> None:
        seq = self.last.seq + 1 if self.last else 0
        prev = self.last.hash if self.last else NO_HASH
        if (header.seq, header.prev) != (seq, prev):
            raise _broken(number, offset, "not linked to the entry before it")
        if not kind_belongs(header, offset=offset):
            raise _broken(number, offset, f"a {header.kind} entry does not belong there")
        if self._anchor and header.seq == self._anchor.seq and header.hash != self._anchor.hash:
            raise _broken(number, offset, "not the entry that was anchored")
        if header.kind is EntryKind.GENESIS:
            self._check_genesis(line)
        elif header.kind is EntryKind.POLICY:
            self._policies.add(str(_parsed(line, number, offset).body.get("digest")))
        elif header.kind in TOLD and header.session_id is not None:
            self._places[header.session_id] = pack_place(number, offset)
        elif header.kind is EntryKind.RESOLUTION and header.session_id is not None:
            self._resolved[header.session_id] = pack_place(number, offset)
        self._unsigned = 0 if header.kind is EntryKind.CHECKPOINT else self._unsigned + 1
        self._segment, self._start, self._end = number, offset, offset + len(line)
        self.last = header

    def _check_genesis(self, line: bytes) -> None:
        if _parsed(line, 1, 0).body.get("public_key") != public_hex(self._public_key):
            raise JournalBrokenError("the journal was begun under another signing key")

    def _cut_from(self, path: Path, offset: int) -> None:
        """Cut what follows `offset`, unless something that we wrote follows."""
        with path.open("rb") as file:
            file.seek(offset)
            self._cut = file.read()
        for behind, line in layout.lines(path, offset):
            try:
                decode_header(line)
            except EntryError:
                continue
            raise JournalBrokenError(
                f"{path.name}: the line at byte {offset} is broken, an entry follows at {behind}"
            )

    def _read_last(self) -> Entry:
        path = layout.segment_path(self._directory, self._segment)
        _, line = next(layout.lines(path, self._start))
        return _parsed(line, self._segment, self._start)


def _parsed(line: bytes, number: int, offset: int) -> Entry:
    try:
        return decode_line(line)
    except EntryError as error:
        raise _broken(number, offset, error.flaw) from error


def _broken(number: int, offset: int, why: str) -> JournalBrokenError:
    return JournalBrokenError(f"segment {number}, byte {offset}: {why}")
