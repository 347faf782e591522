"""Credit against the paper's formulas in plain Python, and planted cascades found again."""

from math import exp
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score
from unit.queries.influence.conftest import make

from benchmarks.planted_influence import cascades
from sociogram.errors import InputError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.snapshot import Snapshot
from sociogram.queries.influence.attribute import attribute
from sociogram.queries.influence.behaviours import BehaviourLog
from sociogram.queries.influence.cascades import CascadeGraph
from sociogram.queries.influence.influence import Influence


def plain(ties: list[tuple[int, int]], rows: list[tuple[int, int, int]]) -> tuple[dict, dict]:  # type: ignore[type-arg]
    """Direct credit of each tie and all credit of each user, straight from the definitions."""
    when: dict[int, dict[int, int]] = {}
    for u, i, t in rows:
        when.setdefault(i, {})[u] = t
    into = {u: [v for v, w in ties if w == u] for u in {x for tie in ties for x in tie}}

    def before(u: int, i: int) -> list[int]:
        return [v for v in into.get(u, []) if v in when[i] and when[i][v] < when[i][u]]

    delays: dict[tuple[int, int], list[int]] = {}
    for i, adopters in when.items():
        for u in adopters:
            for v in before(u, i):
                delays.setdefault((v, u), []).append(when[i][u] - when[i][v])
    tau = {tie: sum(d) / len(d) for tie, d in delays.items()}
    done = {u: [i for i in when if u in when[i]] for u in {u for i in when for u in when[i]}}
    infl = {
        u: sum(any(when[i][u] - when[i][v] <= tau[v, u] for v in before(u, i)) for i in items) / len(items)
        for u, items in done.items()
    }

    def direct(v: int, u: int, i: int) -> float:
        return infl[u] * exp(-(when[i][u] - when[i][v]) / tau[v, u]) / len(before(u, i))

    def through(v: int, u: int, i: int) -> float:  # Gamma_{v,u}(a)
        if v == u:
            return 1.0
        return sum(through(v, w, i) * direct(w, u, i) for w in before(u, i))

    credit = dict.fromkeys(ties, 0.0)
    for i, adopters in when.items():
        for u in adopters:
            for v in before(u, i):
                credit[v, u] += direct(v, u, i)
    total = {v: sum(through(v, u, i) for i in when if v in when[i] for u in when[i] if u != v) for v in into}
    return credit, total


def test_equals_the_definitions() -> None:
    rng = np.random.default_rng(1)
    ties = [(u, v) for u in range(8) for v in range(8) if u != v and rng.random() < 0.4]
    rows = [(u, i, int(rng.integers(100))) for i in range(6) for u in range(8) if rng.random() < 0.7]
    graph = CascadeGraph.build(*np.array(ties).T, ids=list(range(8)))
    found = attribute(graph, BehaviourLog.build(*np.array(rows).T))
    credit, total = plain(ties, rows)
    ours = dict(zip(zip(found.ties["source"], found.ties["target"], strict=True), found.ties["credit"], strict=True))
    assert ours == pytest.approx(credit)
    assert sum(ours.values()) > 1
    assert dict(zip(found.users["id"], found.users["credit"], strict=True)) == pytest.approx(total)
    assert (found.items["credited"] * found.items["adopters"]).sum() == pytest.approx(sum(credit.values()))


@pytest.mark.parametrize(("weak", "floor"), [(0.0, 0.93), (0.05, 0.85)])
def test_planted_ties_are_found_again(weak: float, floor: float) -> None:
    for seed in range(2):
        made = cascades(seed, weak=weak, strong=0.5 if not weak else 0.3)
        graph = CascadeGraph.build(made.source, made.target, ids=list(range(150)))
        found = attribute(graph, BehaviourLog.build(*made.log)).ties
        ties = zip(made.source.tolist(), made.target.tolist(), strict=True)
        true = dict(zip(ties, made.strong.tolist(), strict=True))
        truth = [true[tie] for tie in zip(found["source"], found["target"], strict=True)]
        assert roc_auc_score(truth, found["p"]) > floor
        assert found["p"].between(0, 1).all()


def test_who_was_not_before_gets_nothing() -> None:
    graph = CascadeGraph.build(np.array([0, 1]), np.array([1, 2]), ids=["a", "b", "c"])
    at_once = attribute(graph, BehaviourLog.build(*np.array([(0, 0, 5), (1, 0, 5), (2, 0, 5)]).T))
    assert at_once.ties["credit"].sum() == 0
    assert at_once.items["started"].tolist() == [3]
    chain = attribute(graph, BehaviourLog.build(*np.array([(0, 0, 5), (1, 0, 6), (2, 0, 7), (1, 0, 99)]).T))
    assert chain.ties["credit"].tolist() == pytest.approx([exp(-1), exp(-1)])
    assert chain.users.set_index("id")["credit"].to_dict() == pytest.approx(
        {"a": exp(-1) + exp(-2), "b": exp(-1), "c": 0}
    )
    assert chain.items["started"].tolist() == [1]


def timed(folder: Path) -> Snapshot:
    """The same chain in a snapshot, a <- b <- c by FOLLOWS, all three having read one article in this order."""
    mapping = GraphMapping(
        nodes=(NodeMapping("User", "user"), NodeMapping("Item", "item")),
        relationships=(
            RelationshipMapping("FOLLOWS", "User", "User", "tie"),
            RelationshipMapping("READ", "User", "Item", "behaviour", time="at"),
        ),
    )
    nodes = {"User": pa.table({"key": ["a", "b", "c"]}), "Item": pa.table({"key": ["x", "y"]})}
    links = {
        ("User", "FOLLOWS", "User"): pa.table({"source": ["b", "c"], "target": ["a", "b"]}),
        ("User", "READ", "Item"): pa.table(
            {"source": ["a", "b", "c", "a"], "target": ["x", "x", "x", "y"], "time": [5, 6, 7, None]}
        ),
    }
    return Snapshot.create(folder / "snapshot", mapping, nodes, links)


def test_from_a_snapshot_and_on_to_maximise(tmp_path: Path) -> None:
    influence = Influence(timed(tmp_path))
    found = influence.attribute()
    assert found.p == pytest.approx({("a", "b"): exp(-1), ("b", "c"): exp(-1)})
    assert found.items["id"].tolist() == ["x"]
    seeds = influence.maximise(1, model="ic", p="learned")
    assert seeds.ids == ["a"]
    assert seeds.spread == pytest.approx(1 + exp(-1) + exp(-2), abs=0.02)
    with pytest.raises(InputError, match=r"type 'LIKED' is no behaviour .*READ"):
        influence.attribute(types=["LIKED"])


def test_without_times_there_is_no_credit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no behaviour has a time") as caught:
        Influence(make(tmp_path, [("a", "b")])).attribute()
    assert "\n" not in str(caught.value)
    graph = CascadeGraph.build(np.array([0]), np.array([1]), ids=["a", "b"])
    none = np.empty(0, np.int64)
    with pytest.raises(InputError, match="no timed behaviours"):
        attribute(graph, BehaviourLog.build(none, none, none))


def test_tables_are_sorted() -> None:
    made = cascades(0)
    found = attribute(CascadeGraph.build(made.source, made.target, ids=list(range(150))), BehaviourLog.build(*made.log))
    for table, column in ((found.ties, "credit"), (found.users, "credit")):
        assert table[column].is_monotonic_decreasing
        assert isinstance(table, pd.DataFrame)
    assert len(found.to_dict(5)["ties"]) == 5
