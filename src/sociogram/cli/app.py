"""All commands, put together."""

from typing import Annotated

import typer

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

app = typer.Typer(
    name="sociogram",
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
