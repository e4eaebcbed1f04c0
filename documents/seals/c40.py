"""C40, the packing of letters and digits in seals (Doc 9303-13 section 2.6; ISO/IEC 16022).

Only the basic set is used: A to Z, 0 to 9 and space, which also stands for the filler `<`. Three
characters go into two bytes; what is left over at the end is one byte 0xFE and the character in
Data Matrix's ASCII, or two characters with a third value of 0.
"""

_SPACE = 3
_FIRST_DIGIT = 4
_FIRST_LETTER = 14
_UNLATCH = 0xFE


class C40Error(ValueError):
    """Bytes that are no C40, or text that C40 does not have; the text is not quoted."""


def decode(data: bytes) -> str:
    """Unpack bytes of an even number; raises C40Error."""
    if len(data) % 2:
        raise C40Error("an odd number of bytes")
    characters: list[str] = []
    for place in range(0, len(data), 2):
        last = place + 2 == len(data)
        if data[place] == _UNLATCH:
            character = chr(data[place + 1] - 1) if 1 <= data[place + 1] <= 0x80 else ""
            if not last or not (character == " " or (character.isalnum() and _upper(character))):
                raise C40Error("an unlatch that no character ends with")
            characters.append(character)
            continue
        packed = int.from_bytes(data[place : place + 2], "big") - 1
        values = [packed // 1600, packed // 40 % 40, packed % 40]
        # 0 is shift 1: as padding it may stand in the last place of all, and nowhere else.
        if packed < 0 or values[0] >= 40:
            raise C40Error("three values out of range")
        if last and values[2] == 0:
            values.pop()
        characters.extend(map(_character, values))
    return "".join(characters)


def encode(text: str) -> bytes:
    """Pack text, `<` as space; raises C40Error on what C40 does not have."""
    values = [_value(character) for character in text.replace("<", " ")]
    packed = bytearray()
    for place in range(0, len(values), 3):
        group = values[place : place + 3]
        if len(group) == 1:
            packed += bytes((_UNLATCH, ord(text[place].replace("<", " ")) + 1))
        else:
            first, second, third = (*group, 0)[:3]
            packed += (1600 * first + 40 * second + third + 1).to_bytes(2, "big")
    return bytes(packed)


def _upper(character: str) -> bool:
    return character.isascii() and not character.islower()


def _character(value: int) -> str:
    if value == _SPACE:
        return " "
    if _FIRST_DIGIT <= value < _FIRST_LETTER:
        return chr(value - _FIRST_DIGIT + ord("0"))
    if value >= _FIRST_LETTER:
        return chr(value - _FIRST_LETTER + ord("A"))
    raise C40Error("a shift, for which seals have no use")


def _value(character: str) -> int:
    if character == " ":
        return _SPACE
    if character.isascii() and character.isdigit():
        return ord(character) - ord("0") + _FIRST_DIGIT
    if character.isascii() and character.isalpha() and character.isupper():
        return ord(character) - ord("A") + _FIRST_LETTER
    raise C40Error("a character that C40 does not have")
