"""Make seals for non-constrained environments; `documents.seals.vds_nc` has the layout."""

import base64
import json
from collections.abc import Mapping
from datetime import date

from cryptography.hazmat.primitives import hashes

from documents.seals.canonical_json import JSON, canonical
from simulators.seals.authority import SealSigner

_ALGORITHMS: Mapping[str, hashes.HashAlgorithm] = {
    "ES256": hashes.SHA256(),
    "ES384": hashes.SHA384(),
    "ES512": hashes.SHA512(),
}


def person_message(
    *, name: str, birth_date: date, sex: str, document_number: str, test: bool = False
) -> dict[str, JSON]:
    """The message of a proof of vaccination, or of a test, as far as it concerns the person.

    name: primary and secondary identifier as in an MRZ, `<` or space for filler.
    """
    person: dict[str, JSON] = {
        "n": name.replace("<", " ").rstrip(),
        "dob": birth_date.isoformat(),
    }
    if test:
        return {"utci": "U01932", "pid": {**person, "dt": "P", "dn": document_number}}
    return {"uvci": "U32870", "pid": {**person, "sex": sex, "i": document_number}}


def sign_vds_nc(
    message: Mapping[str, JSON],
    signer: SealSigner,
    *,
    type_: str = "icao.vacc",
    issuing_country: str = "UTO",
    algorithm: str = "ES256",
) -> str:
    """Make a seal as text, spaced out: what is signed is its canonical form."""
    data: JSON = {
        "hdr": {"t": type_, "v": 1, "is": issuing_country},
        "msg": dict(message),
    }
    signature = signer.sign(canonical(data), _ALGORITHMS[algorithm])
    sig = {"alg": algorithm, "sigvl": _base64url(signature), "cer": _base64url(signer.encoded)}
    return json.dumps({"data": data, "sig": sig}, ensure_ascii=False)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
