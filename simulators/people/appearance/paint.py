"""A canvas on the mesh grid: every stroke is a mask, a colour and a strength."""

import numpy as np

from simulators.people.fields import Colour, Field

_INVISIBLE = 1e-3


class Paint:
    """The albedo (rows, columns, 3; linear) and gloss (rows, columns; 0..1) being painted."""

    def __init__(self, ground: Colour, shape: tuple[int, int], gloss: float) -> None:
        self.albedo: Field = np.broadcast_to(ground, (*shape, 3)).astype(np.float32)
        self.gloss: Field = np.full(shape, gloss, np.float32)

    def cover(self, mask: Field, colour: Colour | Field, strength: float = 1.0) -> None:
        """Lay an opaque colour, one triple or one for each point, over the mask."""
        box = _bounds(mask)
        m = np.clip(mask[box], 0.0, 1.0)[..., None] * strength
        target = colour[box] if colour.ndim == 3 else colour
        self.albedo[box] += m * (target - self.albedo[box])

    def tint(self, mask: Field, factor: Colour | Field, strength: float = 1.0) -> None:
        """Multiply the colours under the mask by a factor."""
        box = _bounds(mask)
        m = np.clip(mask[box], 0.0, 1.0)[..., None] * strength
        self.albedo[box] *= 1.0 + m * (factor - 1.0)

    def polish(self, mask: Field, amount: float) -> None:
        """Add gloss over the mask; a negative amount dulls."""
        box = _bounds(mask)
        self.gloss[box] += mask[box] * amount


def _bounds(mask: Field) -> tuple[slice, slice]:
    visible = mask > _INVISIBLE
    rows = np.flatnonzero(visible.any(axis=1))
    if not rows.size:
        return slice(0, 0), slice(0, 0)
    columns = np.flatnonzero(visible.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
