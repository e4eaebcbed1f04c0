"""From what a barcode holds to a seal, whichever kind it is."""

from documents.seals.problems import SealError, SealKind, SealMalformed, SealProblem
from documents.seals.vds import LONGEST_VDS, MAGIC, VDS, read_vds
from documents.seals.vds_nc import VDSNC, read_vds_nc

LONGEST_SEAL = 64 * 1024
"""Bytes (or characters) that are looked at; no barcode of ICAO's holds a tenth of it."""

# 0xDC as UTF-8: a decoder took the bytes for Latin-1 text and encoded that.
_MAGIC_AS_TEXT = chr(MAGIC).encode("utf-8")
_WHITE_SPACE = b" \t\r\n"


def parse_seal(data: bytes | str) -> VDS | VDSNC | SealMalformed:
    """Read what a barcode holds; total: nothing raises, whatever the bytes.

    data: the bytes, or the text that a barcode library made of them. A VDS is binary; text of one
    is Latin-1, and UTF-8 of that text is undone too.
    """
    kind: SealKind | None = None
    try:
        if len(data) > LONGEST_SEAL:
            raise SealError(SealProblem.TOO_LONG)
        content = _as_bytes(data)
        if content[:1] == bytes([MAGIC]) or content.startswith(_MAGIC_AS_TEXT):
            kind = SealKind.VDS
            return read_vds(_binary(content))
        if content.lstrip(_WHITE_SPACE)[:1] == b"{":
            kind = SealKind.VDS_NC
            return read_vds_nc(content.decode("utf-8"))
    except UnicodeDecodeError:
        return SealMalformed(SealProblem.JSON_MALFORMED, kind)
    except SealError as error:
        if error.problem is SealProblem.NOT_A_SEAL:
            kind = None
        return SealMalformed(error.problem, kind)
    return SealMalformed(SealProblem.NOT_A_SEAL, None)


def _as_bytes(data: bytes | str) -> bytes:
    if isinstance(data, bytes):
        return data
    if data[:1] == chr(MAGIC):
        try:
            return data.encode("latin-1")
        except UnicodeEncodeError:
            raise SealError(SealProblem.MESSAGE_MALFORMED) from None
    return data.encode("utf-8", "surrogatepass")


def _binary(content: bytes) -> bytes:
    """The bytes of a VDS, a detour over text undone."""
    if len(content) > 2 * LONGEST_VDS:
        raise SealError(SealProblem.TOO_LONG)
    if not content.startswith(_MAGIC_AS_TEXT):
        return content
    try:
        return content.decode("utf-8").encode("latin-1")
    except UnicodeError:
        raise SealError(SealProblem.MESSAGE_MALFORMED) from None
