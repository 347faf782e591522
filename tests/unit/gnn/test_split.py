from pathlib import Path

import numpy as np
import pytest
from gnn_community import community, table
from scipy import sparse

from sociogram.gnn.config import FitConfig
from sociogram.gnn.linear import visible
from sociogram.gnn.model import relation_matrices
from sociogram.gnn.split import fold_masks, interests, split_interests
from sociogram.graph.mapping import default_mapping
from sociogram.graph.snapshot import Snapshot


@pytest.mark.parametrize("kind", ["users", "pairs"])
def test_parts_are_disjoint_and_whole(tmp_path: Path, kind: str) -> None:
    snapshot = community(tmp_path / "s", topics=12)
    found = interests(snapshot)
    # users have at most three topics: lend them more, so that pairs can be cut
    found.pairs.data[:] = 1
    split = split_interests(found, FitConfig(holdout=kind, min_topic_users=1))  # type: ignore[arg-type]
    total = split.train + split.validation + split.test
    assert (total != split.observed).nnz == 0
    if split.kind == "users":
        rows = [set(np.flatnonzero(np.diff(m.indptr))) for m in (split.train, split.validation, split.test)]
        assert not rows[0] & rows[1]
        assert not rows[0] & rows[2]
        assert not rows[1] & rows[2]
    folds = fold_masks(split.train, split, 4, 0)
    assert sum(f.nnz for f in folds) <= split.train.nnz
    assert max(sum(f.toarray() for f in folds).ravel()) <= 1


def test_auto_takes_users_where_many_have_no_interest(tmp_path: Path) -> None:
    assert split_interests(interests(community(tmp_path / "a")), FitConfig()).kind == "users"


def test_hidden_pairs_leave_no_trace_in_the_message_graph(tmp_path: Path) -> None:
    """Oracle: the graph of a snapshot written without the hidden pairs and their triples is the same graph."""
    snapshot = community(tmp_path / "s")
    found = interests(snapshot)
    split = split_interests(found, FitConfig(min_topic_users=1))
    matrices = relation_matrices(snapshot, found, visible(snapshot, found, split.held_out))
    shown = matrices[("Topic", "interested in <", "User")]
    assert shown.multiply(split.held_out).nnz == 0
    hidden = split.held_out.toarray() > 0
    about = snapshot.edges[("Item", "ABOUT", "Topic")].matrix().toarray()
    tagged = snapshot.edges[("User", "TAGGED", "Topic")]
    assert tagged.items is not None
    expected = about.copy()
    for u, t, i, w in zip(tagged.sources, tagged.targets, tagged.items, tagged.weight, strict=True):
        if hidden[u, t] and i >= 0 and about[i, t] > 0:
            expected[i, t] = max(expected[i, t] - w, 0)
    left = matrices[("Topic", "about <", "Item")].toarray()
    np.testing.assert_allclose(left, np.log1p(expected), atol=1e-6)
    assert (expected < about).any()  # the test would be empty without a triple that counts


def test_interests_are_derived_where_there_are_none(tmp_path: Path) -> None:
    nodes = {
        "User": table(key=["a", "b"]),
        "Item": table(key=["i", "j"]),
        "Topic": table(key=["t"], name=["music"]),
    }
    mapping = default_mapping()
    from sociogram.graph.mapping import GraphMapping, RelationshipMapping

    mapping = GraphMapping(
        mapping.nodes, (*mapping.relationships, RelationshipMapping("SAW", "User", "Item", "behaviour"))
    )
    edges = {
        ("User", "SAW", "Item"): table(source=["a", "b"], target=["i", "j"]),
        ("Item", "ABOUT", "Topic"): table(source=["i"], target=["t"]),
    }
    snapshot = Snapshot.create(tmp_path / "s", mapping, nodes, edges)
    found = interests(snapshot)
    assert found.derived
    assert found.pairs.toarray().tolist() == [[1.0], [0.0]]
    view = visible(snapshot, found, sparse.csr_array(found.pairs))
    assert view.item_topics.nnz == 0
