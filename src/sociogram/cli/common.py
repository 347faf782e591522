"""What all commands share: connecting, printing, the hint of what to do next."""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.errors import InputError
from sociogram.graph.store import RETRY_TIME_S, Store

Uri = Annotated[
    str | None,
    typer.Option(
        "--uri", "-a", envvar="NEO4J_URI", help="Bolt address of your own Neo4j; without it the managed one is used."
    ),
]
Database = Annotated[str | None, typer.Option("--database", "-d", envvar="NEO4J_DATABASE", help="Database name.")]
User = Annotated[str | None, typer.Option("--user", envvar="NEO4J_USERNAME", help="User name (default neo4j).")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        envvar="NEO4J_PASSWORD_FILE",
        help="File with the password; or set NEO4J_PASSWORD. Never an argument: others can read those.",
    ),
]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", "-m", help="graph.toml, as `sociogram inspect` writes it.")
]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]

WIDE = 200  # columns of a table that goes to a file or a pipe


def _password(file: Path | None) -> str | None:
    if file is None:
        return os.environ.get("NEO4J_PASSWORD")
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(
            f"{file}: {error.strerror}. It should hold the password of the Neo4j user, on one line."
        ) from None


@contextmanager
def open_store(
    uri: str | None, database: str | None = None, user: str | None = None, password_file: Path | None = None
) -> Iterator[Store]:
    """The user's own Neo4j, or the managed one, started where it does not run."""
    with connected(uri, database, user, password_file) as store:
        yield store


def connected(
    uri: str | None,
    database: str | None = None,
    user: str | None = None,
    password_file: Path | None = None,
    retry_time: float = RETRY_TIME_S,
) -> Store:
    """The same, to be closed by who asked."""
    from sociogram.cli.progress import TerminalProgress

    password = _password(password_file) if uri else None
    if uri is None:
        from sociogram.graph.server import ManagedServer

        with TerminalProgress() as progress:
            address = ManagedServer(Home.default()).start(progress)
        uri, user, password = address.uri, address.user, address.password
        database = None
    user = user or ("neo4j" if password else None)
    return Store.connect(uri, user=user, password=password, database=database, retry_time=retry_time)


@contextmanager
def open_engine(
    uri: str | None,
    database: str | None = None,
    user: str | None = None,
    password_file: Path | None = None,
    mapping: Path | None = None,
    queries: Sequence[Path] = (),
) -> Iterator[Engine]:
    """An Engine that tells its progress on stderr."""
    from sociogram.cli.progress import TerminalProgress

    with open_store(uri, database, user, password_file) as store, TerminalProgress() as progress:
        yield Engine(store, mapping=mapping, home=Home.default(), progress=progress, queries=queries)


def pairs(given: Sequence[str]) -> dict[str, str]:
    """`name=value` each, as names and values; raises BadParameter."""
    values = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise typer.BadParameter(f"expected name=value, got {pair!r}")
        values[name] = value
    return values


def guessed(text: str) -> Any:
    """A value as JSON has it, else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def print_json(value: Any) -> None:
    """One JSON value on stdout; times and the like as text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(rows: Sequence[dict[str, Any]], columns: Sequence[str] | None = None) -> None:
    """Rows as a table on stdout; nothing is cut where stdout is not a terminal."""
    names = list(columns or (rows[0] if rows else ()))
    table = Table(*names, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in names))
    console = Console() if sys.stdout.isatty() else Console(width=WIDE, no_color=True)
    console.print(table, soft_wrap=False)


def _cell(value: Any) -> str:
    from rich.markup import escape

    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list):
        return escape(", ".join(map(str, value)))
    return "" if value is None else escape(str(value))


def hint(*lines: str) -> None:
    """What to try next: on stderr, on a terminal only."""
    if sys.stderr.isatty():
        for i, line in enumerate(lines):
            shown = line.replace("sociogram ", _program() + " ", 1) if line.startswith("sociogram ") else line
            typer.echo(("\n  Try:  " if i == 0 else "        ") + shown, err=True)


def _program() -> str:
    """How this command was called, where `sociogram` alone would not be found: `make demo` runs it from .venv."""
    return "sociogram" if shutil.which("sociogram") else os.path.relpath(sys.argv[0])
