"""Decisions to put into a journal, and disks that fail on demand."""

from __future__ import annotations

import errno
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk_api.core.decision import decide
from kiosk_api.core.evidence import (
    Agreement,
    Assurance,
    DocumentClass,
    DocumentFacts,
    DocumentStatus,
    Evidence,
    FaceFacts,
    Fault,
    FaultKind,
    MatchFacts,
    Measured,
    MembershipFacts,
    MembershipStatus,
    NotMeasured,
    PresentationFacts,
    Program,
    Provenance,
    QualityFact,
    QualityStatus,
    RecordFacts,
    Source,
    Stage,
    Why,
)
from kiosk_api.journal.disk import Disk
from kiosk_api.journal.drafts import DecisionDraft, PictureRef, Times
from kiosk_api.journal.store import Journal, Limits
from kiosk_api.sealing import Keyring
from kiosk_api.sites import load_site

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
POLICY = load_site("global_entry_airport").policy
KEYS = Keyring(b"k" * 32, b"i" * 32, Ed25519PrivateKey.from_private_bytes(b"s" * 32))

ADMITTING = Evidence(
    document=Measured(
        DocumentFacts(
            DocumentClass.PASSPORT, "USA", "USA", Measured(date(2030, 1, 1)), Measured(40), (), ()
        )
    ),
    record=Measured(
        RecordFacts(
            document_status=DocumentStatus.VALID,
            name=Agreement.AGREE,
            birth_date=Agreement.AGREE,
            sex=Agreement.AGREE,
            nationality=Agreement.AGREE,
            expiry=Agreement.AGREE,
            memberships=(
                MembershipFacts(
                    Program.GLOBAL_ENTRY,
                    MembershipStatus.ACTIVE,
                    date(2024, 1, 1),
                    date(2029, 1, 1),
                ),
            ),
            refreshed_at=NOW - timedelta(minutes=5),
        )
    ),
    face=Measured(
        FaceFacts(
            1,
            tuple(
                QualityFact(measure, QualityStatus.GOOD, 80.0)
                for measure in POLICY.face.refuse_quality
            ),
            Measured(MatchFacts(0.1, POLICY.face.model)),
            Measured(PresentationFacts(False, 0.0, ("a_signal",), ())),
        )
    ),
    sources=(Source("reader-1", 1, Provenance.DEVICE, Assurance.SIGNED),),
)
UNAVAILABLE = Evidence(
    ADMITTING.document,
    ADMITTING.record,
    ADMITTING.face,
    ADMITTING.sources,
    (Fault(FaultKind.JOURNAL_UNAVAILABLE, Stage.JOURNAL),),
)
NOTHING = Evidence(
    NotMeasured(Why.NOT_ATTEMPTED),
    NotMeasured(Why.NOT_ATTEMPTED),
    NotMeasured(Why.NOT_ATTEMPTED),
    (),
)


def draft(
    session_id: str,
    evidence: Evidence = ADMITTING,
    *,
    payload: str | None = None,
    pictures: tuple[PictureRef, ...] = (),
) -> DecisionDraft:
    """A decision on this evidence."""
    return DecisionDraft(
        session_id=session_id,
        lane="lane-1",
        evidence=evidence,
        policy=POLICY,
        decided_at=NOW,
        decision=decide(evidence, POLICY, NOW),
        times=Times(1000.0, 180.5, {Stage.DOCUMENT: 12.0, Stage.FACE: 61.25}),
        event_ids=(f"scan-{session_id}", f"capture-{session_id}"),
        payload=payload,
        pictures=pictures,
    )


def open_journal(directory: Path, disk: Disk | None = None, **limits: float) -> Journal:
    """Open a journal that retries fast."""
    numbers = {"first_retry_s": 0.01, "longest_retry_s": 0.02, "stalled_s": 0.1, **limits}
    return Journal.open(
        directory,
        KEYS,
        "kiosk-1",
        disk=disk,
        limits=Limits(**numbers),  # type: ignore[arg-type]  # counts stay whole numbers
    )


class TestDisk(Disk):
    """A disk that records its calls, fails while told to, and hangs while told to."""

    __test__ = False

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.failing: dict[str, int] = {}  # call → errno
        self.torn_at: int | None = None  # bytes that a failing write still gets down
        self.free = threading.Event()
        self.free.set()
        self.reached = threading.Event()  # something hangs

    def write(self, descriptor: int, data: bytes, offset: int) -> None:
        self.calls.append("write")
        if "write" in self.failing and self.torn_at is not None:
            super().write(descriptor, data[: self.torn_at], offset)
        self._maybe_fail("write")
        super().write(descriptor, data, offset)

    def sync(self, descriptor: int) -> None:
        self.calls.append("sync")
        if not self.free.is_set():
            self.reached.set()
            assert self.free.wait(20)
        self._maybe_fail("sync")
        super().sync(descriptor)

    def sync_directory(self, path: Path) -> None:
        self.calls.append("sync_directory")
        super().sync_directory(path)

    def create(self, path: Path) -> int:
        self._maybe_fail("create")
        return super().create(path)

    def open(self, path: Path) -> int:
        self._maybe_fail("open")
        return super().open(path)

    def replace(self, path: Path, partial: Path, data: bytes) -> None:
        self.calls.append("anchor")
        self._maybe_fail("anchor")
        super().replace(path, partial, data)

    def _maybe_fail(self, call: str) -> None:
        if call in self.failing:
            raise OSError(self.failing[call], errno.errorcode[self.failing[call]])
