"""Certificates and revocation lists, read once and completely.

`cryptography` reads many parts of a certificate late and raises there. Here everything that a
verifier looks at is read in one place, and what cannot be read is no certificate.
"""

import hashlib
import warnings
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID, NameOID

from documents.trust.der import INTEGER, PRINTABLE_STRING, SEQUENCE, SET, read_element
from documents.trust.keys import (
    PublicKey,
    SignatureParameters,
    load_public_key,
    public_key_info,
    signature_holds,
)

LONGEST_CERTIFICATE = 64 * 1024
"""Bytes; the longest of the published ones has about 4,000."""

DOCUMENT_TYPE_LIST = "2.23.136.1.1.6.2"
"""Doc 9303-12 section 7.1.1.6."""

Name = tuple[tuple[tuple[str, str], ...], ...]
"""A distinguished name to be compared: relative names of (attribute, value), values folded."""

_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS.dotted_string,
        ExtensionOID.KEY_USAGE.dotted_string,
        ExtensionOID.EXTENDED_KEY_USAGE.dotted_string,
        ExtensionOID.PRIVATE_KEY_USAGE_PERIOD.dotted_string,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME.dotted_string,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME.dotted_string,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER.dotted_string,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER.dotted_string,
        ExtensionOID.CRL_DISTRIBUTION_POINTS.dotted_string,
        # States mark their policy critical and refer to a document of theirs; nothing to compute.
        ExtensionOID.CERTIFICATE_POLICIES.dotted_string,
        DOCUMENT_TYPE_LIST,
    }
)
_LIST_EXTENSIONS_UNDERSTOOD = frozenset(
    {
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER.dotted_string,
        ExtensionOID.CRL_NUMBER.dotted_string,
        ExtensionOID.ISSUER_ALTERNATIVE_NAME.dotted_string,
    }
)
# What `cryptography` raises on parts that it cannot read.
_UNREADABLE = (
    ArithmeticError,
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class _Signed:
    """A signature and what it covers, as the issuer made it."""

    signature: bytes
    signed: bytes
    algorithm: hashes.HashAlgorithm | None
    parameters: SignatureParameters

    def is_by(self, key: PublicKey) -> bool:
        return signature_holds(key, self.signature, self.signed, self.algorithm, self.parameters)


@dataclass(frozen=True, slots=True)
class Period:
    """From when until when, both included; None where it is open."""

    first: datetime | None
    last: datetime | None

    def covers(self, moment: datetime | date) -> bool:
        """Say whether a moment (with its time zone) lies within, or a part of a day does (UTC)."""
        if isinstance(moment, datetime):
            return (self.first is None or self.first <= moment) and (
                self.last is None or moment <= self.last
            )
        return (self.first is None or self.first.astimezone(UTC).date() <= moment) and (
            self.last is None or moment <= self.last.astimezone(UTC).date()
        )


@dataclass(frozen=True, slots=True, repr=False)
class TrustCertificate:
    """One certificate (RFC 5280, profile of Doc 9303-12 section 7.1).

    country: `countryName` of the subject in capitals, "" when there is none. common_name likewise,
    as written. codes: localities of the subject's alternative name in capitals, which 9303 uses
    for the three-letter code. fingerprint: SHA-256 of the encoding, 64 hexadecimal digits.
    key_usage, extended_key_usage: None without the extension; the latter holds dotted OIDs.
    document_types: None without the extension of section 7.1.1.6. key_used: when the private key
    was to be used. strange: dotted OIDs of critical extensions that nothing here understands.
    """

    encoded: bytes
    fingerprint: str
    subject: Name
    issuer: Name
    serial_number: int
    country: str
    common_name: str
    codes: frozenset[str]
    valid: Period
    key: PublicKey
    is_authority: bool
    key_usage: frozenset[str] | None
    extended_key_usage: frozenset[str] | None
    document_types: frozenset[str] | None
    key_used: Period
    strange: frozenset[str]
    _signed: _Signed = field(compare=False)

    def __repr__(self) -> str:
        return f"TrustCertificate({self.fingerprint[:16]}…)"

    def is_issued_by(self, issuer: "TrustCertificate") -> bool:
        """Say whether the issuer's name and key stand behind this certificate; nothing more."""
        return self.issuer == issuer.subject and self._signed.is_by(issuer.key)

    @property
    def is_self_signed(self) -> bool:
        """Whether the certificate vouches for itself."""
        return self.is_issued_by(self)


@dataclass(frozen=True, slots=True, repr=False)
class RevocationList:
    """A certificate revocation list (RFC 5280 section 5).

    next_update: when a newer one is due; None when it does not say.
    """

    issuer: Name
    this_update: datetime
    next_update: datetime | None
    serial_numbers: frozenset[int]
    _signed: _Signed = field(compare=False)

    def __repr__(self) -> str:
        return f"RevocationList({len(self.serial_numbers)} revoked)"

    def is_issued_by(self, issuer: TrustCertificate) -> bool:
        """Say whether the issuer's name and key stand behind this list."""
        return self.issuer == issuer.subject and self._signed.is_by(issuer.key)


def read_certificate(encoded: bytes) -> TrustCertificate | None:
    """Read a certificate in DER; None for anything that cannot be read and used completely."""
    if len(encoded) > LONGEST_CERTIFICATE:
        return None
    try:
        with warnings.catch_warnings():
            # Doc 9303 certificates that bend RFC 5280 are read all the same, without a word each.
            warnings.simplefilter("ignore")
            return _certificate(x509.load_der_x509_certificate(encoded), encoded)
    except _UNREADABLE:
        return None


def read_revocation_list(encoded: bytes) -> RevocationList | None:
    """Read a revocation list in DER; None for anything that cannot be read completely.

    A list with a critical extension that is not understood (a delta list, one for some
    certificates only) is not read either: it does not say what it seems to say.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = x509.load_der_x509_crl(encoded)
            if any(
                extension.critical
                and extension.oid.dotted_string not in _LIST_EXTENSIONS_UNDERSTOOD
                for extension in found.extensions
            ):
                return None
            return RevocationList(
                issuer=_name(found.issuer),
                this_update=found.last_update_utc,
                next_update=found.next_update_utc,
                serial_numbers=frozenset(entry.serial_number for entry in found),
                _signed=_Signed(
                    found.signature,
                    found.tbs_certlist_bytes,
                    found.signature_hash_algorithm,
                    found.signature_algorithm_parameters,
                ),
            )
    except _UNREADABLE:
        return None


def _certificate(found: x509.Certificate, encoded: bytes) -> TrustCertificate | None:
    key = load_public_key(public_key_info(found.tbs_certificate_bytes))
    if key is None:
        return None
    extensions = {extension.oid.dotted_string: extension for extension in found.extensions}
    values = {oid: extension.value for oid, extension in extensions.items()}
    basic = values.get(ExtensionOID.BASIC_CONSTRAINTS.dotted_string)
    usage = values.get(ExtensionOID.KEY_USAGE.dotted_string)
    extended = values.get(ExtensionOID.EXTENDED_KEY_USAGE.dotted_string)
    period = values.get(ExtensionOID.PRIVATE_KEY_USAGE_PERIOD.dotted_string)
    names = values.get(ExtensionOID.SUBJECT_ALTERNATIVE_NAME.dotted_string)
    types = values.get(DOCUMENT_TYPE_LIST)
    return TrustCertificate(
        encoded=encoded,
        fingerprint=hashlib.sha256(encoded).hexdigest(),
        subject=_name(found.subject),
        issuer=_name(found.issuer),
        serial_number=found.serial_number,
        country=_attribute(found.subject, NameOID.COUNTRY_NAME).upper(),
        common_name=_attribute(found.subject, NameOID.COMMON_NAME),
        codes=_codes(names) if isinstance(names, x509.SubjectAlternativeName) else frozenset(),
        valid=Period(found.not_valid_before_utc, found.not_valid_after_utc),
        key=key,
        is_authority=isinstance(basic, x509.BasicConstraints) and basic.ca,
        key_usage=_usage(usage) if isinstance(usage, x509.KeyUsage) else None,
        extended_key_usage=(
            frozenset(purpose.dotted_string for purpose in extended)
            if isinstance(extended, x509.ExtendedKeyUsage)
            else None
        ),
        document_types=(
            _document_types(types.value) if isinstance(types, x509.UnrecognizedExtension) else None
        ),
        key_used=(
            Period(_utc(period.not_before), _utc(period.not_after))
            if isinstance(period, x509.PrivateKeyUsagePeriod)
            else Period(None, None)
        ),
        strange=frozenset(
            oid
            for oid, extension in extensions.items()
            if extension.critical and oid not in _UNDERSTOOD
        ),
        _signed=_Signed(
            found.signature,
            found.tbs_certificate_bytes,
            found.signature_hash_algorithm,
            found.signature_algorithm_parameters,
        ),
    )


def _name(name: x509.Name) -> Name:
    """A name to be compared as RFC 5280 section 7.1 does: without case and double spaces.

    States do not always write their country the same way in a CSCA and what it issues.
    """
    return tuple(
        tuple(
            sorted(
                (
                    attribute.oid.dotted_string,
                    " ".join(
                        attribute.value.casefold().split()
                        if isinstance(attribute.value, str)
                        else [attribute.value.hex()]
                    ),
                )
                for attribute in relative
            )
        )
        for relative in name.rdns
    )


def _attribute(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    """The one value of an attribute; "" when there is none or more than one."""
    values = [attribute.value for attribute in name.get_attributes_for_oid(oid)]
    return values[0] if len(values) == 1 and isinstance(values[0], str) else ""


def _codes(names: x509.SubjectAlternativeName) -> frozenset[str]:
    return frozenset(
        str(attribute.value).upper().rstrip("<")
        for name in names.get_values_for_type(x509.DirectoryName)
        for attribute in name.get_attributes_for_oid(NameOID.LOCALITY_NAME)
    )


def _usage(usage: x509.KeyUsage) -> frozenset[str]:
    """The purposes of a key by the names of RFC 5280 section 4.2.1.3, those that matter here."""
    return frozenset(
        name
        for name, allowed in (
            ("digitalSignature", usage.digital_signature),
            ("keyCertSign", usage.key_cert_sign),
            ("cRLSign", usage.crl_sign),
        )
        if allowed
    )


def _document_types(extension: bytes) -> frozenset[str]:
    """The types that a signer may sign: SEQUENCE { version, SET OF PrintableString }."""
    version, types = read_element(extension).expect(SEQUENCE).children()
    version.expect(INTEGER)
    return frozenset(
        entry.expect(PRINTABLE_STRING).contents.decode("ascii")
        for entry in types.expect(SET).children()
    )


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None else None
