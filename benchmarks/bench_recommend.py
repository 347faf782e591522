"""How well are hidden listens found? Last.fm, SocialLGN split (BENCHMARKS A); peers: its published .2566 and its baselines here.

The blend also uses listening counts and tags, which SocialLGN does not. Everything is chosen on a validation cut of train; the test
pairs are read once, after the fit.
"""

import json
import platform
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy import sparse

from benchmarks import data, save, show
from sociogram.gnn import metrics
from sociogram.gnn.blend import Blend, blocks
from sociogram.gnn.interactions import Interactions, mask, read_interactions
from sociogram.gnn.priors import Factors, Part, fit_autoencoder, fit_content, fit_ials, fit_neighbours, standardised
from sociogram.gnn.recommend import ItemModel, fit_items
from sociogram.gnn.rerank import rerank
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.snapshot import Snapshot

MAPPING = GraphMapping(
    (NodeMapping("User", "user"), NodeMapping("Item", "item"), NodeMapping("Topic", "topic")),
    (
        RelationshipMapping("KNOWS", "User", "User", "tie"),
        RelationshipMapping("LISTENED", "User", "Item", "behaviour", weight="weight"),
        RelationshipMapping("ABOUT", "Item", "Topic", "about", weight="weight"),
        RelationshipMapping("TAGGED", "User", "Topic", "interest", item="item"),
    ),
)

CONTROLS = [(0.0, 0.0), (0.1, 0.0), (0.3, 0.0), (0.5, 0.0), (0.0, -0.1), (0.0, -0.3), (0.0, 0.3), (0.3, -0.1)]


def main() -> None:
    """Print the table and write results/recommend.json."""
    split, raw = data("lastfm-sociallgn-split"), data("lastfm-2k")
    with tempfile.TemporaryDirectory() as folder:
        snapshot = train_snapshot(split, raw, Path(folder) / "snapshot")
        start = time.perf_counter()
        model = fit_items(snapshot)
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        known = read_interactions(snapshot)
        assert model is not None
        assert known is not None
        x = known.x
        item = np.concatenate(list(model.item_factors.values()))
        methods: dict[str, Part | Blend | None] = {
            "popularity": Blend.popular(x),
            "ItemKNN": fit_neighbours(x),
            "iALS, one seed, ranks": fit_ials(x, seeds=range(1)),
            "iALS + friends, 5 seeds, ranks": fit_ials(x, known.ties),
            "LAE, undamped, lambda 200": fit_autoencoder(x, ridge=200.0, power=0.0),
            "known best: .5 iALS + .5 LAE + .2 content": reference(snapshot),
            "blend (recommend)": model.blend,
            "stored embeddings, dot": Factors(model.user_factors, item),
        }
        hidden = read_pairs(split / "test_set.txt")
        per_user = {name: judge(part, x, hidden) for name, part in methods.items() if part is not None}
        controlled = controls(model, known, hidden, item)
    rows = [{"method": name, **{m: metrics.mean(v) for m, v in found.items()}} for name, found in per_user.items()]
    show(
        f"Last.fm, SocialLGN split, test; fit_items {seconds:.0f} s, peak {peak:.2f} GiB, chosen {model.report['chosen']}",
        rows,
    )
    pairs = {
        "blend - known best": ("blend (recommend)", "known best: .5 iALS + .5 LAE + .2 content"),
        "blend - iALS": ("blend (recommend)", "iALS + friends, 5 seeds, ranks"),
        "embeddings - iALS, one seed": ("stored embeddings, dot", "iALS, one seed, ranks"),
    }
    gains = [
        {"N@10": name, **vars(metrics.paired_bootstrap(per_user[a]["N@10"], per_user[b]["N@10"]))}
        for name, (a, b) in pairs.items()
    ]
    show("paired bootstrap over users, 95 %", gains)
    show("what diversity and popularity control cost and buy, ten items a user, test", controlled)
    save(
        "recommend",
        {
            "rows": rows,
            "gains": gains,
            "controls": controlled,
            "validation": model.report,
            "fit_seconds": seconds,
            "peak_gib": peak,
            "machine": platform.machine(),
        },
    )


def controls(model: ItemModel, known: Interactions, hidden: pd.DataFrame, item: Any) -> list[dict[str, Any]]:
    """N@10, and of ten items: distance within a list by the items' vectors and by their tags, novelty, share of items ever shown.

    Distance is the mean of 1 - cosine over pairs, novelty that of -log2(users who have the item / users); pools of 100 as in serving.
    """
    x, size = known.x, 100
    count = np.diff(x.tocsc().indptr)
    about = known.topics(x)
    tags = None if about is None else fit_content(x, about)
    words = sparse.csr_array((x.shape[1], 1)) if tags is None else tags.item.T.tocsr()
    unit = sparse.csr_array(item / np.maximum(np.linalg.norm(item, axis=1, keepdims=True), 1e-12))
    truth = np.zeros(x.shape, bool)
    truth[hidden["user"], hidden["item"]] = True
    found: dict[tuple[float, float], list[Any]] = {setting: [] for setting in CONTROLS}
    for start in range(0, x.shape[0], 250):
        rows = np.arange(start, min(start + 250, x.shape[0]))
        scores = model.scores(rows)
        pool = metrics.top_k(scores, size, mask(x, rows))
        relevance = np.where(pool >= 0, np.take_along_axis(scores, pool.clip(0), 1), -np.inf)
        for setting, lists in found.items():
            places = rerank(
                relevance, item[pool], np.log1p(count[pool]), 10, diversity=setting[0], popularity=setting[1]
            )
            lists.append(np.take_along_axis(pool, places, 1))
    out = []
    for (diversity, popularity), lists in found.items():
        shown = np.concatenate(lists)
        hits = np.take_along_axis(truth, shown, 1)
        out.append(
            {
                "diversity": diversity,
                "popularity": popularity,
                "N@10": metrics.mean(metrics.ndcg_of(hits, truth.sum(1), 10)),
                "distance, vectors": _distance(unit, shown),
                "distance, tags": _distance(words, shown),
                "novelty": float(-np.log2(np.maximum(count[shown], 1) / x.shape[0]).mean()),
                "users who have it": float(count[shown].mean()),
                "items shown": float(len(np.unique(shown)) / x.shape[1]),
            }
        )
    return out


def _distance(unit: Any, shown: Any) -> float:
    """Mean over users of 1 - cosine over pairs of different items in a list [users, k]; rows of `unit` have length 1 or 0."""
    total = 0.0
    for chosen in shown:
        gram = (unit[chosen] @ unit[chosen].T).toarray()
        total += 1 - (gram.sum() - np.trace(gram)) / (len(chosen) * (len(chosen) - 1))
    return float(total / len(shown))


def reference(snapshot: Snapshot) -> Blend:
    """The best row of BENCHMARKS A, fitted again."""
    known = read_interactions(snapshot)
    assert known is not None
    about = known.topics(known.x)
    parts = {
        "iALS": fit_ials(known.x, known.ties),
        "LAE": fit_autoencoder(known.x, ridge=200.0, power=0.0),
        "content": None if about is None else fit_content(known.x, about),
    }
    found = {name: part for name, part in parts.items() if part is not None}
    return Blend(found, {"iALS": 0.5, "LAE": 0.5, "content": 0.2}, Blend.popular(known.x))


def judge(part: Part | Blend, x: Any, hidden: pd.DataFrame) -> dict[str, Any]:
    """Each metric per user [users], train items masked."""
    out: dict[str, list[Any]] = {m: [] for m in ("P@10", "R@10", "N@10", "R@20", "N@20")}
    truth = np.zeros(x.shape, bool)
    truth[hidden["user"], hidden["item"]] = True
    for rows in blocks(*x.shape):
        scores = standardised(part.scores(rows))
        hits, count = metrics.hits_at_k(scores, truth[rows], 20, mask(x, rows))
        out["P@10"].append(metrics.precision_of(hits, count, 10))
        out["R@10"].append(metrics.recall_of(hits, count, 10))
        out["N@10"].append(metrics.ndcg_of(hits, count, 10))
        out["R@20"].append(metrics.recall_of(hits, count, 20))
        out["N@20"].append(metrics.ndcg_of(hits, count, 20))
    return {name: np.concatenate(values) for name, values in out.items()}


def read_pairs(path: Path) -> pd.DataFrame:
    return pd.read_csv(path)


def train_snapshot(split: Path, raw: Path, folder: Path) -> Snapshot:
    """Train pairs with listening counts, ties, and the tag triples whose pair is in train; keys are the split's own numbers."""
    users, items = (
        {int(k): v for k, v in json.loads((split / f"{name}Reindex.json").read_text()).items()}
        for name in ("user", "item")
    )
    train, ties = read_pairs(split / "train_set.txt"), read_pairs(split / "trust.txt")
    plays = pd.read_csv(raw / "user_artists.dat", sep="\t")
    plays = pd.DataFrame(
        {"user": plays["userID"].map(users), "item": plays["artistID"].map(items), "weight": plays["weight"]}
    )
    train = train.merge(plays, on=["user", "item"], how="left", validate="one_to_one")
    tags = pd.read_csv(raw / "user_taggedartists.dat", sep="\t")
    tags = pd.DataFrame(
        {"user": tags["userID"].map(users), "item": tags["artistID"].map(items), "topic": tags["tagID"]}
    )
    tags = tags.dropna().astype(int).drop_duplicates().merge(train[["user", "item"]], on=["user", "item"])
    about = tags.groupby(["item", "topic"]).size().rename("weight").reset_index()

    def table(frame: pd.DataFrame, **columns: str) -> pa.Table:
        return pa.table({name: pa.array(frame[column].to_numpy()) for name, column in columns.items()})

    nodes = {
        "User": pa.table({"key": np.arange(len(users))}),
        "Item": pa.table({"key": np.arange(len(items))}),
        "Topic": pa.table({"key": np.unique(tags["topic"])}),
    }
    edges = {
        ("User", "KNOWS", "User"): table(ties, source="user", target="friend"),
        ("User", "LISTENED", "Item"): table(train, source="user", target="item", weight="weight"),
        ("Item", "ABOUT", "Topic"): table(about, source="item", target="topic", weight="weight"),
        ("User", "TAGGED", "Topic"): table(tags, source="user", target="topic", item="item"),
    }
    return Snapshot.create(folder, MAPPING, nodes, edges)


if __name__ == "__main__":
    main()
