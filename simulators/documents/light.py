"""What a document reader lights the page with, and what printed matter does under it."""

from dataclasses import dataclass
from enum import StrEnum, unique

Colour = tuple[float, float, float]
"""RGB, 0 to 1, as a picture shows it."""

WHITE_COLOUR: Colour = (1.0, 1.0, 1.0)


@unique
class Light(StrEnum):
    """The lights of a reader; the values are those of `documents.page.Light`."""

    WHITE = "white"
    INFRARED = "infrared"
    """B900, 900 nm (9303-3, section 4.4)."""
    ULTRAVIOLET = "ultraviolet"
    """365 nm; the picture shows what fluoresces."""


@dataclass(frozen=True, slots=True)
class Ink:
    """What is printed, under each light.

    colour: what it leaves of white light. infrared: the share that it absorbs at 900 nm; only
    carbon does so. quench: the share of the paper's light under ultraviolet that it holds back.
    glow: what it adds there.
    """

    colour: Colour = WHITE_COLOUR
    infrared: float = 0.0
    quench: float = 0.0
    glow: Colour = (0.0, 0.0, 0.0)

    def shows(self, light: Light) -> bool:
        """Whether the ink changes anything under this light."""
        match light:
            case Light.WHITE:
                return min(self.colour) < 1.0
            case Light.INFRARED:
                return self.infrared > 0.0
            case Light.ULTRAVIOLET:
                return self.quench > 0.0 or max(self.glow) > 0.0


@dataclass(frozen=True, slots=True)
class Paper:
    """The blank page under each light, as a picture shows it."""

    colour: Colour
    infrared: float
    ultraviolet: Colour

    def under(self, light: Light) -> Colour:
        """The blank page's colour in this light."""
        match light:
            case Light.WHITE:
                return self.colour
            case Light.INFRARED:
                return (self.infrared,) * 3
            case Light.ULTRAVIOLET:
                return self.ultraviolet


SECURITY_PAPER = Paper((0.975, 0.97, 0.955), 0.87, (0.055, 0.06, 0.17))
"""Without optical brightener: dull under ultraviolet (9303-2, appendix A, A.5.1.1)."""
POLYCARBONATE = Paper((0.955, 0.965, 0.97), 0.84, (0.04, 0.05, 0.15))
OFFICE_PAPER = Paper((0.985, 0.985, 0.99), 0.9, (0.62, 0.72, 0.99))
"""Copier paper, full of optical brightener."""

CARBON = Ink((0.09, 0.085, 0.09), infrared=0.9, quench=0.62)
"""The ink of the machine-readable zone; laser engraving behaves alike."""
DYE_BLACK = Ink((0.13, 0.12, 0.15), infrared=0.07, quench=0.55)
"""Black to the eye, not in infrared: ink-jet personalisation without carbon."""


def offset(red: float, green: float, blue: float) -> Ink:
    """A coloured offset ink: gone in infrared, next to nothing under ultraviolet."""
    return Ink((red, green, blue), infrared=0.015, quench=0.06)


def fluorescent(red: float, green: float, blue: float) -> Ink:
    """An ink that nothing but ultraviolet shows."""
    return Ink(glow=(red, green, blue))
