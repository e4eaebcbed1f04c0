"""From template, document code and issuer to the class of a document.

Sources: 9303-4 to 9303-7 notes on the document code. The North American cards follow specimens
and the document codes that U.S. Customs and Border Protection takes from carriers (IN NEXUS,
IS SENTRI, C permanent resident).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from documents.mrz.layouts import Template


class DocumentClass(StrEnum):
    """What kind of document a machine-readable zone belongs to."""

    PASSPORT = "passport"
    IDENTITY_CARD = "identity_card"
    VISA = "visa"
    TRUSTED_TRAVELER_CARD = "trusted_traveler_card"
    PASSPORT_CARD = "passport_card"
    PERMANENT_RESIDENT_CARD = "permanent_resident_card"
    BORDER_CROSSING_CARD = "border_crossing_card"
    OTHER = "other"


class Program(StrEnum):
    """The trusted-traveler program that a card hints at; membership is the record's to say."""

    NEXUS = "NEXUS"
    SENTRI = "SENTRI"
    GLOBAL_ENTRY = "GLOBAL_ENTRY"
    FAST = "FAST"


@dataclass(frozen=True, slots=True)
class _Row:
    """Documents of a template whose code and issuer, five characters, match a pattern."""

    templates: frozenset[Template]
    pattern: re.Pattern[str]
    document_class: DocumentClass
    program: Program | None = None


_CARD = frozenset({Template.TD1})
_SMALL = frozenset({Template.TD1, Template.TD2, Template.FRENCH_ID})
_VISA = frozenset({Template.MRV_A, Template.MRV_B})

# The first row that fits wins. IG and IF are the letters that our simulators print: no specimen
# of a Global Entry or FAST card was found, and a card with other letters is still read (`other`).
_TABLE = (
    _Row(_VISA, re.compile("V"), DocumentClass.VISA),
    _Row(frozenset({Template.TD3}), re.compile("P"), DocumentClass.PASSPORT),
    _Row(_CARD, re.compile("INUSA"), DocumentClass.TRUSTED_TRAVELER_CARD, Program.NEXUS),
    _Row(_CARD, re.compile("ISUSA"), DocumentClass.TRUSTED_TRAVELER_CARD, Program.SENTRI),
    _Row(_CARD, re.compile("IGUSA"), DocumentClass.TRUSTED_TRAVELER_CARD, Program.GLOBAL_ENTRY),
    _Row(_CARD, re.compile("IFUSA"), DocumentClass.TRUSTED_TRAVELER_CARD, Program.FAST),
    _Row(_CARD, re.compile("IPUSA"), DocumentClass.PASSPORT_CARD),
    _Row(_CARD, re.compile("C[12]USA|C[AR]CAN"), DocumentClass.PERMANENT_RESIDENT_CARD),
    _Row(_CARD, re.compile("A3USA"), DocumentClass.BORDER_CROSSING_CARD),
    # No other card of the United States is an identity card (IA is an employment authorization);
    # IR is a residence permit in the European Union's uniform format.
    _Row(_SMALL, re.compile("I.USA|IR"), DocumentClass.OTHER),
    _Row(_SMALL, re.compile("I"), DocumentClass.IDENTITY_CARD),
)

# The first letters that each part of 9303 allows.
EXPECTED_FIRST_LETTERS = {
    Template.TD1: "ACI",
    Template.TD2: "ACI",
    Template.TD3: "P",
    Template.MRV_A: "V",
    Template.MRV_B: "V",
    Template.FRENCH_ID: "I",
}


def classify(template: Template, code_and_issuer: str) -> tuple[DocumentClass, Program | None]:
    """Return class and program hint for the first five characters of line 1."""
    for row in _TABLE:
        if template in row.templates and row.pattern.match(code_and_issuer):
            return row.document_class, row.program
    return DocumentClass.OTHER, None
