"""All commands, put together."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sociogram.cli import (
    ask,
    db,
    demo,
    doctor,
    explain,
    fit,
    influence,
    inspect,
    load,
    publish,
    queries,
    recommend,
    segments,
    serve,
    similar,
)

PANELS = {  # of `sociogram --help` and of the reference, in the order in which a newcomer needs them
    "Get data in": ("load", "inspect", "snapshot"),
    "Learn and publish": ("fit", "publish", "runs", "rollback", "unpublish"),
    "Ask": (
        "profile", "tags", "changes", "explain", "similar", "recommend", "interested", "segments", "influence", "queries",
        "query", "cypher", "embeddings",
    ),
    "Serve": ("serve", "keys"),
    "Try it, look after it": ("demo", "doctor", "db"),
}  # fmt: skip


class InPanels(TyperGroup):
    """Names its commands in the order of the panels."""

    def list_commands(self, ctx: Any) -> list[str]:
        return [name for names in PANELS.values() for name in names]


app = typer.Typer(
    name="sociogram",
    cls=InPanels,
    help="User profiles from a social graph: text encoder and GraphSAGE over Neo4j.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        from sociogram import __version__

        typer.echo(f"sociogram {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.add_typer(load.app, name="load")
app.add_typer(db.app, name="db")
app.add_typer(influence.app, name="influence")
for group in (inspect, fit, publish, ask, similar, recommend, explain, segments, queries, serve, demo, doctor):
    group.register(app)
registered: list[Any] = [*app.registered_commands, *app.registered_groups]
for info in registered:
    name = info.name or info.callback.__name__
    info.rich_help_panel = next(panel for panel, names in PANELS.items() if name in names)
