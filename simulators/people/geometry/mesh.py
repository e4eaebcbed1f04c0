"""Meshes out of grids of points, with what the shader needs at each vertex."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from simulators.people.fields import Colour, Field, profile

Indices = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Mesh:
    """Vertices (n) with their attributes, and triangles (m) over them."""

    positions: Field
    """(n, 3) float32, cm."""
    normals: Field
    """(n, 3) float32, not of unit length."""
    albedo: Field
    """(n, 3) float32, linear 0..1."""
    gloss: Field
    """(n,) float32, 0..1."""
    triangles: Indices
    """(m, 3) int32."""
    closed: npt.NDArray[np.bool_]
    """(m,): the triangle belongs to a closed surface, so its back is never seen."""


def grid_mesh(
    points: Field,
    albedo: Colour | Field,
    gloss: float | Field,
    *,
    closed: bool = False,
    keep: npt.NDArray[np.bool_] | None = None,
) -> Mesh:
    """The mesh of a grid of points (rows, columns, 3).

    Seen from outside, rows go up and columns to the right where `closed` is set. Cells with a
    corner outside `keep` (rows, columns) are left out.
    """
    rows, columns = points.shape[:2]
    triangles = _grid_triangles(rows, columns)
    if keep is not None:
        triangles = triangles[keep.reshape(-1)[triangles].all(axis=1)]
    return Mesh(
        positions=points.reshape(-1, 3).astype(np.float32),
        normals=_grid_normals(points).reshape(-1, 3),
        albedo=np.broadcast_to(albedo, points.shape).reshape(-1, 3).astype(np.float32),
        gloss=np.broadcast_to(gloss, (rows, columns)).reshape(-1).astype(np.float32),
        triangles=triangles,
        closed=np.full(len(triangles), closed),
    )


def joined(meshes: Iterable[Mesh]) -> Mesh:
    """One mesh out of several."""
    parts = list(meshes)
    offsets = np.cumsum([0, *(len(part.positions) for part in parts[:-1])])
    return Mesh(
        positions=np.concatenate([part.positions for part in parts]),
        normals=np.concatenate([part.normals for part in parts]),
        albedo=np.concatenate([part.albedo for part in parts]),
        gloss=np.concatenate([part.gloss for part in parts]),
        triangles=np.concatenate(
            [part.triangles + np.int32(at) for part, at in zip(parts, offsets, strict=True)]
        ),
        closed=np.concatenate([part.closed for part in parts]),
    )


@dataclass(frozen=True, slots=True)
class Section:
    """One level of a tube: its half-width, front and back, in cm."""

    y: float
    half_width: float
    front: float
    back: float


@dataclass(frozen=True, slots=True)
class Tube:
    """A grid of points around the vertical axis, from the lowest section to the highest."""

    points: Field
    """(rows, columns, 3)."""
    theta: Field
    """(1, columns), rad: 0 to the camera, ±π at the back."""

    @property
    def x(self) -> Field:
        return self.points[..., 0]

    @property
    def y(self) -> Field:
        return self.points[..., 1]


def tube(
    sections: Sequence[Section],
    rows: int,
    columns: int,
    *,
    squareness: float = 2.0,
    crowding: float = 0.0,
) -> Tube:
    """A tube through elliptic sections; `squareness` is the superellipse exponent.

    `crowding` 0..1 moves columns from the back to the front, where detail is seen.
    """
    levels = [s.y for s in sections]
    y = np.linspace(levels[0], levels[-1], rows, dtype=np.float32)
    width = profile(levels, [s.half_width for s in sections], y)[:, None]
    front = profile(levels, [s.front for s in sections], y)[:, None]
    back = profile(levels, [s.back for s in sections], y)[:, None]
    even = np.linspace(-np.pi, np.pi, columns, dtype=np.float32)[None]
    theta = even - crowding * np.sin(even)
    x = width * _superellipse(np.sin(theta), squareness)
    z = 0.5 * (front + back) + 0.5 * (front - back) * _superellipse(np.cos(theta), squareness)
    points = np.stack([x, np.broadcast_to(y[:, None], x.shape), z], axis=-1)
    return Tube(points.astype(np.float32), theta)


def _superellipse(c: Field, exponent: float) -> Field:
    return np.asarray(np.sign(c) * np.abs(c) ** (2.0 / exponent), np.float32)


@cache
def _grid_triangles(rows: int, columns: int) -> Indices:
    index = np.arange(rows * columns, dtype=np.int32).reshape(rows, columns)
    low, right = index[:-1, :-1].ravel(), index[:-1, 1:].ravel()
    high, opposite = index[1:, :-1].ravel(), index[1:, 1:].ravel()
    return np.concatenate(
        [np.stack([low, right, high], axis=1), np.stack([right, opposite, high], axis=1)]
    )


def _grid_normals(points: Field) -> Field:
    along_column = np.empty_like(points)
    along_column[1:-1] = points[2:] - points[:-2]
    along_column[0], along_column[-1] = points[1] - points[0], points[-1] - points[-2]
    along_row = np.empty_like(points)
    along_row[:, 1:-1] = points[:, 2:] - points[:, :-2]
    along_row[:, 0] = points[:, 1] - points[:, 0]
    along_row[:, -1] = points[:, -1] - points[:, -2]
    a = (along_row[..., 0], along_row[..., 1], along_row[..., 2])
    b = (along_column[..., 0], along_column[..., 1], along_column[..., 2])
    return np.stack(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]],
        axis=-1,
    ).astype(np.float32)
