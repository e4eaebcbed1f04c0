"""Whom a kiosk trusts to vouch for documents: CSCAs, what they issued, what they revoked.

The public key infrastructure of ICAO Doc 9303-12, for visible digital seals now and made to serve
chips too. Read `store.py` first, then `chains.py`.
"""

from documents.trust.certificates import (
    Period,
    RevocationList,
    TrustCertificate,
    read_certificate,
    read_revocation_list,
)
from documents.trust.chains import Chain, ChainStatus, Purpose, Revocation, check_chain
from documents.trust.countries import document_codes
from documents.trust.store import LoadFault, LoadProblem, TrustStore

__all__ = [
    "Chain",
    "ChainStatus",
    "LoadFault",
    "LoadProblem",
    "Period",
    "Purpose",
    "Revocation",
    "RevocationList",
    "TrustCertificate",
    "TrustStore",
    "check_chain",
    "document_codes",
    "read_certificate",
    "read_revocation_list",
]
