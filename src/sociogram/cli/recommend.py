"""sociogram recommend: items, people and topics, for one user or for all."""

from typing import Annotated, Any

import typer

from sociogram.cli.ask import All, Count, Out, WhoOrAll, everyone, write
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
from sociogram.cli.where import read_where

COLUMNS = ("rank", "id", "name", "score", "source", "why")


def register(app: typer.Typer) -> None:
    app.command()(recommend)


def recommend(
    who: WhoOrAll = None,
    k: Count = 10,
    people: Annotated[bool, typer.Option("--people", help="People to meet instead of items.")] = False,
    topics: Annotated[
        bool, typer.Option("--topics", help="Topics that the user never stated, instead of items.")
    ] = False,
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="A condition on a property, such as language=de, 'year>=2020' or 'city=[\"Bern\",\"Basel\"]'; several must all hold."
        ),
    ] = None,
    topic: Annotated[str | None, typer.Option(help="Only items about this topic, or people with it.")] = None,
    diversity: Annotated[
        float, typer.Option(help="0 to 1: how much to avoid items that resemble each other (MMR).")
    ] = 0.0,
    popularity: Annotated[float, typer.Option(help="-1 (rare first) to 1 (well known first).")] = 0.0,
    include_seen: Annotated[
        bool, typer.Option("--include-seen", help="Include items that the user already has.")
    ] = False,
    include_new: Annotated[
        bool, typer.Option("--include-new", help="Let items that came after training compete, judged by their text.")
    ] = False,
    every: All = False,
    out: Out = None,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Recommend items to a user, with reasons; with --all, to every user, into a file (user, item, rank, score, source).

    Example: sociogram recommend u0412 -k 5 --topic climbing --diversity 0.3
    """
    asked: dict[str, Any] = {
        "include_seen": include_seen,
        "where": read_where(where or ()) or None,
        "topic": topic,
        "diversity": diversity,
        "popularity": popularity,
        "include_new": include_new,
    }
    if people and topics:
        raise typer.BadParameter("say --people or --topics, not both")
    what: Any = "people" if people else "topics" if topics else "items"
    with open_engine(uri, database, user, password_file, mapping) as engine:
        if everyone(who, every, out):
            if what != "items":
                raise typer.BadParameter(f"--{what} is for one USER; with --all items are written")
            write(engine.recommend_all(k, **asked), out)
            return
        rows = engine.recommend(str(who), k, what=what, **asked)
    if json:
        print_json([row.to_dict() for row in rows])
        return
    shown = [
        {"rank": r.rank, "id": r.id, "name": r.name, "score": r.score, "source": r.source, "why": r.reasons}
        for r in rows
    ]
    print_table(shown, COLUMNS)
    if rows and what == "people":
        hint(f"sociogram query why_alike --param user={who} --param other={rows[0].id}")
