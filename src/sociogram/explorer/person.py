"""Person: who it is, what they like and why, who is around, alike and worth showing, what has changed."""

from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from nicegui import events, ui

from sociogram.errors import NotFoundError, PublishError, SociogramError
from sociogram.explorer.charts import COLOURS, INK, TOOLTIP
from sociogram.explorer.people import person_path
from sociogram.explorer.shell import Heading, Page, bar, card, named
from sociogram.explorer.site import site
from sociogram.queries.explanation import Explanation
from sociogram.queries.neighbourhood import Neighbourhood
from sociogram.queries.rows import Profile, Tag, readable
from sociogram.said import Said

KINDS = {"user": ("Person", COLOURS[0]), "item": ("Item", COLOURS[1]), "topic": ("Topic", COLOURS[2])}
ALIKE, SHOWN_ITEMS, TAGS_SHOWN = 8, 8, 12


async def page(request: Request, user: str, tag: str = "") -> None:
    """The page; `tag` is the one whose evidence is open."""
    shown = Page(request, person_path(user))
    with shown.body:
        if await shown.live() is None:
            return
        head = ui.column().classes("w-full gap-4")
        profile: Profile | None = None
        async with shown.work(head):
            profile = await shown.answer(site().engine.profile, user)
        if profile is not None:
            with head:
                await _person(shown, profile, tag)


async def _person(page: Page, profile: Profile, tag: str) -> None:
    words = page.words
    ui.page_title(f"{profile.name} · Sociogram")
    with card().classes("w-full"):
        with ui.row().classes("items-center gap-3 w-full"):
            ui.avatar("person", color="primary", text_color="white").props('aria-hidden="true"')
            with ui.column().classes("gap-0 min-w-0"):
                Heading(profile.name, 1).classes("sg-text")
                if str(profile.id) != profile.name:
                    ui.label(str(profile.id)).classes("sg-soft")
        ui.label(words.said(profile.sentence)).classes("text-lg sg-text")
        with ui.row().classes("gap-2"):
            for name, value in profile.place:
                ui.badge(f"{words(name)}: {words.said(value)}", color="secondary").props("outline").classes(
                    "sg-text p-1"
                )
    columns = (
        ui.element("div")
        .classes("w-full grid gap-4 items-start")
        .style("grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr))")
    )
    with columns:
        with card():
            _interests(page, profile, evidence := ui.column().classes("w-full gap-2"))
        around = card()
        alike, items = card(), card()
        with card():
            Heading(words("Known"))
            _facts(page, profile)
        changed = card()
    if tag:
        await _evidence(page, profile, tag, evidence)
    await _around(page, profile, around)
    await _alike(page, profile, alike)
    await _recommended(page, profile, items)
    await _changed(page, profile, changed)


def _interests(page: Page, profile: Profile, evidence: ui.column) -> None:
    words = page.words
    Heading(words("Interests")).move(target_index=0)
    if not profile.tags:
        ui.label(words("Nothing is sure enough to be shown.")).classes("sg-soft")
        return
    ui.label(words("Click one to see why.")).classes("sg-soft text-sm").move(target_index=1)
    for hidden, some in ((False, profile.tags[:TAGS_SHOWN]), (True, profile.tags[TAGS_SHOWN:])):
        if not some:
            continue
        with ui.element("ul").classes("w-full p-0 m-0 list-none flex flex-col gap-1") as listed:
            for entry in some:
                _tag(page, profile, entry, evidence)
        if hidden:
            listed.set_visibility(False)
            more = ui.button(words("{n} more", n=len(some))).props("flat dense no-caps size=sm")
            more.on_click(lambda listed=listed, more=more: (listed.set_visibility(True), more.set_visibility(False)))


def _tag(page: Page, profile: Profile, tag: Tag, evidence: ui.element) -> None:
    said = page.words("the graph says so") if tag.observed else page.words("predicted")
    with ui.element("li"), ui.button(on_click=lambda: _evidence(page, profile, tag.name, evidence)).props(
        f'flat no-caps dense align=left aria-label="{page.words("Why")}"'
    ).classes("w-full"), ui.row().classes("w-full min-w-0 items-center no-wrap gap-2"):  # fmt: skip
        ui.label(tag.name).classes("w-1/3 min-w-0 truncate text-left")
        with ui.element("div").classes("grow min-w-0"):
            bar(tag.probability, f"{tag.name} {tag.probability:.0%}")
        ui.label(f"{tag.probability:.2f}").classes("text-xs sg-soft")
        ui.icon("check_circle" if tag.observed else "auto_awesome", size="xs").classes("sg-soft").tooltip(said)


async def _evidence(page: Page, profile: Profile, tag: str, where: ui.element) -> None:
    page.keep(tag=tag)
    async with page.work(where):
        found: Explanation = await page.answer(site().engine.explain, profile.id, tag=tag)
        with (
            ui.column()
            .classes("w-full gap-2 p-3 rounded")
            .style("background: var(--sg-paper)")
            .props('aria-live="polite"')
        ):
            ui.label(page.words("Why {tag}", tag=tag)).classes("text-weight-medium")
            if not found.reasons:
                ui.label(page.words("Nothing single stands out.")).classes("sg-soft")
            for reason in found.reasons:
                with ui.column().classes("w-full gap-1"):
                    ui.label(page.words.said(reason.sentence)).classes("sg-text text-sm")
                    bar(reason.share, f"{reason.share:.0%}")
                    with ui.row().classes("gap-2 items-center"):
                        ui.label(f"{reason.share:.0%}").classes("sg-soft text-xs")
                        ui.label(reason.path).classes("sg-soft text-xs sg-text")
                        if reason.kind == "friend":
                            ui.link(reason.name, person_path(reason.id)).classes("sg-link text-xs")
            ui.label(page.words("Others and the general profile: {share}", share=f"{found.rest:.0%}")).classes(
                "sg-soft text-xs"
            )


def _facts(page: Page, profile: Profile) -> None:
    rows = [(k, readable(v)) for k, v in profile.properties.items() if v not in (None, "")]
    for name, (value, sure) in profile.attributes.items():
        said = page.words("not sure") if sure is None else f"{readable(value)} ({sure:.2f})"
        rows.append((page.words("{name}, predicted", name=name), said))
    if profile.keywords:
        rows.append((page.words("keywords"), ", ".join(profile.keywords)))
    rows.append((page.words("run"), profile.run))
    with (
        ui.element("dl")
        .classes("w-full grid gap-x-4 gap-y-1 m-0")
        .style("grid-template-columns: minmax(6rem, max-content) 1fr")
    ):
        for name, value in rows:
            with ui.element("dt").classes("sg-soft"):
                ui.label(name)
            with ui.element("dd").classes("m-0 sg-text"):
                ui.label(value)


async def _around(page: Page, profile: Profile, where: ui.element) -> None:
    async with page.work(where):
        found: Neighbourhood = await page.answer(site().engine.neighbourhood, profile.id)
        Heading(page.words("Around them"))
        if not found.near:
            page.nothing(page.words("No ties, items or interests."))
            return
        ui.label(page.words("Click a person to go there.")).classes("sg-soft text-sm")
        told = page.words("{name} with {n} neighbours", name=profile.name, n=len(found.near))
        chart = ui.echart(_graph(page, profile, found), on_point_click=lambda e: _went(e, found)).classes("w-full h-96")
        named(chart.props('role="img"'), told)
        with ui.expansion(page.words("As a list")).classes("w-full").props("dense"):
            ui.label(told).classes("sg-soft")
            for near in found.near:
                if near.kind == "user":
                    ui.link(near.name, person_path(near.id)).classes("sg-link")
                else:
                    ui.label(f"{near.name} ({page.words(KINDS[near.kind][0]).lower()})")


def _graph(page: Page, profile: Profile, found: Neighbourhood) -> dict[str, Any]:
    kinds = list(KINDS)
    strongest = {kind: max((n.weight for n in found.near if n.kind == kind), default=1.0) or 1.0 for kind in kinds}
    nodes: list[dict[str, Any]] = [
        {
            "name": profile.name[:40],
            "id": "me",
            "symbolSize": 34,
            "category": 0,
            "label": {"fontWeight": "bold"},
            "itemStyle": {"borderWidth": 3, "borderColor": "#f2a33c"},
        }
    ]
    nodes += [
        {
            "name": n.name[:28],
            "id": f"{n.kind}:{n.id}",
            "symbolSize": 12 + 12 * min(1.0, n.weight / strongest[n.kind]),
            "category": kinds.index(n.kind),
        }
        for n in found.near
    ]
    links: list[dict[str, Any]] = [{"source": "me", "target": f"{n.kind}:{n.id}"} for n in found.near]
    links += [{"source": f"user:{a}", "target": f"user:{b}", "lineStyle": {"type": "dashed"}} for a, b in found.ties]
    return {
        "color": [colour for _, colour in KINDS.values()],
        "tooltip": TOOLTIP,
        "legend": {"top": 0, "textStyle": {"color": INK}, "data": [page.words(name) for name, _ in KINDS.values()]},
        "series": [
            {
                "type": "graph",
                "layout": "force",
                "roam": True,
                "zoom": 0.78,
                "draggable": True,
                "categories": [{"name": page.words(name)} for name, _ in KINDS.values()],
                "data": nodes,
                "links": links,
                "label": {
                    "show": True,
                    "position": "right",
                    "color": INK,
                    "fontSize": 11,
                    "width": 96,
                    "overflow": "truncate",
                },
                "left": 20,
                "right": 90,
                "top": 40,
                "bottom": 20,
                "labelLayout": {"hideOverlap": True},
                "force": {"repulsion": 160, "edgeLength": [50, 110], "layoutAnimation": False},
                "lineStyle": {"color": INK, "opacity": 0.5},
                "emphasis": {"focus": "adjacency"},
            }
        ],
    }


def _went(event: events.EChartPointClickEventArguments, found: Neighbourhood) -> None:
    if event.data_type == "node" and 0 < event.data_index <= len(found.near):
        near = found.near[event.data_index - 1]
        if near.kind == "user":
            ui.navigate.to(person_path(near.id))
        elif near.kind == "topic":
            ui.navigate.to(f"/people?{urlencode({'tag': near.name})}")


async def _alike(page: Page, profile: Profile, where: ui.element) -> None:
    async with page.work(where):
        rows = await page.answer(site().engine.similar, profile.id, ALIKE)
        Heading(page.words("Alike"))
        for row in rows:
            _row(row.name, person_path(row.id), page.words.said(row.reasons), f"{row.cosine:.2f}")
        if not rows:
            ui.label(page.words("Nobody is alike.")).classes("sg-soft")


async def _recommended(page: Page, profile: Profile, where: ui.element) -> None:
    async with page.work(where):
        Heading(page.words("For them"))
        try:
            rows = await page.answer(site().engine.recommend, profile.id, SHOWN_ITEMS)
        except (NotFoundError, PublishError) as error:
            ui.label(page.words.said(error)).classes("sg-soft sg-text")
            return
        for row in rows:
            _row(row.name, "", page.words.said(row.reasons), f"{row.rank}.")
        if not rows:
            ui.label(page.words("Nothing to recommend.")).classes("sg-soft")


def _row(name: str, to: str, reasons: str, beside: str) -> None:
    with ui.row().classes("w-full items-baseline no-wrap gap-3"):
        ui.label(beside).classes("sg-soft text-sm w-8 shrink-0 text-right")
        with ui.column().classes("gap-0 min-w-0"):
            ui.link(name, to).classes("sg-link sg-text") if to else ui.label(name).classes("sg-text")
            ui.label(reasons).classes("sg-soft text-xs sg-text")


async def _changed(page: Page, profile: Profile, where: ui.element) -> None:
    words = page.words
    async with page.work(where):
        Heading(words("Since the last run"))
        try:
            rows = await page.answer(site().engine.changes, profile.id)
        except SociogramError:  # one run only, or the one before is on another machine
            ui.label(words("There is no earlier run to compare with.")).classes("sg-soft")
            return
        if not rows:
            ui.label(words("Nothing has changed.")).classes("sg-soft")
        for change in rows:
            before, after = (words("none") if v is None else readable(v) for v in (change.before, change.after))
            with ui.row().classes("w-full items-baseline gap-2"):
                ui.label(words.said(change.what) if isinstance(change.what, Said) else words(change.what)).classes(
                    "sg-text text-weight-medium"
                )
                ui.label(f"{before} → {after}").classes("sg-soft sg-text")
