"""Influence: whom to win first, how far they reach, and how one cascade runs."""

from typing import Any

from fastapi import Request
from nicegui import ui

from sociogram.explorer.audience import save_dialog
from sociogram.explorer.cascade import Cascade
from sociogram.explorer.charts import COLOURS, axes, band, line
from sociogram.explorer.people import person_path
from sociogram.explorer.shell import Heading, Page, card, title
from sociogram.explorer.site import site
from sociogram.queries.influence.cascades import Model
from sociogram.queries.influence.maximise import Maximised
from sociogram.queries.influence.play import play
from sociogram.queries.influence.simulate import Simulated

MODELS: dict[Model, str] = {"wc": "Weighted cascade", "ic": "Independent cascade", "lt": "Linear threshold"}
BUDGET_MOST = 100
RUNS = 2_000  # of the simulation


async def page(request: Request, topic: str = "", k: int = 5, model: str = "wc", go: bool = False) -> None:
    """The page; with `go` the answer is asked for at once."""
    shown = Page(request, "/influence")
    with shown.body:
        title(shown.words("Influence"), shown.words("Whom to win first, so that most others are reached."))
        if await shown.live() is not None:
            view = _View(shown, topic, min(max(k, 1), BUDGET_MOST), next((m for m in MODELS if m == model), "wc"))
            await view.open()
            if go:
                await view.choose()


class _View:
    def __init__(self, page: Page, topic: str, k: int, model: Model) -> None:
        self.page, self.words = page, page.words
        self.topic, self.k, self.model = topic, k, model

    async def open(self) -> None:
        words = self.words
        with card().classes("w-full"), ui.row().classes("w-full items-end gap-4"):
            found = await self.page.answer(site().engine.people, k=1, facets=True)
            names = [str(f.value) for f in found.facets.get("tag", [])]
            self.topics = ui.select(
                names, label=words("Topic (all, unless chosen)"), value=self.topic if self.topic in names else None, with_input=True, clearable=True
            ).props("outlined dense").classes("w-64")  # fmt: skip
            self.budget = (
                ui.number(words("How many to win"), value=self.k, min=1, max=BUDGET_MOST, precision=0)
                .props("outlined dense")
                .classes("w-40")
            )
            self.models = (
                ui.select({m: words(name) for m, name in MODELS.items()}, value=self.model, label=words("Model"))
                .props("outlined dense")
                .classes("w-56")
            )
            ui.button(words("Choose"), icon="hub", on_click=self.choose).props("no-caps")
        self.main = ui.column().classes("w-full gap-4")
        with self.main:
            ui.label(words("The graph is read first; on a large one this takes a while, once.")).classes("sg-soft")

    async def choose(self) -> None:
        """Choose and show."""
        self.topic, self.model = self.topics.value or "", self.models.value
        self.k = int(min(max(self.budget.value or 1, 1), BUDGET_MOST))
        self.page.keep(topic=self.topic, k=self.k, model=self.model, go=True)
        async with self.page.work(self.main):
            chosen, reach, cascade = await self.page.answer(_ask, self.topic or None, self.k, self.model)
            with (
                ui.element("div")
                .classes("w-full grid gap-4 items-start")
                .style("grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr))")
            ):
                self._seeds(chosen)
                self._curve(reach, chosen)
            with card().classes("w-full"):
                Heading(self.words("One cascade, step by step"))
                Cascade(
                    self.page,
                    cascade,
                    lambda seed: self.page.answer(_again, self.topic or None, self.model, chosen.ids, seed),
                ).draw()

    def _seeds(self, chosen: Maximised) -> None:
        words = self.words
        with card():
            Heading(words("Whom to win"))
            for seed in chosen.seeds:
                with ui.row().classes("w-full items-baseline no-wrap gap-3"):
                    ui.label(f"{seed.rank}.").classes("sg-soft w-6 text-right shrink-0")
                    ui.link(seed.name, person_path(seed.id)).classes("sg-link sg-text grow")
                    ui.label(f"+{seed.gain:,.1f}").classes("shrink-0").tooltip(words("reached on top by this one"))
            ui.label(
                words(
                    "{spread} of {users} are reached on average: at least {ratio} of what the best choice would reach.",
                    spread=f"{chosen.spread:,.0f}", users=f"{chosen.users:,}", ratio=f"{chosen.ratio:.0%}",
                )
            ).classes("sg-soft text-sm")  # fmt: skip
            if self.page.who.may("write"):
                ui.button(
                    words("Save as audience"),
                    icon="bookmark_add",
                    on_click=lambda: save_dialog(self.page, None, len(chosen.seeds), chosen.ids),
                ).props("no-caps outline dense")

    def _curve(self, reach: Simulated, chosen: Maximised) -> None:
        words = self.words
        low = [(p.k, p.low) for p in reach.curve]
        high = [(p.k, p.high) for p in reach.curve]
        options = axes(words("people won"), words("people reached"))
        options["xAxis"] |= {"min": 1, "minInterval": 1}
        options["series"] = [
            *band(low, high, COLOURS[0], words("95 % interval")),
            line(words("reached"), [(p.k, round(p.spread, 2)) for p in reach.curve], color=COLOURS[0]),
        ]
        options["legend"]["show"] = False
        last = reach.curve[-1]
        with card():
            Heading(words("How far they reach"))
            told = words(
                "{spread} people, 95 % {low} to {high}",
                spread=f"{last.spread:,.1f}",
                low=f"{last.low:,.1f}",
                high=f"{last.high:,.1f}",
            )
            ui.echart(options).classes("w-full h-72").props(f'role="img" aria-label="{told}"')
            ui.label(f"{told} · {words('{n} simulations', n=f'{reach.runs:,}')}").classes("sg-soft text-sm")


def _ask(topic: str | None, k: int, model: Model) -> tuple[Maximised, Simulated, Any]:
    asked = site().backend.influence()
    chosen = asked.maximise(min(k, len(asked.snapshot.users)), model=model, topic=topic)
    return (
        chosen,
        asked.simulate(chosen.ids, model=model, topic=topic, runs=RUNS),
        play(asked.graph(model, topic=topic), chosen.ids),
    )


def _again(topic: str | None, model: Model, seeds: list[Any], seed: int) -> Any:
    return play(site().backend.influence().graph(model, topic=topic), seeds, seed=seed)
