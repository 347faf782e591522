"""The snapshot: stable order, a content hash, the same graph in every shape."""

import random
from pathlib import Path

import pyarrow as pa
import pytest

from sociogram.errors import InputError
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.snapshot import NO_TIME, Snapshot

MAPPING = GraphMapping(
    nodes=(
        NodeMapping("User", "user", name="name", text=("bio",), numeric=("age",), predict={"plan": "class"}),
        NodeMapping("Item", "item"),
        NodeMapping("Topic", "topic", name="name"),
    ),
    relationships=(
        RelationshipMapping("KNOWS", "User", "User", "tie", weight="weight", time="at"),
        RelationshipMapping("SAID", "User", "Item", "behaviour", text=("text",)),
        RelationshipMapping("TAGGED", "User", "Topic", "interest", item="item"),
    ),
)


def make(folder: Path, seed: int | None = None) -> Snapshot:
    users = [
        {"key": f"u{i}", "name": f"N{i}", "text": f"bio {i}", "age": i if i % 2 else None, "plan": "a"}
        for i in range(5)
    ]
    items = [{"key": i} for i in (10, 9, 2)]
    topics = [{"key": "t", "name": "T"}]
    knows = [
        {"source": "u0", "target": "u1", "weight": 2.0, "time": 1000},
        {"source": "u0", "target": "u1", "weight": 3.0, "time": None},
        {"source": "u4", "target": "u0", "weight": 1.0, "time": 5},
        {"source": "nobody", "target": "u0", "weight": 1.0, "time": 5},
    ]
    said = [{"source": "u1", "target": 10, "text": "b"}, {"source": "u1", "target": 10, "text": "a"}]
    tagged = [{"source": "u1", "target": "t", "item": 9}, {"source": "u2", "target": "t", "item": None}]
    tables = [users, items, topics, knows, said, tagged]
    if seed is not None:
        for table in tables:
            random.Random(seed).shuffle(table)
    arrow = [pa.Table.from_pylist(t) for t in tables]
    nodes = dict(zip(("User", "Item", "Topic"), arrow[:3], strict=True))
    edges = dict(zip((r.key for r in MAPPING.relationships), arrow[3:], strict=True))
    return Snapshot.create(folder, MAPPING, nodes, edges)


def test_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    hashes = {make(tmp_path / str(seed), seed).hash for seed in range(4)}
    assert hashes == {make(tmp_path / "plain").hash}


def test_known_answer(tmp_path: Path) -> None:
    s = make(tmp_path / "s")
    assert s.users.keys == ["u0", "u1", "u2", "u3", "u4"]
    assert s.nodes["Item"].keys == [2, 9, 10]
    knows = s.edges["User", "KNOWS", "User"]
    assert knows.sources.tolist() == [0, 0, 4]
    assert knows.targets.tolist() == [1, 1, 0]
    assert sorted(knows.time.tolist()) == sorted([1000, NO_TIME, 5])
    assert knows.matrix()[0, 1] == 5.0
    assert knows.matrix(weighted=False)[0, 1] == 1.0
    assert s.manifest["edges"][0]["dropped"] == 1
    assert s.edges["User", "SAID", "Item"].texts == ["a", "b"]
    items = s.edges["User", "TAGGED", "Topic"].items
    assert items is not None
    assert items.tolist() == [1, -1]
    assert s.users.numeric("age")[1] == 1.0


def test_a_change_changes_the_hash(tmp_path: Path) -> None:
    first = make(tmp_path / "a")
    nodes = {label: n.table for label, n in first.nodes.items()}
    other = Snapshot.create(tmp_path / "b", MAPPING, {**nodes, "Topic": pa.table({"key": ["t"], "name": ["U"]})}, {})
    assert other.hash != first.hash


def test_same_graph_in_every_shape(tmp_path: Path) -> None:
    s = make(tmp_path / "s")
    data = s.to_hetero_data()
    graph = s.to_networkx()
    frames = s.to_pandas()
    assert data["User"].num_nodes == 5
    assert data["User", "KNOWS", "User"].edge_index.tolist() == [[0, 0, 4], [1, 1, 0]]
    assert graph.number_of_nodes() == 9
    assert graph.number_of_edges() == 7
    assert len(frames["User-KNOWS-User"]) == 3
    assert frames["Item"]["key"].tolist() == [2, 9, 10]


def test_wrong_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a snapshot"):
        Snapshot.open(tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "precious.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        make(tmp_path / "x")
    assert (tmp_path / "x" / "precious.txt").exists()


def test_double_key_is_named(tmp_path: Path) -> None:
    nodes = {"User": pa.table({"key": ["a", "a"]})}
    with pytest.raises(InputError, match="'a' is there more than once"):
        Snapshot.create(tmp_path / "s", MAPPING, nodes, {})
