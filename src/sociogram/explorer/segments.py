"""Segments: what sets each apart, how large it is and was, and how alike they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from nicegui import ui

from sociogram.explorer.charts import AXIS, COLOURS, INK, TOOLTIP
from sociogram.explorer.shell import Heading, Page, bar, card, named, title
from sociogram.explorer.site import site
from sociogram.explorer.words import Words
from sociogram.queries.segments.compare import Borders
from sociogram.queries.segments.segments import FILE
from sociogram.report.groups import sentences
from sociogram.said import Said

WORDS_SHOWN = 8
RUNS_SHOWN = 12  # of the trend
RAMP = ["#7a8591", "#0d5fa8"]  # white is read on all of it, in both themes
ABOVE_ONE = 1.01  # a cosine of one can come out a little larger
LABELLED = 16  # segments, below which the table shows its numbers


@dataclass(frozen=True)
class _Shown:
    section: dict[str, Any]
    past: list[tuple[str, dict[int, int]]]  # run, users by segment; oldest first
    borders: Borders | None


async def page(request: Request) -> None:
    """The page."""
    shown = Page(request, "/segments")
    words = shown.words
    with shown.body:
        title(words("Segments"), words("Groups of people who are alike, and what sets each apart."))
        if await shown.live() is None:
            return
        where = ui.column().classes("w-full gap-4")
        async with shown.work(where):
            found: _Shown = await shown.answer(_read)
            rows = found.section.get("segments") or []
            if not rows:
                shown.nothing(words("The live run has no segments."), words("Make some: sociogram segments --publish"))
                return
            with (
                ui.element("div")
                .classes("w-full grid gap-4")
                .style("grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr))")
            ):
                for i, row in enumerate(rows):
                    _card(shown, row, found, COLOURS[i % len(COLOURS)])
            if found.borders is not None:
                _Tables(shown, [str(r["name"]) for r in rows], found.borders).draw()
            with card().classes("w-full"):
                Heading(words("What they are worth"))
                for line in [*sentences(found.section), *_notes(found.section)]:
                    ui.label(words.said(line)).classes("sg-text")


def _card(page: Page, row: dict[str, Any], found: _Shown, colour: str) -> None:
    words = page.words
    with card().style(f"border-top: 4px solid {colour}"):
        with ui.row().classes("w-full items-baseline justify-between no-wrap"):
            Heading(str(row["name"])).classes("sg-text")
            ui.label(f"{row['share']:.0%}").classes("sg-soft")
        ui.label(words.people(row["users"])).classes("sg-soft")
        bar(row["share"], f"{row['share']:.0%}")
        sizes = [sizes.get(row["id"]) for _, sizes in found.past]
        if sum(n is not None for n in sizes) > 1:
            said = " → ".join(f"{n:,}" if n is not None else "–" for n in sizes)
            ui.label(words("Over the runs: {sizes}", sizes=said)).classes("text-sm")
        if border := _border(words, row["id"], found):
            ui.label(border).classes("text-sm sg-text")
        if row["words"]:
            ui.label(words("times as common as among all")).classes("sg-soft text-xs w-full text-right")
        with ui.element("ul").classes("w-full p-0 m-0 list-none flex flex-col gap-1"):
            for word in row["words"][:WORDS_SHOWN]:
                with ui.element("li").classes("flex justify-between gap-2 text-sm"):
                    ui.label(str(word["word"])).classes("sg-text")
                    ui.label(f"{word['lift']:.1f}").classes("sg-soft shrink-0")
        if row["id"]:
            address = urlencode({"segment": row["name"]})
            ui.button(
                words("See the people"), icon="groups", on_click=lambda: ui.navigate.to(f"/people?{address}")
            ).props("flat no-caps dense").classes("mt-auto")


def _notes(section: Mapping[str, Any]) -> list[str]:
    """With what they were made from, where the run kept that: one of before did not."""
    kept = section.get("notes_from")
    return list(section.get("notes", [])) if kept is None else [Said.of(note) for note in kept]


def _border(words: Words, segment: int, found: _Shown) -> str:
    """Where a segment's people would be next."""
    next_to = None if found.borders is None else found.borders.next_to(segment)
    if next_to is None:
        return ""
    other, share, lift = next_to
    name = next(str(row["name"]) for row in found.section["segments"] if row["id"] == other)
    if lift is None:
        return words(
            "Borders on {name}: {share} of its people are next nearest to it.", name=name, share=f"{share:.0%}"
        )
    return words(
        "Borders on {name}: {share} of its people are next nearest to it, ties {lift} times chance.",
        name=name,
        share=f"{share:.0%}",
        lift=f"{lift:.1f}",
    )


class _Tables:
    """Segments against segments, in one of several ways."""

    def __init__(self, page: Page, names: list[str], found: Borders) -> None:
        words = self.words = page.words
        self.names = names
        self.ways = {
            "alike": (
                words("Likes"),
                words("Cosine of what their people like: 1 is the same, 0 nothing in common."),
                found.alike,
            ),
            "near": (
                words("Next nearest"),
                words(
                    "Of the people of the row, the share who would be in the column if their own segment were not there."
                ),
                found.near,
            ),
        }
        if found.ties.any():
            self.ways["ties"] = (
                words("Ties"),
                words(
                    "How many times as many ties lead from the row into the column as chance would give: 1 is chance."
                ),
                found.lift,
            )

    def draw(self) -> None:
        """Into the open element."""
        with card().classes("w-full"):
            with ui.row().classes("w-full items-center gap-3"):
                Heading(self.words("What they have in common"))
                ui.space()
                ui.toggle(
                    {way: name for way, (name, _, _) in self.ways.items()}, value="alike", on_change=self._turn
                ).props(f'no-caps dense aria-label="{self.words("What is compared")}"')
            self.said = ui.label().classes("sg-soft text-sm").props('aria-live="polite"')
            self.chart = ui.echart({}).classes("w-full").style(f"height: {120 + 34 * len(self.names)}px")
            self._show("alike")

    def _turn(self, event: Any) -> None:
        self._show(event.value)

    def _show(self, way: str) -> None:
        name, said, table = self.ways[way]
        self.said.text = said
        self.chart.options.clear()
        self.chart.options.update(_heat(self.names, table, percent=way == "near"))
        named(self.chart.props('role="img"'), f"{self.words('What they have in common')}: {name}")
        self.chart.update()


def _heat(names: list[str], table: Any, *, percent: bool) -> dict[str, Any]:
    """Rows upwards on the left, columns at the bottom; a number above 1 is compared with the largest that there is."""
    few, most = len(names) < LABELLED, max(1.0, float(table.max(initial=0)))
    unit, digits = (100.0, 0) if percent else (1.0, 2 if most < ABOVE_ONE else 1)
    cells = [
        [column, row, round(unit * float(table[row, column]), digits)]
        for row in range(len(names))
        for column in range(len(names))
    ]
    shown = [name[:24] for name in names]
    axis = {"type": "category", "data": shown}
    form = "{@[2]} %" if percent else "{@[2]}"
    return {
        "tooltip": TOOLTIP,
        "grid": {"left": 170, "right": 24, "top": 16, "bottom": 88},
        "xAxis": axis | AXIS | {"axisLabel": {"color": INK, "rotate": 25, "hideOverlap": True}},
        "yAxis": axis | AXIS | {"inverse": True},
        "visualMap": {"min": 0, "max": unit * most, "show": False, "inRange": {"color": RAMP}},
        "series": [{"type": "heatmap", "data": cells, "label": {"show": few, "formatter": form, "color": "#fff"}}],
        "animation": False,
    }


def _read() -> _Shown:
    engine = site().engine
    run = engine.live()
    file = run.folder / FILE
    section = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    published = sorted((p for p in engine.published() if p.state in ("live", "superseded")), key=lambda p: p.started_at)
    past = []
    for p in published[-RUNS_SHOWN:]:
        there = engine.home.runs / p.id / FILE
        if there.exists():
            record = json.loads(there.read_text(encoding="utf-8"))
            past.append((p.id, {s["id"]: s["users"] for s in record["segments"]}))
    ids = [s["id"] for s in section.get("segments") or []]
    found = site().kept("borders", (run.id, tuple(ids)), lambda: engine.borders(ids)) if ids else None
    return _Shown(section, past, found)
