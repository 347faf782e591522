"""Broader topics are at least as probable as the narrower ones demand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from gnn_community import MAPPING, community, table
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sociogram.gnn.config import FitConfig
from sociogram.gnn.hierarchy import consistent, implications
from sociogram.gnn.split import interests, split_interests
from sociogram.graph.mapping import RelationshipMapping
from sociogram.graph.snapshot import Snapshot

CHAIN = [(0, 1, 1.0), (1, 2, 1.0)]  # jazz, music, art


def test_a_child_implies_its_parents_all_the_way_up() -> None:
    p = np.array([[0.9, 0.2, 0.1], [0.1, 0.6, 0.8]], np.float32)
    out = consistent(p, np.zeros((2, 3), bool), CHAIN)
    np.testing.assert_allclose(out, [[0.9, 0.9, 0.9], [0.1, 0.6, 0.8]])


def test_a_known_topic_is_certain_and_stays_as_it_is() -> None:
    out = consistent(np.array([[-1.0, 0.2, 0.1]], np.float32), np.array([[True, False, False]]), [(0, 1, 0.5)])
    np.testing.assert_allclose(out, [[-1.0, 0.5, 0.1]])


def test_where_people_never_have_the_broader_topic_nothing_is_forced() -> None:
    p = np.array([[0.9, 0.2]], np.float32)
    np.testing.assert_array_equal(consistent(p, np.zeros((1, 2), bool), [(0, 1, 0.0)]), p)


def test_a_circle_ends() -> None:
    p = np.array([[0.9, 0.2]], np.float32)
    out = consistent(p, np.zeros((1, 2), bool), [(0, 1, 1.0), (1, 0, 1.0)])
    np.testing.assert_allclose(out, [[0.9, 0.9]])


@given(arrays(np.float32, (4, 3), elements=st.floats(0, 1, width=32)), st.floats(0, 1))
def test_it_only_raises_and_contradicts_nothing(p: np.ndarray, rate: float) -> None:
    implied = [(0, 1, rate), (1, 2, rate)]
    out = consistent(p, np.zeros(p.shape, bool), implied)
    assert (out >= p).all()
    assert (out <= 1).all()
    for child, parent, r in implied:
        assert (out[:, parent] >= np.float32(r) * out[:, child] - 1e-6).all()


def test_rates_come_from_the_train_part(tmp_path: Path) -> None:
    plain = community(tmp_path / "plain")
    mapping = replace(
        MAPPING, relationships=(*MAPPING.relationships, RelationshipMapping("BROADER", "Topic", "Topic", "parent"))
    )
    edges = {}
    for key, e in plain.edges.items():
        source, target = plain.nodes[key[0]].keys, plain.nodes[key[2]].keys
        edges[key] = table(source=[source[i] for i in e.sources], target=[target[i] for i in e.targets])
    edges["Topic", "BROADER", "Topic"] = table(source=["t1"], target=["t0"])
    snapshot = Snapshot.create(tmp_path / "s", mapping, {n: x.table for n, x in plain.nodes.items()}, edges)
    found = interests(snapshot)
    split = split_interests(found, FitConfig(min_topic_users=1))
    train = split.train.toarray() > 0
    both, one = int((train[:, 1] & train[:, 0]).sum()), int(train[:, 1].sum())
    assert implications(snapshot, found, split) == [(1, 0, pytest.approx(both / (one + 2), abs=1e-6))]
