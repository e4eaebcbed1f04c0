"""From the letters of names to those of the machine-readable zone.

Latin letters follow ICAO Doc 9303-3 section 6, table A; apostrophes, hyphens, commas and other
punctuation section 4.6. Other scripts are not transliterated here.
"""

from unicodedata import normalize

from documents.mrz.alphabet import FILLER, LETTERS

# What a letter may become, the choice of the encoder first.
_TABLE_A: dict[str, tuple[str, ...]] = {
    **dict.fromkeys("ÁÀÂÃĂĀĄ", ("A",)),
    "Ä": ("AE", "A"),
    "Å": ("AA",),
    "Æ": ("AE",),
    **dict.fromkeys("ĆĈČĊÇ", ("C",)),
    **dict.fromkeys("ĐĎÐ", ("D",)),
    **dict.fromkeys("ÉÈÊËĚĖĒĘĔ", ("E",)),
    **dict.fromkeys("ĜĞĠĢ", ("G",)),
    **dict.fromkeys("ĦĤ", ("H",)),
    **dict.fromkeys("ÍÌÎÏİĪĮĨĬ", ("I",)),
    "Ĳ": ("IJ",),
    "Ĵ": ("J",),
    "Ķ": ("K",),
    **dict.fromkeys("ŁĹĽĻĿ", ("L",)),
    "Ñ": ("N", "NXX"),
    **dict.fromkeys("ŃŇŅŊ", ("N",)),
    **dict.fromkeys("ÓÒÔÕŐŌŎ", ("O",)),
    "Ö": ("OE", "O"),
    "Ø": ("OE",),
    "Œ": ("OE",),
    **dict.fromkeys("ŔŘŖ", ("R",)),
    **dict.fromkeys("ŚŜŠŞȘ", ("S",)),
    "ẞ": ("SS",),
    **dict.fromkeys("ŤŢŦȚ", ("T",)),
    "Þ": ("TH",),
    "Ü": ("UE", "UXX", "U"),
    **dict.fromkeys("ÚÙÛŬŮŰŪŲŨ", ("U",)),
    "Ŵ": ("W",),
    **dict.fromkeys("ÝŶŸ", ("Y",)),
    **dict.fromkeys("ŹŽŻ", ("Z",)),
    **{letter: (letter,) for letter in LETTERS},
    **dict.fromkeys(" -‐‑‒–—,", (FILLER,)),
    **dict.fromkeys("'’‘ʼʻ`´.", ("",)),
}


class UntransliterableError(ValueError):
    """A name holds a character that table A does not know; the name is never quoted.

    position: where it stands, counted from 1, in the composed upper-case name.
    """

    def __init__(self, position: int) -> None:
        super().__init__(f"position {position} holds a character without a transliteration")
        self.position = position


def options(name: str) -> list[tuple[str, ...]]:
    """Return, for each character of a name, what the standard lets it become.

    Raises UntransliterableError on a character that is not in table A.
    """
    found: list[tuple[str, ...]] = []
    for position, char in enumerate(normalize("NFC", name).upper(), start=1):
        choices = _TABLE_A.get(char)
        if choices is None:
            raise UntransliterableError(position)
        found.append(choices)
    return found


def transliterate(name: str) -> str:
    """Return a name as MRZ letters with one filler between its components.

    Raises UntransliterableError on a character that is not in table A.
    """
    printed = "".join(choices[0] for choices in options(name))
    return FILLER.join(component for component in printed.split(FILLER) if component)
