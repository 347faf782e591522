"""What was understood of files, as tables in which kinds and roles can be changed."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any, get_args

from nicegui import ui

from sociogram.explorer.shell import named
from sociogram.explorer.table import cell, stacked
from sociogram.explorer.words import Words
from sociogram.loaders.columns import Kind, Role

Change = Callable[[str, str, str], Any]


def files(words: Words, plan: Sequence[dict[str, str]], kind: Callable[[str, Kind], Any], role: Change) -> None:
    """A table a file: `kind` is told a file and its new kind, `role` a kind, a column and its new role."""
    for file, rows in groupby(plan, key=lambda row: row["file"]):
        _file(words, file, [*rows], kind, role)


def _file(
    words: Words, file: str, rows: Sequence[dict[str, str]], kind: Callable[[str, Kind], Any], role: Change
) -> None:
    with ui.row().classes("w-full items-center gap-3"):
        ui.label(file).classes("text-weight-medium font-mono sg-text")
        holds = ui.select(
            {one: words(one) for one in get_args(Kind)}, value=rows[0]["table"], label=words("Kind"), on_change=lambda e: kind(file, e.value)
        )  # fmt: skip
        named(holds.props("dense outlined options-dense").classes("w-36"), f"{words('Kind')}: {file}")
    with stacked([words(h) for h in ("Column", "Taken for", "Property")], ("34%", "12rem")):
        for row in rows:
            with ui.element("tr").classes("sg-row"):
                with cell():
                    ui.label(row["column"] or words("(no name)")).classes("font-mono text-sm")
                with cell():
                    taken = ui.select(
                        {one: words(one) for one in get_args(Role)}, value=row["role"],
                        on_change=lambda e, r=row: role(r["table"], r["column"], e.value),
                    )  # fmt: skip
                    named(taken.props("dense outlined options-dense").classes("w-36"), row["column"])
                with cell():
                    ui.label(row["property"]).classes("sg-soft")


def lacks(words: Words, lacking: Sequence[tuple[str, Kind, Role]]) -> None:
    """What somebody has to say before these files can be loaded."""
    for file, kind, role in lacking:
        said = words("{file} has no column taken for {role}, which {kind} need. Choose it below.", file=file, role=words(role), kind=words(kind))  # fmt: skip
        with ui.row().classes("items-center gap-2 no-wrap").props('role="alert"'):
            ui.icon("error_outline", color="warning")
            ui.label(said).classes("sg-text")
