"""What a face does at the moment of capture."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expression:
    """Expression and gaze; all zero is the neutral face of ICAO 9303-3 (portrait guidelines)."""

    smile: float = 0.0
    """0 none .. 1 broad, teeth showing above 0.25."""
    mouth_open: float = 0.0
    """0 closed .. 1 jaw dropped."""
    blink: float = 0.0
    """0 open .. 1 shut. The 68-point landmark model does not see every shut eye as shut."""
    brow_raise: float = 0.0
    """0 .. 1, 0.35 cm at 1."""
    gaze_x: float = 0.0
    """-1 .. 1, positive to the image right."""
    gaze_y: float = 0.0
    """-1 .. 1, positive up."""


NEUTRAL = Expression()
