"""What README and docs/ tell a reader to type works: what takes under a minute is run on a published demo, page by page; of the rest
the commands, their options and the methods exist."""

import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from documents import PAGES, README, ROOT, Block, Command, blocks, calls, commands, curl
from fastapi.testclient import TestClient
from running import Cli
from typer.testing import CliRunner

import sociogram
from sociogram.cli.app import app
from sociogram.client import Client
from sociogram.config import Home
from sociogram.engine import Engine
from sociogram.graph.mapping import GraphMapping
from sociogram.graph.server import ManagedServer
from sociogram.queries.segments.rules import read_rules
from sociogram.server.app import create_app
from sociogram.server.backend import Backend

COMMANDS = [command for page in PAGES for command in commands(page)]
OURS = [command for command in COMMANDS if command.ours]
CURLS = [command for command in COMMANDS if command.words[0] == "curl" and command.block.reason is None]
QUICK = {
    "profile",
    "similar",
    "recommend",
    "explain",
    "cypher",
    "tags",
    "embeddings",
    "queries",
    "query",
    "segments",
    "runs",
}
QUICK_OF = {
    ("db", "status"),
    ("db", "path"),
    ("db", "logs"),
    ("influence", "maximise"),
    ("influence", "simulate"),
    ("keys", "list"),
}
OTHERS = ("make", "printf", "python", "pipx", "curl", "docker", "export", "install", "tar", ".venv/bin/pip")
OWN = re.compile(r"\.csv|\b17\b")  # of the reader's own people
LONG = re.compile(r"--costs|--mapping")  # needs a file of the reader's


def quick(command: Command) -> bool:
    return command.block.reason is None and (command.name[0] in QUICK or command.name in QUICK_OF)


def demo(commands: list[Command]) -> list[Command]:
    """Those that can be asked of the published demo."""
    return [c for c in commands if c.ours and quick(c) and not OWN.search(c.line) and not LONG.search(c.line)]


@pytest.fixture
def here(tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, on the test session's home."""
    for name in [v for v in os.environ if v.startswith("NEO4J_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SOCIOGRAM_HOME", str(home.root))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def engine(published: Cli, here: Path) -> Iterator[Engine]:
    with sociogram.open() as engine:
        yield engine


def run(command: Command) -> str:
    """Run one of our commands in this process, as `sociogram` would."""
    done = CliRunner().invoke(app, list(command.words[1:]), catch_exceptions=False)
    assert done.exit_code == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    if command.output:
        Path(command.output).write_text(done.stdout, encoding="utf-8")
    return done.stdout


def parsed(command: Command) -> None:
    """The command and its options exist; raises UsageError."""
    found: Any = typer.main.get_command(app)
    words = list(command.words[1:])
    while hasattr(found, "commands"):
        assert words, command
        assert words[0] in found.commands or words[0].startswith("--"), command
        if words[0].startswith("--"):
            assert words[0] in {opt for p in found.params for opt in p.opts}, command
            return
        found = found.commands[words.pop(0)]
    found.make_context(command.name[-1], words)


def test_there_is_something_to_look_at() -> None:
    assert len(commands(README)) >= 30
    assert len(PAGES) >= 18
    assert len(demo(COMMANDS)) >= 90
    assert len(CURLS) >= 8


@pytest.mark.parametrize("command", OURS, ids=str)
def test_commands_and_options_exist(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEO4J_PASSWORD", raising=False)
    parsed(command)


def test_each_command_of_the_pages_has_an_example_in_its_help() -> None:
    for name in sorted({command.name for command in OURS if not command.name[0].startswith("--")}):
        help_ = CliRunner().invoke(app, [*name, "--help"], env={"COLUMNS": "200"}).stdout
        assert "Example: sociogram" in help_, name


def test_other_lines_are_of_known_programs() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in COMMANDS:
        assert command.ours or command.words[0] in OTHERS or command.words[0] == "pip", command
        if command.words[0] == "make":
            assert re.search(rf"^{command.words[1]}:", makefile, re.MULTILINE), command
    assert {"demo", "test"} <= {c.words[1] for c in commands(README) if c.words[0] == "make"}


@pytest.mark.parametrize("page", [p for p in PAGES if demo(commands(p))], ids=lambda p: p.stem)
def test_quick_commands_run(page: Path, published: Cli, here: Path) -> None:
    asked = demo(commands(page))
    silent = [command for command in asked if not run(command).strip() and not command.output]
    if page.stem == "cypher":  # its answers are those of a larger community
        assert len(silent) <= len(asked) / 10, silent
    else:
        assert not silent


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=lambda p: p.stem)
def test_python_runs(page: Path, engine: Engine) -> None:
    names: dict[str, Any] = {"__name__": "page", "engine": engine}
    for block in blocks(page, "python"):
        for owner, known in (("engine", Engine), ("sociogram", Client)):
            for method, keywords in calls(block.text, owner):
                assert hasattr(known, method), (str(block), method)
                taken = inspect.signature(getattr(known, method)).parameters
                free = any(p.kind is p.VAR_KEYWORD for p in taken.values())
                assert free or set(keywords) <= set(taken), (str(block), method, keywords)
        if block.reason is None and page != README:  # its one block loads Last.fm
            exec(compile(block.text, str(block), "exec"), names)  # noqa: S102 - our own pages


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "cypher")], ids=lambda p: p.stem)
def test_cypher_runs(page: Path, engine: Engine) -> None:
    text = page.read_text(encoding="utf-8")
    for block in blocks(page, "cypher"):
        if f"<details><summary>Cypher</summary>\n\n```cypher\n{block.text}" in text:
            continue  # of the library: tests/graph/test_queries.py
        given = dict(re.findall(r"^// :param (\w+) => (.+);$", block.text, re.MULTILINE))
        values = {name: engine.cypher(f"RETURN {value} AS v")[0]["v"] for name, value in given.items()}
        rows = engine.cypher(block.text, **values)
        assert len(rows) or "segmentName = 'climbers'" in block.text, str(block)


def test_http_requests_are_answered(engine: Engine) -> None:
    backend = Backend(engine, lambda _: None)
    with TestClient(create_app(backend, None), base_url="http://localhost") as client:
        for command in CURLS:
            method, path, body = curl(command)
            answer = client.request(method, path, json=body)
            assert answer.status_code == 200, (str(command), answer.text)


def test_mappings_are_valid() -> None:
    found = [block for page in PAGES for block in blocks(page, "toml")]
    assert found
    for block in found:
        assert GraphMapping.parse(block.text, str(block)).user.label


def test_rules_are_understood() -> None:
    rules = {c.words[i + 1] for c in OURS for i, word in enumerate(c.words) if word == "--rule"}
    assert {rule.name for rule in read_rules(sorted(rules))} == {"climbers", "locals"}


def unit(block: Block) -> list[Command]:
    """The commands that a systemd unit starts."""
    found = re.findall(r"^ExecStart=\S+/(sociogram .+)$", block.text, re.MULTILINE)
    return [Command(block, line, tuple(line.split()), None) for line in found]


def test_services_start_commands_that_exist() -> None:
    found = [command for page in PAGES for block in blocks(page, "ini") for command in unit(block)]
    assert found
    for command in found:
        parsed(command)


def test_own_data(published: Cli, here: Path, server: ManagedServer) -> None:
    """The last test: it empties the database. README's three commands, then what the pages ask of these people."""
    topics = ("tea", "rail", "chess")
    users = [f"{i},P{i},I like {topics[i % 3]} and long walks by the river" for i in range(60)]
    items = [f"{i},About {topics[i % 3]} no {i},{topics[i % 3]}" for i in range(30)]
    ties = [f"{i},{(i + 3) % 60}" for i in range(60)]
    events = [
        f"{i},{j},2024-01-{1 + j % 28:02d}" for i in range(60) for j in range(30) if j % 3 == i % 3 and (i + j) % 2
    ]
    for name, header, rows in (
        ("people", "user_id,name,bio", users),
        ("articles", "item_id,title,topics", items),
        ("follows", "source,target", ties),
        ("reads", "user_id,item_id,date", events),
    ):
        (here / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    first = next(c for c in commands(README) if c.name == ("load", "csv"))
    published(*(str(here / w) if w.endswith(".csv") else w for w in first.words[1:]), "--replace")
    published("fit", "--encoder", "light")
    assert "embedding" in published("profile", "17").stdout
    own = [
        c for c in OURS if OWN.search(c.line) and not LONG.search(c.line) and (quick(c) or c.name == ("load", "csv"))
    ]
    assert len(own) >= 8
    for command in own:
        if "--replace" not in command.words and "*" not in command.line:
            run(command)
