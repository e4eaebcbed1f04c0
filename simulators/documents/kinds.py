"""Kinds of documents that the simulators print, and how each is recognised by its zone."""

from enum import StrEnum, unique

from documents.mrz import Template


@unique
class Side(StrEnum):
    """A side of a document. A card has its zone on the back and the portrait on the front, as
    9303-5 section 3 lays it out; a passport's page has both, and no front of its own."""

    ZONE = "zone"
    FRONT = "front"


@unique
class DocumentKind(StrEnum):
    """A kind of document. The passport is TD3, all others are cards (TD1)."""

    PASSPORT = "passport"
    PASSPORT_CARD = "passport_card"
    NEXUS = "nexus"
    SENTRI = "sentri"
    GLOBAL_ENTRY = "global_entry"
    PERMANENT_RESIDENT_CARD = "permanent_resident_card"

    @property
    def template(self) -> Template:
        return Template.TD3 if self is DocumentKind.PASSPORT else Template.TD1

    @property
    def sides(self) -> tuple[Side, ...]:
        return (Side.ZONE,) if self is DocumentKind.PASSPORT else (Side.ZONE, Side.FRONT)


@unique
class Forgery(StrEnum):
    """What a forger did; `forgeries.py` says how each shows. On a card the portrait is swapped on
    the front alone and a digit of the zone altered on the other side alone."""

    SWAPPED_PORTRAIT = "swapped_portrait"
    ALTERED_DIGIT = "altered_digit"
    ALTERED_PRINT = "altered_print"
    PHOTOCOPY = "photocopy"
