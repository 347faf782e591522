import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse

from sociogram.gnn import blend as blending
from sociogram.gnn import metrics
from sociogram.gnn.blend import Calibration, evaluate
from sociogram.gnn.interactions import Interactions, cut, mask, read_interactions
from sociogram.gnn.recommend import fit_items
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.snapshot import Snapshot

MAPPING = GraphMapping(
    (
        NodeMapping("User", "user"),
        NodeMapping("Song", "item"),
        NodeMapping("Film", "item"),
        NodeMapping("Topic", "topic"),
    ),
    (
        RelationshipMapping("KNOWS", "User", "User", "tie"),
        RelationshipMapping("PLAYED", "User", "Song", "behaviour", weight="weight"),
        RelationshipMapping("SAW", "User", "Film", "behaviour"),
        RelationshipMapping("ABOUT", "Song", "Topic", "about", weight="weight"),
        RelationshipMapping("TAGGED", "User", "Topic", "interest", item="item"),
    ),
)


def make(folder, *, users, songs=0, films=0, topics=0, ties=(), played=(), saw=(), about=(), tagged=()):
    sizes = {"User": users, "Song": songs, "Film": films, "Topic": topics}
    nodes = {label: pa.table({"key": pa.array(range(n), pa.int64())}) for label, n in sizes.items() if n}

    def edges(rows, *names):
        return pa.table({name: pa.array([row[i] for row in rows]) for i, name in enumerate(names)})

    kinds = {
        ("User", "KNOWS", "User"): (ties, ("source", "target")),
        ("User", "PLAYED", "Song"): (played, ("source", "target", "weight")),
        ("User", "SAW", "Film"): (saw, ("source", "target")),
        ("Song", "ABOUT", "Topic"): (about, ("source", "target", "weight")),
        ("User", "TAGGED", "Topic"): (tagged, ("source", "target", "item")),
    }
    tables = {key: edges(rows, *names) for key, (rows, names) in kinds.items() if len(rows)}
    return Snapshot.create(folder, MAPPING, nodes, tables)


def community(folder, users=60, songs=40, films=20, seed=0):
    """Two tastes: a user of taste t plays songs and sees films of the same parity."""
    rng = np.random.default_rng(seed)

    def picks(count, items):
        return [(u, int(i)) for u in range(users) for i in rng.choice(np.arange(u % 2, items, 2), count, replace=False)]

    played = [(u, i, float(rng.integers(1, 99))) for u, i in picks(9, songs)]
    ties = [(u, (u + 2) % users) for u in range(users)]
    tagged = [(u, i % 2, i) for u, i, _ in played]
    about = [(i, i % 2, 3.0) for i in range(songs)]
    return make(
        folder,
        users=users,
        songs=songs,
        films=films,
        topics=2,
        ties=ties,
        played=played,
        saw=picks(4, films),
        about=about,
        tagged=tagged,
    )


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    return community(tmp_path_factory.mktemp("items") / "snapshot")


@pytest.fixture(scope="module")
def model(snapshot):
    return fit_items(snapshot)


def test_two_tastes_over_two_kinds_of_items_are_found(model):
    best = model.table(k=5, seen=False)
    assert ((best["item"] + best["user"]) % 2 == 0).mean() > 0.95
    assert set(best["item_label"]) == {"Song", "Film"}
    assert (best.groupby("user").size() == 5).all()


def test_the_dot_product_of_stored_factors_finds_them_too(model, snapshot):
    item = np.concatenate([model.item_factors[label] for label in model.interactions.labels])
    assert {label: x.shape for label, x in model.item_factors.items()} == {"Song": (40, 64), "Film": (20, 64)}
    assert model.user_factors.dtype == item.dtype == np.float32
    best = metrics.top_k(model.user_factors @ item.T, 5, mask(model.interactions.x, np.arange(60)))
    assert ((best + np.arange(60)[:, None]) % 2 == 0).mean() > 0.95


def test_the_table_ranks_seen_and_unseen_together(model):
    table = model.table(k=4)
    assert list(table.columns) == ["user", "item", "item_label", "rank", "score", "seen"]
    x = model.interactions.x.toarray() > 0
    column = table["item"] + np.where(table["item_label"] == "Film", 40, 0)
    np.testing.assert_array_equal(table["seen"], x[table["user"], column])
    for user, rows in table.groupby("user"):
        assert rows["rank"].tolist() == list(range(1, 9))
        assert rows["score"].is_monotonic_decreasing
        assert rows["score"].between(0, 1).all()
        scores = model.scores(np.array([user]))[0]
        unseen = rows[~rows["seen"]]
        best = np.sort(np.where(x[user], -np.inf, scores))[::-1][:4]
        np.testing.assert_allclose(scores[column[unseen.index]], best, rtol=1e-6)
    only = model.table(k=4, seen=False)
    assert not only["seen"].any()
    merged = table[~table["seen"]].reset_index(drop=True)
    assert only["item"].tolist() == merged["item"].tolist()


def test_fitting_repeats_bit_for_bit(model, snapshot):
    again = fit_items(snapshot)
    np.testing.assert_array_equal(again.user_factors, model.user_factors)
    np.testing.assert_array_equal(again.scores(np.arange(60)), model.scores(np.arange(60)))
    assert again.report == model.report


def test_the_report_names_every_method(model):
    methods = [row["method"] for row in model.report["rows"]]
    assert methods == ["popularity", "ItemKNN", "iALS", "LAE", "content", "blend", "embedding"]
    assert all(0 <= row["ndcg@10"] <= 1 and row["split"] == "validation" for row in model.report["rows"])
    values = {row["method"]: row["ndcg@10"] for row in model.report["rows"]}
    assert values["blend"] > values["popularity"]
    assert set(model.report["chosen"]) == {"weights", "regularization", "embedding"}


def test_a_hidden_pair_leaves_no_trace_in_the_topics(snapshot):
    known = read_interactions(snapshot)
    held = cut(known.x, 0)
    part = known.with_x(held.train)
    rows, items = held.hidden.nonzero()
    other = {(u, i) for u, i, _ in known.triples.tolist()} - set(zip(rows.tolist(), items.tolist(), strict=True))
    expected = np.zeros((60, 2))
    for _, i in other:
        expected[i, i % 2] += 1
    np.testing.assert_array_equal(part.topics(part.x).toarray(), expected)


def test_the_cut_hides_a_tenth_of_each_user(snapshot):
    x = read_interactions(snapshot).x
    held = cut(x, 0)
    assert held.train.nnz + held.hidden.nnz == x.nnz
    assert (np.diff(held.hidden.indptr) == 1).all()
    np.testing.assert_array_equal((held.train + held.hidden).toarray(), x.toarray())
    assert (cut(x, 0).hidden != held.hidden).nnz == 0
    assert (cut(x, 1).hidden != held.hidden).nnz > 0


def test_no_behaviours_no_model(tmp_path):
    assert fit_items(make(tmp_path / "a", users=3, songs=2, ties=[(0, 1)])) is None
    assert fit_items(make(tmp_path / "b", users=3)) is None


@pytest.mark.parametrize(
    "graph",
    [
        {"users": 1, "songs": 3, "played": [(0, 1, 1.0)]},
        {"users": 1, "songs": 1, "played": [(0, 0, 1.0)]},
        {"users": 4, "songs": 3, "topics": 1, "played": [(u, i, 1.0) for u in range(3) for i in range(3)]},
        {"users": 30, "films": 9, "saw": [(u, (u + i) % 9) for u in range(29) for i in range(4)]},
    ],
    ids=["one user, three items", "one item", "everything seen", "no weights, ties or topics, a newcomer"],
)
def test_small_and_bare_graphs_work(tmp_path, graph):
    model = fit_items(make(tmp_path / "s", **graph))
    items = graph.get("songs", 0) + graph.get("films", 0)
    assert model.user_factors.shape == (graph["users"], 64)
    assert np.isfinite(model.user_factors).all()
    scores = model.scores(np.arange(graph["users"]))
    assert scores.shape == (graph["users"], items)
    assert np.isfinite(scores).all()
    table = model.table()
    assert (table.groupby("user").size() == items).all()
    assert table["score"].between(0, 1).all()


def test_a_newcomer_gets_what_is_popular(tmp_path):
    played = [(u, i, 1.0) for u in range(20) for i in range(6) if i <= u % 6]
    model = fit_items(make(tmp_path / "s", users=21, songs=6, played=played))
    assert model.table(k=3).query("user == 20")["item"].tolist() == [0, 1, 2]


def test_the_shortlist_finds_the_same_best_weights_as_the_full_ranking(snapshot, monkeypatch):
    known = read_interactions(snapshot)
    held = cut(known.x, 0)
    variants, regularization = blending.fit_variants(known.with_x(held.train), held, 0)
    found = blending.choose(variants, held, regularization)
    full = []
    for weights in blending._grid(variants):
        row = evaluate("", blending.Blend(variants, weights, blending.Blend.popular(held.train)), held)
        full.append((row["ndcg@10"] + row["ndcg@20"], weights))
    best = max(value for value, _ in full)
    assert dict(next(w for v, w in full if v == best)) == dict(found.weights)


def test_calibration_is_monotone_and_close(model, snapshot):
    p = Calibration(2.0, -1.0)(np.array([-50.0, 0.0, 0.5, 50.0]))
    assert (np.diff(p) >= 0).all()
    assert p[2] == pytest.approx(0.5)
    assert model.calibration.slope > 0


def test_rarity_takes_back_popularity_and_leaves_unknown_users_alone():
    x = sparse.csr_array(np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]], np.float32))
    known = Interactions(x, ("Item",), (4,), None, None, np.zeros((0, 3), np.int64))
    plain = blending.fit_blend(known, blending.Recipe({"iALS": 1.0}), 0)
    rare = blending.fit_blend(known, blending.Recipe({"iALS": 1.0, blending.RARITY: 0.7}), 0)
    rows = np.arange(4)
    count = np.array([3, 2, 1, 0])
    shift = -np.log1p(count)
    shift = (shift - shift.mean()) / shift.std()
    np.testing.assert_allclose(rare.scores(rows)[:3], plain.scores(rows)[:3] + 0.7 * shift, atol=1e-5)
    assert np.argsort(-rare.scores(rows)[3]).tolist() == [0, 1, 2, 3]  # popularity, since nothing else is known
    np.testing.assert_allclose(rare.scores(rows[1:2])[0], rare.scores(rows)[1], atol=1e-6)
