"""How well are tags found on a Stack Exchange dump, next to simple models (BENCHMARKS C)?

    python -m benchmarks stackexchange [--modes frozen joint] [--shares .2 .6] [--folds 5] [--cuts .5 .6 .7 .8]

Task (i): the tags of users whose tags are hidden, five folds over the users, 20 or 60 % of them for training. Task (ii): the tags that a
user posts under after a global time cut. Steer by LRAP (tags within a user) and light (macro AP over users with at most three posts): raw
mAP and F1 over users measure how active they are. Simple rows choose their strength and threshold by cross-validation over the
training users. Each finished row is kept in results/stackexchange-rows.jsonl with the scores it was judged by, and a run that was cut
goes on from there. Intervals: paired bootstrap over the test users, drawn anew within each fold.
"""

import argparse
import json
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from benchmarks import HERE, data, save, show
from benchmarks.tag_tasks import Task, after_cut, hidden_users
from sociogram.config import Home
from sociogram.encoders.keywords import tokenize
from sociogram.encoders.load import load_encoder
from sociogram.gnn import features, metrics
from sociogram.gnn.calibrate import best_threshold
from sociogram.gnn.config import FitConfig
from sociogram.gnn.fit import fit
from sociogram.gnn.linear import logistic

Floats = NDArray[np.float32]
COSTS = (1.0, 4.0, 16.0, 64.0)
ROWS = HERE / "results" / "stackexchange-rows.jsonl"
SCORES = HERE / "results" / "stackexchange-scores"  # what each row was judged by, for paired intervals
DRAWS = 1000


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print, write results/stackexchange.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modes", nargs="*", default=["frozen"])
    parser.add_argument("--shares", type=float, nargs="*", default=[0.2, 0.6])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--cuts", type=float, nargs="*", default=[0.5, 0.6, 0.7, 0.8])
    options = parser.parse_args(arguments or [])
    place = data("se-quantumcomputing")
    done = [json.loads(line) for line in ROWS.read_text().splitlines()] if ROWS.exists() else []
    for share in options.shares:
        for fold in range(options.folds):
            run(
                lambda folder, f=fold, s=share: (hidden_users(place, folder, f, s),), options.modes, done, (fold, share)
            )
    for cut in options.cuts:
        run(lambda folder, c=cut: after_cut(place, folder, c), options.modes, done, ("cut", cut))
    tables = {
        share: summary([r for r in done if r["task"][1] == share and r["task"][0] != "cut"]) for share in options.shares
    }
    gains = {}
    for share, rows in tables.items():
        show(
            f"Stack Exchange (i): tags of users whose tags are hidden, {share:.0%} of the users teach, means over folds",
            rows,
        )
        gains[share] = compared([(fold, share) for fold in range(options.folds)], rows, options.modes)
        show("paired bootstrap over test users, 95 %", gains[share])
    later = {}
    for who in ("known users", "newcomers"):
        later[who] = summary([r for r in done if r["task"][0] == "cut" and r["name"].endswith(who)])
        show(f"Stack Exchange (ii): tags posted under after a time cut, {who}, means over cuts", later[who])
    save("stackexchange", {"(i)": tables, "paired": gains, "(ii)": later, "rows": done})


def run(
    make: Callable[[Path], tuple[Task, ...]], modes: list[str], done: list[dict[str, Any]], key: tuple[Any, ...]
) -> None:
    """All methods on one task that are not done yet."""
    have = {r["method"] for r in done if r["task"] == list(key)}
    missing = [method for method in (*SIMPLE, *modes) if method not in have]
    if not missing:
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        tasks = make(folder)
        for method in missing:
            started = time.monotonic()
            answer = SIMPLE[method](tasks[0]) if method in SIMPLE else fitted(tasks[0], method, folder)
            seconds = time.monotonic() - started
            ROWS.parent.mkdir(exist_ok=True)
            _keep(tasks[0], key, method, answer[0])
            for task in tasks:
                row = {
                    "task": list(key),
                    "name": task.name,
                    "method": method,
                    "seconds": seconds,
                    **judge(task, *answer),
                }
                done.append(row)
                with ROWS.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(row) + "\n")
            print(f"  {tasks[-1].name}: {method} {seconds:.0f} s, LRAP {done[-1]['LRAP']:.3f}", flush=True)


def judge(task: Task, scores: Floats, probability: Floats, threshold: float) -> dict[str, float]:
    """All columns for one method."""
    at, light = np.flatnonzero(task.test), np.flatnonzero(task.light)
    s, p, truth = scores[at], probability[at], task.truth[at]
    chosen = p >= threshold
    base = np.broadcast_to(task.y[task.labelled].mean(0), p.shape)
    teach = np.flatnonzero(task.labelled)
    on_train = metrics.lrap(scores[teach], task.y[teach])
    hit = int((chosen & truth).sum())
    shown, likely = p[chosen], p >= 0.2
    covered = metrics.coverage_at_precision(p, truth, 0.9)
    return {
        "LRAP": metrics.lrap(s, truth),
        "light": metrics.mean_average_precision(scores[light].T, task.truth[light].T),
        "mAP": metrics.mean_average_precision(s.T, truth.T),
        "P@3": metrics.mean(metrics.precision_at_k(s, truth, 3)),
        "micro F1": metrics.f1_micro(chosen, truth),
        "macro F1": metrics.f1_macro(chosen, truth),
        "precision": hit / max(int(chosen.sum()), 1),
        "recall": hit / max(int(truth.sum()), 1),
        "accuracy": metrics.accuracy(chosen, truth),
        "train-test": on_train - metrics.lrap(s, truth),
        "Brier skill": metrics.brier_skill(p, truth, base),
        "ECE shown": metrics.ece(shown, truth[chosen]) if len(shown) else float("nan"),
        "ECE p>=.2": metrics.ece(p[likely], truth[likely]) if likely.any() else float("nan"),
        "recall at P .9": covered.recall,
        "users": len(at),
    }


def compared(keys: list[tuple[Any, ...]], rows: list[dict[str, Any]], modes: list[str]) -> list[dict[str, Any]]:
    """Each mode against every other method: mean difference over folds in LRAP and light, and its interval."""
    out = []
    methods = [r["method"] for r in rows]
    for mode in (m for m in modes if m in methods):
        for other in (m for m in methods if m != mode and not (m in modes and modes.index(m) > modes.index(mode))):
            line: dict[str, Any] = {"a": mode, "b": other}
            pairs = [(_kept(key, mode), _kept(key, other)) for key in keys]
            both = [(a, b) for a, b in pairs if a is not None and b is not None]
            if not both:
                continue
            for name, metric in (("LRAP", _lrap), ("light", _light)):
                line |= {f"{name} {part}": v for part, v in _interval(both, metric).items()}
            out.append(line | {"folds": len(both)})
    return out


def _interval(both: list[Any], metric: Callable[[Any, NDArray[np.int64]], float]) -> dict[str, float]:
    rng = np.random.default_rng(0)
    every = [np.arange(len(a["scores"])) for a, _ in both]
    gain = float(np.mean([metric(a, r) - metric(b, r) for (a, b), r in zip(both, every, strict=True)]))
    draws = []
    for _ in range(DRAWS):
        rows = [rng.choice(r, len(r)) for r in every]
        draws.append(np.nanmean([metric(a, r) - metric(b, r) for (a, b), r in zip(both, rows, strict=True)]))
    low, high = np.quantile(draws, [0.025, 0.975])
    return {"gain": gain, "low": float(low), "high": float(high)}


def _lrap(kept: Any, rows: NDArray[np.int64]) -> float:
    return float(np.nanmean(kept["ap"][rows]))


def _light(kept: Any, rows: NDArray[np.int64]) -> float:
    rows = rows[kept["light"][rows]]
    return metrics.mean_average_precision(kept["scores"][rows].T, kept["truth"][rows].T)


def _file(key: tuple[Any, ...], method: str) -> Path:
    name = re.sub(r"[^a-z0-9.]+", "-", " ".join([*map(str, key), method]).lower())
    return SCORES / f"{name}.npz"


def _keep(task: Task, key: tuple[Any, ...], method: str, scores: Floats) -> None:
    at = np.flatnonzero(task.test)
    SCORES.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        _file(key, method),
        scores=scores[at],
        truth=task.truth[at],
        light=task.light[at],
        ap=metrics.average_precision(scores[at], task.truth[at]),
    )


def _kept(key: tuple[Any, ...], method: str) -> dict[str, Any] | None:
    path = _file(key, method)
    if not path.exists():
        return None
    with np.load(path) as stored:
        return dict(stored)


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means over tasks, with the SD of the two that steer."""
    out = []
    for method in dict.fromkeys(r["method"] for r in rows):
        of = [r for r in rows if r["method"] == method]
        line: dict[str, Any] = {"method": method}
        for name in of[0]:
            if name in ("task", "name", "method"):
                continue
            values = np.array([r[name] for r in of], float)
            line[name] = float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
            if name in ("LRAP", "light"):
                line[f"{name} sd"] = float(np.nanstd(values, ddof=1)) if len(values) > 1 else float("nan")
        out.append(line)
    return out


def fitted(task: Task, mode: str, folder: Path) -> tuple[Floats, Floats, float]:
    """Sociogram in one mode."""
    encoder = load_encoder(cache=Home.default().cache)
    config = FitConfig(mode=mode, min_topic_users=2, tags_per_user=1_000_000)  # type: ignore[arg-type]
    profiles, report = fit(task.snapshot, encoder, config, folder / mode)
    tags = profiles.tags
    place = {int(t): i for i, t in enumerate(task.topics)}
    tags = tags[tags["topic"].isin(place)]
    at = (tags["user"].to_numpy(), tags["topic"].map(place).to_numpy())
    probability = np.zeros(task.y.shape, np.float32)
    probability[at] = tags["probability"]
    scores = np.full(task.y.shape, -np.inf, np.float32)
    scores[at] = -np.arange(
        len(tags)
    )  # the table's order within a user: observed ones by strength, then by probability
    if task.test[task.labelled].any():  # what is known is no longer masked: a later post may be under an old tag
        return scores, probability, float(report["tags"]["threshold"])
    scores[at] = probability[at]
    return scores, probability, float(report["tags"]["threshold"])


def popularity(task: Task) -> tuple[Floats, Floats, float]:
    """Each tag at its base rate."""
    p = np.tile(task.y[task.labelled].mean(0), (len(task.y), 1)).astype(np.float32)
    return p, p, 0.5


def activity(task: Task) -> tuple[Floats, Floats, float]:
    """Logistic regression on the number of posts."""
    x = features.csr(np.stack([np.log1p(task.posts), task.posts > 0], 1))
    return regression(task, x)


def own_text(task: Task) -> tuple[Floats, Floats, float]:
    """TF-IDF + logistic regression on bio, comments and posts of the user."""
    f, posts = _terms(task)
    return regression(task, features.beside(f.own_terms, posts))


def neighbours_text(task: Task) -> tuple[Floats, Floats, float]:
    """The same beside the text of neighbours and of related posts."""
    f, posts = _terms(task)
    return regression(task, features.beside(f.own_terms, posts, f.neighbour_terms))


def minilm(task: Task) -> tuple[Floats, Floats, float]:
    """Logistic regression on MiniLM vectors of the user's own texts and posts."""
    texts = features.collect_texts(task.snapshot)
    table = features.standardise(load_encoder(cache=Home.default().cache).encode(texts.distinct))
    maps = [texts.maps[texts.user][0], *_authored(task, texts)]
    return regression(task, features.csr(np.concatenate([m @ table for m in maps], 1) / 20.0))


def past_tags(task: Task) -> tuple[Floats, Floats, float]:
    """A user's own past tags, smoothed by popularity; popularity alone where there are none."""
    base = task.y[task.labelled].mean(0)
    p = (
        (task.y + base) / (1 + task.y.sum(1, keepdims=True)) if task.y.any() else np.tile(base, (len(task.y), 1))
    ).astype(np.float32)
    return p, p, 0.5


SIMPLE: dict[str, Callable[[Task], tuple[Floats, Floats, float]]] = {
    "popularity": popularity,
    "own past tags + popularity": past_tags,
    "activity only": activity,
    "TF-IDF + LR, own text": own_text,
    "TF-IDF + LR, own + neighbours' text": neighbours_text,
    "MiniLM + LR, own text": minilm,
}


def _authored(task: Task, texts: features.Texts) -> list[features.Matrix]:
    s = task.snapshot
    acts = [s.edges[key].matrix(weighted=False) for key in s.edges if key[1] in ("ASKED", "ANSWERED")]
    return [features.mean_rows(a) @ texts.maps["Item"][0] for a in acts]


def _terms(task: Task) -> tuple[features.Features, features.Matrix]:
    texts = features.collect_texts(task.snapshot)
    f = features.build_features(task.snapshot, texts, {}, tokenize, seed=0)
    terms = features.term_matrix(texts.distinct, tokenize)
    first, *rest = _authored(task, texts)
    posts = sum(rest, start=first)
    return f, features.unit_rows(features.csr(posts @ terms))


def regression(task: Task, x: features.Matrix) -> tuple[Floats, Floats, float]:
    """C and threshold by cross-validation over the training users."""
    rows = np.flatnonzero(task.labelled)
    y = task.y.astype(np.float32)
    part = np.random.default_rng(0).permutation(len(rows)) % 4
    best: tuple[float, float, float] = (-1.0, 1.0, 0.5)
    for cost in COSTS:
        out = np.zeros(task.y.shape, np.float32)
        for k in range(4):
            teach = np.zeros(len(y), bool)
            teach[rows[part != k]] = True
            out[rows[part == k]] = logistic(x, y, teach, cost)[rows[part == k]]
        quality = metrics.lrap(out[rows], task.y[rows])
        p = expit(out[rows])
        best = max(best, (quality, cost, best_threshold(p.ravel(), task.y[rows].ravel(), 0.0)))
    z = logistic(x, y, task.labelled, best[1])
    return z, expit(z), best[2]


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
