"""From a seed to a face: named draws that never disturb one another.

Every parameter is drawn by its own name, `SHA-256(seed|group.name)`, so that adding or
removing one leaves all others as they were. A *reroll* takes the n-th alternative draw of
single parameters: that is how the selection program moves a face away from its neighbours,
and how a look-alike is made.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from simulators.people.parameters import Face, draw_face, drawn_ranges


@dataclass(frozen=True, slots=True)
class Identity:
    """What a fictitious face is made from: a seed and the parameters drawn anew."""

    seed: int
    rerolls: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.rerolls) - set(drawn_ranges()))
        if unknown:
            raise ValueError(f"rerolls of unknown parameters: {', '.join(unknown)}")

    def rerolled(self, changes: Mapping[str, int]) -> "Identity":
        """The same identity with some parameters drawn anew."""
        return Identity(self.seed, {**self.rerolls, **changes})

    def key(self) -> str:
        """A canonical text of this identity, the same for equal identities."""
        changes = ",".join(f"{name}#{n}" for name, n in sorted(self.rerolls.items()))
        return f"{self.seed}|{changes}"

    def face(self) -> Face:
        """The parameters of this identity."""
        return draw_face(self.seed, self._uniform)

    def _uniform(self, name: str) -> float:
        reroll = self.rerolls.get(name)
        return named_uniform(self.seed, name if reroll is None else f"{name}#{reroll}")


def named_uniform(seed: int | str, name: str) -> float:
    """The uniform draw of this name, 0 ≤ u < 1; the same on every platform."""
    # 53 bits: the most that a double holds exactly below 1.
    return (_number(seed, name) >> 11) / float(1 << 53)


def named_generator(seed: int | str, name: str) -> np.random.Generator:
    """A generator for the texture of this name: pores, strands, sensor noise."""
    return np.random.Generator(np.random.PCG64(_number(seed, name)))


def _number(seed: int | str, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}|{name}".encode()).digest()[:8], "big")
