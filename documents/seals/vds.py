"""The visible digital seal of ICAO Doc 9303 part 13: header, message, signature.

Section 2.2, header: 0xDC, a version byte, the issuing State (three characters in C40, two bytes),
the signer identifier and the certificate reference (C40), the dates of issue and of signature, the
document feature definition reference and the document type category. Version byte 2 is version 3
with a certificate reference of five characters; 3 is version 4, where two hexadecimal characters
after the signer identifier say how many follow. Section 2.3, message: features as tag, length,
value with lengths of DER. Section 2.4, signature: tag 0xFF, r and s run on; it covers everything
before that tag. Section 2.3.1, dates: MMDDYYYY as a number of three bytes.

The layout was cross-checked with two published implementations and their test seals
(tsenger/vdstools, Apache-2.0; li0ard/vds, MIT). The German arrival attestation of 2016, which
writes version byte 3 over a header of version 3, is not read.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from documents.seals import c40
from documents.seals.problems import SealError, SealKind, SealProblem

MAGIC = 0xDC
SIGNATURE_TAG = 0xFF
LONGEST_VDS = 4096
"""Bytes; a QR code holds 2,953 and a Data Matrix 1,556."""

_VERSIONS = {2: 3, 3: 4}
_FIXED_REFERENCE_BYTES = 6
_SIGNER_LENGTH = 4


class SealedDocument(StrEnum):
    """What a seal is printed on, by its definition reference and type category."""

    VISA = "visa"
    """Doc 9303-13 section 3."""
    EMERGENCY_TRAVEL_DOCUMENT = "emergency_travel_document"
    """Doc 9303-13 section 4."""
    RESIDENCE_PERMIT = "residence_permit"
    """This and the following: BSI TR-03137 part 1."""
    SUPPLEMENTARY_SHEET = "supplementary_sheet"
    ARRIVAL_ATTESTATION = "arrival_attestation"
    TEMPORARY_IDENTITY_CARD = "temporary_identity_card"
    TEMPORARY_PASSPORT = "temporary_passport"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class _Definition:
    """Which tags of a document hold an MRZ, with how many characters a line, and its passport's
    number."""

    document: SealedDocument
    mrz_lines: tuple[tuple[int, int], ...]
    passport_number: int | None = None


_DEFINITIONS = {
    # The seal of a visa leaves out the optional data: line 2 ends after 28 characters.
    (0x5D, 0x01): _Definition(SealedDocument.VISA, ((1, 44), (2, 36)), 5),
    (0x5E, 0x03): _Definition(SealedDocument.EMERGENCY_TRAVEL_DOCUMENT, ((2, 36),)),
    (0xFB, 0x06): _Definition(SealedDocument.RESIDENCE_PERMIT, ((2, 36),), 3),
    (0xFA, 0x06): _Definition(SealedDocument.SUPPLEMENTARY_SHEET, ((4, 36),)),
    (0xFD, 0x02): _Definition(SealedDocument.ARRIVAL_ATTESTATION, ((2, 36),)),
    (0xF7, 0x0B): _Definition(SealedDocument.TEMPORARY_IDENTITY_CARD, ((2, 36),)),
    (0xF6, 0x0D): _Definition(SealedDocument.TEMPORARY_PASSPORT, ((2, 44),)),
}


@dataclass(frozen=True, slots=True, repr=False)
class Feature:
    """One feature of the message zone: tag 0 to 254, value as it stands there."""

    tag: int
    value: bytes

    def __repr__(self) -> str:
        return f"Feature({self.tag})"


@dataclass(frozen=True, slots=True, repr=False)
class VDS:
    """A seal as read; nothing about it is verified.

    version: 3 or 4. issuing_country: one to three letters without fillers. signer_identifier: two
    letters of a country and two characters of a signer. certificate_reference: as printed.
    issued_on: None when three zero bytes stand for it. signed: the bytes that the signature covers.
    signature: r and s, equally long. trailing: how many bytes follow the seal; nobody signed them.
    """

    version: int
    issuing_country: str
    signer_identifier: str
    certificate_reference: str
    issued_on: date | None
    signed_on: date
    definition_reference: int
    type_category: int
    features: tuple[Feature, ...]
    signed: bytes
    signature: bytes
    trailing: int

    def __repr__(self) -> str:
        tags = [feature.tag for feature in self.features]
        return f"VDS({self.document.value}, version={self.version}, features={tags})"

    @property
    def kind(self) -> SealKind:
        return SealKind.VDS

    @property
    def document(self) -> SealedDocument:
        """What the seal belongs on, as far as its definition is known here."""
        definition = self._definition
        return definition.document if definition else SealedDocument.OTHER

    @property
    def mrz_lines(self) -> tuple[str, str] | None:
        """The two lines of the sealed MRZ, filled up with `<`; None when there is none.

        A visa's second line is sealed for 28 characters; `mrz_sealed` says how far.
        """
        found = self._mrz
        if found is None:
            return None
        text, width = found
        text = text.ljust(2 * width, "<")
        return text[:width], text[width:]

    @property
    def mrz_sealed(self) -> int:
        """How many characters of the second line the seal holds; 0 without an MRZ."""
        found = self._mrz
        return len(found[0]) - found[1] if found else 0

    @property
    def passport_number(self) -> str | None:
        """The number of the passport that a visa or permit belongs to; None when not sealed."""
        definition = self._definition
        if definition is None or definition.passport_number is None:
            return None
        text = self._text(definition.passport_number)
        return text.rstrip(" ") if text else None

    @property
    def _definition(self) -> _Definition | None:
        return _DEFINITIONS.get((self.definition_reference, self.type_category))

    @property
    def _mrz(self) -> tuple[str, int] | None:
        """The sealed characters with `<` for space, and the length of a line."""
        definition = self._definition
        for tag, width in definition.mrz_lines if definition else ():
            text = self._text(tag)
            if text is not None and width < len(text) <= 2 * width:
                return text.replace(" ", "<"), width
        return None

    def _text(self, tag: int) -> str | None:
        """The text of a feature; None without it, with several of the tag, or for no C40."""
        values = [feature.value for feature in self.features if feature.tag == tag]
        if len(values) != 1:
            return None
        try:
            return c40.decode(values[0])
        except c40.C40Error:
            return None


def read_vds(data: bytes) -> VDS:
    """Read a seal; raises SealError."""
    if len(data) > LONGEST_VDS:
        raise SealError(SealProblem.TOO_LONG)
    reader = _Reader(data)
    if reader.take(1)[0] != MAGIC:
        raise SealError(SealProblem.NOT_A_SEAL)
    version = _VERSIONS.get(reader.take(1)[0])
    if version is None:
        raise SealError(SealProblem.VERSION_UNSUPPORTED)
    country = _header_text(reader.take(2)).rstrip(" ")
    signer, reference = _signer(reader, version)
    if not country.isalpha() or " " in signer + reference:
        raise SealError(SealProblem.HEADER_MALFORMED)
    issued_on, signed_on = _date(reader.take(3)), _date(reader.take(3))
    if signed_on is None:
        raise SealError(SealProblem.HEADER_MALFORMED)
    definition_reference, type_category = reader.take(2)
    features: list[Feature] = []
    while True:
        if reader.at_end:
            raise SealError(SealProblem.SIGNATURE_MISSING)
        before = reader.place
        tag = reader.take(1)[0]
        value = reader.take(reader.length())
        if tag == SIGNATURE_TAG:
            break
        features.append(Feature(tag, value))
    if not value or len(value) % 2:
        raise SealError(SealProblem.SIGNATURE_MALFORMED)
    return VDS(
        version=version,
        issuing_country=country,
        signer_identifier=signer,
        certificate_reference=reference,
        issued_on=issued_on,
        signed_on=signed_on,
        definition_reference=definition_reference,
        type_category=type_category,
        features=tuple(features),
        signed=data[:before],
        signature=value,
        trailing=len(data) - reader.place,
    )


class _Reader:
    """Bytes taken from the front; raises SealError where they end early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    @property
    def at_end(self) -> bool:
        return self.place >= len(self._data)

    def take(self, count: int) -> bytes:
        taken = self._data[self.place : self.place + count]
        if len(taken) < count:
            raise SealError(SealProblem.CUT_OFF)
        self.place += count
        return taken

    def length(self) -> int:
        """A length in the definite form of DER, of at most three bytes."""
        first = self.take(1)[0]
        if first < 0x80:
            return first
        octets = first & 0x7F
        if not 1 <= octets <= 3:
            raise SealError(SealProblem.MESSAGE_MALFORMED)
        return int.from_bytes(self.take(octets), "big")


def _signer(reader: _Reader, version: int) -> tuple[str, str]:
    if version == 3:
        text = _header_text(reader.take(_FIXED_REFERENCE_BYTES))
        return text[:_SIGNER_LENGTH], text[_SIGNER_LENGTH:]
    text = _header_text(reader.take(4))
    try:
        length = int(text[_SIGNER_LENGTH:], 16)
    except ValueError:
        raise SealError(SealProblem.HEADER_MALFORMED) from None
    reference = _header_text(reader.take((length + 2) // 3 * 2))
    if length == 0 or len(reference) != length:
        raise SealError(SealProblem.HEADER_MALFORMED)
    return text[:_SIGNER_LENGTH], reference


def _header_text(packed: bytes) -> str:
    try:
        return c40.decode(packed)
    except c40.C40Error:
        raise SealError(SealProblem.HEADER_MALFORMED) from None


def _date(packed: bytes) -> date | None:
    number = int.from_bytes(packed, "big")
    if number == 0:
        return None
    try:
        return date(number % 10_000, number // 1_000_000, number // 10_000 % 100)
    except ValueError:
        raise SealError(SealProblem.HEADER_MALFORMED) from None
