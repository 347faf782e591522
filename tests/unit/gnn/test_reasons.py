"""Reasons: exact where they are said to be, true to what was planted, better than chance when taken away, equal over reruns."""

import tracemalloc
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from gnn_community import community
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor, nn

from benchmarks.from_source import snapshot
from sociogram.encoders.light import LightEncoder
from sociogram.evaluation.reasons import Planted, deletion, random_units, times
from sociogram.gnn.choose import NETWORK, parts_with
from sociogram.gnn.config import FitConfig
from sociogram.gnn.evidence import Evidence, find_evidence, predicted_pairs, shares_of
from sociogram.gnn.fit import Fitted, train_all
from sociogram.gnn.matrices import csr
from sociogram.gnn.model import Sociogram, relation_matrices
from sociogram.gnn.reason_words import in_common
from sociogram.gnn.reasons import COLUMNS, KEPT, reasons
from sociogram.gnn.removal import Mean
from sociogram.gnn.sage import Adjacency, name
from sociogram.gnn.stack import Stack
from sociogram.gnn.tag_table import tag_table
from sociogram.loaders.demo import demo

NONE = (np.zeros(0, np.int64), np.zeros(0, np.int64))


def with_all_parts(f: Fitted) -> Fitted:
    """The same with every part, the network too, in the combination: on a small graph validation may leave some out."""
    parts = parts_with(f.phase, f.raw, f.phase.known)
    stack = Stack({n + end: 0.3 for n in parts for end in ("", " |z") if (n, end) != ("popularity", " |z")}, {})
    stack.apply(parts, f.phase.known)  # sets the scales
    f.learned.choice.stack = stack
    return f


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    folder = tmp_path_factory.mktemp("small")
    config = FitConfig(mode="frozen", max_steps=24, validate_every=6, folds=2, hidden=32, min_topic_users=1)
    return with_all_parts(
        train_all(community(folder / "s", users=100, items=40), LightEncoder(32), config, folder / "run")
    )


@pytest.fixture(scope="module")
def evidence(small: Fitted) -> Evidence:
    return Evidence(small.context, small.phase, small.choice, small.model)


def test_nothing_hidden_gives_the_scores_of_the_run(small: Fitted, evidence: Evidence) -> None:
    judge, users = evidence.occlusion, np.arange(len(small.context.snapshot.users))
    seen = judge.hide(users, {}, NONE)
    parts = judge.parts(seen)
    assert set(parts) == set(small.phase.parts)
    for part, expected in small.phase.parts.items():
        np.testing.assert_allclose(parts[part], expected, atol=2e-5, err_msg=part)
    assert judge.network is not None
    np.testing.assert_allclose(judge.network(seen), small.raw, rtol=1e-4, atol=1e-4)
    expected = small.choice.stack.apply(parts_with(small.phase, small.raw, small.phase.known), small.phase.known)
    np.testing.assert_allclose(
        judge.scores(seen), expected, rtol=1e-4, atol=1e-3
    )  # up to hundreds, in single precision


def test_a_mean_without_some_is_the_mean_of_the_others(evidence: Evidence) -> None:
    rng = np.random.default_rng(0)
    users = rng.integers(100, size=60)
    label = "User"
    hidden = np.nonzero(rng.random((60, 100)) < 0.4)
    removal = evidence.occlusion.hide(users, {label: hidden}, NONE)
    weights = evidence.occlusion.friends.weights
    values = rng.normal(size=(100, 3)).astype(np.float32)
    dense = weights[users].toarray()
    dense[hidden] = 0
    total = dense.sum(1, keepdims=True)
    expected = np.divide(dense @ values, total, out=np.zeros((60, 3)), where=total > 1e-6)
    np.testing.assert_allclose(Mean(label, weights, values).without(removal), expected, atol=1e-5)


@torch.no_grad()
def test_the_network_without_a_neighbour_is_the_network_on_a_graph_without_the_tie(
    small: Fitted, evidence: Evidence
) -> None:
    """All of the graph is computed again without the relationships, with the users' echo through their neighbours, for 40 ties."""
    c, user = small.context, 0
    x = c.inputs.assemble(c.standard)
    network = evidence.occlusion.network
    assert network is not None
    units = evidence.units(np.arange(20))
    fast, slow = [], []
    for unit in np.flatnonzero(units.labels.index("Item") == units.kind)[:40]:
        user, item = int(units.users[unit]), int(units.node[unit])
        removal = evidence.occlusion.hide(np.array([user]), {"Item": (np.array([0]), np.array([item]))}, NONE)
        graph = {}
        for relation, matrix in relation_matrices(c.snapshot, c.found, small.phase.view).items():
            left = matrix.tolil()
            if {relation[0], relation[2]} == {"User", "Item"}:
                left[(user, item) if relation[2] == "User" else (item, user)] = 0
            graph[relation] = Adjacency.of(left.tocsr(), c.device)
        inputs = {**x, "User": x["User"].clone()}
        inputs["User"][user] = network.inputs(removal)[0]
        h = small.model.hidden(inputs, graph)
        own = small.model.out[name("User")](h["User"][[user]])
        slow.append(small.model.scores(own, network.topics.to(c.device)).cpu().numpy()[0])
        fast.append(network(removal)[0])
    whole = small.raw[units.users[np.flatnonzero(units.labels.index("Item") == units.kind)[:40]]]
    change = np.stack([whole - np.stack(fast), whole - np.stack(slow)]).reshape(2, -1)
    assert np.corrcoef(change)[0, 1] > 0.95


def test_reasons_are_sound_and_the_same_again(small: Fitted) -> None:
    tags = tag_table(small.context, small.phase, small.choice, small.raw)
    made = [reasons(small.context, small.phase, small.choice, small.model, tags) for _ in range(2)]
    pd.testing.assert_frame_equal(*made)
    table = made[0]
    assert list(table.columns) == list(COLUMNS)
    by = table.groupby(["user", "topic_label", "topic"])
    assert by["share"].sum().max() <= 1 + 1e-5
    assert by.size().max() <= KEPT
    assert (by["place"].max() == by.size() - 1).all()
    shown = tags[tags["shown"]]
    claims = set(zip(shown["user"], shown["topic"], strict=True))
    assert set(zip(table["user"], table["topic"], strict=True)) <= claims
    observed = tags[tags["observed"]]
    assert set(zip(observed["user"], observed["topic"], strict=True)) <= set(
        zip(table["user"], table["topic"], strict=True)
    )
    s = small.context.snapshot
    for row in table.sample(60, random_state=0).itertuples():
        me = s.users.keys[row.user]
        assert row.path.startswith(f"({me}")
        if row.kind == "friend":
            friend = s.users.row[row.key]
            ties = s.edges["User", "KNOWS", "User"].matrix()
            assert ties[row.user, friend] + ties[friend, row.user] > 0
        if row.kind == "item" and "-[:SAW]->" in row.path:
            assert s.edges["User", "SAW", "Item"].matrix()[row.user, s.nodes["Item"].row[row.key]] > 0
        if row.kind == "text":
            assert row.sentence.strip('"') in s.users.texts[row.user]


@given(st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=9), st.floats(-5, 5), st.floats(-5, 5))
def test_shares_are_at_most_the_whole(weight: list[float], whole: float, none: float) -> None:
    shares = shares_of(np.array(weight, np.float32), whole, none)
    assert (shares >= 0).all()
    assert shares.sum() <= 1 + 1e-6
    assert not shares[np.array(weight) <= 0].any()
    if whole <= none:
        assert not shares.any()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Fitted, Evidence, pd.DataFrame]:
    """A demo community, its evidence for the tags that the model says."""
    folder = tmp_path_factory.mktemp("demo")
    source = demo(users=400, seed=3, truth=folder / "truth.parquet")
    config = FitConfig(mode="frozen", max_steps=40, folds=2)
    f = train_all(snapshot(source, folder / "s"), LightEncoder(64), config, folder / "run")
    e = Evidence(f.context, f.phase, f.choice, f.model)
    pairs = predicted_pairs(f.context, tag_table(f.context, f.phase, f.choice, f.raw))
    return source, f, e, find_evidence(e, pairs, 3)


def test_planted_causes_are_found_twice_as_often_as_by_chance(made: Any) -> None:
    source, f, e, found = made
    c = f.context
    planted = Planted(source, c.snapshot, c.features.texts.distinct)
    true = planted.interests[found["user"], c.split.targets[found["target"]]]
    found = found[true]
    assert len(found) > 200
    units = e.units(np.unique(found["user"]))

    def rate(pieces: pd.DataFrame) -> float:
        topic = c.split.targets[pieces["target"].to_numpy()]
        return float(planted.of(pieces["label"].to_numpy(object), pieces["node"].to_numpy(), topic).mean())

    chance = np.mean([rate(random_units(units, found, seed)) for seed in range(3)])
    assert rate(found) >= 2 * chance


@pytest.mark.parametrize("alike", [False, True])
def test_taking_evidence_away_lowers_the_score_twice_as_much_as_taking_others(made: Any, alike: bool) -> None:
    _, _, e, found = made
    units = e.units(np.unique(found["user"]))
    drops = deletion(e, units, found, draws=3, alike=alike)
    assert (drops.evidence > 0).mean() > 0.9
    assert drops.ratio >= 2


class AsPyG(nn.Module):
    """The network as PyG's HeteroConv(SAGEConv), for one topic: scores of all users."""

    def __init__(self, model: Sociogram, graph: dict[Any, Adjacency], topic: Tensor) -> None:
        from torch_geometric.nn import HeteroConv, SAGEConv

        super().__init__()
        self.model, self.topic = model, topic
        self.convs = nn.ModuleList()
        width = model.config.hidden
        for layer in model.layers:
            convs = {}
            for r in graph:
                convs[r] = SAGEConv((width, width), width, aggr="mean", root_weight=False, bias=False)
                convs[r].lin_l.weight = layer.messages[name(*r)].weight
            self.convs.append(HeteroConv(convs, aggr="sum"))

    def forward(self, x: dict[str, Tensor], edges: dict[Any, Tensor]) -> Tensor:
        h = {label: torch.relu(self.model.project[name(label)](v)) for label, v in x.items()}
        for layer, conv in zip(self.model.layers, self.convs, strict=True):
            sums = conv(h, edges)
            h = {n: layer.norm[name(n)](v + torch.relu(layer.own[name(n)](v) + sums.get(n, 0))) for n, v in h.items()}
        return self.model.scores(self.model.out[name("User")](h["User"]), self.topic[None])[:, 0]


def test_pyg_gnn_explainer_agrees_above_chance(small: Fitted, evidence: Evidence) -> None:
    """Neighbours of one kind ranked by GNNExplainer's edge masks and by leaving each out of the network's sight.

    The masks are asked to lift the score (a goal above it), so that they tell what speaks for the topic from what speaks against it.
    """
    from torch_geometric.explain import Explainer, GNNExplainer

    c, network, target = small.context, evidence.occlusion.network, 0
    assert network is not None
    edges = {r: a.forward.to_dense().nonzero().T.flip(0) for r, a in small.phase.graph.items()}
    x = {label: v.clone() for label, v in c.inputs.assemble(c.standard).items()}
    model = AsPyG(small.model, small.phase.graph, network.topics[target].to(c.device)).eval()
    with torch.no_grad():
        np.testing.assert_allclose(model(x, edges).cpu().numpy(), small.raw[:, target], atol=2e-3)
    torch.manual_seed(0)
    explainer = Explainer(
        model,
        GNNExplainer(epochs=20, lr=0.1, edge_size=0.0, edge_ent=0.0),
        explanation_type="phenomenon",
        edge_mask_type="object",
        model_config={"mode": "regression", "task_level": "node", "return_type": "raw"},
    )
    above = torch.from_numpy(small.raw[:, target]).to(c.device) + 5.0
    agreement = []
    for user in range(16):
        units = evidence.units(np.array([user]))
        masks = explainer(x, edges, target=above, index=user).edge_mask_dict
        for k, label in enumerate(units.labels[:2]):
            at = np.flatnonzero(units.kind == k)
            if len(at) < 3:
                continue
            nodes, _ = units.entries(np.arange(len(at)), at)
            removal = evidence.occlusion.hide(np.full(len(at), user), nodes, NONE)
            ours = small.raw[user, target] - network(removal, x["User"][np.full(len(at), user)].cpu())[:, target]
            theirs = np.zeros(len(at))
            for r, e in edges.items():
                if (r[0], r[2]) == (label, "User"):
                    mine = e[1] == user
                    weight = dict(zip(e[0][mine].tolist(), masks[r][mine].tolist(), strict=True))
                    theirs += [weight.get(node, 0.0) for node in units.node[at].tolist()]
            agreement.append(stats.spearmanr(ours, theirs).statistic)
    assert len(agreement) > 20
    assert np.mean(agreement) > 0.25
    assert stats.ttest_1samp(agreement, 0, alternative="greater").pvalue < 0.001


def test_kept_parts_alone_are_computed(small: Fitted) -> None:
    choice = replace(small.choice, stack=Stack({"popularity": 1.0}, dict(small.choice.stack.scales)))
    judge = Evidence(small.context, small.phase, choice, small.model).occlusion
    assert judge.network is None
    assert NETWORK not in judge.wanted
    assert set(judge.parts(judge.hide(np.arange(3), {}, NONE))) == {"popularity"}


@pytest.mark.parametrize("most", [1, 100, 10**9])
def test_who_has_both_is_counted_in_parts(most: int) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.random((n, 40)) < 0.3 for n in (12, 7))
    rows, others = rng.integers(12, size=200), rng.integers(7, size=200)
    sparse_a, sparse_b = (csr(m.astype(np.float32)) for m in (a, b))
    np.testing.assert_array_equal(in_common(sparse_a, rows, sparse_b, others, most), (a[rows] & b[others]).sum(1))
    none = np.zeros(0, np.int64)
    assert in_common(sparse_a, none, sparse_b, none, most).shape == (0,)


def test_pieces_that_all_share_take_little_memory() -> None:
    """An item of 20,000 users that speaks for 20,000 claims: copied out for each it would be 4.8 GB."""
    everybody = csr(np.ones((1, 20_000), np.float32))
    same = np.zeros(20_000, np.int64)
    tracemalloc.start()
    found = in_common(everybody, same, everybody, same)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found == 20_000).all()
    assert peak < 20e6


def test_times_as_much_are_drawn_by_user() -> None:
    users = np.repeat(np.arange(50), 4)
    each = np.random.default_rng(0).normal(3.0, 1.0, 50)
    found = times(each[users], np.ones(200), users)
    assert found.ratio == pytest.approx(each.mean())
    assert found.users == 50
    by_hand = 1.96 * each.std() / np.sqrt(50)  # 50 draws, not 200
    assert found.high - found.ratio == pytest.approx(by_hand, rel=0.2)
    assert found.ratio - found.low == pytest.approx(by_hand, rel=0.2)


def test_times_leave_out_what_has_no_counterpart() -> None:
    found = times([2.0, 4.0, 100.0], [1.0, 1.0, np.nan], [0, 1, 2])
    assert (found.ratio, found.users) == (3.0, 2)
    assert times([1.0], [0.0], [0]).ratio == np.inf
    assert np.isnan(times([1.0], [np.nan], [0]).ratio)
