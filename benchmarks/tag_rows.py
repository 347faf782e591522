"""Rows of the tag benchmarks: each kept as it is done, judged by all columns, compared by paired intervals.

A finished row goes to results/NAME-rows.jsonl, what it was judged by to results/NAME-scores; a benchmark that was cut goes on from there.
Intervals: paired bootstrap over the test users, drawn anew within each task.
"""

import json
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import HERE, SkippedError
from benchmarks.tag_tasks import Task
from sociogram.gnn import metrics

Floats = NDArray[np.float32]
Answer = tuple[Floats, Floats, float, dict[str, Any]]  # scores, probabilities, threshold, columns of the method's own
Method = Callable[[Task, Path], Answer]
Key = tuple[Any, ...]
DRAWS = 1000


class Rows:
    """The rows of one benchmark, on disk as soon as they are done."""

    def __init__(self, name: str) -> None:
        self.file = HERE / "results" / f"{name}-rows.jsonl"
        self.scores = HERE / "results" / f"{name}-scores"
        self.done: list[dict[str, Any]] = (
            [json.loads(line) for line in self.file.read_text(encoding="utf-8").splitlines()]
            if self.file.exists()
            else []
        )

    def run(self, make: Callable[[Path], tuple[Task, ...]], methods: Mapping[str, Method], *keys: Key) -> None:
        """All methods that are not done yet; `make` gives groups of test users on one snapshot, one for each key."""
        done = {(r["method"], *r["task"]) for r in self.done}
        missing = [method for method in methods if any((method, *key) not in done for key in keys)]
        if not missing:
            return
        self.scores.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as place:
            tasks = make(Path(place))
            for method in missing:
                _forget_peak()
                started = time.process_time()  # other work on the machine does not count
                try:
                    answer = methods[method](tasks[0], Path(place))
                except SkippedError as reason:
                    print(f"  {tasks[0].name}: {method} skipped: {reason}", flush=True)
                    continue
                seconds = time.process_time() - started + answer[3].pop("saved", 0.0)
                for task, key in zip(tasks, keys, strict=True):
                    if (method, *key) not in done:
                        self._finished(task, key, method, answer, seconds)

    def _finished(self, task: Task, key: Key, method: str, answer: Answer, seconds: float) -> None:
        scores, probability, threshold, own = answer
        self._keep(task, key, method, scores, probability, threshold)
        judged = judge(task, scores, probability, threshold) | _sure(task, probability, own.pop("sure", None))
        row = {"task": list(key), "name": task.name, "method": method, "seconds": seconds, **judged, **own}
        self._add(row)
        print(f"  {task.name}: {method} {row['seconds']:.0f} s, LRAP {row['LRAP']:.3f}", flush=True)

    def _add(self, row: dict[str, Any]) -> None:
        self.done.append(row)
        with self.file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")

    def best_of(self, name: str, candidates: Sequence[str]) -> None:
        """The row `name` on every task that has all candidates: the one of them that is best on validation, the first of equals."""
        for key in {tuple(r["task"]) for r in self.done}:
            mine = {r["method"]: r for r in self.done if tuple(r["task"]) == key}
            if name in mine or any(c not in mine for c in candidates):
                continue
            best = max((mine[c] for c in candidates), key=lambda r: r["validation_map"])
            seconds = sum(mine[c]["seconds"] for c in candidates)
            peak = max(mine[c]["peak MB"] for c in candidates)
            shutil.copyfile(self._at(key, best["method"]), self._at(key, name))
            self._add(best | {"method": name, "kept": best["method"], "seconds": seconds, "peak MB": peak})

    def compared(
        self, keys: Sequence[Key], methods: Sequence[str], pairs: Sequence[tuple[str, str]], draws: int = DRAWS
    ) -> list[dict[str, Any]]:
        """Mean difference over tasks in LRAP, light and macro F1 of each pair (a, b), with its interval."""
        out = []
        for a, b in pairs:
            if a not in methods or b not in methods:
                continue
            found = [(self._kept(key, a), self._kept(key, b)) for key in keys]
            both = [(x, y) for x, y in found if x is not None and y is not None]
            if not both:
                continue
            line: dict[str, Any] = {"a": a, "b": b}
            for name, metric in (("LRAP", _lrap), ("light", _light), ("macro F1", _macro_f1)):
                line |= {f"{name} {part}": v for part, v in _interval(both, metric, draws).items()}
            out.append(line | {"tasks": len(both)})
        return out

    def calibration(self, keys: Sequence[Key], method: str) -> dict[str, float]:
        """ECE of the tags that a method shows, of all tasks together, and what perfect probabilities of that number would show.

        One task alone shows some hundred tags, of which even perfect probabilities have an ECE of .05.
        """
        found = [kept for key in keys if (kept := self._kept(key, method)) is not None]
        p = np.concatenate([k["said"] for k in found]) if found else np.zeros(0)
        if not len(p):
            return {}
        hit = np.concatenate([k["truth"][k["shown"]] for k in found])
        return {"ECE pooled": metrics.ece(p, hit), "ECE by chance": metrics.ece_by_chance(p)}

    def _at(self, key: Key, method: str) -> Path:
        name = re.sub(r"[^a-z0-9.]+", "-", " ".join([*map(str, key), method]).lower())
        return self.scores / f"{name}.npz"

    def _keep(self, task: Task, key: Key, method: str, scores: Floats, probability: Floats, threshold: float) -> None:
        """What intervals and pooled calibration are computed from: no more, since it goes into the repository."""
        at = np.flatnonzero(task.test)
        known, light = _known(task)[at], task.light[at]
        scores, probability = np.where(known, -np.inf, scores[at]), probability[at]
        shown = (probability >= threshold) & ~known
        np.savez_compressed(
            self._at(key, method),
            ap=metrics.average_precision(scores, task.truth[at], known),
            light=light,
            scores=scores[light],
            truth=task.truth[at],
            shown=shown,
            said=probability[shown],
        )

    def _kept(self, key: Key, method: str) -> dict[str, Any] | None:
        path = self._at(key, method)
        if not path.exists():
            return None
        with np.load(path) as stored:
            return dict(stored)


def _forget_peak() -> None:
    """Have the system measure the peak of memory anew, where it can."""
    place = Path("/proc/self/clear_refs")
    if place.exists():
        place.write_text("5")


def judge(task: Task, scores: Floats, probability: Floats, threshold: float) -> dict[str, Any]:
    """All columns for one method; what is known and masked counts nowhere."""
    at, light = np.flatnonzero(task.test), np.flatnonzero(task.light)
    known = _known(task)
    free = ~known[at]
    s, truth, masked = scores[at], task.truth[at], known[at]
    p, flat = probability[at][free], truth[free]
    base = np.broadcast_to(task.y[task.labelled].mean(0), truth.shape)[free]
    chosen = (probability[at] >= threshold) & free
    hit = int((chosen & truth).sum())
    shown, likely = p >= threshold, p >= 0.2
    quality = metrics.lrap(s, truth, masked)
    return {
        "LRAP": quality,
        "light": metrics.mean_average_precision(scores[light].T, task.truth[light].T, known[light].T),
        "mAP": metrics.mean_average_precision(s.T, truth.T, masked.T),
        "P@3": metrics.mean(metrics.precision_at_k(s, truth, 3, masked)),
        "micro F1": metrics.f1_micro(chosen, truth),
        "macro F1": metrics.f1_macro(chosen, truth),
        "precision": hit / max(int(chosen.sum()), 1),
        "recall": hit / max(int(truth.sum()), 1),
        "accuracy": metrics.accuracy(shown, flat),
        "train-test": float("nan") if task.known is not None else _on_train(task, scores) - quality,
        "Brier skill": metrics.brier_skill(p, flat, base),
        "ECE shown": metrics.ece(p[shown], flat[shown]) if shown.any() else float("nan"),
        "ECE p>=.2": metrics.ece(p[likely], flat[likely]) if likely.any() else float("nan"),
        "recall at P .9": metrics.coverage_at_precision(p, flat, 0.9).recall,
        "users": len(at),
    }


def _known(task: Task) -> NDArray[np.bool_]:
    return np.zeros(task.y.shape, bool) if task.known is None else task.known


def _on_train(task: Task, scores: Floats) -> float:
    teach = np.flatnonzero(task.labelled)
    return metrics.lrap(scores[teach], task.y[teach])


def _sure(task: Task, probability: Floats, threshold: float | None) -> dict[str, Any]:
    """Precision and recall of what a method calls sure: a threshold that reached a precision of .9 on its validation."""
    if threshold is None:
        return {}
    at = np.flatnonzero(task.test)
    said, truth = probability[at] >= threshold, task.truth[at]
    hits = int((said & truth).sum())
    return {
        "precision of sure": hits / int(said.sum()) if said.any() else None,
        "recall of sure": hits / max(int(truth.sum()), 1),
    }


def _interval(both: list[Any], metric: Callable[[Any, NDArray[np.int64]], float], draws: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    every = [np.arange(len(a["light"])) for a, _ in both]  # scores are kept of light users only
    gain = float(np.mean([metric(a, r) - metric(b, r) for (a, b), r in zip(both, every, strict=True)]))
    drawn = []
    for _ in range(draws):
        rows = [rng.choice(r, len(r)) for r in every]
        drawn.append(np.nanmean([metric(a, r) - metric(b, r) for (a, b), r in zip(both, rows, strict=True)]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"gain": gain, "low": float(low), "high": float(high)}


def _lrap(kept: Any, rows: NDArray[np.int64]) -> float:
    return float(np.nanmean(kept["ap"][rows]))


def _light(kept: Any, rows: NDArray[np.int64]) -> float:
    rows = rows[kept["light"][rows]]
    scores = kept["scores"][np.cumsum(kept["light"])[rows] - 1]  # only those of light users are kept
    return metrics.mean_average_precision(scores.T, kept["truth"][rows].T)


def _macro_f1(kept: Any, rows: NDArray[np.int64]) -> float:
    return metrics.f1_macro(kept["shown"][rows], kept["truth"][rows]) if "shown" in kept else float("nan")


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means over tasks of all numbers, with the SD of the two that steer, and which candidates were kept."""
    out = []
    for method in dict.fromkeys(r["method"] for r in rows):
        of = [r for r in rows if r["method"] == method]
        line: dict[str, Any] = {"method": method, "tasks": len(of)}
        for name in dict.fromkeys(name for r in of for name in r):
            if name in ("task", "name", "method", "kept"):
                continue
            values = np.array([np.nan if r.get(name) is None else r[name] for r in of], float)
            line[name] = float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
            if name in ("LRAP", "light"):
                line[f"{name} sd"] = float(np.nanstd(values, ddof=1)) if len(values) > 1 else float("nan")
        kept = Counter(r["kept"] for r in of if r.get("kept"))
        if kept and set(kept) != {method}:
            line["kept"] = ", ".join(f"{name} {n}" for name, n in kept.most_common())
        out.append(line)
    return out
