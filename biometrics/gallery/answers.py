"""The answers of an identification. Each is normal; none of them admits anybody.

An identification proposes a claimed record at most, which is then verified one to one like
any other claim. No `repr` names a person.
"""

from dataclasses import dataclass, field

from biometrics.gallery.thresholds import IdentificationThreshold


@dataclass(frozen=True, slots=True)
class Identified:
    """One person is near enough, and nobody else nearly as near.

    `distance` is the smallest to a template of this person. `margin` is how much farther the
    nearest template of another person is; None where the gallery holds no other person, so
    that the threshold alone has spoken.
    """

    person: bytes = field(repr=False)
    distance: float
    margin: float | None
    threshold: IdentificationThreshold


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody is near enough. `nearest` is None when the gallery is empty."""

    nearest: float | None
    threshold: IdentificationThreshold


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """The nearest person is near enough, but others are nearly as near: twins, two records
    of one person, or chance.

    `distances` are those of the `count` (two or more) persons who are within the margin of
    the nearest, nearest first. Who they are is not told: nobody may be shown to a traveler
    or an officer as a guess.
    """

    count: int
    distances: tuple[float, ...]
    threshold: IdentificationThreshold


Identification = Identified | Unknown | Ambiguous
