"""A page photographed by hand or badly: what makes reading hard, one thing at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from math import cos, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.documents.canvas import Picture, Plane
from simulators.documents.pages import RenderedPage
from simulators.people.identity import named_generator

WIDTH_PX = 1000
"""A TD3 page is this wide in a picture of full resolution: 8 px/mm, 203 dpi."""
PX_PER_MM = WIDTH_PX / 125.0


@unique
class Stress(StrEnum):
    """One way in which a picture of a page is bad; each varies up to the limit named here."""

    PLAIN = "plain"
    """On a table, a degree or so askew."""
    ROTATION = "rotation"
    """3 to 15 degrees either way, and any number of quarter turns."""
    PERSPECTIVE = "perspective"
    """Every corner moved by up to 7 % of the page."""
    BLUR = "blur"
    """Out of focus or moved: a standard deviation of 0.7 to 1.6 px at full resolution."""
    HALF_RESOLUTION = "half_resolution"
    """4 px/mm: TD3 is 500 px wide, a character 10 px."""
    JPEG = "jpeg"
    """Quality 15."""
    GLARE = "glare"
    """A lamp mirrored in the laminate across the zone: some characters are lost, or nearly."""
    NOISE = "noise"
    """Sensor noise of a standard deviation of 10 to 25 of 255."""


@dataclass(frozen=True, slots=True)
class Photograph:
    """rgb uint8 (h, w, 3); corners as `RenderedPage` has them, in this picture's pixels.
    jpeg_quality: what the picture is to be encoded with."""

    rgb: Picture = field(repr=False)
    mrz_corners: NDArray[np.float32] | None = field(repr=False)
    line_corners: NDArray[np.float32] | None = field(repr=False)
    portrait_corners: NDArray[np.float32] | None = field(repr=False)
    jpeg_quality: int = 92

    def jpeg(self) -> bytes:
        """The picture as JPEG."""
        return as_jpeg(self.rgb, self.jpeg_quality)


def capture(page: RenderedPage, stress: Stress | str = Stress.PLAIN, seed: int = 0) -> Picture:
    """The page on a table, under one stress: RGB uint8 (h, w, 3), JPEG's damage included."""
    return photograph(page, stress, seed).rgb


def photograph(
    page: RenderedPage, stress: Stress | str = Stress.PLAIN, seed: int = 0
) -> Photograph:
    """As `capture`, with the corners of what is in the picture."""
    shot = expose(
        page.rgb,
        page.px_per_mm,
        page.mrz_corners,
        Stress(stress),
        named_generator(seed, f"documents.capture.{Stress(stress).value}"),
    )
    quality = 15 if Stress(stress) is Stress.JPEG else 92
    data = np.frombuffer(as_jpeg(shot.rgb, quality), np.uint8)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)
    return Photograph(
        np.asarray(decoded, np.uint8),
        _seen(page.mrz_corners, shot.matrix),
        _seen(page.line_corners, shot.matrix),
        _seen(page.portrait_corners, shot.matrix),
        quality,
    )


@dataclass(frozen=True, slots=True)
class Exposure:
    """A picture and the matrix (3, 3) from the page's pixels to it."""

    rgb: Picture = field(repr=False)
    matrix: NDArray[np.float64] = field(repr=False)


def expose(
    page: Picture,
    px_per_mm: float,
    zone: NDArray[np.float32] | None,
    stress: Stress,
    rng: np.random.Generator,
) -> Exposure:
    """Photograph a page under one stress, before JPEG. `zone` (4, 2) is where glare falls."""
    scale = PX_PER_MM * (0.5 if stress is Stress.HALF_RESOLUTION else 1.0) / px_per_mm
    matrix, size = _pose(page.shape[:2], scale, stress, rng)
    if scale < 0.75:
        page = np.asarray(cv2.GaussianBlur(page, (0, 0), 0.42 / scale), np.uint8)
    shape = size[1], size[0]
    table = _table(shape, rng)
    # The page's edge is where its outermost pixels end, so that no seam of the table shows.
    warped = cv2.warpPerspective(page, matrix, size, flags=cv2.INTER_LINEAR)
    inside = _inside(page.shape[:2], matrix, shape)
    shadow = cv2.GaussianBlur(np.roll(inside, (4, 5), (0, 1)), (0, 0), 6.0)[..., None]
    table = table * (1.0 - np.float32(0.45 / 255.0) * shadow)
    share = inside.astype(np.float32)[..., None] / np.float32(255.0)
    picture: Plane = np.asarray(table + (warped - table) * share, np.float32)
    if stress is Stress.GLARE:
        target = None if zone is None else _through(zone, matrix)
        picture += _glare(shape, target, rng)[..., None]
    if stress is Stress.BLUR:
        picture = _blurred(picture, rng)
    noise = float(rng.uniform(10.0, 25.0)) if stress is Stress.NOISE else 1.5
    gray_noise = rng.standard_normal(shape, dtype=np.float32) * np.float32(noise)
    picture += gray_noise[..., None]
    if stress is Stress.NOISE:
        # A little of it differs by channel, as a Bayer filter leaves it.
        small = rng.standard_normal((shape[0] // 2 + 1, shape[1] // 2 + 1, 3), dtype=np.float32)
        colour = cv2.resize(small, size, interpolation=cv2.INTER_NEAREST)
        picture += colour * np.float32(0.4 * noise)
    return Exposure(np.clip(picture, 0.0, 255.0).astype(np.uint8), matrix)


def as_jpeg(rgb: Picture, quality: int) -> bytes:
    """The picture as JPEG."""
    written, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not written:
        raise RuntimeError("the picture could not be encoded as JPEG")
    return data.tobytes()


def _pose(
    shape: Sequence[int], scale: float, stress: Stress, rng: np.random.Generator
) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """The matrix from the page to the picture, and the picture's size (width, height)."""
    height, width = shape
    degrees = float(rng.uniform(-1.2, 1.2))
    if stress is Stress.ROTATION:
        side = 1.0 if rng.uniform() < 0.5 else -1.0
        degrees = side * float(rng.uniform(3.0, 15.0)) + 90.0 * int(rng.integers(4))
    page = np.array([(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)])
    c, s = cos(radians(degrees)), sin(radians(degrees))
    corners = (page - (width / 2, height / 2)) @ np.array([[c, -s], [s, c]]) * scale
    if stress is Stress.PERSPECTIVE:
        corners += rng.uniform(-0.07, 0.07, (4, 2)) * (width * scale, height * scale)
    low, high = corners.min(axis=0), corners.max(axis=0)
    margin = rng.uniform(0.02, 0.09, (2, 2)) * width * scale
    size = np.ceil(high - low + margin.sum(axis=0)).astype(int)
    target = corners - low + margin[0]
    matrix = cv2.getPerspectiveTransform(
        (page - 0.5).astype(np.float32), (target - 0.5).astype(np.float32)
    )
    return np.asarray(matrix, np.float64), (int(size[0]), int(size[1]))


def _inside(
    page: Sequence[int], matrix: NDArray[np.float64], shape: tuple[int, int]
) -> NDArray[np.uint8]:
    """Where the page lies: 255, antialiased."""
    height, width = page
    corners = np.array([(0, 0), (width - 1, 0), (width - 1, height - 1), (0, height - 1)])
    mask = np.zeros(shape, np.uint8)
    fixed = np.round(_through(corners, matrix) * 16.0).astype(np.int32)
    cv2.fillConvexPoly(mask, fixed, 255, cv2.LINE_AA, 4)
    return mask


def _seen(
    corners: NDArray[np.float32] | None, matrix: NDArray[np.float64]
) -> NDArray[np.float32] | None:
    return None if corners is None else _through(corners, matrix)


def _through(points: NDArray[np.floating], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    flat = np.asarray(points, np.float64).reshape(-1, 2)
    full = np.concatenate([flat, np.ones((len(flat), 1))], axis=1) @ matrix.T
    return (full[:, :2] / full[:, 2:]).astype(np.float32).reshape(np.shape(points))


def _table(shape: tuple[int, int], rng: np.random.Generator) -> Plane:
    """A desk of wood, cloth or stone, darker than a page, with things lying about."""
    height, width = shape
    ground = rng.uniform(35.0, 130.0) * rng.uniform((0.9, 0.8, 0.65), (1.25, 1.1, 1.1))
    cells = [(3, 60), (40, 40), (7, 5)][int(rng.integers(3))]
    lattice = rng.normal(0.0, 1.0, cells).astype(np.float32)
    if rng.uniform() < 0.5:
        lattice = np.ascontiguousarray(lattice.T)
    grain = cv2.resize(lattice, (width, height), interpolation=cv2.INTER_CUBIC)
    table = np.clip(ground + grain[..., None] * rng.uniform(4.0, 13.0), 0.0, 255.0)
    table = np.ascontiguousarray(table, np.float32)
    for _ in range(int(rng.integers(0, 5))):
        centre = rng.uniform((0, 0), (width, height))
        box = (tuple(centre), tuple(rng.uniform(0.05, 0.5, 2) * width), rng.uniform(0, 180))
        tone = tuple(
            float(v)
            for v in np.clip(ground + rng.normal(0.0, 45.0) + rng.normal(0.0, 18.0, 3), 8.0, 215.0)
        )
        points = np.round(cv2.boxPoints(box)).astype(np.int32)
        cv2.fillConvexPoly(table, points, tone, cv2.LINE_AA)
        if rng.uniform() < 0.5:
            # A ruled note or a boarding pass: rows of marks that are no text.
            _rule(table, box, rng)
    return table


def _rule(
    table: Plane, box: tuple[Sequence[float], Sequence[float], float], rng: np.random.Generator
) -> None:
    points = cv2.boxPoints(box)
    tone = float(rng.uniform(20.0, 90.0))
    for share in np.linspace(0.15, 0.85, int(rng.integers(3, 9))):
        start = points[0] + (points[1] - points[0]) * share
        way = points[3] - points[0]
        at = 0.08
        while at < 0.8:
            step = float(rng.uniform(0.03, 0.15))
            a, b = start + way * at, start + way * min(at + step, 0.9)
            cv2.line(
                table,
                tuple(np.round(a).astype(int).tolist()),
                tuple(np.round(b).astype(int).tolist()),
                (tone,) * 3,
                int(rng.integers(1, 4)),
                cv2.LINE_AA,
            )
            at += step + 0.03


def _glare(
    shape: tuple[int, int], zone: NDArray[np.float32] | None, rng: np.random.Generator
) -> Plane:
    """The light that a mirrored lamp adds: a stripe or an ellipse that crosses the zone."""
    height, width = shape
    if zone is None:
        centre, length = rng.uniform((0.2, 0.2), (0.8, 0.8)) * (width, height), 0.8 * width
        along_x, along_y = 1.0, 0.0
    else:
        a, b = rng.uniform(0.05, 0.95), rng.uniform(0.1, 0.9)
        left = zone[0] + (zone[3] - zone[0]) * b
        right = zone[1] + (zone[2] - zone[1]) * b
        centre = left + (right - left) * a
        length = float(np.hypot(*(right - left)))
        along_x, along_y = ((right - left) / length).tolist()
    step = 4
    y, x = np.mgrid[0:height:step, 0:width:step].astype(np.float32)
    x, y = x - np.float32(centre[0]), y - np.float32(centre[1])
    u, v = x * along_x + y * along_y, -x * along_y + y * along_x
    peak = float(rng.uniform(90.0, 300.0))
    if rng.uniform() < 0.5:
        tilt = rng.uniform(-0.6, 0.6)
        wide = rng.uniform(0.015, 0.05) * length
        light = np.exp(-(((u - v * tilt) / wide) ** 2))
    else:
        wide, high = rng.uniform(0.04, 0.13) * length, rng.uniform(0.02, 0.06) * length
        light = np.exp(-(((u / wide) ** 2 + (v / high) ** 2) ** 1.3))
    light = np.asarray(light, np.float32) * np.float32(peak)
    return np.asarray(cv2.resize(light, (width, height)), np.float32)


def _blurred(picture: Plane, rng: np.random.Generator) -> Plane:
    sigma = float(rng.uniform(0.7, 1.6))
    if rng.uniform() < 0.7:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.float32)
    # A shaken hand: the same spread along one direction, half of it across.
    length = sigma * np.sqrt(12.0)
    kernel = np.zeros((9, 9), np.float32)
    angle = float(rng.uniform(0.0, np.pi))
    for at in np.linspace(-0.5, 0.5, 61):
        x, y = 4 + at * length * cos(angle), 4 + at * length * sin(angle)
        kernel[round(y), round(x)] += 1.0
    moved = cv2.filter2D(picture, -1, kernel / kernel.sum())
    return np.asarray(cv2.GaussianBlur(moved, (0, 0), 0.5 * sigma), np.float32)
