"""Runs: how good each is, two side by side, how far its probabilities can be trusted, and going back to one."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from nicegui import ui

from sociogram.errors import SociogramError
from sociogram.explorer.charts import COLOURS, axes, line
from sociogram.explorer.modes import modes
from sociogram.explorer.shell import Heading, Page, card, title
from sociogram.explorer.site import site
from sociogram.explorer.table import cell, head
from sociogram.graph.publish_runs import PublishedRun
from sociogram.report.words import decimal

NARROW = "max-sm:hidden"  # columns for which a phone has no room
NOT_SHOWN = ("choice", "mode")


async def page(request: Request, run: str = "", other: str = "") -> None:
    """The page; `run` is looked at, `other` beside it."""
    shown = Page(request, "/runs")
    with shown.body:
        title(
            shown.words("Runs"), shown.words("Each time profiles were learned: how good they are, and which are live.")
        )
        if await shown.live() is not None:
            await _View(shown, run, other).open()


class _View:
    def __init__(self, page: Page, run: str, other: str) -> None:
        self.page, self.words, self.run, self.other = page, page.words, run, other
        self.all: list[dict[str, Any]] = []

    async def open(self) -> None:
        self.list = ui.column().classes("w-full gap-2")
        self.detail = ui.column().classes("w-full gap-4")
        await self.refresh()

    async def refresh(self) -> None:
        """Read the runs anew."""
        words = self.words
        async with self.page.work(self.list):
            self.all = await self.page.answer(_runs)
            ids = [r["id"] for r in self.all]
            self.run = (
                self.run if self.run in ids else next((r["id"] for r in self.all if r["state"] == "live"), ids[0])
            )
            self.other = self.other if self.other in ids else ""
            with (
                ui.card().classes("w-full overflow-x-auto sg-card p-1"),
                ui.element("table").classes("sg-whole w-full text-left border-collapse"),
            ):
                head([words(t) for t in ("Run", "State", "Mode", "Published", "Quality", "")], ["", "", NARROW, NARROW])
                with ui.element("tbody"):
                    for row in self.all:
                        self._row(row)
        await self.show()

    def _row(self, row: dict[str, Any]) -> None:
        words, live = self.words, row["state"] == "live"
        with ui.element("tr").classes("sg-row"):
            with cell():
                ui.button(row["id"], on_click=lambda: self._look(row["id"])).props("flat dense no-caps").classes(
                    "text-weight-bold" if row["id"] == self.run else ""
                )
            with cell():
                ui.badge(words(row["state"]), color="secondary" if live else "grey").props("" if live else "outline")
            published = words.when(row["finished"] or row["started"])
            for value, narrow in ((row["mode"], NARROW), (published, NARROW), (_quality(row["metrics"]), "")):
                with cell().classes(narrow):
                    ui.label(str(value))
            with cell():
                if row["state"] == "superseded" and row["here"] and self.page.who.may("admin"):
                    ui.button(words("Roll back to it"), icon="undo", on_click=lambda: self._ask(row["id"])).props(
                        "outline dense no-caps size=sm"
                    )

    async def _look(self, run: str) -> None:
        self.run = run
        await self.refresh()

    async def _beside(self, event: Any) -> None:
        self.other = event.value or ""
        await self.show()

    async def show(self) -> None:
        """One run, and another beside it."""
        words = self.words
        self.page.keep(run=self.run, other=self.other)
        async with self.page.work(self.detail):
            reports = await self.page.answer(_reports, [r for r in (self.run, self.other) if r])
            metrics = {r["id"]: r["metrics"] for r in self.all}
            with ui.row().classes("w-full items-center gap-3"):
                Heading(self.run)
                others = [r["id"] for r in self.all if r["id"] != self.run]
                if others:
                    ui.select(
                        others,
                        value=self.other or None,
                        label=words("Compare with"),
                        clearable=True,
                        on_change=self._beside,
                    ).props("outlined dense").classes("w-48")
            with (
                ui.element("div")
                .classes("w-full grid gap-4 items-start")
                .style("grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr))")
            ):
                self._figures(metrics)
                modes(words, self.run, reports[self.run], metrics.get(self.run, {}).get("choice"))
                self._calibration(reports)
                self._curves(reports)

    def _figures(self, metrics: Mapping[str, Mapping[str, Any]]) -> None:
        words = self.words
        mine, theirs = metrics.get(self.run, {}), metrics.get(self.other, {})
        names = [n for n in dict.fromkeys([*mine, *theirs]) if n not in NOT_SHOWN]
        with card():
            Heading(words("Figures"))
            if not names:
                ui.label(words("This run kept no figures.")).classes("sg-soft")
                return
            with ui.element("table").classes("w-full text-left border-collapse"):
                head([words("Figure"), self.run, *([self.other, words("Difference")] if self.other else [])])
                with ui.element("tbody"):
                    for name in names:
                        a, b = mine.get(name), theirs.get(name)
                        cells = [words(name), decimal(a), *([decimal(b), _difference(a, b)] if self.other else [])]
                        with ui.element("tr").classes("sg-row"):
                            for value in cells:
                                with cell():
                                    ui.label(value)

    def _calibration(self, reports: Mapping[str, Mapping[str, Any]]) -> None:
        words = self.words
        options = axes(words("said probability"), words("came true"), (0, 1))
        ideal = line(words("perfect"), [(0, 0), (1, 1)], lineStyle={"type": "dashed"}, color="#8a949f", symbol="none")
        series = [ideal]
        for i, (run, report) in enumerate(reports.items()):
            bins = (report.get("tags") or {}).get("reliability") or []
            points = [
                (round(b["predicted"], 3), round(b["observed"], 3))
                for b in bins
                if b.get("predicted") is not None and b.get("observed") is not None
            ]
            if points:
                series.append(line(run, points, color=COLOURS[i]))
        with card():
            Heading(words("Calibration"))
            if len(series) == 1:
                ui.label(words("There were too few tags to measure it.")).classes("sg-soft")
                return
            options["series"] = series
            ui.echart(options).classes("w-full h-80").props(f'role="img" aria-label="{words("Calibration")}"')
            ui.label(words("On the dashed line, of all tags said with .7, seven of ten are true.")).classes(
                "sg-soft text-sm"
            )

    def _curves(self, reports: Mapping[str, Mapping[str, Any]]) -> None:
        words = self.words
        series = []
        for i, (run, report) in enumerate(reports.items()):
            rows = [
                (r["step"], r["loss"])
                for r in report.get("curves") or []
                if r.get("loss") is not None and r.get("step") is not None
            ]
            if rows:
                series.append(line(run, rows, color=COLOURS[i]))
        if not series:
            return
        with card():
            Heading(words("How it learned"))
            options = axes(words("step"), words("loss"))
            options["series"] = series
            ui.echart(options).classes("w-full h-80").props(f'role="img" aria-label="{words("How it learned")}"')

    async def _ask(self, run: str) -> None:
        words = self.words
        with self.page.body, ui.dialog() as dialog, ui.card().classes("w-96 max-w-full"):
            Heading(words("Roll back to {run}?", run=run))
            ui.label(
                words(
                    "Its profiles become the live ones for everybody, in one transaction. You can roll forward again."
                )
            ).classes("sg-text")
            with ui.row().classes("w-full justify-end"):
                ui.button(words("Cancel"), on_click=lambda: dialog.submit(False)).props("flat no-caps autofocus")
                ui.button(words("Roll back"), on_click=lambda: dialog.submit(True)).props("no-caps color=negative")
        sure = await dialog
        dialog.delete()
        if not sure:
            return
        if not self.page.may("admin"):
            self.page.say(words("Your key may not do that."), "negative")
            return
        with self.page.body:
            waiting = ui.notification(words("Publishing {run} …", run=run), spinner=True, timeout=None)
        try:
            written = await self.page.answer(site().engine.rollback, run)
            self.page.say(words("{n} profiles of {run} are live.", n=f"{written.nodes:,}", run=run))
            self.run = run
        except SociogramError as error:
            self.page.say(words.said(error), "negative")
        finally:
            waiting.dismiss()
        await self.refresh()


def _quality(metrics: Mapping[str, Any]) -> str:
    value = metrics.get("tags map")
    return "–" if value is None else f"mAP {decimal(value)}"


def _difference(a: Any, b: Any) -> str:
    return f"{a - b:+.3f}" if isinstance(a, int | float) and isinstance(b, int | float) else "–"


def _runs() -> list[dict[str, Any]]:
    engine = site().engine
    published: list[PublishedRun] = engine.published()
    return [
        {
            "id": p.id,
            "state": p.state,
            "mode": p.mode,
            "started": p.started_at,
            "finished": p.finished_at,
            "metrics": p.metrics,
            "here": p.id in engine.runs,
        }
        for p in published
    ]


def _reports(runs: list[str]) -> dict[str, dict[str, Any]]:
    engine = site().engine
    found = {}
    for run in runs:
        there = (engine.home.runs / run / "report.json").exists()
        found[run] = engine.runs.get(run).report if there else {}
    return found
