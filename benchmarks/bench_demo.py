"""Are planted interests found on held-out users, and better than what a simple model finds?

    python -m benchmarks.bench_demo [--seeds 11 12 13 14 15] [--users 1500]

Each seed makes another community; the users who declared no interest are the test set, looked at once. Baselines are trained on the
users who did, their regularisation chosen by cross-validation among them: popularity, TF-IDF + logistic regression on a user's own text
(bio and posts), and the same on own and neighbours' text. Paired bootstrap over the users of all seeds.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier

from benchmarks import save, show
from benchmarks.from_source import snapshot
from sociogram.encoders.keywords import tokenize
from sociogram.encoders.load import load_encoder
from sociogram.evaluation.planted import load_truth
from sociogram.gnn.config import FitConfig
from sociogram.gnn.fit import fit
from sociogram.gnn.metrics import average_precision, f1_micro, mean, paired_bootstrap
from sociogram.graph.snapshot import Snapshot
from sociogram.loaders.demo import demo

SEEDS = [11, 12, 13, 14, 15]  # no tuning has seen them
COSTS = (1.0, 4.0, 16.0, 64.0)


def main(arguments: list[str] | None = None) -> None:
    """Run, print, write results/demo.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--users", type=int, default=1500)
    options = parser.parse_args(arguments or [])
    seeds = [one_seed(seed, options.users) for seed in options.seeds]
    rows, versus = [], []
    ours = np.concatenate([s["sociogram"][0] for s in seeds])
    for name in seeds[0]:
        per_user = np.concatenate([s[name][0] for s in seeds])
        rows.append(
            {
                "method": name,
                "mAP": mean(per_user),
                "mAP sd over seeds": float(np.std([mean(s[name][0]) for s in seeds])),
                "micro F1": float(np.mean([s[name][1] for s in seeds])),
                "seconds": float(np.mean([s[name][2] for s in seeds])),
            }
        )
        if name != "sociogram":
            d = paired_bootstrap(ours, per_user)
            f1 = micro_f1_bootstrap(*(np.concatenate([s[m][3] for s in seeds]) for m in ("sociogram", name)))
            versus.append(
                {
                    "sociogram minus": name,
                    "mAP": d.difference,
                    "low": d.low,
                    "high": d.high,
                    "users": d.users,
                    "micro F1": f1[0],
                    "F1 low": f1[1],
                    "F1 high": f1[2],
                }
            )
    show(f"Planted interests of held-out users, {len(seeds)} communities of {options.users} users", rows)
    show("Paired differences in mAP, 95 % intervals", versus)
    save("demo", {"seeds": options.seeds, "users": options.users, "rows": rows, "versus": versus})


def micro_f1_bootstrap(ours: Any, theirs: Any, draws: int = 2000) -> tuple[float, float, float]:
    """Difference of micro F1 and its 95 % interval over users drawn with replacement; counts are [users, 2] hits, shown + planted."""
    rng = np.random.default_rng(0)

    def difference(rows: Any) -> float:
        a, b = ours[rows].sum(0), theirs[rows].sum(0)
        return float(2 * a[0] / a[1] - 2 * b[0] / b[1])

    drawn = [difference(rng.integers(0, len(ours), len(ours))) for _ in range(draws)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return difference(np.arange(len(ours))), float(low), float(high)


def judged(scores: Any, shown: Any, y: Any, seconds: float) -> tuple[Any, float, float, Any]:
    """Average precision per user, micro F1, seconds, and the counts behind the F1."""
    counts = np.stack([(shown & y).sum(1), shown.sum(1) + y.sum(1)], 1)
    return average_precision(scores, y), f1_micro(shown, y), seconds, counts


def one_seed(seed: int, users: int) -> dict[str, tuple[Any, float, float, Any]]:
    """What `judged` gives on the held-out users, by method."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        s = snapshot(demo(users=users, seed=seed, truth=folder / "truth.parquet"), folder / "snapshot")
        truth = load_truth(folder / "truth.parquet").set_index("user").loc[s.users.keys]
        topics = s.nodes["Topic"].names
        y = np.array([[t in set(interests) for t in topics] for interests in truth["interests"]])
        test = truth["held_out"].to_numpy(bool) & y.any(1)
        tagged = s.edges["User", "TAGGED", "Topic"].matrix().toarray() > 0
        known = tagged.any(1)
        results = {}
        started = time.monotonic()
        profiles, _ = fit(s, load_encoder(), FitConfig(mode="frozen", seed=seed), folder / "run")
        scores, shown = np.zeros(y.shape), np.zeros(y.shape, bool)
        t = profiles.tags
        scores[t["user"], t["topic"]] = t["probability"]
        shown[t["user"], t["topic"]] = t["shown"]
        seconds = time.monotonic() - started
        results["sociogram"] = judged(scores[test], shown[test], y[test], seconds)
        base = tagged[known].mean(0)
        popular = np.tile(base, (len(y), 1))
        results["popularity"] = judged(popular[test], popular[test] > 0.5, y[test], 0.0)
        own = own_texts(s)
        for name, texts in (
            ("TF-IDF + LR, own text", own),
            ("TF-IDF + LR, own + neighbours' text", neighbours(s, own)),
        ):
            started = time.monotonic()
            p, cut = regression(texts, tagged, known, seed)
            seconds = time.monotonic() - started
            results[name] = judged(p[test], p[test] >= cut, y[test], seconds)
    return results


def own_texts(s: Snapshot) -> list[str]:
    """Bio and posts of each user."""
    texts = [[t] for t in s.users.texts]
    for e in s.edges.values():
        for user, text in zip(e.sources.tolist(), e.texts or (), strict=False):
            texts[user].append(text)
    return ["\n".join(parts) for parts in texts]


def neighbours(s: Snapshot, own: list[str]) -> list[tuple[str, str]]:
    """Own text beside the text of everybody tied to the user."""
    ties = s.edges["User", "KNOWS", "User"].matrix(weighted=False)
    both = sparse.csr_array(ties + ties.T)
    return [
        (text, "\n".join(own[j] for j in both.indices[a:b]))
        for text, a, b in zip(own, both.indptr, both.indptr[1:], strict=False)
    ]


def regression(texts: list[Any], tagged: Any, known: Any, seed: int) -> tuple[Any, float]:
    """Probabilities [users, topics] and the threshold with the best F1, both chosen by cross-validation on the tagged users."""
    columns = list(zip(*texts, strict=True)) if isinstance(texts[0], tuple) else [texts]
    x = sparse.hstack(
        [TfidfVectorizer(analyzer=tokenize, min_df=2, sublinear_tf=True).fit_transform(c) for c in columns],
        format="csr",
    )
    labelled = np.flatnonzero(known)
    best: tuple[float, float, float] = (-1.0, 1.0, 0.5)
    for cost in COSTS:
        p = np.zeros((len(labelled), tagged.shape[1]))
        for train, held in KFold(4, shuffle=True, random_state=seed).split(labelled):
            p[held] = _model(cost).fit(x[labelled[train]], tagged[labelled[train]]).predict_proba(x[labelled[held]])
        quality = mean(average_precision(p, tagged[labelled]))
        cuts = np.linspace(0.05, 0.8, 31)
        cut = max(cuts, key=lambda c: f1_micro(p >= c, tagged[labelled]))
        best = max(best, (quality, cost, float(cut)))
    return _model(best[1]).fit(x[labelled], tagged[labelled]).predict_proba(x), best[2]


def _model(cost: float) -> OneVsRestClassifier:
    return OneVsRestClassifier(LogisticRegression(C=cost, max_iter=1000))


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
