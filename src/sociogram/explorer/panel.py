"""Work in the background as a page shows it: stages, the curve, what was rejected, how it ended."""

from typing import Any

from nicegui import ui

from sociogram.explorer.charts import COLOURS, axes, line
from sociogram.explorer.jobs import Job
from sociogram.explorer.shell import Heading, Page, bar, card
from sociogram.explorer.site import site
from sociogram.explorer.table import cell, stacked

EVERY_S = 0.4


def panel(page: Page, where: ui.element) -> None:
    """The site's job, followed until it ends."""
    words = page.words
    with where, card().classes("w-full"):
        with ui.row().classes("w-full items-center gap-3"):
            state = Heading("")
            ui.space()
            stop = ui.button(words("Stop"), icon="stop", on_click=lambda: _stop(page)).props(
                "outline no-caps color=negative"
            )
        stages = ui.column().classes("w-full gap-1").props('aria-live="polite"')
        chart = ui.echart(_curve(page, None)).classes("w-full h-56")
        chart.set_visibility(False)
        end = ui.column().classes("w-full gap-2")

    def draw() -> None:
        job = site().job
        if job is None:
            return
        named = {
            "running": words("Working …"),
            "done": words("Done"),
            "failed": words("That did not work."),
            "stopped": words("Stopped"),
        }
        state.set_text(words("Stopping …") if job.stopping and job.state == "running" else named[job.state])
        stop.set_visibility(job.state == "running" and not job.stopping)
        stages.clear()
        with stages:
            _stages(page, job)
        if job.curve:
            chart.set_visibility(True)
            chart.options["series"] = _curve(page, job)["series"]
            chart.update()
        if job.state != "running":
            clock.cancel()
            with end:
                _end(page, job)

    with where:
        clock = ui.timer(EVERY_S, draw)


def _stop(page: Page) -> None:
    job = site().job
    if job is not None and page.may("admin"):
        job.stop()


def _stages(page: Page, job: Job) -> None:
    for shown in list(job.stages)[-8:]:
        with ui.row().classes("w-full items-center no-wrap gap-3"):
            ui.label(page.words(shown.name)).classes("w-40 shrink-0 truncate")
            with ui.element("div").classes("grow"):
                share = 1.0 if shown.ended else shown.share
                if share is None:
                    ui.linear_progress(show_value=False).props("indeterminate rounded size=8px")
                else:
                    bar(share, f"{shown.name} {share:.0%}")
            ui.label(f"{shown.seconds:.0f} s").classes("sg-soft text-xs w-12 text-right shrink-0")
            ui.label(shown.note).classes("sg-soft text-xs truncate w-1/3 max-sm:hidden")
    for said in job.lines[-6:]:
        ui.label(said).classes("sg-soft text-sm sg-text")


def _curve(page: Page, job: Job | None) -> dict[str, Any]:
    options = axes(page.words("step"), "")
    curve = dict(job.curve) if job is not None else {}
    options["series"] = [
        line(page.words(name), points, color=COLOURS[i], showSymbol=False)
        for i, (name, points) in enumerate(curve.items())
    ]
    return options


def _end(page: Page, job: Job) -> None:
    words = page.words
    if job.error:
        with ui.row().classes("items-start no-wrap gap-2").props('role="alert"'):
            ui.icon("error_outline", color="warning", size="sm").props('aria-hidden="true"')
            ui.label(words.said(job.error)).classes("sg-text whitespace-pre-line")
    if job.state == "stopped":
        ui.label(
            words("What was learned so far is kept: begin again with the same choices, and it goes on from there.")
        ).classes("sg-soft")
    if job.rejected:
        with (
            ui.expansion(words("Rejected rows: {n}", n=len(job.rejected))).classes("w-full"),
            stacked([words(h) for h in ("File", "Line", "Column", "Why", "Row")]),
        ):
            for row in job.rejected:
                with ui.element("tr").classes("sg-row"):
                    for name in ("file", "line", "column", "reason", "row"):
                        with cell():
                            ui.label(row[name]).classes("text-sm")
    if job.state == "done":
        ui.label(words("{n} profiles are published.", n=job.result.get("profiles", "0")))
        ui.button(words("See the people"), icon="groups", on_click=lambda: ui.navigate.to("/people")).props("no-caps")
