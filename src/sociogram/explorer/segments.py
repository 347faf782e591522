"""Segments: what sets each apart, how large it is and was, and how alike they are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
from fastapi import Request
from nicegui import ui

from sociogram.explorer.charts import AXIS, COLOURS, INK, TOOLTIP
from sociogram.explorer.shell import Heading, Page, bar, card, title
from sociogram.explorer.site import site
from sociogram.queries.segments.compare import alike
from sociogram.queries.segments.segments import FILE
from sociogram.report.groups import sentences
from sociogram.said import Said

WORDS_SHOWN = 8
RUNS_SHOWN = 12  # of the trend


@dataclass(frozen=True)
class _Shown:
    section: dict[str, Any]
    past: list[tuple[str, dict[int, int]]]  # run, users by segment; oldest first
    alike: Any  # [segments, segments]


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
                    _card(shown, row, found.past, COLOURS[i % len(COLOURS)])
            with card().classes("w-full"):
                Heading(words("What they have in common"))
                ui.label(words("Cosine of what their people like: 1 is the same, 0 nothing in common.")).classes(
                    "sg-soft text-sm"
                )
                ui.echart(_heat([str(r["name"]) for r in rows], found.alike)).classes("w-full").style(
                    f"height: {120 + 34 * len(rows)}px"
                )
            with card().classes("w-full"):
                Heading(words("What they are worth"))
                for line in [*sentences(found.section), *_notes(found.section)]:
                    ui.label(words.said(line)).classes("sg-text")


def _card(page: Page, row: dict[str, Any], past: list[tuple[str, dict[int, int]]], colour: str) -> None:
    words = page.words
    with card().style(f"border-top: 4px solid {colour}"):
        with ui.row().classes("w-full items-baseline justify-between no-wrap"):
            Heading(str(row["name"])).classes("sg-text")
            ui.label(f"{row['share']:.0%}").classes("sg-soft")
        ui.label(words.people(row["users"])).classes("sg-soft")
        bar(row["share"], f"{row['share']:.0%}")
        sizes = [(run, found.get(row["id"])) for run, found in past]
        if sum(n is not None for _, n in sizes) > 1:
            said = " → ".join(f"{n:,}" if n is not None else "–" for _, n in sizes)
            ui.label(words("Over the runs: {sizes}", sizes=said)).classes("text-sm")
        with ui.element("ul").classes("w-full p-0 m-0 list-none flex flex-col gap-1"):
            for word in row["words"][:WORDS_SHOWN]:
                with ui.element("li").classes("flex justify-between gap-2 text-sm"):
                    ui.label(str(word["word"])).classes("sg-text")
                    ui.label(words("{lift} times as common", lift=f"{word['lift']:.1f}")).classes("sg-soft shrink-0")
        if row["id"]:
            address = urlencode({"segment": row["name"]})
            ui.button(
                words("See the people"), icon="groups", on_click=lambda: ui.navigate.to(f"/people?{address}")
            ).props("flat no-caps dense")


def _notes(section: Mapping[str, Any]) -> list[str]:
    """With what they were made from, where the run kept that: one of before did not."""
    kept = section.get("notes_from")
    return list(section.get("notes", [])) if kept is None else [Said.of(note) for note in kept]


def _heat(names: list[str], table: Any) -> dict[str, Any]:
    cells = [[i, j, round(float(table[i][j]), 2)] for i in range(len(names)) for j in range(len(names))]
    shown = [name[:24] for name in names]
    axis = {"type": "category", "data": shown, "splitArea": {"show": True}}
    return {
        "tooltip": TOOLTIP,
        "grid": {"left": 170, "right": 24, "top": 16, "bottom": 88},
        "xAxis": axis | AXIS | {"axisLabel": {"color": INK, "rotate": 25, "hideOverlap": True}},
        "yAxis": axis | AXIS,
        "visualMap": {"min": 0, "max": 1, "show": False, "inRange": {"color": ["#e8eef5", "#1f6fb2"]}},
        "series": [{"type": "heatmap", "data": cells, "label": {"show": len(names) < 16}}],
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
    return _Shown(section, past, alike(run.profiles, ids) if ids else np.zeros((0, 0)))
