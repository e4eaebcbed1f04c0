"""Make visible digital seals (Doc 9303-13 section 2); `documents.seals.vds` has the layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cryptography.hazmat.primitives import hashes

from documents.seals import c40
from documents.seals.vds import MAGIC, SIGNATURE_TAG
from simulators.seals.authority import SealSigner

VISA = (0x5D, 0x01)
EMERGENCY_TRAVEL_DOCUMENT = (0x5E, 0x03)
RESIDENCE_PERMIT = (0xFB, 0x06)

_VERSION_BYTES = {3: 2, 4: 3}
_FIXED_REFERENCE = 5
# Line 1 whole and 28 characters of line 2: a visa's optional data is not sealed (section 3).
_SEALED_OF_VISA_LINE_2 = 28
_VISA_TAGS = {44: 1, 36: 2}


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class VDSContent:
    """What to seal.

    document: definition reference and type category, 0 to 255 each. features: tag and value.
    version: 3 or 4. issuing_country: with `<` or nothing where it is shorter than three letters.
    """

    document: tuple[int, int]
    features: Sequence[tuple[int, bytes]]
    issued_on: date
    signed_on: date
    issuing_country: str = "UTO"
    version: int = 4

    @classmethod
    def of_visa(
        cls,
        lines: Sequence[str],
        *,
        passport_number: str,
        issued_on: date,
        signed_on: date,
        entries: int = 0,
        days_of_stay: int = 90,
        issuing_country: str = "UTO",
        version: int = 4,
    ) -> "VDSContent":
        """The seal of a visa: two lines of MRV-A or MRV-B, entries (0: any number), stay."""
        first, second = lines
        mrz = c40.encode(first + second[:_SEALED_OF_VISA_LINE_2])
        return cls(
            document=VISA,
            features=(
                (_VISA_TAGS[len(first)], mrz),
                (3, bytes([entries])),
                (4, bytes([days_of_stay, 0, 0])),
                (5, c40.encode(passport_number)),
            ),
            issued_on=issued_on,
            signed_on=signed_on,
            issuing_country=issuing_country,
            version=version,
        )

    @classmethod
    def of_zone(
        cls,
        document: tuple[int, int],
        lines: Sequence[str],
        *,
        issued_on: date,
        signed_on: date,
        issuing_country: str = "UTO",
        version: int = 4,
    ) -> "VDSContent":
        """A seal over the two lines of a TD2 or TD3 zone: emergency document, residence permit."""
        return cls(
            document=document,
            features=((2, c40.encode("".join(lines))),),
            issued_on=issued_on,
            signed_on=signed_on,
            issuing_country=issuing_country,
            version=version,
        )


def sign_vds(content: VDSContent, signer: SealSigner) -> bytes:
    """Make a seal; raises ValueError on what a seal has no room for."""
    signed = _header(content, signer) + b"".join(
        _feature(tag, value) for tag, value in content.features
    )
    return signed + _feature(SIGNATURE_TAG, signer.sign(signed, _hash(signer.key_bits)))


def _header(content: VDSContent, signer: SealSigner) -> bytes:
    reference = signer.reference
    if content.version == 3:
        reference = reference.rjust(_FIXED_REFERENCE, "0")
        if len(reference) > _FIXED_REFERENCE:
            raise ValueError("version 3 has five characters for a reference")
    else:
        reference = f"{len(reference):02X}{reference}"
    if len(signer.identifier) != 4:
        raise ValueError("a signer identifier has four characters")
    return (
        bytes([MAGIC, _VERSION_BYTES[content.version]])
        + c40.encode(content.issuing_country.ljust(3, "<"))
        + c40.encode(signer.identifier + reference)
        + _date(content.issued_on)
        + _date(content.signed_on)
        + bytes(content.document)
    )


def _date(day: date) -> bytes:
    return int(f"{day:%m%d%Y}").to_bytes(3, "big")


def _feature(tag: int, value: bytes) -> bytes:
    if len(value) < 0x80:
        return bytes([tag, len(value)]) + value
    octets = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + value


def _hash(bits: int) -> hashes.HashAlgorithm:
    """The hash by the size of the curve (section 2.4), written apart from the verifier's."""
    for size, algorithm in (
        (224, hashes.SHA224()),
        (256, hashes.SHA256()),
        (384, hashes.SHA384()),
    ):
        if bits <= size:
            return algorithm
    return hashes.SHA512()
