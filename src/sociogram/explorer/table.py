"""Tables of the pages: column names, some of which may be left out on phones, and cells."""

from collections.abc import Sequence
from itertools import zip_longest

from nicegui import ui


def head(names: Sequence[str], classes: Sequence[str] = (), widths: Sequence[str] = ()) -> None:
    """The row of column names, with further classes and the width of each."""
    with ui.element("thead"), ui.element("tr"):
        for name, own, width in zip_longest(names, classes, widths, fillvalue=""):
            with ui.element("th").props('scope="col"') as made:
                made.classes(f"p-2 text-left sg-soft text-weight-medium {own}")
                ui.label(name)
            if width:
                made.style(f"width: {width}")


def cell() -> ui.element:
    """One cell of the row that is open."""
    return ui.element("td").classes("p-2 align-middle sg-text")


def stacked(names: Sequence[str], widths: Sequence[str] = ()) -> ui.element:
    """A table whose cells stand below one another on phones; rows go into what is returned. Fixed `widths` make several tables line up."""
    fixed = "table-fixed sm:min-w-[40rem]" if widths else ""
    with (
        ui.element("div").classes("w-full overflow-x-auto"),
        ui.element("table").classes(f"sg-stacked w-full border-collapse {fixed}"),
    ):
        head(names, widths=widths)
        return ui.element("tbody")
