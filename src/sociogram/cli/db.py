"""sociogram db: the managed Neo4j."""

from dataclasses import asdict
from typing import Annotated

import typer

from sociogram.cli.common import Json, hint, print_json
from sociogram.config import Home
from sociogram.errors import NotFoundError
from sociogram.graph.server import ManagedServer

app = typer.Typer(
    no_args_is_help=True, help="Start, stop and look at the Neo4j that Sociogram runs for you, on 127.0.0.1."
)


def _server() -> ManagedServer:
    return ManagedServer(Home.default())


@app.command()
def start() -> None:
    """Start it, or find it running; the first time it is downloaded.

    Example: sociogram db start
    """
    from sociogram.cli.progress import TerminalProgress

    with TerminalProgress() as progress:
        address = _server().start(progress)
    typer.echo(address.uri)
    hint("sociogram load demo", "sociogram db status")


@app.command()
def stop() -> None:
    """Stop it; the data stays.

    Example: sociogram db stop
    """
    typer.echo("stopped" if _server().stop() else "it was not running")


@app.command()
def status(json: Json = False) -> None:
    """Say whether it runs, where, and which file holds its password.

    Example: sociogram db status --json
    """
    server = _server()
    facts = {**asdict(server.status()), "user": "neo4j", "password_file": str(server.password_file)}
    if json:
        print_json(facts)
        return
    for name, value in facts.items():
        if value is not None:
            typer.echo(f"{name.replace('_', ' '):<15}{value}")


@app.command()
def path() -> None:
    """Print the folder of the database.

    Example: sociogram db path
    """
    typer.echo(str(_server().path))


@app.command()
def logs(lines: Annotated[int, typer.Option("-n", help="How many lines.")] = 40) -> None:
    """Print the end of its log.

    Example: sociogram db logs -n 100
    """
    log = _server().log_path
    if not log.exists():
        raise NotFoundError(f"there is no log yet at {log}. Start the database first: sociogram db start")
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]:
        typer.echo(line)
