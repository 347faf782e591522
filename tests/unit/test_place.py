"""What a fit leaves of every user's place among the others, and what the next fit keeps of it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from gnn_community import community

from sociogram.config import Home
from sociogram.errors import InputError
from sociogram.graph.held_out import HeldOutInterests
from sociogram.graph.profile import USER_COLUMNS, Profiles
from sociogram.graph.snapshot import Snapshot
from sociogram.learn import fit_snapshot
from sociogram.place import segment_anew
from sociogram.progress import Silent
from sociogram.runs import Run, Runs

QUICK: dict[str, Any] = {
    "encoder": "light",
    "mode": "frozen",
    "max_steps": 8,
    "folds": 2,
    "hidden": 32,
    "min_topic_users": 1,
}


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, name: str, text: str) -> None:
        self.lines.append(f"{name}: {text}")


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return community(tmp_path_factory.mktemp("graph") / "s")


@pytest.fixture
def home(first: Run, tmp_path: Path) -> Home:
    """A home of its own with the first run in it."""
    shutil.copytree(first.folder.parent, tmp_path / "runs")
    return Home(tmp_path)


@pytest.fixture(scope="module")
def first(graph: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return fit_snapshot(graph, Home(tmp_path_factory.mktemp("home")), **QUICK)


def only(home: Home) -> Run:
    return Runs(home.runs).all()[0]


def test_a_run_holds_the_place_of_every_user(first: Run, graph: Snapshot) -> None:
    table = first.profiles.users
    assert table is not None
    assert tuple(table.columns) == USER_COLUMNS
    assert len(table) == len(graph.users)
    assert table["influence"].between(0, 1).all()
    assert (table["reach"] >= 1).all()
    section = first.report["segments"]
    sizes = table["segment"].value_counts()
    assert {s["id"]: s["users"] for s in section["segments"]} == sizes.to_dict()
    assert section["seconds"] > 0
    assert section["lift"]["pairs"] > 0
    held = HeldOutInterests.load(first.folder)
    assert held is not None
    assert held.embeddings.shape == first.profiles.embeddings["User"].shape
    assert not held.known.multiply(held.test).nnz
    html = first.report_html.read_text(encoding="utf-8")
    for said in ("Map of the users by segment", section["segments"][0]["name"], "adjusted Rand index"):
        assert said in html


def test_the_next_run_keeps_ids_names_and_communities(home: Home, graph: Snapshot) -> None:
    before = only(home)
    run = fit_snapshot(graph, home, seed=1, **QUICK)
    was, now = before.profiles.users, run.profiles.users
    assert was is not None
    assert now is not None
    assert was["community"].equals(now["community"])
    assert was["reach"].equals(now["reach"])
    names = {s["id"]: s["name"] for s in before.report["segments"]["segments"]}
    for s in run.report["segments"]["segments"]:
        assert names.get(s["id"], s["name"]) == s["name"]
    again = fit_snapshot(graph, home, seed=1, max_passes=10**7, **QUICK)  # the same once more, under other settings
    assert again.profiles.users is not None
    assert again.profiles.users["segment"].equals(now["segment"])
    assert again.profiles.users["segment_name"].equals(now["segment_name"])


def test_the_way_of_segmenting_is_kept_while_it_fits(home: Home, graph: Snapshot, tmp_path: Path) -> None:
    before = only(home)
    rules = {"Oslo": "city = Oslo", "older": "age > 30"}
    segment_anew(before, graph, {"rules": rules, "floor": 1}, keep=True)
    assert json.loads((before.folder / "segments.json").read_text())["settings"]["rules"] == rules
    assert before.report["segments"]["settings"]["method"] == "rule"
    assert "Segments" in before.report_html.read_text(encoding="utf-8")
    higher = segment_anew(before, graph, {"floor": 20})
    assert (higher.settings.method, higher.settings.floor, dict(higher.settings.rules)) == ("rule", 20, rules)
    kept = fit_snapshot(graph, home, seed=1, **QUICK)
    assert kept.report["segments"]["settings"]["rules"] == rules
    stored = Runs(home.runs).get(kept.id)
    assert stored.profiles.users is not None
    ids = {s["name"]: s["id"] for s in kept.report["segments"]["segments"]}
    assert ids["Oslo"] == {s["name"]: s["id"] for s in before.report["segments"]["segments"]}["Oslo"]
    path = kept.folder / "segments.json"
    path.write_text(path.read_text().replace("city = Oslo", "gone = Oslo"))
    heard = Heard()
    again = fit_snapshot(graph, home, seed=2, progress=heard, **QUICK)
    assert again.report["segments"]["settings"]["method"] == "embedding"
    assert any(
        "no longer as in the run before (rule 'Oslo': there is no property 'gone'" in line for line in heard.lines
    )


def test_users_of_another_graph_are_no_earlier_run(home: Home, tmp_path: Path) -> None:
    other = community(tmp_path / "o", users=60, items=30, seed=3)
    path = only(home).folder / "profiles.json"
    record = json.loads(path.read_text())
    record["names"]["User"] = [f"somebody else {i}" for i in range(len(record["names"]["User"]))]
    path.write_text(json.dumps(record))
    fresh = fit_snapshot(other, home, **QUICK)
    assert min(s["id"] for s in fresh.report["segments"]["segments"]) in (0, 1)


def test_segments_made_anew_leave_the_run_alone_unless_kept(home: Home, graph: Snapshot) -> None:
    run = only(home)
    stored = (run.folder / "users.parquet").read_bytes()
    found = segment_anew(run, graph, {"method": "leiden", "floor": 5})
    assert len(found.ids) == len(graph.users)
    assert (run.folder / "users.parquet").read_bytes() == stored
    same = segment_anew(run, graph, {"method": None, "k": None})
    assert same.to_pandas()["segment"].tolist() == run.profiles.users["segment"].tolist()  # type: ignore[index]


def test_a_run_of_an_earlier_version_is_read_segmented_and_not_kept(home: Home, graph: Snapshot) -> None:
    run = only(home)
    for name in ("users.parquet", "segments.json", "held_out.npz"):
        (run.folder / name).unlink()
    assert Profiles.load(run.folder).users is None
    assert segment_anew(run, graph, {"k": 3}).lift is None
    with pytest.raises(InputError, match="earlier version"):
        segment_anew(run, graph, {"k": 3}, keep=True)
    run.update(state="training")
    with pytest.raises(InputError, match="did not finish"):
        segment_anew(run, graph, {})
