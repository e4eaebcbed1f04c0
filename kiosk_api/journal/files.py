"""The files under an open journal: appending durably, anchoring, beginning anew after a failure."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk_api.core.journal import (
    FORMAT,
    NO_HASH,
    Anchor,
    Entry,
    EntryError,
    EntryKind,
    decode_header,
    decode_line,
    encode_line,
)
from kiosk_api.core.plain import canonical_json
from kiosk_api.journal import layout
from kiosk_api.journal.disk import Disk
from kiosk_api.journal.errors import JournalBrokenError
from kiosk_api.journal.recovery import Tail, unpack_place
from kiosk_api.journal.signing import public_hex, sign_anchor


class JournalFiles:
    """The last segment, open for writing, and the anchor file. Any call may raise OSError."""

    def __init__(self, directory: Path, key: Ed25519PrivateKey, disk: Disk) -> None:
        self._directory = directory
        self._key = key
        self._disk = disk
        self._descriptor = -1

    def begin(self, kiosk_id: str, at: datetime) -> None:
        """Write the first entry of a journal; the anchor comes last, without it none was begun."""
        path = layout.segment_path(self._directory, 1)
        path.unlink(missing_ok=True)
        body = canonical_json(
            {
                "format": FORMAT,
                "kiosk_id": kiosk_id,
                "public_key": public_hex(self._key.public_key()),
            }
        )
        line, digest = encode_line(
            seq=0, kind=EntryKind.GENESIS, at=at, session_id=None, body=body, prev=NO_HASH
        )
        descriptor = self._disk.create(path)
        try:
            self._disk.write(descriptor, line, 0)
            self._disk.sync(descriptor)
        finally:
            os.close(descriptor)
        self.anchor(Anchor(0, digest, at))
        self._disk.sync_directory(self._directory)

    def open(self, tail: Tail) -> None:
        """Open the segment that holds `tail`."""
        self._descriptor = self._disk.open(layout.segment_path(self._directory, tail.segment))

    def append(self, data: bytes, offset: int) -> None:
        """Write at `offset` of the open segment; durable on return."""
        self._disk.write(self._descriptor, data, offset)
        self._disk.sync(self._descriptor)

    def append_segment(self, data: bytes, number: int) -> None:
        """Begin segment `number` with `data`, which is durable on return, and keep it open."""
        descriptor = self._disk.create(layout.segment_path(self._directory, number))
        try:
            self._disk.write(descriptor, data, 0)
            self._disk.sync(descriptor)
            self._disk.sync_directory(self._directory)
        except OSError:
            os.close(descriptor)
            raise
        os.close(self._descriptor)
        self._descriptor = descriptor

    def anchor(self, anchor: Anchor) -> None:
        """Note the last durable entry; durable on return.

        So an ADMIT behind the anchor was told to nobody, whatever ended the service.
        """
        self._disk.replace(
            self._directory / layout.ANCHOR,
            self._directory / layout.ANCHOR_PARTIAL,
            sign_anchor(self._key, anchor),
        )

    def cut_behind(self, end: int) -> None:
        """Remove what the open segment holds behind `end`."""
        if os.fstat(self._descriptor).st_size > end:
            self._disk.truncate(self._descriptor, end)
            self._disk.sync(self._descriptor)

    def remove_behind(self, tail: Tail) -> None:
        """Remove a segment behind `tail` that was begun and holds nothing durable."""
        path = layout.segment_path(self._directory, tail.segment + 1)
        if path.exists():
            path.unlink()
            self._disk.sync_directory(self._directory)

    def reopen(self, tail: Tail) -> None:
        """Begin anew behind the last durable entry.

        After a failed write or fdatasync the kernel may report success for pages that it has
        dropped, so the file is opened again, cut, and the end that counts is read back.

        Raises:
            JournalBrokenError: the last durable entry is not there any more.
        """
        self.close()
        self.remove_behind(tail)
        self.open(tail)
        self.cut_behind(tail.end)
        last = os.pread(self._descriptor, tail.end - tail.start, tail.start)
        try:
            there = decode_header(last).hash == tail.hash
        except EntryError:
            there = False
        if not there:
            raise JournalBrokenError("the last durable entry is not on the disk any more")

    def read(self, place: int) -> Entry:
        """The entry at a packed place.

        Raises:
            JournalBrokenError: it was changed since it was written.
        """
        segment, offset = unpack_place(place)
        for _, line in layout.lines(layout.segment_path(self._directory, segment), offset):
            try:
                return decode_line(line)
            except EntryError as error:
                raise JournalBrokenError(f"segment {segment}, byte {offset}: {error}") from error
        raise JournalBrokenError(f"segment {segment} ends before byte {offset}")

    def close(self) -> None:
        """Close the open segment, whatever its disk says."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            with suppress(OSError):
                os.close(descriptor)
