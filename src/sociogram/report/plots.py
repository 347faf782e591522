"""Charts of the report as inline SVG: drawn with CSS classes, so that they follow the reader's light or dark theme."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

WIDTH, HEIGHT = 420, 270  # user units of a small chart: on a phone about one per pixel, so that its words stay readable
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 14, 40
NAMED_ON_PHONES = 8  # groups of a map; the names of smaller ones are left out where the picture is narrow
COLOURS = 8  # classes s0 .. s7 in the stylesheet; more lines than that repeat them


@dataclass(frozen=True)
class Frame:
    """Maps data to the plotting area of one chart."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT

    def px(self, value: float) -> float:
        return self.left + (self.width - self.left - RIGHT) * _share(value, self.x)

    def py(self, value: float) -> float:
        return self.height - BOTTOM - (self.height - TOP - BOTTOM) * _share(value, self.y)


@dataclass(frozen=True)
class Series:
    """One line of a chart."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]


def number(value: Any) -> float | None:
    """A finite float, or None for anything else (missing, text, NaN, infinite)."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return None
    return float(value) if math.isfinite(value) else None


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers within [low, high], about `count` of them; steps of 1, 2 or 5 times a power of ten."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    step = 10 ** math.floor(math.log10(span / count))
    step *= next(m for m in (1, 2, 5, 10) if span / (step * m) <= count)
    first = math.ceil(low / step - 1e-9)
    return [round((first + i) * step, 12) for i in range(int((high + step * 1e-9) // step) - first + 1)]


def lines(series: Sequence[Series], x_label: str, y_label: str, title: str) -> Markup:
    """A line chart; points that are not finite numbers are left out, empty where no point is left."""
    kept = [(s.name, _points(s)) for s in series]
    kept = [(name, points) for name, points in kept if points]
    if not kept:
        return Markup("")
    xs, ys = zip(*(p for _, points in kept for p in points), strict=True)
    frame = Frame(_range(xs, 0.0), _range(ys, 0.06))
    parts = [_axes(frame, x_label, y_label)]
    for i, (_, points) in enumerate(kept):
        place = " ".join(f"{frame.px(x):.1f},{frame.py(y):.1f}" for x, y in points)
        parts.append(f'<polyline class="line s{i % COLOURS}" points="{place}"/>')
        if len(points) == 1:
            parts.append(_dot(frame, *points[0], f"f{i % COLOURS}"))
    told = "; ".join(f"{name} from {points[0][1]:.3g} to {points[-1][1]:.3g}" for name, points in kept)
    legend = _legend([name for name, _ in kept]) if len(kept) > 1 else Markup("")
    return _svg(title, f"{y_label} over {x_label}: {told}.", "".join(parts)) + legend


def reliability(bins: Sequence[Mapping[str, Any]], title: str) -> Markup:
    """Observed share against predicted probability; a dot's area grows with its count, the diagonal is perfect."""
    rows = [(number(b.get("predicted")), number(b.get("observed")), number(b.get("count")) or 0.0) for b in bins]
    kept = [(p, o, n) for p, o, n in rows if p is not None and o is not None]
    if not kept:
        return Markup("")
    frame = Frame((0.0, 1.0), (0.0, 1.0), height=330)
    most = max(n for _, _, n in kept) or 1.0
    parts = [_axes(frame, "predicted probability", "observed share")]
    parts.append(
        f'<line class="ideal" x1="{frame.px(0):.1f}" y1="{frame.py(0):.1f}" x2="{frame.px(1):.1f}" y2="{frame.py(1):.1f}"/>'
    )
    place = " ".join(f"{frame.px(p):.1f},{frame.py(o):.1f}" for p, o, _ in kept)
    parts.append(f'<polyline class="line s0" points="{place}"/>')
    for p, o, n in kept:
        radius = 2.5 + 6.5 * math.sqrt(n / most)
        told = f"predicted {p:.2f}, observed {o:.2f}, {n:.0f} pairs"
        parts.append(
            f'<circle class="f0" cx="{frame.px(p):.1f}" cy="{frame.py(o):.1f}" r="{radius:.1f}"><title>{told}</title></circle>'
        )
    told = "; ".join(f"{p:.2f} predicted, {o:.2f} observed" for p, o, _ in kept)
    return _svg(title, told, "".join(parts), height=330)


def scatter(points: NDArray[np.float64], group: NDArray[np.int64], names: Sequence[str], title: str) -> Markup:
    """A map: `points` [n, 2], `group` [n] a number below `len(names)` or -1 for "other"; each name stands by its group.

    A group is one path of zero-length strokes with round caps: a few bytes a point, no element each. Its hue is `hue(group)`.
    """
    if not len(points):
        return Markup("")
    width, height, margin = 720, 520, 16
    low, high = points.min(0), points.max(0)
    scale = np.where(high > low, high - low, 1.0)
    unit = np.where(high > low, (points - low) / scale, 0.5)
    x = margin + unit[:, 0] * (width - 2 * margin)
    y = height - margin - unit[:, 1] * (height - 2 * margin)
    size = float(np.clip(130 / math.sqrt(len(points)), 2.0, 9.0))
    parts, labels = [], []
    for g in [-1, *range(len(names))]:
        rows = np.flatnonzero(group == g)
        if not len(rows):
            continue
        strokes = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x[rows], y[rows], strict=True))
        style = 'class="points other"' if g < 0 else f'class="points hue" style="--h:{hue(g)}"'
        parts.append(f'<path {style} stroke-width="{size:.1f}" d="{strokes}"/>')
        if g >= 0:
            top, bottom = np.quantile(y[rows], [0.05, 0.9])
            at = (
                top - 10 if bottom - top < height / 8 else np.median(y[rows])
            )  # above a compact group, inside a wide one
            labels.append((float(np.median(x[rows])), float(at), short(names[g], 26)))
    for i, (a, b, name) in enumerate(_apart(labels, width, height)):
        style = "place" if i < NAMED_ON_PHONES else "place minor"
        parts.append(f'<text class="{style}" text-anchor="middle" x="{a:.1f}" y="{b + 4:.1f}">{escape(name)}</text>')
    told = f"{len(points):,} users; groups: " + ", ".join(short(n, 60) for n in names)
    return _svg(title, told, "".join(parts), width=width, height=height, style="map")


def hue(group: int) -> int:
    """Degrees on the colour circle; the golden angle keeps neighbours in the list far apart however long it is."""
    return round(255 + 137.508 * group) % 360


def short(text: str, length: int) -> str:
    """On one line, without control or direction-changing characters, cut with an ellipsis at `length` characters."""
    clean = " ".join("".join(c if c.isprintable() or c.isspace() else " " for c in text[: 8 * length]).split())
    return clean if len(clean) <= length else clean[: length - 1].rstrip() + "…"


def _apart(labels: list[tuple[float, float, str]], width: float, height: float) -> list[tuple[float, float, str]]:
    """Moves a label up or down to the nearest place where it meets no earlier one: boxes of 7 units a character, 15 high."""
    placed: list[tuple[float, float, str]] = []

    def free(x: float, y: float, half: float) -> bool:
        return all(abs(x - a) >= half + 3.5 * len(other) or abs(y - b) >= 15 for a, b, other in placed)

    for wish_x, wish_y, name in labels:
        half = 3.5 * sum(2 if ord(c) > 0x2E7F else 1 for c in name) + 4  # ideographs are twice as wide
        x = float(np.clip(wish_x, half, max(half, width - half)))
        tries = [wish_y + sign * 3 * i for i in range(60) for sign in (1, -1)]
        inside = [y for y in tries if 14 <= y <= height - 10]
        y = next((y for y in inside if free(x, y, half)), min(max(wish_y, 14.0), height - 10))
        placed.append((x, y, name))
    return placed


def _points(series: Series) -> list[tuple[float, float]]:
    pairs = [(number(x), number(y)) for x, y in zip(series.xs, series.ys, strict=True)]
    return [(x, y) for x, y in pairs if x is not None and y is not None]


def _share(value: float, bounds: tuple[float, float]) -> float:
    return (value - bounds[0]) / ((bounds[1] - bounds[0]) or 1.0)


def _range(values: Sequence[float], margin: float) -> tuple[float, float]:
    low, high = min(values), max(values)
    if low == high:
        return low - (abs(low) * 0.5 or 0.5), high + (abs(high) * 0.5 or 0.5)
    return low - margin * (high - low), high + margin * (high - low)


def _tick(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def _grid_x(frame: Frame, label: str) -> str:
    bottom = frame.height - BOTTOM
    parts = []
    for v in ticks(*frame.x):
        at = f"{frame.px(v):.1f}"
        parts.append(f'<line class="grid" x1="{at}" y1="{TOP}" x2="{at}" y2="{bottom}"/>')
        parts.append(f'<text text-anchor="middle" x="{at}" y="{bottom + 16}">{_tick(v)}</text>')
    middle = (frame.left + frame.width - RIGHT) / 2
    parts.append(f'<text class="axis" text-anchor="middle" x="{middle}" y="{frame.height - 6}">{escape(label)}</text>')
    return "".join(parts)


def _axes(frame: Frame, x_label: str, y_label: str) -> str:
    parts = [_grid_x(frame, x_label)]
    for v in ticks(*frame.y):
        at = frame.py(v)
        parts.append(f'<line class="grid" x1="{frame.left}" y1="{at:.1f}" x2="{frame.width - RIGHT}" y2="{at:.1f}"/>')
        parts.append(f'<text text-anchor="end" x="{frame.left - 6}" y="{at + 4:.1f}">{_tick(v)}</text>')
    middle = (TOP + frame.height - BOTTOM) / 2
    parts.append(
        f'<text class="axis" text-anchor="middle" transform="translate(11 {middle}) rotate(-90)">{escape(y_label)}</text>'
    )
    return "".join(parts)


def _dot(frame: Frame, x: float, y: float, style: str) -> str:
    return f'<circle class="{style}" cx="{frame.px(x):.1f}" cy="{frame.py(y):.1f}" r="4"/>'


def _legend(names: Sequence[str]) -> Markup:
    entries = "".join(f'<li><i class="b{i % COLOURS}"></i>{escape(name)}</li>' for i, name in enumerate(names))
    return Markup(f'<ul class="legend">{entries}</ul>')  # noqa: S704 - every part is escaped above


def _svg(
    title: str, told: str, body: str, *, width: float = WIDTH, height: float = HEIGHT, style: str = "chart"
) -> Markup:
    """`told` is the picture in words, for who cannot see it."""
    return Markup(  # noqa: S704 - `body` is made of numbers and escaped words in this file
        f'<svg class="{style}" role="img" viewBox="0 0 {width:g} {height:g}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(title)}</title><desc>{escape(told)}</desc>{body}</svg>"
    )
