"""One cascade as a picture that is played step by step."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from nicegui import ui

from sociogram.explorer.charts import COLOURS, INK, TOOLTIP
from sociogram.explorer.shell import Page
from sociogram.queries.influence.play import Activation

DRAWN = 300  # users in the picture; the counts are of all
NAMED = 40  # of them with their name
PACE_S = 1.0
# how far nodes keep apart: the more there are, the less, or they leave the picture
CLOSEST, WIDEST, ROOM = 20, 300, 3_500
FORCE = {"repulsion": WIDEST, "edgeLength": 30, "gravity": 0.1, "layoutAnimation": True, "friction": 0.2}


class Cascade:
    """Buttons, a line that says how many there are by now, and the picture."""

    def __init__(self, page: Page, told: Sequence[Activation], again: Callable[[int], Awaitable[Any]]) -> None:
        self.page, self.words, self.told, self._again = page, page.words, list(told), again
        self.step, self.seed = 0, 0

    @property
    def last(self) -> int:
        return max((a.step for a in self.told), default=0)

    def draw(self) -> None:
        """Into the open element."""
        words = self.words
        with ui.row().classes("items-center gap-1 w-full"):
            ui.button(icon="skip_previous", on_click=lambda: self._to(0)).props(
                f'flat round dense aria-label="{words("From the beginning")}"'
            )
            ui.button(icon="chevron_left", on_click=lambda: self._to(self.step - 1)).props(
                f'flat round dense aria-label="{words("Step back")}"'
            )
            self.play = ui.button(icon="play_arrow", on_click=self._play).props(
                f'round dense aria-label="{words("Play")}"'
            )
            ui.button(icon="chevron_right", on_click=lambda: self._to(self.step + 1)).props(
                f'flat round dense aria-label="{words("Step on")}"'
            )
            ui.button(words("Another one"), icon="casino", on_click=self._other).props("flat no-caps dense")
            self.said = ui.label().classes("sg-soft").props('aria-live="polite"')
        self.chart = (
            ui.echart(self._options()).classes("w-full h-[28rem]").props(f'role="img" aria-label="{words("Cascade")}"')
        )
        self.clock = ui.timer(PACE_S, self._tick, active=False)
        self._to(0)

    def _play(self) -> None:
        if self.step >= self.last:
            self._to(0)
        self.clock.active = not self.clock.active
        self.play.props(f"icon={'pause' if self.clock.active else 'play_arrow'}")

    def _tick(self) -> None:
        self._to(self.step + 1)
        if self.step >= self.last:
            self.clock.active = False
            self.play.props("icon=play_arrow")

    async def _other(self) -> None:
        self.seed += 1
        self.told = list(await self._again(self.seed))
        self._to(0)

    def _to(self, step: int) -> None:
        self.step = min(max(step, 0), self.last)
        now = [a for a in self.told if a.step <= self.step]
        fresh = sum(a.step == self.step for a in now)
        self.said.text = self.words(
            "Step {step} of {last}: {n} reached, {new} of them new",
            step=self.step,
            last=self.last,
            n=len(now),
            new=fresh,
        )
        self.chart.options["series"][0].update(self._series(now))
        self.chart.update()

    def _series(self, now: Sequence[Activation]) -> dict[str, Any]:
        drawn = now[:DRAWN]
        there = {a.id for a in drawn}
        nodes = [
            {
                "id": str(a.id), "name": a.name[:30], "symbolSize": 22 if a.by is None else 9,
                "itemStyle": {"color": COLOURS[1] if a.by is None else COLOURS[0], "opacity": 1.0 if a.step == self.step or a.by is None else 0.55},
                "label": {"show": a.by is None or i < NAMED},
            }
            for i, a in enumerate(drawn)
        ]  # fmt: skip
        return {
            "data": nodes,
            "force": FORCE | {"repulsion": min(max(ROOM // max(len(drawn), 1), CLOSEST), WIDEST)},
            "links": [{"source": str(a.by), "target": str(a.id)} for a in drawn if a.by is not None and a.by in there],
        }

    def _options(self) -> dict[str, Any]:
        return {
            "tooltip": TOOLTIP,
            "animation": False,
            "series": [
                {
                    "type": "graph", "layout": "force", "roam": True, "zoom": 0.68, "draggable": True, "data": [], "links": [],
                    "label": {"position": "right", "color": INK, "fontSize": 11}, "labelLayout": {"hideOverlap": True},
                    "force": FORCE,
                    "lineStyle": {"color": INK, "opacity": 0.6}, "edgeSymbol": ["none", "arrow"], "edgeSymbolSize": 6,
                }
            ],
        }  # fmt: skip
