"""sociogram queries, query: the library of Cypher, and files of your own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sociogram.cli.common import (
    Database,
    Json,
    MappingFile,
    PasswordFile,
    Uri,
    User,
    hint,
    open_engine,
    pairs,
    print_json,
    print_table,
)
from sociogram.cli.complete import query_names, query_parameters

Folder = Annotated[
    list[Path] | None,
    typer.Option(
        "--folder", help="Folder with .cypher files of your own, used beside ours; may be given several times."
    ),
]


def register(app: typer.Typer) -> None:
    for command in (queries, query):
        app.command()(command)


def queries(folder: Folder = None, json: Json = False) -> None:
    """List the named questions that `sociogram query` answers, by topic.

    Example: sociogram queries
    """
    from sociogram.queries.catalogue import Catalogue

    found = Catalogue(folder or ()).all()
    if json:
        print_json([q.to_dict() for q in found])
        return
    width = max(len(q.name) for q in found)
    for topic in dict.fromkeys(q.topic for q in found):
        typer.echo(topic)
        for q in found:
            if q.topic == topic:
                typer.echo(f"  {q.name:<{width}}  {q.answers}")
    hint("sociogram query users_by_tag --param topic=climbing", "sociogram query users_by_tag --show")


def query(
    name: Annotated[
        str,
        typer.Argument(
            help="Name of a query, as `sociogram queries` lists it.", metavar="NAME", autocompletion=query_names
        ),
    ],
    parameter: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="name=value; lists with commas between.", autocompletion=query_parameters),
    ] = None,
    show: Annotated[bool, typer.Option(help="Print the Cypher, ready to be pasted, instead of running it.")] = False,
    folder: Folder = None,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Answer a named question, or print its Cypher.

    Example: sociogram query users_by_tag --param topic=climbing -p least=0.7
    """
    if show:
        typer.echo(_shown(name, folder or (), mapping), nl=False)
        return
    values = pairs(parameter or ())
    with open_engine(uri, database, user, password_file, mapping, folder or ()) as engine:
        rows = engine.query(name, **values).to_dicts()
    if json:
        print_json(rows)
    elif rows:
        print_table([_readable(row) for row in rows])
        hint(f"sociogram query {name} --show")
    else:
        typer.echo(f"no rows. What the query looks for: sociogram query {name} --show", err=True)


def _shown(name: str, folders: Sequence[Path], mapping: Path | None) -> str:
    """The file as it is, or below its header in the schema of a graph.toml."""
    from sociogram.graph.mapping import GraphMapping
    from sociogram.queries.catalogue import Catalogue
    from sociogram.queries.library import translate

    found = Catalogue(folders).get(name)
    if mapping is None:
        return found.text
    return f"{found.header}\n{translate(found.body, GraphMapping.read(mapping))}\n"


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    """Times to the second."""
    from sociogram.queries.rows import readable

    return {key: readable(value) if hasattr(value, "isoformat") else value for key, value in row.items()}
