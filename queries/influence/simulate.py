"""Expected spread of given seeds by Monte-Carlo, with interval, for every prefix of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sociogram.errors import InputError
from sociogram.graph.snapshot import Key
from sociogram.progress import SILENT, Progress
from sociogram.queries.influence.cascades import CascadeGraph, rows_of
from sociogram.queries.influence.forward import run_cascades

Z = 1.959963984540054  # of a two-sided 95 % interval
WORK = 20_000_000  # edges between two signs of progress


@dataclass(frozen=True)
class Point:
    """Expected spread of the first k seeds, with its 95 % interval."""

    k: int
    id: Key
    name: str
    spread: float
    low: float
    high: float


@dataclass(frozen=True)
class Reached:
    """How likely a user who is no seed becomes active."""

    id: Key
    name: str
    probability: float


@dataclass(frozen=True)
class Simulated:
    """The curve over the seeds in the order given, and who is reached most surely."""

    curve: list[Point]
    reached: list[Reached]
    runs: int
    model: str
    direction: str
    users: int

    @property
    def spread(self) -> float:
        """Expected number of active users, the seeds included."""
        return self.curve[-1].spread

    @property
    def interval(self) -> tuple[float, float]:
        """Of the mean, 95 %."""
        return self.curve[-1].low, self.curve[-1].high

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "spread": self.spread,
            "interval": list(self.interval),
            "runs": self.runs,
            "curve": [vars(p) for p in self.curve],
            "reached": [vars(r) for r in self.reached],
            "model": self.model,
            "direction": self.direction,
            "users": self.users,
        }


def simulate(
    graph: CascadeGraph,
    seeds: Sequence[Key],
    *,
    runs: int = 10_000,
    seed: int = 0,
    top: int = 20,
    progress: Progress = SILENT,
) -> Simulated:
    """Expected spread of seeds; raises NotFoundError for seeds that are not in the graph."""
    if not len(seeds):
        raise InputError("seeds: name at least one user, by key.")
    if runs < 2:
        raise InputError(f"runs: expected at least 2, since an interval needs them, got {runs}. Try 10000.")
    rows = rows_of(graph, seeds)
    side = (graph.outgoing.indptr, graph.outgoing.others, graph.outgoing.p)
    reached = np.zeros(len(graph), np.int64)
    total, square = np.zeros(len(rows)), np.zeros(len(rows))
    size, done = max(1, WORK // (graph.edges + len(graph))), 0
    start = np.random.SeedSequence(seed).generate_state(1, np.uint64)[
        0
    ]  # stays uint64: a Python int may not fit numba's int64
    with progress.stage("simulate", runs, "runs") as stage:
        while done < runs:
            now = min(size, runs - done)
            spread = run_cascades(side, rows, graph.threshold, now, done, start, reached).astype(np.float64)
            total += spread.sum(0)
            square += (spread**2).sum(0)
            done += now
            stage.advance(now)
    mean = total / runs
    half = Z * np.sqrt(np.maximum(square - runs * mean**2, 0) / (runs - 1) / runs)
    curve = [
        Point(i + 1, graph.ids[v], graph.names[v], float(mean[i]), float(mean[i] - half[i]), float(mean[i] + half[i]))
        for i, v in enumerate(rows.tolist())
    ]
    reached[rows] = 0
    best = np.argsort(-reached, kind="stable")[:top].tolist()
    sure = [Reached(graph.ids[v], graph.names[v], reached[v] / runs) for v in best if reached[v]]
    return Simulated(curve, sure, runs, graph.model, graph.direction, len(graph))
