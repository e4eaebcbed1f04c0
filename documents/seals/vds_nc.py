"""The seal for non-constrained environments: JSON with its signer's certificate.

ICAO technical report "VDS-NC, Visible Digital Seal for non-constrained environments", release 1.1:
`data` holds a header `hdr` (type `t`, version `v`, issuing State `is`) and a message `msg`; `sig`
holds the algorithm `alg` (ES256, ES384, ES512), the signature `sigvl` (r and s run on) and the
signer's certificate `cer`, both in base64url. The signature covers `data` in the form of RFC 8785,
so that spaces and the order of names in the barcode do not matter.
Cross-checked with the readers of the Australian Passport Office (Apache-2.0) and their test seal.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from documents.seals.canonical_json import JSON, canonical, read_json
from documents.seals.problems import SealError, SealKind, SealProblem
from documents.trust import TrustCertificate, read_certificate

ALGORITHMS = frozenset({"ES256", "ES384", "ES512"})

_COUNTRY = re.compile(r"[A-Z]{1,3}<{0,2}")


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """Whom a message is about, as far as it says so; "" and None where it does not.

    name: primary and secondary identifier with two spaces between them, as 9303-3 transliterates.
    document_type: the first characters of a document code ("P"), of tests only. sex: F, M or X.
    """

    name: str
    birth_date: date | None
    sex: str
    document_number: str
    document_type: str

    def __repr__(self) -> str:
        return "Person(…)"


@dataclass(frozen=True, slots=True, repr=False)
class VDSNC:
    """A seal as read; nothing about it is verified.

    type: "icao.test", "icao.vacc" or another. issuing_country: one to three letters without
    fillers. message: the whole message, JSON types. signed: the bytes that the signature covers.
    """

    type: str
    version: int
    issuing_country: str
    message: Mapping[str, JSON]
    algorithm: str
    signed: bytes
    signature: bytes
    certificate: TrustCertificate

    def __repr__(self) -> str:
        return f"VDSNC(version={self.version}, {self.algorithm})"

    @property
    def kind(self) -> SealKind:
        return SealKind.VDS_NC

    @property
    def trailing(self) -> int:
        """Always 0: JSON with something behind it is malformed."""
        return 0

    @property
    def person(self) -> Person:
        """The fields of `pid`: `n`, `dob`, `sex`, `i` (vaccinations) or `dn` with `dt` (tests)."""
        pid = self.message.get("pid")
        fields = pid if isinstance(pid, dict) else {}
        return Person(
            name=_string(fields, "n"),
            birth_date=_date(_string(fields, "dob")),
            sex=_string(fields, "sex").upper(),
            document_number=_string(fields, "i") or _string(fields, "dn"),
            document_type=_string(fields, "dt").upper(),
        )


def read_vds_nc(text: str) -> VDSNC:
    """Read a seal; raises SealError.

    A JSON object without `data` and `sig` is not a seal at all.
    """
    value = read_json(text)
    if not isinstance(value, dict) or not {"data", "sig"} <= value.keys():
        raise SealError(SealProblem.NOT_A_SEAL)
    data, sig = value["data"], value["sig"]
    if not isinstance(data, dict) or not isinstance(sig, dict):
        raise SealError(SealProblem.NOT_A_SEAL)
    header, message = data.get("hdr"), data.get("msg")
    if not isinstance(header, dict):
        raise SealError(SealProblem.HEADER_MALFORMED)
    if not isinstance(message, dict):
        raise SealError(SealProblem.MESSAGE_MALFORMED)
    version, country = header.get("v"), _string(header, "is")
    if (
        not _string(header, "t")
        or not isinstance(version, int)
        or isinstance(version, bool)
        or not _COUNTRY.fullmatch(country)
    ):
        raise SealError(SealProblem.HEADER_MALFORMED)
    algorithm = _string(sig, "alg")
    if algorithm not in ALGORITHMS:
        raise SealError(SealProblem.ALGORITHM_UNSUPPORTED)
    signature = _base64url(_string(sig, "sigvl"))
    if not signature or len(signature) % 2:
        raise SealError(SealProblem.SIGNATURE_MALFORMED)
    encoded = _base64url(_string(sig, "cer"))
    certificate = read_certificate(encoded) if encoded else None
    if certificate is None:
        raise SealError(SealProblem.CERTIFICATE_MALFORMED)
    return VDSNC(
        type=_string(header, "t"),
        version=version,
        issuing_country=country.rstrip("<"),
        message=message,
        algorithm=algorithm,
        signed=canonical(data),
        signature=signature,
        certificate=certificate,
    )


def _string(fields: Mapping[str, JSON], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _base64url(text: str) -> bytes | None:
    """Bytes of base64url (RFC 4648 section 5), padded or not; None for anything else."""
    body = text.rstrip("=")
    if not body.isascii() or set(body) & set("+/"):
        return None
    try:
        return base64.b64decode(
            body.encode("ascii") + b"=" * (-len(body) % 4), altchars=b"-_", validate=True
        )
    except (binascii.Error, ValueError):
        return None


def _date(text: str) -> date | None:
    """A date as YYYY-MM-DD; None for anything else, a part of a date included."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
