"""Communities, betweenness, reach and influence against networkx and by hand."""

import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics import adjusted_rand_score
from unit.queries.segments.planted import planted, snapshot_of

from sociogram.errors import InputError
from sociogram.queries.influence.cascades import cascade_graph
from sociogram.queries.influence.scores import SCORES, reach, share_below, user_scores
from sociogram.queries.influence.simulate import simulate
from sociogram.queries.segments import network
from sociogram.queries.segments.match import Earlier, by_size, stable_ids
from sociogram.queries.segments.network import betweenness, communities, modularity, undirected


def barbell() -> nx.Graph:
    """Two cliques of six, joined by a path of three."""
    return nx.barbell_graph(6, 3)


def ties_of(graph: nx.Graph) -> sparse.csr_array:
    return sparse.csr_array(nx.to_scipy_sparse_array(graph, nodelist=range(len(graph)), format="csr", dtype=float))


def test_betweenness_equals_that_of_networkx_and_its_estimate_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = nx.connected_watts_strogatz_graph(300, 6, 0.2, seed=1)
    score = nx.betweenness_centrality(graph)
    wanted = np.array([score[i] for i in range(300)])
    assert np.allclose(betweenness(ties_of(graph)), wanted)
    heavy = ties_of(graph)
    heavy.data *= np.arange(heavy.nnz) % 7 + 1.0
    assert np.allclose(betweenness(sparse.csr_array(heavy + heavy.T)), wanted)  # weights are no distances
    monkeypatch.setattr(network, "PIVOTS", (100, 100))
    estimated = betweenness(ties_of(graph))
    assert not np.allclose(estimated, wanted)
    assert np.corrcoef(estimated, wanted)[0, 1] > 0.9


def test_the_path_of_a_barbell_bridges(tmp_path: Path) -> None:
    graph = barbell()
    table, _ = user_scores(snapshot_of(tmp_path / "s", len(graph), list(graph.edges)))
    keys = snapshot_of(tmp_path / "t", len(graph), list(graph.edges)).users.keys
    bridging = dict(zip(keys, table["bridging"], strict=True))
    path, ends = {f"u{i:03}" for i in (6, 7, 8)}, {"u005", "u009"}
    others = set(keys) - path - ends
    assert min(bridging[k] for k in path) > max(bridging[k] for k in ends | others)
    assert {bridging[k] for k in others} == {0.0}


def test_modularity_equals_that_of_networkx() -> None:
    graph = nx.les_miserables_graph()
    graph = nx.convert_node_labels_to_integers(graph)
    ties = ties_of(graph)
    found = communities(ties)
    groups = [set(np.flatnonzero(found == g).tolist()) for g in range(found.max() + 1)]
    for resolution in (1.0, 0.5):
        assert modularity(ties, found, resolution) == pytest.approx(
            nx.community.modularity(graph, groups, resolution=resolution)
        )
    assert modularity(ties, found) > 0.55
    assert all(nx.is_connected(graph.subgraph(g)) for g in groups)
    assert [len(g) for g in groups] == sorted(map(len, groups), reverse=True)
    assert communities(ties, resolution=3.0).max() > found.max()
    assert (communities(ties) == found).all()


def test_planted_communities_are_found_and_users_without_ties_have_none(tmp_path: Path) -> None:
    people, group = planted(tmp_path / "s")
    ties = people.ties
    assert ties is not None
    assert adjusted_rand_score(group, communities(ties)) > 0.9
    wider = sparse.block_diag([ties, sparse.csr_array((2, 2))], "csr")
    assert communities(sparse.csr_array(wider))[-2:].tolist() == [-1, -1]
    with pytest.raises(InputError, match="resolution"):
        communities(ties, resolution=-1)


def test_reach_is_the_spread_of_a_single_seed(tmp_path: Path) -> None:
    graph = nx.gnm_random_graph(60, 70, seed=3)
    snapshot = snapshot_of(tmp_path / "s", 60, list(graph.edges))
    cascades = cascade_graph(snapshot)
    reached = reach(cascades, sets=400_000)
    for v in (0, 17, 42):
        run = simulate(cascades, [cascades.ids[v]], runs=20_000)
        assert reached[v] == pytest.approx(run.spread, abs=4 * (run.interval[1] - run.spread) / 1.96 + 0.05)
    lonely = [i for i, key in enumerate(cascades.ids) if graph.degree[int(str(key)[1:])] == 0]
    assert lonely
    assert (reached[lonely] == 1).all()


def test_influence_is_the_share_who_reach_fewer_and_goes_with_pagerank(tmp_path: Path) -> None:
    graph = nx.barabasi_albert_graph(300, 2, seed=2)
    snapshot = snapshot_of(tmp_path / "s", 300, list(graph.edges))
    table, _ = user_scores(snapshot)
    assert tuple(table.columns) == SCORES
    rank = nx.pagerank(graph)
    wanted = np.array([rank[int(str(key)[1:])] for key in snapshot.users.keys])
    assert np.corrcoef(share_below(wanted), table["influence"])[0, 1] > 0.9
    assert table["influence"].between(0, 1).all()
    assert (table["influence"] > 0.9).sum() <= 30
    assert table["influence"].idxmax() == table["reach"].idxmax()
    assert user_scores(snapshot)[0].equals(table)


def test_equal_values_have_equal_shares() -> None:
    assert share_below(np.array([1.0, 1.0, 3.0, 2.0])).tolist() == [0.0, 0.0, 1.0, 2 / 3]
    assert share_below(np.array([5.0])).tolist() == [0.0]


def test_an_edgeless_graph_has_no_scores(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path / "s", 5, [])
    assert undirected(snapshot) is None
    table, free = user_scores(snapshot)
    assert table.isna().all().all()
    assert (len(table), free) == (5, 1)


def test_a_disconnected_graph_has(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path / "s", 7, [(0, 1), (1, 2), (0, 2), (3, 4)])
    table, free = user_scores(snapshot)
    assert table["community"].tolist()[:5] == [1, 1, 1, 2, 2]
    assert table["community"].isna().tolist() == [False] * 5 + [True] * 2
    assert table["reach"].tolist()[5:] == [1.0, 1.0]
    assert free == 3


def test_ids_follow_the_members() -> None:
    keys = list("abcdefghij")
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, -1])
    assert stable_ids(labels, keys, None) == ({0: 1, 1: 2, 2: 3}, 4)
    before = Earlier({**dict.fromkeys("hi", 3), **dict.fromkeys("efg", 1), **dict.fromkeys("abc", 7), "x": 5}, 9)
    assert stable_ids(labels, keys, before) == ({0: 7, 1: 1, 2: 3}, 9)
    shrunk = Earlier({"a": 4, "e": 4, "h": 2}, 9)  # overlaps too little with the first two
    assert stable_ids(labels, keys, shrunk) == ({0: 9, 1: 10, 2: 2}, 11)


def test_one_old_group_gives_its_id_to_one_new_one_only() -> None:
    keys = list(range(12))
    labels = np.repeat([0, 1], 6)
    ids, free = stable_ids(labels, keys, Earlier(dict.fromkeys(range(12), 1), 2))
    assert sorted(ids.values()) == [1, 2]
    assert free == 3


def test_groups_are_numbered_by_size() -> None:
    assert by_size(np.array([5, 9, 9, -1, 5, 9, 2])).tolist() == [1, 0, 0, -1, 1, 0, 2]


IN_A_NOTEBOOK = """
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.display_pub = CapturingDisplayPublisher()
import numpy as np
from scipy import sparse
IMPORT
print(len(shell.display_pub.outputs))
"""


@pytest.mark.parametrize(
    ("imported", "shown"),
    [
        ("import networkit", "1"),
        (
            "from sociogram.queries.segments.network import communities; communities(sparse.csr_array(1 - np.eye(4)))",
            "0",
        ),
    ],
)
def test_nothing_is_left_in_a_notebook(imported: str, shown: str) -> None:
    """What NetworKit shows by itself, and what is shown of it here."""
    code = IN_A_NOTEBOOK.replace("IMPORT", imported)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.split()[-1] == shown
