"""From a signer's certificate to a CSCA of the store: two certificates, never more.

Doc 9303-12 knows no authority between a CSCA and what signs documents and seals, so there is no
path to search: the issuer's name finds the CSCAs, and the signature says which of them it was.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from documents.trust.certificates import TrustCertificate
from documents.trust.store import TrustStore

VDS_NC_SIGNER = "2.23.136.1.1.14.2"
"""Extended key usage of VDS-NC signers (ICAO TR VDS-NC 1.1, signer profile)."""

HEALTH_AUTHORITY = "2.23.136.1.1.14.1"
"""Extended key usage of a CSCA that is restricted to proofs of health (the same report)."""

_OTHER_PURPOSES = frozenset(
    {
        VDS_NC_SIGNER,
        HEALTH_AUTHORITY,
        "2.23.136.1.1.3",  # signers of master lists, Doc 9303-12 section 7.1.1.3
        "2.23.136.1.1.8",  # signers of deviation lists, the same
        "1.3.6.1.5.5.7.3.1",  # servers, RFC 5280 section 4.2.1.12; and below clients, code, mail
        "1.3.6.1.5.5.7.3.2",
        "1.3.6.1.5.5.7.3.3",
        "1.3.6.1.5.5.7.3.4",
    }
)


class Purpose(StrEnum):
    """What a certificate is to have signed."""

    VDS = "vds"
    VDS_NC = "vds_nc"


class ChainStatus(StrEnum):
    """What became of a chain; the first that applies, in this order."""

    TRUSTED = "trusted"
    UNKNOWN_ISSUER = "unknown_issuer"
    """No CSCA of the store has issued the certificate."""
    REVOKED = "revoked"
    UNFIT = "unfit"
    """Not made for this: an authority, a key for other purposes, a critical unknown extension."""
    COUNTRY_DIFFERS = "country_differs"
    """The signer is of another country than the CSCA."""
    OUT_OF_DATE = "out_of_date"
    """The signer or the CSCA was not valid at one of the moments asked for."""


class Revocation(StrEnum):
    """What is known of revocation."""

    CHECKED = "checked"
    STALE = "stale"
    """There is a list, but a newer one is overdue."""
    NOT_CHECKED = "not_checked"
    """The store has no list of this CSCA."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A certificate's standing. authority: the CSCA that issued it, None when unknown."""

    status: ChainStatus
    authority: TrustCertificate | None = None
    revocation: Revocation = Revocation.NOT_CHECKED


def check_chain(
    certificate: TrustCertificate,
    store: TrustStore,
    *,
    purpose: Purpose,
    now: datetime,
    signed_on: date | None = None,
) -> Chain:
    """Say how a signer's certificate stands with the store (Doc 9303-12 section 7.1).

    Checked, in this order: the CSCA's name and signature; the CSCA's lists of revocation;
    basic constraints, key usage (`digitalSignature` where the extension is there: the profile of
    seal signers in section 7.1.3 leaves it out), extended key usage, critical extensions; the
    countries of signer and CSCA; validity of both at `now` and on the day of signing, and the
    period of use of the signer's private key on that day where the certificate names one.

    now: with a time zone. signed_on: the day of signing (UTC), None when it is not known.
    """
    authority = next(
        (
            candidate
            for candidate in store.authorities(certificate.issuer)
            if certificate.is_issued_by(candidate)
        ),
        None,
    )
    if authority is None:
        return Chain(ChainStatus.UNKNOWN_ISSUER)
    revocation, revoked = _revocation(certificate, authority, store, now)
    if revoked:
        status = ChainStatus.REVOKED
    elif not _fit(certificate, authority, purpose):
        status = ChainStatus.UNFIT
    elif not certificate.country or certificate.country != authority.country:
        status = ChainStatus.COUNTRY_DIFFERS
    elif not _valid(certificate, authority, now, signed_on):
        status = ChainStatus.OUT_OF_DATE
    else:
        status = ChainStatus.TRUSTED
    return Chain(status, authority, revocation)


def _revocation(
    certificate: TrustCertificate, authority: TrustCertificate, store: TrustStore, now: datetime
) -> tuple[Revocation, bool]:
    lists = store.revocation_lists(authority)
    if not lists:
        return Revocation.NOT_CHECKED, False
    fresh = any(found.next_update is None or now <= found.next_update for found in lists)
    # Doc 9303 has no suspension: what an old list revokes stays revoked.
    revoked = any(certificate.serial_number in found.serial_numbers for found in lists)
    return Revocation.CHECKED if fresh else Revocation.STALE, revoked


def _fit(certificate: TrustCertificate, authority: TrustCertificate, purpose: Purpose) -> bool:
    if certificate.is_authority or certificate.strange or authority.strange:
        return False
    if certificate.key_usage is not None and "digitalSignature" not in certificate.key_usage:
        return False
    purposes = certificate.extended_key_usage
    if purpose is Purpose.VDS_NC:
        return purposes is not None and VDS_NC_SIGNER in purposes
    if HEALTH_AUTHORITY in (authority.extended_key_usage or ()):
        return False
    return purposes is None or not purposes <= _OTHER_PURPOSES


def _valid(
    certificate: TrustCertificate,
    authority: TrustCertificate,
    now: datetime,
    signed_on: date | None,
) -> bool:
    if not (certificate.valid.covers(now) and authority.valid.covers(now)):
        return False
    return signed_on is None or (
        certificate.valid.covers(signed_on)
        and certificate.key_used.covers(signed_on)
        and authority.valid.covers(signed_on)
    )
