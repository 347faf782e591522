"""sociogram profile, changes, tags, interested, embeddings, cypher: what was published."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from sociogram.cli.complete import run_ids
from sociogram.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from sociogram.graph.profile import Key

Who = Annotated[str, typer.Argument(help="Key or exact name.", metavar="USER")]
WhoOrAll = Annotated[str | None, typer.Argument(help="Key or exact name.", metavar="USER")]
All = Annotated[bool, typer.Option("--all", help="Every user, to a file.")]
Out = Annotated[Path | None, typer.Option("--out", help="Parquet file to write.")]
Count = Annotated[int, typer.Option("-k", help="How many.")]


def register(app: typer.Typer) -> None:
    for command in (profile, changes, tags, interested, embeddings, cypher):
        app.command()(command)


def profile(
    who: Who,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Show one user's profile.

    Example: sociogram profile u0412
    """
    from sociogram.queries.rows import readable

    with open_engine(uri, database, user, password_file, mapping) as engine:
        found = engine.profile(who)
    if json:
        print_json(found.to_dict())
        return
    lines = [("user", f"{found.id}  {found.name}" if found.name != str(found.id) else str(found.id))]
    lines.append(("in short", found.sentence))
    lines += [(key, readable(value)) for key, value in found.properties.items() if value not in (found.id, found.name)]
    interests = [f"{t.name} {t.probability:.2f}{'*' if t.observed else ''}" for t in found.tags]
    lines += [
        ("interests", " · ".join(interests) or "none sure enough to show"),
        ("keywords", ", ".join(found.keywords)),
    ]
    for name, (value, confidence) in found.attributes.items():
        sure = f"{readable(value)} ({confidence:.2f})" if confidence is not None else "not sure enough"
        lines.append((f"predicted {name}", sure))
    lines += found.place
    lines += [("embedding", f"{len(found.embedding)} numbers"), ("published", f"{found.at[:19]} by run {found.run}")]
    for name, value in lines:
        typer.echo(f"{name:<22}{value}")
    if any(t.observed for t in found.tags):
        typer.echo("* observed in the graph")
    why = [f'sociogram explain {found.id} --tag "{found.tags[0].name}"'] if found.tags else []
    hint(f"sociogram similar {found.id} -k 5", f"sociogram recommend {found.id} -k 5", *why)


def changes(
    who: Who,
    since: Annotated[
        str | None,
        typer.Option(help="Run id (default: the run published before the live one).", autocompletion=run_ids),
    ] = None,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Show what changed about a user since an earlier run: segment, scores, tags, predicted attributes.

    Example: sociogram changes u0412
    """
    with open_engine(uri, database, user, password_file, mapping) as engine:
        rows = engine.changes(who, since).to_dicts()
    if json or rows:
        print_json(rows) if json else print_table(rows, ("what", "before", "after"))
    else:
        typer.echo(
            "nothing has changed that is worth telling: same segment, same tags within .1, same attributes", err=True
        )


def tags(
    who: WhoOrAll = None,
    every: All = False,
    top: Annotated[int, typer.Option(help="With --all: topics per user.")] = 100,
    out: Out = None,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Show a user's interests; with --all, write every user's to a file (user, topic, name, probability, shown, observed).

    Example: sociogram tags --all --top 100 --out tags.parquet
    """
    with open_engine(uri, database, user, password_file, mapping) as engine:
        if everyone(who, every, out):
            write(engine.tags_all(top), out)
            return
        rows = engine.tags(str(who)).to_dicts()
    print_json(rows) if json else print_table(rows, ("id", "name", "probability", "observed"))


def interested(
    topic: Annotated[str, typer.Argument(help="Name of a topic that the graph need not have.", metavar="TOPIC")],
    description: Annotated[str, typer.Option(help="What it is about; the more you say, the better.")] = "",
    k: Count = 10,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Find the users most likely to be interested in a new topic, from its text alone.

    Example: sociogram interested "bouldering" --description "climbing without a rope"
    """
    with open_engine(uri, database, user, password_file) as engine:
        rows = engine.interested(topic, k, description=description)
    print_json(rows.to_dicts()) if json else print_table(rows.to_dicts(), ("id", "name", "probability"))
    if rows:
        hint(f"sociogram profile {rows[0].id}")


def embeddings(
    label: Annotated[str, typer.Argument(help="Label, e.g. User.")],
    out: Annotated[Path, typer.Option("--out", help="File to write: .parquet, .arrow or .npy (with .ids.parquet).")],
    ids: Annotated[Path | None, typer.Option(help="File with the wanted keys, one on each line.")] = None,
    run: Annotated[str | None, typer.Option(help="Run id (default: the live one).", autocompletion=run_ids)] = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Write the vectors of every node of a label to a file.

    FILE.npy comes with FILE.ids.parquet (row, id); when written again, a key keeps its row.

    Example: sociogram embeddings User --out users.npy
    """
    from sociogram.graph.id_map import beside

    with open_engine(uri, database, user, password_file) as engine:
        found = engine.embeddings(label, run=run)
    if ids is not None:
        found = found.of(_keys(ids, found.ids))
    found.save(out)
    typer.echo(f"{out}  {found.vectors.shape[0]:,} vectors of {found.vectors.shape[1]} numbers, run {found.run}")
    if out.suffix == ".npy":
        typer.echo(f"{beside(out)}  the row of each id")


def cypher(
    query: Annotated[str, typer.Argument(help="A reading query.")],
    parameter: Annotated[
        list[str] | None,
        typer.Option("--param", "-p", help="name=value for a $name in the query (value read as JSON, else as text)."),
    ] = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Run a Cypher query that only reads.

    Example: sociogram cypher "MATCH (u:User) WHERE 'climbing' IN u.tags RETURN u.id LIMIT 5"
    """
    with open_engine(uri, database, user, password_file) as engine:
        rows = engine.cypher(
            query, **{name: guessed(value) for name, value in pairs(parameter or ()).items()}
        ).to_dicts()
    print_json(rows) if json else print_table(rows)


def everyone(who: str | None, every: bool, out: Path | None) -> bool:
    if every and who is None and out is not None:
        return True
    if every or who is None:
        raise typer.BadParameter("name one USER, or say --all and --out FILE.parquet for everybody")
    return False


def write(frame: "pd.DataFrame", out: Path | None) -> None:
    if out is None:
        raise InputError("say where to write: --out FILE.parquet")
    if not out.parent.is_dir():
        raise InputError(f"{out}: the folder {out.parent} does not exist.")
    frame.to_parquet(out, index=False)
    typer.echo(f"{out}  {len(frame):,} rows")


def _keys(path: Path, known: "list[Key]") -> "list[Key]":
    """Keys from a file, a line each, of the type that the graph's have."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: expected a text file with one key a line ({error}).") from None
    texts = {str(key): key for key in known}
    return [texts.get(line, line) for line in lines if line]
