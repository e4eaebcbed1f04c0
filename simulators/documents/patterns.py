"""Security patterns as curves in millimetres: rosettes, bands of waves, frames, fibres."""

from math import tau

import numpy as np

from simulators.documents.canvas import Points


def rosette(
    centre: tuple[float, float],
    radius: float,
    *,
    petals: int,
    depth: float,
    copies: int,
    inner: float = 0.0,
) -> list[Points]:
    """Closed curves around a centre, each a little turned and smaller: a guilloche rosette.

    depth: how far a petal reaches, as a share of the radius. inner: the share where it ends.
    """
    angle = np.linspace(0.0, tau, max(240, petals * 24))
    curves = []
    for copy in range(copies):
        share = copy / copies
        turn = 0.55 * tau * share / petals
        around = 1.0 - share * (1.0 - inner)
        r = radius * around * (1.0 + depth * np.sin(petals * (angle + turn)))
        curves.append(_polar(centre, r, angle))
    return curves


def star_wheel(
    centre: tuple[float, float], radius: float, *, spokes: int, ratio: float
) -> list[Points]:
    """A hypotrochoid, the curve of a geometric lathe."""
    t = np.linspace(0.0, tau * spokes, 220 * spokes)
    k = ratio
    x = (1.0 - k) * np.cos(t) + k * 0.9 * np.cos((1.0 - k) / k * t)
    y = (1.0 - k) * np.sin(t) - k * 0.9 * np.sin((1.0 - k) / k * t)
    return [np.stack([x, y], axis=1) * radius + np.asarray(centre)]


def waves(
    corner: tuple[float, float],
    size: tuple[float, float],
    *,
    count: int,
    swing: float,
    periods: float,
    phase: float = 0.0,
    twist: float = 1.0,
) -> list[Points]:
    """Lines across a rectangle that swing about their height, interlaced.

    swing: mm. twist: periods by which the phase runs from the first to the last line.
    """
    (left, top), (width, height) = corner, size
    x = np.linspace(0.0, 1.0, 320)
    curves: list[Points] = []
    for line in range(count):
        share = line / max(1, count - 1)
        offset = tau * (phase + twist * share)
        envelope = 0.55 + 0.45 * np.sin(tau * (0.7 * x + share))
        y = top + height * share + swing * envelope * np.sin(tau * periods * x + offset)
        curves.append(np.stack([left + width * x, y], axis=1))
    return curves


def moire(corner: tuple[float, float], size: tuple[float, float], *, count: int) -> list[Points]:
    """Two families of waves that cross."""
    return [
        *waves(corner, size, count=count, swing=2.6, periods=2.0, twist=0.8),
        *waves(corner, size, count=count, swing=2.6, periods=3.0, phase=0.4, twist=-0.9),
    ]


def frame(corner: tuple[float, float], size: tuple[float, float], swing: float) -> list[Points]:
    """A plaited border."""
    (left, top), (width, height) = corner, size
    curves: list[Points] = []
    periods = round(width / 4.0), round(height / 4.0)
    for phase in np.arange(4) / 4.0:
        for y in (top, top + height):
            t = np.linspace(0.0, 1.0, 24 * periods[0])
            curves.append(
                np.stack(
                    [left + width * t, y + swing * np.sin(tau * (periods[0] * t + phase))], axis=1
                )
            )
        for x in (left, left + width):
            t = np.linspace(0.0, 1.0, 24 * periods[1])
            curves.append(
                np.stack(
                    [x + swing * np.sin(tau * (periods[1] * t + phase)), top + height * t], axis=1
                )
            )
    return curves


def globe(centre: tuple[float, float], radius: float, tilt: float = 0.35) -> list[Points]:
    """Meridians and parallels of a sphere seen from a little above."""
    curves: list[Points] = []
    t = np.linspace(-tau / 4, tau / 4, 90)
    curves += [
        _orthographic(centre, radius, t, np.full_like(t, longitude), tilt)
        for longitude in np.linspace(-tau / 4, tau / 4, 13)
    ]
    u = np.linspace(-tau / 4, tau / 4, 120)
    curves += [
        _orthographic(centre, radius, np.full_like(u, latitude), u, tilt)
        for latitude in np.linspace(-tau / 5, tau / 5, 9)
    ]
    curves.append(_polar(centre, np.full(180, radius), np.linspace(0.0, tau, 180)))
    return curves


def rays(
    centre: tuple[float, float], inner: float, outer: float, count: int, sweep: float = 0.12
) -> list[Points]:
    """Bent rays of a sun."""
    curves: list[Points] = []
    for angle in np.linspace(0.0, tau, count, endpoint=False):
        r = np.linspace(inner, outer, 24)
        bend = angle + sweep * np.sin((r - inner) / (outer - inner) * tau)
        curves.append(_polar(centre, r, bend))
    return curves


def star(
    centre: tuple[float, float], radius: float, points: int = 5, inner: float = 0.42
) -> Points:
    """The outline of a star."""
    angle = np.arange(2 * points) * tau / (2 * points) - tau / 4
    r = np.where(np.arange(2 * points) % 2 == 0, radius, radius * inner)
    return _polar(centre, r, angle)


def compass(centre: tuple[float, float], radius: float) -> list[Points]:
    """The outlines of a compass rose with eight points, halved as engravers do."""
    outlines = []
    for index in range(8):
        length = radius if index % 2 == 0 else 0.6 * radius
        angle = index * tau / 8
        tip = (length, angle)
        shoulder = (0.2 * radius, angle + tau / 16)
        outlines.append(
            np.stack(
                [
                    np.asarray(centre),
                    *(
                        np.asarray(centre) + r * np.array([np.sin(a), -np.cos(a)])
                        for r, a in (tip, shoulder)
                    ),
                ]
            )
        )
    return outlines


def fibre(rng: np.random.Generator, size: tuple[float, float]) -> Points:
    """A security fibre: a bent thread of 3 to 6 mm somewhere on the page."""
    length, angle, bend = rng.uniform(3.0, 6.0), rng.uniform(0.0, tau), rng.uniform(-1.4, 1.4)
    t = np.linspace(0.0, 1.0, 16)
    heading = angle + bend * t
    steps = np.stack([np.cos(heading), np.sin(heading)], axis=1) * (length / len(t))
    return np.cumsum(steps, axis=0) + rng.uniform((0.0, 0.0), size)


def _polar(centre: tuple[float, float], r: Points, angle: Points) -> Points:
    return np.asarray(np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1) + centre)


def _orthographic(
    centre: tuple[float, float], radius: float, latitude: Points, longitude: Points, tilt: float
) -> Points:
    x = np.cos(latitude) * np.sin(longitude)
    y = np.sin(latitude) * np.cos(tilt) - np.cos(latitude) * np.cos(longitude) * np.sin(tilt)
    return np.asarray(np.stack([x, -y], axis=1) * radius + centre)
