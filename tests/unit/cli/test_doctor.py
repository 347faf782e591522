"""sociogram doctor: each thing that can be wrong is named, with a next step and exit code 1."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sociogram.cli import checks
from sociogram.cli.app import app
from sociogram.config import HEAP, Home
from sociogram.graph.jars import CURRENT, read_lock

GIB = 2**30


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("NEO4J_URI", "NEO4J_PASSWORD", "NEO4J_USERNAME", "JAVA_HOME", HEAP):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOCIOGRAM_HOME", str(tmp_path / "home"))
    return Home.default()


def ask(*options: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(app, ["doctor", "--json", *options])
    return done.exit_code, json.loads(done.stdout)


def only(problems: list[checks.Problem]) -> checks.Problem:
    (problem,) = problems
    assert problem.next
    return problem


def test_an_empty_home_is_well(home: Home) -> None:
    code, facts = ask()
    assert [p for p in facts["problems"] if "memory" not in p["what"]] == []  # a busy machine may lack memory
    assert code == bool(facts["problems"])
    assert facts["python"].startswith("3.")
    assert facts["database"] == f"Neo4j {CURRENT}, stopped"
    assert facts["jars"] == f"{len(read_lock(CURRENT))} still to be fetched (at the first start)"
    assert "openjdk" in facts["java"]
    assert set(facts) >= {"torch", "device", "memory", "disk", "extra [server]", "extra [llm]"}
    assert not home.root.exists()  # it only looks


def test_as_a_table_it_says_what_to_do(home: Home) -> None:
    home.root.write_text("a file")
    done = CliRunner().invoke(app, ["doctor"])
    assert done.exit_code == 1
    assert f"problem: {home.root} cannot be a folder" in done.stdout
    assert "   next: set SOCIOGRAM_HOME" in done.stdout


def test_packages_that_are_missing_or_too_old() -> None:
    assert checks.packages(["numpy>=1", "nowhere>=1; python_version < '3'"]) == []
    assert "surely-nowhere is not installed" in only(checks.packages(["surely-nowhere>=1"])).what
    found = only(checks.packages(["numpy>=99"]))
    assert ">=99 is needed" in found.what
    assert found.next == "pip install 'numpy>=99'"


def test_the_requirements_are_those_of_the_package() -> None:
    found = checks.requirements()
    assert any(r.startswith("torch>=") for r in found)
    assert not [r for r in found if "extra" in r]
    assert checks.requirements("surely-nowhere") == []


def test_little_memory_and_disk(home: Home) -> None:
    assert checks.memory(3 * GIB, 8 * GIB) == []
    assert "only 1.0 of 8.0 GiB" in only(checks.memory(GIB, 8 * GIB)).what
    assert checks.folder(home, 3 * GIB) == []
    assert "0.5 GiB are free" in only(checks.folder(home, GIB // 2)).what


def test_secrets_that_others_can_read(home: Home) -> None:
    home.root.mkdir()
    home.keys.write_text("[]")
    home.keys.chmod(0o644)
    assert only(checks.private(home)).next == f"chmod 600 {home.keys}"
    home.keys.chmod(0o600)
    assert checks.private(home) == []


def test_a_jar_that_is_not_whole(home: Home) -> None:
    home.jars.mkdir(parents=True)
    first, second = read_lock(CURRENT)[:2]
    (home.jars / first.file).write_bytes(b"half")
    code, facts = ask()
    assert (code, facts["jars"]) == (1, "damaged")
    assert any(first.file in p["what"] for p in facts["problems"])
    (home.jars / second.file).write_bytes(b"half")
    assert f"{first.file} and 1 more" in only(checks.jars(home)[1]).what


def test_a_password_that_is_gone(home: Home) -> None:
    (home.database / "data" / "databases" / "system").mkdir(parents=True)
    code, facts = ask()
    assert code == 1
    assert any("its password is not in" in p["what"] for p in facts["problems"])


def test_a_java_of_ones_own(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "java" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    release = tmp_path / "java" / "release"
    release.write_text('JAVA_VERSION="17.0.1"\nMODULES="java.base"\n')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "java"))
    shown, problems = checks.java(home)
    assert "too old, or without" in shown
    assert problems == []
    release.write_text('JAVA_VERSION="25"\nMODULES="java.base jdk.incubator.vector"\n')
    assert "does not run" in only(checks.java(home)[1]).what


def test_a_heap_that_is_no_size(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HEAP, "plenty")
    assert "expected a size" in only(checks.java(home)[1]).what


def test_a_neo4j_that_does_not_answer(home: Home) -> None:
    code, facts = ask("--uri", "bolt://127.0.0.1:1")
    assert (code, facts["database"]) == (1, "does not answer")
    assert any("no Neo4j answers" in p["what"] for p in facts["problems"])
    assert "jars" not in facts


def test_extras_that_are_missing_say_how_to_get_them() -> None:
    assert checks.extras()["server"] == "installed"
    assert set(checks.EXTRAS) == set(checks.HELP)


def test_a_card_that_pytorch_does_not_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("PyTorch sees a card here")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checks.cuda() == []
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert "sees no card" in only(checks.cuda()).what
