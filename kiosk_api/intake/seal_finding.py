"""What the visible digital seals on a page say about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from documents.mrz import MRZReading
from documents.page import Barcode, CheckOutcome, PageCheck, PageFinding
from documents.seals import SealStatus, parse_seal, verify_seal
from documents.trust import TrustStore

_OUTCOME: Mapping[SealStatus, CheckOutcome] = MappingProxyType(
    {
        SealStatus.VALID: CheckOutcome.PASSED,
        SealStatus.SIGNATURE_WRONG: CheckOutcome.SUSPICIOUS,
        SealStatus.COUNTRY_DIFFERS: CheckOutcome.SUSPICIOUS,
        SealStatus.SIGNER_REVOKED: CheckOutcome.SUSPICIOUS,
        SealStatus.SIGNER_UNFIT: CheckOutcome.SUSPICIOUS,
        SealStatus.SIGNED_LATER: CheckOutcome.SUSPICIOUS,
        SealStatus.SIGNER_EXPIRED: CheckOutcome.SUSPICIOUS,
        # Error correction vouches for the bytes: what was sealed so was made so.
        SealStatus.MALFORMED: CheckOutcome.SUSPICIOUS,
        # Whom nobody here knows may still be what it says.
        SealStatus.SIGNER_UNKNOWN: CheckOutcome.NOT_MEASURED,
    }
)
_WORST_FIRST = (CheckOutcome.SUSPICIOUS, CheckOutcome.NOT_MEASURED, CheckOutcome.PASSED)


def seal_finding(
    barcodes: Iterable[Barcode], reading: MRZReading, trust: TrustStore, *, at: datetime
) -> PageFinding | None:
    """Return the worst of what the seals among a page's barcodes say; None without any.

    Args:
        barcodes: as read; most are no seals, and say nothing.
        reading: of the zone on the same page, which a seal must agree with.
        at: the moment of reading, aware.
    """
    found = [f for b in barcodes if (f := _finding(b, reading, trust, at)) is not None]
    return min(found, key=lambda f: _WORST_FIRST.index(f.outcome), default=None)


def _finding(
    barcode: Barcode, reading: MRZReading, trust: TrustStore, at: datetime
) -> PageFinding | None:
    verified = verify_seal(parse_seal(barcode.data), trust, at=at)
    if verified.status is SealStatus.KIND_UNSUPPORTED:
        return None
    outcome, code = _OUTCOME[verified.status], f"seal_{verified.status}"
    if outcome is CheckOutcome.PASSED:
        compared = verified.compare(reading)
        if compared.disagreeing:
            outcome, code = CheckOutcome.SUSPICIOUS, "seal_differs_from_mrz"
        elif not compared.compared:
            # A seal that says nothing of this page may have been cut from another one.
            outcome, code = CheckOutcome.NOT_MEASURED, "seal_says_nothing_of_the_mrz"
    confidence = 0.0 if outcome is CheckOutcome.NOT_MEASURED else 1.0
    return PageFinding(PageCheck.SEAL_VALID, outcome, confidence, code)
