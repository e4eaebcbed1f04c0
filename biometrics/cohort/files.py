"""The signed file of a cohort, and how an authority makes one.

The content's bytes (`content`), then 16 bytes that tell the key, then an Ed25519 signature
(RFC 8032, 64 bytes) over the SHA-256 digest of the content. A cohort decides who passes: one that
nobody trusted has signed is refused, whatever is in it. The file of a cohort of members holds their
templates: it is signed, not encrypted, and whoever stores it seals it.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from biometrics.cohort.cohort import Cohort
from biometrics.cohort.content import PERSON_KEY_BYTES, CohortContent, CohortKind, malformed
from biometrics.cohort.fictitious_key import DEMONSTRATION_KEY
from biometrics.cohort.statistics import LEAST_COHORT
from biometrics.errors import BiometricsError, BiometricsErrorCode
from biometrics.results import FaceTemplate, ModelIdentity

LEAST_STRATA = 2
LEAST_STRATUM_SHARE = 0.5
"""A stratum holds at least this much of its equal share, size / number of strata. The smallest
distances come from people like the traveler: a stratum much thinner than the others would give
its travelers strangers for neighbours, a larger mean, and a laxer score."""

_KEY_ID_BYTES = 16
_SIGNATURE_BYTES = 64
_TRAILER_BYTES = _KEY_ID_BYTES + _SIGNATURE_BYTES
_SIGNED_PREFIX = b"port-of-entry-kiosk cohort 1\0"  # what the key signs here, it signs nowhere else


@dataclass(frozen=True, slots=True)
class CohortEntry:
    """One person's template for a cohort; `person` is their opaque key of 16 bytes."""

    template: FaceTemplate
    person: bytes = field(repr=False)
    stratum: str


def build_cohort(
    entries: Sequence[CohortEntry],
    *,
    version: str,
    kind: CohortKind,
    created_on: date,
    generator: str,
) -> Cohort:
    """Return a cohort of these entries, in this order.

    Args:
        entries: Enrolment templates of one model.
        version: Lower-case letters, digits, dots and dashes, new for every cohort.
        kind: Who the people are.
        created_on: Written into the file.
        generator: How the cohort was made, in at most 200 ASCII characters.

    Raises:
        BiometricsError: COHORT_TOO_SMALL below LEAST_COHORT; COHORT_OF_ANOTHER_MODEL when the
            models differ; COHORT_UNBALANCED for fewer than LEAST_STRATA strata or one below
            LEAST_STRATUM_SHARE of its equal share; COHORT_MALFORMED for anything else that a
            cohort cannot be.
    """
    if len(entries) < LEAST_COHORT:
        raise BiometricsError(
            BiometricsErrorCode.COHORT_TOO_SMALL,
            f"{len(entries)} entries; a cohort needs {LEAST_COHORT}",
        )
    model = entries[0].template.model
    if any(entry.template.model != model for entry in entries):
        raise BiometricsError(
            BiometricsErrorCode.COHORT_OF_ANOTHER_MODEL, "the entries are of several models"
        )
    if any(len(entry.person) != PERSON_KEY_BYTES for entry in entries):
        raise malformed(f"a person key is {PERSON_KEY_BYTES} bytes")
    counts = Counter(entry.stratum for entry in entries)
    least = LEAST_STRATUM_SHARE * len(entries) / len(counts)
    thin = sorted(name for name, count in counts.items() if count < least)
    if len(counts) < LEAST_STRATA or thin:
        raise BiometricsError(
            BiometricsErrorCode.COHORT_UNBALANCED,
            f"{len(counts)} strata; with fewer than {least:.0f} entries: {', '.join(thin) or '-'}",
        )
    strata = tuple(sorted(counts))
    position = {name: index for index, name in enumerate(strata)}
    persons = np.frombuffer(b"".join(entry.person for entry in entries), np.uint8)
    return Cohort(
        CohortContent(
            model=model,
            version=version,
            kind=kind,
            created_on=created_on,
            generator=generator,
            strata=strata,
            vectors=np.stack([entry.template.vector for entry in entries]),
            persons=persons.reshape(len(entries), PERSON_KEY_BYTES),
            stratum_of=np.array([position[entry.stratum] for entry in entries], np.uint16),
        )
    )


def sign_cohort(cohort: Cohort, key: Ed25519PrivateKey) -> bytes:
    """Return the signed file of a cohort.

    Raises:
        BiometricsError: COHORT_SIGNATURE_INVALID when the demonstration key is to sign people
            who are not fictitious.
    """
    public = key.public_key().public_bytes_raw()
    _refuse_demonstration_of(cohort.content, public)
    signature = key.sign(_signed(cohort.digest))
    return cohort.content.to_bytes() + _key_id(public) + signature


def load_cohort(
    data: bytes, *, trusted_keys: Collection[bytes], model: ModelIdentity | None = None
) -> Cohort:
    """Return the cohort of a signed file. Nothing of it is looked at before its signature.

    Args:
        data: Untrusted bytes.
        trusted_keys: Ed25519 public keys, 32 bytes each, whose cohorts are taken.
        model: The model that the cohort has to be of; None takes any.

    Raises:
        BiometricsError: COHORT_SIGNATURE_INVALID when no trusted key signed it, and when the
            demonstration key signed people who are not fictitious; COHORT_MALFORMED;
            COHORT_OF_ANOTHER_MODEL.
    """
    if len(data) <= _TRAILER_BYTES:
        raise malformed("shorter than a signed cohort")
    signed, trailer = data[:-_TRAILER_BYTES], data[-_TRAILER_BYTES:]
    key_id, signature = trailer[:_KEY_ID_BYTES], trailer[_KEY_ID_BYTES:]
    public = next((key for key in trusted_keys if _key_id(key) == key_id), None)
    if public is None:
        raise _signature_invalid("the key that signed the cohort is not trusted")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(
            signature, _signed(hashlib.sha256(signed).hexdigest())
        )
    except (InvalidSignature, ValueError) as error:  # a ValueError: the trusted key is no key
        raise _signature_invalid("the signature is not of this cohort") from error
    content = CohortContent.from_bytes(signed)
    _refuse_demonstration_of(content, public)
    if model is not None and content.model != model:
        raise BiometricsError(
            BiometricsErrorCode.COHORT_OF_ANOTHER_MODEL,
            f"the cohort {content.version} is of {content.model}, not of {model}",
        )
    return Cohort(content)


def _refuse_demonstration_of(content: CohortContent, public: bytes) -> None:
    if public == DEMONSTRATION_KEY and content.kind is not CohortKind.FICTITIOUS:
        raise _signature_invalid("anybody can sign with the demonstration key")


def _key_id(public: bytes) -> bytes:
    return hashlib.sha256(public).digest()[:_KEY_ID_BYTES]


def _signed(digest: str) -> bytes:
    return _SIGNED_PREFIX + bytes.fromhex(digest)


def _signature_invalid(detail: str) -> BiometricsError:
    return BiometricsError(BiometricsErrorCode.COHORT_SIGNATURE_INVALID, detail)
