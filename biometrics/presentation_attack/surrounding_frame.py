"""A quadrilateral of straight edges around the face: the bezel of a screen, the rim of paper.

Edges are looked for in the face and one and a half face widths around it, scaled so that the face
is 48 px wide. Lines left, right, above and below the face are intersected to quadrilaterals; the
raw value is the share of edge along the least covered of its four sides, of the best one. Three
sides are not enough: doors, pillars and flags show three in 6 % of press photographs.

What no light came from at all, out to the picture's border, is the padding of a picture and no
bezel. Blind to: instruments that reach beyond the frame, and cut-outs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from biometrics.presentation_attack.region import cut
from biometrics.presentation_attack.results import PadFrame, Signal, SignalName, SignalNotMeasured
from biometrics.presentation_attack.thresholds import judged

_FACE_PX = 48.0
_HALF_REGION = 1.6
"""Of the box's width."""
_LEAST_BOX_PX = 40
_LARGEST_REDUCTION = 0.5
_CANNY = (30, 90)
_PADDING_AT_MOST = 8
_VOTES = 22
_LEAST_LENGTH = 28
_LARGEST_GAP = 6
_LARGEST_SLOPE = 0.6
_LINES_A_SIDE = 3
_ALONG = np.linspace(0.04, 0.96, 32)
_LEAST_INSIDE = 0.5
"""Of a side must lie within the region, or nothing is known about it."""


@dataclass(frozen=True, slots=True)
class _Line:
    """The points p with nx·x + ny·y = c; n has unit length."""

    length: float
    nx: float
    ny: float
    c: float

    def resembles(self, other: "_Line") -> bool:
        parallel = abs(self.nx * other.nx + self.ny * other.ny) > 0.997
        return parallel and abs(abs(self.c) - abs(other.c)) <= 3.0


def measure_surrounding_frame(frame: PadFrame) -> Signal:
    """Return how much of a surrounding quadrilateral's weakest side is edge, 0 to 1."""
    region, x, y = cut(frame.picture, frame.box, _HALF_REGION * frame.box.width)
    if frame.box.width < _LEAST_BOX_PX or min(region.shape[:2]) < _LEAST_BOX_PX:
        return SignalNotMeasured(SignalName.SURROUNDING_FRAME, "the face is too small")
    scale = _FACE_PX / frame.box.width
    size = (max(8, int(region.shape[1] * scale)), max(8, int(region.shape[0] * scale)))
    # Of a large face every second or third pixel is enough for a mean, at a fraction of the time.
    stride = max(1, int(_LARGEST_REDUCTION / scale))
    thinned = _thinned(region, stride)
    small = cv2.resize(thinned, size, interpolation=cv2.INTER_AREA)
    edges = _edges(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8))
    best = 0.0
    left, right, above, below = _lines_by_side(edges, x * scale, y * scale)
    near = cv2.dilate(edges, np.ones((3, 3), np.uint8)) > 0
    for corners in _quadrilaterals(left, above, right, below):
        following = np.roll(corners, -1, axis=0)
        coverage = _coverage(near, corners, following)
        best = max(best, coverage)
    return judged(SignalName.SURROUNDING_FRAME, best)


def _thinned(region: NDArray[np.uint8], stride: int) -> NDArray[np.uint8]:
    """Return every so-manieth pixel of every so-manieth row, which OpenCV gathers fastest."""
    rows, columns = region.shape[0] // stride, region.shape[1] // stride
    whole = region[: rows * stride, : columns * stride]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_NEAREST), np.uint8)


def _edges(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    edges = np.asarray(cv2.Canny(gray, *_CANNY), np.uint8)
    black = np.asarray(gray <= _PADDING_AT_MOST, np.uint8)
    if _rim(black).any():
        _, labels = cv2.connectedComponents(black)
        padding = np.isin(labels, np.setdiff1d(_rim(labels), [0])).astype(np.uint8)
        edges[cv2.dilate(padding, np.ones((7, 7), np.uint8)) > 0] = 0
    return edges


def _rim(plane: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.concatenate([plane[0], plane[-1], plane[:, 0], plane[:, -1]])


def _lines_by_side(
    edges: NDArray[np.uint8], x: float, y: float
) -> tuple[list[_Line], list[_Line], list[_Line], list[_Line]]:
    """The longest distinct lines left and right of, above and below the face at (x, y)."""
    left: list[_Line] = []
    right: list[_Line] = []
    above: list[_Line] = []
    below: list[_Line] = []
    found = cv2.HoughLinesP(
        edges, 1, np.pi / 90, _VOTES, minLineLength=_LEAST_LENGTH, maxLineGap=_LARGEST_GAP
    )
    if found is None:
        return left, right, above, below
    for x1, y1, x2, y2 in found.reshape(-1, 4).astype(float):
        dx, dy = x2 - x1, y2 - y1
        length = float(np.hypot(dx, dy))
        nx, ny = -dy / length, dx / length
        line = _Line(length, nx, ny, nx * x1 + ny * y1)
        if abs(nx * x + ny * y - line.c) < _FACE_PX / 2:
            continue
        if abs(dx) < _LARGEST_SLOPE * abs(dy):
            (left if (x1 + x2) / 2 < x else right).append(line)
        elif abs(dy) < _LARGEST_SLOPE * abs(dx):
            (above if (y1 + y2) / 2 < y else below).append(line)
    return _longest(left), _longest(right), _longest(above), _longest(below)


def _longest(lines: list[_Line]) -> list[_Line]:
    chosen: list[_Line] = []
    for line in sorted(lines, key=lambda line: line.length, reverse=True):
        if len(chosen) == _LINES_A_SIDE:
            break
        if not any(line.resembles(other) for other in chosen):
            chosen.append(line)
    return chosen


def _quadrilaterals(*sides: list[_Line]) -> Iterator[NDArray[np.float64]]:
    """The corners (4, 2) of every choice of one line a side, in order around the face."""
    for chosen in product(*sides):
        corners = [_meet(chosen[i - 1], chosen[i]) for i in range(4)]
        if all(corner is not None for corner in corners):
            yield np.array(corners, np.float64)


def _meet(a: _Line, b: _Line) -> tuple[float, float] | None:
    determinant = a.nx * b.ny - a.ny * b.nx
    if abs(determinant) < 0.3:
        return None
    return (
        (a.c * b.ny - a.ny * b.c) / determinant,
        (a.nx * b.c - a.c * b.nx) / determinant,
    )


def _coverage(
    near: NDArray[np.bool_], starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> float:
    """The share of the least covered side that lies on an edge."""
    points = starts[:, None] + (ends - starts)[:, None] * _ALONG[None, :, None]
    columns, rows = np.rint(np.moveaxis(points, -1, 0)).astype(np.int64)
    height, width = near.shape
    inside = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    seen = inside.sum(axis=1)
    if (seen < _LEAST_INSIDE * len(_ALONG)).any():
        return 0.0
    on_edge = near[rows.clip(0, height - 1), columns.clip(0, width - 1)] & inside
    return float((on_edge.sum(axis=1) / seen).min())
