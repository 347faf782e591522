"""Which ways of training a run tried, how good each was on validation, and what was kept."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from sociogram.explorer.shell import Heading, card
from sociogram.explorer.table import cell, head
from sociogram.explorer.words import Words
from sociogram.report.words import decimal


def modes(words: Words, run: str, report: Mapping[str, Any], choice: str | None) -> None:
    """A table where several were tried; otherwise what was said of the choice, where anything was."""
    found = report.get("modes") or {}
    tried = found.get("candidates") or []
    if len(tried) < 2 and choice in (None, "", f"mode {found.get('kept')}"):  # nothing was chosen
        return
    with card():
        Heading(words("Ways of training"))
        if len(tried) < 2:
            ui.label(str(choice)).classes("sg-text")
            return
        with ui.element("div").classes("w-full overflow-x-auto"), ui.element("table").classes("w-full border-collapse"):
            head([words(t) for t in ("Mode", "Validation mAP", "Over frozen, 95 %", "Seconds")])
            with ui.element("tbody"):
                for row in tried:
                    _row(row, row["name"] == report["modes"]["kept"], words)
        ui.label(
            words("{run} keeps the one with the check mark: it is the best on users whose tags were hidden.", run=run)
        ).classes("sg-soft text-sm")


def _row(row: Mapping[str, Any], kept: bool, words: Words) -> None:
    with ui.element("tr").classes("sg-row"):
        with cell(), ui.row().classes("items-center gap-1 no-wrap whitespace-nowrap"):
            ui.label(row["name"]).classes("text-weight-bold" if kept else "")
            if kept:
                ui.icon("check").props(f'role="img" aria-label="{words("kept")}"')
        if "skipped" in row:
            with cell().props("colspan=3"):
                ui.label(f"{words('skipped')}: {row['skipped']}").classes("sg-soft")
            return
        with cell():
            ui.label(decimal(row.get("validation_map")))
        with cell().classes("whitespace-nowrap"):
            ui.label(f"{row['difference']:+.3f}" if "difference" in row else "–")
            if "difference" in row:
                ui.label(f"{row['low']:+.3f} … {row['high']:+.3f}").classes("sg-soft text-xs")
        with cell().classes("whitespace-nowrap"):
            ui.label(f"{row['seconds']:,.0f}")
