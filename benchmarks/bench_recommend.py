"""How well are hidden listens found? Last.fm, SocialLGN split (BENCHMARKS A); peers: its published .2566 and its baselines here.

Also 8:1:1 per user (BENCHMARKS B), RecBole's protocol, three draws. The blend also uses listening counts and tags, which SocialLGN
does not. Everything is chosen on a validation cut of train; the test pairs are read once, after the fit.
"""

import json
import platform
import resource
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks import HERE, data, save, show
from benchmarks.recommend_splits import Split, eight_one_one, social_lgn
from sociogram.gnn import metrics
from sociogram.gnn.blend import Blend, blocks
from sociogram.gnn.interactions import Interactions, mask, read_interactions
from sociogram.gnn.priors import Factors, Part, fit_autoencoder, fit_content, fit_ials, fit_neighbours, standardised
from sociogram.gnn.recommend import ItemModel, fit_items
from sociogram.gnn.rerank import rerank

SEEDS = range(3)  # of the 8:1:1 splits
KNOWN_BEST = "known best: .5 iALS + .5 LAE + .2 content"
BLEND, STORED = "blend (recommend)", "stored embeddings, dot"
CONTROLS = [(0.0, 0.0), (0.1, 0.0), (0.3, 0.0), (0.5, 0.0), (0.0, -0.1), (0.0, -0.3), (0.0, 0.3), (0.3, -0.1)]


def main(parts: list[str] | None = None) -> None:
    """Print the tables and write results/recommend.json; `parts` (a, b) measures only these anew."""
    file = HERE / "results/recommend.json"
    result: dict[str, Any] = json.loads(file.read_text()) if parts and file.exists() else {}
    raw = data("lastfm-2k")
    if not parts or "a" in parts:
        result |= split_a(raw)
    if not parts or "b" in parts:
        result["b"] = split_b(raw)
    save("recommend", result)


def split_a(raw: Path) -> dict[str, Any]:
    """SocialLGN's split, with what diversity and popularity control cost and buy."""
    split = social_lgn(data("lastfm-sociallgn-split"))
    fitted = Fitted.on(split, raw)
    per_user = {name: judge(part, fitted.known.x, split.test) for name, part in fitted.methods.items()}
    controlled = controls(fitted.model, fitted.known, split.test, fitted.item)
    rows = [{"method": name, **{m: metrics.mean(v) for m, v in found.items()}} for name, found in per_user.items()]
    show(
        f"Last.fm, SocialLGN split, test; fit_items {fitted.seconds:.0f} s, peak {fitted.peak:.2f} GiB, chosen {fitted.model.report['chosen']}",
        rows,
    )
    gains = compared(per_user)
    show("paired bootstrap over users, 95 %", gains)
    show("what diversity and popularity control cost and buy, ten items a user, test", controlled)
    return {
        "rows": rows,
        "gains": gains,
        "controls": controlled,
        "validation": fitted.model.report,
        "fit_seconds": fitted.seconds,
        "peak_gib": fitted.peak,
        "machine": platform.machine(),
    }


def split_b(raw: Path) -> dict[str, Any]:
    """8:1:1 per user, SEEDS draws: validation pairs teach nothing and are left out of the ranking, as in RecBole; means over draws.

    The intervals are over the users of all draws, each user one unit with the mean of its differences.
    """
    per_draw = []
    runs: list[dict[str, Any]] = []
    for seed in SEEDS:
        split = eight_one_one(raw, seed)
        fitted = Fitted.on(split, raw, seed)
        known = mask_also(fitted.known.x, split.validation)
        per_draw.append({name: judge(part, known, split.test) for name, part in fitted.methods.items()})
        rows = {name: metrics.mean(found["N@10"]) for name, found in per_draw[-1].items()}
        runs.append(
            {"seed": seed, "N@10": rows, "chosen": fitted.model.report["chosen"], "fit_seconds": fitted.seconds}
        )
        print(
            f"8:1:1, seed {seed}: {rows}, fit_items {fitted.seconds:.0f} s, chosen {fitted.model.report['chosen']}",
            flush=True,
        )
    rows = []
    for name in per_draw[0]:
        means = {m: [metrics.mean(found[name][m]) for found in per_draw] for m in per_draw[0][name]}
        rows.append(
            {"method": name}
            | {m: float(np.mean(v)) for m, v in means.items()}
            | {"N@10 SD": float(np.std(means["N@10"], ddof=1))}
        )
    show(f"Last.fm, 8:1:1 per user, test, mean of {len(SEEDS)}", rows)
    together = {name: {"N@10": np.mean([found[name]["N@10"] for found in per_draw], 0)} for name in per_draw[0]}
    gains = compared(together)
    show("paired bootstrap over users, 95 %", gains)
    return {"rows": rows, "gains": gains, "runs": runs}


def mask_also(x: Any, pairs: pd.DataFrame) -> sparse.csr_array:
    """`x` with the pairs beside, so that they are not ranked."""
    more = sparse.csr_array((np.ones(len(pairs)), (pairs["user"], pairs["item"])), shape=x.shape)
    return sparse.csr_array(x + more)


@dataclass(frozen=True)
class Fitted:
    """All methods, learned from the training pairs of one split."""

    model: ItemModel
    known: Interactions
    item: Any
    methods: dict[str, Part | Blend]
    seconds: float  # of fit_items
    peak: float

    @classmethod
    def on(cls, split: Split, raw: Path, seed: int = 0) -> "Fitted":
        """Every choice of `recommend` is made on its own cut of the training pairs."""
        with tempfile.TemporaryDirectory() as folder:
            snapshot = split.snapshot(raw, Path(folder) / "snapshot")
            start = time.perf_counter()
            model = fit_items(snapshot, seed=seed)
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
                KNOWN_BEST: reference(known),
                BLEND: model.blend,
                STORED: Factors(model.user_factors, item),
            }
        return cls(
            model, known, item, {name: part for name, part in methods.items() if part is not None}, seconds, peak
        )


def compared(per_user: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Paired differences of N@10."""
    pairs = {
        "blend - known best": (BLEND, KNOWN_BEST),
        "blend - iALS": (BLEND, "iALS + friends, 5 seeds, ranks"),
        "embeddings - iALS, one seed": (STORED, "iALS, one seed, ranks"),
    }
    return [
        {"N@10": name, **vars(metrics.paired_bootstrap(per_user[a]["N@10"], per_user[b]["N@10"]))}
        for name, (a, b) in pairs.items()
    ]


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


def reference(known: Interactions) -> Blend:
    """The best row of BENCHMARKS A, fitted again."""
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


if __name__ == "__main__":
    main(sys.argv[1:])
