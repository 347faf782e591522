"""Dockerfile and compose.yaml without Docker: linted, held against rules, and what they start is started here."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from sociogram.cli.app import app
from sociogram.config import Home
from sociogram.graph.server import ManagedServer
from sociogram.server.app import create_app

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def steps() -> list[tuple[str, str]]:
    """Instruction and arguments of every step of the Dockerfile."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined.splitlines())]


def last(instruction: str) -> str:
    return [rest for name, rest in steps() if name == instruction][-1]


def command() -> list[str]:
    return [str(word) for word in json.loads(last("CMD"))]


def check() -> list[str]:
    """The health check's command."""
    return [str(word) for word in json.loads(last("HEALTHCHECK").partition(" CMD ")[2])]


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_images_are_pinned_and_nobody_is_root() -> None:
    bases = [rest.split()[0] for name, rest in steps() if name == "FROM"]
    images = [*bases, *(service["image"] for service in SERVICES.values())]
    assert all(re.search(r":\d+(\.\d+)+", image) for image in images), images
    assert last("USER").split(":")[0] == "10001"
    order = [name for name, _ in steps()]
    assert order[order.index("USER") :].count("RUN") == 0
    assert bases[0].startswith("python:3.12.")


def test_what_is_copied_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    needed = ("pyproject.toml", "README.md", "LICENSE", "src", "graph", "gnn", "encoders", "loaders", "queries")
    assert not set(needed) & set(ignored)
    assert {"secrets", ".git", ".venv"} <= set(ignored)
    for name, rest in steps():
        if name == "COPY" and not rest.startswith("--from"):
            assert all((ROOT / source).exists() for source in rest.split()[:-1]), rest


def test_the_server_is_started_by_a_command_that_exists() -> None:
    words = command()
    assert words[0] == "sociogram"
    serve = typer.main.get_command(app).commands[words[1]]  # type: ignore[attr-defined]
    given = serve.make_context("serve", words[2:]).params
    port = last("EXPOSE")
    assert (given["host"], str(given["port"])) == ("0.0.0.0", port)  # noqa: S104 - within the container
    assert f"127.0.0.1:{port}/v1/health" in check()[-1]
    assert SERVICES["server"]["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert "/v1/health" in create_app(None, None).openapi()["paths"]  # type: ignore[arg-type]


def test_compose_listens_on_this_machine_only_and_names_no_password() -> None:
    for name, service in SERVICES.items():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), name
        assert service["restart"] == "unless-stopped"
        for variable, value in service["environment"].items():
            held = "PASSWORD" in variable or "AUTH" in variable
            assert not held or (variable.endswith("_FILE") and value.startswith("/run/secrets/")), variable
        mounted = {Path(v).name for v in service["environment"].values() if str(v).startswith("/run/secrets/")}
        assert mounted == set(service["secrets"]) <= set(COMPOSE["secrets"])
        assert {v.partition(":")[0] for v in service["volumes"]} <= set(COMPOSE["volumes"])
    server = SERVICES["server"]
    assert server["depends_on"]["neo4j"]["condition"] == "service_healthy"
    assert "healthcheck" in SERVICES["neo4j"]
    assert (server["cap_drop"], server["read_only"]) == (["ALL"], True)
    assert {"/tmp", "/home/sociogram"} == set(server["tmpfs"])  # noqa: S108 - within the container
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    assert "secrets/" in ignored
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())


def test_its_neo4j_is_of_the_version_that_is_tested() -> None:
    from sociogram.graph.jars import CURRENT

    assert SERVICES["neo4j"]["image"] == f"neo4j:{CURRENT}-community"


@pytest.fixture
def address(server: ManagedServer, home: Home, environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The container's command, as compose.yaml starts it, on the test session's Neo4j and this machine's loopback."""
    variables = dict.fromkeys(SERVICES["server"]["environment"])
    assert set(variables) == {"NEO4J_URI", "NEO4J_USERNAME", "NEO4J_PASSWORD_FILE"}
    variables |= {
        "NEO4J_URI": server.start().uri,
        "NEO4J_USERNAME": "neo4j",
        "NEO4J_PASSWORD_FILE": str(server.password_file),
        "SOCIOGRAM_HOME": str(tmp_path / "home"),
    }
    words = [{"0.0.0.0": "127.0.0.1", "8765": "0"}.get(word, word) for word in command()[1:]]  # noqa: S104
    log = tmp_path / "log"
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, "-m", "sociogram", *words], stderr=out, env=environment | variables)
    while not (found := re.search(r"Serving on (\S+)", log.read_text())):
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    yield found.group(1)
    process.terminate()
    assert process.wait(30) == 0


def test_its_health_check_finds_it_well(address: str) -> None:
    program, *rest = check()
    assert program == "python"
    ask = [sys.executable, *(word.replace("http://127.0.0.1:8765", address) for word in rest)]
    assert subprocess.run(ask, env=dict(os.environ), check=False).returncode == 0
    wrong = [sys.executable, *(word.replace("http://127.0.0.1:8765", "http://127.0.0.1:1") for word in rest)]
    assert subprocess.run(wrong, capture_output=True, check=False).returncode != 0
