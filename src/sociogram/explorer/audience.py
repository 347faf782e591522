"""Audiences in the pages: the list, saving one, taking it along as CSV or Cypher."""

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from sociogram.audiences import Audience
from sociogram.errors import SociogramError
from sociogram.explorer.shell import Heading, Page
from sociogram.explorer.site import site


async def audience_list(page: Page, where: ui.element) -> None:
    """All that are saved, each with its exports."""
    words = page.words
    async with page.work(where):
        found: list[Audience] = await page.answer(site().engine.audiences.all)
        if not found:
            return
        Heading(words("Audiences"))
        for audience in found:
            with ui.row().classes("w-full items-center no-wrap gap-1"):
                with ui.column().classes("gap-0 grow min-w-0"):
                    ui.label(audience.name).classes("sg-text")
                    ui.label(words.people(len(audience.users))).classes("sg-soft text-xs")
                with (
                    ui.button(icon="more_vert").props(f'flat round dense aria-label="{words("Take along")}"'),
                    ui.menu(),
                ):
                    ui.menu_item("CSV", on_click=lambda a=audience: _take(page, a, "csv"))
                    ui.menu_item("Cypher", on_click=lambda a=audience: _take(page, a, "cypher"))
                    if page.who.may("write"):
                        ui.separator()
                        ui.menu_item(words("Remove"), on_click=lambda a=audience: _remove(page, where, a))


async def _take(page: Page, audience: Audience, form: str) -> None:
    try:
        engine = site().engine
        if form == "csv":
            people = {p.id: p.name for p in await page.answer(engine.people_of, audience.users)}
            text = audience.csv([people.get(key, "") for key in audience.users])
        else:
            text = audience.cypher(await page.answer(lambda: engine.mapping))
    except SociogramError as error:
        page.say(page.words.said(error), "negative")
        return
    name = "".join(c if c.isalnum() else "-" for c in audience.name).strip("-") or "audience"
    ui.download.content(text, f"{name}.{form}", "text/csv" if form == "csv" else "text/plain")


async def _remove(page: Page, where: ui.element, audience: Audience) -> None:
    if not page.may("write"):
        page.say(page.words("Your key may not do that."), "negative")
        return
    try:
        await page.answer(site().engine.audiences.remove, audience.name)
    except SociogramError as error:
        page.say(page.words.said(error), "negative")
    await audience_list(page, where)


async def save_dialog(
    page: Page, listed: ui.element | None, count: int, users: Sequence[Any] | None = None, **asked: Any
) -> None:
    """Asks for a name and saves whom `asked` finds (or `users`) under it."""
    words = page.words
    with page.body, ui.dialog() as dialog, ui.card().classes("w-96 max-w-full"):
        Heading(words("Save as audience"))
        ui.label(words.people(count)).classes("sg-soft")
        name = ui.input(words("Name")).props("outlined autofocus maxlength=80").classes("w-full")
        name.on("keydown.enter", lambda: dialog.submit(True))
        with ui.row().classes("w-full justify-end"):
            ui.button(words("Cancel"), on_click=lambda: dialog.submit(False)).props("flat no-caps")
            ui.button(words("Save"), on_click=lambda: dialog.submit(True)).props("no-caps")
    if not await dialog:
        dialog.delete()
        return
    called = name.value or ""
    dialog.delete()
    if not page.may("write"):
        page.say(words("Your key may not do that."), "negative")
        return
    try:
        made = await page.answer(site().engine.save_audience, called, users, **asked)
        page.say(words("Saved: {name}, {people}", name=made.name, people=words.people(len(made.users))))
    except SociogramError as error:
        page.say(page.words.said(error), "negative")
    if listed is not None:
        await audience_list(page, listed)
