"""A fictitious State that seals, and a document of a fictitious holder."""

from datetime import UTC, date, datetime

import pytest

from documents.mrz import MRZContent, MRZReading, Sex, Template, encode, parse
from documents.trust import TrustStore
from simulators.seals import SealAuthority, SealSigner, VDSContent

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

VISA = MRZContent(
    template=Template.MRV_A,
    document_code="V",
    issuer="UTO",
    document_number="L8988901C",
    surname="Vesterberg",
    given_names="Ilse Mari",
    nationality="UTO",
    birth_date=date(1979, 8, 12),
    sex=Sex.FEMALE,
    expiry_date=date(2027, 4, 15),
    optional_data="6ZE184226B",
)


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def authority() -> SealAuthority:
    return SealAuthority()


@pytest.fixture(scope="session")
def signer(authority: SealAuthority) -> SealSigner:
    return authority.issue()


@pytest.fixture(scope="session")
def nc_signer(authority: SealAuthority) -> SealSigner:
    return authority.issue("DEMO", 7, vds_nc=True, document_types=["NV", "NT"])


@pytest.fixture(scope="session")
def store(authority: SealAuthority, signer: SealSigner) -> TrustStore:
    return TrustStore.of([authority.certificate, signer.certificate])


@pytest.fixture(scope="session")
def visa_content() -> MRZContent:
    return VISA


@pytest.fixture(scope="session")
def visa_lines() -> tuple[str, ...]:
    return encode(VISA)


@pytest.fixture(scope="session")
def visa_reading(visa_lines: tuple[str, ...]) -> MRZReading:
    reading = parse(visa_lines, today=NOW.date())
    assert isinstance(reading, MRZReading)
    return reading


@pytest.fixture(scope="session")
def visa(visa_lines: tuple[str, ...]) -> VDSContent:
    return VDSContent.of_visa(
        visa_lines,
        passport_number="C01X00T47",
        issued_on=date(2026, 3, 1),
        signed_on=date(2026, 3, 2),
    )
