"""What a seal on a page says about the page."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np

from documents.mrz import MRZContent, MRZReading, Sex, Template, encode, parse
from documents.page import Barcode, BarcodeKind, CheckOutcome
from documents.trust import TrustStore
from kiosk_api.intake.seal_finding import seal_finding
from simulators.seals.authority import SealAuthority
from simulators.seals.vds import VDSContent, sign_vds

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TODAY = NOW.date()
AUTHORITY = SealAuthority(1)
SIGNER = AUTHORITY.issue()
TRUST = TrustStore.of([AUTHORITY.certificate, SIGNER.certificate])


def visa(number: str) -> tuple[str, ...]:
    return encode(
        MRZContent(
            template=Template.MRV_A,
            document_code="V",
            issuer="UTO",
            document_number=number,
            surname="Arkfreith",
            given_names="Thordis",
            nationality="UTO",
            birth_date=date(1974, 8, 12),
            sex=Sex.FEMALE,
            expiry_date=date(2027, 4, 15),
        )
    )


def reading(number: str = "XQ0000001") -> MRZReading:
    found = parse(visa(number), today=TODAY)
    assert isinstance(found, MRZReading)
    return found


def barcode(data: bytes) -> Barcode:
    return Barcode(BarcodeKind.QR, data, np.zeros((4, 2), np.float32))


SEAL = sign_vds(
    VDSContent.of_visa(
        visa("XQ0000001"),
        passport_number="P1234567",
        issued_on=date(2026, 1, 1),
        signed_on=date(2026, 1, 1),
    ),
    SIGNER,
)


def outcome(*data: bytes, trust: TrustStore = TRUST, number: str = "XQ0000001") -> tuple[str, str]:
    found = seal_finding(map(barcode, data), reading(number), trust, at=NOW)
    assert found is not None
    return found.outcome, found.code


def test_a_seal_that_a_trusted_state_made_of_this_page_passes() -> None:
    assert outcome(SEAL) == (CheckOutcome.PASSED, "seal_valid")


def test_a_seal_of_another_page_is_suspicious() -> None:
    assert outcome(SEAL, number="XQ0000002") == (CheckOutcome.SUSPICIOUS, "seal_differs_from_mrz")


def test_one_that_was_altered_is_suspicious() -> None:
    altered = SEAL[:-1] + bytes([SEAL[-1] ^ 1])
    assert outcome(altered) == (CheckOutcome.SUSPICIOUS, "seal_signature_wrong")
    assert outcome(SEAL, altered)[0] == CheckOutcome.SUSPICIOUS  # the worst of several counts
    assert outcome(SEAL[:40]) == (CheckOutcome.SUSPICIOUS, "seal_malformed")


def test_one_of_a_signer_whom_nobody_knows_proves_nothing() -> None:
    assert outcome(SEAL, trust=TrustStore()) == (
        CheckOutcome.NOT_MEASURED,
        "seal_signer_unknown",
    )


def test_other_barcodes_are_no_seals() -> None:
    assert seal_finding([barcode(b"ANSI 636000")], reading(), TRUST, at=NOW) is None
    assert seal_finding([], reading(), TRUST, at=NOW) is None
