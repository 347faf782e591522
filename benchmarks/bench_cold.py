"""What can be recommended where nothing is known: users without a behaviour, and items that came after training.

    python -m benchmarks.bench_cold [--seeds 11 12 13] [--users 1500]

Demo communities of which a tenth of the users keep their bio and ties but lose all they did, and a fifth of the items are not there at
all while learning. Full ranking: of all items for those users, of the new items for the others; the hidden pairs are looked at once.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import save, show
from benchmarks.from_source import snapshot
from sociogram.encoders.load import load_encoder
from sociogram.gnn import metrics
from sociogram.gnn.config import FitConfig
from sociogram.gnn.fit import fit
from sociogram.gnn.new_item import ItemTower
from sociogram.graph.snapshot import Snapshot
from sociogram.loaders.demo import demo
from sociogram.loaders.source import NodeBatch
from sociogram.recommending.pool import Known, Pools
from sociogram.recommending.shelf import SHARED, Shelf

SEEDS = [11, 12, 13]
IDLE, NEW = 0.1, 0.2  # share of the users and of the items


@dataclass
class Cut:
    """A source without what some users did and without some items."""

    source: Any
    users: set[Any]
    items: set[Any]

    @property
    def mapping(self) -> Any:
        return self.source.mapping

    def batches(self, quarantine: Any) -> Iterator[Any]:
        for batch in self.source.batches(quarantine):
            if isinstance(batch, NodeBatch):
                rows = [r for r in batch.rows if batch.label != "Item" or r["id"] not in self.items]
            else:
                rows = [
                    r
                    for r in batch.rows
                    if not (batch.target == "Item" and (r["source"] in self.users or r["target"] in self.items))
                    and not (batch.source == "Item" and r["source"] in self.items)
                ]
            yield replace(batch, rows=rows)


def had(s: Snapshot) -> Any:
    """Who had what [users, items], bool."""
    return sum(e.matrix(weighted=False).toarray() for e in s.edges_with_role("behaviour")) > 0


def unit(x: Any) -> Any:
    """Rows of length one."""
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)


def one_seed(seed: int, users: int) -> dict[str, dict[str, Any]]:
    """N@10 per judged user, by method, of both questions; and the calibration of the second."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        source = demo(users=users, seed=seed, truth=folder / "truth.parquet")
        whole = snapshot(source, folder / "whole")
        rng = np.random.default_rng(seed)
        people, things = whole.users.keys, whole.nodes["Item"].keys
        idle = set(rng.choice(np.asarray(people, object), int(IDLE * len(people)), replace=False))
        new = set(rng.choice(np.asarray(things, object), int(NEW * len(things)), replace=False))
        s = snapshot(Cut(source, idle, new), folder / "cut")
        encoder = load_encoder()
        profiles, report = fit(s, encoder, FitConfig(mode="frozen", seed=seed), folder / "run")
        tower = ItemTower.load(folder / "run")
        assert tower is not None
        texts = dict(zip(things, whole.nodes["Item"].texts, strict=True))
        fresh = tower.vectors(encoder.encode([texts[i] for i in things if i in new]))
        bios = encoder.encode(s.users.texts)
    truth = had(whole)
    is_new = np.array([i in new for i in things])
    is_idle = np.array([u in idle for u in s.users.keys])
    goods, tastes = profiles.embeddings["Item"], profiles.embeddings["User"]
    known = had(s)
    return {
        "idle": for_idle(s, known, truth[:, ~is_new], np.flatnonzero(is_idle), goods, tastes, tower.vectors(bios)),
        "new": for_new(truth, is_new, np.flatnonzero(~is_idle), goods, tastes, fresh, tower),
        "check": report["items"]["new_items"],
    }


def for_idle(s: Snapshot, known: Any, truth: Any, rows: Any, goods: Any, tastes: Any, bios: Any) -> dict[str, Any]:
    """The fall-backs of users without a behaviour; the last is what is served, ten rows of it."""
    fame = known.sum(0).astype(np.float32)
    ties = s.edges["User", "KNOWS", "User"].matrix(weighted=False).toarray()
    friends = ((ties + ties.T) > 0)[rows].astype(float) @ known
    popular = np.tile(fame / fame.max(), (len(rows), 1))
    content = unit(bios[rows]) @ unit(goods).T
    served = np.zeros(content.shape)
    pools = Pools(shelf_of(s, goods, tastes), None, lambda: fame, size=10)
    for i in range(len(rows)):
        had_by = {int(c): int(friends[i, c]) for c in np.flatnonzero(friends[i])}
        pool = pools.of(None, Known(friends=had_by, content=content[i]))
        served[i, pool.columns] = np.arange(10, 0, -1)
    methods = {
        "popular": popular,
        "friends who had it / sqrt(all who had it)": friends / np.sqrt(np.maximum(fame, 1)),
        "bio as an item, cosine": content,
        "network's half, dot product": tastes[rows, :SHARED] @ goods[:, :SHARED].T,
        "friends, content, popularity (recommend)": served,
    }
    y = truth[rows]
    return {name: metrics.ndcg_at_k(scores, y, 10) for name, scores in methods.items()}


def shelf_of(s: Snapshot, goods: Any, tastes: Any) -> Shelf:
    """Items and users of a snapshot, nobody with a stored list."""
    nothing = {"user": np.int64, "column": np.int64, "score": np.float32, "seen": bool}
    return Shelf(
        run="benchmark",
        items=[("Item", key) for key in s.nodes["Item"].keys],
        names=s.nodes["Item"].names,
        vectors=goods,
        new=np.zeros(len(goods), bool),
        users=s.users.keys,
        user_vectors=tastes,
        active=np.zeros(len(tastes), bool),
        listed=pd.DataFrame({name: np.zeros(0, kind) for name, kind in nothing.items()}),
    )


def for_new(
    truth: Any, is_new: Any, rows: Any, goods: Any, tastes: Any, fresh: Any, tower: ItemTower
) -> dict[str, Any]:
    """New items alone, ranked by their text; and beside the known ones, whether the probabilities hold."""
    y = truth[rows][:, is_new]
    dots = tastes[rows, SHARED:] @ goods[:, SHARED:].T
    z = (tastes[rows, SHARED:] @ fresh[:, SHARED:].T - dots.mean(1, keepdims=True)) / np.maximum(
        dots.std(1, keepdims=True), 1e-9
    )
    fame = truth[:, is_new].sum(0).astype(float)
    p = 1 / (1 + np.exp(-(tower.slope * z + tower.level - np.log(0.1))))
    chance = np.random.default_rng(0).random(y.shape)
    return {
        "by text (recommend)": metrics.ndcg_at_k(z, y, 10),
        "popularity that they will have": metrics.ndcg_at_k(np.tile(fame, (len(rows), 1)), y, 10),
        "chance": metrics.ndcg_at_k(chance, y, 10),
        "said": np.array([p.mean(), p[z >= np.quantile(z, 0.99)].mean()]),
        "true": np.array([y.mean(), y[z >= np.quantile(z, 0.99)].mean()]),
    }


def main(arguments: list[str] | None = None) -> None:
    """Run, print, write results/cold.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--users", type=int, default=1500)
    options = parser.parse_args(arguments or [])
    seeds = [one_seed(seed, options.users) for seed in options.seeds]
    result: dict[str, Any] = {"seeds": options.seeds, "users": options.users, "checks": [s["check"] for s in seeds]}
    for question, best in (("idle", "friends, content, popularity (recommend)"), ("new", "by text (recommend)")):
        names = [n for n in seeds[0][question] if n not in ("said", "true")]
        joined = {n: np.concatenate([s[question][n] for s in seeds]) for n in names}
        rows = []
        for name in names:
            d = metrics.paired_bootstrap(joined[best], joined[name])
            each = [metrics.mean(s[question][name]) for s in seeds]
            row = {"method": name, "N@10": metrics.mean(joined[name]), "SD over seeds": float(np.std(each))}
            rows.append(
                row if name == best else row | {"recommend minus it": d.difference, "low": d.low, "high": d.high}
            )
        show(f"{question}: {len(seeds)} demo communities of {options.users} users", rows)
        result[question] = rows
    said, true = (np.mean([s["new"][n] for s in seeds], 0) for n in ("said", "true"))
    result["calibration"] = {"all": [said[0], true[0]], "best hundredth": [said[1], true[1]]}
    show(
        "said and true chance that a new item will be taken",
        [{"pairs": n, "said": float(v[0]), "true": float(v[1])} for n, v in result["calibration"].items()],
    )
    result["calibration"] = {n: [float(x) for x in v] for n, v in result["calibration"].items()}
    save("cold", result)


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
