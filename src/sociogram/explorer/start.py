"""Start: from data to published profiles without a terminal."""

import shutil
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import Request
from nicegui import events, ui

from sociogram.errors import SociogramError
from sociogram.explorer import work
from sociogram.explorer.files import files, lacks
from sociogram.explorer.mapping import MappingTable
from sociogram.explorer.panel import panel
from sociogram.explorer.shell import Heading, Page, card, title
from sociogram.explorer.site import ask, site
from sociogram.graph.inspect import Found, inspect
from sociogram.graph.store import Store
from sociogram.loaders.columns import Kind

LARGEST = 512 << 20  # bytes of one file
FILES_MOST = 20
ENCODERS = {"all-MiniLM-L6-v2": "Good (all-MiniLM-L6-v2)", "light": "Fast (light)"}
MODES = {"frozen": "As it is", "auto": "Let it learn where that is better (minutes more)"}


async def page(request: Request) -> None:
    """The page."""
    shown = Page(request, "/start")
    with shown.body:
        title(
            shown.words("Start"),
            shown.words("From data to profiles: load, look at what was understood, learn, publish."),
        )
        await shown.client.connected()
        if not shown.may("admin"):
            shown.nothing(
                shown.words("Your key may only look."),
                shown.words("Loading and learning need a key of the scope admin."),
                "/people",
                shown.words("People"),
            )
            return
        await _View(shown).open()


class _View:
    def __init__(self, page: Page) -> None:
        self.page, self.words = page, page.words
        self.folder: Path | None = None
        self.files: list[Path] = []
        self.columns: dict[str, list[str]] = {}
        self.kinds: dict[str, Kind] = {}
        self.asked = 0  # times that a plan was asked for
        self.store: Store | None = None
        self.mapping: MappingTable | None = None

    async def open(self) -> None:
        self.job = ui.column().classes("w-full sg-later")
        self.rest = ui.column().classes("w-full gap-4")
        if site().job is not None:
            panel(self.page, self.job)
        words = self.words
        with self.rest:
            with card().classes("w-full"):
                Heading(words("Where are your people?"))
                with (
                    ui.tabs()
                    .props(f'no-caps align=left inline-label aria-label="{words("Source")}"')
                    .classes("w-full sg-tabs") as tabs
                ):
                    demo = ui.tab("demo", words("Try a made-up community"), icon="auto_awesome")
                    own = ui.tab("files", words("My files"), icon="upload_file")
                    graph = ui.tab("graph", words("My Neo4j"), icon="lan")
                    here = ui.tab("here", words("What is loaded"), icon="storage")
                with ui.tab_panels(tabs, value=demo).classes("w-full bg-transparent"):
                    with ui.tab_panel(demo):
                        self._demo()
                    with ui.tab_panel(own):
                        self._files()
                    with ui.tab_panel(graph):
                        self._graph()
                    with ui.tab_panel(here):
                        self._here()
            with ui.expansion(words("How it learns"), icon="tune").classes("w-full sg-card").props("dense"):
                self._options()

    def _options(self) -> None:
        words = self.words
        with ui.row().classes("gap-4 p-2"):
            self.encoder = ui.select(
                {k: words(v) for k, v in ENCODERS.items()}, value="all-MiniLM-L6-v2", label=words("Reading of texts")
            ).props("outlined dense").classes("w-64")  # fmt: skip
            self.mode = ui.select(
                {k: words(v) for k, v in MODES.items()}, value="frozen", label=words("Text encoder")
            ).props("outlined dense").classes("w-80 max-w-full")  # fmt: skip
            self.minutes = ui.number(words("Minutes at most"), min=1, max=600, precision=0).props(
                "outlined dense clearable"
            ).classes("w-40")  # fmt: skip

    # where from -------------------------------------------------------------------------------------------------------

    def _demo(self) -> None:
        words = self.words
        with ui.column().classes("gap-3"):
            ui.label(
                words(
                    "People with friends, bios and interests, and a planted truth to compare with. It makes way for your own data later."
                )
            )
            self.users = (
                ui.number(words("How many people"), value=300, min=50, max=5000, precision=0)
                .props("outlined dense")
                .classes("w-48")
            )
            self.anew = ui.checkbox(words("Empty the graph first")).props("dense")
            ui.button(words("Make it and learn"), icon="play_arrow", on_click=self._begin_demo).props("no-caps")

    async def _begin_demo(self) -> None:
        users = int(min(max(self.users.value or 300, 50), 5000))
        truth = site().home.truth / f"demo-{users}-0.parquet"
        await self._begin(source=lambda: work.demo(users, truth), truth=truth, replace=self.anew.value)

    def _files(self) -> None:
        words = self.words
        with ui.column().classes("w-full gap-3"):
            ui.label(
                words(
                    "CSV or Parquet: people, items, ties, events, topics, in any number of files. What each column is will be guessed, and you can change it."
                )
            )
            self.upload = ui.upload(
                label=words("Choose files or drop them here"), multiple=True, auto_upload=True, max_file_size=LARGEST, max_files=FILES_MOST,
                on_upload=self._uploaded, on_rejected=lambda: self.page.say(words("This file is too large, or there are too many."), "negative"),
            ).props('accept=".csv,.tsv,.txt,.parquet,.gz" flat bordered').classes("w-full max-w-xl")  # fmt: skip
            self.plan = ui.column().classes("w-full gap-3")

    async def _uploaded(self, event: events.UploadEventArguments) -> None:
        if self.folder is None:
            self.folder = site().upload_folder()
            self.page.client.on_delete(self._tidy)
        name = Path(event.file.name.replace("\\", "/")).name.replace("\0", "")[-120:] or "file.csv"
        to = self.folder / name
        await event.file.save(to)
        if to not in self.files:
            self.files.append(to)
        await self._planned()

    def _tidy(self) -> None:
        """Files of which nothing was made go with the page."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    async def _planned(self) -> None:
        words = self.words
        self.asked = mine = self.asked + 1
        async with self.page.work(self.plan):
            if mine != self.asked:  # several files come one after another: only what is understood of all is shown
                return
            plan, lacking = await ask(work.understood, self.files, self.columns, self.kinds)
            Heading(words("What was understood"))
            lacks(words, lacking)
            files(words, plan, self._hold, self._take)
            replace = ui.checkbox(words("Empty the graph first")).props("dense")
            ui.button(
                words("Load and learn"), icon="play_arrow", on_click=lambda: self._begin_files(replace.value)
            ).props("no-caps").set_enabled(not lacking)

    async def _hold(self, file: str, kind: Kind) -> None:
        self.kinds[file] = kind
        await self._planned()

    async def _take(self, kind: str, column: str, role: str) -> None:
        for key, names in self.columns.items():
            if key.startswith(f"{kind}.") and column in names:
                names.remove(column)
        self.columns.setdefault(f"{kind}.{role}", []).append(column)
        self.columns = {k: v for k, v in self.columns.items() if v}
        await self._planned()

    async def _begin_files(self, replace: bool) -> None:
        paths, columns, kinds = list(self.files), dict(self.columns), dict(self.kinds)
        source = partial(work.files, paths, columns, kinds)
        if not await self._begin(source=source, replace=replace, uploads=self.folder):
            return
        self.folder, self.files, self.columns, self.kinds = None, [], {}, {}  # the job tidies up
        self.upload.reset()
        self.plan.clear()

    def _graph(self) -> None:
        words = self.words
        with ui.column().classes("w-full gap-3"):
            ui.label(
                words(
                    "Any Neo4j 5.26 or newer. Profiles are written beside what is there; nothing of yours is changed."
                )
            )
            with ui.row().classes("w-full gap-3"):
                self.uri = (
                    ui.input(words("Address"), placeholder="neo4j://localhost:7687")
                    .props("outlined dense")
                    .classes("w-72")
                )
                self.user = ui.input(words("User"), value="neo4j").props("outlined dense").classes("w-40")
                self.password = (
                    ui.input(words("Password"), password=True, password_toggle_button=True)
                    .props("outlined dense autocomplete=off")
                    .classes("w-52")
                )
                self.database = ui.input(words("Database"), placeholder="neo4j").props("outlined dense").classes("w-40")
            ui.button(words("Connect and look"), icon="lan", on_click=self._connect).props("no-caps")
            self.theirs = ui.column().classes("w-full gap-3")

    async def _connect(self) -> None:
        async with self.page.work(self.theirs):
            self.store = await ask(
                Store.connect, self.uri.value or "", user=self.user.value or None, password=self.password.value or None, database=self.database.value or None, retry_time=2.0
            )  # fmt: skip
            self._mapped(await ask(inspect, self.store), self.theirs)

    def _here(self) -> None:
        with ui.column().classes("w-full gap-3"):
            ui.label(self.words("Learn anew from the graph as it is now."))
            ui.button(self.words("Look at it"), icon="search", on_click=self._look).props("no-caps outline")
            self.ours = ui.column().classes("w-full gap-3")

    async def _look(self) -> None:
        async with self.page.work(self.ours):
            self._mapped(await self.page.answer(site().engine.inspect), self.ours)

    def _mapped(self, found: Found, where: ui.element) -> None:
        with where:
            self.mapping = MappingTable(self.words, found)
            self.mapping.draw()
            store = self.store if where is self.theirs else None
            ui.button(
                self.words("Learn and publish"), icon="play_arrow", on_click=lambda: self._begin_mapped(store)
            ).props("no-caps")

    async def _begin_mapped(self, store: Store | None) -> None:
        if self.mapping is None:
            return
        try:
            mapping = self.mapping.chosen()
        except SociogramError as error:
            self.page.say(self.words.said(error), "negative")
            return
        await self._begin(mapping=mapping, store=store)

    async def _begin(self, **what: Any) -> bool:
        """Whether it has begun; if not, it is said why."""
        words, running = self.words, site().job
        if not self.page.may("admin"):
            self.page.say(words("Your key may not do that."), "negative")
            return False
        if running is not None and running.state == "running":
            self.page.say(words("Something is running already."), "warning")
            return False
        minutes = float(self.minutes.value) if self.minutes.value else None
        work.begin(site(), work.Learning(self.encoder.value, self.mode.value, minutes), **what)
        self.job.clear()
        panel(self.page, self.job)
        ui.run_javascript("window.scrollTo({top: 0, behavior: 'smooth'})")
        return True
