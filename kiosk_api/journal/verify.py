"""Whether a journal is whole: every byte as it was written, nothing missing, everything signed.

Needs neither the database nor a secret. What it proves, and what it cannot:

- Any change, removal, insertion or exchange of entries that an anchor or checkpoint covers is
  found: all of them, up to the last acknowledged entry of a running or closed service.
- A journal that is shorter than its anchor is found. One that was put back together with an
  older copy of its anchor looks whole; only a copy of a later head elsewhere (the hub's) tells.
- Entries behind the last anchor (after a crash, at most what was being written) are linked but
  not signed; the report counts them. After a loss of power the anchor may be an older one.
- Without the kiosk's public key from elsewhere, the key is that of the first entry: then the
  journal agrees with itself, and its origin is not proven.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk_api.core.decision import Outcome
from kiosk_api.core.journal import (
    FORMAT,
    NO_HASH,
    Anchor,
    CheckpointReason,
    Entry,
    EntryError,
    EntryFlaw,
    EntryKind,
    Header,
    decode_line,
)
from kiosk_api.journal import layout
from kiosk_api.journal.pictures import is_picture
from kiosk_api.journal.recovery import kind_belongs
from kiosk_api.journal.signing import (
    checkpoint_is_signed,
    open_anchor,
    public_from_hex,
    public_hex,
)


class ProblemCode(StrEnum):
    """What is wrong with a journal."""

    NO_JOURNAL = "no_journal"
    NOT_AN_ENTRY = "not_an_entry"
    HASH_DIFFERS = "hash_differs"
    UNFINISHED_LINE = "unfinished_line"  # a crash left it; the next start cuts it off
    SEQUENCE_BROKEN = "sequence_broken"
    LINK_BROKEN = "link_broken"
    KIND_MISPLACED = "kind_misplaced"
    FORMAT_UNKNOWN = "format_unknown"
    KEY_DIFFERS = "key_differs"
    SIGNATURE_WRONG = "signature_wrong"
    SEGMENT_MISSING = "segment_missing"
    SEGMENT_EMPTY = "segment_empty"
    FOREIGN_FILE = "foreign_file"
    ANCHOR_MISSING = "anchor_missing"
    ANCHOR_WRONG = "anchor_wrong"
    SHORTER_THAN_ANCHOR = "shorter_than_anchor"
    ENTRIES_AFTER_CLOSE = "entries_after_close"
    DECISION_REPEATED = "decision_repeated"
    NOTHING_SUPERSEDED = "nothing_superseded"
    RESOLUTION_REPEATED = "resolution_repeated"
    NOTHING_RESOLVED = "nothing_resolved"  # an officer's entry for a session that was not referred
    POLICY_MISSING = "policy_missing"
    PICTURE_DIFFERS = "picture_differs"


class Authenticity(StrEnum):
    """Where the public key came from."""

    GIVEN = "given"
    UNPROVEN = "unproven"  # from the journal itself


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where: file, line from 1, byte offset of the line."""

    code: ProblemCode
    file: str
    line: int = 0
    offset: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line} (byte {self.offset})" if self.line else self.file
        return f"{where}: {self.code}"


@dataclass(slots=True)
class PictureCounts:
    """What became of the pictures that entries name."""

    sound: int = 0
    not_kept: int = 0
    destroyed: int = 0  # with their session's key


@dataclass(slots=True)
class VerifyReport:
    """What a journal holds and what is wrong with it."""

    entries: int = 0
    sessions: int = 0
    segments: int = 0
    checkpoints: int = 0
    head_seq: int | None = None
    head_hash: str | None = None
    unanchored: int = 0
    is_written: bool = False  # by a running service, at this moment
    authenticity: Authenticity = Authenticity.UNPROVEN
    pictures: PictureCounts = field(default_factory=PictureCounts)
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def verify(
    directory: Path, *, pictures: Path | None = None, public_key: Ed25519PublicKey | None = None
) -> VerifyReport:
    """Read every byte of a journal and say what is wrong with it.

    A line that is no entry ends the reading of its chain there: what follows is linked to
    nothing that can be trusted.

    Args:
        directory: the folder with the segments and the anchor.
        pictures: the folder of sealed pictures; None leaves them out.
        public_key: the kiosk's, from elsewhere than the journal.

    Raises:
        OSError: a file cannot be read.
    """
    if not directory.is_dir() or not layout.segment_numbers(directory):
        report = VerifyReport()
        report.problems.append(Problem(ProblemCode.NO_JOURNAL, directory.name))
        return report
    return _Verification(directory, pictures, public_key).run()


class _Verification:
    def __init__(
        self, directory: Path, pictures: Path | None, public_key: Ed25519PublicKey | None
    ) -> None:
        self._directory = directory
        self._pictures = pictures
        self._key = public_key
        # In this order: what a running service appends meanwhile is behind this anchor.
        is_written = layout.is_written(directory)
        self._anchor_text = _read_if_there(directory / layout.ANCHOR)
        self._report = VerifyReport(
            is_written=is_written,
            authenticity=Authenticity.GIVEN if public_key else Authenticity.UNPROVEN,
        )
        self._numbers = layout.segment_numbers(directory)
        self._last: Header | None = None
        self._is_torn = False
        self._anchor: Anchor | None = None
        self._closed_at_anchor = False
        self._where = ("", 0, 0)  # file, line, offset
        self._outcomes: dict[str, bool] = {}  # session → whether it was admitted
        self._resolved: set[str] = set()
        self._policies: set[str] = set()
        self._not_kept: dict[str, int] = {}  # session → pictures that are not there

    def run(self) -> VerifyReport:
        report = self._report
        if self._key is None:
            self._key = self._key_of_genesis()
        if self._key is not None:
            self._open_anchor(self._key)
        for entry in self._entries():
            self._check(entry)
        if self._last is not None:
            report.head_seq, report.head_hash = self._last.seq, self._last.hash
        self._compare_with_anchor()
        self._check_other_files()
        report.sessions = len(self._outcomes)
        report.pictures.not_kept = sum(self._not_kept.values())
        return report

    def _found(self, code: ProblemCode) -> None:
        self._report.problems.append(Problem(code, *self._where))

    def _key_of_genesis(self) -> Ed25519PublicKey | None:
        first = layout.segment_path(self._directory, self._numbers[0])
        for _, line in layout.lines(first):
            try:
                return public_from_hex(str(decode_line(line).body.get("public_key")))
            except ValueError:
                return None
        return None

    def _open_anchor(self, key: Ed25519PublicKey) -> None:
        if self._anchor_text is None:
            self._report.problems.append(Problem(ProblemCode.ANCHOR_MISSING, layout.ANCHOR))
            return
        self._anchor = open_anchor(key, self._anchor_text)
        if self._anchor is None:
            self._report.problems.append(Problem(ProblemCode.ANCHOR_WRONG, layout.ANCHOR))

    def _entries(self) -> Iterator[Entry]:
        """Every line of every segment, up to the first that is no entry."""
        for index, number in enumerate(self._numbers):
            path = layout.segment_path(self._directory, number)
            self._where = (path.name, 0, 0)
            if number != index + 1:
                self._found(ProblemCode.SEGMENT_MISSING)
                return
            self._report.segments += 1
            is_last = number == self._numbers[-1]
            count = 0
            for count, (offset, line) in enumerate(layout.lines(path), start=1):
                self._where = (path.name, count, offset)
                try:
                    entry = decode_line(line)
                except EntryError as error:
                    self._found_flaw(error.flaw, is_end=is_last and not line.endswith(b"\n"))
                    return
                yield entry
            if not count and not (is_last and self._report.is_written):
                self._found(ProblemCode.SEGMENT_EMPTY)

    def _found_flaw(self, flaw: EntryFlaw, *, is_end: bool) -> None:
        if not is_end:
            self._found(ProblemCode(flaw))
        elif not self._report.is_written:
            self._found(ProblemCode.UNFINISHED_LINE)

    def _check(self, entry: Entry) -> None:
        report, header = self._report, entry.header
        report.entries += 1
        if header.seq != (self._last.seq + 1 if self._last else 0):
            self._found(ProblemCode.SEQUENCE_BROKEN)
        if header.prev != (self._last.hash if self._last else NO_HASH):
            self._found(ProblemCode.LINK_BROKEN)
        if not kind_belongs(header, offset=self._where[2]):
            self._found(ProblemCode.KIND_MISPLACED)
        self._last = header
        match header.kind:
            case EntryKind.GENESIS:
                self._check_genesis(entry)
            case EntryKind.CHECKPOINT:
                self._check_checkpoint(entry)
            case EntryKind.POLICY:
                self._policies.add(str(entry.body.get("digest")))
            case EntryKind.DECISION | EntryKind.SUPERSEDED:
                self._check_decision(entry)
            case EntryKind.RESOLUTION | EntryKind.VIEWED:
                self._check_officer(header)
            case EntryKind.KEY_DESTROYED:
                gone = self._not_kept.pop(str(header.session_id), 0)
                report.pictures.destroyed += gone
            case EntryKind.SEGMENT | EntryKind.REOPENED:
                pass
        self._note_position(entry)

    def _check_genesis(self, entry: Entry) -> None:
        if entry.body.get("format") != FORMAT:
            self._found(ProblemCode.FORMAT_UNKNOWN)
        if self._key is None or entry.body.get("public_key") != public_hex(self._key):
            self._found(ProblemCode.KEY_DIFFERS)

    def _check_checkpoint(self, entry: Entry) -> None:
        self._report.checkpoints += 1
        if self._reason(entry) is None:
            self._found(ProblemCode.SIGNATURE_WRONG)

    def _reason(self, entry: Entry) -> CheckpointReason | None:
        header = entry.header
        if self._key is None or header.kind is not EntryKind.CHECKPOINT:
            return None
        return checkpoint_is_signed(self._key, header.seq, header.prev, entry.body)

    def _note_position(self, entry: Entry) -> None:
        """Compare with the anchor where it points, and count what follows."""
        anchor, header = self._anchor, entry.header
        if anchor is None or header.seq < anchor.seq:
            return
        if header.seq == anchor.seq:
            if header.hash != anchor.hash:
                self._found(ProblemCode.ANCHOR_WRONG)
            self._closed_at_anchor = self._reason(entry) is CheckpointReason.CLOSED
            return
        self._report.unanchored += 1
        # The first thing that a service does with a closed journal is to sign that it opened it,
        # and to anchor that. Anything else behind a clean end was put there by somebody else.
        if self._closed_at_anchor and not self._report.is_written and not self._opens(entry):
            self._found(ProblemCode.ENTRIES_AFTER_CLOSE)

    def _opens(self, entry: Entry) -> bool:
        kinds = (EntryKind.SEGMENT, EntryKind.REOPENED)
        return entry.header.kind in kinds or self._reason(entry) is CheckpointReason.OPENED

    def _check_decision(self, entry: Entry) -> None:
        session_id = str(entry.header.session_id)
        admitted = entry.outcome == Outcome.ADMIT
        before = self._outcomes.get(session_id)
        if entry.header.kind is EntryKind.DECISION and before is not None:
            self._found(ProblemCode.DECISION_REPEATED)
        if entry.header.kind is EntryKind.SUPERSEDED and (not before or admitted):
            self._found(ProblemCode.NOTHING_SUPERSEDED)
        self._outcomes[session_id] = admitted
        if entry.body.get("policy") not in self._policies:
            self._found(ProblemCode.POLICY_MISSING)
        if self._pictures is not None:
            self._check_pictures(session_id, entry.body.get("pictures"), self._pictures)

    def _check_officer(self, header: Header) -> None:
        session_id = str(header.session_id)
        if self._outcomes.get(session_id, True):
            self._found(ProblemCode.NOTHING_RESOLVED)
        if header.kind is EntryKind.RESOLUTION:
            if session_id in self._resolved:
                self._found(ProblemCode.RESOLUTION_REPEATED)
            self._resolved.add(session_id)

    def _check_pictures(self, session_id: str, named: object, folder: Path) -> None:
        for picture in named if isinstance(named, list) else []:
            match picture:
                case {"name": str(name), "sha256": str(digest)} if is_picture(name, session_id):
                    sealed = _read_if_there(folder / name)
                case _:
                    self._found(ProblemCode.PICTURE_DIFFERS)
                    continue
            if sealed is None:
                self._not_kept[session_id] = self._not_kept.get(session_id, 0) + 1
            elif sha256(sealed).hexdigest() == digest:
                self._report.pictures.sound += 1
            else:
                self._found(ProblemCode.PICTURE_DIFFERS)

    def _compare_with_anchor(self) -> None:
        anchor, last = self._anchor, self._last
        if anchor is not None and (last is None or last.seq < anchor.seq):
            self._found(ProblemCode.SHORTER_THAN_ANCHOR)

    def _check_other_files(self) -> None:
        """Nothing else lies there, but the anchor that a crash kept from taking its place."""
        for name in layout.foreign_files(self._directory):
            self._report.problems.append(Problem(ProblemCode.FOREIGN_FILE, name))
        partial = _read_if_there(self._directory / layout.ANCHOR_PARTIAL)
        if not partial or self._key is None or self._report.is_written:
            return
        if open_anchor(self._key, partial) is None:
            problem = Problem(ProblemCode.ANCHOR_WRONG, layout.ANCHOR_PARTIAL)
            self._report.problems.append(problem)


def _read_if_there(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
