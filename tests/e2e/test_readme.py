"""Every command in the README exists; those that take under a minute are run as they stand."""

import re
import shlex
from pathlib import Path

import pytest
from running import Cli
from typer.testing import CliRunner

from sociogram.cli.app import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
LINES = [line.split("  #")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()]
COMMANDS = [line.removeprefix(".venv/bin/") for line in LINES if "sociogram " in line and not line.startswith("python")]
QUICK = [
    c
    for c in COMMANDS
    if c.split()[1]
    in ("profile", "similar", "recommend", "explain", "cypher", "tags", "embeddings", "queries", "query", "segments")
    and " 17" not in c
]
QUICK += [c for c in COMMANDS if c.startswith("sociogram db status")]


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 12
    assert len(QUICK) >= 7


@pytest.mark.parametrize("command", QUICK)
def test_quick_commands_run(published: Cli, command: str, tmp_path: Path) -> None:
    words = shlex.split(command)[1:]
    if "--out" in words:
        words[words.index("--out") + 1] = str(tmp_path / words[words.index("--out") + 1])
    done = published(*words)
    assert done.stdout.strip(), command


def test_the_others_exist() -> None:
    names = {tuple(w for w in shlex.split(c)[1:3] if re.fullmatch(r"[a-z]+", w)) for c in COMMANDS}
    within = ("db", "influence", "keys", "load")
    groups = {n for n in names if n[0] in within} | {n[:1] for n in names if n[0] not in within}
    for name in sorted(groups):
        assert "Example: sociogram" in CliRunner().invoke(app, [*name, "--help"]).stdout, name
    targets = re.findall(r"^make (\w+)", "\n".join(LINES), re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {"demo", "test"} <= set(targets)
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_own_data_in_three_commands(cli: Cli, tmp_path: Path) -> None:
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
        (tmp_path / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    words = shlex.split(next(c for c in COMMANDS if "load csv" in c))[1:]
    words = [str(tmp_path / w) if w.endswith(".csv") else w for w in words]
    cli(*words, "--replace")
    cli("fit", "--encoder", "light")
    assert "embedding" in cli("profile", "17").stdout
    assert cli("similar", "17", "-k", "3", "--json").stdout.startswith("[")
