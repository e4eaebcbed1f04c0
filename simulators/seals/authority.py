"""A fictitious country signing authority (Doc 9303-12 section 7.1) and its seal signers."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from documents.trust import TrustCertificate, read_certificate
from documents.trust.certificates import DOCUMENT_TYPE_LIST
from documents.trust.chains import VDS_NC_SIGNER

_CSCA_LIFE = timedelta(days=15 * 365)
_SIGNER_LIFE = timedelta(days=10 * 365)


@dataclass(frozen=True, slots=True)
class SealSigner:
    """A signer: its certificate and the key that goes with it.

    identifier: country and common name run on. reference: the serial number as seals write it,
    hexadecimal capitals.
    """

    encoded: bytes
    identifier: str
    reference: str
    _key: ec.EllipticCurvePrivateKey = field(repr=False, compare=False)

    @property
    def certificate(self) -> TrustCertificate:
        """The certificate as verifiers read it."""
        return _read(self.encoded)

    @property
    def key_bits(self) -> int:
        """The size of the signer's curve in bits."""
        return self._key.curve.key_size

    def sign(self, content: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
        """Sign content with ECDSA: r and s run on, each as long as the curve. Deterministic."""
        encoded = self._key.sign(content, ec.ECDSA(algorithm, deterministic_signing=True))
        length = (self.key_bits + 7) // 8
        return b"".join(part.to_bytes(length, "big") for part in decode_dss_signature(encoded))


class SealAuthority:
    """A CSCA of a fictitious State, the same for the same seed.

    country: two letters; UT is Utopia, whose documents say UTO. code: the three-letter code in the
    alternative name. curve: of the CSCA's key. start: when it begins, for 15 years.
    """

    def __init__(
        self,
        seed: int | str = 1,
        *,
        country: str = "UT",
        code: str = "UTO",
        curve: ec.EllipticCurve | None = None,
        start: datetime = datetime(2024, 1, 1, tzinfo=UTC),
    ) -> None:
        self.country = country
        self._seed = seed
        self._start = start
        self._key = _key(f"{seed}|csca|{country}", curve or ec.SECP384R1())
        self._name = _name(country, f"SPECIMEN CSCA {seed}")
        names = x509.SubjectAlternativeName(
            [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.LOCALITY_NAME, code)]))]
        )
        builder = (
            _builder(self._name, self._name, self._key.public_key(), 1, start, start + _CSCA_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(names, critical=False)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False
            )
        )
        self.encoded = self._sign(builder)

    @property
    def certificate(self) -> TrustCertificate:
        """The CSCA's certificate as verifiers read it."""
        return _read(self.encoded)

    @property
    def pem(self) -> bytes:
        """The CSCA's certificate for a directory of trusted certificates."""
        found = x509.load_der_x509_certificate(self.encoded)
        return found.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        name: str = "TS",
        serial_number: int = 0x5B,
        *,
        curve: ec.EllipticCurve | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        vds_nc: bool = False,
        document_types: Iterable[str] | None = None,
        country: str | None = None,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> SealSigner:
        """Issue a signer: of VDS-NC with the extended key usage of those, or of VDS.

        name: the common name, two characters for VDS. document_types: for the extension of
        Doc 9303-12 section 7.1.1.6. country: another than the CSCA's. extensions: more of them,
        each with whether it is critical.
        """
        country = country or self.country
        key = _key(f"{self._seed}|{country}{name}|{serial_number}", curve or ec.SECP256R1())
        purposes: list[tuple[x509.ExtensionType, bool]] = []
        if vds_nc:
            purpose = x509.ExtendedKeyUsage([x509.ObjectIdentifier(VDS_NC_SIGNER)])
            purposes.append((purpose, True))
        if document_types is not None:
            purposes.append((_document_types(document_types), False))
        encoded = self.certify(
            key.public_key(),
            _name(country, name),
            serial_number,
            start=start,
            end=end,
            extensions=[*purposes, *extensions],
        )
        return SealSigner(encoded, f"{country}{name}".upper(), f"{serial_number:X}", key)

    def certify(
        self,
        key: ec.EllipticCurvePublicKey,
        name: x509.Name,
        serial_number: int,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        extensions: Iterable[tuple[x509.ExtensionType, bool]] = (),
    ) -> bytes:
        """Make a certificate in DER for a key that somebody else holds."""
        start = start or self._start
        builder = _builder(
            self._name, name, key, serial_number, start, end or start + _SIGNER_LIFE
        ).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
            critical=False,
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return self._sign(builder)

    def revoke(
        self,
        serial_numbers: Iterable[int],
        *,
        at: datetime | None = None,
        next_update: datetime | None = None,
    ) -> bytes:
        """Make a revocation list in DER, for 90 days unless said otherwise."""
        at = at or self._start
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(at)
            .next_update(next_update or at + timedelta(days=90))
        )
        for number in serial_numbers:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(number).revocation_date(at).build()
            )
        made = builder.sign(self._key, hashes.SHA384(), ecdsa_deterministic=True)
        return made.public_bytes(serialization.Encoding.DER)

    def _sign(self, builder: x509.CertificateBuilder) -> bytes:
        made = builder.sign(self._key, hashes.SHA384(), ecdsa_deterministic=True)
        return made.public_bytes(serialization.Encoding.DER)


def _read(encoded: bytes) -> TrustCertificate:
    certificate = read_certificate(encoded)
    assert certificate is not None
    return certificate


def _key(seed: str, curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    """A key from a seed: everybody can make it, which is what keeps it out of real trust."""
    digest = hashlib.shake_256(f"simulated seal key|{seed}".encode()).digest(curve.key_size // 8)
    # A byte shorter than the order of any curve: below it, and not zero in this universe.
    return ec.derive_private_key(int.from_bytes(digest[1:], "big"), curve)


def _name(country: str, common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, country),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    issuer: x509.Name,
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    serial_number: int,
    start: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(serial_number)
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _document_types(types: Iterable[str]) -> x509.UnrecognizedExtension:
    entries = b"".join(b"\x13" + bytes([len(entry)]) + entry.encode() for entry in types)
    body = b"\x02\x01\x00\x31" + bytes([len(entries)]) + entries
    return x509.UnrecognizedExtension(
        x509.ObjectIdentifier(DOCUMENT_TYPE_LIST), b"\x30" + bytes([len(body)]) + body
    )
