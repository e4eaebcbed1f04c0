"""Seals that others have made and published, read and verified by ours.

Binary seals: test seals of the fictitious Utopia by the tools of T. Senger, with the public key
of their signer, as quoted in the tests of li0ard/vds (MIT) at commit 87eeea49.
JSON seal: the specimen of the Australian Passport Office, with its CSCA, as quoted in the tests of
australian-passport-office/vds-nc-reader-library-ios (Apache-2.0) at commit 49bb49a8.
"""

import json
from base64 import b64decode
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from documents.seals import VDS, VDSNC, SealedDocument, SealStatus, parse_seal, verify_seal
from documents.trust import TrustStore, read_certificate
from simulators.seals import SealAuthority

PUBLIC_KEY = (
    "0408132a7243b3ccc29c271097081c96a729eefb8eb93630e536498e9b7ce1ced2"
    "5d68a789d93bef39c04715c5ad3915d281c0754ecc08508bf66687efc630df88"
)
RESIDENCE_PERMIT = (
    "dc03d9c5d9cac8a73a990f7134b83459fb0602305cba135875976ec066d417b59e8c6abc133c133c133c133c3f"
    "ef3a2938ee43f1593d1ae52dbb26751fe64b7c133c136b0306d79519a65306ff40a1f621437b25e0dc61771822"
    "97c47544890177ebd0e89b1d1ec9f994ed6fe60e5561fac9bc9e723ff8f60c679f6a23b938ee6584f852476f8c"
    "72a05e3f9eb87e"
)
ARRIVAL_ATTESTATION = (
    "dc02d9c5d9cac8a51a780f7134b83459fd020230a56213535bd4caecc87ca4ccaeb4133c133c133c133c133c3f"
    "ef3a2938ee43f1593d1ae52dbb26751fe64b7c133c136b030859e9203833736d24ff40a353a998b78547053618"
    "7860093d55325a06e66fe917bfa1f6fb62c5016c66a481ec6f2c7c18da9682f0c2e0b592f6eeb11ca6c6994b37"
    "ca2950d6fadd63264d"
)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def utopia() -> TrustStore:
    """The published key in a certificate of ours; the published one is not at hand."""
    authority = SealAuthority()
    key = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.BrainpoolP256R1(), bytes.fromhex(PUBLIC_KEY)
    )
    name = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "UT"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "TS"),
        ]
    )
    signer = read_certificate(authority.certify(key, name, 0x5B))
    assert signer is not None
    return TrustStore.of([authority.certificate, signer])


@pytest.mark.parametrize(
    ("data", "version", "reference", "document", "lines"),
    [
        (
            RESIDENCE_PERMIT,
            4,
            "5B",
            SealedDocument.RESIDENCE_PERMIT,
            ("ATD<<RESIDORCE<<ROLAND<<<<<<<<<<<<<<", "6525845096USA7008038M2201018<<<<<<06"),
        ),
        (
            ARRIVAL_ATTESTATION,
            3,
            "0005B",
            SealedDocument.ARRIVAL_ATTESTATION,
            ("MED<<MANNSENS<<MANNY<<<<<<<<<<<<<<<<", "6525845096USA7008038M2201018<<<<<<06"),
        ),
    ],
)
def test_binary_seals(
    utopia: TrustStore,
    data: str,
    version: int,
    reference: str,
    document: SealedDocument,
    lines: tuple[str, str],
) -> None:
    seal = parse_seal(bytes.fromhex(data))
    assert isinstance(seal, VDS)
    assert (seal.version, seal.issuing_country) == (version, "UTO")
    assert (seal.signer_identifier, seal.certificate_reference) == ("UTTS", reference)
    assert (seal.issued_on, seal.signed_on) == (date(2020, 1, 1), date(2025, 12, 7))
    assert seal.document is document
    assert seal.mrz_lines == lines
    assert verify_seal(seal, utopia, at=NOW).status is SealStatus.VALID


@pytest.fixture(scope="module")
def australian() -> dict[str, str]:
    text = Path(__file__).with_name("published_vds_nc.json").read_text("utf-8")
    found: dict[str, str] = json.loads(text)
    return found


def test_the_json_seal_of_a_state(australian: dict[str, str]) -> None:
    authority = read_certificate(b64decode(australian["csca"]))
    assert authority is not None
    store = TrustStore.of([authority])
    assert store.faults == ()
    text = australian["seal"]
    seal = parse_seal(text)
    assert isinstance(seal, VDSNC)
    assert seal.certificate.document_types == {"NV"}
    assert verify_seal(seal, store, at=NOW).status is SealStatus.VALID
    assert verify_seal(seal, TrustStore(), at=NOW).status is SealStatus.SIGNER_UNKNOWN
    altered = parse_seal(text.replace("JANE", "JANEX"))
    assert verify_seal(altered, store, at=NOW).status is SealStatus.SIGNATURE_WRONG
    late = datetime(2031, 10, 1, tzinfo=UTC)
    assert verify_seal(seal, store, at=late).status is SealStatus.SIGNER_EXPIRED
