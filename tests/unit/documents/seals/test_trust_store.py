"""A directory of certificates: what loads, what does not, and that each fault is told."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from documents.trust import LoadProblem, TrustStore, read_certificate, read_revocation_list
from documents.trust import store as store_module
from simulators.seals import SealAuthority, SealSigner


def problems(store: TrustStore) -> dict[str, LoadProblem]:
    return {fault.file: fault.problem for fault in store.faults}


def pem(encoded: bytes) -> bytes:
    return x509.load_der_x509_certificate(encoded).public_bytes(serialization.Encoding.PEM)


def test_what_is_good_loads_and_what_is_broken_is_told(
    tmp_path: Path, authority: SealAuthority, signer: SealSigner
) -> None:
    (tmp_path / "csca.pem").write_bytes(authority.pem)
    (tmp_path / "below").mkdir()
    (tmp_path / "below/signer.CER").write_bytes(signer.encoded)
    (tmp_path / "list.crl").write_bytes(authority.revoke([3]))
    (tmp_path / "broken.cer").write_bytes(signer.encoded[:-40])
    (tmp_path / "empty.crt").write_bytes(b"")
    (tmp_path / "readme.txt").write_bytes(b"read me")
    (tmp_path / "text.pem").write_bytes(b"-----BEGIN nothing")
    store = TrustStore.from_directory(tmp_path)
    assert problems(store) == {
        "broken.cer": LoadProblem.NOT_A_CERTIFICATE,
        "empty.crt": LoadProblem.NOT_A_CERTIFICATE,
        "readme.txt": LoadProblem.UNKNOWN_FILE_TYPE,
        "text.pem": LoadProblem.NOT_A_CERTIFICATE,
    }
    assert store.authorities(signer.certificate.issuer) == (authority.certificate,)
    assert store.signers("utts", 0x5B) == (signer.certificate,)
    assert store.signers("UTTS", 0x5C) == ()
    (found,) = store.revocation_lists(authority.certificate)
    assert found.serial_numbers == {3}
    assert repr(store) == "TrustStore(1 authorities, 1 signers, 1 revocation lists, 4 faults)"


@pytest.mark.parametrize(("country", "code"), [("UT", "UTO"), ("US", "USA")])
def test_fictitious_authorities_are_trusted_only_where_that_is_wanted(
    tmp_path: Path, country: str, code: str
) -> None:
    fictitious = SealAuthority(4, country=country, code=code)
    (tmp_path / "csca.pem").write_bytes(fictitious.pem)
    subject = fictitious.certificate.subject
    assert TrustStore.from_directory(tmp_path).authorities(subject)
    store = TrustStore.from_directory(tmp_path, specimens=False)
    assert store.authorities(subject) == ()
    assert problems(store) == {"csca.pem": LoadProblem.SPECIMEN}


def test_a_file_may_hold_several(
    tmp_path: Path, authority: SealAuthority, signer: SealSigner
) -> None:
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    (tmp_path / "all.pem").write_bytes(authority.pem + broken + pem(signer.encoded))
    store = TrustStore.from_directory(tmp_path)
    assert problems(store) == {"all.pem": LoadProblem.NOT_A_CERTIFICATE}
    assert store.signers("UTTS", 0x5B) == (signer.certificate,)
    assert store.authorities(signer.certificate.issuer) == (authority.certificate,)


def test_a_certificate_in_two_files_counts_once(tmp_path: Path, signer: SealSigner) -> None:
    (tmp_path / "a.cer").write_bytes(signer.encoded)
    (tmp_path / "b.pem").write_bytes(pem(signer.encoded))
    assert TrustStore.from_directory(tmp_path).signers("UTTS", 0x5B) == (signer.certificate,)


def test_a_private_key_is_told(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "key.pem").write_bytes(key)
    assert problems(TrustStore.from_directory(tmp_path)) == {"key.pem": LoadProblem.PRIVATE_KEY}


def test_no_directory(tmp_path: Path) -> None:
    store = TrustStore.from_directory(tmp_path / "nowhere")
    assert problems(store) == {".": LoadProblem.DIRECTORY_UNREADABLE}


def test_an_empty_directory_trusts_nobody(tmp_path: Path) -> None:
    store = TrustStore.from_directory(tmp_path)
    assert store.faults == ()
    assert repr(store) == repr(TrustStore())


def test_large_files_and_many_files_are_told(
    tmp_path: Path, authority: SealAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.pem").write_bytes(authority.pem)
    monkeypatch.setattr(store_module, "MOST_FILES", 2)
    assert problems(TrustStore.from_directory(tmp_path)) == {"c.pem": LoadProblem.TOO_MANY_FILES}
    monkeypatch.setattr(store_module, "LARGEST_FILE", 100)
    found = problems(TrustStore.from_directory(tmp_path))
    assert found["a.pem"] is LoadProblem.FILE_TOO_LARGE


def test_a_link_out_of_the_directory_is_not_followed(
    tmp_path: Path, authority: SealAuthority
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "csca.pem").write_bytes(authority.pem)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "below").symlink_to(outside, target_is_directory=True)
    assert TrustStore.from_directory(inside).authorities(authority.certificate.subject) == ()


def self_signed(*extensions: tuple[x509.ExtensionType, bool], bits: int = 0) -> bytes:
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    key = rsa.generate_private_key(65537, bits) if bits else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "UT")])
    builder = x509.CertificateBuilder(
        name,
        name,
        key.public_key(),
        7,
        datetime(2024, 1, 1, tzinfo=UTC),
        datetime(2034, 1, 1, tzinfo=UTC),
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    made = builder.sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


AUTHORITY = (x509.BasicConstraints(ca=True, path_length=0), True)


def usage(*, certificates: bool) -> tuple[x509.ExtensionType, bool]:
    return (
        x509.KeyUsage(
            digital_signature=not certificates,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=certificates,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        ),
        True,
    )


@pytest.mark.parametrize(
    ("extensions", "trusted"),
    [
        ((AUTHORITY,), True),
        ((AUTHORITY, usage(certificates=True)), True),
        ((AUTHORITY, usage(certificates=False)), False),
        (((x509.BasicConstraints(ca=False, path_length=None), True),), False),
        ((), False),
    ],
)
def test_which_self_signed_certificate_is_an_authority(
    tmp_path: Path, extensions: tuple[tuple[x509.ExtensionType, bool], ...], trusted: bool
) -> None:
    encoded = self_signed(*extensions)
    (tmp_path / "x.cer").write_bytes(encoded)
    store = TrustStore.from_directory(tmp_path)
    certificate = read_certificate(encoded)
    assert certificate is not None
    assert store.authorities(certificate.subject) == ((certificate,) if trusted else ())
    expected = {} if trusted else {"x.cer": LoadProblem.AUTHORITY_MAY_NOT_SIGN}
    assert problems(store) == expected


def test_a_short_rsa_key_is_no_key() -> None:
    assert read_certificate(self_signed(AUTHORITY, bits=1024)) is None
    assert read_certificate(self_signed(AUTHORITY, bits=2048)) is not None


def test_a_certificate_whose_signature_is_broken_is_no_authority(
    tmp_path: Path, authority: SealAuthority
) -> None:
    broken = authority.encoded[:-1] + bytes([authority.encoded[-1] ^ 1])
    (tmp_path / "x.cer").write_bytes(broken)
    store = TrustStore.from_directory(tmp_path)
    assert store.authorities(authority.certificate.subject) == ()
    assert problems(store) == {"x.cer": LoadProblem.AUTHORITY_NOT_SELF_SIGNED}


def test_names_are_compared_without_case(authority: SealAuthority) -> None:
    other = SealAuthority(country="ut")
    assert other.certificate.subject == authority.certificate.subject


@settings(max_examples=40)
@given(data=st.data())
def test_any_alteration_is_a_certificate_or_none(data: st.DataObject, signer: SealSigner) -> None:
    encoded = bytearray(signer.encoded)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(encoded) - 1))
        encoded[place] = data.draw(st.integers(0, 255))
    certificate = read_certificate(bytes(encoded))
    if certificate is not None:
        assert certificate.encoded == bytes(encoded)


@settings(max_examples=40)
@given(data=st.data())
def test_any_alteration_is_a_revocation_list_or_none(
    data: st.DataObject, authority: SealAuthority
) -> None:
    encoded = bytearray(authority.revoke([3, 4]))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(encoded) - 1))
        encoded[place] = data.draw(st.integers(0, 255))
    found = read_revocation_list(bytes(encoded))
    if found is not None and bytes(encoded) != authority.revoke([3, 4]):
        assert not found.is_issued_by(authority.certificate)
