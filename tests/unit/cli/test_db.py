"""sociogram db, without a running server."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sociogram.cli.db import app
from sociogram.errors import NotFoundError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SOCIOGRAM_HOME", str(tmp_path))
    return tmp_path


def test_status_tells_where_the_password_is_and_not_what(home: Path) -> None:
    (home / "database").mkdir()
    (home / "database" / "password").write_text("a secret")
    shown = CliRunner().invoke(app, ["status"])
    facts = json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)
    assert shown.exit_code == 0
    assert "stopped" in shown.stdout
    assert facts["password_file"] == str(home / "database" / "password")
    assert facts["user"] == "neo4j"
    assert "a secret" not in shown.stdout + json.dumps(facts)


def test_path_and_stop_before_any_start(home: Path) -> None:
    assert CliRunner().invoke(app, ["path"]).stdout.strip() == str(home / "database")
    assert CliRunner().invoke(app, ["stop"]).stdout.strip() == "it was not running"
    assert not (home / "database").exists()


def test_logs_before_any_start(home: Path) -> None:
    result = CliRunner().invoke(app, ["logs"])
    assert isinstance(result.exception, NotFoundError)
    assert "sociogram db start" in str(result.exception)


def test_logs_prints_the_end(home: Path) -> None:
    log = home / "database" / "logs" / "console.log"
    log.parent.mkdir(parents=True)
    log.write_text("one\ntwo\nthree\n")
    assert CliRunner().invoke(app, ["logs", "-n", "2"]).stdout == "two\nthree\n"
