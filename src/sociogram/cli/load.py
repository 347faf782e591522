"""sociogram load: data into the graph."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sociogram.cli.common import (
    Database,
    Json,
    PasswordFile,
    Uri,
    User,
    hint,
    open_store,
    print_json,
    print_table,
)
from sociogram.errors import InputError

if TYPE_CHECKING:
    from sociogram.loaders.source import Source

app = typer.Typer(help="Load data into the graph; loading the same again changes nothing.", no_args_is_help=True)

ProvenanceName = Literal["public", "internal", "third_party"]
Provenance = Annotated[ProvenanceName, typer.Option(help="Where the data is from; kept on every node.")]
Replace = Annotated[bool, typer.Option("--replace", help="Empty the database first: everything in it is deleted.")]
Files = Annotated[list[Path] | None, typer.Option(help="CSV or Parquet; repeat for several.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", "-c", help="KIND.ROLE=COLUMN, say what a column is: users.id=uid, events.ignore=session."),
]
Jargon = Annotated[
    float,
    typer.Option(
        help="Share of the content words (0 to 1) that become made-up words, the same for everyone: a community whose language no model knows."
    ),
]
KeepPrivate = Annotated[bool, typer.Option("--keep-private", help="Load e-mail and IP columns as well.")]


@dataclass(frozen=True)
class _Target:
    """Where to load, and how to tell."""

    uri: str | None
    database: str | None
    user: str | None
    password_file: Path | None
    replace: bool
    json: bool
    keep_private: bool = False

    def load(self, source: "Source") -> None:
        """Load and print the report."""
        from sociogram.cli.progress import TerminalProgress
        from sociogram.config import Home
        from sociogram.loaders.load import load

        with ExitStack() as stack:
            store = stack.enter_context(open_store(self.uri, self.database, self.user, self.password_file))
            progress = stack.enter_context(TerminalProgress())
            report = load(source, store, Home.default(), progress, keep_private=self.keep_private, replace=self.replace)
        if self.json:
            print_json(report.to_dict())
        else:
            print_table(report.rows())
        for line in filter(None, (report.removed and f"removed first: {report.removed}",)):
            typer.echo(line, err=True)
        if report.quarantine:
            typer.echo(f"rejected rows, with file, line, column and reason: {report.quarantine}", err=True)
        hint("sociogram fit", "sociogram inspect")


@app.command()
def demo(
    users: Annotated[int, typer.Option(help="How many people to make up.")] = 1500,
    seed: Annotated[int, typer.Option(help="Seed of the community.")] = 0,
    jargon: Jargon = 0.0,
    replace: Replace = False,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Load a made-up community whose true interests are known.

    Example: sociogram load demo --users 300 --seed 1

    Example: sociogram load demo --jargon .5
    """
    from sociogram.loaders.demo import demo as community
    from sociogram.loaders.jargon import jargon as in_jargon

    source = in_jargon(community(users=users, seed=seed), jargon, seed)
    _Target(uri, database, user, password_file, replace, json).load(source)


@app.command()
def csv(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files whose kind is guessed from their columns and names.")
    ] = None,
    users: Files = None,
    items: Files = None,
    ties: Files = None,
    events: Files = None,
    topics: Files = None,
    column: Columns = None,
    provenance: Provenance = "internal",
    keep_private: KeepPrivate = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what each column was taken for; load nothing.")
    ] = False,
    replace: Replace = False,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Load CSV or Parquet files of users, items, ties, events and topics; columns are guessed and shown.

    Example: sociogram load csv --users people.csv --ties follows.csv --events ratings.csv -c users.id=uid

    Example: sociogram load csv people.csv follows.csv ratings.csv --dry-run
    """
    from sociogram.loaders.csv_files import csv as source_of

    source = source_of(
        *(files or ()),
        users=users or (),
        items=items or (),
        ties=ties or (),
        events=events or (),
        topics=topics or (),
        columns=_overrides(column or []),
        provenance=provenance,
    )
    plan = source.plan()
    if dry_run:
        if json:
            print_json(plan)
        else:
            print_table(plan)
        return
    _show(plan)
    _Target(uri, database, user, password_file, replace, json, keep_private).load(source)


@app.command()
def lastfm(
    folder: Annotated[Path, typer.Argument(help="Folder of the HetRec 2011 Last.fm files.")],
    provenance: Provenance = "public",
    replace: Replace = False,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Load the listening counts, friendships and tags of HetRec 2011 Last.fm.

    Example: sociogram load lastfm hetrec2011-lastfm-2k
    """
    from sociogram.loaders.lastfm import lastfm as source_of

    _Target(uri, database, user, password_file, replace, json).load(source_of(folder, provenance=provenance))


@app.command()
def stackexchange(
    folder: Annotated[Path, typer.Argument(help="Folder of an unpacked dump (Users.xml, Posts.xml, ...).")],
    provenance: Provenance = "public",
    jargon: Jargon = 0.0,
    replace: Replace = False,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Load a Stack Exchange data dump: posts as items with their text, tags as topics.

    Example: sociogram load stackexchange quantumcomputing.stackexchange.com
    """
    from sociogram.loaders.jargon import jargon as in_jargon
    from sociogram.loaders.stackexchange import stackexchange as source_of

    source = in_jargon(source_of(folder, provenance=provenance), jargon)
    _Target(uri, database, user, password_file, replace, json).load(source)


@app.command()
def networkx(
    file: Annotated[Path, typer.Argument(help="GraphML, GEXF or an edge list.")],
    column: Columns = None,
    provenance: Provenance = "internal",
    keep_private: KeepPrivate = False,
    replace: Replace = False,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Load a graph file that networkx reads; attributes are understood like columns of a CSV.

    Example: sociogram load networkx friends.graphml
    """
    from sociogram.loaders.network import networkx as source_of
    from sociogram.loaders.network import read_graph

    source = source_of(read_graph(file), columns=_overrides(column or []), provenance=provenance)
    _show(source.plan())
    _Target(uri, database, user, password_file, replace, json, keep_private).load(source)


def _overrides(given: list[str]) -> dict[str, str | list[str]]:
    overrides: dict[str, str | list[str]] = {}
    for text in given:
        key, sign, name = text.partition("=")
        if not sign or not name:
            raise InputError(f"--column {text}: expected KIND.ROLE=COLUMN, for instance users.id=uid.")
        before = overrides.get(key, [])
        overrides[key] = [*([before] if isinstance(before, str) else before), name]
    return overrides


def _show(plan: list[dict[str, Any]]) -> None:
    """The guess, on stderr: stdout is for the report."""
    for row in plan:
        role = "not loaded" if row["role"] == "ignore" else f"{row['role']} ({row['property']})"
        typer.echo(f"  {row['file']} ({row['table']}): {row['column'] or '(no name)'} -> {role}", err=True)
