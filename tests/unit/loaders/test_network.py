from pathlib import Path

import networkx as nx
import pytest
from unit.loaders.helpers import Collected, write

from sociogram.errors import InputError
from sociogram.loaders.network import networkx, read_graph


def community() -> nx.Graph:
    graph = nx.Graph()
    graph.add_node(1, name="Ann", age=31)
    graph.add_node(2, name="Bob", age=44)
    graph.add_node("song", kind="item", title="Alpha")
    graph.add_node("other", bipartite=1)
    graph.add_node("jazz", label="Topic", name="Jazz")
    graph.add_edge(1, 2, weight=2.0)
    graph.add_edge("song", 1, at="2020-01-01")
    graph.add_edge("song", "jazz")
    graph.add_edge(2, "jazz")
    graph.add_edge("song", "other")
    return graph


def test_nodes_and_edges_by_kind(tmp_path: Path) -> None:
    source = networkx(community())
    got = Collected(source, tmp_path)
    assert got.nodes["User"] == {1: {"id": 1, "name": "Ann", "age": 31}, 2: {"id": 2, "name": "Bob", "age": 44}}
    assert set(got.nodes["Item"]) == {"song", "other"}
    knows = [(r["source"], r["target"], r["weight"]) for r in got.links["User", "KNOWS", "User"]]
    assert knows == [(1, 2, 2.0), (2, 1, 2.0)]
    assert got.links["User", "INTERACTED_WITH", "Item"][0]["target"] == "song"
    assert [r["target"] for r in got.links["Item", "ABOUT", "Topic"]] == ["jazz"]
    assert [r["source"] for r in got.links["User", "TAGGED", "Topic"]] == [2]
    assert [reason for *_, reason in got.rejected] == ["edge between two items"]
    assert source.mapping.user.numeric == ("age",)


def test_directed_and_multigraphs(tmp_path: Path) -> None:
    directed = nx.MultiDiGraph([(1, 2, {"at": 1609459200}), (1, 2, {"at": 1609459201}), (2, 2, {})])
    got = Collected(networkx(directed), tmp_path)
    assert len(got.links["User", "KNOWS", "User"]) == 2
    assert got.rejected == [("networkx ties", 3, "target", "tie to oneself")]


def test_topics_have_parents(tmp_path: Path) -> None:
    graph = nx.DiGraph()
    graph.add_nodes_from(["bop", "jazz"], kind="topic")
    graph.add_node("u")
    graph.add_edge("bop", "jazz")
    got = Collected(networkx(graph), tmp_path)
    assert got.links["Topic", "BROADER", "Topic"] == [{"source": "bop", "target": "jazz"}]


def test_empty_graphs_and_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no nodes"):
        networkx(nx.Graph())
    with pytest.raises(InputError, match="no such file"):
        read_graph(tmp_path / "x.graphml")
    with pytest.raises(InputError, match="not a readable graph"):
        read_graph(write(tmp_path, "x.graphml", "no xml"))
    nx.write_graphml(community(), tmp_path / "y.graphml")
    assert set(Collected(networkx(read_graph(tmp_path / "y.graphml")), tmp_path).nodes) == {"User", "Item", "Topic"}
    assert read_graph(write(tmp_path, "z.txt", "a b\nb c\n")).number_of_edges() == 2
