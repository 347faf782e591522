"""sociogram serve: profiles over HTTP; sociogram keys: who may ask."""

import logging
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from sociogram.cli.common import (
    Database,
    Json,
    MappingFile,
    PasswordFile,
    Uri,
    User,
    connected,
    hint,
    print_json,
    print_table,
)
from sociogram.cli.complete import key_names, scopes
from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.errors import InputError

RETRY_TIME_S = 2.0  # who asks over HTTP can ask again: nobody waits for a database that is gone
FIRST = "first"  # name of the key that is made where there is none
keys = typer.Typer(help="API keys: add, list, remove.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command()(serve)
    app.add_typer(keys, name="keys")


def serve(
    host: Annotated[
        str, typer.Option(help="Address to listen on; with the default only this machine can connect.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8765,
    allow_host: Annotated[
        list[str] | None, typer.Option("--allow-host", help="Another host name by which the server may be reached.")
    ] = None,
    no_keys: Annotated[bool, typer.Option("--no-keys", help="Let everybody in without a key.")] = False,
    rate: Annotated[float, typer.Option(help="Requests a second that one key may make.", min=0.1)] = 1000.0,
    mapping: MappingFile = None,
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
) -> None:
    """Serve pages for the browser and an API over HTTP, from one process.

    Example: sociogram serve --port 8765
    """
    try:
        import uvicorn

        from sociogram.explorer.mount import mount
        from sociogram.explorer.site import PREFIX, Site
        from sociogram.server.app import create_app
        from sociogram.server.backend import Backend
        from sociogram.server.connections import Waiting, raise_limit
        from sociogram.server.guard import LOCAL, Limits
        from sociogram.server.keys import KeyRing
    except ImportError as error:
        raise InputError(
            f"serve needs the extra [server] ({error.name} is missing): pip install 'sociogram[server]'"
        ) from None
    waiting = Waiting(raise_limit())
    ring = None if no_keys else KeyRing(Home.default().keys)
    hosts = tuple(dict.fromkeys((*LOCAL, host, *(allow_host or ()))))
    store = connected(uri, database, user, password_file, retry_time=RETRY_TIME_S)
    first = Engine(store, mapping=mapping, home=Home.default())
    backend = Backend(first, lambda before: _moved(before, mapping) if uri is None else None)
    try:
        with _listening(host, port) as listening:
            address = f"http://{host if ':' not in host else f'[{host}]'}:{listening.getsockname()[1]}"
            if ring is not None and not ring.all():
                secret = ring.add(FIRST, "admin")
                typer.echo(f"The first key, which may do everything and is shown once: {secret}", err=True)
            typer.echo(f"Serving on {address}  (Ctrl-C ends it)", err=True)
            site = Site(backend, ring, Home.default())
            code = "" if ring is None else f"{PREFIX}/signin?code={site.codes.new()}"
            typer.echo(
                f"Pages for the browser: {address}{code or '/'}" + ("  (this link signs in once)" if code else ""),
                err=True,
            )
            hint(f"curl -H 'Authorization: Bearer KEY' {address}/v1/runs", "sociogram keys add NAME --scope read")
            logging.basicConfig(stream=sys.stderr, format="%(message)s")
            logging.getLogger("sociogram.server").setLevel(logging.INFO)
            backend.prepare()
            limits = Limits(hosts=hosts, uploads=f"{PREFIX}/_nicegui/client/")
            app = create_app(backend, ring, limits=limits, rate=rate)
            mount(app, site)
            config = uvicorn.Config(
                app,
                http=waiting.protocol(),
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=10,
            )
            signal.signal(
                signal.SIGTERM, lambda *_: sys.exit(0)
            )  # uvicorn ends what is under way, then signals once more
            try:
                with suppress(KeyboardInterrupt):
                    uvicorn.Server(config).run([listening])
            finally:
                site.close()
    finally:
        backend.close()


def _moved(before: Engine, mapping: Path | None) -> Engine | None:
    """Where the managed Neo4j is now, if it runs again elsewhere."""
    from sociogram.graph.server import ManagedServer

    status = ManagedServer(Home.default()).status()
    if status.state != "running" or status.uri == before.store.address:
        return None
    return Engine(connected(None, retry_time=RETRY_TIME_S), mapping=mapping, home=Home.default())


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen()  # from now on whoever asks waits, until the server answers
    except OSError as error:
        made.close()
        raise InputError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}. Say another --port, or 0 for a free one."
        ) from None
    return made


@keys.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    scope: Annotated[
        str, typer.Option(help="read, write or admin; each may do what those before it may.", autocompletion=scopes)
    ] = "read",
) -> None:
    """Make a key and show it: this once.

    Example: sociogram keys add dashboard --scope read
    """
    from sociogram.server.keys import KeyRing

    typer.echo(KeyRing(Home.default().keys).add(name, scope))  # type: ignore[arg-type]  # checked there


@keys.command("list")
def listed(json: Json = False) -> None:
    """Names, scopes and when they were made.

    Example: sociogram keys list
    """
    from sociogram.server.keys import KeyRing

    rows = [{"name": k.name, "scope": k.scope, "created": k.created} for k in KeyRing(Home.default().keys).all()]
    print_json(rows) if json else print_table(rows, ("name", "scope", "created"))


@keys.command("remove")
def remove(name: Annotated[str, typer.Argument(help="Whose key it is.", autocompletion=key_names)]) -> None:
    """Take a key away; a running server knows at once.

    Example: sociogram keys remove dashboard
    """
    from sociogram.server.keys import KeyRing

    KeyRing(Home.default().keys).remove(name)
