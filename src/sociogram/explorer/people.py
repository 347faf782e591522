"""People: found by name or in words, narrowed by tag, segment and attribute, saved as an audience."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Query, Request
from nicegui import ui

from sociogram.errors import SociogramError
from sociogram.explorer.asked import Asked
from sociogram.explorer.audience import audience_list, save_dialog
from sociogram.explorer.shell import Page, bar, card, title
from sociogram.explorer.site import PREFIX, site
from sociogram.queries.people import Facet, Person

SHOWN = 24  # of a page
WORDS_MOST = 96  # nearest to a description
FIRST = 8  # values of a facet that are shown unasked
Many = Annotated[Sequence[str], Query()]


async def page(
    request: Request,
    q: str = "",
    how: str = "name",
    tag: Many = (),
    segment: Many = (),
    has: Many = (),
    view: str = "cards",
    at: int = 0,
) -> None:
    """The page."""
    shown = Page(request, "/people")
    asked = Asked(
        q[:500],
        "words" if how == "words" else "name",
        list(tag[:20]),
        list(segment[:20]),
        list(has[:20]),
        view,
        max(0, at),
    )
    with shown.body:
        title(shown.words("People"), shown.words("Search by name, or describe in words whom you look for."))
        if await shown.live() is not None:
            await _View(shown, asked).open()


class _View:
    def __init__(self, page: Page, asked: Asked) -> None:
        self.page, self.asked, self.words = page, asked, page.words
        self.found: list[tuple[Person, str]] = []
        self.total, self.asking, self.note = 0, 0, ""

    async def open(self) -> None:
        words = self.words
        with ui.row().classes("w-full items-center gap-2"):
            self.box = ui.input(placeholder=self._hint(), value=self.asked.q, on_change=self._typed)
            self.box.props(
                f'outlined dense clearable debounce=150 aria-label="{words("Search")}" type="search"'
            ).classes("grow min-w-[12rem]")
            with self.box.add_slot("prepend"):
                ui.icon("search").props('aria-hidden="true"')
            how = {"name": words("By name"), "words": words("In words")}
            ui.toggle(how, value=self.asked.how, on_change=self._how).props(
                f'no-caps aria-label="{words("How to search")}"'
            )
        with ui.row().classes("w-full items-start gap-4 no-wrap max-md:flex-wrap"):
            ui.button(words("Filters"), icon="tune", on_click=self._filters).classes("sg-narrow").props(
                "outline no-caps dense"
            )
            self.panel = ui.column().classes("sg-side w-64 max-md:w-full shrink-0 gap-3")
            with self.panel:
                self.side = ui.column().classes("w-full gap-2")
                self.audiences = ui.column().classes("w-full gap-2")
            self.main = ui.column().classes("grow min-w-0 gap-3")
        await audience_list(self.page, self.audiences)
        await self.refresh()

    def _filters(self) -> None:
        """On a phone they are out of the way until asked for."""
        self.panel.classes(toggle="sg-open")

    def _hint(self) -> str:
        return self.words("weekend climbers who bake") if self.asked.how == "words" else self.words("A name or a key")

    async def _typed(self) -> None:
        self.asked.q, self.asked.at = (self.box.value or "")[:500], 0
        await self.refresh()

    async def _how(self, event: Any) -> None:
        self.asked.how, self.asked.at = event.value, 0
        self.box.props(f'placeholder="{self._hint()}"')
        await self.refresh()

    async def _flip(self, kind: str, value: str) -> None:
        self.asked.flip(kind, value)
        await self.refresh()
        again = json.dumps(f"{kind}={value}")  # the boxes were drawn anew: whoever goes by keyboard goes on from there
        self.page.client.run_javascript(
            f"[...document.querySelectorAll('[data-facet]')].find((e) => e.dataset.facet === {again})?.focus({{preventScroll: true}})"
        )

    async def _go(self, at: int) -> None:
        self.asked.at = max(0, at)
        await self.refresh()

    async def _look(self, event: Any) -> None:
        self.asked.view = event.value
        self.page.keep(**self.asked.address())
        self._results()

    async def refresh(self) -> None:
        """Ask anew, and show people first and the counts when they come."""
        self.page.keep(**self.asked.address())
        self.asking += 1
        mine, answered = self.asking, False
        async with self.page.work(self.main):
            found, total = await self._find()
            answered = mine == self.asking  # else something else has been asked for meanwhile
            if answered:
                self.found, self.total = found, total
                self._results()
        if answered:
            await self._count()

    async def _find(self) -> tuple[list[tuple[Person, str]], int]:
        engine, where, at, self.note = site().engine, self.asked.where(), self.asked.at, ""
        if not self.asked.described:
            people = await self.page.answer(engine.people, self.asked.q, where, k=SHOWN, skip=at)
            return [(p, "") for p in people], people.total
        near = await self.page.answer(engine.similar, text=self.asked.q, k=WORDS_MOST, where=where)
        self.note = self.words.said(near.note or "")
        reasons = {row.id: f"{row.cosine:.2f} · {self.words.said(row.reasons)}" for row in near}
        shown = await self.page.answer(engine.people_of, [row.id for row in near][at : at + SHOWN])
        return [(p, reasons[p.id]) for p in shown], len(near)

    async def _count(self) -> None:
        name = "" if self.asked.described else self.asked.q
        with suppress(SociogramError):  # it has been told beside the people
            counted = await self.page.answer(site().engine.people, name, self.asked.where(), k=1, facets=True)
            self._facets(counted.facets)

    def _facets(self, facets: Mapping[str, list[Facet]]) -> None:
        self.side.clear()
        called = {"tag": self.words("Tags"), "segment": self.words("Segments")}
        with self.side:
            for kind, values in facets.items():
                with (
                    ui.expansion(called.get(kind, kind), value=kind in called or len(facets) < 5)
                    .classes("w-full sg-card")
                    .props("dense header-class=text-weight-medium")
                ):
                    self._values(kind, values)

    def _values(self, kind: str, values: list[Facet]) -> None:
        chosen = [v for v in values if self.asked.chosen(kind, str(v.value))]
        rest = [v for v in values if v not in chosen]
        shown = [*chosen, *rest[: max(0, FIRST - len(chosen))]]
        with ui.column().classes("w-full gap-0"):
            for entry in shown:
                self._value(kind, entry)
            if len(values) > len(shown):
                hidden = [v for v in rest if v not in shown]
                more = ui.column().classes("w-full gap-0")
                more.set_visibility(False)
                with more:
                    for entry in hidden:
                        self._value(kind, entry)
                button = ui.button(self.words("{n} more", n=len(hidden))).props("flat dense no-caps size=sm")
                button.on_click(lambda: (more.set_visibility(True), button.set_visibility(False)))

    def _value(self, kind: str, entry: Facet) -> None:
        value = str(entry.value)
        with ui.row().classes("w-full items-center justify-between no-wrap gap-1"):
            box = ui.checkbox(
                value, value=self.asked.chosen(kind, value), on_change=lambda: self._flip(kind, value)
            ).props("dense size=sm").classes("sg-text min-w-0")  # fmt: skip
            box.props["data-facet"] = f"{kind}={value}"
            ui.label(f"{entry.users:,}").classes("sg-soft text-xs shrink-0")

    def _counted(self) -> str:
        if self.asked.described:
            return self.words("The {n} nearest", n=f"{self.total:,}")
        return self.words.people(self.total)

    def _results(self) -> None:
        words = self.words
        self.main.clear()
        with self.main:
            with ui.row().classes("w-full items-center gap-2"):
                ui.label(self._counted()).classes("text-weight-medium").props('aria-live="polite"')
                ui.space()
                views = {"cards": words("Cards"), "table": words("Table")}
                ui.toggle(
                    views, value=self.asked.view if self.asked.view in views else "cards", on_change=self._look
                ).props("no-caps dense size=sm")
                if self.found and self.page.who.may("write"):
                    ui.button(words("Save as audience"), icon="bookmark_add", on_click=self._save).props(
                        "no-caps dense outline"
                    )
            if not self.found:
                hint = self.note or words("Take a filter away, or describe them in other words.")
                self.page.nothing(words("Nobody fits."), hint)
            elif self.asked.view == "table":
                self._table()
            else:
                with (
                    ui.element("ul")
                    .classes("w-full grid gap-3 p-0 m-0 list-none")
                    .style("grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr))")
                ):
                    for person, why in self.found:
                        _card(person, why, words)
            self._pages()

    def _table(self) -> None:
        words = self.words
        columns = [
            {"name": n, "label": words(label), "field": n, "align": "left", "sortable": True}
            for n, label in (
                ("id", "Identifier"),
                ("name", "Name"),
                ("tags", "Tags"),
                ("segment", "Segment"),
                ("influence", "Influence"),
                ("why", "Why"),
            )
            if n != "why" or self.asked.described
        ]
        rows = [
            {
                "id": str(p.id),
                "name": p.name,
                "tags": ", ".join(p.tags),
                "segment": p.segment or "",
                "influence": "" if p.influence is None else f"{p.influence:.2f}",
                "why": why,
                "to": PREFIX + person_path(p.id),
            }
            for p, why in self.found
        ]
        table = ui.table(rows=rows, columns=columns, row_key="id").classes("w-full sg-card").props("flat wrap-cells")
        # a binding and braces of Vue: text, whatever it holds
        table.add_slot(
            "body-cell-name",
            '<q-td :props="props"><a class="sg-link" :href="props.row.to">{{ props.value }}</a></q-td>',
        )

    def _pages(self) -> None:
        if self.total <= SHOWN:
            return
        at, words = self.asked.at, self.words
        with ui.row().classes("w-full items-center justify-center gap-3"):
            back = ui.button(icon="chevron_left", on_click=lambda: self._go(at - SHOWN)).props(
                f'flat round aria-label="{words("Before")}"'
            )
            back.set_enabled(at > 0)
            ui.label(f"{at + 1:,} – {min(at + SHOWN, self.total):,}").classes("sg-soft")
            on = ui.button(icon="chevron_right", on_click=lambda: self._go(at + SHOWN)).props(
                f'flat round aria-label="{words("Next")}"'
            )
            on.set_enabled(at + SHOWN < self.total)

    async def _save(self) -> None:
        asked = (
            {"text": self.asked.q, "k": min(self.total, WORDS_MOST)}
            if self.asked.described
            else {"called": self.asked.q}
        )
        await save_dialog(self.page, self.audiences, self.total, where=self.asked.where(), **asked)


def person_path(key: Any) -> str:
    """The address of a person's page."""
    return f"/person/{quote(str(key), safe='')}"


def _card(person: Person, why: str, words: Any) -> None:
    with ui.element("li"), card().classes("w-full h-full"):
        ui.link(person.name, person_path(person.id)).classes("text-weight-bold sg-link sg-text")
        with ui.row().classes("items-center gap-2"):
            if str(person.id) != person.name:
                ui.label(str(person.id)).classes("sg-soft text-xs")
            if person.segment:
                ui.badge(person.segment, color="secondary").props("outline").classes("sg-text")
        if person.text:
            ui.label(person.text).classes("text-sm sg-text line-clamp-3")
        for tag, score in list(zip(person.tags, person.scores, strict=False))[:3]:
            with ui.row().classes("w-full items-center no-wrap gap-2"):
                ui.label(tag).classes("text-sm w-2/5 truncate")
                with ui.element("div").classes("grow"):
                    bar(score, f"{tag} {score:.0%}")
                ui.label(f"{score:.2f}").classes("sg-soft text-xs")
        if why:
            ui.label(why).classes("sg-soft text-xs sg-text")
