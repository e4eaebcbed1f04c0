"""What came of looking for a machine-readable zone in a picture.

Whatever identifies a person stays out of every repr, as in `documents.mrz.reading`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from documents.mrz.layouts import Template
from documents.mrz.reading import MRZReading
from imaging.results import GrayPicture as GrayPicture

Corners: TypeAlias = NDArray[np.float32]
"""Shape (4, 2), float32, x and y in pixels of the picture that was given, in reading direction:
top left, top right, bottom right, bottom left."""


class ScanStatus(StrEnum):
    """Whether lines were read."""

    READ = "read"
    NO_MRZ = "no_mrz"
    OUT_OF_TIME = "out_of_time"
    """The deadline came before an answer; nothing may be concluded from it."""


class ScanProblem(StrEnum):
    """Why lines that were read are not accepted without doubt, or what is odd about them.

    A code that is none and an impossible date may stand in a scan that is accepted: then the
    document prints them, and it is for `MRZReading.problems` to say so.
    """

    CHECK_DIGIT_FAILED = "check_digit_failed"
    """A printed check digit does not fit, or stands where a digit must be and is none."""
    LOW_CONFIDENCE = "low_confidence"
    """A character may be another one, and no check digit would tell."""
    UNKNOWN_CODE = "unknown_code"
    """The issuer or nationality is no code of ICAO Doc 9303-3 section 5."""
    INVALID_FIELD = "invalid_field"
    """A field holds what cannot stand there, e.g. the 31st of February."""
    NON_CONFORMING = "non_conforming"
    """The lines fit no template."""
    REPAIRED = "repaired"
    """Check digits decided between two characters that looked nearly alike."""
    CUT_OFF = "cut_off"
    """The zone reaches the edge of the picture."""
    SEVERAL_ZONES = "several_zones"
    """There is another zone in the picture: it is not known whose this one is."""
    FRAMES_DISAGREE = "frames_disagree"
    """Pictures of one document were read differently, with no majority."""


@dataclass(frozen=True, slots=True, repr=False)
class Character:
    """One printed character.

    value: one of 0-9, A-Z and `<`.
    confidence: probability that it is this one, 0 to 1, as the recogniser estimates it.
    alternatives: other characters with their probabilities, the most likely first.
    """

    value: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...] = ()

    def __repr__(self) -> str:
        return f"Character({self.confidence:.3f})"


@dataclass(frozen=True, slots=True)
class ScannedLine:
    """One line, with where it stands in the picture."""

    characters: tuple[Character, ...] = field(repr=False)
    corners: Corners = field(repr=False)

    @property
    def text(self) -> str:
        """The characters' values as one string."""
        return "".join(character.value for character in self.characters)


@dataclass(frozen=True, slots=True)
class MRZScan:
    """A picture that was looked through.

    lines: two or three, empty unless `status` is `READ`.
    reading: `documents.mrz.parse` of the lines; None when they fit no template.
    confidence: of the least sure character, 0 to 1; where a passing check digit covers it, among
        all readings that would pass too.
    repaired: positions, line and column from 1, where a check digit decided between two
        characters. The value that stands there is the decided one; what was seen first is its
        first alternative.
    accepted: every check digit passes and every character that none covers is sure.
    problems: why not accepted, or what is to be known though it is (`REPAIRED`).
    turns: quarter turns clockwise that bring the zone upright, 0 to 3.
    corners: of the whole zone.
    timings_ms: milliseconds per stage: locate, recognise, decode.
    """

    status: ScanStatus
    lines: tuple[ScannedLine, ...] = ()
    reading: MRZReading | None = None
    confidence: float = 0.0
    repaired: tuple[tuple[int, int], ...] = ()
    accepted: bool = False
    problems: tuple[ScanProblem, ...] = ()
    turns: int = 0
    corners: Corners | None = field(default=None, repr=False)
    timings_ms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def texts(self) -> tuple[str, ...]:
        """The lines as text, top to bottom."""
        return tuple(line.text for line in self.lines)

    @property
    def template(self) -> Template | None:
        """The template that the lines fit, or None."""
        return self.reading.template if self.reading is not None else None
