"""Map: everyone as a point where the embeddings put them, coloured by what they are, with a lasso to an audience."""

import base64
from itertools import pairwise
from typing import Any

import numpy as np
from fastapi import Request
from matplotlib.path import Path as Polygon
from nicegui import events, ui
from numpy.typing import NDArray

from sociogram.explorer.audience import save_dialog
from sociogram.explorer.charts import COLOURS, INK, LINE, TOOLTIP
from sociogram.explorer.people import person_path
from sociogram.explorer.shell import Page, title
from sociogram.explorer.site import site
from sociogram.report.map import UserPoints, map_of, user_points

GREY = "#8a949f66"
RAMP = ["#3b4cc0", "#7b9ff9", "#c9d7f0", "#f5c4ac", "#e7745b", "#b40426"]
TURNS = 8  # in which many points are drawn
LARGE = 4_000  # points from which on they are drawn all at once: in one colour a series, and none is lit by the lasso


async def page(request: Request, by: str = "segment", of: str = "") -> None:
    """The page; coloured `by` segment, tag, influence or an attribute; `of` is the tag."""
    shown = Page(request, "/map")
    with shown.body:
        title(
            shown.words("Map"),
            shown.words("Near each other: alike. Zoom with the wheel, drag to move, click a point to go there."),
        )
        if await shown.live() is not None:
            await _View(shown, by, of).open()


class _View:
    def __init__(self, page: Page, by: str, of: str) -> None:
        self.page, self.words, self.by, self.of = page, page.words, by, of
        self.points: UserPoints
        self.chosen: list[int] = []
        self.groups: list[np.ndarray[Any, Any]] = []

    async def open(self) -> None:
        words = self.words
        where = ui.column().classes("w-full gap-3")
        async with self.page.work(where):
            self.points = await self.page.answer(_points)
            told = words.people(len(self.points))
            ways = {"segment": words("Segment"), "tag": words("Tag"), "influence": words("Influence")}
            ways |= {f"attribute:{name}": name for name in self.points.attributes}
            self.by = self.by if self.by in ways else "segment"
            with ui.row().classes("w-full items-center gap-3"):
                ui.select(ways, value=self.by, label=words("Colour by"), on_change=self._by).props(
                    "outlined dense"
                ).classes("w-48")
                self.tags = ui.select(
                    list(self.points.tags), value=self.of if self.of in self.points.tags else None, label=words("Tag"), with_input=True,
                    clearable=True, on_change=self._of,
                ).props("outlined dense").classes("w-56")  # fmt: skip
                self.tags.set_visibility(self.by == "tag")
                self.lasso = ui.button(words("Lasso"), icon="gesture", on_click=self._brush).props("outline no-caps")
                self.save = ui.button(words("Save as audience"), icon="bookmark_add", on_click=self._save).props(
                    "no-caps"
                )
                self.save.set_visibility(False)
                ui.label(f"{told} · {self.points.method}").classes("sg-soft")
            self.said = ui.label("").classes("sg-soft").props('aria-live="polite"')
            self.chart = (
                ui.echart(self._options(), on_point_click=self._went)
                .classes("w-full sg-card")
                .style("height: min(72vh, 46rem)")
            )
            self.chart.props(f'role="img" aria-label="{told}"')
            self.chart.on("chart:brushEnd", self._brushed, js_handler="(e) => emit(e.areas.map((a) => a.coordRange))")

    def _by(self, event: Any) -> None:
        self.by = event.value
        self.tags.set_visibility(self.by == "tag")
        self._draw()

    def _of(self, event: Any) -> None:
        self.of = event.value or ""
        self._draw()

    def _draw(self) -> None:
        self.page.keep(by=self.by, of=self.of if self.by == "tag" else "")
        self.chart.options.clear()
        self.chart.options.update(self._options())
        self.chart.run_chart_method("clear")
        self.chart.update()

    def _options(self) -> dict[str, Any]:
        p = self.points
        base: dict[str, Any] = {
            "animation": False,
            "grid": {"left": 16, "right": 16, "top": 56, "bottom": 16},
            "xAxis": {"type": "value", "show": False, "min": "dataMin", "max": "dataMax"},
            "yAxis": {"type": "value", "show": False, "min": "dataMin", "max": "dataMax"},
            "tooltip": {"trigger": "item", ":formatter": "(p) => p.seriesName", **TOOLTIP},
            "dataZoom": [
                {"type": "inside", "xAxisIndex": 0, "filterMode": "none"},
                {"type": "inside", "yAxisIndex": 0, "filterMode": "none"},
            ],
            "brush": {
                "toolbox": [],
                "seriesIndex": [] if self.many else "all",
                "xAxisIndex": 0,
                "yAxisIndex": 0,
                "brushStyle": {"color": LINE, "borderColor": "#f2a33c", "borderWidth": 2},
                "outOfBrush": {"colorAlpha": 0.35},
            },
            "legend": {"type": "scroll", "top": 4, "textStyle": {"color": INK}},
        }
        if self.by == "influence" and not self.many:
            return base | self._influence()
        if self.by == "influence":
            names, group = bands(p.influence)
            colours = RAMP
        else:
            names, group = p.groups(self.by, self.of)
            colours = [COLOURS[i % len(COLOURS)] for i in range(len(names))]
        rest = self.words("others")
        turns = TURNS if self.many else 1
        parts = [(rest, GREY, np.flatnonzero(group < 0))]  # the others lie under the named ones
        # and those take turns where they are many: what is drawn last hides what is there
        for turn in range(turns):
            for g in reversed(range(len(names))):
                parts.append((names[g], colours[g], np.flatnonzero(group == g)[turn::turns]))
        parts = [part for part in parts if len(part[2])]
        self.groups = [rows for _, _, rows in parts]
        base["series"] = [self._series(name, rows, colour) for name, colour, rows in parts]
        there = {s["name"] for s in base["series"]}
        base["legend"]["data"] = [name for name in (*names, rest) if name in there]
        return base

    @property
    def many(self) -> bool:
        """Whether the points are drawn all at once."""
        return len(self.points) > LARGE

    def _influence(self) -> dict[str, Any]:
        rows = np.arange(len(self.points))
        self.groups = [rows]
        series = self._series(self.words("Influence"), rows, None)
        series["data"] = [
            [x, y, round(float(v), 3)] for (x, y), v in zip(series["data"], self.points.influence.tolist(), strict=True)
        ]
        ramp = {
            "min": 0,
            "max": 1,
            "dimension": 2,
            "calculable": True,
            "orient": "horizontal",
            "left": "center",
            "top": 0,
            "itemHeight": 90,
            "inRange": {"color": RAMP},
            "textStyle": {"color": INK},
        }
        return {"series": [series], "visualMap": ramp, "legend": {"show": False}}

    def _series(self, name: str, rows: Any, colour: str | None) -> dict[str, Any]:
        size = 3 if len(self.points) > 30_000 else 5 if self.many else 8
        made: dict[str, Any] = {"type": "scatter", "name": name, "symbolSize": size}
        if self.many:
            made |= {"large": True, "largeThreshold": 1, "progressive": 0, "dimensions": ["x", "y"]}
            made[":data"] = floats(self.points.xy[rows])
        else:
            made["data"] = self.points.xy[rows].tolist()
        if colour is not None:
            made["itemStyle"] = {"color": colour, "opacity": 0.85}
        return made

    def _went(self, event: events.EChartPointClickEventArguments) -> None:
        rows = self.groups[event.series_index]
        ui.navigate.to(person_path(self.points.keys[int(rows[event.data_index])]))

    def _brush(self) -> None:
        option = {
            "type": "takeGlobalCursor",
            "key": "brush",
            "brushOption": {"brushType": "polygon", "brushMode": "single"},
        }
        self.chart.run_chart_method("dispatchAction", option)
        self.said.text = self.words("Draw around people with the pointer held down.")

    def _brushed(self, event: events.GenericEventArguments) -> None:
        ranges = event.args if isinstance(event.args, list) else []
        inside = np.zeros(len(self.points), bool)
        for corners in ranges:
            polygon = np.asarray(corners, float)
            if polygon.ndim == 2 and polygon.shape[1] == 2 and len(polygon) > 2:
                inside |= Polygon(polygon).contains_points(self.points.xy)
        self.chosen = np.flatnonzero(inside).tolist()
        self.said.text = self.words("{people} inside.", people=self.words.people(len(self.chosen)))
        self.save.set_visibility(bool(self.chosen) and self.page.who.may("write"))

    async def _save(self) -> None:
        await save_dialog(self.page, None, len(self.chosen), [self.points.keys[i] for i in self.chosen])


def floats(xy: NDArray[np.float64]) -> str:
    """Points as an expression that makes a Float32Array of them: an eighth of what lists take here, and nothing to parse there."""
    packed = base64.b64encode(np.ascontiguousarray(xy, "<f4").tobytes()).decode()
    return f"new Float32Array(Uint8Array.from(atob('{packed}'), (c) => c.charCodeAt(0)).buffer)"


def bands(influence: NDArray[np.float64]) -> tuple[list[str], NDArray[np.int64]]:
    """Names of equal bands between 0 and 1, one for each colour of the ramp, and the band of each user."""
    ends = np.linspace(0, 1, len(RAMP) + 1)
    names = [f"{low:.2f} – {high:.2f}" for low, high in pairwise(ends.tolist())]
    return names, np.clip(np.digitize(influence, ends) - 1, 0, len(RAMP) - 1).astype(np.int64)


def _points() -> UserPoints:
    run = site().engine.live()
    return site().kept("map", run.id, lambda: user_points(run.profiles, map_of(run.folder, run.profiles)))
