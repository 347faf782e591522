"""sociogram inspect: guess or check a graph mapping."""

from pathlib import Path
from typing import Annotated

import typer

from sociogram.cli.common import Database, PasswordFile, Uri, User, hint, open_engine
from sociogram.graph.mapping import GraphMapping


def register(app: typer.Typer) -> None:
    app.command("inspect")(inspect)
    app.command("snapshot")(snapshot)


def inspect(
    check: Annotated[Path | None, typer.Option("--check", help="Check this graph.toml against the database.")] = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Guess what a graph's labels and relationships mean, and print that as a commented graph.toml.

    Example: sociogram inspect --uri neo4j://localhost:7687 > graph.toml
    """
    from sociogram.graph.inspect import check as check_mapping

    mapping = GraphMapping.read(check) if check else None
    with open_engine(uri, database, user, password_file) as engine:
        if mapping is None:
            typer.echo(engine.inspect().to_toml(), nl=False)
            hint("sociogram inspect --check graph.toml", "sociogram fit --mapping graph.toml")
            return
        for note in check_mapping(engine.store, mapping):
            typer.echo(f"note: {note}", err=True)
    typer.echo(f"{check} fits the database")


def snapshot(
    folder: Annotated[Path, typer.Argument(help="Where to write it.")],
    mapping: Annotated[Path | None, typer.Option("--mapping", "-m", help="graph.toml")] = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Export the mapped graph to a folder, to fit on another machine.

    Example: sociogram snapshot exported && sociogram fit --snapshot exported
    """
    with open_engine(uri, database, user, password_file, mapping) as engine:
        made = engine.snapshot(folder)
    typer.echo(f"{folder}  {made.hash}")
    hint(f"sociogram fit --snapshot {folder}")
