"""The command line as a user has it: a process of its own, on a small published demo."""

import json
import os
import subprocess

import pytest
from running import Cli, command

from sociogram.config import Home
from sociogram.graph.server import ManagedServer


@pytest.fixture(scope="session")
def environment(home: Home) -> dict[str, str]:
    """Of a command on the test session's own home."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NEO4J_")}
    return kept | {"SOCIOGRAM_HOME": str(home.root), "PYTHONWARNINGS": "ignore"}


@pytest.fixture(scope="session")
def cli(environment: dict[str, str], server: ManagedServer) -> Cli:
    """Run `sociogram ARGS` on the test session's own home; checks the exit code unless told another."""

    def run(*arguments: str, code: int = 0, **extra: str) -> "subprocess.CompletedProcess[str]":
        done = command(arguments, environment | {"COLUMNS": "200"} | extra)
        assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def learned() -> list[str]:
    """The run of the demo below, once a module has learned it: the others publish it again."""
    return []


@pytest.fixture(scope="module")
def published(cli: Cli, learned: list[str]) -> Cli:
    """A demo community of 450 users, learned with the light encoder and published."""
    cli("load", "demo", "--users", "450", "--replace")
    if learned:
        cli("publish", *learned)
        return cli
    cli("fit", "--encoder", "light")
    learned.extend(row["run"] for row in json.loads(cli("runs", "--json").stdout) if row["graph"] == "live")
    return cli
