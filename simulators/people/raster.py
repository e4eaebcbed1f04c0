"""Which triangle each pixel sees: a z-buffer over all triangles at once.

The meshes are finer than the pixels, so every triangle covers few of them. All pixels of all
bounding boxes are listed, tested and reduced to the nearest in whole-array steps; ties go to
the earlier candidate, so that the result does not depend on anything but the input.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from simulators.people.fields import Field
from simulators.people.geometry.mesh import Indices

_EDGE_TOLERANCE = -1e-5
_NOTHING = np.iinfo(np.uint64).max


@dataclass(frozen=True, slots=True)
class Visible:
    """The pixels that see a surface, in rising order of `pixel`; all arrays have length n."""

    pixel: npt.NDArray[np.int64]
    """row · width + column."""
    corners: Indices
    """(n, 3): the vertices of the triangle seen."""
    weights: Field
    """(n, 3): barycentric, summing to 1."""
    depth: Field
    """Distance along the optical axis, cm."""


def rasterise(
    x: Field,
    y: Field,
    depth: Field,
    triangles: Indices,
    closed: npt.NDArray[np.bool_],
    *,
    width: int,
    height: int,
) -> Visible:
    """The surface nearest to the camera at each pixel.

    `x`, `y` in px and `depth` > 0 in cm are those of the vertices. Triangles of closed surfaces
    are dropped where they show their back.
    """
    ax, bx, cx = (x[triangles[:, corner]] for corner in range(3))
    ay, by, cy = (y[triangles[:, corner]] for corner in range(3))
    double_area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    left = np.maximum(np.ceil(np.minimum(np.minimum(ax, bx), cx)), 0)
    right = np.minimum(np.floor(np.maximum(np.maximum(ax, bx), cx)), width - 1)
    top = np.maximum(np.ceil(np.minimum(np.minimum(ay, by), cy)), 0)
    bottom = np.minimum(np.floor(np.maximum(np.maximum(ay, by), cy)), height - 1)
    # Image y points down: a front-facing triangle has negative area.
    shown = np.where(closed, double_area < 0, double_area != 0)
    candidates = np.flatnonzero(shown & (right >= left) & (bottom >= top))

    columns = (right - left + 1)[candidates].astype(np.int32)
    rows = (bottom - top + 1)[candidates].astype(np.int32)
    count = columns * rows
    local = np.repeat(np.arange(len(candidates), dtype=np.int32), count)
    step = np.arange(len(local), dtype=np.int32) - np.repeat(
        np.cumsum(count, dtype=np.int32) - count, count
    )
    # Most boxes are one or two pixels wide; a float quotient is exact for such small integers.
    down = (step.astype(np.float32) / columns[local]).astype(np.int32)
    across = step - down * columns[local]
    owner = candidates[local]
    px = left[owner] + across
    py = top[owner] + down
    inverse = 1.0 / double_area[candidates]
    # Barycentric weights are linear in the pixel: coefficients once for each triangle.
    dx, dy = px - ax[owner], py - ay[owner]
    weight_b = dx * ((cy - ay)[candidates] * inverse)[local]
    weight_b -= dy * ((cx - ax)[candidates] * inverse)[local]
    weight_c = dy * ((bx - ax)[candidates] * inverse)[local]
    weight_c -= dx * ((by - ay)[candidates] * inverse)[local]
    weight_a = 1.0 - weight_b - weight_c
    smallest = np.minimum(np.minimum(weight_a, weight_b), weight_c)
    hit = np.flatnonzero(smallest >= _EDGE_TOLERANCE)

    owner = owner[hit]
    weights = np.stack([weight_a[hit], weight_b[hit], weight_c[hit]], axis=1).astype(np.float32)
    corners = triangles[owner]
    hit_depth = (depth[corners] * weights).sum(axis=1, dtype=np.float32)
    pixel = py[hit].astype(np.int64) * width + px[hit].astype(np.int64)
    # Positive floats order like their bits: depth above, candidate number below, in one key.
    key = hit_depth.view(np.uint32).astype(np.uint64) << np.uint64(32)
    key |= np.arange(len(hit), dtype=np.uint64)
    nearest = np.full(width * height, _NOTHING, np.uint64)
    np.minimum.at(nearest, pixel, key)
    seen = np.flatnonzero(nearest != _NOTHING)
    chosen = (nearest[seen] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return Visible(
        pixel=seen, corners=corners[chosen], weights=weights[chosen], depth=hit_depth[chosen]
    )
