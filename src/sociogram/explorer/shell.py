"""The frame around every page: header, navigation, theme, language, and how waiting, emptiness and errors look."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import Request
from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from sociogram.errors import DatabaseUnavailable, SociogramError
from sociogram.explorer.site import PREFIX, Who, ask, site
from sociogram.explorer.words import Words, language_of
from sociogram.graph.publish_runs import live_run
from sociogram.server.keys import Scope

PAGES = (  # path, name, icon
    ("/people", "People", "groups"),
    ("/map", "Map", "scatter_plot"),
    ("/influence", "Influence", "hub"),
    ("/segments", "Segments", "donut_small"),
    ("/runs", "Runs", "history"),
    ("/start", "Start", "rocket_launch"),
)
STYLE = """
:root { --sg-paper: #f3f5f7; --sg-line: #dfe3e8; --sg-soft: #5b6673; --sg-accent: #1f6fb2; }
.body--dark { --sg-paper: #12161b; --sg-line: #2c343d; --sg-soft: #9aa7b5; --sg-accent: #74b3ec; }
body { background: var(--sg-paper); } .body--dark .q-card { background: #1b2129; }
.sg-head { background: #fff; color: #1f2937; } .body--dark .sg-head { background: #1b2129; color: #e5e7eb; }
.sg-here { background: #e8f0f8; font-weight: 700; } .body--dark .sg-here { background: #2a3542; }
.body--dark { --q-primary: #4a93d6 !important; --q-secondary: #55b795 !important; }
@media (max-width: 767px) { .sg-side:not(.sg-open) { display: none; } } @media (min-width: 768px) { .sg-narrow { display: none; } }
.sg-whole td, .sg-whole th { white-space: nowrap; }
@media (max-width: 767px) { .sg-tabs .q-tabs__content { flex-wrap: wrap; } .sg-tabs .q-tabs__arrow { display: none; } }
@media (max-width: 639px) { .sg-stacked, .sg-stacked tbody, .sg-stacked tr, .sg-stacked td { display: block; width: 100%; } .sg-stacked td { padding: 2px 8px; } .sg-stacked tr { padding: 6px 0; } .sg-stacked thead { position: absolute; left: -9999px; } }
.sg-later:empty { display: none; }
.sg-row { border-top: 1px solid var(--sg-line); }
.sg-card { border: 1px solid var(--sg-line); border-radius: 12px; box-shadow: none; background: #fff; }
.body--dark .sg-card { background: #1b2129; }
.sg-soft { color: var(--sg-soft); } .sg-link { color: var(--sg-accent); text-decoration: none; }
.sg-link:hover, .sg-link:focus-visible { text-decoration: underline; }
:focus-visible { outline: 3px solid #f2a33c !important; outline-offset: 2px; }
.sg-skip { position: absolute; left: -999px; } .sg-skip:focus { left: 8px; top: 8px; z-index: 9999; background: #fff; color: #000; padding: 8px; }
.sg-bar { height: 8px; border-radius: 4px; background: var(--sg-line); overflow: hidden; }
.sg-bar > div { height: 100%; background: var(--sg-accent); border-radius: 4px; }
.nicegui-content { padding: 0; } h1.sg-title { font-size: 1.6rem; line-height: 2rem; font-weight: 650; margin: 0; }
h2.sg-sub { font-size: 1.1rem; line-height: 1.5rem; font-weight: 600; margin: 0; }
.sg-text { overflow-wrap: anywhere; } .q-table th { font-weight: 600; }
@media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important; } }
"""


class Page:
    """One page that somebody has open."""

    def __init__(self, request: Request, path: str) -> None:
        who = site().who(request.session)
        if who is None:  # the gate lets nobody else come so far
            raise PermissionError
        self.who: Who = who
        self.session: Mapping[str, Any] = dict(request.session)
        self.path = path
        self.words = Words(language_of(request.session, request.headers))
        self.dark: bool | None = request.session.get("dark")
        self.client = ui.context.client
        self.turns: dict[int, asyncio.Lock] = {}  # of the parts that are being filled
        self.body = _frame(self, request)

    def may(self, scope: Scope) -> bool:
        """Whether who has the page open may do that, now."""
        who = site().who(self.session)
        return who is not None and who.may(scope)

    def keep(self, **state: Any) -> None:
        """Put the page's state into its address, so that it can be shared and gone back to."""
        kept = {k: v for k, v in state.items() if v not in (None, "", [], False)}
        address = PREFIX + self.path + (f"?{urlencode(kept, doseq=True)}" if kept else "")
        self.client.run_javascript(f"history.replaceState(history.state, '', {json.dumps(address)})")

    def say(self, text: str, kind: str = "positive") -> None:
        """A short notice."""
        with self.body:  # the button that was pressed may be gone by now
            ui.notify(text, type=kind, position="top", close_button=self.words("Close"))  # type: ignore[arg-type]

    async def answer(self, question: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As `ask`; who is not signed in any more gets no answer."""
        if site().who(self.session) is None:
            ui.navigate.to("/signin")
            raise SociogramError(self.words("You were signed out."))
        return await ask(question, *args, **kwargs)

    @asynccontextmanager
    async def work(self, where: ui.element, *, clear: bool = True) -> AsyncIterator[None]:
        """Shows that something is being waited for, and what went wrong, in a part of the page; one after another, or a second click would fill it twice."""
        async with self.turns.setdefault(where.id, asyncio.Lock()):
            if clear:
                where.clear()
            with where:
                waiting = ui.spinner(size="lg").classes("mx-auto my-8").props(f'aria-label="{self.words("Loading")}"')
            try:
                with where:
                    yield
            except SociogramError as error:
                with where:
                    self.fault(error)
            finally:
                if not waiting.is_deleted:
                    waiting.delete()

    def fault(self, error: SociogramError) -> None:
        """An error as a card with what to do next."""
        gone = isinstance(error, DatabaseUnavailable)
        title = self.words("Neo4j does not answer just now.") if gone else self.words("That did not work.")
        with ui.card().classes("sg-card w-full").props('role="alert"'), ui.row().classes("items-start no-wrap gap-3"):
            ui.icon("error_outline", size="md", color="warning").props('aria-hidden="true"')
            with ui.column().classes("gap-1"):
                ui.label(title).classes("text-weight-bold")
                ui.label(self.words.said(error)).classes("sg-text sg-soft whitespace-pre-line")
                ui.button(self.words("Try again"), icon="refresh", on_click=ui.navigate.reload).props(
                    "flat dense no-caps"
                )

    def nothing(self, text: str, hint: str = "", to: str = "", label: str = "") -> None:
        """What stands where there is nothing to show."""
        with ui.column().classes("items-center w-full py-10 gap-2"):
            ui.icon("search_off", size="xl").classes("sg-soft").props('aria-hidden="true"')
            ui.label(text).classes("text-weight-medium text-center")
            if hint:
                ui.label(hint).classes("sg-soft text-center")
            if to:
                ui.button(label, on_click=lambda: ui.navigate.to(to)).props("no-caps")

    async def live(self) -> str | None:
        """Id of the live run; without one the page says where to go."""
        await self.client.connected()
        found: str | None = None
        async with self.work(self.body, clear=False):
            found = await self.answer(live_run, site().engine.store)
            if found is None:
                self.nothing(
                    self.words("No profiles are published yet."),
                    self.words("Load data and learn from it; it takes a few minutes."),
                    "/start",
                    self.words("Start"),
                )
        return found


def _frame(page: Page, request: Request) -> ui.element:
    words, client = page.words, page.client
    ours = copy.copy(client.page)  # the page as this visitor has it: others may have another language or theme
    ours.language, ours.dark = "zh-CN" if words.language == "zh" else "en-US", page.dark
    name = next((name for path, name, _ in PAGES if path == page.path), "Person")
    ours.title = f"{words(name)} · Sociogram"
    client.page = ours
    ui.add_css(STYLE)
    ui.colors(primary="#1f6fb2", secondary="#3b8a6e", accent="#b5562b")
    ui.html(f'<a class="sg-skip" href="#main">{words("Skip to the content")}</a>', sanitize=False)
    drawer = ui.left_drawer(value=False, bordered=True).props('behavior="mobile" width=220')
    with drawer, ui.element("nav").props(f'aria-label="{words("Pages")}"').classes("w-full"):
        for path, called, icon in _pages(page):
            _link(path, words(called), icon, page.path).classes("w-full")
    with ui.header(bordered=True).classes("sg-head items-center px-3 py-1 no-wrap"):
        ui.button(icon="menu", on_click=drawer.toggle).props(f'flat round dense aria-label="{words("Menu")}"').classes(
            "lt-md"
        )
        ui.link("Sociogram", "/people").classes("text-lg text-weight-bold sg-link mr-2")
        with ui.element("nav").props(f'aria-label="{words("Pages")}"').classes("gt-sm row no-wrap gap-1"):
            for path, called, icon in _pages(page):
                _link(path, words(called), icon, page.path)
        ui.space()
        other, label = ("zh", "中文") if words.language == "en" else ("en", "English")
        ui.button(label, on_click=lambda: _prefer(lang=other)).props(
            f'flat dense no-caps aria-label="{words("Language")}: {label}"'
        )
        dark = ui.dark_mode(page.dark)
        ui.button(icon="dark_mode", on_click=lambda: _turn(page, dark)).props(
            f'flat round dense aria-label="{words("Light or dark")}"'
        )
        if site().keys is not None:
            with ui.element("form").props(f'method="post" action="{PREFIX}/signout"'):
                ui.button(icon="logout").props(
                    f'flat round dense type="submit" aria-label="{words("Sign out")} ({page.who.name})"'
                )
    return (
        ui.element("main")
        .props('id="main" tabindex="-1"')
        .classes("w-full max-w-7xl mx-auto p-3 md:p-5 flex flex-col gap-4")
    )


def _pages(page: Page) -> list[tuple[str, str, str]]:
    return [entry for entry in PAGES if entry[0] != "/start" or page.who.may("admin")]


def _link(path: str, name: str, icon: str, here: str) -> ui.link:
    link = ui.link(target=path).classes("sg-link px-3 py-2 rounded row items-center no-wrap gap-2")
    if path == here:
        link.classes("sg-here").props('aria-current="page"')
    with link:
        ui.icon(icon, size="xs").props('aria-hidden="true"')
        ui.label(name)
    return link


def _prefer(lang: str) -> None:
    ui.run_javascript(
        f"location.href = '{PREFIX}/prefer?lang={lang}&next=' + encodeURIComponent(location.pathname.slice({len(PREFIX)}) + location.search)"
    )


async def _turn(page: Page, dark: ui.dark_mode) -> None:
    now = await ui.run_javascript("document.body.classList.contains('body--dark')")
    page.dark = not now
    dark.value = page.dark
    ui.run_javascript(f"fetch('{PREFIX}/prefer?dark={'on' if page.dark else 'off'}', {{redirect: 'manual'}})")


E = TypeVar("E", bound=ui.element)


class Heading(TextElement):
    """A heading of a level, as screen readers find it."""

    def __init__(self, text: str, level: int = 2) -> None:
        super().__init__(tag=f"h{level}", text=text)
        self.classes("sg-title" if level == 1 else "sg-sub")


def title(text: str, note: str = "") -> None:
    """The page's own title, with a line under it."""
    with ui.column().classes("gap-0"):
        Heading(text, 1)
        if note:
            ui.label(note).classes("sg-soft")


def card() -> ui.card:
    """A box for one thing."""
    return ui.card().classes("sg-card p-4 gap-2")


def bar(share: float, label: str) -> None:
    """A share of one as a bar, told to screen readers as well."""
    percent = round(100 * min(max(share, 0.0), 1.0))
    told = f'role="meter" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{percent}"'
    with named(ui.element("div").classes("sg-bar w-full").props(told), label):
        ui.element("div").style(f"width: {percent}%")


def named(element: E, label: str) -> E:
    """The same with what a screen reader says of it; a text of props would be parsed, and a name can hold anything."""
    element.props["aria-label"] = label
    return element
