"""Long thin bands of dense dark marks in a small copy of the picture.

At the right scale a closing along the text joins the characters of a line (gaps under 0.6
pitch); it is flat, so that it joins no lines, which may stand as close as half a cap height.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from documents.mrz.reader.results import GrayPicture

# At the scale looked at, characters stand about 6 to 13 px apart.
_BLACKHAT_PX = 9
_CLOSING_PX = (13, 5)
_OPENING_PX = 3
_REACH_PX = 24
_INK_SHARE = 0.42
_MIN_CONTRAST = np.uint8(8)
# Of pieces, which are labelled at half that scale.
_MIN_PIECE_PX = 16.0
_MIN_ELONGATION = 3.2
_MIN_THICK_PX, _MAX_THICK_PX = 1.8, 10.0
_MAX_PIECES = 160
_MIN_LINE = 13.0
_MAX_LINE = 70.0


@dataclass(frozen=True, slots=True)
class Band:
    """A straight band of marks, in pixels of the picture that it was found in.

    x, y: its centre; angle: of its long axis, radians, -pi/2 to pi/2; length, thickness: px;
    fill: share of the rectangle of length and thickness that it covers.
    """

    x: float
    y: float
    angle: float
    length: float
    thickness: float
    fill: float

    def scaled(self, factor: float) -> Band:
        """Return the band in a picture that is `factor` times as large."""
        shift = (factor - 1.0) / 2.0
        return Band(
            self.x * factor + shift,
            self.y * factor + shift,
            self.angle,
            self.length * factor,
            self.thickness * factor,
            self.fill,
        )


def shrink(gray: GrayPicture, longer_side: int) -> tuple[GrayPicture, float]:
    """Shrink to about `longer_side` px; return it and source pixels per pixel of it.

    Areas are averaged by whole factors, which is fast, and the rest is bilinear.
    """
    height, width = gray.shape
    ratio = max(height, width) / longer_side
    whole = int(ratio)
    if whole > 1:
        height, width = height // whole, width // whole
        if height < 1 or width < 1:
            return gray, 1.0
        part = gray[: height * whole, : width * whole]
        gray = np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        ratio /= whole
    else:
        whole = 1
    if abs(ratio - 1.0) < 0.03:
        return gray, float(whole)
    size = (max(round(width / ratio), 1), max(round(height / ratio), 1))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(small, np.uint8), whole * width / size[0]


def ink(
    gray: GrayPicture, blackhat: tuple[int, int], reach: int
) -> tuple[GrayPicture, GrayPicture]:
    """Return how much darker pixels are than what is around them, and where that is ink.

    blackhat: width and height within which ink must end on both sides of it, px. With a height
    of 1 that is what has strokes across the lines: ground that runs along them disappears.

    Both (height, width) uint8; the second is 255 for ink, 0 elsewhere. Ink is at least
    `_INK_SHARE` as dark as the darkest within about `reach` px: printing on a guilloche stands
    out of it.
    """
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, blackhat)
    dark = np.asarray(cv2.morphologyEx(gray, cv2.MORPH_BLACKHAT, kernel), np.uint8)
    cell = max(reach // 3, 1)
    coarse = cv2.dilate(dark, cv2.getStructuringElement(cv2.MORPH_RECT, (cell, cell)))
    coarse = coarse[cell // 2 :: cell, cell // 2 :: cell]
    if coarse.size == 0:
        coarse = np.full((1, 1), dark.max(initial=0), np.uint8)
    coarse = cv2.blur(cv2.dilate(coarse, np.ones((5, 5), np.uint8)), (3, 3))
    coarse = np.maximum(cv2.convertScaleAbs(coarse, alpha=_INK_SHARE), _MIN_CONTRAST)
    size = (gray.shape[1], gray.shape[0])
    limit = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR)
    return dark, np.asarray(cv2.compare(dark, limit, cv2.CMP_GT), np.uint8)


def label(marks: GrayPicture) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the labels of connected marks, and (n, 5): x, y, width, height, area of each.

    Row 0 is what is no mark. The algorithm of Grana is three times as fast as OpenCV's default.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        marks, 8, cv2.CV_32S, cv2.CCL_GRANA
    )
    return np.asarray(labels, np.int32), np.asarray(stats, np.int32)


def find_marks(small: GrayPicture, *, upright: bool) -> GrayPicture:
    """Return where ink is that does not run along lines of text, for `find_bands`.

    It tells printing from a ground of dark waves along it.
    """
    size = (1, _BLACKHAT_PX) if upright else (_BLACKHAT_PX, 1)
    return ink(small, size, _REACH_PX)[1]


def find_bands(marks: GrayPicture, *, upright: bool) -> list[Band]:
    """Find bands that may be a line of 26 to 50 characters about 6 to 13 px apart.

    marks: of `find_marks`. upright: look for lines that run downwards or upwards, within 45
    degrees but best within 20; otherwise for lines across.
    """
    size = _CLOSING_PX[::-1] if upright else _CLOSING_PX
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, size)
    # The constant border keeps marks at the edge from growing along it.
    closed = cv2.morphologyEx(
        marks, cv2.MORPH_CLOSE, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    # Rules, and specks that tie a line to something else, go.
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (_OPENING_PX, _OPENING_PX))
    opened = np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, kernel), np.uint8)
    # Labelling is the dearest step; half the resolution is enough for what is 6 px thick.
    bands = _joined(_pieces(np.ascontiguousarray(opened[::2, ::2])))
    return [band.scaled(2.0) for band in bands if (abs(band.angle) > math.pi / 4) == upright]


@dataclass(frozen=True, slots=True)
class _Moments:
    """Sums over the pixels of a piece: enough to add pieces up."""

    area: float
    x: float
    y: float
    xx: float
    xy: float
    yy: float

    def plus(self, other: _Moments) -> _Moments:
        """Return the moments of both pieces together."""
        area = self.area + other.area
        a, b = self.area / area, other.area / area
        dx, dy = other.x - self.x, other.y - self.y
        return _Moments(
            area,
            a * self.x + b * other.x,
            a * self.y + b * other.y,
            a * self.xx + b * other.xx + a * b * dx * dx,
            a * self.xy + b * other.xy + a * b * dx * dy,
            a * self.yy + b * other.yy + a * b * dy * dy,
        )

    def band(self) -> Band:
        """Return the rectangle with these moments."""
        mean, half = (self.xx + self.yy) / 2.0, (self.xx - self.yy) / 2.0
        spread = math.hypot(half, self.xy)
        length = math.sqrt(12.0 * max(mean + spread, 0.0)) + 1e-6
        thickness = math.sqrt(12.0 * max(mean - spread, 0.0)) + 1.0
        angle = 0.5 * math.atan2(2.0 * self.xy, self.xx - self.yy)
        return Band(self.x, self.y, angle, length, thickness, self.area / (length * thickness))


def _pieces(closed: GrayPicture) -> list[_Moments]:
    labels, stats = label(closed)
    diagonal = np.hypot(stats[:, 2], stats[:, 3])
    thin = stats[:, 4] / diagonal
    fits = (diagonal >= _MIN_PIECE_PX) & (thin >= 1.2) & (thin <= _MAX_THICK_PX)
    fits[0] = False
    chosen = np.nonzero(fits)[0]
    if len(chosen) > _MAX_PIECES:
        chosen = chosen[np.argsort(-stats[chosen, 4], kind="stable")[:_MAX_PIECES]]
    pieces = []
    for number in chosen:
        x, y, width, height, _ = (int(value) for value in stats[number])
        part = labels[y : y + height, x : x + width] == number
        sums = cv2.moments(part.astype(np.uint8), binaryImage=True)
        area = sums["m00"]
        piece = _Moments(
            area,
            x + sums["m10"] / area,
            y + sums["m01"] / area,
            sums["mu20"] / area,
            sums["mu11"] / area,
            sums["mu02"] / area,
        )
        band = piece.band()
        if (
            band.length >= _MIN_ELONGATION * band.thickness
            and _MIN_THICK_PX <= band.thickness <= _MAX_THICK_PX
        ):
            pieces.append(piece)
    return pieces


def _joined(pieces: list[_Moments]) -> list[Band]:
    """Join pieces that lie behind one another on one line; keep what is long enough."""
    pieces = sorted(pieces, key=lambda piece: -piece.area)
    bands: list[Band] = []
    used = [False] * len(pieces)
    table = [piece.band() for piece in pieces]
    values = np.array(
        [[b.x, b.y, b.angle, b.length, b.thickness] for b in table], np.float64
    ).reshape(-1, 5)
    for index in range(len(pieces)):
        if used[index]:
            continue
        used[index] = True
        whole = pieces[index]
        while True:
            follower = _follower(whole.band(), values, used)
            if follower is None:
                break
            used[follower] = True
            whole = whole.plus(pieces[follower])
        band = whole.band()
        if _MIN_LINE * band.thickness <= band.length <= _MAX_LINE * band.thickness:
            bands.append(band)
    return bands


def _follower(band: Band, values: NDArray[np.float64], used: list[bool]) -> int | None:
    """Return the nearest piece that continues the band at either end."""
    dx, dy = values[:, 0] - band.x, values[:, 1] - band.y
    cos, sin = math.cos(band.angle), math.sin(band.angle)
    along, off = np.abs(dx * cos + dy * sin), np.abs(dy * cos - dx * sin)
    gap = along - (band.length + values[:, 3]) / 2.0
    turn = np.abs((values[:, 2] - band.angle + math.pi / 2) % math.pi - math.pi / 2)
    thickness = values[:, 4] / band.thickness
    loose = 2.0 / np.maximum(values[:, 3] / values[:, 4], 1.0)
    fits = (
        (gap > -0.5 * band.thickness)
        & (gap < 7.0 * band.thickness)
        & (off < 0.5 * band.thickness + 0.04 * along)
        & (turn < 0.07 + 0.5 * loose)
        & (thickness > 0.5)
        & (thickness < 1.8)
        & ~np.array(used)
    )
    if not fits.any():
        return None
    return int(np.argmin(np.where(fits, gap, np.inf)))
