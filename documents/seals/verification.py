"""Whether a seal is what a State sealed: signature, signer, CSCA.

The order is fixed and the first that fails decides: a seal that can be read, a signer that is
known, a signature that holds, a signer that was allowed to make it.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from documents.mrz import MRZReading
from documents.seals.agreement import Comparison, compare_seal
from documents.seals.problems import UNSUPPORTED, SealKind, SealMalformed
from documents.seals.vds import VDS
from documents.seals.vds_nc import VDSNC
from documents.trust import (
    Chain,
    ChainStatus,
    Purpose,
    Revocation,
    TrustCertificate,
    TrustStore,
    check_chain,
    document_codes,
)


class SealStatus(StrEnum):
    """What became of a seal; stable codes."""

    VALID = "valid"
    SIGNATURE_WRONG = "signature_wrong"
    """The signer's key did not make this signature over this content: altered or invented."""
    SIGNER_UNKNOWN = "signer_unknown"
    """No such signer, or no CSCA that vouches for it, is in the store."""
    SIGNER_EXPIRED = "signer_expired"
    """Signer or CSCA was not valid on the day of signing, or is not valid now."""
    SIGNER_REVOKED = "signer_revoked"
    SIGNER_UNFIT = "signer_unfit"
    """The certificate is made for something else than such seals."""
    COUNTRY_DIFFERS = "country_differs"
    """The seal names another State than its signer's or its CSCA's."""
    SIGNED_LATER = "signed_later"
    """The seal says that it was signed after the day of reading."""
    MALFORMED = "malformed"
    KIND_UNSUPPORTED = "kind_unsupported"
    """Another barcode, or a kind or version of seal that nothing here reads."""


@dataclass(frozen=True, slots=True)
class SealVerification:
    """A verdict on one seal.

    signer: the certificate under which the signature holds, or whose fault decided; None when
    there is none. revocation: how much is known of it. trailing: bytes behind a seal that nobody
    signed; they do not spoil it.
    """

    status: SealStatus
    kind: SealKind | None
    signer: TrustCertificate | None = None
    revocation: Revocation = Revocation.NOT_CHECKED
    trailing: int = 0
    seal: "VDS | VDSNC | None" = field(default=None, repr=False)

    def compare(self, reading: MRZReading) -> Comparison:
        """Compare what was sealed with a machine-readable zone; nothing for an unreadable seal."""
        return Comparison((), ()) if self.seal is None else compare_seal(self.seal, reading)


_CHAIN = {
    ChainStatus.TRUSTED: SealStatus.VALID,
    ChainStatus.UNKNOWN_ISSUER: SealStatus.SIGNER_UNKNOWN,
    ChainStatus.REVOKED: SealStatus.SIGNER_REVOKED,
    ChainStatus.UNFIT: SealStatus.SIGNER_UNFIT,
    ChainStatus.COUNTRY_DIFFERS: SealStatus.COUNTRY_DIFFERS,
    ChainStatus.OUT_OF_DATE: SealStatus.SIGNER_EXPIRED,
}

# ICAO TR VDS-NC 1.1: what a signer of a type has in the list of Doc 9303-12 section 7.1.1.6.
_DOCUMENT_TYPES = {"icao.test": "NT", "icao.vacc": "NV"}

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "ES256": hashes.SHA256(),
    "ES384": hashes.SHA384(),
    "ES512": hashes.SHA512(),
}


def verify_seal(
    seal: VDS | VDSNC | SealMalformed, trust: TrustStore, *, at: datetime
) -> SealVerification:
    """Verify a seal against the store; total, apart from the clock.

    at: the moment of reading, with a time zone; raises ValueError without one.
    """
    if at.tzinfo is None:
        raise ValueError("the moment of reading needs a time zone")
    if isinstance(seal, SealMalformed):
        unsupported = seal.problem in UNSUPPORTED
        status = SealStatus.KIND_UNSUPPORTED if unsupported else SealStatus.MALFORMED
        return SealVerification(status, seal.kind)
    if isinstance(seal, VDS):
        return _verify_vds(seal, trust, at)
    return _verify_vds_nc(seal, trust, at)


def _verify_vds(seal: VDS, trust: TrustStore, at: datetime) -> SealVerification:
    """Verify by signer identifier and certificate reference (Doc 9303-13 sections 2.2 and 2.4).

    The identifier is the country and common name of the signer's certificate, the reference its
    serial number in hexadecimal. More than one certificate may answer to both (a country with two
    CSCAs): the one under which the signature holds is meant.
    """
    candidates = trust.signers(seal.signer_identifier, _serial_number(seal.certificate_reference))
    signers = [
        signer
        for signer in candidates
        if _holds(signer, seal.signature, seal.signed, _hash_for(signer))
    ]
    if not signers:
        status = SealStatus.SIGNATURE_WRONG if candidates else SealStatus.SIGNER_UNKNOWN
        return _verdict(status, seal, candidates[0] if candidates else None)
    signer = signers[0]
    chain = check_chain(signer, trust, purpose=Purpose.VDS, now=at, signed_on=seal.signed_on)
    status = _CHAIN[chain.status]
    if status is SealStatus.VALID and not _of_country(seal.issuing_country, signer, chain):
        status = SealStatus.COUNTRY_DIFFERS
    # A day of leeway: the day of signing is the signer's, and it is later in the east.
    if status is SealStatus.VALID and _days_ahead(seal.signed_on, at) > 1:
        status = SealStatus.SIGNED_LATER
    return _verdict(status, seal, signer, chain)


def _verify_vds_nc(seal: VDSNC, trust: TrustStore, at: datetime) -> SealVerification:
    """Verify with the certificate that the seal brings along.

    Nothing in a VDS-NC says when it was signed: the certificate must be valid at the moment of
    reading, for which the report makes its life longer than the documents'.
    """
    signer = seal.certificate
    if not _holds(signer, seal.signature, seal.signed, _HASHES[seal.algorithm]):
        return _verdict(SealStatus.SIGNATURE_WRONG, seal, signer)
    chain = check_chain(signer, trust, purpose=Purpose.VDS_NC, now=at)
    status = _CHAIN[chain.status]
    wanted = _DOCUMENT_TYPES.get(seal.type)
    if (
        status is SealStatus.VALID
        and wanted is not None
        and signer.document_types is not None
        and wanted not in signer.document_types
    ):
        status = SealStatus.SIGNER_UNFIT
    if status is SealStatus.VALID and not _of_country(seal.issuing_country, signer, chain):
        status = SealStatus.COUNTRY_DIFFERS
    return _verdict(status, seal, signer, chain)


def _verdict(
    status: SealStatus,
    seal: VDS | VDSNC,
    signer: TrustCertificate | None,
    chain: Chain | None = None,
) -> SealVerification:
    revocation = chain.revocation if chain else Revocation.NOT_CHECKED
    return SealVerification(status, seal.kind, signer, revocation, seal.trailing, seal)


def _serial_number(reference: str) -> int:
    try:
        return int(reference, 16)
    except ValueError:
        return -1  # no certificate has it


def _hash_for(signer: TrustCertificate) -> hashes.HashAlgorithm:
    """The hash by the size of the curve (Doc 9303-13 section 2.4).

    The standard ends at 512 bits; P-521 goes with SHA-512, as everywhere.
    """
    size = signer.key.key_size
    if size <= 224:
        return hashes.SHA224()
    if size <= 256:
        return hashes.SHA256()
    return hashes.SHA384() if size <= 384 else hashes.SHA512()


def _holds(
    signer: TrustCertificate, signature: bytes, signed: bytes, algorithm: hashes.HashAlgorithm
) -> bool:
    """Say whether r and s, each as long as the curve, are the signer's (BSI TR-03111, plain)."""
    key = signer.key
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return False
    length = (key.key_size + 7) // 8
    if len(signature) != 2 * length:
        return False
    r, s = (int.from_bytes(part, "big") for part in (signature[:length], signature[length:]))
    try:
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(algorithm))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _of_country(code: str, signer: TrustCertificate, chain: Chain) -> bool:
    """Say whether a code of a seal is the signer's State, by its letters or its CSCA's names."""
    codes = document_codes(signer.country) | signer.codes
    if chain.authority is not None:
        codes |= chain.authority.codes
    return code in codes


def _days_ahead(day: date, at: datetime) -> int:
    return (day - at.astimezone(UTC).date()).days
