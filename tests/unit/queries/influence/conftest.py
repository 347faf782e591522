"""A small snapshot: six users in a one-way FOLLOWS chain and a symmetric KNOWS triangle, two of them interested in jazz."""

from pathlib import Path

import pyarrow as pa
import pytest

from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.snapshot import Snapshot


def make(
    folder: Path, ties: list[tuple[str, str]], type_: str = "KNOWS", weights: list[float] | None = None
) -> Snapshot:
    mapping = GraphMapping(
        nodes=(NodeMapping("User", "user"), NodeMapping("Topic", "topic", name="name")),
        relationships=(
            RelationshipMapping(type_, "User", "User", "tie", weight="weight"),
            RelationshipMapping("TAGGED", "User", "Topic", "interest"),
        ),
    )
    nodes = {
        "User": pa.table({"key": list("abcdef")}),
        "Topic": pa.table({"key": ["t1", "t2"], "name": ["jazz", "chess"]}),
    }
    sources, targets = ([t[i] for t in ties] for i in (0, 1))
    links = {("User", "TAGGED", "Topic"): pa.table({"source": ["a", "b"], "target": ["t1", "t1"]})}
    if ties:
        links["User", type_, "User"] = pa.table(
            {"source": sources, "target": targets, "weight": weights or [1.0] * len(ties)}
        )
    return Snapshot.create(folder / "snapshot", mapping, nodes, links)


@pytest.fixture
def friends(tmp_path: Path) -> Snapshot:
    ties = [("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")]
    return make(tmp_path, [*ties, *((v, u) for u, v in ties)])
