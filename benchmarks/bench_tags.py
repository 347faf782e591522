"""Tags on Last.fm 2K: a random fifth of (user, tag) pairs hidden, found again by `fit` on what is left (BENCHMARKS C i).

The 115 tags that at least 50 users use; of users with at least five pairs a random fifth is hidden, with all its triples. `fit` never
sees them: it cuts its own validation from what is left. mAP over users, known tags masked; paired bootstrap against each simple row.

    python benchmarks/bench_tags.py [--data FOLDER] [--encoder light] [--out tags.json]
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from sociogram.encoders.keywords import tokenize
from sociogram.encoders.load import load_encoder
from sociogram.gnn import features, linear, metrics, split
from sociogram.gnn.calibrate import best_threshold
from sociogram.gnn.config import FitConfig
from sociogram.gnn.fit import fit
from sociogram.gnn.texts import collect_texts
from sociogram.graph.mapping import GraphMapping, NodeMapping, RelationshipMapping
from sociogram.graph.snapshot import Snapshot
from sociogram.progress import SILENT

MAPPING = GraphMapping(
    nodes=(
        NodeMapping("User", "user"),
        NodeMapping("Item", "item", name="name", text=("name",)),
        NodeMapping("Topic", "topic", name="name", text=("name",)),
    ),
    relationships=(
        RelationshipMapping("KNOWS", "User", "User", "tie"),
        RelationshipMapping("LISTENED", "User", "Item", "behaviour", weight="weight"),
        RelationshipMapping("ABOUT", "Item", "Topic", "about", weight="weight"),
        RelationshipMapping("TAGGED", "User", "Topic", "interest", weight="weight", item="item"),
    ),
)


def read(folder: Path, name: str) -> pd.DataFrame:
    """One HetRec file."""
    return pd.read_csv(folder / name, sep="\t", encoding="latin-1", quoting=3)


def hide(tagged: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, list[int]]:
    """The hidden pairs and the judged tags."""
    pairs = tagged[["userID", "tagID"]].drop_duplicates()
    users = pairs.groupby("tagID").userID.nunique()
    judged = sorted(users[users >= 50].index)
    pairs = pairs[pairs.tagID.isin(judged)].sort_values(["userID", "tagID"])
    rng = np.random.default_rng(seed)
    chosen = [g.iloc[rng.permutation(len(g))[: len(g) // 5]] for _, g in pairs.groupby("userID") if len(g) >= 5]
    return pd.concat(chosen), judged


def snapshot(folder: Path, data: Path, hidden: pd.DataFrame) -> Snapshot:
    """Last.fm without the hidden pairs and without their triples."""
    artists, tags = read(data, "artists.dat"), read(data, "tags.dat")
    plays, friends, tagged = (read(data, f"user_{n}.dat") for n in ("artists", "friends", "taggedartists"))
    keys = pd.MultiIndex.from_frame(hidden[["userID", "tagID"]])
    tagged = tagged[~pd.MultiIndex.from_frame(tagged[["userID", "tagID"]]).isin(keys)]
    tagged = tagged.drop_duplicates(["userID", "artistID", "tagID"])
    about = tagged.groupby(["artistID", "tagID"]).size().reset_index(name="weight")
    friends = friends[friends.userID < friends.friendID]
    users = sorted({*plays.userID, *friends.userID, *friends.friendID, *tagged.userID, *hidden.userID})

    def table(**columns: object) -> pa.Table:
        return pa.table({name: pa.array(list(values)) for name, values in columns.items()})

    nodes = {
        "User": table(key=users),
        "Item": table(key=artists.id, name=artists.name.astype(str), text=artists.name.astype(str)),
        "Topic": table(key=tags.tagID, name=tags.tagValue.astype(str), text=tags.tagValue.astype(str)),
    }
    ones = np.ones(len(tagged))
    edges = {
        ("User", "KNOWS", "User"): table(source=friends.userID, target=friends.friendID),
        ("User", "LISTENED", "Item"): table(source=plays.userID, target=plays.artistID, weight=plays.weight * 1.0),
        ("Item", "ABOUT", "Topic"): table(source=about.artistID, target=about.tagID, weight=about.weight * 1.0),
        ("User", "TAGGED", "Topic"): table(
            source=tagged.userID, target=tagged.tagID, item=tagged.artistID, weight=ones
        ),
    }
    return Snapshot.create(folder, MAPPING, nodes, edges)


def simple_rows(snap: Snapshot, config: FitConfig, columns: list[int]) -> dict[str, np.ndarray]:
    """Scores of the simple methods on the same reduced snapshot."""
    return {name: scores for name, (scores, _) in simple_parts(snap, config, columns).items()}


def simple_parts(snap: Snapshot, config: FitConfig, columns: list[int]) -> dict[str, tuple[np.ndarray, float]]:
    """The same with a threshold each for scores clipped to [0, 1]; it and the strengths are chosen on validation cut from the snapshot."""
    found = split.interests(snap)
    cut = split.split_interests(found, config)
    texts = collect_texts(snap)
    built = features.build_features(snap, texts, {}, tokenize, seed=config.seed)
    priors = linear.Priors(built, np.zeros((len(texts.distinct), 2), np.float32), cut, config.seed)

    def dense(m: split.Matrix) -> np.ndarray:
        return m[:, cut.targets].toarray() > 0

    settings = linear.Settings()
    known, truth = dense(cut.train) | dense(cut.test), dense(cut.validation)
    hidden = linear.visible(snap, found, cut.held_out)
    tried = priors.parts(hidden, settings, lambda s: metrics.mean_average_precision(s, truth, known))
    judged = truth.any(1)[:, None] & ~known
    threshold = {name: best_threshold(s.clip(0, 1)[judged], truth[judged], 0.0) for name, s in tried.items()}
    parts = priors.parts(linear.visible(snap, found, cut.observed * 0), settings)
    at = np.searchsorted(cut.targets, columns)
    return {name: (scores[:, at], threshold[name]) for name, scores in parts.items()}


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(os.environ.get("SOCIOGRAM_DATA", Path(__file__).parents[2] / "shared/data"))
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--steps", type=int, default=FitConfig.max_steps)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(given or [])
    data = options.data / "lastfm-2k"
    hidden, judged = hide(read(data, "user_taggedartists.dat"), options.seed)
    config = FitConfig(
        mode="frozen", min_topic_users=30, tags_per_user=1_000_000, max_steps=options.steps, holdout="pairs"
    )
    with tempfile.TemporaryDirectory() as folder:
        snap = snapshot(Path(folder) / "snapshot", data, hidden)
        start = time.perf_counter()
        encoder = load_encoder(options.encoder) if options.encoder else load_encoder()
        profiles, report = fit(snap, encoder, config, Path(folder) / "run", SILENT)
        seconds = time.perf_counter() - start
        users, topics = snap.users.row, snap.nodes["Topic"].row
        columns = [topics[t] for t in judged]
        place = {c: i for i, c in enumerate(columns)}
        shape = (len(users), len(columns))
        truth, known, scores = np.zeros(shape, bool), np.zeros(shape, bool), np.full(shape, -1.0)
        for u, t in zip(hidden.userID, hidden.tagID, strict=True):
            truth[users[u], place[topics[t]]] = True
        tags = profiles.tags[profiles.tags.topic.isin(columns)]
        at = (tags.user.to_numpy(), tags.topic.map(place).to_numpy())
        scores[at], known[at] = tags.probability, tags.observed
        simple = simple_rows(snap, config, columns)
    ours = metrics.average_precision(scores, truth, known)
    rows = []
    for name, s in {"sociogram": scores, **simple}.items():
        theirs = metrics.average_precision(s, truth, known)
        d = metrics.paired_bootstrap(ours, theirs)
        p3 = metrics.mean(metrics.precision_at_k(s, truth, 3, known))
        rows.append(
            {
                "method": name,
                "map": metrics.mean(theirs),
                "p@3": p3,
                "behind": d.difference,
                "low": d.low,
                "high": d.high,
            }
        )
    print(f"{len(judged)} tags, {len(hidden)} hidden pairs of {hidden.userID.nunique()} users; fit {seconds:.0f} s")
    print(f"{'method':42s}{'mAP':>8s}{'P@3':>8s}   ours minus it, 95 %")
    for r in rows:
        print(
            f"{r['method']:42s}{r['map']:8.4f}{r['p@3']:8.4f}   {r['behind']:+.4f} [{r['low']:+.4f}, {r['high']:+.4f}]"
        )
    if options.out:
        record = {"rows": rows, "seconds": seconds, "cost": report["cost"], "own": report["tags"], "seed": options.seed}
        options.out.write_text(json.dumps(record, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
