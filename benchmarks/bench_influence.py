"""Which fifty users reach most on Last.fm's friend graph, at what cost, and is the planted cause of alike friends named?

Weighted cascade, 10,000 Monte-Carlo runs by our own simulator, which tests hold against enumeration; PageRank is networkx's, degree
discount that of Chen, Wang, Yang (KDD 2009) with p = 1 / mean degree. A million users with 20 million ties come from a process of
their own, so that the memory is theirs. Run `python -m benchmarks influence`.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks import HERE, data, machine, save, show
from benchmarks.from_source import snapshot
from benchmarks.planted_influence import WORLDS, World, cascades, world
from sociogram.loaders import lastfm
from sociogram.queries.influence.attribute import attribute
from sociogram.queries.influence.behaviours import BehaviourLog
from sociogram.queries.influence.cascades import CascadeGraph, cascade_graph
from sociogram.queries.influence.influence import Influence
from sociogram.queries.influence.maximise import Maximised, maximise
from sociogram.queries.influence.picture import picture
from sociogram.queries.influence.simulate import simulate
from sociogram.queries.influence.verdict import judge

K, RUNS, SEEDS = 50, 10_000, 20
AGAIN = 5  # times that ours is asked with other random numbers
SHUFFLES = 199  # in the planted worlds; level .01 needs 99
USERS, TIES = 1_000_000, 20_000_000


def page_rank(graph: CascadeGraph) -> list[Any]:
    """The first by PageRank on the ties turned round: a vote goes to who influences."""
    votes = nx.DiGraph()
    votes.add_nodes_from(range(len(graph)))
    target = np.repeat(np.arange(len(graph)), np.diff(graph.incoming.indptr))
    votes.add_edges_from(zip(target.tolist(), graph.incoming.others.tolist(), strict=True))
    rank = nx.pagerank(votes)
    return [graph.ids[v] for v in sorted(rank, key=rank.__getitem__, reverse=True)[:K]]


def degree_discount(graph: CascadeGraph) -> list[Any]:
    """d - 2 t - (d - t) t p, with t chosen neighbours."""
    side = graph.outgoing
    degree = np.diff(side.indptr).astype(float)
    p, t, value = 1 / degree.mean(), np.zeros(len(graph)), degree.copy()
    chosen: list[int] = []
    for _ in range(K):
        best = int(np.argmax(value))
        chosen.append(best)
        value[best] = -np.inf
        for v in side.others[side.indptr[best] : side.indptr[best + 1]].tolist():
            if value[v] > -np.inf:
                t[v] += 1
                value[v] = degree[v] - 2 * t[v] - (degree[v] - t[v]) * t[v] * p
    return [graph.ids[v] for v in chosen]


def timed(choose: Callable[[], Any], rounds: int = 5) -> tuple[Any, dict[str, float]]:
    """The answer, median seconds and those of the processor (the two differ on a busy machine); the first, which compiles, does not count."""
    answer, seconds = choose(), []
    for _ in range(rounds):
        start, work = time.perf_counter(), time.process_time()
        answer = choose()
        seconds.append((time.perf_counter() - start, time.process_time() - work))
    wall, processor = np.median(seconds, axis=0).tolist()
    return answer, {"seconds": wall, "processor_s": processor}


def friends(folder: Path) -> dict[str, Any]:
    """The Last.fm table, the certificates, the picture, the verdict on its tags."""
    source = snapshot(lastfm(data("lastfm-2k")), folder)
    graph = cascade_graph(source)
    rng = np.random.default_rng(0)
    ways: dict[str, Callable[[], Any]] = {
        "ours, RIS": lambda: maximise(graph, K),
        "PageRank": lambda: page_rank(graph),
        "degree discount": lambda: degree_discount(graph),
        "random": lambda: rng.choice(np.array(graph.ids, object), K, replace=False).tolist(),
    }
    rows, curves = [], {}
    for name, way in ways.items():
        answer, seconds = timed(way)
        ids = answer.ids if isinstance(answer, Maximised) else answer
        run = curves[name] = simulate(graph, ids, runs=RUNS, seed=1)
        rows.append(
            {
                "seeds by": name,
                "spread": run.spread,
                "low": run.interval[0],
                "high": run.interval[1],
                **seconds,
            }
        )
    show(f"Last.fm, {len(graph):,} users, {graph.edges:,} directed ties, WC, k = {K}, {RUNS:,} runs", rows)
    drawn = [simulate(graph, ways["random"](), runs=500).spread for _ in range(SEEDS)]
    print(f"  random, mean of {SEEDS} draws {np.mean(drawn):.0f} (SD {np.std(drawn, ddof=1):.0f})")
    spread = [simulate(graph, maximise(graph, K, seed=s).ids, runs=RUNS, seed=1).spread for s in range(AGAIN)]
    print(f"  ours, {AGAIN} seeds of the random numbers: least {min(spread):.1f}, mean {np.mean(spread):.1f}")
    certificates = {}
    for model in ("wc", "lt", "ic"):
        found, seconds = timed(lambda model=model: maximise(cascade_graph(source, model=model), K), 1)
        certificates[model] = {**found.to_dict()["certificate"], "spread": found.spread, "sets": found.sets, **seconds}
        print(
            f"  {model}: {found.certificate}; {found.sets:,} sets, {seconds['seconds']:.2f} s, of the processor {seconds['processor_s']:.2f}"
        )
    picture(curves, HERE.parent / "docs/images/influence.png")
    verdict = Influence(source).test()
    print(f"  Is it influence? {verdict.sentence}")
    return {
        "rows": rows,
        "random_mean": float(np.mean(drawn)),
        "ours_over_seeds": {"least": min(spread), "mean": float(np.mean(spread))},
        "certificates": certificates,
        "verdict": verdict.to_dict(),
    }


def read(made: World) -> tuple[CascadeGraph, BehaviourLog]:
    graph = CascadeGraph.build(made.source, made.target, ids=list(range(made.users)))
    return graph, BehaviourLog.build(made.user, made.item, made.time)


def verdicts() -> list[dict[str, Any]]:
    """Planted worlds, SEEDS each, and how many verdicts were right; in circles ties are clustered, but not by taste."""
    rows = []
    for name, circles in [*((name, False) for name in WORLDS), ("influence", True), ("neither", True)]:
        told = Counter(
            judge(*read(world(name, 1000 + s, circles=circles)), shuffles=SHUFFLES, seed=s).verdict
            for s in range(SEEDS)
        )
        rows.append(
            {
                "planted": name + (", in circles" if circles else ""),
                "right": told[name],
                "of": SEEDS,
                "told": str(dict(told)),
            }
        )
    show("planted causes", rows)
    return rows


def planted_ties() -> list[dict[str, Any]]:
    """AUC of strong ties among all by the learned probability."""
    rows = []
    for strong, weak in ((0.5, 0.0), (0.3, 0.02), (0.3, 0.05)):
        scores = []
        for s in range(SEEDS):
            made = cascades(s, strong=strong, weak=weak)
            graph = CascadeGraph.build(made.source, made.target, ids=list(range(150)))
            found = attribute(graph, BehaviourLog.build(*made.log)).ties
            true = dict(
                zip(zip(made.source.tolist(), made.target.tolist(), strict=True), made.strong.tolist(), strict=True)
            )
            scores.append(
                roc_auc_score([true[tie] for tie in zip(found["source"], found["target"], strict=True)], found["p"])
            )
        rows.append({"strong p": strong, "weak p": weak, "AUC": float(np.mean(scores)), "least": float(min(scores))})
    show(f"planted cascades, {SEEDS} seeds, 150 users, 120 items: AUC of strong ties", rows)
    return rows


def large() -> dict[str, Any]:
    """A million users: seconds and peak memory of a process of its own."""
    run = subprocess.run(
        [sys.executable, __file__, "large"], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    result: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    print(f"\n{USERS:,} users, {TIES:,} ties, WC, k = {K}\n  {result}")
    return result


def _large() -> None:
    import resource

    rng = np.random.default_rng(0)
    pull = rng.zipf(2.2, USERS).clip(max=20_000).cumsum()
    source = np.searchsorted(pull, rng.integers(pull[-1], size=TIES), side="right")
    key = np.unique(source * USERS + rng.integers(USERS, size=TIES))
    source, target = key // USERS, key % USERS
    keep = source != target
    source, target = source[keep], target[keep]
    del key, keep
    start = time.perf_counter()
    graph = CascadeGraph.build(source, target, ids=range(USERS), names=range(USERS))  # type: ignore[arg-type]
    built = time.perf_counter() - start
    del source, target
    start, work = time.perf_counter(), time.process_time()
    found = maximise(graph, K)
    seconds, processor = time.perf_counter() - start, time.process_time() - work
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    figures = {
        "ties": graph.edges,
        "build_s": built,
        "maximise_s": seconds,
        "processor_s": processor,
        "peak_gb": peak,
        "certificate": found.certificate,
    }
    print(json.dumps(figures | {"sets": found.sets}))


def main() -> None:
    """Print the tables and write results/influence.json and docs/images/influence.png."""
    with tempfile.TemporaryDirectory() as folder:
        result = friends(Path(folder) / "snapshot")
    result |= {"verdicts": verdicts(), "attribution": planted_ties(), "large": large()}
    save("influence", result | machine())


if __name__ == "__main__":
    _large() if sys.argv[1:] == ["large"] else main()
