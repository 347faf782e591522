"""Options of the charts: readable in both themes, drawn on a canvas so that no name is ever HTML."""

from collections.abc import Sequence
from typing import Any

COLOURS = (
    "#4c8ed9", "#e0873a", "#3fa37b", "#c95f8e", "#8c76d6", "#b5a02c", "#38a3b3", "#d4604a",
    "#7f93a8", "#9bbf4b", "#a0764f", "#5d6fc4",
)  # fmt: skip
INK, LINE = "#7d8894", "#8f9aa633"  # between the two themes' paper
TOOLTIP = {"renderMode": "richText", "confine": True}
AXIS = {"axisLabel": {"color": INK}, "nameTextStyle": {"color": INK}, "splitLine": {"lineStyle": {"color": LINE}}}


def axes(x: str, y: str, ends: tuple[float, float] | None = None) -> dict[str, Any]:
    """Two axes of numbers with names, both between the same ends where those are given."""
    limits = {} if ends is None else {"min": ends[0], "max": ends[1]}
    return {
        "grid": {"left": 56, "right": 24, "top": 36, "bottom": 48},
        "xAxis": {"type": "value", "name": x, "nameLocation": "middle", "nameGap": 28, **AXIS, **limits},
        "yAxis": {"type": "value", "name": y, **AXIS, **limits},
        "tooltip": {"trigger": "axis", **TOOLTIP},
        "legend": {"textStyle": {"color": INK}, "top": 0, "type": "scroll"},
        "color": list(COLOURS),
        "animation": False,
    }


def line(name: str, points: Sequence[Sequence[Any]], **more: Any) -> dict[str, Any]:
    """One line of a chart."""
    return {"type": "line", "name": name, "data": [list(p) for p in points], "showSymbol": len(points) < 40, **more}


def band(
    low: Sequence[Sequence[float]], high: Sequence[Sequence[float]], colour: str, name: str
) -> list[dict[str, Any]]:
    """An interval around a line, as two stacked areas."""
    under = {"stack": name, "lineStyle": {"opacity": 0}, "symbol": "none", "silent": True, "tooltip": {"show": False}}
    spread = [[x, h - lo] for (x, lo), (_, h) in zip(low, high, strict=True)]
    return [
        {"type": "line", "name": "", "data": [list(p) for p in low], **under},
        {"type": "line", "name": name, "data": spread, "areaStyle": {"color": colour, "opacity": 0.25}, **under},
    ]
