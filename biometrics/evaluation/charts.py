"""Charts of an evaluation as SVG, without a library, a script or a font of their own."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from biometrics.evaluation.study import Curve

_WIDTH, _HEIGHT = 640, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 16, 40, 56
# Told apart by dashes as well as by colour (Okabe and Ito's palette).
COLOURS = {"raw": "#d55e00", "normalised": "#0072b2"}
_DASHES = {"raw": "7 4", "normalised": "none"}
_GENUINE, _IMPOSTOR = "#009e73", "#cc3311"


def det_chart(curves: Mapping[str, Curve]) -> str:
    """Draw FNMR against FMR, both on logarithmic axes, one curve a kind of score."""
    floor_fmr = min((float(curve.fmr[0]) for curve in curves.values()), default=1e-5)
    decades = range(math.floor(math.log10(floor_fmr)), 1)
    plot = _Plot(
        title="DET: who is missed against who passes wrongly",
        x_label="false match rate (FMR)",
        y_label="false non-match rate (FNMR)",
        x=(float(decades[0]), 0.0),
        y=(-3.0, 0.0),
    )
    parts = plot.axes(
        [(float(at), _power(at)) for at in decades],
        [(float(at), _power(at)) for at in range(-3, 1)],
    )
    for index, (kind, curve) in enumerate(curves.items()):
        points = [
            plot.point(math.log10(fmr), max(-3.0, math.log10(fnmr)))
            for fmr, fnmr in zip(curve.fmr.tolist(), curve.fnmr.tolist(), strict=True)
            if fnmr > 0
        ]
        parts.append(_line(points, COLOURS[kind], _DASHES[kind]))
        parts.extend(_key(index, kind, COLOURS[kind], _DASHES[kind]))
    return plot.svg(parts)


def score_chart(kind: str, curve: Curve, thresholds: Mapping[str, float | None]) -> str:
    """Draw how often genuine and impostor scores occur, with thresholds as upright lines."""
    low, high = float(curve.edges[0]), float(curve.edges[-1])
    top = max(float(curve.genuine.max()), float(curve.impostor.max()), 1e-9) * 1.08
    plot = _Plot(
        title=f"{kind} scores: smaller is more alike",
        x_label="L2 distance" if kind == "raw" else "normalised score",
        y_label="share of trials",
        x=(low, high),
        y=(0.0, top),
    )
    parts = plot.axes(
        [(at, f"{at:g}") for at in _round_steps(low, high)],
        [(at, f"{at:g}") for at in _round_steps(0.0, top)],
    )
    edges = curve.edges.tolist()
    series = (
        ("impostor", curve.impostor, _IMPOSTOR, "7 4"),
        ("genuine", curve.genuine, _GENUINE, "none"),
    )
    for index, (name, shares, colour, dash) in enumerate(series):
        points = []
        for left, right, share in zip(edges, edges[1:], shares.tolist(), strict=False):
            points += [plot.point(left, share), plot.point(right, share)]
        parts.append(_line(points, colour, dash))
        parts.extend(_key(index, name, colour, dash))
    for index, (name, threshold) in enumerate(thresholds.items()):
        if threshold is not None and low <= threshold <= high:
            x, bottom = plot.point(threshold, 0.0)
            _, height = plot.point(threshold, top)
            parts.append(_line([(x, bottom), (x, height)], "#555", "2 3"))
            parts.append(_text(x + 3, height + 12 + 14 * index, f"FMR {name}", size=11))
    return plot.svg(parts)


def group_chart(kind: str, by_group: Mapping[str, Mapping[str, Any]], target: str) -> str:
    """Draw each group's FMR at the threshold set for everybody, on a logarithmic axis.

    A group without one false match stands at the left edge, with the pairs that say so.
    """
    groups = [(name, own) for name, own in by_group.items() if own["fmr"].get(target) is not None]
    height = _TOP + _BOTTOM + 44 * max(1, len(groups))
    rates = [own["fmr"][target] for _, own in groups if own["fmr"][target]]
    high = math.ceil(math.log10(max([*rates, 1e-3])))
    low = math.floor(math.log10(min([*rates, 1e-5])))
    plot = _Plot(
        title=f"{kind} scores: false match rate by group where it is {target} for everybody",
        x_label="false match rate within the group",
        y_label="",
        x=(float(low), float(high)),
        y=(0.0, float(max(1, len(groups)))),
        height=height,
        left=170,
    )
    parts = plot.axes([(float(at), _power(at)) for at in range(low, high + 1)], [])
    for index, (name, own) in enumerate(groups):
        rate = own["fmr"][target]
        x, y = plot.point(math.log10(rate) if rate else float(low), len(groups) - index - 0.5)
        parts.append(_text(160, y + 4, name.replace("_", " "), anchor="end"))
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{COLOURS[kind]}"/>')
        words = f"{rate:.1e}" if rate else "none"
        beside, anchor = (x + 12, "start") if x < _WIDTH - 160 else (x - 12, "end")
        parts.append(
            _text(beside, y + 4, f"{words} in {own['impostor']:,} pairs", anchor=anchor, size=11)
        )
    target_x, bottom = plot.point(math.log10(float(target)), 0.0)
    _, top = plot.point(0.0, float(max(1, len(groups))))
    parts.append(_line([(target_x, bottom), (target_x, top)], "#555", "2 3"))
    return plot.svg(parts)


class _Plot:
    """A frame with axes that maps values to pixels."""

    def __init__(
        self,
        *,
        title: str,
        x_label: str,
        y_label: str,
        x: tuple[float, float],
        y: tuple[float, float],
        height: int = _HEIGHT,
        left: int = _LEFT,
    ) -> None:
        self._title, self._x_label, self._y_label = title, x_label, y_label
        self._x, self._y, self._height, self._left = x, y, height, left

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel of a value."""
        across = (x - self._x[0]) / ((self._x[1] - self._x[0]) or 1.0)
        up = (y - self._y[0]) / ((self._y[1] - self._y[0]) or 1.0)
        return (
            self._left + across * (_WIDTH - self._left - _RIGHT),
            self._height - _BOTTOM - up * (self._height - _TOP - _BOTTOM),
        )

    def axes(
        self, x_ticks: Iterable[tuple[float, str]], y_ticks: Iterable[tuple[float, str]]
    ) -> list[str]:
        """Return grid lines and labels."""
        parts = []
        for at, label in x_ticks:
            x, bottom = self.point(at, self._y[0])
            parts.append(
                _line([(x, bottom), (x, self.point(at, self._y[1])[1])], "#ddd", "none", 1)
            )
            parts.append(_text(x, bottom + 18, label, anchor="middle"))
        for at, label in y_ticks:
            left, y = self.point(self._x[0], at)
            parts.append(_line([(left, y), (self.point(self._x[1], at)[0], y)], "#ddd", "none", 1))
            parts.append(_text(left - 6, y + 4, label, anchor="end"))
        middle = (self._left + _WIDTH - _RIGHT) / 2
        parts.append(_text(middle, self._height - 14, self._x_label, anchor="middle"))
        if self._y_label:
            centre = (_TOP + self._height - _BOTTOM) / 2
            parts.append(
                f'<g transform="rotate(-90 18 {centre:.0f})">'
                f"{_text(18, centre, self._y_label, anchor='middle')}</g>"
            )
        return parts

    def svg(self, parts: Sequence[str]) -> str:
        """Return the document."""
        title = escape(self._title)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {self._height}" '
            f'width="{_WIDTH}" height="{self._height}" role="img" font-family="sans-serif">'
            f"<title>{title}</title>"
            f'<rect width="{_WIDTH}" height="{self._height}" fill="#fff"/>'
            f"{_text(16, 22, self._title, size=15)}{''.join(parts)}</svg>\n"
        )


def _line(points: Sequence[tuple[float, float]], colour: str, dash: str, width: float = 2) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" '
        f'stroke-width="{width:g}" stroke-dasharray="{dash}"/>'
    )


def _text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="#222">{escape(words)}</text>'
    )


def _key(index: int, name: str, colour: str, dash: str) -> list[str]:
    y = _TOP + 16 + 20 * index
    left = _WIDTH - _RIGHT - 130
    return [_line([(left, y), (left + 30, y)], colour, dash), _text(left + 38, y + 4, name)]


def _power(exponent: int) -> str:
    return f"{10**exponent:g}" if exponent >= -2 else f"1e{exponent}"


def _round_steps(low: float, high: float) -> list[float]:
    span = (high - low) or 1.0
    step = 10 ** math.floor(math.log10(span / 4))
    step = next(step * factor for factor in (1, 2, 5, 10) if span / (step * factor) <= 8)
    first = math.ceil(low / step)
    return [round(index * step, 10) for index in range(first, math.floor(high / step) + 1)]
