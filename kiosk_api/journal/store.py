"""The one writer of a journal: entries become durable in groups, and only then are acknowledged.

Callers hand drafts to a thread that owns the files. What waits while the disk is busy shares the
next fdatasync. Every acknowledged entry is covered by the signed anchor file, so that a journal
that lost its end is recognised.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import Condition, Thread

from kiosk_api.clock import Clock, SystemClock
from kiosk_api.core.decision import Outcome
from kiosk_api.core.journal import Anchor, CheckpointReason, Entry, EntryKind
from kiosk_api.core.plain import Plain, canonical_json
from kiosk_api.journal import layout
from kiosk_api.journal.batch import Batch
from kiosk_api.journal.disk import Disk
from kiosk_api.journal.drafts import (
    DecisionDraft,
    Draft,
    KeyDestroyedDraft,
    ResolutionDraft,
    ViewedDraft,
)
from kiosk_api.journal.errors import (
    JournalBrokenError,
    JournalConflictError,
    JournalTooLateError,
    JournalUnavailableError,
)
from kiosk_api.journal.files import JournalFiles
from kiosk_api.journal.jobs import (
    OF_OFFICERS,
    Job,
    Receipt,
    decision_job,
    key_destroyed_job,
    officer_job,
)
from kiosk_api.journal.recovery import TOLD, Recovered, recover
from kiosk_api.journal.signing import checkpoint_body
from kiosk_api.sealing import Keyring


@dataclass(frozen=True, slots=True)
class Limits:
    """How much and how long; the defaults suit a kiosk with a few lanes."""

    segment_bytes: int = 16 << 20
    batch_entries: int = 256
    waiting_entries: int = 10_000  # drafts in memory; more are refused
    checkpoint_entries: int = 1_000
    checkpoint_s: float = 60.0
    stalled_s: float = 1.0  # a write that takes longer makes the journal unhealthy
    first_retry_s: float = 0.05
    longest_retry_s: float = 1.0


class Journal:
    """An open journal; `append` from any thread, one thread of its own writes."""

    def __init__(
        self,
        files: JournalFiles,
        keyring: Keyring,
        lock: int,
        recovered: Recovered,
        *,
        clock: Clock,
        limits: Limits,
    ) -> None:
        """Use `Journal.open`."""
        self._files = files
        self._key = keyring.journal_key
        self._lock = lock
        self._clock = clock
        self._limits = limits
        self._tail = recovered.tail
        self._places = recovered.places
        self._resolved = recovered.resolved
        self._policies = recovered.policies
        self._unsigned = recovered.unsigned
        self._last_at = recovered.last_at
        self.acknowledged_before = recovered.tail.seq - recovered.unanchored
        """Number of the last entry that was acknowledged to anybody before this start."""
        self._signed_at = clock.monotonic()
        self._ready = Condition()
        self._waiting: deque[Job] = deque()
        self._in_hand: list[Job] = []
        self._closing = False
        self._is_closed = False
        self._retry_at: float | None = None
        self._pause = limits.first_retry_s
        self._busy_since: float | None = None
        self._writer = Thread(target=self._run, name="journal", daemon=True)

    @classmethod
    def open(
        cls,
        directory: Path,
        keyring: Keyring,
        kiosk_id: str,
        *,
        clock: Clock | None = None,
        disk: Disk | None = None,
        limits: Limits | None = None,
    ) -> Journal:
        """Open the journal in `directory`, or begin one there.

        Reads every entry first. After a crash the unfinished end is cut off and an entry says so.

        Raises:
            JournalBrokenError: the journal is not one that this kiosk wrote to its end.
            JournalLockedError: another service writes it.
            OSError: the directory or a file cannot be used.
        """
        clock, key = clock or SystemClock(), keyring.journal_key
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = layout.lock(directory)
        files = JournalFiles(directory, key, disk or Disk())
        try:
            recovered = recover(directory, key.public_key())
            if recovered is None:
                files.begin(kiosk_id, clock.now())
                recovered = recover(directory, key.public_key())
                assert recovered is not None
            journal = cls(files, keyring, lock, recovered, clock=clock, limits=limits or Limits())
            journal._resume(recovered)
        except BaseException:
            files.close()
            os.close(lock)
            raise
        journal._writer.start()
        return journal

    @property
    def healthy(self) -> bool:
        """Whether an ADMIT that is handed over now has a chance to become durable in time."""
        started = self._busy_since
        stalled = started is not None and self._clock.monotonic() - started > self._limits.stalled_s
        return self._writer.is_alive() and self._retry_at is None and not stalled

    @property
    def head(self) -> Receipt:
        """The last durable entry."""
        tail = self._tail
        return Receipt(tail.seq, tail.hash)

    @property
    def last_at(self) -> datetime:
        """The latest time of any durable entry; the clock should not be before it."""
        return self._last_at

    def append(self, draft: Draft, *, not_after: float | None = None) -> Future[Receipt]:
        """Hand over an entry; never blocks on the disk.

        A session has one decision: a second one with the same outcome gives the receipt of the
        first. It has one resolution, and only if it was referred; a second one is a conflict.

        Args:
            not_after: monotonic time; an entry that is not written by then never will be.

        Returns:
            A future that holds the receipt once the entry is durable, or fails with
            `JournalTooLateError`, `JournalConflictError` or `JournalUnavailableError`. It cannot
            be cancelled: a caller that stops waiting must still learn of a late receipt.

        Raises:
            CodecError: a value is not of its declared type, or a time has no zone.
            ValueError: the decision was made under another policy, the entry is too long, or a
                duration is not finite.
        """
        if isinstance(draft, KeyDestroyedDraft):
            return self._submit(key_destroyed_job(draft))
        if isinstance(draft, ViewedDraft | ResolutionDraft):
            return self._submit(officer_job(draft, not_after))
        return self._submit(decision_job(EntryKind.DECISION, draft, not_after))

    def supersede(self, draft: DecisionDraft) -> Future[Receipt]:
        """Record the REFER that was told because the session's ADMIT was not durable in time.

        Written as `superseded` if the ADMIT did get into the journal, as an ordinary `decision`
        if not; so a caller may hand it over without waiting to learn which.

        Raises:
            CodecError, ValueError: see `append`; also when the outcome is not REFER.
        """
        if draft.decision.outcome is not Outcome.REFER:
            raise ValueError("only a REFER supersedes")
        return self._submit(decision_job(EntryKind.SUPERSEDED, draft, None))

    def find(self, session_id: str) -> Entry | None:
        """The durable entry with what this session was told last; None when there is none.

        Raises:
            JournalBrokenError: the entry was changed on the disk since it was written.
            OSError: it cannot be read.
        """
        place = self._places.get(session_id)
        return None if place is None else self._files.read(place)

    def resolution(self, session_id: str) -> Entry | None:
        """The durable entry with what an officer did with this session; None when there is none.

        Raises:
            JournalBrokenError, OSError: see `find`.
        """
        place = self._resolved.get(session_id)
        return None if place is None else self._files.read(place)

    def is_resolved(self, session_id: str) -> bool:
        """Whether an officer resolved this session; reads nothing."""
        return session_id in self._resolved

    def sessions(self) -> Iterator[str]:
        """Ids of all sessions with a durable decision, oldest first."""
        yield from tuple(self._places)

    def close(self, timeout: float = 5.0) -> None:
        """Write what waits, sign the end, and let the directory go.

        Raises:
            JournalUnavailableError: the disk did not take everything in time.
        """
        with self._ready:
            self._closing = True
            self._ready.notify_all()
        self._writer.join(timeout)
        if self._writer.is_alive():
            raise JournalUnavailableError("the disk did not finish in time", kept=False)
        if not self._is_closed:
            raise JournalUnavailableError(
                f"the end was not signed, {len(self._waiting)} entries were not written", kept=False
            )

    def _submit(self, job: Job) -> Future[Receipt]:
        future = job.future
        assert future is not None
        with self._ready:
            if self._closing:
                job.refuse("the journal is closed", kept=False)
            elif len(self._waiting) >= self._limits.waiting_entries:
                job.refuse("too many entries wait for the disk", kept=False)
            elif self._retry_at is None:
                self._waiting.append(job)
                self._ready.notify_all()
            else:
                job.refuse("the disk does not take entries", kept=job.may_wait)
                if job.may_wait:
                    self._waiting.append(job)
        return future

    # Everything from here on belongs to the writer's thread.

    def _run(self) -> None:
        try:
            while True:
                with self._ready:
                    self._ready.wait_for(self._has_work, self._patience())
                    self._in_hand = self._take()
                    closing = self._closing
                    last = closing and not self._waiting
                written = self._attempt(self._in_hand, closing=last)
                if last or (closing and not written):
                    self._is_closed = written
                    return
        except JournalBrokenError:
            # Somebody changed what we wrote. Nothing is appended to such a journal; the next
            # start, which reads it from its beginning, says what is wrong.
            return
        finally:
            self._end()

    def _has_work(self) -> bool:
        return self._closing or (bool(self._waiting) and self._retry_at is None)

    def _patience(self) -> float | None:
        now = self._clock.monotonic()
        if self._retry_at is not None:
            return max(0.0, self._retry_at - now)
        if self._unsigned:
            return max(0.0, self._signed_at + self._limits.checkpoint_s - now)
        return None

    def _take(self) -> list[Job]:
        count = min(len(self._waiting), self._limits.batch_entries)
        return [self._waiting.popleft() for _ in range(count)]

    def _attempt(self, jobs: list[Job], *, closing: bool) -> bool:
        """Write a batch; False when the disk did not take it."""
        self._busy_since = self._clock.monotonic()
        batch = self._new_batch()
        try:
            if self._retry_at is not None:
                self._files.reopen(self._tail)
                self._sign(batch, CheckpointReason.RECOVERED)
            for job in jobs:
                self._plan(batch, job)
            if closing:
                self._sign(batch, CheckpointReason.CLOSED)
            elif self._checkpoint_is_due(batch):
                self._sign(batch, CheckpointReason.INTERVAL)
            self._write(batch)
        except OSError as error:
            self._postpone(jobs, error)
            return False
        else:
            self._acknowledge(batch)
            return True
        finally:
            self._busy_since = None

    def _new_batch(self) -> Batch:
        return Batch(self._tail, self._clock.now(), self._unsigned)

    def _checkpoint_is_due(self, batch: Batch) -> bool:
        waited = self._clock.monotonic() - self._signed_at
        return batch.unsigned >= self._limits.checkpoint_entries or (
            batch.unsigned > 0 and waited >= self._limits.checkpoint_s
        )

    def _plan(self, batch: Batch, job: Job) -> None:
        """Decide what becomes of a job: an entry, the receipt of an earlier one, or neither."""
        if job.is_late(self._clock.monotonic()):
            job.fail(JournalTooLateError("its time passed before the disk was free"))
            return
        kind = job.kind
        told = self._told(batch, job.session_id) if kind in TOLD else None
        if told is not None:
            receipt, outcome = told
            if outcome == job.outcome:
                batch.settled.append((job, replace(receipt, repeated=True)))
                return
            if kind is EntryKind.DECISION:
                job.fail(JournalConflictError("the session has another decision already"))
                return
        elif kind is EntryKind.SUPERSEDED:
            kind = EntryKind.DECISION
        if kind in OF_OFFICERS and not self._was_referred(batch, job.session_id):
            job.fail(JournalConflictError("the session was not referred"))
            return
        if kind is EntryKind.RESOLUTION and (
            job.session_id in batch.resolved or job.session_id in self._resolved
        ):
            job.fail(JournalConflictError("the session is resolved already"))
            return
        batch.make_room(self._limits.segment_bytes)
        batch.add_job(kind, job, self._policies)

    def _was_referred(self, batch: Batch, session_id: str) -> bool:
        told = self._told(batch, session_id)
        return told is not None and told[1] == Outcome.REFER

    def _told(self, batch: Batch, session_id: str) -> tuple[Receipt, str | None] | None:
        """What the session was told so far, in this batch or before it."""
        if session_id in batch.told:
            return batch.told[session_id]
        entry = self.find(session_id)
        if entry is None:
            return None
        return Receipt(entry.header.seq, entry.header.hash), entry.outcome

    def _sign(self, batch: Batch, reason: CheckpointReason) -> None:
        batch.make_room(self._limits.segment_bytes)
        body = checkpoint_body(self._key, batch.tail.seq + 1, batch.tail.hash, reason)
        batch.add(EntryKind.CHECKPOINT, None, canonical_json(body))

    def _write(self, batch: Batch) -> None:
        if batch.starts_segment:
            self._files.append_segment(bytes(batch.data), batch.tail.segment)
        elif batch.data:
            self._files.append(bytes(batch.data), self._tail.end)

    def _acknowledge(self, batch: Batch) -> None:
        """Take over the state that is durable now, anchor it, answer the callers."""
        if batch.data:
            self._tail = batch.tail
            self._last_at = max(self._last_at, batch.at)
            self._places.update(batch.places)
            self._resolved.update(batch.resolved)
            self._policies |= batch.policies
            self._unsigned = batch.unsigned
            if not batch.unsigned:
                self._signed_at = self._clock.monotonic()
            with self._ready:
                self._retry_at = None
            anchored = False
            try:
                self._files.anchor(Anchor(self._tail.seq, self._tail.hash, self._last_at))
                self._pause = self._limits.first_retry_s
                anchored = True
            except OSError as error:
                # The entries are durable and count; but something is wrong with the disk.
                self._postpone([], error)
        else:
            anchored = True  # what is settled stands in an anchored entry already
        now = self._clock.monotonic()
        for job, receipt in batch.settled:
            if anchored or job.may_wait:
                job.succeed(receipt, now)
            else:
                # The next start takes an ADMIT behind the anchor for one that nobody heard of.
                job.refuse("its anchor is not durable", kept=False)

    def _postpone(self, jobs: list[Job], error: OSError) -> None:
        """Answer everyone who waits; keep what is worth recording later."""
        with self._ready:
            jobs = [*jobs, *self._waiting]
            for job in jobs:
                job.refuse(f"the disk fails: {error.strerror}", kept=job.may_wait)
            self._waiting = deque(job for job in jobs if job.may_wait)
            self._retry_at = self._clock.monotonic() + self._pause
            self._pause = min(2 * self._pause, self._limits.longest_retry_s)
        # An entry that nobody was told of must not stay: the next start would believe it.
        with suppress(OSError):
            self._files.reopen(self._tail)

    def _resume(self, recovered: Recovered) -> None:
        """Record how the journal was found, before anything else is appended."""
        self._files.open(self._tail)
        batch = self._new_batch()
        crashed = not recovered.closed and recovered.tail.seq > 0
        if crashed or recovered.cut or recovered.anchor_lost:
            body: dict[str, Plain] = {
                "anchor_lost": recovered.anchor_lost,
                "cut_bytes": len(recovered.cut),
                "cut_sha256": sha256(recovered.cut).hexdigest() if recovered.cut else None,
                "unanchored": recovered.unanchored,
            }
            batch.add(EntryKind.REOPENED, None, canonical_json(body))
        else:
            self._files.remove_behind(self._tail)
        self._sign(batch, CheckpointReason.OPENED)
        # These entries are written over what is cut, and only then the rest of it goes: a crash
        # between the two leaves a rest that the next start records, never one that nobody did.
        self._write(batch)
        self._files.cut_behind(batch.tail.end)
        if not batch.starts_segment:
            self._files.remove_behind(batch.tail)
        self._acknowledge(batch)

    def _end(self) -> None:
        with self._ready:
            self._closing = True
            for job in (*self._in_hand, *self._waiting):
                job.refuse("the journal is closed", kept=False)
            self._files.close()
            os.close(self._lock)
