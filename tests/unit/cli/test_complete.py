"""Completion: what bash, zsh and fish are offered, and the script that bash itself runs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sociogram.cli.app import app
from sociogram.server.keys import KeyRing

SHELLS = ("bash", "zsh", "fish")


def offered(*words: str, shell: str = "bash") -> list[str]:
    """What a shell is offered for the last of the words."""
    line = " ".join(("sociogram", *words))
    asked = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words))},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }
    environment = asked[shell] | {"_SOCIOGRAM_COMPLETE": f"complete_{shell}"}
    done = CliRunner().invoke(app, [], env=environment, prog_name="sociogram")
    return [line for line in done.stdout.splitlines() if line]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOCIOGRAM_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_commands_options_and_query_names(shell: str) -> None:
    assert any("recommend" in line for line in offered("rec", shell=shell))
    assert any("--diversity" in line for line in offered("recommend", "--div", shell=shell))
    names = offered("query", "similar_", shell=shell)
    assert any("similar_users" in line for line in names)
    assert not any("bridges" in line for line in names)


def test_parameters_of_the_query_on_the_line() -> None:
    assert set(offered("query", "users_by_tag", "--param", "")) >= {"topic=", "least=", "k="}
    assert offered("query", "users_by_tag", "-p", "to") == ["topic="]
    assert offered("query", "no_such_query", "--param", "") == []


def test_values(home: Path) -> None:
    for name, started in (("r1-aaaa", "2026-01-01"), ("r2-bbbb", "2026-02-01")):
        (home / "runs" / name).mkdir(parents=True)
        (home / "runs" / name / "run.json").write_text(json.dumps({"id": name, "startedAt": started}))
    assert offered("publish", "") == ["r2-bbbb", "r1-aaaa"]
    assert offered("rollback", "r1") == ["r1-aaaa"]
    assert offered("embeddings", "User", "--run", "r2") == ["r2-bbbb"]
    assert offered("fit", "--mode", "t") == ["two_step"]
    assert offered("fit", "--encoder", "a") == ["all-MiniLM-L6-v2"]
    assert offered("fit", "--tune", "l") == ["lora"]
    KeyRing(home / "keys.json").add("dashboard", "read")
    assert offered("keys", "remove", "") == ["dashboard"]
    assert offered("keys", "add", "robot", "--scope", "w") == ["write"]


def test_bash_itself_completes(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    program = tmp_path / "sociogram"
    program.write_text(f"#!{sys.executable}\nfrom sociogram.cli import main\nmain()\n")
    program.chmod(0o755)
    script = (
        'source <(_SOCIOGRAM_COMPLETE=source_bash sociogram)\n'
        'complete -p sociogram\n'
        'COMP_WORDS=(sociogram query users_by_tag); COMP_CWORD=2\n'
        '"$(complete -p sociogram | sed "s/.*-F \\([^ ]*\\).*/\\1/")" sociogram\n'
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )  # fmt: skip
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([bash, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert done.stdout.splitlines()[-1] == "users_by_tag", done.stdout + done.stderr
