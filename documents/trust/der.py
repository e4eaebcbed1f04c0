"""As much of DER (ITU-T X.690) as certificates ask for beyond what `cryptography` reads."""

from collections.abc import Iterator
from dataclasses import dataclass

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
PRINTABLE_STRING = 0x13
SEQUENCE = 0x30
SET = 0x31
CONTEXT_0 = 0xA0


class DERError(ValueError):
    """Bytes that are no DER, or not the DER that was expected."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its identifier octet, its contents and all of its bytes."""

    tag: int
    contents: bytes
    encoded: bytes

    def children(self) -> tuple["Element", ...]:
        """The elements that the contents are made of; raises DERError."""
        return tuple(_elements(self.contents))

    def expect(self, tag: int) -> "Element":
        """This element, if it has the tag; raises DERError otherwise."""
        if self.tag != tag:
            raise DERError("another element was expected")
        return self

    def integer(self) -> int:
        """The value of an INTEGER; raises DERError."""
        self.expect(INTEGER)
        if not self.contents:
            raise DERError("an integer has no contents")
        return int.from_bytes(self.contents, "big", signed=True)


def read_element(data: bytes) -> Element:
    """Read the one element that the bytes are; raises DERError, also when more follows."""
    elements = tuple(_elements(data))
    if len(elements) != 1:
        raise DERError("one element was expected")
    return elements[0]


def _elements(data: bytes) -> Iterator[Element]:
    start = 0
    while start < len(data):
        header = data[start : start + 2]
        if len(header) < 2 or header[0] & 0x1F == 0x1F:
            raise DERError("no identifier and length of one octet each")
        length, first = header[1], start + 2
        if length >= 0x80:
            octets = length & 0x7F
            if not 1 <= octets <= 4 or first + octets > len(data):
                raise DERError("a length that DER does not have")
            length = int.from_bytes(data[first : first + octets], "big")
            first += octets
        end = first + length
        if end > len(data):
            raise DERError("the contents end early")
        yield Element(header[0], data[first:end], data[start:end])
        start = end
