"""sociogram similar: users like one, like a description or near a vector, among those that satisfy a filter."""

import json as json_
import re
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
    guessed,
    hint,
    open_engine,
    pairs,
    print_json,
    print_table,
)
from sociogram.cli.where import read_where
from sociogram.errors import InputError

LEAST = re.compile(r"^(.+?)\s*>=\s*([\d.]+)$", re.DOTALL)

Where = Annotated[
    list[str] | None,
    typer.Option("--where", help="country=DE, 'age>=18' or 'city=[\"Oslo\", \"Lyon\"]'; several: all must hold."),
]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", help="A published interest; 'climbing>=0.7' with a least score.")
]
Predicates = Annotated[
    list[str] | None, typer.Option("--cypher", help="A condition on the user u in Cypher; it can only read.")
]


def register(app: typer.Typer) -> None:
    app.command()(similar)


def similar(
    who: Annotated[str | None, typer.Argument(help="Key or exact name.", metavar="USER")] = None,
    k: Annotated[int, typer.Option("-k", help="How many.")] = 10,
    where: Where = None,
    tag: Tags = None,
    cypher: Predicates = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="name=value for a $name in --cypher (read as JSON, else as text)."),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", "-x", help="Key or name of a user to leave out.")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="Users who fit a description in words, instead of USER.")
    ] = None,
    vector: Annotated[
        Path | None, typer.Option("--vector", help="Users near a vector, instead of USER: .npy or a JSON list.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say how the users were found, and how fast.")] = False,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Find the users most alike, with reasons: as many as you ask for, wherever so many satisfy the filter.

    Example: sociogram similar u0412 -k 5 --where city=Lyon --where 'joinedAt>=2024-01-01' --tag climbing --explain
    """
    if sum(given is not None for given in (who, text, vector)) != 1:
        raise typer.BadParameter("name one USER, or say --text WORDS or --vector FILE")
    wanted = conditions(where or (), tag or (), cypher or (), parameter or ())
    near = None if vector is None else read_vector(vector)
    with open_engine(uri, database, user, password_file, mapping) as engine:
        rows = engine.similar(who, k, wanted, text=text, vector=near, exclude=exclude or (), explain=explain)
    found = [row.to_dict() for row in rows]
    if json:
        print_json({"plan": rows.explained.to_dict(), "rows": found} if rows.explained else found)
    elif rows:
        shown = [{"id": r.id, "name": r.name, "cosine": r.cosine, "why": r.reasons} for r in rows]
        print_table(shown, ("id", "name", "cosine", "why"))
    for line in filter(None, (rows.note, None if json else rows.explained)):
        typer.echo(str(line), err=True)
    if rows:
        hint(f"sociogram profile {rows[0].id}")


def conditions(
    where: Sequence[str], tags: Sequence[str], cypher: Sequence[str], parameters: Sequence[str]
) -> dict[str, Any] | None:
    """What `Engine.similar` takes as `where`; raises BadParameter that says what was expected."""
    wanted: dict[str, Any] = read_where(where)
    for name in {"tag", "cypher"} & set(wanted):
        raise typer.BadParameter(f"--where {name}: say --{name} instead")
    if tags:
        wanted["tag"] = [_tag(given) for given in tags]
    if cypher:
        values = {name: guessed(value) for name, value in pairs(parameters).items()}
        wanted["cypher"] = [{"text": given, "parameters": values} for given in cypher]
    elif parameters:
        raise typer.BadParameter("--param gives a value to a $name in --cypher, which is missing")
    return wanted or None


def _tag(given: str) -> dict[str, Any]:
    match = LEAST.match(given)
    if match is None:
        return {"name": given}
    try:
        return {"name": match[1], "min": float(match[2])}
    except ValueError:
        raise typer.BadParameter(f"--tag {given!r}: the least score must be a number from 0 to 1") from None


def read_vector(file: Path) -> Any:
    """Numbers of an .npy file, or of a JSON list; raises InputError."""
    try:
        if file.suffix == ".npy":
            import numpy as np

            return np.load(file, allow_pickle=False)
        return json_.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or 'cannot be read'}.") from None
    except ValueError:
        raise InputError(f"{file}: expected a vector as NumPy's .npy, or a JSON list of numbers.") from None
