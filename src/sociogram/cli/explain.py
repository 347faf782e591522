"""sociogram explain: what carries a claim about a user."""

from typing import Annotated

import typer

from sociogram.cli.ask import Who
from sociogram.cli.common import (
    Database,
    Json,
    MappingFile,
    PasswordFile,
    Uri,
    User,
    hint,
    open_engine,
    print_json,
    print_table,
)
from sociogram.cli.complete import run_ids


def register(app: typer.Typer) -> None:
    app.command()(explain)


def explain(
    who: Who,
    tag: Annotated[str | None, typer.Option(help="Why this interest: name of a topic that the user has.")] = None,
    similar: Annotated[str | None, typer.Option(help="Why like this user.", metavar="USER")] = None,
    item: Annotated[str | None, typer.Option(help="Why this item: its key.", metavar="ITEM")] = None,
    k: Annotated[int, typer.Option("-k", help="How many reasons at most.")] = 3,
    run: Annotated[
        str | None, typer.Option(help="With --tag: id of a run other than the live one.", autocompletion=run_ids)
    ] = None,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Show the friends, items, topics and sentences behind a claim about a user, with the share of each.

    Example: sociogram explain u0307 --tag books
    """
    from sociogram.queries.explanation import REST, WHAT

    with open_engine(uri, database, user, password_file, mapping) as engine:
        found = engine.explain(who, tag=tag, similar=similar, item=item, k=k, run=run)
    if json:
        print_json(found.to_dict())
        return
    score = "" if found.score is None else f"  {found.score:.2f}"
    typer.echo(f"{found.user}  {WHAT[found.claim]} {found.name}{score}")
    rows = [{"share": r.share, "kind": r.kind, "why": r.sentence, "path": r.path} for r in found.reasons]
    rest = {"share": found.rest, "kind": "rest", "why": REST[found.claim].lower()}
    print_table([*rows, rest], ("share", "kind", "why", "path"))
    hint(f"sociogram profile {found.user}")
