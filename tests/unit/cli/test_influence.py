"""sociogram influence on a snapshot folder, without a database."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner
from unit.queries.influence.conftest import make
from unit.queries.influence.test_attribute import timed

from benchmarks.planted_influence import world
from sociogram.cli.app import app
from sociogram.errors import SociogramError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.snapshot import Snapshot


def ask(folder: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["influence", *arguments, "--snapshot", str(folder)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture
def star(tmp_path: Path) -> Path:
    """a is followed by b, c, d; e and f follow each other."""
    return make(tmp_path, [("b", "a"), ("c", "a"), ("d", "a"), ("e", "f"), ("f", "e")], "FOLLOWS").folder


def test_maximise_then_simulate(star: Path, tmp_path: Path) -> None:
    found = json.loads(ask(star, "maximise", "-k", "2", "--json"))
    assert found["seeds"][0]["id"] == "a"
    assert found["seeds"][1]["id"] in {"e", "f"}
    assert found["certificate"]["lower"] <= 6 <= found["certificate"]["upper"] + 1e-9
    file, picture = tmp_path / "seeds.json", tmp_path / "curve.png"
    file.write_text(json.dumps(found))
    run = json.loads(ask(star, "simulate", "--seeds-file", str(file), "--picture", str(picture), "--json"))
    assert [point["spread"] for point in run["curve"]] == [4.0, 6.0]
    assert picture.read_bytes().startswith(b"\x89PNG")
    keys = tmp_path / "keys.txt"
    keys.write_text("e\na\n")
    assert "expected spread 6.0 of 6 users (95 % 6.0 to 6.0" in ask(star, "simulate", "--seeds-file", str(keys))


def test_tables_budget_and_topic(star: Path, tmp_path: Path) -> None:
    costs = tmp_path / "costs.csv"
    costs.write_text("user,cost\na,9\n")
    shown = ask(star, "maximise", "--budget", "2", "--costs", str(costs), "--exclude", "f")
    assert "of the best possible" in shown
    assert not any(line.split()[1:2] == ["a"] for line in shown.splitlines() if line[:1].isdigit())
    assert "of the best possible" in ask(star, "maximise", "-k", "1", "--topic", "jazz", "--model", "ic", "--p", "0.5")


def test_attribute(tmp_path: Path) -> None:
    folder, out = timed(tmp_path).folder, tmp_path / "ties.parquet"
    found = json.loads(ask(folder, "attribute", "--json", "--out", str(out)))
    assert [(t["source"], t["target"]) for t in found["ties"]] == [("a", "b"), ("b", "c")]
    assert len(pd.read_parquet(out)) == 2
    shown = ask(folder, "attribute", "--type", "READ")
    assert "who influences whom" in shown
    assert "whose behaviours spread" in shown


def test_test(tmp_path: Path) -> None:
    made = world("influence", 0, users=200, items=20)
    mapping = GraphMapping(
        nodes=(NodeMapping("User", "user"), NodeMapping("Item", "item")),
        relationships=(
            RelationshipMapping("KNOWS", "User", "User", "tie"),
            RelationshipMapping("READ", "User", "Item", "behaviour", time="at"),
        ),
    )
    nodes = {"User": pa.table({"key": range(200)}), "Item": pa.table({"key": range(20)})}
    links = {
        ("User", "KNOWS", "User"): pa.table({"source": made.source, "target": made.target}),
        ("User", "READ", "Item"): pa.table({"source": made.user, "target": made.item, "time": made.time}),
    }
    folder = Snapshot.create(tmp_path / "planted", mapping, nodes, links).folder
    found = json.loads(ask(folder, "test", "--json", "--shuffles", "199"))
    assert found["verdict"] == "influence"
    assert found["matched"]["influence"]["low"] > 0
    assert found["sentence"] in ask(folder, "test", "--shuffles", "199")
    assert float(json.loads(ask(folder, "simulate", "7", "--runs", "100", "--json"))["spread"]) >= 1  # keys are numbers


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("maximise", "-k", "0"), "k: expected a whole number from 1 to 6"),
        (("maximise", "-k", "-3"), "got -3"),
        (("maximise", "-k", "7"), "the graph has 6 users"),
        (("maximise", "--model", "ic", "--p", "1.2"), "probability above 0 and at most 1, got 1.2"),
        (("maximise", "--model", "ic", "--p", "many"), "expected a number, 'weight' or 'learned', got 'many'"),
        (("simulate", "zzz"), "seeds: there is no user 'zzz'"),
        (("simulate",), "name at least one user"),
        (("simulate", "a", "--picture", "curve.txt"), "ends in .png"),
        (("attribute",), "no behaviour has a time"),
        (("attribute", "--top", "0"), "top: expected"),
        (("test",), "no behaviour has a time"),
        (("simulate", "--seeds-file", "nowhere.json"), "nowhere.json: No such file"),
    ],
)
def test_wrong_input_is_one_line(star: Path, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(SociogramError) as caught:
        ask(star, *arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
